//! A mistake in a value: where it is, what kind it is, and what to do.

use super::Path;

/// What is between a message and its advice, where both are one text.
pub const HINT: &str = "\nhint: ";

/// Something that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where.
    pub path: Path,
    /// Whether the key or its value is wrong.
    pub at: At,
    /// What kind of mistake it is, where something else depends on it.
    pub kind: MismatchKind,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What of a path is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The key that leads there.
    Key,
    /// The value.
    Value,
    /// The key; its value is a secret, and is not shown.
    Hidden,
}

/// The mistakes that something else depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MismatchKind {
    /// This key must be there and is not.
    Missing(String),
    /// It is `null`.
    Null,
    /// Anything else.
    Other,
}

impl Mismatch {
    /// A wrong value.
    #[must_use]
    pub fn value(path: Path, message: impl Into<String>) -> Self {
        let kind = MismatchKind::Other;
        Self { path, at: At::Value, kind, message: message.into(), hint: None }
    }

    /// A wrong value, in words that bring their advice behind [`HINT`].
    #[must_use]
    pub fn told(path: Path, words: &str) -> Self {
        let (message, hint) = words
            .split_once(HINT)
            .map_or((words, None), |(message, hint)| (message, Some(hint.to_owned())));
        Self { hint, ..Self::value(path, message) }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A key that must be there and is not.
#[must_use]
pub fn missing(parent: &Path, key: &str, hint: &str) -> Mismatch {
    Mismatch {
        path: parent.clone(),
        at: At::Key,
        kind: MismatchKind::Missing(key.to_owned()),
        message: format!("`{key}` is missing"),
        hint: Some(hint.to_owned()),
    }
}
