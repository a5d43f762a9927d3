//! What becomes of calls that the service refused: while one is sent again it is watched,
//! afterwards its sync is owed.
//!
//! A refusal is not always true: a gateway between us and the service can answer "no" to what was
//! done. See [`RefusedCall`].

use jiff::Timestamp;

use super::{
    Action, Step,
    past::{equal, seen},
};
use crate::model::{
    Calling, LiveCalling, LiveTenant, LiveUser, Memory, RefusedCall, Upn, Value, Verb,
};

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
    let sent = |user: &Upn, verb: Verb, refused: &RefusedCall| {
        let same = |action: &Action| action.verb() == verb && action.details() == refused.details;
        runs && steps
            .iter()
            .any(|step| step.user == *user && step.holds.is_empty() && same(&step.action))
    };
    for (user, written) in memory.written.iter().filter(|(_, written)| !written.refused.is_empty())
    {
        let shown = |verb: Verb, refused: &RefusedCall| {
            live.users.get(user).is_some_and(|live| shows(live, verb, refused))
        };
        let over = |(verb, refused): (&Verb, &RefusedCall)| {
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
fn shows(live: &LiveUser, verb: Verb, refused: &RefusedCall) -> bool {
    let calling = match verb {
        Verb::Enable => Calling::Enabled,
        Verb::Disable => Calling::Disabled,
        Verb::Update | Verb::Configure => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            Confirmation, Consent, Coverage, Details, Field, GatewayId, LastWrites, ListExtras,
            Roster, UpdateRequest, WritePath,
        },
        plan::{Cause, Hold, HoldKind},
    };

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn adele() -> Result<Upn, String> {
        Upn::parse("adele@contoso.com")
    }

    fn nobody() -> LiveTenant {
        LiveTenant {
            consent: Consent::Granted,
            coverage: Coverage::Complete,
            sees: [].into(),
            users: Roster::new(),
            beside: ListExtras::default(),
            confirmation: Confirmation::NotAsked,
        }
    }

    /// A memory in which a call of this verb was refused.
    fn memory(verb: Verb, refused: RefusedCall) -> Result<Memory, String> {
        let written = LastWrites { refused: [(verb, refused)].into(), ..LastWrites::default() };
        Ok(Memory { written: [(adele()?, written)].into(), ..Memory::default() })
    }

    fn refused(details: Details, settled: bool, owed: bool) -> RefusedCall {
        RefusedCall { details, changed: [].into(), at: AT, settled, owed }
    }

    fn update(tag: &str) -> Result<Details, String> {
        let gateway = Value::Gateway(GatewayId::new(805)?);
        let tag = Value::Text(tag.into());
        Ok([(Field::SbcGatewayId, gateway), (Field::UserTag, tag)].into_iter().collect())
    }

    #[test]
    fn the_sync_of_a_call_that_was_refused_again_is_owed_once_it_is_no_longer_sent()
    -> Result<(), String> {
        let again = Step::new(adele()?, Action::Disable, Cause::Declared, None);
        let held = Step {
            holds: vec![Hold::new(HoldKind::Limit, "too many", "split it")],
            ..again.clone()
        };
        let other = Step { action: Action::Enable, ..again.clone() };
        let decided = vec![(adele()?, AT)];
        // Whether steps without holds are sent, the step, the refusal, and whether it is decided.
        for (runs, step, settled, owed, over) in [
            (true, Some(&again), true, true, false),
            (true, None, true, true, true),
            (true, Some(&other), true, true, true),
            (true, Some(&held), true, true, true),
            (false, Some(&again), true, true, true),
            (true, None, false, true, false),
            (true, None, true, false, false),
        ] {
            let mut steps: Vec<Step> = step.cloned().into_iter().collect();
            let memory = memory(Verb::Disable, refused(Details::default(), settled, owed))?;
            let found = judge(&mut steps, runs, &nobody(), &memory, Vec::new());
            let expected = if over { decided.clone() } else { Vec::new() };
            assert_eq!(found, expected, "{runs} {step:?} {settled} {owed}");
            // Who is decided for another reason is named once.
            let found = judge(&mut steps, runs, &nobody(), &memory, decided.clone());
            assert_eq!(found, decided, "{runs} {step:?} {settled} {owed}");
        }
        Ok(())
    }

    #[test]
    fn an_update_of_other_details_is_another_call() -> Result<(), String> {
        let memory = memory(Verb::Update, refused(update("then")?, true, true))?;
        for (tag, over) in [("then", false), ("now", true)] {
            let request = UpdateRequest::new(adele()?, update(tag)?, WritePath::default());
            let request = request.map_err(|field| format!("no {field}"))?;
            let mut steps = [Step::new(adele()?, Action::Update(request), Cause::Declared, None)];
            let found = judge(&mut steps, true, &nobody(), &memory, Vec::new());
            assert_eq!((!found.is_empty(), steps[0].refused_before), (over, !over), "{tag}");
        }
        Ok(())
    }
}
