//! The program `git`, asked a question in a folder.
//!
//! **Invariant:** the folder alone decides what is asked. Git is started without the variables that
//! name another repository, such as a hook has them. Nothing of a repository is executed: no hook,
//! no monitor, no filter; nothing is fetched, nothing is locked, nobody is asked.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often it is looked whether git has ended.
const PAUSE: Duration = Duration::from_millis(2);
/// What git may say of a failure, at most.
const MAX_WORDS: u64 = 64 * 1024;
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

/// Why git gave no answer.
#[derive(Debug)]
pub(in crate::source) enum Silent {
    /// It could not be started.
    Absent(io::Error),
    /// It took too long.
    Slow(Duration),
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
    settings: Vec<(String, &'static str)>,
    variables: &'static [(&'static str, &'static str)],
}

impl<'f> Git<'f> {
    /// Git with the settings of the machine.
    pub(in crate::source) fn at(folder: &'f Path) -> Self {
        Self { folder, settings: Vec::new(), variables: &[] }
    }

    /// Git that knows nothing but the repository, to read its objects. Whose it is does not matter:
    /// nothing of it is run.
    pub(super) fn for_objects(folder: &'f Path) -> Self {
        let trusted = vec![("safe.directory".to_owned(), "*")];
        Self { folder, settings: trusted, variables: &ALONE }
    }

    /// Adds a setting to each call.
    pub(in crate::source) fn set(&mut self, key: &str, value: &'static str) {
        self.settings.push((key.to_owned(), value));
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
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Silent::Absent)?;
        if let Some(mut pipe) = child.stdin.take() {
            // A git that has ended takes no more, and its end tells why.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let stdout = heard(child.stdout.take(), bounds.bytes);
        let stderr = heard(child.stderr.take(), MAX_WORDS);
        // Whoever was ended is not waited for: a child of its own may keep the pipes open.
        let end = ended(&mut child, bounds.patience);
        if end.is_none() {
            return Err(Silent::Slow(bounds.patience));
        }
        let answer = stdout.join().unwrap_or_default();
        if answer.len() as u64 > bounds.bytes {
            return Err(Silent::TooMuch(bounds.bytes));
        }
        if end == Some(true) {
            return Ok(answer);
        }
        let words = stderr.join().unwrap_or_default();
        Err(Silent::Refused(String::from_utf8_lossy(&words).into_owned()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GIT_") && !KEPT.contains(&text.as_ref()) {
                command.env_remove(&name);
            }
        }
        command.envs(VARIABLES).envs(self.variables.iter().copied()).arg("--no-pager");
        // As variables, and not with `-c`: the name of a filter may hold anything.
        let own = self.settings.iter().map(|(key, value)| (key.as_str(), *value));
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

/// Waits for the end and tells whether it ended well; a child that takes too long is ended.
fn ended(child: &mut Child, patience: Duration) -> Option<bool> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if start.elapsed() < patience => thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                // What cannot be killed has ended already.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
