//! A branch of a repository elsewhere: asked, fetched into a private copy, judged.
//!
//! ```text
//! ls-remote --> fetch --depth --> is there a folder with manifests, does it build on what is in force? --> head
//! ```
//!
//! **Invariant:** the reference [`HEAD`] names a commit that was fetched whole and judged. Whatever
//! fails before leaves it where it is, so the last good commit stays in force, over restarts too.
//! Which commit that is stands beside the copy as well, so a copy that is replaced lets no rewritten
//! branch pass.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::{
    CommitId, Repository,
    about::{ABOUT, described},
    cache::Cache,
    entries::is_id,
    program::{Bounds, Halt, Silent},
    signature, transport,
    tree::{KnownBlobs, TreeListing},
    trouble::{GitTrouble, GitTroubleKind},
};
use crate::{
    config::{ForcePush, GitSource},
    model::Revision,
    source::Tree,
    words::hex,
};

/// The newest commit that was judged and may come into force.
const HEAD: &str = "refs/dialplane/head";
/// The newest commit whose manifests had no mistakes.
const GOOD: &str = "refs/dialplane/good";
/// What was fetched last.
const FETCHED: &str = "refs/dialplane/fetched";
/// How long a server may take to say where its branch is.
const ASKING: Duration = Duration::from_secs(10);
/// How long it may take to send a commit.
const FETCHING: Duration = Duration::from_secs(120);
/// So much is fetched of a branch of which a commit is in force: most pushes are smaller.
const RECENT: &str = "--depth=50";
/// The newest commit alone.
const NEWEST: &str = "--depth=1";
/// What a server may say of its references.
const MAX_REFS: u64 = 1024 * 1024;

/// A branch of a repository elsewhere.
#[derive(Debug)]
pub(in crate::source) struct Remote {
    source: GitSource,
    /// What comes before the paths of its files.
    prefix: PathBuf,
    cache: Cache,
    halt: Halt,
    /// How often in a row a server that answered could not be fetched from.
    failures: AtomicU32,
}

/// A commit that may come into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct RemoteHead {
    pub(in crate::source) commit: CommitId,
    pub(in crate::source) revision: Revision,
    /// The commit that it replaced without building on it.
    pub(in crate::source) rewrote: Option<CommitId>,
}

impl Remote {
    /// The one that the settings describe, with its copy below the folder `state`. Nothing is asked
    /// yet.
    pub(in crate::source) fn new(source: &GitSource, prefix: &Path, state: &Path) -> Self {
        let mut hash = Sha256::new();
        for part in [&source.url, &source.branch] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let name = hex(&hash.finalize()[..8]);
        // Git is started in that folder, and told of it as well.
        let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
        let halt = Halt::default();
        Self {
            source: source.clone(),
            prefix: prefix.to_owned(),
            cache: Cache::new(state.join("git").join(name), halt.clone()),
            halt,
            failures: AtomicU32::new(0),
        }
    }

    pub(in crate::source) fn settings(&self) -> &GitSource {
        &self.source
    }

    /// Gives up whatever is asked, now and later.
    pub(in crate::source) fn give_up(&self) {
        self.halt.set();
    }

    /// Asks where the branch is. Nothing is fetched.
    pub(in crate::source) fn ask(
        &self,
        token: Option<&SecretString>,
    ) -> Result<CommitId, GitTrouble> {
        self.cache.make_folder()?;
        let wanted = format!("refs/heads/{}", self.source.branch);
        let git = transport::git(self.cache.folder(), &self.source, token, &self.halt);
        let bounds = Bounds { patience: ASKING, bytes: MAX_REFS };
        let arguments = ["ls-remote", "--", &self.source.url, &wanted];
        let answer = git
            .ask(&arguments, Vec::new(), bounds)
            .map_err(|silent| transport::refusal(silent, &self.source, "asked for its branch"))?;
        let answer = String::from_utf8_lossy(&answer);
        let references = answer.lines().filter_map(|line| line.split_once('\t'));
        let mut found = references.filter(|(_, name)| *name == wanted).map(|(id, _)| id.to_owned());
        let found = found.next();
        found.filter(|id| is_id(id)).map(CommitId).ok_or_else(|| {
            let Self { source: GitSource { branch, .. }, .. } = self;
            GitTrouble::new(
                GitTroubleKind::Branch,
                format!("{} has no branch `{branch}`", self.source.address()),
                "push the branch again, or name another one in `branch`",
            )
        })
    }

