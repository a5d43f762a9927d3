//! Where things stand in a text: a second look with a parser that keeps marks.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use saphyr_parser::{Event, Marker, Parser, Span};

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
            (At::Key, Some(key)) => key,
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

/// Finds paths. What is not there is not in the answer: an absent key is looked for at its parent by the caller.
#[must_use]
pub fn locate(text: &str, wanted: &BTreeSet<Path>) -> BTreeMap<Path, Spot> {
    let mut found = BTreeMap::new();
    let documents: BTreeSet<usize> = wanted.iter().map(|path| path.document).collect();
    walk(text, |document, frames, span| {
        if documents.contains(&document) {
            let path = path_of(document, frames);
            if wanted.contains(&path) {
                let key = match frames.last() {
                    Some(Frame::Mapping(Some((_, key)))) => Some(place(text, key.start, key.end)),
                    _ => None,
                };
                let value = place(text, span.start, span.end);
                found.entry(path).or_insert(Spot { key, value });
            }
        }
    });
    found
}

/// The line of each element of the list at `keys` in each document: `lines[document][element]`.
#[must_use]
pub fn item_lines(text: &str, keys: [&str; 2]) -> Vec<Vec<u32>> {
    let mut lines: Vec<Vec<u32>> = Vec::new();
    walk(text, |document, frames, span| {
        let [Frame::Mapping(Some((first, _))), Frame::Mapping(Some((second, _))), Frame::List(index)] = frames else { return };
        if [first.as_ref(), second.as_ref()] == keys {
            lines.resize_with(lines.len().max(document + 1), Vec::new);
            if let Some(of_document) = lines.get_mut(document) {
                debug_assert_eq!(of_document.len(), *index);
                of_document.push(u32::try_from(span.start.line()).unwrap_or(u32::MAX));
            }
        }
    });
    lines
}

/// Keys that stand twice in one mapping: the key, its first place and the other one.
#[must_use]
pub fn duplicate_keys(text: &str) -> Vec<(String, Place, Place)> {
    let mut seen: BTreeMap<Path, Span> = BTreeMap::new();
    let mut twice = Vec::new();
    walk(text, |document, frames, _| {
        if let Some(Frame::Mapping(Some((key, span)))) = frames.last() {
            if let Some(first) = seen.insert(path_of(document, frames), *span) {
                twice.push((key.to_string(), place(text, first.start, first.end), place(text, span.start, span.end)));
            }
        }
    });
    twice
}

/// Calls `visit` for each value with the way to it. Ends silently where the text is no YAML: the other parser reports that.
fn walk<'t>(text: &'t str, mut visit: impl FnMut(usize, &[Frame<'t>], Span)) {
    let mut frames: Vec<Frame<'t>> = Vec::new();
    let mut document = 0;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return };
        match event {
            Event::DocumentEnd => document += 1,
            Event::Scalar(scalar, ..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((scalar, span));
                } else {
                    visit(document, &frames, span);
                    advance(&mut frames);
                }
            }
            Event::Alias(_) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("*"), span));
                } else {
                    visit(document, &frames, span);
                    advance(&mut frames);
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("?"), span));
                } else {
                    visit(document, &frames, Span::new(span.start, span.start));
                }
                frames.push(if matches!(event, Event::MappingStart(..)) { Frame::Mapping(None) } else { Frame::List(0) });
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
        Frame::Mapping(key) => Segment::Key(key.as_ref().map(|(key, _)| key.to_string()).unwrap_or_default()),
    });
    Path { document, segments: segments.collect() }
}

/// From marks to bytes. Marks count characters; an empty or longer span is cut to what stands on its first line.
fn place(text: &str, start: Marker, end: Marker) -> Place {
    let line_start = text.split_inclusive('\n').take(start.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let line = text.get(line_start..).unwrap_or("").lines().next().unwrap_or("");
    let byte_of = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte);
    let from = byte_of(start.col());
    let to = if end.line() == start.line() && end.col() > start.col() { byte_of(end.col()) } else { line.trim_end().len() };
    Place { line: start.line(), column: start.col() + 1, bytes: line_start + from..line_start + to.max(from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "kind: A\n---\nspec:\n  users:\n    - ümlaut: [1, 2]\n      b: x\n    - b: {c: \"two words\"}\n";

    fn spot(path: &Path, at: At) -> (usize, usize, &'static str) {
        let found = locate(TEXT, &[path.clone()].into());
        let place = found[path].place(at).clone();
        (place.line, place.column, &TEXT[place.bytes])
    }

    #[test]
    fn keys_and_values_are_found_by_their_path() {
        let users = Path::root(1).key("spec").key("users");
        assert_eq!(spot(&users.index(0).key("b"), At::Value), (6, 10, "x"));
        assert_eq!(spot(&users.index(0).key("ümlaut").index(1), At::Value), (5, 20, "2"));
        assert_eq!(spot(&users.index(1).key("b").key("c"), At::Key), (7, 13, "c"));
        assert_eq!(spot(&users.index(1).key("b").key("c"), At::Value), (7, 16, "\"two words\""));
        assert_eq!(spot(&users, At::Key), (4, 3, "users"));
        assert_eq!(spot(&users.index(1), At::Value), (7, 7, "b: {c: \"two words\"}"));
    }

    #[test]
    fn elements_have_lines_and_double_keys_two_places() {
        assert_eq!(item_lines(TEXT, ["spec", "users"]), [vec![], vec![5, 7]]);
        let twice = duplicate_keys("a: 1\nb: {c: 1, c: 2}\na: 3\n");
        let lines: Vec<_> =
            twice.iter().map(|(key, first, other)| (key.as_str(), first.line, other.line, other.column)).collect();
        assert_eq!(lines, [("c", 2, 2, 11), ("a", 1, 3, 1)]);
    }
}
