//! Problems as annotations of a GitHub workflow.
//!
//! GitHub shows ten errors of a step and drops the rest without a word. So ten are written, chosen
//! so each file and each kind of mistake is among them; if there are more, the tenth says how
//! many. The log has all, each with its place.

use std::collections::BTreeSet;

use super::{exit::Failure, out};
use crate::{
    foreign::{annotation, line},
    words::many,
    yaml::Diagnostic,
};

/// Errors that GitHub shows of one step.
const SHOWN: usize = 10;

/// What is not a mistake in one file.
const WHOLLY: &[(&str, &str)] = &[("title", "dialplane")];

/// Writes them.
pub(super) fn write(diagnostics: &[Diagnostic]) {
    let few = diagnostics.len() <= SHOWN;
    let shown = chosen(diagnostics, if few { SHOWN } else { SHOWN - 1 });
    let mut text: String = shown.iter().map(|diagnostic| of("error", diagnostic)).collect();
    if !few {
        let more = many(diagnostics.len() - shown.len(), "more error");
        text += &annotation("error", WHOLLY, &format!("and {more}; the log has all"));
    }
    out::data_with_commands(&text);
    let list: Vec<String> = diagnostics.iter().map(in_the_log).collect();
    out::talk(&list.concat());
}

/// Writes what is odd and no error; GitHub counts it apart.
pub(super) fn warnings(warnings: &[Diagnostic]) {
    let text: String = warnings.iter().take(SHOWN).map(|warning| of("warning", warning)).collect();
    if !text.is_empty() {
        out::data_with_commands(&text);
    }
    out::talk(&warnings.iter().map(in_the_log).collect::<String>());
}

/// Writes why nothing could be checked.
pub(super) fn failure(failure: &Failure) {
    if failure.diagnostics.is_empty() {
        let message = with_hint(&failure.message, failure.hint.as_deref());
        out::data_with_commands(&annotation("error", WHOLLY, &message));
    } else {
        write(&failure.diagnostics);
    }
}

fn of(level: &str, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.position().map(|(line, column)| (line.to_string(), column.to_string()));
    let mut properties = vec![("file", diagnostic.file.as_ref())];
    if let Some((line, column)) = &place {
        properties.extend([("line", line.as_str()), ("col", column.as_str())]);
    }
    annotation(level, &properties, &with_hint(&diagnostic.message, diagnostic.hint.as_deref()))
}

/// As compilers write it: GitHub takes the place out of what it shows in the log.
fn in_the_log(diagnostic: &Diagnostic) -> String {
    let place =
        diagnostic.position().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    let message = with_hint(&diagnostic.message, diagnostic.hint.as_deref());
    line(format_args!("{}{place}: {message}", diagnostic.file)) + "\n"
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message} (hint: {hint})"))
}

/// So many of them, in their order, that tell most: files and kinds of mistake that no other shows
/// come first.
fn chosen(diagnostics: &[Diagnostic], count: usize) -> Vec<&Diagnostic> {
    let kinds: Vec<String> =
        diagnostics.iter().map(|diagnostic| kind(&diagnostic.message)).collect();
    let mut files = BTreeSet::new();
    let mut told = BTreeSet::new();
    let mut left: Vec<usize> = (0..diagnostics.len()).collect();
    let mut taken = BTreeSet::new();
    while taken.len() < count && !left.is_empty() {
        let news = |number: usize| {
            let new_file = !files.contains(&diagnostics[number].file);
            usize::from(new_file) + usize::from(!told.contains(&kinds[number]))
        };
        // The first of the best.
        let best = (0..left.len()).rev().max_by_key(|place| news(left[*place])).unwrap_or_default();
        let number = left.remove(best);
        files.insert(&diagnostics[number].file);
        told.insert(&kinds[number]);
        taken.insert(number);
    }
    taken.into_iter().map(|number| &diagnostics[number]).collect()
}

/// A message without the names and values that it repeats.
fn kind(message: &str) -> String {
    let words = message.split('`').step_by(2).collect::<String>();
    let words = words.split('"').step_by(2).collect::<String>();
    words
        .split_whitespace()
        .filter(|word| !word.contains(|c: char| c.is_ascii_digit() || c == '@'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(file: &str, message: &str) -> Diagnostic {
        Diagnostic::of_file(file, message, None)
    }

    #[test]
    fn each_file_and_each_kind_is_among_those_that_are_shown() {
        let mut all: Vec<Diagnostic> =
            (0..20).map(|n| mistake("a.yaml", &format!("unknown key `k{n}`"))).collect();
        all.push(mistake("a.yaml", "`calling` cannot be `on`"));
        all.push(mistake("b.yaml", "unknown key `x`"));
        all.push(mistake("c.yaml", "`ann@contoso.com` is named twice"));
        let shown: Vec<(&str, &str)> = chosen(&all, 5)
            .into_iter()
            .map(|found| (found.file.as_ref(), found.message.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.yaml", "unknown key `k0`"),
                ("a.yaml", "unknown key `k1`"),
                ("a.yaml", "`calling` cannot be `on`"),
                ("b.yaml", "unknown key `x`"),
                ("c.yaml", "`ann@contoso.com` is named twice"),
            ]
        );
        assert_eq!(chosen(&all[..3], 10).len(), 3);
    }
}
