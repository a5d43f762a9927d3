//! Getting a secret from where it is: a variable, a file, a command. Bounded in size and time,
//! whatever is there.
//!
//! **Invariant:** nothing here blocks the runtime: a file on a mount that is gone costs its time
//! limit, and a stop is obeyed meanwhile.
//!
//! **Invariant:** a command sees no variable but those that every command gets and those that its
//! source names, and nothing that it started outlives it.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::{
    fs::OFlags,
    process::{Pid, Signal, kill_process_group},
};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    time::timeout,
};

use crate::{file, words};

/// The most that a secret holds: far above any token set.
const MAX_BYTES: u64 = 64 * 1024;
/// How long a file may take.
const FILE_LIMIT: Duration = Duration::from_secs(10);
/// How long a command may take: long enough for a password manager, short enough not to hang a run.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// How long is waited for output after a command has ended: what it left running may keep the pipe
/// open.
const GRACE: Duration = Duration::from_secs(1);

/// What every command sees of the environment, beside `LC_*` and `XDG_*`.
const PASSED: [&str; 26] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "TMPDIR",
    "GNUPGHOME",
    "GPG_TTY",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "CREDENTIALS_DIRECTORY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// The value of a variable. One that is set and empty is as good as none.
pub(super) fn variable(name: &str) -> Result<Vec<u8>, &'static str> {
    match std::env::var_os(name) {
        None => Err("the variable is not set"),
        Some(value) if value.is_empty() => Err("the variable is empty, which counts as not set"),
        Some(value) => Ok(std::os::unix::ffi::OsStringExt::into_vec(value)),
    }
}

/// What a file holds, and whether its mode lets every user of the machine read it.
#[derive(Debug)]
pub(super) struct FetchedFile {
    pub(super) bytes: Vec<u8>,
    pub(super) open_to_all: bool,
}

/// Reads a file.
pub(super) async fn file(path: &Path) -> Result<FetchedFile, String> {
    let here = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || slurp(&here));
    let read = timeout(FILE_LIMIT, reading)
        .await
        .map_err(|_| format!("it cannot be read within {} s", FILE_LIMIT.as_secs()))?;
    read.map_err(words::system)?
}

/// Tells two states of a file apart without reading it.
pub(super) async fn stamp(path: &Path) -> Option<String> {
    let here = path.to_owned();
    let looking = tokio::task::spawn_blocking(move || fs::metadata(here).ok());
    let found = timeout(FILE_LIMIT, looking).await.ok()?.ok()??;
    Some(format!("{} {}.{:09} {}", found.ino(), found.mtime(), found.mtime_nsec(), found.len()))
}

fn slurp(path: &Path) -> Result<FetchedFile, String> {
    // Looked at before it is opened: opening a device can have effects.
    regular(&fs::metadata(path).map_err(words::system)?)?;
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = opened.map_err(words::system)?;
    let found = file.metadata().map_err(words::system)?;
    regular(&found)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(words::system)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    let mode = found.permissions().mode() & 0o777;
    let open_to_all = mode & 0o004 != 0 && is_within_reach(path);
    if open_to_all {
        tell_open_to_all(path, mode);
    }
    Ok(FetchedFile { bytes, open_to_all })
}

/// Whether every user comes to a file: a folder on the way that lets nobody else through keeps it
/// from them.
fn is_within_reach(path: &Path) -> bool {
    let Ok(real) = fs::canonicalize(path) else { return true };
    let lets_through = |folder: &Path| fs::metadata(folder).map_or(0o001, |found| found.mode());
    real.ancestors().skip(1).all(|folder| lets_through(folder) & 0o001 != 0)
}

fn too_large() -> String {
    format!("it holds more than {} KiB, and no secret does", MAX_BYTES / 1024)
}

/// Only a regular file is read: whatever else may never end.
fn regular(found: &fs::Metadata) -> Result<(), String> {
    if found.is_file() {
        return if found.len() > MAX_BYTES { Err(too_large()) } else { Ok(()) };
    }
    let what = file::kind(found.file_type());
    Err(format!("it is {what}, and only a regular file is read"))
}

/// Says so once for each file.
fn tell_open_to_all(path: &Path, mode: u32) {
    static TOLD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
        tracing::warn!(
            "the mode {mode:o} of the secret file {} lets every user of this machine read it: \
                `chmod 600` it",
            super::plain::shown(&path.display().to_string())
        );
    }
}

/// What a command prints.
pub(super) async fn command(words: &[String], variables: &[String]) -> Result<Vec<u8>, String> {
    command_within(words, variables, COMMAND_LIMIT).await
}