    /// Asks, fetches what is new, and judges it by what is in force.
    pub(in crate::source) fn update(
        &self,
        token: Option<&SecretString>,
        in_force: Option<&CommitId>,
    ) -> Result<RemoteHead, GitTrouble> {
        let _lock = self.cache.lock()?;
        let there = self.ask(token)?;
        self.cache.prepare(&there)?;
        let known = self.cache.reference(HEAD);
        if let Some(known) = known.as_ref().filter(|known| **known == there) {
            self.has_manifests(known)?;
            self.cache.put_on_record(known)?;
            return self.described(known, None);
        }
        // A copy that was replaced, or is broken, does not know what was in force.
        let before = match &known {
            Some(known) => Some(known.clone()),
            // Where a rewritten branch passes, nothing hangs on it.
            None if self.source.force_push == ForcePush::Accept => in_force.cloned(),
            None => self.cache.on_record()?.or_else(|| in_force.cloned()),
        };
        if self.cache.reference(FETCHED).as_ref() != Some(&there) {
            self.fetch(token, &there, if known.is_some() { RECENT } else { NEWEST })?;
        }
        let fetched = self.cache.reference(FETCHED).ok_or_else(|| {
            let reason = format!("{} sent no commit", self.source.address());
            GitTrouble::new(GitTroubleKind::Away, reason, "look what the server answers")
        })?;
        let rewrote = self.judge(&fetched, before, token)?;
        self.cache.put_on_record(&fetched)?;
        self.cache.point(HEAD, &fetched)?;
        self.cache.tidy();
        self.described(&fetched, rewrote)
    }

    fn fetch(
        &self,
        token: Option<&SecretString>,
        there: &CommitId,
        depth: &str,
    ) -> Result<(), GitTrouble> {
        let fetched = self.fetch_into(self.cache.folder(), token, depth);
        let failures = match &fetched {
            Ok(()) | Err(Silent::GivenUp) => 0,
            Err(_) => self.failures.load(Ordering::Relaxed) + 1,
        };
        self.failures.store(failures, Ordering::Relaxed);
        let Err(silent) = fetched else { return Ok(()) };
        self.cache.clean();
        // The server answers: twice in a row it may be the copy that is broken. So it is where
        // somebody has left a lock.
        let is_ours = matches!(&silent, Silent::Refused(words) if words.contains(".lock'"));
        if failures < 2 && !is_ours || matches!(silent, Silent::Slow(_)) {
            return Err(transport::refusal(silent, &self.source, "sending a commit"));
        }
        self.failures.store(0, Ordering::Relaxed);
        self.cache.replace(there, |folder| self.fetch_into(folder, token, NEWEST)).map_err(
            |error| {
                error.unwrap_or_else(|silent| {
                    transport::refusal(silent, &self.source, "sending a commit")
                })
            },
        )
    }

    fn fetch_into(
        &self,
        folder: &Path,
        token: Option<&SecretString>,
        depth: &str,
    ) -> Result<(), Silent> {
        let git = transport::git(folder, &self.source, token, &self.halt);
        let what = format!("+refs/heads/{}:{FETCHED}", self.source.branch);
        let arguments = [
            "fetch",
            "--quiet",
            depth,
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--",
            &self.source.url,
            &what,
        ];
        git.ask(&arguments, Vec::new(), Bounds { patience: FETCHING, bytes: 0 }).map(drop)
    }

