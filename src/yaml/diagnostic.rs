//! Problems as people read them: place first, the source line underlined, advice on its own line.

use std::sync::Arc;

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
            let here = Snippet::source(diagnostic.text.as_ref())
                .path(diagnostic.file.as_ref())
                .annotation(AnnotationKind::Primary.span(place.bytes.clone()));
            let same = |label: &&Label| label.file == diagnostic.file;
            group = group.element(diagnostic.labels.iter().filter(same).fold(here, |snippet, label| {
                snippet.annotation(AnnotationKind::Context.span(label.place.bytes.clone()).label(label.message.as_str()))
            }));
            for label in diagnostic.labels.iter().filter(|label| !same(label)) {
                group = group.element(
                    Snippet::source(label.text.as_ref())
                        .path(label.file.as_ref())
                        .annotation(AnnotationKind::Context.span(label.place.bytes.clone()).label(label.message.as_str())),
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
