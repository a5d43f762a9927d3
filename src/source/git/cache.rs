//! The private copy of a repository elsewhere: bare, shallow, and disposable.
//!
//! **Invariant:** a copy that may be broken is replaced by a new one that was fetched whole beside
//! it, never emptied first: what is in force can be read until then.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::{
    CommitId,
    disk::{of_disk, remove, replace},
    entries::is_id,
    program::{Bounds, Git, Halt, Silent},
    trouble::{GitTrouble, GitTroubleKind},
};
use crate::{file, words};

/// How long git may take for what needs no network.
const PATIENCE: Duration = Duration::from_secs(60);
/// A short answer.
const LINE: u64 = 64 * 1024;
/// How long another process may hold the copy: longer than any fetch takes.
const WAIT: Duration = Duration::from_secs(150);
/// How often it is looked whether the copy is free.
const PAUSE: Duration = Duration::from_millis(20);
/// Locks of git that are older than this belong to nobody who is alive.
const STALE: Duration = Duration::from_secs(600);
/// Each fetch leaves a pack: they are put together beyond so many.
const MAX_PACKS: usize = 40;

/// The private copy.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    halt: Halt,
}

impl Cache {
    pub(super) fn new(folder: PathBuf, halt: Halt) -> Self {
        Self { folder, halt }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder of all copies, and this one.
    pub(super) fn make_folder(&self) -> Result<(), GitTrouble> {
        let mut maker = DirBuilder::new();
        let made = maker.recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| of_disk(&self.folder, &error))
    }

