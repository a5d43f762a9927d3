//! One look at the manifests: files, what they say together, and what git says of them. Blocks; the
//! loop does it beside itself.

use std::sync::Arc;

use tracing::warn;

use super::versions::{Speakers, Versions, speakers};
use crate::{
    manifest::{InForce, LoadedManifests, ManifestFile, ManifestText, Readings, Role},
    model::{Desired, DesiredTenant, TenantName},
    reconcile::{LookTiming, Trust},
    source::{KnownSources, SourceReport, SourceVersion, Sources, SourcesLook, Tree},
};

/// What is kept from one look to the next: only files that have changed are read.
#[derive(Debug, Default)]
pub(super) struct SourceObserver {
    sources: KnownSources,
    readings: Readings,
    /// What was last understood and is not in force, with the digest of its tree.
    understood: Option<LoadedTree>,
    /// What the last commit without mistakes said, until anything is in force.
    earlier: Option<LoadedManifests>,
    /// The digest of all that was seen last, and of its folders alone.
    last: Option<([u8; 32], Option<[u8; 32]>)>,
    /// The digest of the folders in force.
    folders: Option<[u8; 32]>,
}

/// What was understood of a tree.
#[derive(Debug)]
pub(super) struct LoadedTree {
    digest: [u8; 32],
    /// Of the contents alone.
    pub(super) contents: [u8; 32],
    pub(super) loaded: LoadedManifests,
    /// How many files were read for it.
    pub(super) read: usize,
    pub(super) speakers: Speakers,
}

/// What a look is made for.
pub(super) struct LookRequest {
    pub(super) sight: LookTiming,
    /// The digest of what is in force.
    pub(super) taken: Option<[u8; 32]>,
    /// What is in force.
    pub(super) in_force: Desired,
    /// The commits that last said all of it, by source.
    pub(super) said: Vec<Option<String>>,
}

/// What was seen.
pub(super) struct Findings {
    pub(super) eye: SourceObserver,
    /// What is known of the branches that are followed.
    pub(super) reports: Vec<SourceReport>,
    /// Nothing if no source could be read so far.
    pub(super) seen: Option<SourceSighting>,
}

/// What the sources say.
pub(super) struct SourceSighting {
    pub(super) sight: LookTiming,
    pub(super) digest: [u8; 32],
    pub(super) files: usize,
    /// How far it can be believed.
    pub(super) trust: Trust,
    /// The version of each source.
    pub(super) versions: Vec<SourceVersion>,
}

/// Manifests that were seen twice, understood as far as possible.
pub(super) struct UnderstoodManifests {
    pub(super) files: usize,
    /// How many of them were read: the others were known.
    pub(super) read: usize,
    /// A hash over what they hold, wherever that is.
    pub(super) contents: [u8; 32],
    pub(super) loaded: LoadedManifests,
    /// What the last commit without mistakes said, if nothing was in force before.
    pub(super) earlier: Option<LoadedManifests>,
    pub(super) versions: Versions,
}

/// Logs which tenants are not in force as their manifests are now.
pub(super) fn warn_of(in_force: &InForce) {
    for (tenant, reason) in &in_force.kept {
        warn!(%tenant, %reason, "an older version stays in force");
    }
    for (tenant, reason) in &in_force.broken {
        warn!(%tenant, %reason, "held");
    }
}

impl SourceObserver {
    /// Looks. What is new is read at once: by the time it is believed, it is understood.
    pub(super) fn look(mut self, sources: &Sources, asked: &LookRequest) -> Findings {
        if let Some((_, folders)) = self.last.filter(|(last, _)| asked.taken == Some(*last)) {
            self.folders = folders;
        }
        let is_quiet = asked.sight == LookTiming::Quiet;
        let seen = sources.look(&mut self.sources, &asked.said, is_quiet);
        let seen = seen.map(|look| self.judge(sources, asked, look));
        Findings { eye: self, reports: sources.reports(), seen }
    }

    fn judge(
        &mut self,
        sources: &Sources,
        asked: &LookRequest,
        look: SourcesLook,
    ) -> SourceSighting {
        let SourcesLook { tree, folders, earlier, versions } = look;
        let is_new = asked.taken != Some(tree.digest);
        if let Some(earlier) = earlier {
            let again = |path: &str| sources.read_again(&self.sources, path);
            self.earlier = Some(Readings::default().load_by(&earlier.files, again));
        }
        if is_new {
            let read = self.understand(sources, &tree, &versions);
            sources.understood(&self.sources, &read.loaded.diagnostics);
            self.understood = Some(read);
        } else {
            self.understood = None;
        }
        let read = self.understood.as_ref();
        let is_whole = read.is_some_and(|read| is_whole(&tree, &read.loaded, &asked.in_force));
        self.last = Some((tree.digest, folders));
        let trust = match folders {
            // A commit is whole by construction.
            None => Trust::Proven,
            folders if folders == self.folders => Trust::Proven,
            _ if is_whole => Trust::Whole,
            _ => Trust::Little,
        };
        let files = tree.files.iter().filter(|file| file.role == Role::Manifest).count();
        SourceSighting { sight: asked.sight, digest: tree.digest, files, trust, versions }
    }

    fn understand(
        &mut self,
        sources: &Sources,
        tree: &Tree,
        versions: &[SourceVersion],
    ) -> LoadedTree {
        let known = self.understood.take().filter(|known| known.digest == tree.digest);
        if let Some(known) = known {
            return known;
        }
        let again = |path: &str| sources.read_again(&self.sources, path);
        let loaded = self.readings.load_by(&tree.files, again);
        let speakers = speakers(tree, versions, &loaded);
        let contents = tree.contents();
        let read = self.readings.read();
        LoadedTree { digest: tree.digest, contents, loaded, read, speakers }
    }

    /// What was understood of this tree, and of the last commits without mistakes; once.
    pub(super) fn give(
        &mut self,
        digest: [u8; 32],
    ) -> Option<(LoadedTree, Option<LoadedManifests>)> {
        let read = self.understood.take()?;
        (read.digest == digest).then(|| (read, self.earlier.take()))
    }
}

/// Whether it takes nothing away from anybody, and no file of it looks half written.
fn is_whole(tree: &Tree, loaded: &LoadedManifests, in_force: &Desired) -> bool {
    let now = &loaded.desired;
    let keeps = |(name, before): (&TenantName, &Arc<DesiredTenant>)| {
        now.tenants.get(name).is_some_and(|now| now.takes_nothing_from(before))
    };
    !in_force.tenants.is_empty()
        && in_force.tenants.iter().all(keeps)
        && !tree.files.iter().any(may_be_half_written)
}

/// A file that is still being written seldom ends in a line break.
fn may_be_half_written(file: &ManifestFile) -> bool {
    file.role == Role::Manifest && !file.text.as_ref().is_ok_and(ManifestText::is_closed)
}
