//! Where a reader of a document is: its line, and the mappings and lists that are open.

use super::{
    CurrentLine, NotPlain,
    lines::{DocumentLine, Lines},
};

/// Levels of a document, at most; the full reader goes deeper.
const MAX_DEPTH: usize = 16;

/// Keys of one mapping, at most: each is compared with all before it.
const MAX_KEYS: usize = 64;

/// A document on its way.
#[derive(Debug)]
pub(super) struct PlainReader<'t> {
    pub(super) lines: Lines<'t>,
    /// The line at hand; none at the end of the document.
    pub(super) line: Option<DocumentLine<'t>>,
    /// Its number, for the reader.
    pub(super) here: CurrentLine,
    /// Keys and values of all documents so far, lists and mappings among them.
    pub(super) values: usize,
    /// The keys of all mappings that are open.
    keys: Vec<&'t str>,
    depth: usize,
}

/// A place to which a reader can go back.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReaderPosition<'t> {
    lines: Lines<'t>,
    line: Option<DocumentLine<'t>>,
    values: usize,
    keys: usize,
    depth: usize,
}

impl<'t> PlainReader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            lines: Lines::new(text),
            line: None,
            here: CurrentLine::default(),
            values: 0,
            keys: Vec::new(),
            depth: 0,
        }
    }

    /// Begins a document at its first line.
    pub(super) fn start(&mut self) {
        self.keys.clear();
        self.depth = 0;
        self.advance();
    }

    /// On to the end of a document that begins at this byte and is not read here. Nothing, if only
    /// the full reader knows where it ends.
    pub(super) fn skip(&mut self, begin: usize) -> Option<()> {
        self.line = None;
        self.lines.back(begin);
        self.lines.skip().then_some(())
    }

    /// On to the next line of the document that says something.
    pub(super) fn advance(&mut self) {
        self.line = self.lines.next();
        if let Some(line) = &self.line {
            self.here.0.set(line.number);
        }
    }

    /// Where it is now.
    pub(super) fn place(&self) -> ReaderPosition<'t> {
        let Self { lines, line, values, keys, depth, .. } = self;
        ReaderPosition {
            lines: *lines,
            line: *line,
            values: *values,
            keys: keys.len(),
            depth: *depth,
        }
    }

    /// Goes back to a place, as if nothing had been read since.
    pub(super) fn go_back(&mut self, place: &ReaderPosition<'t>) {
        self.lines = place.lines;
        self.line = place.line;
        self.values = place.values;
        self.keys.truncate(place.keys);
        self.depth = place.depth;
        if let Some(line) = &self.line {
            self.here.0.set(line.number);
        }
    }

    /// A mapping or list begins.
    pub(super) fn open(&mut self) -> Result<(), NotPlain> {
        self.values += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(NotPlain) } else { Ok(()) }
    }

    /// It has been read to its end.
    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// What `visit` makes of a mapping or list; it must read all of it.
    pub(super) fn whole<T>(
        &mut self,
        visit: impl FnOnce(&mut Self, usize) -> Result<T, NotPlain>,
    ) -> Result<T, NotPlain> {
        let depth = self.depth;
        let keys = self.keys.len();
        self.open()?;
        let value = visit(self, keys)?;
        self.keys.truncate(keys);
        if self.depth == depth { Ok(value) } else { Err(NotPlain) }
    }

    /// A key of the mapping whose keys begin there. None appears twice.
    pub(super) fn key(&mut self, from: usize, key: &'t str) -> Result<(), NotPlain> {
        let others = self.keys.get(from..).unwrap_or_default();
        if others.len() >= MAX_KEYS || others.contains(&key) {
            return Err(NotPlain);
        }
        self.keys.push(key);
        self.values += 1;
        Ok(())
    }
}
