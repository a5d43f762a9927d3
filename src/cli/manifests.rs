//! From arguments to what is in force.

use std::{
    collections::BTreeMap,
    iter,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{args::Global, choose::Tenants, configuration, exit::Failure, out, signals::Signals};
use crate::{
    config::Settings,
    manifest::{InForce, Keeper, Loading, ManifestFile, Role},
    model::{Doubt, Revision, TenantName},
    source::{
        self, AtHome, GitTrouble, Homes, KnownSources, SourceVersion, Sources, SourcesLook, Tree,
        read_tree,
    },
    words::{list, many},
    yaml::{self, Diagnostic},
};

/// The file with the settings, if there is one.
pub(super) fn configuration(global: &Global) -> Option<PathBuf> {
    configuration::file(global.config.as_deref())
}

/// Reads the settings.
pub(super) fn settings(global: &Global) -> Result<Settings, Failure> {
    configuration::read(global.config.as_deref())
}

/// What to do where nothing is here that could be meant.
pub(super) fn elsewhere(global: &Global, settings: &Settings) -> Option<String> {
    configuration::elsewhere(global.config.as_deref(), settings)
}

/// Why something cannot be used; where somebody may be in the wrong folder, with that as the hint.
pub(super) fn perhaps_elsewhere(failure: Failure, global: &Global, settings: &Settings) -> Failure {
    match elsewhere(global, settings) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The paths that the arguments name, or else what the settings do.
pub(super) fn sources(named: &[PathBuf], settings: &Settings) -> Sources {
    if named.is_empty() { Sources::of(settings) } else { Sources::folders(named) }
}

/// The same for what needs files on this machine: of a branch elsewhere there are none.
pub(super) fn paths(named: &[PathBuf], settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
    let paths = sources(named, settings).paths();
    if paths.is_empty() {
        return Err(Failure::new(
            "the settings name a branch elsewhere, and this needs files here",
        )
        .hint("name the folder of a checkout"));
    }
    Ok(paths)
}

/// Manifests after one look.
pub(super) struct FoundManifests {
    /// How many files there are.
    pub(super) files: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What is odd and no error.
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) in_force: InForce,
    /// Which version it is, where git knows that.
    pub(super) revision: Option<Revision>,
    sources: Sources,
    digest: [u8; 32],
    at: Instant,
}

/// Reads and checks the manifests as they are now. No manifest at all is a failure: somebody named
/// the wrong folder.
pub(super) fn look(sources: &Sources) -> Result<FoundManifests, Failure> {
    sources.fetch()?;
    look_at(sources, |_| true)
}

/// The same for a command that only looks back: the commits that were fetched last are enough.
pub(super) fn look_at_kept(sources: &Sources) -> Result<FoundManifests, Failure> {
    sources.take_kept(true)?;
    look_at(sources, |_| true)
}

/// The same for callers that must not wait for a server.
pub(super) fn look_at_kept_alone(sources: &Sources) -> Result<FoundManifests, Failure> {
    sources.take_kept(false)?;
    look_at(sources, |_| true)
}

/// The same for a command that needs no manifests: nothing if there are none.
pub(super) fn look_if_any(sources: &Sources) -> Result<Option<FoundManifests>, Failure> {
    let is_manifest = |file: &ManifestFile| file.role == Role::Manifest;
    let paths = sources.paths();
    let there: Vec<PathBuf> = paths.iter().filter(|path| path.exists()).cloned().collect();
    if !paths.is_empty() && !read_tree(&there).files.iter().any(is_manifest) {
        return Ok(None);
    }
    look_at_kept(sources).map(Some)
}

/// The same for a command that can be stopped at once: nothing is written yet.
pub(super) async fn look_unless_stopped(
    sources: &Sources,
    signals: &Signals,
) -> Result<FoundManifests, Failure> {
    let sources = sources.clone();
    let asked = sources.clone();
    unless_stopped(signals, &asked, move || look(&sources)).await
}

/// The same, and files that say nothing are passed over: the shell has just made one for what this
/// command prints.
pub(super) async fn look_for_approval(
    sources: &Sources,
    signals: &Signals,
) -> Result<FoundManifests, Failure> {
    let sources = sources.clone();
    let speaks = |file: &ManifestFile| !file.at_hand().is_some_and(|text| yaml::is_blank(text));
    let asked = sources.clone();
    let look = move || {
        sources.fetch()?;
        look_at(&sources, speaks)
    };
    unless_stopped(signals, &asked, look).await
}

/// Work that blocks, given up when somebody asks the program to stop.
async fn unless_stopped(
    signals: &Signals,
    sources: &Sources,
    work: impl FnOnce() -> Result<FoundManifests, Failure> + Send + 'static,
) -> Result<FoundManifests, Failure> {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => done.map_err(Failure::new)?,
        () = signals.asked().cancelled_owned() => {
            sources.give_up();
            Err(Failure::new("stopped before anything was changed"))
        }
    }
}

