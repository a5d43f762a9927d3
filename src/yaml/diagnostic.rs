//! Problems as people read them: place first, the source line underlined, advice on its own line.

use std::{ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::TextPlace;
use crate::foreign;

/// A problem of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong: one sentence, lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The file.
    pub file: Arc<str>,
    /// Where in it; absent if the file could not even be read.
    pub place: Option<TextPlace>,
    /// Other places that belong to the problem.
    pub labels: Vec<Label>,
    /// The text of the file, to show the line.
    pub text: Arc<str>,
}

/// Another place that belongs to a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its file.
    pub file: Arc<str>,
    /// The text of that file.
    pub text: Arc<str>,
    /// Where.
    pub place: TextPlace,
    /// What is there.
    pub message: String,
}

impl Diagnostic {
    /// A problem of a whole file, which no line of it shows.
    #[must_use]
    pub fn of_file(file: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            message: message.into(),
            hint,
            file: file.into(),
            place: None,
            labels: Vec::new(),
            text: "".into(),
        }
    }

    /// The order in which people read them: by file, then by line.
    #[must_use]
    pub fn order(&self) -> (&str, usize, usize, &str) {
        let (line, column) = self.position().unwrap_or((0, 0));
        (&self.file, line, column, &self.message)
    }

    /// Line and column, from 1.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }
}

/// The problem with its source line, in colour, ending in a line break. The printer strips
/// colours where they do not belong.
#[must_use]
pub fn render(diagnostic: &Diagnostic) -> String {
    render_as(diagnostic, Level::ERROR)
}

/// The same for what is odd and no problem.
#[must_use]
pub fn render_warning(diagnostic: &Diagnostic) -> String {
    render_as(diagnostic, Level::WARNING)
}

fn render_as(diagnostic: &Diagnostic, level: Level<'_>) -> String {
    let ShownFiles { parts, unshown, notes } = ShownFiles::of(diagnostic);
    let mut group = Group::with_title(level.primary_title(foreign::line(&diagnostic.message)));
    if let Some(origin) = unshown {
        group = group.element(origin);
    }
    for part in &parts {
        group = group.element(part.snippet());
    }
    for note in notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(foreign::line(hint)));
    }
    let mut text = Renderer::styled().render(&[group]);
    text.push('\n');
    text
}

/// Bytes between two places that are shown in one piece, at most: the lines between them are
/// copied, and left out when they are shown.
const NEAR: usize = 16 * 1024;

/// Bytes of one line before and behind a place that are looked through, at most.
const LONG: usize = 16 * 1024;

/// What of the files is shown with a problem. All of a large file would be copied and looked
/// through for each of its problems.
struct ShownFiles<'d> {
    /// The lines, the problem's own first.
    parts: Vec<Excerpt<'d>>,
    /// The place of a problem whose line is not shown.
    unshown: Option<Origin<'d>>,
    /// Other places whose lines are not shown.
    notes: Vec<String>,
}

impl<'d> ShownFiles<'d> {
    fn of(diagnostic: &'d Diagnostic) -> Self {
        let Diagnostic { file, text, labels, .. } = diagnostic;
        let mut shown = Self { parts: Vec::new(), unshown: None, notes: Vec::new() };
        let place = diagnostic.place.as_ref();
        let mut here: Vec<Mark> =
            place.filter(|place| can_show(text, place)).map(Mark::of_problem).into_iter().collect();
        let is_shown = !here.is_empty();
        if !is_shown {
            let origin = Origin::path(foreign::line(file));
            shown.unshown = Some(match place {
                Some(place) => origin.line(place.line).char_column(place.column),
                None => origin,
            });
        }
        for label in labels {
            let is_near =
                |place: &TextPlace| place.bytes.start.abs_diff(label.place.bytes.start) <= NEAR;
            if !is_shown || !can_show(&label.text, &label.place) {
                shown.notes.push(label.in_words());
            } else if label.file == *file && place.is_some_and(is_near) {
                here.push(Mark::of_label(label));
            } else {
                shown.parts.push(Excerpt::of(
                    &label.file,
                    &label.text,
                    vec![Mark::of_label(label)],
                ));
            }
        }
        if is_shown {
            shown.parts.insert(0, Excerpt::of(file, text, here));
        }
        shown
    }
}

impl Label {
    fn in_words(&self) -> String {
        let TextPlace { line, column, .. } = self.place;
        foreign::line(format_args!("{}: {}:{line}:{column}", self.message, self.file))
    }
}

/// Whether the line of a place is short enough before it: its column is counted from its start.
fn can_show(text: &str, place: &TextPlace) -> bool {
    let from = place.bytes.start.saturating_sub(LONG);
    let before = text.as_bytes().get(from..place.bytes.start).unwrap_or_default();
    from == 0 || before.iter().any(|byte| is_break(*byte))
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// A place that is underlined.
struct Mark<'d> {
    place: &'d TextPlace,
    /// What is there; nothing at the place of the problem itself.
    label: Option<&'d str>,
}

impl<'d> Mark<'d> {
    fn of_problem(place: &'d TextPlace) -> Self {
        Self { place, label: None }
    }

    fn of_label(label: &'d Label) -> Self {
        Self { place: &label.place, label: Some(&label.message) }
    }
}

/// The end of a place, or of as much of it as is shown.
fn end_of(place: &TextPlace) -> usize {
    place.bytes.end.min(place.bytes.start.saturating_add(LONG))
}

/// The beginning of the character at a byte, or the end of the text.
fn boundary(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    (0..=byte).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0)
}

/// The lines of a text that are shown.
struct Excerpt<'d> {
    file: &'d str,
    marks: Vec<Mark<'d>>,
    /// As they are.
    text: String,
    /// As people see them.
    shown: String,
    start: usize,
    line: usize,
}

impl<'d> Excerpt<'d> {
    /// The lines around these places, which are near to each other.
    fn of(file: &'d str, text: &str, marks: Vec<Mark<'d>>) -> Self {
        let places = || marks.iter().map(|mark| mark.place);
        let first = places().map(|place| place.bytes.start).min().unwrap_or(0);
        let start = text
            .get(..first)
            .and_then(|before| before.bytes().rposition(is_break))
            .map_or(0, |at| at + 1);
        let last = boundary(text, places().map(end_of).max().unwrap_or(0));
        let behind = text.get(last..boundary(text, last + LONG)).unwrap_or("");
        let end = last + behind.bytes().position(is_break).unwrap_or(behind.len());
        // All line ends look alike, byte for byte, so they neither show nor hide.
        let text = text.get(start..end).unwrap_or("").replace("\r\n", " \n").replace('\r', "\n");
        let shown = foreign::source(&text);
        let line = places().map(|place| place.line).min().unwrap_or(1);
        Self { file, marks, text, shown, start, line }
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let snippet = Snippet::source(self.shown.as_str())
            .line_start(self.line)
            .path(foreign::line(self.file));
        self.marks.iter().fold(snippet, |snippet, mark| {
            let span = self.span(mark.place);
            snippet.annotation(match mark.label {
                Some(label) => AnnotationKind::Context.span(span).label(foreign::line(label)),
                None => AnnotationKind::Primary.span(span),
            })
        })
    }

    fn span(&self, place: &TextPlace) -> Range<usize> {
        self.offset(place.bytes.start)..self.offset(place.bytes.end)
    }

    /// Where in what is shown a byte of the file is.
    fn offset(&self, byte: usize) -> usize {
        let before = self.text.get(..byte.saturating_sub(self.start));
        before.map_or(self.shown.len(), |before| foreign::source(before).len())
    }
}
