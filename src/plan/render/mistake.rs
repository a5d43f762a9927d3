//! A mistake in the manifests, told beside a plan that is made without what they say there.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Tally, cut,
    github::github,
    markdown::{markdown_within, part},
};
use crate::{
    foreign::{annotation, fenced, line},
    plan::Plan,
    words::many,
};

/// Of a hundred bytes of a page, so many for mistakes in the manifests.
pub(super) const MISTAKES: usize = 12;
/// What is written around a list of mistakes.
const AROUND: usize = 100;

/// Errors that GitHub shows of one step.
const SHOWN: usize = 10;
/// What is not a mistake in one file.
const WHOLLY: &[(&str, &str)] = &[("title", "dialplane")];

/// A mistake, at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mistake {
    /// The file; absent where it may not be told.
    pub file: Option<String>,
    /// The line, from 1; absent if the file could not even be read.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What mistakes mean for a plan; nothing if there are none.
pub(super) fn verdict(mistakes: &[Mistake]) -> Option<String> {
    (!mistakes.is_empty()).then(|| {
        let errors = many(mistakes.len(), "error");
        format!("{errors} in the manifests, so this is not the whole plan")
    })
}

/// A plan without what is wrong in the manifests, for a review page of at most so many bytes.
#[must_use]
pub fn markdown_without(mistakes: &[Mistake], plan: &Plan, most: usize) -> String {
    let Some(verdict) = verdict(mistakes) else { return markdown_within(plan, most) };
    let list = list(mistakes, part(most, MISTAKES));
    let head = format!("### Dialplane: errors in the manifests\n\n**{verdict}**\n\n{list}");
    let rest = markdown_within(plan, most.saturating_sub(head.len()));
    head + &rest
}

/// The same as annotations of a GitHub workflow: of mistakes alone while there are any, since GitHub
/// shows ten errors.
#[must_use]
pub fn github_without(mistakes: &[Mistake], plan: &Plan) -> String {
    let Some(verdict) = verdict(mistakes) else { return github(plan) };
    let sum = format!("plan: {verdict}; {}", Tally::of(plan));
    annotations(mistakes) + &annotation("notice", WHOLLY, &sum)
}

/// A page that says why there is no plan.
#[must_use]
pub fn no_markdown(why: &str, hint: Option<&str>, mistakes: &[Mistake], most: usize) -> String {
    let hint = hint.map(|hint| format!("\nhint: {}", line(hint))).unwrap_or_default();
    let block = fenced("", &format!("{}{hint}\n", line(why)));
    let head = format!("### Dialplane: there is no plan\n\n{block}\n");
    let room = most.saturating_sub(head.len() + AROUND);
    head + &list(mistakes, room)
}

/// Annotations that say why there is no plan.
#[must_use]
pub fn no_github(why: &str, hint: Option<&str>, mistakes: &[Mistake]) -> String {
    if !mistakes.is_empty() {
        return annotations(mistakes);
    }
    let hint = hint.map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    annotation("error", &[("title", "dialplane: there is no plan")], &format!("{why}{hint}"))
}

/// The mistakes for a review page, in at most so many bytes; nothing if there are none.
pub(super) fn markdown(mistakes: &[Mistake], room: usize) -> String {
    if mistakes.is_empty() {
        return String::new();
    }
    format!("**{} in the manifests**\n\n{}", many(mistakes.len(), "error"), list(mistakes, room))
}

/// The same without a title.
pub(super) fn list(mistakes: &[Mistake], room: usize) -> String {
    if mistakes.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = mistakes.iter().map(told).collect();
    let more = |count| format!("... and {count} more; the log has all\n");
    fenced("", &cut::lines(&lines, room, &more)) + "\n"
}

/// The mistakes as annotations of a GitHub workflow, at their lines.
pub(super) fn annotations(mistakes: &[Mistake]) -> String {
    let shown = if mistakes.len() > SHOWN { SHOWN - 1 } else { SHOWN };
    let mut out: String = mistakes.iter().take(shown).map(annotated).collect();
    if mistakes.len() > SHOWN {
        let more = many(mistakes.len() - shown, "more error");
        out += &annotation("error", WHOLLY, &format!("and {more}; the log has all"));
    }
    out
}

fn annotated(mistake: &Mistake) -> String {
    let Mistake { file, line, column, message, hint } = mistake;
    let [line, column] = [line, column].map(|at| at.map(|at| at.to_string()));
    let places = [("file", file), ("line", &line), ("col", &column)];
    let mut properties: Vec<(&str, &str)> =
        places.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    if properties.is_empty() {
        properties.extend(WHOLLY);
    }
    let hint = hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    annotation("error", &properties, &format!("{message}{hint}"))
}

/// `office.yaml:3:5  what is wrong`, and what to do about it below.
fn told(mistake: &Mistake) -> String {
    let Mistake { file, line: row, column, message, hint } = mistake;
    let place = match (row, column) {
        (Some(row), Some(column)) => format!(":{row}:{column}"),
        (Some(row), None) => format!(":{row}"),
        _ => String::new(),
    };
    let place = file.as_ref().map(|file| format!("{}{place}  ", line(file))).unwrap_or_default();
    let hint = hint.as_ref().map(|hint| format!("    hint: {}\n", line(hint))).unwrap_or_default();
    format!("{place}{}\n{hint}", line(message))
}
