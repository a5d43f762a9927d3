//! Secrets: where they come from. They are read when they are needed, and what is read cannot be printed.

use std::{fmt, path::PathBuf, process::Stdio, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;
use tokio::process::Command;

/// Where a secret comes from; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file, without its last line break.
    File(PathBuf),
    /// What a command prints, without its last line break.
    Command(Vec<String>),
    /// The known word of a sandbox in this process: no secret, and nothing that settings can name.
    Rehearsal(String),
}

/// A source as it is written: a mapping with one of these keys.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
struct Written {
    env: Option<String>,
    file: Option<PathBuf>,
    command: Option<Vec<String>>,
}

impl TryFrom<Written> for SecretSource {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match (written.env, written.file, written.command) {
            (Some(name), None, None) => Ok(Self::Env(name)),
            (None, Some(path), None) => Ok(Self::File(path)),
            (None, None, Some(words)) if !words.is_empty() => Ok(Self::Command(words)),
            _ => Err("a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}"),
        }
    }
}

/// Why a secret could not be had. The message never contains what was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {reason}")]
pub struct SecretError {
    source_name: String,
    reason: String,
}

impl SecretSource {
    /// How long a command may take: long enough for a password manager, short enough not to hang a run.
    const COMMAND_LIMIT: Duration = Duration::from_secs(30);

    /// Reads the secret now. A file or command is asked again each time, so that a rotated secret is found.
    pub async fn read(&self) -> Result<SecretString, SecretError> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| self.error("the variable is not set"))?,
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| self.error(error.kind()))?,
            Self::Command(words) => self.run(words).await?,
            Self::Rehearsal(word) => word.clone(),
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() { Err(self.error("it is empty")) } else { Ok(SecretString::from(text)) }
    }

    async fn run(&self, words: &[String]) -> Result<String, SecretError> {
        let (program, arguments) = words.split_first().ok_or_else(|| self.error("no command is given"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = tokio::time::timeout(Self::COMMAND_LIMIT, command.output())
            .await
            .map_err(|_| self.error(format_args!("no answer within {} s", Self::COMMAND_LIMIT.as_secs())))?
            .map_err(|error| self.error(error.kind()))?;
        if !output.status.success() {
            return Err(self.error(format_args!("it ended with {}", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|_| self.error("it printed something that is not UTF-8"))
    }

    fn error(&self, reason: impl fmt::Display) -> SecretError {
        SecretError { source_name: self.to_string(), reason: reason.to_string() }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            // Arguments can hold secrets; the program's name cannot.
            Self::Command(words) => write!(f, "command {}", words.first().map_or("", String::as_str)),
            Self::Rehearsal(_) => f.write_str("the sandbox"),
        }
    }
}
