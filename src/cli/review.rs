//! `plan --base`: what a change of the manifests does, for whoever has to decide about it.
//!
//! The two versions are folders or commits; a commit is read and never checked out. The settings are
//! those of this command and come from no version.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    args::{Global, Once},
    exit::{Exit, Failure},
    manifests, out, session, show,
    signals::Signals,
    targets,
};
use crate::{
    config::Settings,
    file,
    journal::Place,
    manifest::{self, InForce, Keeper, Role},
    model::{DesiredTenant, TenantName},
    pass::{self, Memories, Versions},
    plan::{Mask, render::Compared, review::Review},
    source::{CommitId, Repository, Tree, Unread, read_tree},
    words::{list, many},
    yaml::{self, Diagnostic},
};

/// Which versions are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// Without the change: a folder, or the name of a commit.
    pub(super) base: &'a str,
    /// With it: the name of a commit; nothing for the manifests that lie here.
    pub(super) head: Option<&'a str>,
    /// Drift decides about the exit code as well.
    pub(super) strict: bool,
    /// Drift of all tenants is shown.
    pub(super) all: bool,
}

/// A version of the manifests.
struct Version {
    /// The commit that holds it, if one does.
    commit: Option<(Repository, CommitId)>,
    /// As people call it.
    name: String,
    in_force: InForce,
    diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    files: usize,
}

/// Shows what a change does.
pub(super) async fn review(
    global: &Global,
    (once, live, change): (&Once, Option<&Path>, Change<'_>),
    (most, mask): (usize, Option<&Mask>),
    signals: &Signals,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let paths = session::paths(once, &settings)?;
    let base = without(change.base, &paths)?;
    let head = if let Some(name) = change.head {
        committed(&Repository::of(&paths)?, name, &paths)?
    } else {
        let looked = manifests::look_unless_stopped(&paths, signals).await?;
        let manifests::FoundManifests { in_force, diagnostics, warnings, files, .. } = looked;
        let name = "the manifests here".to_owned();
        Version { commit: None, name, in_force, diagnostics, warnings, files }
    };
    if head.files == 0 {
        let named = list(paths.iter().map(|path| path.display().to_string()));
        return Err(Failure::new(format!("there is no manifest in {named} of {}", head.name))
            .hint("name the folder that holds the .yaml files"));
    }
    tell(&base, &head);
    let moved = configuration_moves(global, &base, &head);
    if moved {
        out::talk(
            "the configuration changes too, which is no part of this: it is that of this command, \
                so drift of all tenants is shown\n",
        );
    }
    let versions = Versions { base: &base.in_force, head: &head.in_force };
    manifests::know(&head.in_force, &once.tenants)?;
    let (mut review, against) = if let Some(path) = live {
        compare(versions, path, &settings, signals).await?
    } else {
        let (seen, memories) = (pass::see_nothing(versions), Memories::default());
        let now = Timestamp::now();
        (pass::review(versions, &seen, &memories, now, &settings.execution), None)
    };
    only(&mut review, &once.tenants);
    let from = Compared {
        base: base.name,
        head: head.name,
        live: against,
        changed_only: !change.all && !moved,
    };
    let shown = mask.map(|mask| mask.review(&review));
    show::review(shown.as_ref().unwrap_or(&review), &from, once.output, most);
    if from.live.is_none() {
        out::talk(
            "not compared with the service: give live state with `--live FILE`, which `dialplane \
                observe --out FILE` writes\n",
        );
    }
    Ok(if head.diagnostics.is_empty() { exit(&review, change.strict) } else { Exit::Error })
}

/// What the change causes decides; drift does if it is asked for.
fn exit(review: &Review, strict: bool) -> Exit {
    let drift = || review.drift.tenants.iter().any(|tenant| !tenant.steps.is_empty());
    match Exit::of_plan(&review.caused, strict) {
        Exit::Done | Exit::Held if strict && drift() => Exit::Changes,
        Exit::Done if review.unforeseen() > 0 => Exit::Held,
        exit => exit,
    }
}

/// The version without the change.
fn without(base: &str, paths: &[PathBuf]) -> Result<Version, Failure> {
    let folder = Path::new(base);
    if !folder.is_dir() {
        return committed(&Repository::of(paths)?, base, paths);
    }
    let is_bare = !base.contains(['/', '\\']);
    if is_bare && Repository::of(paths).is_ok_and(|repository| repository.commit(base).is_ok()) {
        return Err(Failure::new(format!("`{base}` is a folder and the name of a commit"))
            .hint(format!("`./{base}` is the folder, and `refs/heads/{base}` a branch")));
    }
    Ok(Version::of(None, base.to_owned(), &read_tree(&[folder.to_owned()])))
}

/// A version that a commit holds.
fn committed(repository: &Repository, name: &str, paths: &[PathBuf]) -> Result<Version, Failure> {
    let commit = repository.commit(name)?;
    let tree = repository.manifests(&commit, paths)?;
    let shown = if commit.as_str().starts_with(name) {
        commit.short().to_owned()
    } else {
        format!("{name} ({})", commit.short())
    };
    Ok(Version::of(Some((repository.clone(), commit)), shown, &tree))
}

impl Version {
    fn of(commit: Option<(Repository, CommitId)>, name: String, tree: &Tree) -> Self {
        let loaded = manifest::load(&tree.files);
        let (diagnostics, warnings) = (loaded.diagnostics.clone(), loaded.warnings.clone());
        let files = tree.files.iter().filter(|file| file.role == Role::Manifest).count();
        let in_force = Keeper::default().take(loaded);
        Self { commit, name, in_force, diagnostics, warnings, files }
    }

    /// The configuration beside it: as the commit has it, or as it lies here.
    fn configuration(&self, path: &Path) -> Option<Vec<u8>> {
        match &self.commit {
            Some((repository, commit)) => repository.content(commit, path).ok().flatten(),
            None => file::read(path, yaml::MAX_BYTES).ok(),
        }
    }
}

/// Whether the change is one of the configuration as well, where that is a file beside the manifests
/// in the commit before.
fn configuration_moves(global: &Global, base: &Version, head: &Version) -> bool {
    let Some(path) = manifests::configuration(global).filter(|_| base.commit.is_some()) else {
        return false;
    };
    let before = base.configuration(&path);
    before.is_some() && before != head.configuration(&path)
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        let hint = unread.hint.clone();
        Self::new(unread).hint(hint)
    }
}