    /// Fetches more of the commits that the newest one builds on.
    pub(super) fn fetch_deeper(
        &self,
        token: Option<&SecretString>,
        depth: &str,
    ) -> Result<(), GitTrouble> {
        self.fetch_into(self.cache.folder(), token, depth).map_err(|silent| {
            self.cache.clean();
            transport::refusal(silent, &self.source, "sending older commits")
        })
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Whether a commit may come into force. The commit that it replaces without building on it, if
    /// that is so.
    fn judge(
        &self,
        new: &CommitId,
        known: Option<CommitId>,
        token: Option<&SecretString>,
    ) -> Result<Option<CommitId>, GitTrouble> {
        self.has_manifests(new)?;
        self.signer(new)?;
        let Some(old) = known.filter(|old| old != new) else { return Ok(None) };
        let builds_on = self.builds_on(new, &old, token);
        if self.source.force_push == ForcePush::Accept {
            // It is only told, and nothing is where that cannot be seen.
            return Ok((builds_on == Ok(false)).then_some(old));
        }
        if builds_on? {
            return Ok(None);
        }
        let branch = &self.source.branch;
        let new = new.short();
        let old = old.short();
        Err(GitTrouble::new(
            GitTroubleKind::Rewritten,
            format!("branch `{branch}` was rewritten: {new} does not build on {old}"),
            "push a commit that builds on the one in force, or set `forcePush: accept`",
        ))
    }

    /// Whether a commit has manifests where they are looked for: a folder that is gone is no fleet
    /// without tenants.
    fn has_manifests(&self, commit: &CommitId) -> Result<(), GitTrouble> {
        let entries = self.objects().entries(commit, &[self.source.inside()]).map_err(of_cache)?;
        let roots = [(self.prefix.as_path(), self.source.inside())];
        if TreeListing::of(&entries, &roots).has_manifests() {
            return Ok(());
        }
        let folder = &self.source.folder;
        let commit = commit.short();
        Err(GitTrouble::new(
            GitTroubleKind::Folder,
            format!("there is no manifest in folder `{folder}` of commit {commit}"),
            "bring the folder back, or name another one in `folder`",
        ))
    }

    /// Who has signed a commit, where somebody must have.
    fn signer(&self, commit: &CommitId) -> Result<Option<String>, GitTrouble> {
        let Some(verify) = &self.source.verify else { return Ok(None) };
        let folder = self.cache.folder();
        let ring = self.cache.folder().with_extension("gnupg");
        signature::signer(commit, folder, &ring, verify, &self.halt).map(Some)
    }

    /// The commit that came into force last, without asking anybody.
    pub(in crate::source) fn kept(&self) -> Option<RemoteHead> {
        let head = self.cache.reference(HEAD)?;
        self.has_manifests(&head).ok()?;
        self.described(&head, None).ok()
    }

    /// The last commit whose manifests had no mistakes.
    pub(in crate::source) fn good(&self) -> Option<CommitId> {
        self.cache.reference(GOOD).filter(|good| self.signer(good).is_ok())
    }

    /// Remembers that the manifests of this commit have no mistakes.
    pub(in crate::source) fn is_good(&self, commit: &CommitId) {
        if self.cache.reference(GOOD).as_ref() != Some(commit) {
            // Without it only a restart over mistakes knows less.
            let _ = self.cache.point(GOOD, commit);
        }
    }

    /// The manifests of a commit.
    pub(in crate::source) fn tree(
        &self,
        commit: &CommitId,
        known: &mut KnownBlobs,
    ) -> Result<Tree, GitTrouble> {
        let roots = [(self.prefix.as_path(), self.source.inside())];
        self.objects().tree(commit, &roots, known).map_err(of_cache)
    }

    /// The text of a manifest that was read, if it can be read again.
    pub(in crate::source) fn text(&self, name: &str, known: &KnownBlobs) -> Option<Arc<str>> {
        self.objects().text(known.object(name)?)
    }

    fn objects(&self) -> Repository {
        Repository { top: self.cache.folder().to_owned(), own: Some(self.halt.clone()) }
    }

    /// Who made a commit, and when.
    fn described(
        &self,
        commit: &CommitId,
        rewrote: Option<CommitId>,
    ) -> Result<RemoteHead, GitTrouble> {
        let arguments = ["log", "-1", "--no-show-signature", "--no-color", ABOUT, commit.as_str()];
        let about = self.cache.ask(&arguments)?;
        let signer = self.signer(commit)?;
        let revision = Revision { signer, ..described(commit.as_str(), &about) };
        Ok(RemoteHead { commit: commit.clone(), revision, rewrote })
    }
}

fn of_cache(unread: super::CommitError) -> GitTrouble {
    GitTrouble::new(GitTroubleKind::Cache, unread.reason, unread.hint)
}
