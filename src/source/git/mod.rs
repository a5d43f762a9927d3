//! Manifests as a commit has them: read as objects of a repository, and never checked out. It is
//! a checkout of somebody's, or fetched into a private copy.
//!
//! ```text
//! a branch elsewhere --fetch--> private copy --+
//! a name --rev-parse--------------------------> commit --ls-tree--> entries --cat-file--> blobs --> Tree
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `program` | the program `git`, asked a question within bounds |
//! | `entries`, `blobs` | what it answers, taken apart; pure |
//! | `tree` | which of the files are manifests; pure |
//! | `branch`, `report` | a branch that is followed: what is in force, and why nothing newer is |
//! | `followers` | the threads in which that is done |
//! | `remote`, `transport` | the server: how it is asked, and what is taken from it |
//! | `cache`, `disk` | the private copy |
//! | `ancestry` | whether a commit builds on the one in force |
//! | `signature` | who has signed a commit |
//! | `gate` | how many servers are asked side by side |
//! | `trouble` | why the newest commit is not in force |
//!
//! **Invariant:** the author of the commit decides nothing but the text of manifests. Nothing of
//! the commit or of the repository is executed, links are not followed, other repositories are not
//! entered, and what is too large is refused before it is read.

pub(super) mod about;
mod ancestry;
mod blobs;
mod branch;
mod cache;
mod disk;
mod entries;
mod followers;
mod gate;
pub(super) mod program;
mod remote;
mod report;
mod signature;
mod transport;
mod tree;
mod trouble;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use entries::{EntryKind, TreeEntry, is_id};
use program::{Bounds, Git, Halt, Silent};

pub(super) use branch::Branch;
pub(super) use followers::Followers;
pub(super) use remote::RemoteHead;
pub use report::SourceReport;
pub(super) use tree::KnownBlobs;
pub use trouble::{GitTrouble, GitTroubleKind};

use super::Tree;
use crate::{
    words::{self, many},
    yaml,
};

/// How long git may take for one answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a list of files, so much at most: a million of them.
const MAX_LIST: u64 = 256 * 1024 * 1024;
/// All manifests of a commit together, at most.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// What git says beside an object that it answers with.
const HEAD: u64 = 128;
/// A commit: what it says of itself.
const MAX_COMMIT: u64 = 1024 * 1024;
/// A short answer.
const LINE: u64 = 64 * 1024;

/// Why a commit cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitError {
    /// In a sentence.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl CommitError {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into() }
    }
}

/// A commit, by its whole name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitId(String);

impl CommitId {
    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people call it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A repository on this machine.
#[derive(Debug, Clone)]
pub struct Repository {
    top: PathBuf,
    /// Set if it is bare and our own: when to give up.
    own: Option<Halt>,
}

impl Repository {
    /// The one that holds all these paths, which need not be checked out.
    pub fn of(paths: &[PathBuf]) -> Result<Self, CommitError> {
        let mut tops = BTreeSet::new();
        for path in paths {
            let (folder, _) = there(path)?;
            tops.insert(top(&folder).map_err(|silent| told(silent, "looking for the repository"))?);
        }
        let several = tops.len() > 1;
        match tops.pop_first() {
            Some(top) if !several => Ok(Self { top, own: None }),
            Some(_) => Err(CommitError::new(
                "the manifests lie in several repositories, and a commit is of one",
                "name paths of one repository",
            )),
            None => Err(CommitError::new("no manifests are named", "name a folder")),
        }
    }

    /// The commit of that name: a branch, a tag, `HEAD~1`, or its own.
    pub fn commit(&self, name: &str) -> Result<CommitId, CommitError> {
        if name.starts_with('-') || name.contains(['\0', '\n', '\r']) {
            return Err(self.unknown(name));
        }
        let wanted = format!("{name}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--quiet", &wanted];
        let id = match ask(&self.git(), &arguments, LINE) {
            Ok(id) => line(&id),
            Err(Silent::Refused(_)) => return Err(self.unknown(name)),
            Err(silent) => return Err(told(silent, "looking for the commit")),
        };
        if is_id(&id) { Ok(CommitId(id)) } else { Err(self.unknown(name)) }
    }

    /// Why there is no such commit.
    fn unknown(&self, name: &str) -> CommitError {
        let is_option = name.starts_with('-');
        let kind = (!is_option)
            .then(|| ask(&self.git(), &["cat-file", "-t", name], LINE).ok())
            .flatten()
            .map(|kind| line(&kind));
        if let Some(kind) = kind {
            return CommitError::new(
                format!("`{name}` is a {kind} and not a commit"),
                "name a branch, a tag or a commit; for a version without any manifest, an empty folder",
            );
        }
        let (clone, hint) = if is_option {
            ("", "a branch whose name begins with a hyphen is `refs/heads/NAME`")
        } else if self.is_shallow() {
            (
                ", a shallow clone",
                "fetch it: `git fetch --unshallow`, or `git fetch origin REF`; in a workflow of \
                    GitHub `fetch-depth: 0`",
            )
        } else {
            (
                "",
                "name a branch, a tag or a commit that was fetched: `git fetch origin REF`, in a \
                    workflow of GitHub `fetch-depth: 0`",
            )
        };
        let reason = format!("git knows no commit `{name}` in {}{clone}", self.top.display());
        CommitError::new(reason, hint)
    }