fn look_at(
    sources: &Sources,
    read: impl Fn(&ManifestFile) -> bool,
) -> Result<FoundManifests, Failure> {
    let paths = sources.paths();
    let mut known = KnownSources::default();
    let mut loading = Loading::default();
    let mut files = BTreeMap::new();
    let looked = sources.look_by(&mut known, |file| {
        if read(file) {
            loading.add(file);
            files.insert(Arc::clone(&file.path), (file.role, file.text.is_ok()));
        }
    });
    let SourcesLook { tree: Tree { digest, .. }, versions, .. } =
        looked.ok_or_else(|| Failure::new("stopped before the manifests could be read"))?;
    let at = Instant::now();
    let loaded = loading.finish(|path| sources.read_again(&known, path));
    let diagnostics = loaded.diagnostics.clone();
    let warnings = loaded.warnings.clone();
    files.retain(|_, (role, _)| *role == Role::Manifest);
    let failure = |message: &str, hint: &str| {
        out::warnings(&warnings);
        Failure { diagnostics: diagnostics.clone(), ..Failure::new(message).hint(hint) }
    };
    if !paths.is_empty() && paths.iter().all(|path| !path.exists()) {
        let named = list(paths.iter().map(|path| format!("`{}`", path.display())));
        return Err(Failure::new(format!("there are no manifests: {named} cannot be found")).hint(
            "name the folder that holds the .yaml files; `dialplane init` sets up a new one, and \
                `dialplane init --demo` one to try things in",
        ));
    }
    if files.is_empty() {
        let named = list(paths.iter().map(|path| path.display().to_string()));
        return Err(failure(
            &format!("there is no manifest in {named}"),
            "name a folder with .yaml files",
        ));
    }
    if files.values().all(|(_, can_be_read)| !can_be_read) {
        return Err(failure(
            "no manifest can be read",
            "name the folder that holds the .yaml files",
        ));
    }
    let mut in_force = Keeper::default().take(loaded);
    if let Some(reason) = sources.half_checked_out() {
        let remedy =
            "wait until git is done; commit the removal, or bring the file back".to_owned();
        in_force.doubt(&Doubt { reason, remedy });
    }
    let revision = match &versions[..] {
        [SourceVersion { revision: Some(revision), .. }] => Some(revision.clone()),
        [_] => source::revision(&paths),
        _ => None,
    };
    let sources = sources.clone();
    Ok(FoundManifests {
        files: files.len(),
        diagnostics,
        warnings,
        in_force,
        revision,
        sources,
        digest,
        at,
    })
}

impl From<GitTrouble> for Failure {
    fn from(trouble: GitTrouble) -> Self {
        let hint = format!("{}; or name the folder of a checkout", trouble.hint);
        Self::new(trouble).hint(hint)
    }
}

impl FoundManifests {
    /// Whether all these tenants are described.
    pub(super) fn know(&self, tenants: &Tenants) -> Result<(), Failure> {
        know(&self.in_force, tenants)
    }

    /// The files again, as they were when they were read: nobody else needs their text.
    pub(super) fn texts(&self) -> Result<Vec<ManifestFile>, Failure> {
        Ok(self.again()?.into_iter().map(|(_, file)| file).collect())
    }

    /// The same, and where each is kept, if that is known.
    pub(super) fn texts_at_home(&self) -> Result<Vec<(Option<AtHome>, ManifestFile)>, Failure> {
        let mut homes = Homes::of(&self.sources);
        let mut find =
            |(source, file): (usize, ManifestFile)| (homes.find(source, &file.path), file);
        Ok(self.again()?.into_iter().map(&mut find).collect())
    }

    /// The manifests again, each with the place of its source.
    fn again(&self) -> Result<Vec<(usize, ManifestFile)>, Failure> {
        let looked = self.sources.look(&mut KnownSources::default(), &[], false);
        let looked = looked.ok_or_else(|| Failure::new("the manifests cannot be read any more"))?;
        let SourcesLook { tree: Tree { files, digest }, versions, .. } = looked;
        if digest != self.digest {
            return Err(Failure::new("the manifests have changed while this was planned")
                .hint("run it again when the folder no longer changes"));
        }
        let counts = versions.iter().map(|version| version.files).enumerate();
        let sources = counts.flat_map(|(source, count)| iter::repeat_n(source, count));
        let is_manifest = |(_, file): &(usize, ManifestFile)| file.role == Role::Manifest;
        Ok(sources.zip(files).filter(is_manifest).collect())
    }

    /// Fails if the manifests have moved since they were read, or move within `quiet`: then what is
    /// missing in them may be on its way.
    pub(super) async fn rest(&self, quiet: Duration) -> Result<(), Failure> {
        if self.sources.paths().is_empty() {
            // A commit is whole by construction.
            return Ok(());
        }
        tokio::time::sleep(quiet.saturating_sub(self.at.elapsed())).await;
        let sources = self.sources.clone();
        let look = move || sources.look(&mut KnownSources::default(), &[], false);
        let look = tokio::task::spawn_blocking(look).await.map_err(Failure::new)?;
        if look.is_some_and(|look| look.tree.digest == self.digest) {
            return Ok(());
        }
        let moved = "the manifests have changed while this was planned, and people that they do not \
            name would lose calling";
        Err(Failure::new(format!("{moved}: nothing was changed"))
            .hint("run it again when the folder no longer changes"))
    }

    /// Prints the problems and says what they mean for what follows.
    pub(super) fn tell(&self) {
        out::warnings(&self.warnings);
        out::diagnostics(&self.diagnostics);
        if !self.diagnostics.is_empty() {
            let held = many(self.in_force.broken.len(), "tenant");
            out::talk(&format!(
                "{} in the manifests; {held} held because of them\n\n",
                many(self.diagnostics.len(), "error")
            ));
        }
    }
}

/// Whether all these tenants are described.
pub(super) fn know(in_force: &InForce, tenants: &Tenants) -> Result<(), Failure> {
    let InForce { desired, broken, .. } = in_force;
    let known = desired.tenants.keys().chain(broken.keys()).map(TenantName::as_str);
    tenants.know(known, "no manifest describes")
}
