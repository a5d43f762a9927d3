//! What becomes of calls that the service refused: while one is sent again it is watched,
//! afterwards its sync is owed.
//!
//! A refusal is not always true: a gateway between us and the service can answer "no" to what was
//! done. See [`Refused`].

use jiff::Timestamp;

use super::{
    Action, Step,
    past::{equal, seen},
};
use crate::model::{Calling, LiveCalling, LiveTenant, LiveUser, Memory, Refused, Upn, Value, Verb};

/// Marks the steps that were refused before, and adds to `decided` the users whose refused calls
/// are no longer sent. `runs` says whether steps without holds are sent at all.
pub(super) fn judge(
    steps: &mut [Step],
    runs: bool,
    live: &LiveTenant,
    memory: &Memory,
    mut decided: Vec<(Upn, Timestamp)>,
) -> Vec<(Upn, Timestamp)> {
    for step in steps.iter_mut() {
        let written = memory.written.get(&step.user);
        step.refused_before = written.is_some_and(|written| {
            written.is_settled_refusal(step.action.verb(), &step.action.details())
        });
    }
    let sent = |user: &Upn, verb: Verb, refused: &Refused| {
        let same = |action: &Action| action.verb() == verb && action.details() == refused.details;
        runs && steps
            .iter()
            .any(|step| step.user == *user && step.holds.is_empty() && same(&step.action))
    };
    for (user, written) in memory.written.iter().filter(|(_, written)| !written.refused.is_empty())
    {
        let shown = |verb: Verb, refused: &Refused| {
            live.users.get(user).is_some_and(|live| shows(live, verb, refused))
        };
        let over = |(verb, refused): (&Verb, &Refused)| {
            let owes = refused.settled && refused.owed || shown(*verb, refused);
            (owes && !sent(user, *verb, refused)).then_some(refused.at)
        };
        let at = written.refused.iter().filter_map(over).min();
        if let Some(at) = at.filter(|_| !decided.iter().any(|(other, _)| other == user)) {
            decided.push((user.clone(), at));
        }
    }
    decided
}

/// Whether a list shows something of what the call was to change.
fn shows(live: &LiveUser, verb: Verb, refused: &Refused) -> bool {
    let calling = match verb {
        Verb::Enable => Calling::Enabled,
        Verb::Disable => Calling::Disabled,
        Verb::Update => {
            let is_there = |value: &Value, field| equal(&seen(live, field, None), value);
            return refused.changed.iter().any(|field| {
                refused.details.get(*field).is_some_and(|value| is_there(value, *field))
            });
        }
    };
    matches!(
        (calling, &live.calling),
        (Calling::Enabled, LiveCalling::Enabled) | (Calling::Disabled, LiveCalling::Disabled)
    )
}