/// Says what is wrong: of the version before only that something is.
fn tell(base: &Version, head: &Version) {
    if base.files == 0 {
        out::talk(&format!("there are no manifests in {}: all of them are new\n", base.name));
    }
    if !base.diagnostics.is_empty() {
        let errors = many(base.diagnostics.len(), "error");
        out::talk(&format!("{errors} in the manifests of {}, before the change\n", base.name));
    }
    out::warnings(&head.warnings);
    out::diagnostics(&head.diagnostics);
    if !head.diagnostics.is_empty() {
        let errors = many(head.diagnostics.len(), "error");
        out::talk(&format!("{errors} in the manifests of {}\n\n", head.name));
    }
}

/// Compares with kept live state, and with what the journal remembers.
async fn compare(
    versions: Versions<'_>,
    path: &Path,
    settings: &Settings,
    signals: &Signals,
) -> Result<(Review, Option<String>), Failure> {
    let kept = targets::kept(path, settings)?;
    targets::tell_age(&kept, versions.looked_at().into_iter());
    let remembered = Place::of(&settings.state).look().await?;
    let described = |in_force: &'_ InForce| -> Vec<Arc<DesiredTenant>> {
        in_force.desired.tenants.values().cloned().collect()
    };
    let tenants = [described(versions.head), described(versions.base)].concat();
    let memories =
        Memories::recall(&remembered, tenants.iter()).await.map_err(session::unusable)?;
    let readers = settings.execution.readers;
    let seen = tokio::select! {
        seen = pass::see(&kept, versions, readers, || {}) => seen,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            anything was changed")),
    };
    let now = Timestamp::now();
    let mut review = pass::review(versions, &seen, &memories, now, &settings.execution);
    let unknown = memories.never_looked(versions.head.desired.tenants.values());
    let concerned = unknown.into_iter().filter(|tenant| review.concerns(tenant)).collect();
    review.caused.unremembered = concerned;
    Ok((review, Some(kept.name().to_owned())))
}

/// Leaves only the tenants that were named, if any were. Numbers were compared over all.
fn only(review: &mut Review, tenants: &[TenantName]) {
    session::only(&mut review.caused, tenants);
    session::only(&mut review.drift, tenants);
    review.touched.retain(|tenant, _| tenants.is_empty() || tenants.contains(tenant));
}
