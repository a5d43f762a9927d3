//! The program `git`, asked a question in a folder.
//!
//! **Invariant:** the folder alone decides what is asked. Git is started without the variables that
//! name another repository, such as a hook has them. Nothing of a repository is executed: no hook,
//! no monitor, no filter; nothing is fetched, nothing is locked, nobody is asked. Only
//! [`Git::for_fetching`] goes further, with an environment that is empty but for what it is given.
//!
//! **Invariant:** what git has started ends with it: a call that takes too long, or is given up, is
//! ended as a group.

use std::{
    borrow::Cow,
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};

/// How often it is looked whether git has ended.
const PAUSE: Duration = Duration::from_millis(2);
/// What git may say of a failure, at most.
const MAX_WORDS: u64 = 64 * 1024;
/// The largest file that git may write.
#[cfg(target_os = "linux")]
const MAX_FILE: u64 = 2 * 1024 * 1024 * 1024;
/// The variables of git that say where git itself and the settings of the machine are; every other
/// one is taken away.
const KEPT: [&str; 4] =
    ["GIT_EXEC_PATH", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"];
/// What git is told for each question: nothing of the repository is run, nothing is fetched,
/// nothing is asked.
const SETTINGS: [(&str, &str); 4] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("log.showSignature", "false"),
    ("i18n.logOutputEncoding", "UTF-8"),
];
const VARIABLES: [(&str, &str); 9] = [
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_PAGER", "cat"),
    // Its messages are looked into.
    ("LC_ALL", "C"),
    ("LANGUAGE", ""),
];
/// For objects beside: not even the settings of the machine count, and a name is only a name.
const ALONE: [(&str, &str); 5] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("HOME", "/nonexistent"),
    ("XDG_CONFIG_HOME", "/nonexistent"),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

/// Set once nobody waits for answers any more.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Gives up whatever is asked, now and later.
    pub(in crate::source) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(in crate::source) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why git gave no answer.
#[derive(Debug)]
pub(in crate::source) enum Silent {
    /// It could not be started.
    Absent(io::Error),
    /// It took too long.
    Slow(Duration),
    /// It was given up.
    GivenUp,
    /// It said more than it may.
    TooMuch(u64),
    /// What it said.
    Refused(String),
}

impl Silent {
    /// Whether the repository belongs to somebody else, so git leaves it alone.
    pub(in crate::source) fn is_distrust(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("dubious ownership"))
    }
}

/// How long git may take for an answer, and how long the answer may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Bounds {
    pub(in crate::source) patience: Duration,
    pub(in crate::source) bytes: u64,
}

/// Git in a folder.
#[derive(Debug)]
pub(in crate::source) struct Git<'f> {
    folder: &'f Path,
    /// For each call, beside [`SETTINGS`].
    settings: Vec<(String, Cow<'static, str>)>,
    variables: Vec<(&'static str, OsString)>,
    /// What it must not say of a failure, whatever a server answers.
    secrets: Vec<SecretString>,
    /// Whether nothing of our own environment is handed on.
    is_alone: bool,
    halt: Halt,
}

impl<'f> Git<'f> {
    /// Git with the settings of the machine.
    pub(in crate::source) fn at(folder: &'f Path) -> Self {
        let settings = Vec::new();
        let variables = Vec::new();
        let secrets = Vec::new();
        let halt = Halt::default();
        Self { folder, settings, variables, secrets, is_alone: false, halt }
    }

    /// Git that knows nothing but the repository, to read its objects. Whose it is does not matter:
    /// nothing of it is run.
    pub(super) fn for_objects(folder: &'f Path) -> Self {
        let mut git = Self::at(folder);
        git.set("safe.directory", "*");
        git.variables = ALONE.iter().map(|(name, value)| (*name, value.into())).collect();
        git
    }

    /// Git in a bare repository of our own, which is not looked for anywhere else.
    pub(super) fn in_bare(folder: &'f Path, halt: &Halt) -> Self {
        let mut git = Self::for_objects(folder);
        git.variables.push(("GIT_DIR", folder.into()));
        git.halt = halt.clone();
        git
    }

    /// The same, to fetch into it by these protocols, with nothing of our own environment but these
    /// variables.
    pub(super) fn for_fetching(
        folder: &'f Path,
        halt: &Halt,
        protocols: &str,
        variables: Vec<(&'static str, OsString)>,
    ) -> Self {
        let mut git = Self::in_bare(folder, halt);
        git.is_alone = true;
        git.variables.push(("GIT_ALLOW_PROTOCOL", protocols.into()));
        git.variables.extend(variables);
        git
    }

    /// Adds a setting to each call.
    pub(in crate::source) fn set(&mut self, key: &str, value: impl Into<Cow<'static, str>>) {
        self.settings.push((key.to_owned(), value.into()));
    }

    /// Hides a word in whatever is told of a failure.
    pub(super) fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.into());
    }

    /// What git answers to a question, with `input` on its standard input.
    pub(in crate::source) fn ask(
        &self,
        arguments: &[&str],
        input: Vec<u8>,
        bounds: Bounds,
    ) -> Result<Vec<u8>, Silent> {
        let mut command = self.command();
        command.arg("-C").arg(self.folder).args(arguments);
        let answer = run(command, input, bounds, &self.halt);
        answer.map_err(|silent| match silent {
            Silent::Refused(words) => Silent::Refused(self.without_secrets(words)),
            silent => silent,
        })
    }

    fn without_secrets(&self, words: String) -> String {
        let secrets = self.secrets.iter().map(ExposeSecret::expose_secret);
        let secrets = secrets.filter(|secret| !secret.is_empty());
        secrets.fold(words, |words, secret| words.replace(secret, "(hidden)"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        if self.is_alone {
            // Git is looked for where we look for programs.
            command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        }
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GIT_") && (self.is_alone || !KEPT.contains(&text.as_ref())) {
                command.env_remove(&name);
            }
        }
        let own = self.variables.iter().map(|(name, value)| (*name, value));
        command.envs(VARIABLES).envs(own).arg("--no-pager");
        // As variables, and not with `-c`: the name of a filter may hold anything, and a list
        // of processes shows no token.
        let own = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_ref()));
        let mut count = 0;
        for (key, value) in SETTINGS.into_iter().chain(own) {
            command
                .env(format!("GIT_CONFIG_KEY_{count}"), key)
                .env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
    }
}

