//! Secrets: where they come from. They are read when they are needed, and what is read cannot be printed.

use std::{fmt, path::PathBuf, process::Stdio, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{EnumAccess, Error, MapAccess, SeqAccess, Visitor},
};
use tokio::process::Command;

use crate::yaml::{HINT, SECRET};

/// Where a secret comes from; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Reads a source: a mapping with one key. Whatever else stands there may be the secret itself, so it is not repeated.
struct Reading;

impl Reading {
    const SOURCES: &str = "a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}";

    fn inline<E: Error>() -> E {
        E::custom(format!("{SECRET}a secret never stands here itself{HINT}{}", Self::SOURCES))
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(Self::inline())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(Self::inline())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(Self::inline())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(Self::inline())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(Self::inline())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
        Err(Self::inline())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
        Err(Self::inline())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let mut source = None;
        while let Some(key) = map.next_key::<String>()? {
            let next = match key.as_str() {
                "env" => SecretSource::Env(map.next_value()?),
                "file" => SecretSource::File(map.next_value()?),
                "command" => SecretSource::Command(map.next_value()?),
                _ => return Err(A::Error::custom(format!("{SECRET}a secret has no key `{key}`{HINT}{}", Self::SOURCES))),
            };
            if source.replace(next).is_some() {
                return Err(A::Error::custom(format!("two sources for one secret{HINT}{}", Self::SOURCES)));
            }
        }
        match source {
            Some(SecretSource::Command(words)) if words.is_empty() => Err(A::Error::custom("the command has no words")),
            Some(source) => Ok(source),
            None => Err(A::Error::custom(Self::SOURCES)),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
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
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| self.error(error))?,
            Self::Command(words) => self.run(words).await?,
            Self::Rehearsal(word) => word.clone(),
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() { Err(self.error("it is empty")) } else { Ok(SecretString::from(text)) }
    }

    /// The same, with the time at which a file was written; of other sources nothing is known.
    pub async fn read_dated(&self) -> Result<(SecretString, Option<Timestamp>), SecretError> {
        let secret = self.read().await?;
        let written = match self {
            Self::File(path) => std::fs::metadata(path).and_then(|found| found.modified()).ok(),
            _ => None,
        };
        Ok((secret, written.and_then(|at| Timestamp::try_from(at).ok())))
    }

    async fn run(&self, words: &[String]) -> Result<String, SecretError> {
        let (program, arguments) = words.split_first().ok_or_else(|| self.error("no command is given"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = tokio::time::timeout(Self::COMMAND_LIMIT, command.output())
            .await
            .map_err(|_| self.error(format_args!("no answer within {} s", Self::COMMAND_LIMIT.as_secs())))?
            .map_err(|error| self.error(error))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Has one `answer` for every type and a second one for those that can be printed or written, so that asking compiles only
    /// for types that cannot.
    trait Silent<Marker> {
        fn answer() {}
    }
    struct Printed;
    struct Written;
    impl<T: ?Sized> Silent<()> for T {}
    impl<T: ?Sized + fmt::Display> Silent<Printed> for T {}
    impl<T: ?Sized + serde::Serialize> Silent<Written> for T {}

    #[test]
    fn a_secret_can_be_neither_printed_nor_written() {
        <SecretString as Silent<_>>::answer();
        let secret: SecretString = "hunter2".to_owned().into();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
