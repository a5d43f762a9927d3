//! Where things are in a text: a second look with a parser that keeps marks.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::{ControlFlow, Range},
};

use saphyr_parser::{Event, Parser, Span};

use super::{At, Path, Segment};

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The bytes that are meant.
    pub bytes: Range<usize>,
}

/// Key and value at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The key, unless the path ends in a list element or at the root.
    key: Option<Place>,
    /// The value; of a list or mapping, only its first line.
    value: Place,
}

impl Spot {
    /// What to point at.
    #[must_use]
    pub fn place(&self, at: At) -> &Place {
        match (at, &self.key) {
            (At::Key | At::Hidden, Some(key)) => key,
            _ => &self.value,
        }
    }
}

/// One step of the way to the event at hand.
#[derive(Debug, Clone)]
enum Frame<'t> {
    List(usize),
    Mapping(Option<(Cow<'t, str>, Span)>),
}

/// The places of paths in one text.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<Path, Spot>);

impl Places {
    /// What to point at. What is not there, such as a key behind an alias, is shown at what leads
    /// to it.
    #[must_use]
    pub fn get(&self, path: &Path, at: At) -> Option<&Place> {
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
    let above = |path: &Path| {
        let Path { document, segments } = path.clone();
        (0..segments.len()).map(move |length| Path {
            document,
            segments: segments.iter().take(length).cloned().collect(),
        })
    };
    let mut left: BTreeSet<Path> =
        wanted.iter().flat_map(above).chain(wanted.iter().cloned()).collect();
    let mut ways: BTreeMap<usize, Way> = BTreeMap::new();
    for path in wanted {
        ways.entry(path.document).or_default().add(&path.segments);
    }
    let mut found = BTreeMap::new();
    let mut lines = Lines::new(text);
    walk(text, |document, frames, span| {
        if ways.get(&document).is_some_and(|way| way.goes_along(frames)) {
            let path = path_of(document, frames);
            if left.remove(&path) {
                let key = match frames.last() {
                    Some(Frame::Mapping(Some((_, key)))) => Some(lines.place(*key)),
                    _ => None,
                };
                let value = lines.place(span);
                found.insert(path, Spot { key, value });
            }
        }
        if left.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Places(found)
}

/// Where wanted paths lead on to from one value: most values of a large text are on none of them.
#[derive(Debug, Default)]
struct Way {
    keys: BTreeMap<String, Way>,
    elements: BTreeMap<usize, Way>,
}

impl Way {
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
        let [
            Frame::Mapping(Some((first, _))),
            Frame::Mapping(Some((second, _))),
            Frame::List(index),
        ] = frames
        else {
            return ControlFlow::Continue(());
        };
        if [first.as_ref(), second.as_ref()] == keys {
            lines.resize_with(lines.len().max(document + 1), Vec::new);
            if let Some(of_document) = lines.get_mut(document) {
                // The first of two keys that differ only in what this parser passes over, such as a
                // tag, gives the lines.
                if of_document.len() == *index {
                    of_document.push(u32::try_from(span.start.line()).unwrap_or(u32::MAX));
                }
            }
        }
        ControlFlow::Continue(())
    });
    lines
}

/// Keys that appear twice in one mapping, so many at most: the key, its first place and the other
/// one.
#[must_use]
pub fn duplicate_keys(text: &str, most: usize) -> Vec<(String, Place, Place)> {
    // The keys of each mapping that is open.
    let mut open: Vec<BTreeMap<String, Span>> = Vec::new();
    let mut twice = Vec::new();
    let mut below: Option<Path> = None;
    let mut lines = Lines::new(text);
    walk(text, |document, frames, _| {
        open.resize_with(frames.len(), BTreeMap::new);
        let (Some(Frame::Mapping(Some((key, span)))), Some(keys)) =
            (frames.last(), open.last_mut())
        else {
            return ControlFlow::Continue(());
        };
        // What is below the second of two equal keys is not twice there.
        if let Some(second) = &below {
            let path = path_of(document, frames);
            let is_below =
                second.document == document && path.segments.starts_with(&second.segments);
            if is_below && path != *second {
                return ControlFlow::Continue(());
            }
            if !is_below {
                below = None;
            }
        }
        if let Some(first) = keys.insert(key.to_string(), *span) {
            below = Some(path_of(document, frames));
            twice.push((key.to_string(), lines.place(first), lines.place(*span)));
        }
        if twice.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    twice
}

/// Calls `visit` for each value with the way to it, until it asks for no more. Ends silently where
/// the text is not YAML: the other parser reports that.
fn walk<'t>(text: &'t str, mut visit: impl FnMut(usize, &[Frame<'t>], Span) -> ControlFlow<()>) {
    let mut frames: Vec<Frame<'t>> = Vec::new();
    let mut document = 0;
    let mut inside_key = 0_usize;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return };
        if inside_key > 0 {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => inside_key += 1,
                Event::SequenceEnd | Event::MappingEnd => inside_key -= 1,
                _ => {}
            }
            continue;
        }
        match event {
            Event::DocumentEnd => document += 1,
            Event::Scalar(scalar, ..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((scalar, span));
                } else {
                    if visit(document, &frames, span).is_break() {
                        return;
                    }
                    advance(&mut frames);
                }
            }
            Event::Alias(_) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("*"), span));
                } else {
                    if visit(document, &frames, span).is_break() {
                        return;
                    }
                    advance(&mut frames);
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("?"), span));
                    inside_key = 1;
                    continue;
                }
                if visit(document, &frames, Span::new(span.start, span.start)).is_break() {
                    return;
                }
                frames.push(if matches!(event, Event::MappingStart(..)) {
                    Frame::Mapping(None)
                } else {
                    Frame::List(0)
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                frames.pop();
                advance(&mut frames);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
}

/// A value has ended: on to the next element or key.
fn advance(frames: &mut [Frame<'_>]) {
    match frames.last_mut() {
        Some(Frame::List(index)) => *index += 1,
        Some(Frame::Mapping(key)) => *key = None,
        None => {}
    }
}

fn path_of(document: usize, frames: &[Frame<'_>]) -> Path {
    let segments = frames.iter().map(|frame| match frame {
        Frame::List(index) => Segment::Index(*index),
        Frame::Mapping(key) => {
            Segment::Key(key.as_ref().map(|(key, _)| key.to_string()).unwrap_or_default())
        }
    });
    Path { document, segments: segments.collect() }
}

/// The lines of a text, so one of many problems does not cost a walk over all of it.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// Line, character and byte that were asked for last: a text can be one line.
    last: (usize, usize, usize),
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts, last: (0, 0, 0) }
    }

    /// A line from 0, without its break.
    fn line(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        start
            ..start
                + self
                    .text
                    .get(start..end)
                    .map_or(0, |line| line.trim_end_matches(['\r', '\n']).len())
    }

    fn byte_of(&mut self, line: usize, column: usize) -> usize {
        let Range { start, end } = self.line(line);
        let (from_column, from) = match self.last {
            (last, last_column, byte) if last == line && last_column <= column && byte >= start => {
                (last_column, byte)
            }
            _ => (0, start),
        };
        let rest = self.text.get(from..end).unwrap_or("");
        let byte =
            rest.char_indices().nth(column - from_column).map_or(end, |(byte, _)| from + byte);
        if byte < end {
            self.last = (line, column, byte);
        }
        byte
    }

    /// From marks, which count characters, to bytes. An empty or longer span is cut to what is
    /// on its first line.
    pub(super) fn place(&mut self, span: Span) -> Place {
        let Span { start, end } = span;
        let line = start.line().saturating_sub(1);
        let from = self.byte_of(line, start.col());
        let to = if end.line() == start.line() && end.col() > start.col() {
            self.byte_of(line, end.col())
        } else {
            let Range { start, end } = self.line(line);
            start + self.text.get(start..end).map_or(0, |line| line.trim_end().len())
        };
        Place { line: start.line(), column: start.col() + 1, bytes: from..to.max(from) }
    }
}

/// The place of the character at a byte.
pub(super) fn place_at(text: &str, byte: usize) -> Place {
    let byte =
        (0..=byte.min(text.len())).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
    let lines = Lines::new(text);
    let number = lines.starts.partition_point(|start| *start <= byte).saturating_sub(1);
    let Range { start, end } = lines.line(number);
    let byte = byte.min(end);
    let column = text.get(start..byte).map_or(0, |before| before.chars().count());
    let width = text.get(byte..end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Place { line: number + 1, column: column + 1, bytes: byte..byte + width }
}

/// The place of the character at a line and column, both from 1.
#[must_use]
pub fn place_of(text: &str, line: usize, column: usize) -> Place {
    let byte = Lines::new(text).byte_of(line.saturating_sub(1), column.saturating_sub(1));
    place_at(text, byte)
}

/// The first alias (`*name`) of a text.
pub(super) fn first_alias(text: &str) -> Option<Place> {
    let events = Parser::new_from_str(text).map_while(Result::ok);
    let alias = events.into_iter().find(|(event, _)| matches!(event, Event::Alias(_)));
    alias.map(|(_, span)| Lines::new(text).place(span))
}

#[cfg(test)]
mod tests;
