//! What a change does, as annotations of a GitHub workflow.

use super::{Compared, words::verdict};
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
    let sum = format!("change: {}", verdict(review, from));
    at_lines + &annotation("notice", &[("title", "dialplane")], &sum)
}