async fn command_within(
    words: &[String],
    variables: &[String],
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let (program, arguments) = words.split_first().ok_or("no command is given")?;
    let passed = std::env::vars_os()
        .filter(|(name, _)| name.to_str().is_some_and(|name| is_passed(name, variables)));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(passed);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    // A group of its own, so it can be ended with all that it started.
    let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(words::system)?;
    let _group = ProcessGroup(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let ended = timeout(limit, output(&mut child)).await;
    let (bytes, status) =
        ended.map_err(|_| format!("no answer within {} s", limit.as_secs_f32()))??;
    if status.success() { Ok(bytes) } else { Err(format!("it ended with {status}")) }
}

fn is_passed(name: &str, variables: &[String]) -> bool {
    PASSED.contains(&name)
        || ["LC_", "XDG_"].iter().any(|prefix| name.starts_with(prefix))
        || variables.iter().any(|variable| variable == name)
}

/// The output of a command that ends, or whose output grows beyond all secrets.
async fn output(child: &mut Child) -> Result<(Vec<u8>, ExitStatus), String> {
    let stdout = child.stdout.take().ok_or("it has no output")?;
    let mut bytes = Vec::new();
    let ended = {
        let mut limited = stdout.take(MAX_BYTES + 1);
        let reading = limited.read_to_end(&mut bytes);
        tokio::pin!(reading);
        tokio::select! {
            read = &mut reading => read.map(|_| None),
            status = child.wait() => {
                let _ = timeout(GRACE, reading).await;
                status.map(Some)
            }
        }
    };
    let ended = ended.map_err(words::system)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!(
            "it printed more than {} KiB, and no secret is so long",
            MAX_BYTES / 1024
        ));
    }
    let status = match ended {
        Some(status) => status,
        None => child.wait().await.map_err(words::system)?,
    };
    Ok((bytes, status))
}

/// A command with all that it started; ended when this goes.
struct ProcessGroup(Option<Pid>);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nobody may be left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).into()
    }

    #[tokio::test]
    async fn only_a_regular_file_of_some_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("good"), "hunter2").unwrap();
        assert_eq!(file(&at("good")).await.unwrap().bytes, b"hunter2");
        std::os::unix::fs::symlink("good", at("link")).unwrap();
        assert_eq!(file(&at("link")).await.unwrap().bytes, b"hunter2");
        fs::write(at("large"), "x".repeat(70_000)).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        for (path, words) in [
            (at("large"), "more than 64 KiB"),
            (at("pipe"), "a pipe"),
            (at("zero"), "a device"),
            (at("none"), "no such file"),
            (folder.path().to_owned(), "a folder"),
            (at("good/x"), "a part of this path is a file"),
        ] {
            let why = file(&path).await.unwrap_err();
            assert!(why.contains(words), "{}: {why}", path.display());
        }
    }

    #[tokio::test]
    async fn a_command_is_bounded_in_output_and_time_and_ends_with_its_children() {
        let long = Duration::from_secs(600);
        let run = async |script: &str, limit| command_within(&shell(script), &[], limit).await;
        assert_eq!(run("printf hunter2", long).await.as_deref(), Ok(&b"hunter2"[..]));
        assert!(run("exec yes", long).await.unwrap_err().contains("more than 64 KiB"));
        assert!(run("printf hunter2; exit 3", long).await.unwrap_err().contains("exit status: 3"));
        assert!(
            run("sleep 900", Duration::from_millis(200))
                .await
                .unwrap_err()
                .contains("no answer within 0.2 s")
        );
        // What it leaves running keeps neither us nor itself.
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 900 & echo $! > {}; printf hunter2", pid.display());
        let started = Instant::now();
        assert_eq!(run(&script, long).await.as_deref(), Ok(&b"hunter2"[..]));
        assert!(started.elapsed() < long / 2);
        let child = fs::read_to_string(&pid).unwrap();
        let gone = || {
            let stat =
                fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !gone() {
            assert!(started.elapsed() < long / 2, "the child of the command lives on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[test]
    fn a_command_sees_what_it_is_given_and_nothing_else() {
        let asked = ["VAULT_TOKEN".to_owned()];
        for (name, seen) in [
            ("PATH", true),
            ("LC_ALL", true),
            ("VAULT_TOKEN", true),
            ("DIALPLANE_PASSWORD", false),
            ("PW", false),
        ] {
            assert_eq!(is_passed(name, &asked), seen, "{name}");
        }
    }
}
