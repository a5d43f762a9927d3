//! Lines of a text, and places in them.

use std::ops::Range;

use saphyr_parser::Span;

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPlace {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The bytes that are meant.
    pub bytes: Range<usize>,
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
    pub(super) fn place(&mut self, span: Span) -> TextPlace {
        let Span { start, end } = span;
        let line = start.line().saturating_sub(1);
        // The parser counts a line behind the last one where a value is missing at the end.
        if line >= self.starts.len() {
            return place_at(self.text, self.text.len());
        }
        let from = self.byte_of(line, start.col());
        let to = if end.line() == start.line() && end.col() > start.col() {
            self.byte_of(line, end.col())
        } else {
            let Range { start, end } = self.line(line);
            start + self.text.get(start..end).map_or(0, |line| line.trim_end().len())
        };
        TextPlace { line: start.line(), column: start.col() + 1, bytes: from..to.max(from) }
    }
}

/// The place of the character at a byte.
pub(super) fn place_at(text: &str, byte: usize) -> TextPlace {
    let byte =
        (0..=byte.min(text.len())).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
    let lines = Lines::new(text);
    let number = lines.starts.partition_point(|start| *start <= byte).saturating_sub(1);
    let Range { start, end } = lines.line(number);
    let byte = byte.min(end);
    let column = text.get(start..byte).map_or(0, |before| before.chars().count());
    let width = text.get(byte..end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    TextPlace { line: number + 1, column: column + 1, bytes: byte..byte + width }
}

/// The place of the character at a line and column, both from 1.
#[must_use]
pub fn place_of(text: &str, line: usize, column: usize) -> TextPlace {
    let byte = Lines::new(text).byte_of(line.saturating_sub(1), column.saturating_sub(1));
    place_at(text, byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use saphyr_parser::Marker;

    #[test]
    fn a_place_behind_the_last_line_is_the_end_of_the_text() {
        let text = "? aa\n? \n? ";
        let behind = Marker::new(10, 4, 0);
        let place = Lines::new(text).place(Span::new(behind, behind));
        assert_eq!(place, TextPlace { line: 3, column: 3, bytes: 10..10 });
    }
}
