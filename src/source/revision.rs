//! Which version of the manifests is there, as git knows it.
//!
//! **Invariant:** nothing depends on it. Without git, without a repository, or when git does not
//! answer soon, it is unknown, and [`look_up`] says why.
//!
//! **Invariant:** the folder alone decides what is asked. Git is started without the variables that
//! name another repository, such as a hook has them, and a repository that does not hold the
//! manifests does not answer for them. Nothing of a repository is executed: no hook, no monitor, no
//! filter of another owner's.

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::git::{
    about::described,
    program::{Bounds, Git, Silent},
};
use crate::{model::Revision, words};

/// How long git may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// What git may say to one of these questions, at most.
const MOST: u64 = 64 * 1024 * 1024;

/// The name of a commit, and behind it what [`described`] takes.
const FORMAT: &str = "--format=%H%x00%an <%ae>%x00%ct%x00%s";
/// Why the version is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionError {
    /// In a sentence.
    pub reason: String,
    /// What to do about it. Nothing has to be done where there simply is no repository.
    pub hint: Option<&'static str>,
}

impl fmt::Display for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The version of the manifests at `roots`, if it is known.
#[must_use]
pub fn revision(roots: &[PathBuf]) -> Option<Revision> {
    look_up(roots).ok()
}

/// The version of the manifests at `roots`: of the repository that holds the first of them.
/// Otherwise why it is unknown.
pub fn look_up(roots: &[PathBuf]) -> Result<Revision, RevisionError> {
    let unknown =
        |reason: &str, hint| RevisionError { reason: reason.to_owned(), hint: Some(hint) };
    let first = roots.first().ok_or_else(|| unknown("no manifests are named", "name a folder"))?;
    let (folder, file) =
        if first.is_dir() { (first.as_path(), None) } else { (parent(first), first.file_name()) };
    let mut git = Git::at(folder);
    let top = match ask(&git, &["rev-parse", "--show-toplevel"]) {
        Err(silent) if silent.is_distrust() => {
            trust_for_this_call(&mut git);
            ask(&git, &["rev-parse", "--show-toplevel"])
        }
        answer => answer,
    };
    let top = PathBuf::from(top.map_err(told)?.trim_end_matches('\n'));
    let what = file.map_or_else(|| OsString::from("."), OsString::from);
    let Some(what) = what.to_str() else {
        return Err(unknown("the name of the file is not UTF-8", "rename it"));
    };
    let inside = fs::canonicalize(folder)
        .is_ok_and(|folder| fs::canonicalize(&top).is_ok_and(|top| folder.starts_with(top)));
    // Of a folder, what is in it.
    let tree: &[&str] = if file.is_some() {
        &["ls-tree", "--name-only", "HEAD", "--", what]
    } else {
        &["ls-tree", "--name-only", "HEAD"]
    };
    let head =
        ask(&git, &["log", "-1", "--no-show-signature", "--no-color", FORMAT]).map_err(told)?;
    if !inside || ask(&git, tree).map_err(told)?.is_empty() {
        let reason = format!("the repository {} does not hold the manifests", top.display());
        return Err(RevisionError {
            reason,
            hint: Some("commit them, or give them a repository of their own"),
        });
    }
    let (commit, about) = head
        .split_once('\0')
        .ok_or_else(|| unknown("git answered something odd", "look at `git log`"))?;
    let status = [
        "status",
        "--porcelain",
        "--untracked-files=normal",
        "--ignore-submodules=all",
        "--",
        what,
    ];
    let edited = ask(&git, &status).map_or(true, |changes| !changes.is_empty());
    Ok(Revision { edited, ..described(commit, about) })
}

/// The version of git, as numbers and in its words; nothing if there is no git.
#[must_use]
pub fn git_version() -> Option<((u32, u32), String)> {
    let words = ask(&Git::at(Path::new(".")), &["version"]).ok()?;
    let words = words.trim_end().to_owned();
    let mut numbers = words.strip_prefix("git version ")?.split(['.', ' ']);
    let mut next = || numbers.next()?.parse().ok();
    Some(((next()?, next()?), words))
}

/// The folder of a file; of a bare name, where the program was started.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What git answers to a question beside the version, asked in the folder of a path; nothing if it
/// does not.
pub(super) fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Git::at(folder_of(root));
    match ask(&git, arguments) {
        Err(silent) if silent.is_distrust() => {
            trust_for_this_call(&mut git);
            ask(&git, arguments).ok()
        }
        answer => answer.ok(),
    }
}

/// The folder in which git is asked about a path.
pub(super) fn folder_of(root: &Path) -> &Path {
    if root.is_dir() { root } else { parent(root) }
}

fn ask(git: &Git<'_>, arguments: &[&str]) -> Result<String, Silent> {
    let answer = git.ask(arguments, Vec::new(), Bounds { patience: PATIENCE, bytes: MOST })?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The repository belongs to somebody else: it is read all the same, and what its settings would
/// run is taken out of them.
fn trust_for_this_call(git: &mut Git<'_>) {
    git.set("safe.directory", "*");
    let filters = ask(git, &["config", "--includes", "--name-only", "--get-regexp", r"^filter\."])
        .unwrap_or_default();
    for name in filters.lines() {
        git.set(name, if name.ends_with(".required") { "false" } else { "" });
    }
}

/// Why there is no version, in words.
fn told(silent: Silent) -> RevisionError {
    match silent {
        Silent::Absent(error) if error.kind() == io::ErrorKind::NotFound => RevisionError {
            reason: "there is no program `git`".to_owned(),
            hint: Some("install git"),
        },
        Silent::Absent(error) => RevisionError {
            reason: format!("`git` cannot be started: {}", words::system(error)),
            hint: Some("repair git"),
        },
        Silent::Slow(_) | Silent::TooMuch(_) | Silent::GivenUp => {
            let reason = format!("git did not answer within {} s", PATIENCE.as_secs());
            RevisionError { reason, hint: Some("look what `git status` takes so long for") }
        }
        Silent::Refused(why) if why.contains("not a git repository") => {
            let reason = "the manifests are in no git repository".to_owned();
            RevisionError { reason, hint: None }
        }
        Silent::Refused(why) if why.contains("dubious ownership") => RevisionError {
            reason: "the repository belongs to another user, and this git does not take \
                    `safe.directory` for one call"
                .to_owned(),
            hint: Some("update git, or run `git config --system --add safe.directory FOLDER`"),
        },
        Silent::Refused(why) => {
            let first = why.lines().next().unwrap_or_default();
            RevisionError {
                reason: format!("git says: {first}"),
                hint: Some("try `git log -1` in the folder of the manifests"),
            }
        }
    }
}
