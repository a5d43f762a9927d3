//! Where things are in a text: a second look with a parser that keeps marks.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use saphyr_parser::{Event, Parser, Span};

use super::{
    At, Path, Segment,
    lines::{Lines, TextPlace},
    walk::{Frame, path_of, walk},
};

/// Key and value at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValuePlace {
    /// The key, unless the path ends in a list element or at the root.
    key: Option<TextPlace>,
    /// The value; of a list or mapping, only its first line.
    value: TextPlace,
}

impl KeyValuePlace {
    /// What to point at.
    #[must_use]
    pub fn place(&self, at: At) -> &TextPlace {
        match (at, &self.key) {
            (At::Key | At::Hidden, Some(key)) => key,
            _ => &self.value,
        }
    }
}

/// The places of paths in one text.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<Path, KeyValuePlace>);

impl Places {
    /// What to point at. What is not there, such as a key behind an alias, is shown at what leads
    /// to it.
    #[must_use]
    pub fn get(&self, path: &Path, at: At) -> Option<&TextPlace> {
        if let Some(spot) = self.0.get(path) {
            return Some(spot.place(at));
        }
        (0..path.segments.len()).rev().find_map(|length| {
            let above =
                Path { document: path.document, segments: path.segments.get(..length)?.to_vec() };
            Some(self.0.get(&above)?.place(At::Key))
        })
    }

    /// The plain value at a path, as it is in `text`.
    #[must_use]
    pub fn source<'t>(&self, text: &'t str, path: &Path) -> Option<&'t str> {
        let source = text.get(self.0.get(path)?.value.bytes.clone())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '~');
        source.starts_with(plain).then_some(source)
    }

    /// `text` with the values at these paths made unreadable, byte for byte.
    #[must_use]
    pub fn masked<'p>(&self, text: &str, paths: impl Iterator<Item = &'p Path>) -> Option<String> {
        let mut masked: Option<Vec<u8>> = None;
        for range in paths.filter_map(|path| self.0.get(path)).map(|spot| spot.value.bytes.clone())
        {
            let bytes = masked.get_or_insert_with(|| text.as_bytes().to_vec());
            bytes.get_mut(range).unwrap_or_default().fill(b'*');
        }
        String::from_utf8(masked?).ok()
    }
}

/// Finds paths, and what leads to them.
#[must_use]
pub fn locate(text: &str, wanted: &BTreeSet<Path>) -> Places {
    let mut ways: BTreeMap<usize, PathTree> = BTreeMap::new();
    for path in wanted {
        ways.entry(path.document).or_default().add(&path.segments);
    }
    let left = wanted.iter().flat_map(leading_to).collect();
    let mut search = Search { ways, left, lines: Lines::new(text), found: BTreeMap::new() };
    walk(text, |document, frames, span| {
        search.look(document, frames, span);
        if search.left.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Places(search.found)
}

/// A path, and all those that lead to it.
fn leading_to(path: &Path) -> impl Iterator<Item = Path> + use<> {
    let Path { document, segments } = path.clone();
    (0..=segments.len()).map(move |length| Path {
        document,
        segments: segments.iter().take(length).cloned().collect(),
    })
}

/// A search for paths.
struct Search<'t> {
    ways: BTreeMap<usize, PathTree>,
    /// What is not found yet.
    left: BTreeSet<Path>,
    lines: Lines<'t>,
    found: BTreeMap<Path, KeyValuePlace>,
}

impl Search<'_> {
    fn look(&mut self, document: usize, frames: &[Frame<'_>], span: Span) {
        if !self.ways.get(&document).is_some_and(|way| way.goes_along(frames)) {
            return;
        }
        let path = path_of(document, frames);
        if self.left.remove(&path) {
            let key = match frames.last() {
                Some(Frame::Mapping(Some((_, key)))) => Some(self.lines.place(*key)),
                _ => None,
            };
            let value = self.lines.place(span);
            self.found.insert(path, KeyValuePlace { key, value });
        }
    }
}

/// Where wanted paths lead on to from one value: most values of a large text are on none of them.
#[derive(Debug, Default)]
struct PathTree {
    keys: BTreeMap<String, PathTree>,
    elements: BTreeMap<usize, PathTree>,
}

impl PathTree {
    fn add(&mut self, segments: &[Segment]) {
        let Some((first, rest)) = segments.split_first() else { return };
        let next = match first {
            Segment::Key(key) => self.keys.entry(key.clone()).or_default(),
            Segment::Index(index) => self.elements.entry(*index).or_default(),
        };
        next.add(rest);
    }

    fn next(&self, frame: &Frame<'_>) -> Option<&Self> {
        match frame {
            Frame::List(index) => self.elements.get(index),
            Frame::Mapping(Some((key, _))) => self.keys.get(key.as_ref()),
            Frame::Mapping(None) => None,
        }
    }

    fn goes_along(&self, frames: &[Frame<'_>]) -> bool {
        frames.iter().try_fold(self, Self::next).is_some()
    }
}

/// The line of each element of the list at `keys` in each document: `lines[document][element]`.
#[must_use]
pub fn item_lines(text: &str, keys: [&str; 2]) -> Vec<Vec<u32>> {
    let mut lines: Vec<Vec<u32>> = Vec::new();
    walk(text, |document, frames, span| {
        if let Some(index) = element_at(frames, keys) {
            note_line(&mut lines, document, index, span);
        }
        ControlFlow::Continue(())
    });
    lines
}

/// The place of an element in the list at `keys`, if that is where the frames lead.
fn element_at(frames: &[Frame<'_>], keys: [&str; 2]) -> Option<usize> {
    let [Frame::Mapping(Some((first, _))), Frame::Mapping(Some((second, _))), Frame::List(index)] =
        frames
    else {
        return None;
    };
    ([first.as_ref(), second.as_ref()] == keys).then_some(*index)
}

/// Notes the line of an element. The first of two keys that differ only in what this parser passes
/// over, such as a tag, gives the lines.
fn note_line(lines: &mut Vec<Vec<u32>>, document: usize, index: usize, span: Span) {
    lines.resize_with(lines.len().max(document + 1), Vec::new);
    if let Some(of_document) = lines.get_mut(document)
        && of_document.len() == index
    {
        of_document.push(u32::try_from(span.start.line()).unwrap_or(u32::MAX));
    }
}

/// The first alias (`*name`) of a text.
pub(super) fn first_alias(text: &str) -> Option<TextPlace> {
    let events = Parser::new_from_str(text).map_while(Result::ok);
    let alias = events.into_iter().find(|(event, _)| matches!(event, Event::Alias(_)));
    alias.map(|(_, span)| Lines::new(text).place(span))
}

#[cfg(test)]
mod tests;
