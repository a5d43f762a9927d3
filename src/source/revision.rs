//! Which version of the manifests lies there, as git knows it.
//!
//! **Invariant:** nothing depends on it. Without git, without a repository, or when git does not answer soon, it is unknown.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::model::Revision;

/// How long git may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked whether it has.
const PAUSE: Duration = Duration::from_millis(2);

/// The version of the manifests at `roots`: of the repository that holds the first of them.
#[must_use]
pub fn revision(roots: &[PathBuf]) -> Option<Revision> {
    let first = roots.first()?;
    let folder = if first.is_dir() { first.as_path() } else { first.parent()? };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let head = git(folder, &["log", "-1", "--no-show-signature", "--format=%H%n%an <%ae>"])?;
    let (commit, author) = head.trim_end().split_once('\n')?;
    let edited = git(folder, &["status", "--porcelain", "--", "."]).is_none_or(|changes| !changes.is_empty());
    Some(Revision { commit: commit.to_owned(), author: author.to_owned(), edited })
}

/// What git answers, if it does.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(["--no-optional-locks", "-c", "core.fsmonitor=false"]).arg("-C").arg(folder).args(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).ok().map(|_| text)
    });
    // Whoever was ended is not waited for: a child of its own may keep the pipe open.
    if ended_well(&mut child) { reader.join().ok().flatten() } else { None }
}

/// Waits for the end; a child that takes too long is ended.
fn ended_well(child: &mut Child) -> bool {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                // What cannot be killed has ended already.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
