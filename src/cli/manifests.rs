//! From arguments to what is in force.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{args::Global, choose::Tenants, configuration, exit::Failure, out, signals::Signals};
use crate::{
    config::Settings,
    manifest::{InForce, Keeper, Loading, ManifestFile, Role},
    model::{Doubt, Revision, TenantName},
    source::{self, Tree, read_tree, read_tree_by},
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

/// The paths that the arguments name, or else the settings.
pub(super) fn paths(named: &[PathBuf], settings: &Settings) -> Vec<PathBuf> {
    if named.is_empty() { settings.manifests.clone() } else { named.to_vec() }
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
    paths: Vec<PathBuf>,
    digest: [u8; 32],
    at: Instant,
}

/// Reads and checks the manifests at `paths`. No manifest at all is a failure: somebody named the
/// wrong folder.
pub(super) fn look(paths: &[PathBuf]) -> Result<FoundManifests, Failure> {
    look_at(paths, |_| true)
}

/// The same for a command that needs no manifests: nothing if there are none.
pub(super) fn look_if_any(paths: &[PathBuf]) -> Result<Option<FoundManifests>, Failure> {
    let is_manifest = |file: &ManifestFile| file.role == Role::Manifest;
    let there: Vec<PathBuf> = paths.iter().filter(|path| path.exists()).cloned().collect();
    if !read_tree(&there).files.iter().any(is_manifest) {
        return Ok(None);
    }
    look(paths).map(Some)
}

/// The same for a command that can be stopped at once: nothing is written yet.
pub(super) async fn look_unless_stopped(
    paths: &[PathBuf],
    signals: &Signals,
) -> Result<FoundManifests, Failure> {
    let paths = paths.to_vec();
    unless_stopped(signals, move || look(&paths)).await
}

/// The same, and files that say nothing are passed over: the shell has just made one for what this
/// command prints.
pub(super) async fn look_for_approval(
    paths: &[PathBuf],
    signals: &Signals,
) -> Result<FoundManifests, Failure> {
    let paths = paths.to_vec();
    let speaks = |file: &ManifestFile| !file.text.as_ref().is_ok_and(|text| yaml::is_blank(text));
    unless_stopped(signals, move || look_at(&paths, speaks)).await
}

/// Work that blocks, given up when somebody asks the program to stop.
async fn unless_stopped(
    signals: &Signals,
    work: impl FnOnce() -> Result<FoundManifests, Failure> + Send + 'static,
) -> Result<FoundManifests, Failure> {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => done.map_err(Failure::new)?,
        () = signals.asked().cancelled_owned() => Err(Failure::new("stopped before anything was \
            changed")),
    }
}

fn look_at(
    paths: &[PathBuf],
    read: impl Fn(&ManifestFile) -> bool,
) -> Result<FoundManifests, Failure> {
    let mut loading = Loading::default();
    let mut files = BTreeMap::new();
    let Tree { digest, .. } = read_tree_by(paths, |file| {
        if read(file) {
            loading.add(file);
            files.insert(Arc::clone(&file.path), (file.role, file.text.is_ok()));
        }
    });
    let at = Instant::now();
    let loaded = loading.finish(source::read_again);
    let diagnostics = loaded.diagnostics.clone();
    let warnings = loaded.warnings.clone();
    files.retain(|_, (role, _)| *role == Role::Manifest);
    let failure = |message: &str, hint: &str| {
        out::warnings(&warnings);
        Failure { diagnostics: diagnostics.clone(), ..Failure::new(message).hint(hint) }
    };
    if paths.iter().all(|path| !path.exists()) {
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
    if let Some(reason) = source::half_checked_out(paths) {
        let remedy =
            "wait until git is done; commit the removal, or bring the file back".to_owned();
        in_force.doubt(&Doubt { reason, remedy });
    }
    let revision = source::revision(paths);
    let paths = paths.to_vec();
    Ok(FoundManifests {
        files: files.len(),
        diagnostics,
        warnings,
        in_force,
        revision,
        paths,
        digest,
        at,
    })
}

impl FoundManifests {
    /// Whether all these tenants are described.
    pub(super) fn know(&self, tenants: &Tenants) -> Result<(), Failure> {
        know(&self.in_force, tenants)
    }

    /// The files again, as they were when they were read: nobody else needs their text.
    pub(super) fn texts(&self) -> Result<Vec<ManifestFile>, Failure> {
        let Tree { mut files, digest } = read_tree(&self.paths);
        if digest != self.digest {
            return Err(Failure::new("the manifests have changed while this was planned")
                .hint("run it again when the folder no longer changes"));
        }
        files.retain(|file| file.role == Role::Manifest);
        Ok(files)
    }

    /// Fails if the manifests have moved since they were read, or move within `quiet`: then what is
    /// missing in them may be on its way.
    pub(super) async fn rest(&self, quiet: Duration) -> Result<(), Failure> {
        tokio::time::sleep(quiet.saturating_sub(self.at.elapsed())).await;
        let paths = self.paths.clone();
        let digest = tokio::task::spawn_blocking(move || read_tree(&paths).digest)
            .await
            .map_err(Failure::new)?;
        if digest == self.digest {
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
