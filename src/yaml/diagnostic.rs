//! Problems as people read them: place first, the source line underlined, advice on its own line.

use std::{ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Place;
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
    pub place: Option<Place>,
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
    pub place: Place,
    /// What stands there.
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

/// The problem with its source line, in colour, ending in a line break. Whoever prints strips
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
    let (same, other): (Vec<&Label>, Vec<&Label>) =
        diagnostic.labels.iter().partition(|label| label.file == diagnostic.file);
    let place = diagnostic.place.as_ref();
    let here = Part::around(&diagnostic.text, same.iter().map(|label| &label.place).chain(place));
    let elsewhere: Vec<(&Label, Part)> = other
        .iter()
        .map(|label| (*label, Part::around(&label.text, std::iter::once(&label.place))))
        .collect();
    let context = |part: &Part, label: &'_ Label| {
        AnnotationKind::Context.span(part.span(&label.place)).label(foreign::line(&label.message))
    };
    let mut group = Group::with_title(level.primary_title(foreign::line(&diagnostic.message)));
    match place {
        Some(place) => {
            let first = here
                .snippet(&diagnostic.file)
                .annotation(AnnotationKind::Primary.span(here.span(place)));
            group = group.element(
                same.iter().fold(first, |snippet, label| snippet.annotation(context(&here, label))),
            );
            for (label, part) in &elsewhere {
                let snippet = part.snippet(&label.file);
                group = group.element(snippet.annotation(context(part, label)));
            }
        }
        None => {
            group = group.element(annotate_snippets::Origin::path(foreign::line(&diagnostic.file)));
        }
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(foreign::line(hint)));
    }
    let mut text = Renderer::styled().render(&[group]);
    text.push('\n');
    text
}

/// The lines of a text that are shown: the whole of a large file would be looked through for each
/// of its problems.
struct Part {
    /// As they are.
    text: String,
    /// As people see them.
    shown: String,
    start: usize,
    line: usize,
}

impl Part {
    fn around<'p>(text: &str, places: impl Iterator<Item = &'p Place> + Clone) -> Self {
        let first = places.clone().map(|place| place.bytes.start).min().unwrap_or(0);
        let last = places.clone().map(|place| place.bytes.end).max().unwrap_or(0);
        let start =
            text.get(..first).and_then(|before| before.rfind(['\n', '\r'])).map_or(0, |at| at + 1);
        let end = text
            .get(last..)
            .and_then(|behind| behind.find(['\n', '\r']))
            .map_or(text.len(), |at| last + at);
        // All line ends look alike, byte for byte, so that they neither show nor hide.
        let text = text.get(start..end).unwrap_or("").replace("\r\n", " \n").replace('\r', "\n");
        let shown = foreign::source(&text);
        Self { text, shown, start, line: places.map(|place| place.line).min().unwrap_or(1) }
    }

    fn snippet<'s>(&'s self, file: &'s str) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
        Snippet::source(self.shown.as_str()).line_start(self.line).path(foreign::line(file))
    }

    fn span(&self, place: &Place) -> Range<usize> {
        self.offset(place.bytes.start)..self.offset(place.bytes.end)
    }

    /// Where in what is shown a byte of the file is.
    fn offset(&self, byte: usize) -> usize {
        let before = self.text.get(..byte.saturating_sub(self.start));
        before.map_or(self.shown.len(), |before| foreign::source(before).len())
    }
}