/// What a program answers within bounds, with `input` on its standard input.
pub(super) fn run(
    mut command: Command,
    input: Vec<u8>,
    bounds: Bounds,
    halt: &Halt,
) -> Result<Vec<u8>, Silent> {
    if halt.is_set() {
        return Err(Silent::GivenUp);
    }
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, to be ended with all that it started.
        .process_group(0)
        .spawn()
        .map_err(Silent::Absent)?;
    limit_files(&child);
    if let Some(mut pipe) = child.stdin.take() {
        // A git that has ended takes no more, and its end tells why.
        thread::spawn(move || drop(pipe.write_all(&input)));
    }
    let stdout = heard(child.stdout.take(), bounds.bytes);
    let stderr = heard(child.stderr.take(), MAX_WORDS);
    // A program that was ended is not waited for: a child of its own may keep the pipes open.
    let ended = ended(&mut child, bounds.patience, halt)?;
    let answer = stdout.join().unwrap_or_default();
    if answer.len() as u64 > bounds.bytes {
        return Err(Silent::TooMuch(bounds.bytes));
    }
    if ended {
        return Ok(answer);
    }
    let words = stderr.join().unwrap_or_default();
    Err(Silent::Refused(String::from_utf8_lossy(&words).into_owned()))
}

/// The largest file that git may write: a server that sends without end does not fill the disk.
#[cfg(target_os = "linux")]
fn limit_files(child: &Child) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit { current: Some(MAX_FILE), maximum: Some(MAX_FILE) };
    // Without a process it would be ours.
    if let Some(git) = pid(child) {
        // What has ended already writes nothing.
        let _ = prlimit(Some(git), Resource::Fsize, limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_files(_: &Child) {}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id().cast_signed())
}

/// Takes in what comes through a pipe, so it never fills up: one byte more than `most` at
/// most, and then git is left alone with it.
fn heard(pipe: Option<impl io::Read + Send + 'static>, most: u64) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before the pipe broke is all that there is.
            let _ = pipe.take(most.saturating_add(1)).read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Waits for the end and tells whether it ended well; a child that takes too long is ended, with all
/// that it started.
fn ended(child: &mut Child, patience: Duration, halt: &Halt) -> Result<bool, Silent> {
    let start = Instant::now();
    loop {
        let silent = match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if halt.is_set() => Silent::GivenUp,
            Ok(None) if start.elapsed() < patience => {
                thread::sleep(PAUSE);
                continue;
            }
            Ok(None) | Err(_) => Silent::Slow(patience),
        };
        if let Some(group) = pid(child) {
            // What cannot be killed has ended already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
        return Err(silent);
    }
}
