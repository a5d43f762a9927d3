//! Reading YAML in a way that a person learns everything that is wrong at once, each at its place.
//!
//! ```text
//! text --documents--> [Value] --decode::<T>--> T, [Mismatch]   serde_yaml; knows no places
//! text --places-----> path -> line, column                    a second look with a parser that
//! keeps marks
//!                                  Mismatch + place = Diagnostic --render--> underlined source
//! ```
//!
//! Almost every document is written so plainly that [`plain`] reads it in one pass; what it leaves,
//! and every mistake, goes the way above.
//!
//! Manifests and the configuration file both come through here. The second look is needed for the
//! line of each user and for every problem; it never decides what a document means.
//!
//! **Invariant:** pure; nothing of the crate is known here, and no input makes it panic or run away
//! (see [`MAX_BYTES`]).

mod agree;
mod decode;
mod diagnostic;
mod lines;
mod places;
pub mod plain;
mod readable;
mod source;
mod syntax;
mod twice;
mod unseen;
mod walk;
mod with;
mod words;
mod wrong;

use serde::Deserialize;
use serde_yaml::Value;

pub use agree::{DISAGREE, disagreement, plainer};
pub use decode::{decode, decode_strictly};
pub use diagnostic::{Diagnostic, Label, render, render_warning};
pub use lines::{TextPlace, place_of};
pub use places::{KeyValuePlace, Places, item_lines, locate};
pub use readable::{AmbiguousPlace, unreadable, without_marks};
pub use source::{as_written, in_source};
pub use syntax::{SyntaxError, SyntaxKind};
pub use twice::duplicate_keys;
pub use unseen::{UnseenCharacter, character, ends_a_line};
pub use with::{some, text, word};
pub use words::SECRET;
pub use wrong::{At, HINT, Mismatch, MismatchKind, missing};

/// The largest text that is read: a tenant of 100,000 users takes about 15 MiB, and no person edits
/// more than this.
pub const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// The value of a key of a mapping.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// Where something is: which document of the text, and the way into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The document, from 0.
    pub document: usize,
    /// The way from its root.
    pub segments: Vec<Segment>,
}

impl Path {
    /// The root of a document.
    #[must_use]
    pub fn root(document: usize) -> Self {
        Self { document, segments: Vec::new() }
    }

    /// The value of a key below this.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Segment::Key(key.to_owned()))
    }

    /// An element of the list at this.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Segment::Index(index))
    }

    /// One step further.
    #[must_use]
    pub fn then(&self, segment: Segment) -> Self {
        let mut segments = self.segments.clone();
        segments.push(segment);
        Self { document: self.document, segments }
    }
}

/// Reads all documents of a text. An empty document is kept as null, so documents keep their
/// numbers.
pub fn documents(text: &str) -> Result<Vec<Value>, SyntaxError> {
    let mut documents = Vec::new();
    if agree::is_too_much(text) {
        return Err(SyntaxError::too_many(text, agree::MAX_VALUES));
    }
    for document in serde_yaml::Deserializer::from_str(text) {
        // The iterator yields the same error for ever: the first one must end the loop.
        documents
            .push(Value::deserialize(document).map_err(|error| SyntaxError::of(text, &error))?);
    }
    Ok(documents)
}

/// Whether a text holds nothing but blanks, comments and marks of documents.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.split(['\n', '\r']).all(is_blank_line)
}

fn is_blank_line(line: &str) -> bool {
    let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let rest =
        line.strip_prefix("---").or_else(|| line.strip_prefix("...")).unwrap_or(line).trim_start();
    rest.is_empty() || rest.starts_with('#') || line.starts_with('%')
}
