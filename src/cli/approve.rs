//! `plan --approve`: the approvals that would let the held part of a plan through, to commit.

use jiff::Timestamp;

use super::{
    exit::{Exit, Failure},
    out,
};
use crate::{
    foreign::typed,
    plan::{Plan, render},
};

/// Writes one for each tenant of which something is held that a person may judge.
pub(super) fn write(plan: &Plan, reason: Option<&str>) -> Result<Exit, Failure> {
    // What was typed may be pasted: a manifest takes one line without control characters.
    let reason = reason.map(|reason| typed(reason, usize::MAX)).filter(|reason| !reason.is_empty());
    let text = render::approvals(plan, reason.as_deref().unwrap_or(""), Timestamp::now());
    if text.is_empty() {
        let hint = "limits and protection can be approved; look at `dialplane plan` for what is \
            held, and what lifts it";
        return Err(Failure::new("nothing in this plan waits for an approval").hint(hint));
    }
    out::data(&text);
    let filled = if reason.is_some() { "" } else { "say why under `reason`, " };
    out::talk(&format!(
        "{filled}commit it beside the manifests; it opens exactly this plan, once\n"
    ));
    Ok(Exit::Done)
}
