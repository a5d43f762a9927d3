//! A journal that may be older than what was done: somebody copied its folder, or brought it back.
//! Whom the manifests named last, who was missing since and what was accepted is then not known.
//!
//! **Invariant:** what only the journal says disables nobody until a person has said that it counts.

use super::context::Context;
use crate::plan::{Cause, Grounds, Step};

/// Nobody is pruned.
pub(super) fn removal(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    if step.cause != Cause::NotNamed || !context.moment.memory.brought_back {
        return Vec::new();
    }
    let reason = "the journal was copied to where it is, or brought back, and may not know what was \
        done since: perhaps the user is not to be removed any more";
    let remedy = "end every service and run `dialplane journal accept`, with `--newest` if the state \
        folder was only moved; or name the user with `calling: disabled`";
    vec![Grounds::new(reason, remedy)]
}
