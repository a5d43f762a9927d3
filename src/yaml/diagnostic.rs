//! Problems as people read them: place first, the source line underlined, advice on its own line.

use std::{ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Place;

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

/// The problem with its source line, in colour, ending in a line break. Whoever prints strips colours where they do not belong.
#[must_use]
pub fn render(diagnostic: &Diagnostic) -> String {
    let mut group = Group::with_title(Level::ERROR.primary_title(diagnostic.message.as_str()));
    match &diagnostic.place {
        Some(place) => {
            let same: Vec<&Label> = diagnostic.labels.iter().filter(|label| label.file == diagnostic.file).collect();
            let spans = same.iter().map(|label| &label.place.bytes).chain([&place.bytes]);
            let part = Part::around(&diagnostic.text, spans);
            let here = part.snippet(&diagnostic.file).annotation(AnnotationKind::Primary.span(part.span(place)));
            group = group.element(same.iter().fold(here, |snippet, label| {
                snippet.annotation(AnnotationKind::Context.span(part.span(&label.place)).label(label.message.as_str()))
            }));
            for label in diagnostic.labels.iter().filter(|label| label.file != diagnostic.file) {
                let part = Part::around(&label.text, [&label.place.bytes].into_iter());
                group = group.element(
                    part.snippet(&label.file)
                        .annotation(AnnotationKind::Context.span(part.span(&label.place)).label(label.message.as_str())),
                );
            }
        }
        None => group = group.element(annotate_snippets::Origin::path(diagnostic.file.as_ref())),
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    let mut text = Renderer::styled().render(&[group]);
    text.push('\n');
    text
}

/// The lines of a text that are shown: the whole of a large file would be looked through for each of its problems.
struct Part<'t> {
    text: &'t str,
    start: usize,
    line: usize,
}

impl<'t> Part<'t> {
    fn around<'s>(text: &'t str, spans: impl Iterator<Item = &'s Range<usize>> + Clone) -> Self {
        let first = spans.clone().map(|span| span.start).min().unwrap_or(0);
        let last = spans.map(|span| span.end).max().unwrap_or(0);
        let start = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = text.get(last..).and_then(|behind| behind.find('\n')).map_or(text.len(), |at| last + at);
        let line = text.get(..start).map_or(0, |before| before.matches('\n').count()) + 1;
        Self { text: text.get(start..end).unwrap_or(""), start, line }
    }

    fn snippet(&self, file: &'t str) -> Snippet<'t, annotate_snippets::Annotation<'t>> {
        Snippet::source(self.text).line_start(self.line).path(file)
    }

    fn span(&self, place: &Place) -> Range<usize> {
        place.bytes.start.saturating_sub(self.start)..place.bytes.end.saturating_sub(self.start)
    }
}
