//! The lines of a text that say something, one after the other.

/// A line of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocumentLine<'t> {
    /// From 1.
    pub(super) number: u32,
    /// From 0: by how many spaces it is indented.
    pub(super) column: usize,
    /// What is there, without the indentation.
    pub(super) text: &'t str,
}

impl<'t> DocumentLine<'t> {
    /// What follows the dash of an element, if this is one.
    pub(super) fn element(&self) -> Option<&'t str> {
        let rest = self.text.strip_prefix('-')?;
        (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
    }
}

/// A walk over the lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Where the line at hand begins, and where the next one does.
    begin: usize,
    next: usize,
    number: u32,
    /// The mark between documents that was come to.
    marker: Option<&'t str>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, begin: 0, next: 0, number: 0, marker: None }
    }

    /// The byte that the line at hand begins with: at the end of a document the mark, or the end of
    /// the text.
    pub(super) fn begins(&self) -> usize {
        self.begin
    }

    /// The byte that the next line begins with.
    pub(super) fn next_begins(&self) -> usize {
        self.next
    }

    /// The mark at which the document ended; none at the end of the text.
    pub(super) fn marker(&self) -> Option<&'t str> {
        self.marker
    }

    /// The next line of this document that says something. Nothing at its end.
    pub(super) fn next(&mut self) -> Option<DocumentLine<'t>> {
        loop {
            let line = self.next_any()?;
            let text = line.trim_start_matches(' ');
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return Some(DocumentLine {
                number: self.number,
                column: line.len() - text.len(),
                text,
            });
        }
    }

    /// The next line of this document, whatever it says.
    fn next_any(&mut self) -> Option<&'t str> {
        self.begin = self.next;
        self.marker = None;
        let rest = self.text.get(self.next..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let length = end.map_or(rest.len(), |end| end + 1);
        let line = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.next += length;
        self.number = self.number.saturating_add(1);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if is_marker(line) {
            self.marker = Some(line);
            return None;
        }
        Some(line)
    }

    /// Goes back to a place in this document.
    pub(super) fn back(&mut self, place: usize) {
        let passed = self.text.get(place..self.next).unwrap_or("");
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        let last = usize::from(!passed.is_empty() && !passed.ends_with('\n'));
        self.number = self.number.saturating_sub(u32::try_from(lines + last).unwrap_or(u32::MAX));
        self.next = place;
    }

    /// On to the end of this document, which nobody has read. False if only a full reader knows
    /// where that is.
    pub(super) fn skip(&mut self) -> bool {
        while let Some(line) = self.next_any() {
            if line.starts_with("...") || line.starts_with('%') {
                return false;
            }
        }
        true
    }
}

/// Whether a line begins a document.
fn is_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
}

/// Whether the line that begins the document holds nothing of it.
pub(super) fn is_plain_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---").unwrap_or(line);
    let text = rest.trim_start_matches(' ');
    text.is_empty() || (text.starts_with('#') && text.len() < rest.len())
}
