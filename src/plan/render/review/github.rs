//! What a change does, as annotations of a GitHub workflow.

use super::{
    Compared,
    words::{lacks, left_out, verdict},
};
use crate::{
    foreign::annotation,
    plan::{
        render::{github::annotations, mistake},
        review::Review,
    },
};

/// The annotations of what a change causes, and one with the whole in a sentence. While there are
/// mistakes in the manifests, they are annotated and nothing else: GitHub shows ten errors.
#[must_use]
pub fn github(review: &Review, from: &Compared) -> String {
    let at_lines = if from.mistakes.is_empty() {
        annotations(&review.caused)
    } else {
        mistake::annotations(&from.mistakes)
    };
    // What a merge keeps and this takes back.
    let lacks = lacks(from).map(|lacks| annotation("warning", &[("title", "dialplane")], &lacks));
    let left_out = left_out(from).map(|left_out| format!("; {left_out}")).unwrap_or_default();
    let sum = format!("change: {}{left_out}", verdict(review, from));
    at_lines + &lacks.unwrap_or_default() + &annotation("notice", &[("title", "dialplane")], &sum)
}
