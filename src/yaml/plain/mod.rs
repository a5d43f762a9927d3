//! YAML as almost everybody writes it, read in one pass and without a tree: block lists and
//! mappings, one key a line, values of one line.
//!
//! ```text
//! text --plainly--> documents --Deserializer, with the line at hand--> the caller's types
//!                   the others, in a text of their own ------> the full reader
//! ```
//!
//! The grammar is so small that no two readers understand it differently. Whatever is written in
//! another way, and whatever does not fit the caller's types, is left to the full reader
//! ([`super::documents`]), document by document: this one never tells anybody what is wrong. An
//! element of a list that does not fit can be asked for once more, as a value.
//!
//! **Invariant:** what is read here is what [`super::documents`] makes of it. The text must have
//! passed [`super::unreadable`].

mod block;
mod flow;
mod lines;
mod reader;
mod scalar;
#[cfg(test)]
pub(crate) mod tests;

use std::{cell::Cell, fmt, ops::Range, rc::Rc};

use serde::de::{self, Deserializer, Visitor};

use self::{block::mapping, lines::is_plain_marker, reader::PlainReader};
use super::agree::{MAX_VALUES, may_be_too_much};

/// A document is not plain, or not what its reader wants: the full reader is to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPlain;

impl fmt::Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is for the full reader")
    }
}

impl std::error::Error for NotPlain {}

impl de::Error for NotPlain {
    // The full reader words what is wrong.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The documents of a text, as far as they are plain.
#[derive(Debug, PartialEq, Eq)]
pub struct PlainDocuments<T> {
    /// All documents in their order.
    pub documents: Vec<Document<T>>,
    /// The text for the full reader, if it has documents to read: those that were read are blank
    /// there (null), and all others are at their places.
    pub rest: Option<String>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub enum Document<T> {
    /// It says nothing.
    Null,
    /// It was read.
    Read(T),
    /// The full reader is to read it.
    Full,
}

/// The line at hand: the reader of an element of a list finds there where it begins.
#[derive(Debug, Clone, Default)]
pub struct CurrentLine(Rc<Cell<u32>>);

impl CurrentLine {
    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.get()
    }
}

/// A mapping on its way to the types of the caller: a document, or an element of a list.
#[derive(Debug)]
pub struct PlainMapping<'r, 't> {
    reader: &'r mut PlainReader<'t>,
    column: usize,
}

impl PlainMapping<'_, '_> {
    /// The line at hand, while this is read.
    #[must_use]
    pub fn here(&self) -> CurrentLine {
        self.reader.here.clone()
    }
}

impl<'t> Deserializer<'t> for PlainMapping<'_, 't> {
    type Error = NotPlain;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        mapping(self.reader, self.column, visitor)
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'t>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

/// Reads all documents that are plain with `read`. Nothing, if none of them is, or if only the full
/// reader can tell them apart.
pub fn plainly<'t, T>(
    text: &'t str,
    mut read: impl FnMut(PlainMapping<'_, 't>) -> Result<T, NotPlain>,
) -> Option<PlainDocuments<T>> {
    let mut reader = PlainReader::new(text);
    let mut documents = Vec::new();
    let mut blank = Vec::new();
    loop {
        let marker = reader.lines.marker();
        let begin = reader.lines.next_begins();
        let values = reader.values;
        reader.start();
        let first = reader.lines.begins();
        let document = if marker.is_some_and(|marker| !is_plain_marker(marker)) {
            Document::Full
        } else if reader.line.is_none() {
            Document::Null
        } else {
            match read(PlainMapping { reader: &mut reader, column: 0 }) {
                Ok(value) if reader.line.is_none() => Document::Read(value),
                _ => Document::Full,
            }
        };
        match &document {
            Document::Null => {}
            Document::Read(_) => blank.push((begin..reader.lines.begins(), first)),
            Document::Full => {
                reader.values = values;
                reader.skip(begin)?;
            }
        }
        // Comments before the first mark are not a document.
        if marker.is_some() || !matches!(document, Document::Null) {
            documents.push(document);
        }
        if reader.lines.marker().is_none() {
            break;
        }
    }
    let left = documents.iter().any(|document| matches!(document, Document::Full));
    // Only the full reader counts the values of all documents.
    let too_many = left || reader.values + documents.len() > MAX_VALUES;
    if blank.is_empty() || (too_many && may_be_too_much(text)) {
        return None;
    }
    Some(PlainDocuments { documents, rest: left.then(|| without(text, &blank)) })
}

/// The text with null in the place of these documents, byte for byte: what is left keeps its place.
fn without(text: &str, blank: &[(Range<usize>, usize)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (document, first) in blank {
        let document = bytes.get_mut(document.clone()).unwrap_or_default();
        document.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        bytes.get_mut(*first).into_iter().for_each(|byte| *byte = b'~');
    }
    String::from_utf8(bytes).unwrap_or_default()
}
