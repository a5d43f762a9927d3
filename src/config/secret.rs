//! Secrets: where they come from. They are read when they are needed, and what is read cannot be
//! printed.
//!
//! ```text
//! {env}, {file}, {command} --fetch--> bytes --text--> one line, or a document (JSON) -->
//! SecretString
//! ```

use std::{fmt, path::PathBuf};

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{EnumAccess, Error, MapAccess, SeqAccess, Visitor},
};

use super::{fetch, plain};
use crate::yaml::{HINT, SECRET};

/// Where a secret comes from; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file, without its byte order mark and its last line break.
    File(PathBuf),
    /// What a command prints, likewise.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// The variables that it is given beside those that every command gets.
        variables: Vec<String>,
    },
    /// The known word of a sandbox in this process: no secret, and nothing that settings can name.
    Rehearsal(String),
}

/// Reads a source: a mapping with one key. Whatever else is there may be the secret itself, so
/// it is not repeated.
struct SecretSourceVisitor;

impl SecretSourceVisitor {
    const SOURCES: &str =
        "a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}";

    fn inline<E: Error>() -> E {
        E::custom(format!("{SECRET}a secret is never written here itself{HINT}{}", Self::SOURCES))
    }
}

impl<'de> Visitor<'de> for SecretSourceVisitor {
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
        let mut variables = None;
        while let Some(key) = map.next_key::<String>()? {
            let next = match key.as_str() {
                "env" => SecretSource::Env(map.next_value()?),
                "file" => SecretSource::File(map.next_value()?),
                "command" => {
                    SecretSource::Command { words: map.next_value()?, variables: Vec::new() }
                }
                "variables" => {
                    variables = Some(map.next_value()?);
                    continue;
                }
                _ => {
                    return Err(A::Error::custom(format!(
                        "{SECRET}a secret has no key `{key}`{HINT}{}",
                        Self::SOURCES
                    )));
                }
            };
            if source.replace(next).is_some() {
                return Err(A::Error::custom(format!(
                    "two sources for one secret{HINT}{}",
                    Self::SOURCES
                )));
            }
        }
        complete(source, variables).map_err(A::Error::custom)
    }
}

/// What the keys of a source add up to.
fn complete(
    source: Option<SecretSource>,
    passed: Option<Vec<String>>,
) -> Result<SecretSource, String> {
    match (source, passed) {
        (Some(SecretSource::Command { words, .. }), _)
            if words.first().is_none_or(String::is_empty) =>
        {
            Err("the command has no words".to_owned())
        }
        (Some(SecretSource::Command { words, .. }), passed) => {
            let variables = passed.unwrap_or_default();
            match variables.iter().find(|name| !is_variable(name)) {
                Some(odd) => Err(format!("no environment variable can be called `{odd}`")),
                None => Ok(SecretSource::Command { words, variables }),
            }
        }
        (_, Some(_)) => Err(format!(
            "`variables` are for a command{HINT}they are what it may see of the environment \
                beside PATH, HOME and the like"
        )),
        (Some(SecretSource::Env(name)), None) if !is_variable(&name) => {
            Err(format!("no environment variable can be called `{}`", plain::shown(&name)))
        }
        (Some(SecretSource::File(path)), None) if path.as_os_str().is_empty() => {
            Err("the file has no name".to_owned())
        }
        (Some(source), None) => Ok(source),
        (None, None) => Err(SecretSourceVisitor::SOURCES.to_owned()),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretSourceVisitor)
    }
}

/// A secret that was read.
#[derive(Debug, Clone)]
pub struct FetchedSecret {
    /// The secret.
    pub secret: SecretString,
    /// What nobody sees and may be a mistake, such as a blank at its end. It counts as part of the
    /// secret.
    pub odd: Option<String>,
    /// The mode of its file lets every user of the machine read it.
    pub open_to_all: bool,
}

/// Why a secret could not be had. The message never contains what was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {reason}")]
pub struct SecretError {
    source_name: String,
    reason: String,
}

impl SecretSource {
    /// The source of one user's secret: the place of the user in a path or an argument is filled.
    /// `None` if the user's name could be read as an option there.
    #[must_use]
    pub fn of_user(&self, user: &str) -> Option<Self> {
        const PLACE: &str = "{userPrincipalName}";
        let filled = |text: &str| text.replace(PLACE, user);
        match self {
            Self::File(path) => match path.to_str() {
                Some(text) => Some(Self::File(filled(text).into())),
                None => Some(self.clone()),
            },
            Self::Command { words, variables } => {
                let is_option = user.starts_with('-') && words.iter().any(|w| w.starts_with(PLACE));
                let words = words.iter().map(|word| filled(word)).collect();
                (!is_option).then(|| Self::Command { words, variables: variables.clone() })
            }
            Self::Env(_) | Self::Rehearsal(_) => Some(self.clone()),
        }
    }

    /// Reads a secret of one line now. A file or command is asked again each time, so a
    /// rotated secret is found.
    pub async fn read(&self) -> Result<FetchedSecret, SecretError> {
        self.fetched(plain::line).await
    }

    /// Reads a secret that may have many lines, such as JSON.
    pub async fn read_document(&self) -> Result<FetchedSecret, SecretError> {
        self.fetched(plain::document).await
    }

    async fn fetched(
        &self,
        text: impl Fn(Vec<u8>) -> Result<plain::SecretText, String>,
    ) -> Result<FetchedSecret, SecretError> {
        let mut open_to_all = false;
        let bytes = match self {
            Self::Env(name) => fetch::variable(name).map_err(|why| self.error(why))?,
            Self::File(path) => {
                let read = fetch::file(path).await.map_err(|why| self.error(why))?;
                open_to_all = read.open_to_all;
                read.bytes
            }
            Self::Command { words, variables } => {
                fetch::command(words, variables).await.map_err(|why| self.error(why))?
            }
            Self::Rehearsal(word) => word.clone().into_bytes(),
        };
        let plain::SecretText { secret, odd } = text(bytes).map_err(|why| self.error(why))?;
        Ok(FetchedSecret { secret, odd, open_to_all })
    }

    /// What tells that a source may give something else than it did: nothing is known of commands.
    pub async fn stamp(&self) -> Option<String> {
        match self {
            Self::File(path) => fetch::stamp(path).await,
            Self::Env(_) | Self::Command { .. } | Self::Rehearsal(_) => None,
        }
    }

    fn error(&self, reason: impl fmt::Display) -> SecretError {
        SecretError { source_name: self.to_string(), reason: reason.to_string() }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {}", plain::shown(name)),
            Self::File(path) => write!(f, "file {}", plain::shown(&path.display().to_string())),
            // Arguments can hold secrets; the program's name cannot.
            Self::Command { words, .. } => {
                write!(f, "command {}", plain::shown(words.first().map_or("", String::as_str)))
            }
            Self::Rehearsal(_) => f.write_str("the sandbox"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has one `answer` for every type and a second one for those that can be printed or written,
    /// so asking compiles only for types that cannot.
    trait Silent<Marker> {
        fn answer() {}
    }
    struct Printed;
    struct Serialized;
    impl<T: ?Sized> Silent<()> for T {}
    impl<T: ?Sized + fmt::Display> Silent<Printed> for T {}
    impl<T: ?Sized + serde::Serialize> Silent<Serialized> for T {}

    #[test]
    fn a_secret_can_be_neither_printed_nor_written() {
        <SecretString as Silent<_>>::answer();
        let secret: SecretString = "hunter2".to_owned().into();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
