//! Whether git knows that what is missing in a folder is meant to be missing.
//!
//! **Invariant:** a silent git says nothing, so the caller waits or holds as if there were
//! no repository.

use std::path::{Path, PathBuf};

use super::{
    lookalike::is_manifest,
    revision::{folder_of, git, revision},
};

/// The commit that says exactly what is at all `roots`: everything there is tracked, and nothing
/// differs from it. `None` if there is none.
#[must_use]
pub fn said_by_commit(roots: &[PathBuf]) -> Option<String> {
    let mut commits = roots.iter().map(commit_of);
    let first = commits.next()??;
    commits.all(|commit| commit.as_ref() == Some(&first)).then_some(first)
}

fn commit_of(root: &PathBuf) -> Option<String> {
    let revision = revision(std::slice::from_ref(root)).filter(|revision| !revision.edited)?;
    // A file that git ignores may come and go without a commit.
    let status =
        git(root, &["status", "--porcelain", "--ignored", "--untracked-files=all", "--", "."])?;
    status.is_empty().then_some(revision.commit)
}

/// Why the folders look as if git were still filling them, if they do: it is at work there, or
/// manifests that it has are not there.
#[must_use]
pub fn half_checked_out(roots: &[PathBuf]) -> Option<String> {
    roots.iter().find_map(|root| half_filled(root))
}

fn half_filled(root: &Path) -> Option<String> {
    let folder = folder_of(root);
    if git(root, &["ls-files", "--", "."])?.is_empty() {
        return None;
    }
    let lock = git(root, &["rev-parse", "--git-path", "index.lock"])?;
    if folder.join(lock.trim_end()).exists() {
        return Some(format!("git is at work in {}", folder.display()));
    }
    let deleted = git(root, &["ls-files", "--deleted", "-z", "--", "."])?;
    let mut deleted = deleted.split('\0').map(Path::new);
    let gone = deleted.find(|path| path.file_name().is_some_and(is_manifest))?;
    Some(format!("git has {}, which is not there", folder.join(gone).display()))
}
