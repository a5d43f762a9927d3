//! Which version of the manifests lies there, as git knows it.
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
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::model::Revision;

/// How long git may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked whether it has.
const PAUSE: Duration = Duration::from_millis(2);
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
const VARIABLES: [(&str, &str); 8] = [
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_PAGER", "cat"),
    // Its messages are looked into.
    ("LC_ALL", "C"),
    ("LANGUAGE", ""),
];

/// Why the version is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unversioned {
    /// In a sentence.
    pub reason: String,
    /// What to do about it. Nothing has to be done where there simply is no repository.
    pub hint: Option<&'static str>,
}

impl fmt::Display for Unversioned {
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
pub fn look_up(roots: &[PathBuf]) -> Result<Revision, Unversioned> {
    let unknown = |reason: &str, hint| Unversioned { reason: reason.to_owned(), hint: Some(hint) };
    let first = roots.first().ok_or_else(|| unknown("no manifests are named", "name a folder"))?;
    let (folder, file) =
        if first.is_dir() { (first.as_path(), None) } else { (parent(first), first.file_name()) };
    let mut git = Git { folder, settings: Vec::new() };
    let top = match git.ask(&["rev-parse", "--show-toplevel"]) {
        Err(Silent::Refused(why)) if why.contains("dubious ownership") => {
            git.trust_for_this_call();
            git.ask(&["rev-parse", "--show-toplevel"])
        }
        answer => answer,
    };
    let top = PathBuf::from(top.map_err(Silent::told)?.trim_end_matches('\n'));
    let what = file.map_or_else(|| OsString::from("."), OsString::from);
    let Some(what) = what.to_str() else {
        return Err(unknown("the name of the file is not UTF-8", "rename it"));
    };
    let inside = fs::canonicalize(folder)
        .is_ok_and(|folder| fs::canonicalize(&top).is_ok_and(|top| folder.starts_with(top)));
    // Of a folder, what lies in it.
    let tree: &[&str] = if file.is_some() {
        &["ls-tree", "--name-only", "HEAD", "--", what]
    } else {
        &["ls-tree", "--name-only", "HEAD"]
    };
    let head = git
        .ask(&["log", "-1", "--no-show-signature", "--no-color", "--format=%H%n%an <%ae>"])
        .map_err(Silent::told)?;
    if !inside || git.ask(tree).map_err(Silent::told)?.is_empty() {
        let reason = format!("the repository {} does not hold the manifests", top.display());
        return Err(Unversioned {
            reason,
            hint: Some("commit them, or give them a repository of their own"),
        });
    }
    let (commit, author) = head
        .trim_end()
        .split_once('\n')
        .ok_or_else(|| unknown("git answered something odd", "look at `git log`"))?;
    let status = [
        "status",
        "--porcelain",
        "--untracked-files=normal",
        "--ignore-submodules=all",
        "--",
        what,
    ];
    let edited = git.ask(&status).map_or(true, |changes| !changes.is_empty());
    Ok(Revision { commit: commit.to_owned(), author: author.to_owned(), edited })
}

/// The folder of a file; of a bare name, where the program was started.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What git answers to a question beside the version, asked in the folder of a path; nothing if it
/// does not.
pub(super) fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Git { folder: folder_of(root), settings: Vec::new() };
    match git.ask(arguments) {
        Err(Silent::Refused(why)) if why.contains("dubious ownership") => {
            git.trust_for_this_call();
            git.ask(arguments).ok()
        }
        answer => answer.ok(),
    }
}

/// The folder in which git is asked about a path.
pub(super) fn folder_of(root: &Path) -> &Path {
    if root.is_dir() { root } else { parent(root) }
}

/// Why git gave no answer.
enum Silent {
    /// It could not be started.
    Absent(io::Error),
    /// It took too long.
    Slow,
    /// What it said.
    Refused(String),
}

impl Silent {
    fn told(self) -> Unversioned {
        match self {
            Self::Absent(error) if error.kind() == io::ErrorKind::NotFound => Unversioned {
                reason: "there is no program `git`".to_owned(),
                hint: Some("install git"),
            },
            Self::Absent(error) => Unversioned {
                reason: format!("`git` cannot be started: {error}"),
                hint: Some("repair git"),
            },
            Self::Slow => {
                let reason = format!("git did not answer within {} s", PATIENCE.as_secs());
                Unversioned { reason, hint: Some("look what `git status` takes so long for") }
            }
            Self::Refused(why) if why.contains("not a git repository") => {
                let reason = "the manifests are in no git repository".to_owned();
                Unversioned { reason, hint: None }
            }
            Self::Refused(why) if why.contains("dubious ownership") => Unversioned {
                reason: "the repository belongs to another user, and this git does not take \
                    `safe.directory` for one call"
                    .to_owned(),
                hint: Some("update git, or run `git config --system --add safe.directory FOLDER`"),
            },
            Self::Refused(why) => {
                let first = why.lines().next().unwrap_or_default();
                Unversioned {
                    reason: format!("git says: {first}"),
                    hint: Some("try `git log -1` in the folder of the manifests"),
                }
            }
        }
    }
}

/// Git in a folder.
struct Git<'f> {
    folder: &'f Path,
    /// For each call, beside [`SETTINGS`].
    settings: Vec<(String, &'static str)>,
}

impl Git<'_> {
    /// The repository belongs to somebody else: it is read all the same, and what its settings
    /// would run is taken out of them.
    fn trust_for_this_call(&mut self) {
        self.settings.push(("safe.directory".to_owned(), "*"));
        let filters = self
            .ask(&["config", "--includes", "--name-only", "--get-regexp", r"^filter\."])
            .unwrap_or_default();
        for name in filters.lines() {
            self.settings
                .push((name.to_owned(), if name.ends_with(".required") { "false" } else { "" }));
        }
    }

    /// What git answers.
    fn ask(&self, arguments: &[&str]) -> Result<String, Silent> {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GIT_") && !KEPT.contains(&text.as_ref()) {
                command.env_remove(&name);
            }
        }
        command.envs(VARIABLES).arg("--no-pager");
        // As variables, and not with `-c`: the name of a filter may hold anything.
        let settings = SETTINGS
            .into_iter()
            .chain(self.settings.iter().map(|(key, value)| (key.as_str(), *value)));
        let mut count = 0;
        for (key, value) in settings {
            command
                .env(format!("GIT_CONFIG_KEY_{count}"), key)
                .env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command.arg("-C").arg(self.folder).args(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Silent::Absent)?;
        let (stdout, stderr) = (heard(child.stdout.take()), heard(child.stderr.take()));
        // Whoever was ended is not waited for: a child of its own may keep the pipes open.
        match ended(&mut child) {
            Some(true) => Ok(stdout.join().unwrap_or_default()),
            Some(false) => Err(Silent::Refused(stderr.join().unwrap_or_default())),
            None => Err(Silent::Slow),
        }
    }
}

/// Takes in what comes through a pipe, so that it never fills up.
fn heard(pipe: Option<impl io::Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before the pipe broke is all that there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the end and tells whether it ended well; a child that takes too long is ended.
fn ended(child: &mut Child) -> Option<bool> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                // What cannot be killed has ended already.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