    /// Whether older commits may be left out.
    fn is_shallow(&self) -> bool {
        ask(&self.git(), &["rev-parse", "--is-shallow-repository"], LINE)
            .is_ok_and(|answer| line(&answer) == "true")
    }

    /// How many commits that lead to `base` do not lead to `head`. Nothing if a shallow clone does
    /// not say so.
    pub fn lacking(&self, base: &CommitId, head: &CommitId) -> Result<Option<u64>, CommitError> {
        let told = |silent| told(silent, "comparing two commits");
        let range = format!("{}..{}", head.0, base.0);
        let count = ask(&self.git(), &["rev-list", "--count", &range], LINE).map_err(told)?;
        let count = line(&count).parse().unwrap_or_default();
        if count == 0 || !self.is_shallow() {
            return Ok(Some(count));
        }
        // What a shallow clone leaves out, the commit still names.
        let commit =
            ask(&self.git(), &["cat-file", "commit", &head.0], MAX_COMMIT).map_err(told)?;
        let parent = format!("parent {}", base.0);
        let text = String::from_utf8_lossy(&commit);
        let mut header = text.lines().take_while(|line| !line.is_empty());
        Ok(header.any(|line| line == parent).then_some(0))
    }

    /// The files with manifests below `roots`, as the commit has them. They are called as they
    /// would be if they were checked out.
    pub fn manifests(&self, commit: &CommitId, roots: &[PathBuf]) -> Result<Tree, CommitError> {
        let inside: Vec<String> =
            roots.iter().map(|root| self.inside(root)).collect::<Result<_, _>>()?;
        let roots: Vec<(&Path, &str)> =
            roots.iter().map(PathBuf::as_path).zip(inside.iter().map(String::as_str)).collect();
        self.tree(commit, &roots, &mut KnownBlobs::default())
    }

    /// The files with manifests below some roots: each as people call it, and as git does.
    fn tree(
        &self,
        commit: &CommitId,
        roots: &[(&Path, &str)],
        known: &mut KnownBlobs,
    ) -> Result<Tree, CommitError> {
        let inside: Vec<&str> = roots.iter().map(|(_, inside)| *inside).collect();
        let entries = self.entries(commit, &inside)?;
        let listed = tree::TreeListing::of(&entries, roots);
        let wanted: Vec<&TreeEntry> = listed.wanted(known);
        let bytes: u64 = wanted.iter().map(|entry| entry.size + HEAD).sum();
        if bytes > MAX_BYTES {
            return Err(CommitError::new(
                format!(
                    "{} of commit {} have {bytes} bytes together; {MAX_BYTES} are possible",
                    many(wanted.len(), "file"),
                    commit.short()
                ),
                "name the folder that holds the manifests and nothing else",
            ));
        }
        let ids: Vec<&str> = wanted.iter().map(|entry| entry.id.as_str()).collect();
        let answer = self.blobs(&ids, bytes)?;
        let contents = blobs::read(&answer, &ids).map_err(|reason| {
            CommitError::new(
                reason,
                "fetch the commit whole: a partial clone does not have its files",
            )
        })?;
        Ok(listed.tree(&ids.into_iter().zip(contents).collect(), known))
    }

    /// The text of a manifest that was read of a commit, if it can be read again.
    fn text(&self, object: &str) -> Option<Arc<str>> {
        let answer = self.blobs(&[object], yaml::MAX_BYTES + HEAD).ok()?;
        let content = blobs::read(&answer, &[object]).ok()?;
        tree::text(content.first()?).ok()?.at_hand().cloned()
    }

    /// The bytes of one file as a commit has it. Nothing if the commit has no such file, or the
    /// path is elsewhere.
    pub fn content(&self, commit: &CommitId, path: &Path) -> Result<Option<Vec<u8>>, CommitError> {
        let Ok(inside) = self.inside(path) else { return Ok(None) };
        let entries = self.entries(commit, &[&inside])?;
        let is_it = |entry: &&TreeEntry| {
            entry.path == inside && entry.kind == EntryKind::File && entry.size <= yaml::MAX_BYTES
        };
        let Some(entry) = entries.iter().find(is_it) else { return Ok(None) };
        let answer = self.blobs(&[&entry.id], entry.size + HEAD)?;
        let content = blobs::read(&answer, &[&entry.id]).unwrap_or_default();
        Ok(content.first().map(|bytes| bytes.to_vec()))
    }

