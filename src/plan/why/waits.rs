//! What prevents something for a user, or has not happened yet.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{UserContext, Wait};
use crate::{
    model::{Calling, DesiredTenant, LastWrites, RefusedCall, Upn, Verb, Write},
    plan::{
        Moment, guards,
        vain::{self, SendCount},
    },
    words::{list, time},
};

/// What prevents something now: of the service, the tenant and the user.
pub(super) fn open(user: &Upn, about: &UserContext<'_>) -> Vec<Wait> {
    let UserContext { tenant, moment, .. } = *about;
    let mut waits: Vec<Wait> = about.stopped.iter().cloned().collect();
    waits.extend(of_tenant(tenant, about.kept));
    let suspended = guards::suspended_by_hand(&tenant.name, moment);
    waits.extend(
        suspended.map(|grounds| Wait::new(grounds.reason, grounds.until, Some(&grounds.remedy))),
    );
    waits.extend(about.begins(user).map(|from| {
        let reason = "nothing is done for the user before `from`";
        Wait::new(reason, Some(from), Some("to begin now, take `from` out"))
    }));
    waits.extend(moment.written(user).into_iter().flat_map(|written| of_user(written, moment)));
    if let Some(debt) = &moment.memory.sync_owed {
        let reason = format!("a sync is owed since {} (run {})", time(debt.since), debt.run);
        let hint = "the next run of this tenant sends it";
        waits.push(Wait::new(reason, moment.sync_from(), Some(hint)));
    }
    waits
}

fn of_tenant(tenant: &DesiredTenant, kept: Option<&str>) -> Vec<Wait> {
    let mode = guards::not_enforced(tenant.mode)
        .map(|grounds| Wait::new(grounds.reason, None, Some(&grounds.remedy)));
    let broken = "`dialplane validate` shows what is wrong";
    let kept = kept.map(|reason| Wait::new(guards::older_version(reason), None, Some(broken)));
    mode.into_iter().chain(kept).collect()
}

fn of_user(written: &LastWrites, moment: Moment<'_>) -> Vec<Wait> {
    let mut waits = Vec::new();
    if let Some((verb, at)) = written.unknown {
        let reason = format!("the answer to the {verb} of {} was lost", time(at));
        let hint = "it is not sent again until live state shows what became of it";
        let until = Some(moment.lost_deadline(at)).filter(|until| *until > moment.now);
        waits.push(Wait::new(reason, until, Some(hint)));
    }
    waits.extend(settling(written, moment));
    for (field, reverts) in &written.reverted {
        let counted = moment.counted(reverts);
        let Some(first) = counted.first() else { continue };
        if counted.len() >= moment.patience.flap_limit {
            let what = field.map_or("calling", |field| field.name());
            let times = counted.len();
            let reason =
                format!("somebody else has changed {what} back {times} times: it is left alone");
            let hint = "find out who or what sets it: another admin, Teams Admin Center, a script";
            let until = first.checked_add(moment.patience.flap_window).ok();
            waits.push(Wait::new(reason, until, Some(hint)));
        }
    }
    waits
}

/// What is wanted, was sent again and again, and had no effect.
pub(super) fn futile(user: &Upn, about: &UserContext<'_>) -> Vec<Wait> {
    let moment = about.moment;
    let Some(written) = moment.written(user) else { return Vec::new() };
    if about.begins(user).is_some() {
        return Vec::new();
    }
    let wanted = about.wanted(user);
    // A user that no manifest names is only ever disabled.
    let calling = wanted.as_ref().map_or(Calling::Disabled, |user| user.calling);
    let switch = vain::tries(moment, written.calling.as_ref(), &calling)
        .map(|tries| without_effect("calling", &calling.to_string(), tries));
    let details = wanted.iter().flat_map(|user| user.details.iter());
    let details = details.filter_map(|(field, value)| {
        let tries = vain::tries(moment, written.details.get(&field), value)?;
        Some(without_effect(field.name(), &value.to_string(), tries))
    });
    switch.into_iter().chain(details).collect()
}

fn without_effect(what: &str, value: &str, SendCount { times, last }: SendCount) -> Wait {
    let last = time(last);
    Wait::new(
        format!(
            "{what} was sent as {value} {times} times and accepted, last on {last}, and no look \
                has shown it"
        ),
        None,
        Some(
            "it is not sent again for its own sake; `dialplane plan` shows what the service has \
                in its place, and `dialplane explain no-effect` what to do",
        ),
    )
}

/// The calls that the service refused, and that were not accepted since.
pub(super) fn refused(written: &LastWrites) -> Vec<Wait> {
    written.refused.iter().map(|(verb, refused)| refusal(*verb, refused)).collect()
}

fn refusal(verb: Verb, refused: &RefusedCall) -> Wait {
    let fields = list(refused.changed.iter().map(|field| field.name()));
    let of = if fields.is_empty() { String::new() } else { format!(" ({fields})") };
    let again = if refused.settled { ", as before" } else { "" };
    Wait::new(
        format!("the service refused the {verb} of {}{of}{again}", time(refused.at)),
        None,
        Some(
            "it is tried again as long as the manifests want it; `dialplane history` has the \
                words of the service",
        ),
    )
}

/// What was accepted and may still come to be seen: what was sent together is told together.
fn settling(written: &LastWrites, moment: Moment<'_>) -> impl Iterator<Item = Wait> {
    let mut together: BTreeMap<(Timestamp, Timestamp), Vec<&str>> = BTreeMap::new();
    if let Some(times) = written.calling.as_ref().and_then(|write| settles(write, moment)) {
        together.entry(times).or_default().push("calling");
    }
    for (field, write) in &written.details {
        if let Some(times) = settles(write, moment) {
            together.entry(times).or_default().push(field.name());
        }
    }
    together.into_iter().map(|((at, until), what)| {
        let (was, is) = if what.len() == 1 { ("was", "is") } else { ("were", "are") };
        let reason = format!("{} {was} accepted {} and {is} settling", list(what), time(at));
        Wait::new(reason, Some(until), None)
    })
}

/// When a value that is still settling was accepted, and until when it may take.
fn settles<T>(write: &Write<T>, moment: Moment<'_>) -> Option<(Timestamp, Timestamp)> {
    let open = !write.landed && !write.lost && moment.is_open(write);
    open.then(|| (write.at, moment.deadline(write)))
}
