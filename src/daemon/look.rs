//! One look at the manifests: files, what they say together, and what git says of them. Blocks; the
//! loop does it beside itself.

use std::{path::PathBuf, sync::Arc};

use tracing::warn;

use crate::{
    manifest::{InForce, Loaded, ManifestFile, Readings, Role},
    model::{Desired, DesiredTenant, Revision, TenantName},
    reconcile::Sight,
    source::{KnownFiles, Tree, read_tree_again, revision, said_by_commit},
};

/// What is kept from one look to the next: only files that have changed are read.
#[derive(Debug, Default)]
pub(super) struct Eye {
    files: KnownFiles,
    readings: Readings,
    /// What was last understood and is not in force, with the digest of its tree.
    understood: Option<([u8; 32], Loaded)>,
}

/// What a look is made for.
pub(super) struct Asked {
    pub(super) sight: Sight,
    /// The digest of what is in force.
    pub(super) taken: Option<[u8; 32]>,
    /// What is in force.
    pub(super) in_force: Desired,
    /// The commit that last said all of it.
    pub(super) said: Option<String>,
}

/// What was seen.
pub(super) struct Findings {
    pub(super) eye: Eye,
    pub(super) sight: Sight,
    pub(super) digest: [u8; 32],
    pub(super) files: usize,
    /// Whether it takes nothing away from anybody, and no file of it looks half written.
    pub(super) is_whole: bool,
    pub(super) revision: Option<Revision>,
    /// The commit that says exactly this, from before the files were read until after.
    pub(super) said: Option<String>,
}

/// Manifests that were seen twice, understood as far as possible.
pub(super) struct Understood {
    pub(super) files: usize,
    pub(super) loaded: Loaded,
    pub(super) revision: Option<Revision>,
    pub(super) said: Option<String>,
}

/// The last commit that said everything in force.
#[derive(Debug, Default)]
pub(super) struct Said(Option<String>);

impl Said {
    /// Whether a commit says what is there, and not the one that said it before.
    pub(super) fn is_news(&mut self, said: Option<String>) -> bool {
        let is_news = said.is_some() && said != self.0;
        self.0 = said.or_else(|| self.0.take());
        is_news
    }

    /// That commit.
    pub(super) fn last(&self) -> Option<String> {
        self.0.clone()
    }
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

impl Eye {
    /// Looks. What is new is read at once: by the time it is believed, it is understood.
    pub(super) fn look(mut self, roots: &[PathBuf], asked: &Asked) -> Findings {
        // Git is asked once it is quiet: what an early look sees is not in force yet.
        let is_quiet = asked.sight == Sight::Quiet;
        let said = || is_quiet.then(|| said_by_commit(roots)).flatten();
        let before = said();
        if before.is_some() && before != asked.said {
            // Lines that are missing will count at once: that does not rest on times of files.
            self.files.doubt();
        }
        let tree = read_tree_again(roots, &mut self.files);
        let said = said().filter(|commit| before.as_ref() == Some(commit));
        let is_new = asked.taken != Some(tree.digest);
        let is_whole = is_new && self.is_whole(&tree, &asked.in_force);
        self.understood = self.understood.filter(|_| is_new);
        let revision = is_quiet.then(|| revision(roots)).flatten();
        Findings {
            eye: self,
            sight: asked.sight,
            digest: tree.digest,
            files: tree.files.iter().filter(|file| file.role == Role::Manifest).count(),
            is_whole,
            revision,
            said,
        }
    }

    fn is_whole(&mut self, tree: &Tree, in_force: &Desired) -> bool {
        let now = &self.understand(tree).desired;
        let keeps = |(name, before): (&TenantName, &Arc<DesiredTenant>)| {
            now.tenants.get(name).is_some_and(|now| now.takes_nothing_from(before))
        };
        !in_force.tenants.is_empty()
            && in_force.tenants.iter().all(keeps)
            && !tree.files.iter().any(may_be_half_written)
    }

    fn understand(&mut self, tree: &Tree) -> &Loaded {
        let known = self.understood.take().filter(|(known, _)| *known == tree.digest);
        let load = || (tree.digest, self.readings.load(&tree.files));
        &self.understood.insert(known.unwrap_or_else(load)).1
    }

    /// What was understood of this tree, once.
    pub(super) fn give(&mut self, digest: [u8; 32]) -> Option<Loaded> {
        let (known, loaded) = self.understood.take()?;
        (known == digest).then_some(loaded)
    }
}

/// A file that is still being written seldom ends in a line break.
fn may_be_half_written(file: &ManifestFile) -> bool {
    let is_closed = |text: &Arc<str>| text.is_empty() || text.ends_with('\n');
    file.role == Role::Manifest && !file.text.as_ref().is_ok_and(is_closed)
}
