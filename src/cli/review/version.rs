//! The two versions of the manifests that are compared: folders or commits, each read and checked.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        args::Global,
        exit::Failure,
        manifests::{self, FoundManifests},
        out,
    },
    file,
    manifest::{self, InForce, Keeper, Role},
    source::{CommitError, CommitId, Repository, Tree, read_tree},
    words::many,
    yaml::{self, Diagnostic},
};

/// A version of the manifests.
pub(super) struct ManifestVersion {
    /// The commit that holds it, if one does.
    commit: Option<(Repository, CommitId)>,
    /// As people call it.
    pub(super) name: String,
    pub(super) in_force: InForce,
    pub(super) diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    pub(super) files: usize,
}

impl ManifestVersion {
    /// The one without the change: a folder or a commit.
    pub(super) fn without(base: &str, paths: &[PathBuf]) -> Result<Self, Failure> {
        let folder = Path::new(base);
        if !folder.is_dir() {
            return Self::committed(&Repository::of(paths)?, base, paths);
        }
        let is_bare = !base.contains(['/', '\\']);
        if is_bare && Repository::of(paths).is_ok_and(|repository| repository.commit(base).is_ok())
        {
            return Err(Failure::new(format!("`{base}` is a folder and the name of a commit"))
                .hint(format!("`./{base}` is the folder, and `refs/heads/{base}` a branch")));
        }
        Ok(Self::of(None, base.to_owned(), &read_tree(&[folder.to_owned()])))
    }

    /// The one that a commit holds.
    pub(super) fn committed(
        repository: &Repository,
        name: &str,
        paths: &[PathBuf],
    ) -> Result<Self, Failure> {
        let commit = repository.commit(name)?;
        let tree = repository.manifests(&commit, paths)?;
        let shown = if commit.as_str().starts_with(name) {
            commit.short().to_owned()
        } else {
            format!("{name} ({})", commit.short())
        };
        Ok(Self::of(Some((repository.clone(), commit)), shown, &tree))
    }

    /// The manifests that lie here.
    pub(super) fn here(found: FoundManifests) -> Self {
        let FoundManifests { in_force, diagnostics, warnings, files, .. } = found;
        let name = "the manifests here".to_owned();
        Self { commit: None, name, in_force, diagnostics, warnings, files }
    }

    fn of(commit: Option<(Repository, CommitId)>, name: String, tree: &Tree) -> Self {
        let loaded = manifest::load(&tree.files);
        let diagnostics = loaded.diagnostics.clone();
        let warnings = loaded.warnings.clone();
        let files = tree.files.iter().filter(|file| file.role == Role::Manifest).count();
        let in_force = Keeper::default().take(loaded);
        Self { commit, name, in_force, diagnostics, warnings, files }
    }

    /// The configuration beside it: as the commit has it, or as it is here.
    fn configuration(&self, path: &Path) -> Option<Vec<u8>> {
        match &self.commit {
            Some((repository, commit)) => repository.content(commit, path).ok().flatten(),
            None => file::read(path, yaml::MAX_BYTES).ok(),
        }
    }
}

/// Whether the change is one of the configuration as well, where that is a file beside the
/// manifests in the commit before.
pub(super) fn configuration_changes(
    global: &Global,
    base: &ManifestVersion,
    head: &ManifestVersion,
) -> bool {
    let Some(path) = manifests::configuration(global).filter(|_| base.commit.is_some()) else {
        return false;
    };
    let before = base.configuration(&path);
    let changes = before.is_some() && before != head.configuration(&path);
    if changes {
        out::talk(
            "the configuration changes too, which is not part of this: it is that of this command, \
                so drift of all tenants is shown\n",
        );
    }
    changes
}

/// How many commits of the version before the change lacks, where both are of one repository.
/// Nothing if that cannot be told.
pub(super) fn lacks(
    base: &ManifestVersion,
    head: &ManifestVersion,
    paths: &[PathBuf],
) -> Result<Option<u64>, Failure> {
    let Some((repository, before)) = &base.commit else { return Ok(Some(0)) };
    let after = match &head.commit {
        Some((_, commit)) => commit.clone(),
        // What is here was made from what is checked out, if anything is.
        None => match Repository::of(paths)?.commit("HEAD") {
            Ok(commit) => commit,
            Err(_) => return Ok(Some(0)),
        },
    };
    Ok(repository.lacking(before, &after)?)
}

/// Says what is wrong: of the version before only that something is.
pub(super) fn tell(base: &ManifestVersion, head: &ManifestVersion) {
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

impl From<CommitError> for Failure {
    fn from(unread: CommitError) -> Self {
        let hint = unread.hint.clone();
        Self::new(unread).hint(hint)
    }
}
