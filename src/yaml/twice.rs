//! Keys that appear twice in one mapping: the reader of values takes the last one in silence.

use std::{collections::BTreeMap, ops::ControlFlow};

use saphyr_parser::Span;

use super::{
    Path,
    lines::{Lines, TextPlace},
    walk::{Frame, path_of, walk},
};

/// Keys that appear twice in one mapping, so many at most: the key, its first place and the other
/// one.
#[must_use]
pub fn duplicate_keys(text: &str, most: usize) -> Vec<(String, TextPlace, TextPlace)> {
    let mut search =
        Search { open: Vec::new(), below: None, lines: Lines::new(text), twice: Vec::new() };
    walk(text, |document, frames, _| {
        search.look(document, frames);
        if search.twice.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    search.twice
}

/// What was seen on the way.
struct Search<'t> {
    /// The keys of each mapping that is open.
    open: Vec<BTreeMap<String, Span>>,
    /// The second of two equal keys: what is below it does not appear twice there.
    below: Option<Path>,
    lines: Lines<'t>,
    twice: Vec<(String, TextPlace, TextPlace)>,
}

impl Search<'_> {
    fn look(&mut self, document: usize, frames: &[Frame<'_>]) {
        self.open.resize_with(frames.len(), BTreeMap::new);
        let Some(Frame::Mapping(Some((key, span)))) = frames.last() else { return };
        if self.is_below_a_second_key(document, frames) {
            return;
        }
        let Some(keys) = self.open.last_mut() else { return };
        if let Some(first) = keys.insert(key.to_string(), *span) {
            self.below = Some(path_of(document, frames));
            let [first, second] = [first, *span].map(|span| self.lines.place(span));
            self.twice.push((key.to_string(), first, second));
        }
    }

    fn is_below_a_second_key(&mut self, document: usize, frames: &[Frame<'_>]) -> bool {
        let Some(second) = &self.below else { return false };
        let path = path_of(document, frames);
        let is_below = second.document == document && path.segments.starts_with(&second.segments);
        let is_it = path == *second;
        if !is_below {
            self.below = None;
        }
        is_below && !is_it
    }
}
