//! The text of a file. Most of them are let go once they are read: the file still has it.
//!
//! **Invariant:** a text that was let go is never taken for an empty one.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

/// The text of a file, or what is known of one that was let go.
#[derive(Clone)]
pub struct ManifestText {
    hash: [u8; 32],
    is_closed: bool,
    at_hand: Option<Arc<str>>,
}

impl ManifestText {
    /// The text, unless it was let go.
    #[must_use]
    pub fn at_hand(&self) -> Option<&Arc<str>> {
        self.at_hand.as_ref()
    }

    /// A hash of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Whether its last line ends in a line break: one that is still being written seldom does.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// What is known of it, without the text.
    #[must_use]
    pub fn let_go(&self) -> Self {
        Self { at_hand: None, ..*self }
    }
}

impl<T: Into<Arc<str>>> From<T> for ManifestText {
    fn from(text: T) -> Self {
        let text = text.into();
        let is_closed = text.is_empty() || text.ends_with('\n');
        Self { hash: Sha256::digest(text.as_bytes()).into(), is_closed, at_hand: Some(text) }
    }
}

impl PartialEq for ManifestText {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for ManifestText {}

impl fmt::Debug for ManifestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at_hand {
            Some(text) => fmt::Debug::fmt(text, f),
            None => f.write_str("(let go)"),
        }
    }
}