    /// Nobody else fetches while this is held. Waits for another process that does.
    pub(super) fn lock(&self) -> Result<File, GitTrouble> {
        self.make_folder()?;
        let path = self.folder.with_extension("lock");
        let opened = File::options().create(true).append(true).open(&path);
        let file = opened.map_err(|error| of_disk(&path, &error))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(of_disk(&path, &error)),
                Err(TryLockError::WouldBlock) if self.halt.is_set() => {
                    return Err(GitTrouble::given_up());
                }
                Err(TryLockError::WouldBlock) if start.elapsed() < WAIT => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(GitTrouble::new(
                        GitTroubleKind::Cache,
                        format!("another process holds {}", path.display()),
                        "look for another dialplane that hangs",
                    ));
                }
            }
        }
    }

    /// Makes the copy if there is none, for names like this one.
    pub(super) fn prepare(&self, like: &CommitId) -> Result<(), GitTrouble> {
        if self.ask(&["rev-parse", "--git-dir"]).is_ok() {
            return Ok(());
        }
        remove(&self.folder).map_err(|error| of_disk(&self.folder, &error))?;
        self.make(&self.folder, like)
    }

    fn make(&self, folder: &Path, like: &CommitId) -> Result<(), GitTrouble> {
        let mut maker = DirBuilder::new();
        let made = maker.recursive(true).mode(0o700).create(folder);
        made.map_err(|error| of_disk(folder, &error))?;
        let format = if like.as_str().len() == 64 { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        let arguments = ["init", "--quiet", "--bare", "--template=", &format];
        self.ask_in(folder, &arguments).map(drop).map_err(|silent| told(folder, silent))
    }

    /// Puts a new copy in the place of this one, once it was filled. The error is a trouble of our
    /// own, or what git said to `fill`.
    pub(super) fn replace(
        &self,
        like: &CommitId,
        fill: impl FnOnce(&Path) -> Result<(), Silent>,
    ) -> Result<(), Result<GitTrouble, Silent>> {
        let new = self.folder.with_extension("new");
        let old = self.folder.with_extension("old");
        let of_disk = |error| Ok(of_disk(&new, &error));
        remove(&new).and_then(|()| remove(&old)).map_err(of_disk)?;
        self.make(&new, like).map_err(Ok)?;
        fill(&new).map_err(Err)?;
        fs::rename(&self.folder, &old)
            .and_then(|()| fs::rename(&new, &self.folder))
            .and_then(|()| remove(&old))
            .map_err(of_disk)
    }

    /// The commit that a reference names.
    pub(super) fn reference(&self, name: &str) -> Option<CommitId> {
        let wanted = format!("{name}^{{commit}}");
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", &wanted]).ok()?;
        let id = answer.trim_end().to_owned();
        is_id(&id).then_some(CommitId(id))
    }

    /// Lets a reference name a commit.
    pub(super) fn point(&self, name: &str, commit: &CommitId) -> Result<(), GitTrouble> {
        self.ask(&["update-ref", name, commit.as_str()]).map(drop)
    }

    /// The commit that came into force last. It is on record beside the copy, which may be replaced;
    /// what cannot be read is no "none".
    pub(super) fn on_record(&self) -> Result<Option<CommitId>, GitTrouble> {
        let path = self.record();
        let text = match file::read_text(&path, LINE) {
            Ok(text) => text,
            Err(_) if !path.try_exists().unwrap_or(true) => return Ok(None),
            Err(reason) => return Err(self.odd_record(&reason)),
        };
        let id = text.trim_end().to_owned();
        if is_id(&id) { Ok(Some(CommitId(id))) } else { Err(self.odd_record("it names no commit")) }
    }

    fn odd_record(&self, reason: &str) -> GitTrouble {
        GitTrouble::new(
            GitTroubleKind::Cache,
            format!("{}, which commit was in force: {reason}", self.record().display()),
            "if nobody has rewritten the branch, delete that file: it is written again",
        )
    }

    /// Puts on record which commit comes into force, before it does.
    pub(super) fn put_on_record(&self, commit: &CommitId) -> Result<(), GitTrouble> {
        if self.on_record().is_ok_and(|known| known.as_ref() == Some(commit)) {
            return Ok(());
        }
        let path = self.record();
        replace(&path, &format!("{}\n", commit.as_str())).map_err(|error| of_disk(&path, &error))
    }

    fn record(&self) -> PathBuf {
        self.folder.with_extension("head")
    }

    /// Whether one commit builds on another, as far as the copy knows.
    pub(super) fn builds_on(&self, new: &CommitId, old: &CommitId) -> Result<bool, GitTrouble> {
        let arguments = ["merge-base", "--is-ancestor", old.as_str(), new.as_str()];
        match self.ask_in(&self.folder, &arguments) {
            Ok(_) => Ok(true),
            Err(Silent::Refused(_)) => Ok(false),
            Err(silent) => Err(told(&self.folder, silent)),
        }
    }

    /// What git answers in the copy.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<String, GitTrouble> {
        let answer = self.ask_in(&self.folder, arguments);
        let answer = answer.map_err(|silent| told(&self.folder, silent))?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn ask_in(&self, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Silent> {
        let bounds = Bounds { patience: PATIENCE, bytes: LINE };
        Git::in_bare(folder, &self.halt).ask(arguments, Vec::new(), bounds)
    }

    /// Removes what a fetch that was cut short has left.
    pub(super) fn clean(&self) {
        let is_old = |path: &Path| {
            let written = fs::metadata(path).and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            age.is_some_and(|age| age > STALE)
        };
        for entry in walkdir::WalkDir::new(&self.folder).into_iter().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy();
            let is_left =
                name.starts_with("tmp_") || name.ends_with(".lock") && is_old(entry.path());
            if is_left && entry.file_type().is_file() {
                // What cannot be removed is met again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Puts packs together, if there are many.
    pub(super) fn tidy(&self) {
        let packs = fs::read_dir(self.folder.join("objects/pack"));
        let packs = packs.into_iter().flatten().filter_map(Result::ok);
        let is_pack = |name: &Path| name.extension().is_some_and(|extension| extension == "pack");
        if packs.filter(|entry| is_pack(Path::new(&entry.file_name()))).count() > MAX_PACKS {
            // It only takes room.
            let _ = self.ask(&["gc", "--quiet", "--prune=now"]);
        }
    }
}

fn told(folder: &Path, silent: Silent) -> GitTrouble {
    let folder = folder.display();
    match silent {
        Silent::GivenUp => GitTrouble::given_up(),
        Silent::Absent(error) => GitTrouble::new(
            GitTroubleKind::Cache,
            format!("`git` cannot be started: {}", words::system(error)),
            "install git 2.34 or newer",
        ),
        Silent::Refused(words) => GitTrouble::new(
            GitTroubleKind::Cache,
            format!("{folder}: {}", words.lines().next().unwrap_or("git fails")),
            "delete that folder: it is fetched again",
        ),
        Silent::Slow(_) | Silent::TooMuch(_) => GitTrouble::new(
            GitTroubleKind::Cache,
            format!("git does not end in {folder}"),
            "look whether the disk answers",
        ),
    }
}
