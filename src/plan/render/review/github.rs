//! What a change does, as annotations of a GitHub workflow.

use super::words::verdict;
use crate::{
    foreign::annotation,
    plan::{render::github::annotations, review::Review},
};

/// The annotations of what a change causes, and one with the whole in a sentence.
#[must_use]
pub fn github(review: &Review) -> String {
    let sum = format!("change: {}", verdict(review));
    annotations(&review.caused) + &annotation("notice", &[("title", "dialplane")], &sum)
}
