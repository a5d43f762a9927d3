//! From problems to what people are shown: each at its place, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::draft::{FileProblem, FileRead, ProblemDetail};
use crate::yaml::{self, At, Diagnostic, Label, Mismatch, Path, Places, TextPlace};

/// Finds the places of all problems, file by file, and puts them in order.
pub(super) fn diagnostics(
    files: &[Arc<FileRead>],
    problems: &[(usize, FileProblem)],
) -> Vec<Diagnostic> {
    let own = files
        .iter()
        .enumerate()
        .flat_map(|(number, file)| file.problems.iter().map(move |problem| (number, problem)));
    let all: Vec<(usize, &FileProblem)> =
        own.chain(problems.iter().map(|(number, problem)| (*number, problem))).collect();
    let found = DiagnosedFiles::of(files, &all);
    let mut diagnostics: Vec<Diagnostic> =
        all.iter().filter_map(|(number, problem)| found.diagnostic(*number, problem)).collect();
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    diagnostics
}

/// Files of which something is told.
struct DiagnosedFiles<'f> {
    files: &'f [Arc<FileRead>],
    /// Where in them the told thing is.
    places: BTreeMap<usize, Places>,
    /// The texts of those, as they may be shown.
    texts: BTreeMap<usize, Arc<str>>,
}

impl<'f> DiagnosedFiles<'f> {
    fn of(files: &'f [Arc<FileRead>], problems: &[(usize, &FileProblem)]) -> Self {
        let places: BTreeMap<usize, Places> = wanted(problems)
            .iter()
            .filter_map(|(number, paths)| {
                Some((*number, yaml::locate(&files.get(*number)?.text, paths)))
            })
            .collect();
        let texts = shown(files, problems, &places);
        Self { files, places, texts }
    }

    fn place_of(&self, file: usize, wrong: &Mismatch) -> Option<TextPlace> {
        self.places.get(&file)?.get(&wrong.path, wrong.at).cloned()
    }

    fn text_of(&self, number: usize, file: &FileRead) -> Arc<str> {
        Arc::clone(self.texts.get(&number).unwrap_or(&file.text))
    }

    fn diagnostic(&self, number: usize, problem: &FileProblem) -> Option<Diagnostic> {
        let file = self.files.get(number)?;
        Some(match &problem.what {
            ProblemDetail::Wrong { wrong, others } => {
                let places = self.places.get(&number);
                let source = places.and_then(|places| places.source(&file.text, &wrong.path));
                Diagnostic {
                    message: yaml::in_source(&wrong.message, source),
                    hint: wrong.hint.as_ref().map(|hint| yaml::in_source(hint, source)),
                    file: Arc::clone(&file.path),
                    place: self.place_of(number, wrong),
                    labels: others
                        .iter()
                        .filter_map(|(file, other)| self.label(*file, other))
                        .collect(),
                    text: self.text_of(number, file),
                }
            }
            ProblemDetail::Placed { message, hint, place, other } => Diagnostic {
                message: yaml::in_source(message, None),
                hint: hint.as_ref().map(|hint| yaml::in_source(hint, None)),
                file: Arc::clone(&file.path),
                place: place.clone(),
                labels: other.iter().map(|(place, message)| placed(file, place, message)).collect(),
                text: self.text_of(number, file),
            },
        })
    }

    /// Another place that belongs to a problem.
    fn label(&self, number: usize, other: &Mismatch) -> Option<Label> {
        let file = self.files.get(number)?;
        Some(Label {
            file: Arc::clone(&file.path),
            text: self.text_of(number, file),
            place: self.place_of(number, other)?,
            message: other.message.clone(),
        })
    }
}

/// A place that is known already.
fn placed(file: &FileRead, place: &TextPlace, message: &str) -> Label {
    Label {
        file: Arc::clone(&file.path),
        text: Arc::clone(&file.text),
        place: place.clone(),
        message: message.to_owned(),
    }
}

/// What is to be found, file by file.
fn wanted(problems: &[(usize, &FileProblem)]) -> BTreeMap<usize, BTreeSet<Path>> {
    let mut wanted: BTreeMap<usize, BTreeSet<Path>> = BTreeMap::new();
    for (file, problem) in problems {
        if let ProblemDetail::Wrong { wrong, others } = &problem.what {
            wanted.entry(*file).or_default().insert(wrong.path.clone());
            for (file, other) in others {
                wanted.entry(*file).or_default().insert(other.path.clone());
            }
        }
    }
    wanted
}

/// The texts of files without the secrets that people have written into them: logs of CI are read
/// by more people than the repository.
fn shown(
    files: &[Arc<FileRead>],
    problems: &[(usize, &FileProblem)],
    places: &BTreeMap<usize, Places>,
) -> BTreeMap<usize, Arc<str>> {
    let mut secrets: BTreeMap<usize, Vec<&Path>> = BTreeMap::new();
    for (file, problem) in problems {
        if let ProblemDetail::Wrong { wrong, .. } = &problem.what
            && wrong.at == At::Hidden
        {
            secrets.entry(*file).or_default().push(&wrong.path);
        }
    }
    let mut texts = BTreeMap::new();
    for (number, places) in places {
        let Some(file) = files.get(*number) else { continue };
        let secrets = secrets.get(number).into_iter().flatten().copied();
        let masked = places.masked(&file.text, secrets);
        texts.insert(*number, masked.map_or_else(|| Arc::clone(&file.text), Arc::from));
    }
    texts
}
