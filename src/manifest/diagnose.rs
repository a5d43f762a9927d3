//! From problems to what people are shown: each at its place, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::draft::{FileRead, Problem, What};
use crate::yaml::{self, At, Diagnostic, Label, Path, Wrong};

/// Finds the places of all problems, file by file, and puts them in order.
pub(super) fn diagnostics(
    files: &[Arc<FileRead>],
    problems: &[(usize, Problem)],
) -> Vec<Diagnostic> {
    let own = files
        .iter()
        .enumerate()
        .flat_map(|(number, file)| file.problems.iter().map(move |problem| (number, problem)));
    let all: Vec<(usize, &Problem)> =
        own.chain(problems.iter().map(|(number, problem)| (*number, problem))).collect();
    let mut wanted: BTreeMap<usize, BTreeSet<Path>> = BTreeMap::new();
    for (file, problem) in &all {
        if let What::Wrong { wrong, others } = &problem.what {
            wanted.entry(*file).or_default().insert(wrong.path.clone());
            for (file, other) in others {
                wanted.entry(*file).or_default().insert(other.path.clone());
            }
        }
    }
    let found: BTreeMap<usize, _> = wanted
        .iter()
        .filter_map(|(number, paths)| {
            Some((*number, yaml::locate(&files.get(*number)?.text, paths)))
        })
        .collect();
    let place_of =
        |file: usize, wrong: &Wrong| Some(found.get(&file)?.get(&wrong.path, wrong.at)?.clone());
    let mut secrets: BTreeMap<usize, Vec<&Path>> = BTreeMap::new();
    for (file, problem) in &all {
        if let What::Wrong { wrong, .. } = &problem.what
            && wrong.at == At::Hidden
        {
            secrets.entry(*file).or_default().push(&wrong.path);
        }
    }
    // Logs of CI are read by more people than the repository.
    let texts: BTreeMap<usize, Arc<str>> = found
        .iter()
        .filter_map(|(number, places)| {
            let text = &files.get(*number)?.text;
            let secrets = secrets.get(number).into_iter().flatten().copied();
            let masked = places.masked(text, secrets);
            Some((*number, masked.map_or_else(|| Arc::clone(text), Arc::from)))
        })
        .collect();
    let text_of =
        |number: usize, file: &FileRead| Arc::clone(texts.get(&number).unwrap_or(&file.text));
    let diagnostic = |(number, problem): (usize, &Problem)| {
        let file = files.get(number)?;
        let (message, hint, place, labels) = match &problem.what {
            What::Wrong { wrong, others } => {
                let label = |(number, other): &(usize, Wrong)| {
                    let file = files.get(*number)?;
                    let place = place_of(*number, other)?;
                    Some(Label {
                        file: Arc::clone(&file.path),
                        text: text_of(*number, file),
                        place,
                        message: other.message.clone(),
                    })
                };
                (
                    &wrong.message,
                    &wrong.hint,
                    place_of(number, wrong),
                    others.iter().filter_map(label).collect(),
                )
            }
            What::Placed { message, hint, place, other } => {
                let label = |(place, message): &(yaml::Place, String)| Label {
                    file: Arc::clone(&file.path),
                    text: Arc::clone(&file.text),
                    place: place.clone(),
                    message: message.clone(),
                };
                (message, hint, place.clone(), other.iter().map(label).collect())
            }
        };
        let source = match &problem.what {
            What::Wrong { wrong, .. } => {
                found.get(&number).and_then(|places| places.source(&file.text, &wrong.path))
            }
            What::Placed { .. } => None,
        };
        let (message, hint) = (
            yaml::in_source(message, source),
            hint.as_ref().map(|hint| yaml::in_source(hint, source)),
        );
        Some(Diagnostic {
            message,
            hint,
            file: Arc::clone(&file.path),
            place,
            labels,
            text: text_of(number, file),
        })
    };
    let mut diagnostics: Vec<Diagnostic> = all.iter().copied().filter_map(diagnostic).collect();
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    diagnostics
}