    fn entries(&self, commit: &CommitId, inside: &[&str]) -> Result<Vec<TreeEntry>, CommitError> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "-l", "--full-tree", commit.as_str()];
        // The root of the repository is all of it.
        if inside.iter().all(|path| !path.is_empty()) {
            arguments.push("--");
            arguments.extend(inside);
        }
        let listed = ask(&self.git(), &arguments, MAX_LIST)
            .map_err(|silent| told(silent, "listing the files of a commit"))?;
        entries::read(&listed).map_err(|reason| CommitError::new(reason, "look at `git fsck`"))
    }

    fn git(&self) -> Git<'_> {
        match &self.own {
            None => Git::for_objects(&self.top),
            Some(halt) => Git::in_bare(&self.top, halt),
        }
    }

    fn blobs(&self, ids: &[&str], bytes: u64) -> Result<Vec<u8>, CommitError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut input = ids.join("\n");
        input.push('\n');
        let bounds = Bounds { patience: PATIENCE, bytes };
        self.git()
            .ask(&["cat-file", "--batch"], input.into_bytes(), bounds)
            .map_err(|silent| told(silent, "reading the files of a commit"))
    }

    /// A path below the root of the repository, as git writes it; empty for the root itself.
    fn inside(&self, path: &Path) -> Result<String, CommitError> {
        let (folder, rest) = there(path)?;
        let top = self.top.canonicalize().unwrap_or_else(|_| self.top.clone());
        let outside = || {
            CommitError::new(
                format!("{} does not lie in the repository {}", path.display(), top.display()),
                "name a path of that repository",
            )
        };
        let below = folder.strip_prefix(&top).map_err(|_| outside())?.join(rest);
        let parts = below.components().map(|part| match part {
            Component::Normal(name) => name.to_str().map(str::to_owned),
            _ => None,
        });
        Ok(parts.collect::<Option<Vec<String>>>().ok_or_else(outside)?.join("/"))
    }
}

/// The root of the repository that holds a folder: its files if there are any, otherwise the
/// repository itself.
fn top(folder: &Path) -> Result<PathBuf, Silent> {
    let bare = ask(
        &Git::for_objects(folder),
        &["rev-parse", "--is-bare-repository", "--absolute-git-dir"],
        LINE,
    )?;
    if let Some(("true", git)) = line(&bare).split_once('\n') {
        return Ok(PathBuf::from(git));
    }
    ask(&Git::for_objects(folder), &["rev-parse", "--show-toplevel"], LINE)
        .map(|top| PathBuf::from(line(&top)))
}

/// The part of a path that is there, as a folder without links, and the rest.
fn there(path: &Path) -> Result<(PathBuf, PathBuf), CommitError> {
    let lost = |error: std::io::Error| {
        let reason = format!("{} cannot be looked at: {}", path.display(), words::system(error));
        CommitError::new(reason, "name a path that is there")
    };
    let whole = std::path::absolute(path).map_err(lost)?;
    let folder = whole.ancestors().find(|part| part.is_dir()).unwrap_or(Path::new("/"));
    let rest = whole.strip_prefix(folder).unwrap_or(Path::new("")).to_owned();
    Ok((folder.canonicalize().map_err(lost)?, rest))
}

fn ask(git: &Git<'_>, arguments: &[&str], bytes: u64) -> Result<Vec<u8>, Silent> {
    git.ask(arguments, Vec::new(), Bounds { patience: PATIENCE, bytes })
}

fn line(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).trim_end_matches(['\n', '\r']).to_owned()
}

fn told(silent: Silent, doing: &str) -> CommitError {
    match silent {
        Silent::Absent(error) if error.kind() == std::io::ErrorKind::NotFound => CommitError::new(
            "there is no program `git`, which reads commits",
            "install git, or name folders instead of commits",
        ),
        Silent::Absent(error) => {
            let reason = format!("`git` cannot be started: {}", words::system(error));
            CommitError::new(reason, "repair git")
        }
        Silent::Slow(patience) => CommitError::new(
            format!("git did not end within {} s, {doing}", patience.as_secs()),
            "look what git takes so long for",
        ),
        Silent::GivenUp => CommitError::new(format!("given up, {doing}"), "start it again"),
        Silent::TooMuch(bytes) => CommitError::new(
            format!("git says more than {bytes} bytes, {doing}"),
            "name the folder that holds the manifests and nothing else",
        ),
        Silent::Refused(why) if why.contains("not a git repository") => CommitError::new(
            "the manifests are in no git repository",
            "name folders instead of commits, or name paths in a repository",
        ),
        Silent::Refused(why) => CommitError::new(
            format!("git fails, {doing}: {}", why.lines().next().unwrap_or_default()),
            "look at what git says",
        ),
    }
}
