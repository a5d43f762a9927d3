//! Why a user is as it is: what wants it, what was sent and seen, what is waited for, what holds
//! it, what comes next. Offline and pure: live state is not asked, so what guards say of it is
//! what the last plan said, with its time.

use jiff::Timestamp;

use super::{
    Moment, guards,
    vain::{self, Tries},
};
use crate::{
    model::{
        Adopt, Calling, DesiredTenant, DesiredUser, Details, Entry, Event, Landing, Mode, Origin,
        Pending, Prune, Reason, Refused, RunId, StepOutcome, TenantName, Upn, Verb, Verdict, Write,
        Written,
    },
    words::{list, time},
};

/// What can be said of one user without asking anybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// Who.
    pub user: Upn,
    /// In which tenant.
    pub tenant: TenantName,
    /// What the manifests want; nothing if none names the user.
    pub wanted: Option<DesiredUser>,
    /// The last call of each kind, newest first.
    pub sent: Vec<Sent>,
    /// When an observation last showed something that was sent before, and what.
    pub seen: Option<(Timestamp, Landing)>,
    /// When the tenant's last sync was accepted.
    pub synced: Option<Timestamp>,
    /// What prevents it, or has not happened yet.
    pub waits: Vec<Wait>,
    /// What the last plan said, if one is kept.
    pub found: Option<Found>,
    /// What happens next, as far as that can be known.
    pub next: &'static str,
}

/// What the last plan said of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// When.
    pub at: Timestamp,
    /// What was to be done for the user, and what became of it.
    pub steps: Vec<Pending>,
    /// What held the tenant or the user, or is wrong with the user.
    pub holds: Vec<Reason>,
}

/// What is known around one user.
#[derive(Debug)]
pub struct About<'a> {
    /// The user's tenant.
    pub tenant: &'a DesiredTenant,
    /// Why an older version of the manifests is in force, if so.
    pub kept: Option<&'a str>,
    /// That everything is stopped, if it is.
    pub stopped: Option<Wait>,
    /// What the journal adds up to, and when it is asked.
    pub moment: Moment<'a>,
    /// The entries that speak of the user, newest first.
    pub entries: &'a [Entry],
    /// What the last plan said.
    pub last: Option<&'a Verdict>,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The verb.
    pub verb: Verb,
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// What an update carried.
    pub details: Details,
    /// What became of it; nothing if the process ended before the answer.
    pub outcome: Option<StepOutcome>,
    /// Which line of the manifests wanted it.
    pub origin: Option<Origin>,
}

/// Something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What it is.
    pub reason: String,
    /// Until when at the latest, where that is known.
    pub until: Option<Timestamp>,
    /// What lifts it, if anybody can.
    pub hint: Option<String>,
}

impl Wait {
    fn new(reason: impl Into<String>, until: Option<Timestamp>, hint: Option<&str>) -> Self {
        Self { reason: reason.into(), until, hint: hint.map(str::to_owned) }
    }
}

/// Explains one user.
#[must_use]
pub fn why(user: &Upn, about: &About<'_>) -> Why {
    let About { tenant, moment, .. } = about;
    let memory = moment.memory;
    let wanted = tenant.users.get(user).cloned();
    let mut waits: Vec<Wait> = about.stopped.iter().cloned().collect();
    waits.extend(of_tenant(tenant, about.kept));
    waits.extend(
        guards::suspended_by_hand(&tenant.name, *moment)
            .map(|grounds| Wait::new(grounds.reason, grounds.until, Some(&grounds.remedy))),
    );
    if let Some(written) = moment.written(user) {
        waits.extend(of_user(written, *moment));
    }
    if let Some(debt) = &memory.sync_owed {
        let reason = format!("a sync is owed since {} (run {})", time(debt.since), debt.run);
        waits.push(Wait::new(
            reason,
            moment.sync_from(),
            Some("the next run of this tenant sends it"),
        ));
    }
    let found = about.last.map(|last| found(user, last));
    let futile = futile(user, about);
    let next = next(user, about, &waits, !futile.is_empty(), found.as_ref());
    waits.extend(futile);
    waits.extend(moment.written(user).into_iter().flat_map(refused));
    Why {
        user: user.clone(),
        tenant: tenant.name.clone(),
        wanted,
        sent: sent(about.entries),
        seen: seen(user, about.entries),
        synced: memory.last_sync,
        waits,
        found,
        next,
    }
}

fn found(user: &Upn, last: &Verdict) -> Found {
    let of_user = last.users.get(user.key()).cloned().unwrap_or_default();
    let held = of_user.steps.iter().flat_map(|step| &step.holds);
    let mut holds: Vec<Reason> = Vec::new();
    for reason in last.holds.iter().chain(held).chain(&of_user.problem) {
        if !holds.contains(reason) {
            holds.push(reason.clone());
        }
    }
    Found { at: last.at, steps: of_user.steps, holds }
}

fn of_tenant(tenant: &DesiredTenant, kept: Option<&str>) -> Vec<Wait> {
    let mode = guards::not_enforced(tenant.mode)
        .map(|grounds| Wait::new(grounds.reason, None, Some(&grounds.remedy)));
    let broken = "`dialplane validate` shows what is wrong";
    let kept = kept.map(|reason| Wait::new(guards::older_version(reason), None, Some(broken)));
    mode.into_iter().chain(kept).collect()
}

fn of_user(written: &Written, moment: Moment<'_>) -> Vec<Wait> {
    let mut waits = Vec::new();
    if let Some((verb, at)) = written.unknown {
        let reason = format!("the answer to the {verb} of {} was lost", time(at));
        let hint = "it is not sent again until live state shows what became of it";
        let until = Some(moment.lost_deadline(at)).filter(|until| *until > moment.now);
        waits.push(Wait::new(reason, until, Some(hint)));
    }
    waits.extend(written.calling.as_ref().and_then(|write| settling("calling", write, moment)));
    waits.extend(
        written.details.iter().filter_map(|(field, write)| settling(field.name(), write, moment)),
    );
    for (field, reverts) in &written.reverted {
        let counted = moment.counted(reverts);
        if let (true, Some(first)) = (counted.len() >= moment.patience.flap_limit, counted.first())
        {
            let what = field.map_or("calling", |field| field.name());
            let reason = format!(
                "somebody else has changed {what} back {} times: it is left alone",
                counted.len()
            );
            let hint = "find out who or what sets it: another admin, Teams Admin Center, a script";
            waits.push(Wait::new(
                reason,
                first.checked_add(moment.patience.flap_window).ok(),
                Some(hint),
            ));
        }
    }
    waits
}

/// What is wanted, was sent again and again, and had no effect.
fn futile(user: &Upn, about: &About<'_>) -> Vec<Wait> {
    let About { tenant, moment, .. } = *about;
    let Some(written) = moment.written(user) else { return Vec::new() };
    let wanted = tenant.users.get(user);
    // A user that no manifest names is only ever disabled.
    let calling = wanted.map_or(Calling::Disabled, |user| user.calling);
    let switch = vain::tries(moment, written.calling.as_ref(), &calling)
        .map(|tries| without_effect("calling", &calling.to_string(), tries));
    let details = wanted.into_iter().flat_map(|user| user.details.iter());
    let details = details.filter_map(|(field, value)| {
        let tries = vain::tries(moment, written.details.get(&field), value)?;
        Some(without_effect(field.name(), &value.to_string(), tries))
    });
    switch.into_iter().chain(details).collect()
}

fn without_effect(what: &str, value: &str, Tries { times, last }: Tries) -> Wait {
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
fn refused(written: &Written) -> Vec<Wait> {
    written.refused.iter().map(|(verb, refused)| refusal(*verb, refused)).collect()
}

fn refusal(verb: Verb, refused: &Refused) -> Wait {
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

fn settling<T>(what: &str, write: &Write<T>, moment: Moment<'_>) -> Option<Wait> {
    let open = !write.landed && !write.lost && moment.is_open(write);
    let reason = || format!("{what} was accepted {} and is settling", time(write.at));
    open.then(|| Wait::new(reason(), Some(moment.deadline(write)), None))
}

/// What happens next. Where it depends on live state and nobody has looked, that is said.
fn next(
    user: &Upn,
    about: &About<'_>,
    waits: &[Wait],
    futile: bool,
    found: Option<&Found>,
) -> &'static str {
    if about.stopped.is_some() {
        return "nothing is written while everything is stopped";
    }
    if about.tenant.mode == Mode::Enforce
        && about.moment.memory.suspension(about.moment.now).is_some()
    {
        return "nothing is written while the tenant is suspended";
    }
    match about.tenant.mode {
        Mode::Suspend => return "nothing: the tenant is left alone",
        Mode::Report => return "the next look shows what differs and writes nothing",
        Mode::Enforce => {}
    }
    if found.is_some_and(|found| !found.holds.is_empty()) {
        return "nothing, until what holds it is lifted; the look after that goes on";
    }
    if !about.tenant.users.contains_key(user)
        && let Some(next) = next_unnamed(user, about)
    {
        return next;
    }
    let lost =
        about.moment.memory.written.get(user).is_some_and(|written| written.unknown.is_some());
    match found {
        _ if lost => {
            "nothing, until live state shows what became of the lost answer, or its time is over"
        }
        _ if futile => {
            "nothing of what had no effect, until live state shows it, the manifests want \
                something else, or an approval sends it once more"
        }
        _ if !waits.is_empty() => "what is waited for; what has not arrived by then is sent again",
        Some(found) if found.steps.is_empty() => {
            "nothing, if all is as at that look: it found nothing to do for this user; `dialplane \
                plan` looks again"
        }
        Some(found)
            if found.steps.iter().all(|step| step.outcome.as_deref() == Some("accepted")) =>
        {
            "nothing: what was to be done at that look was accepted"
        }
        Some(_) => "the next look tries again what was not accepted at that one",
        None => {
            "that depends on live state, and no look at it is on record here: `dialplane plan` \
                shows what differs and what holds it"
        }
    }
}

/// The same of a user that no manifest names; nothing if a run would disable it.
fn next_unnamed(user: &Upn, about: &About<'_>) -> Option<&'static str> {
    let memory = about.moment.memory;
    match (about.tenant.prune, about.tenant.adopt) {
        (Prune::Never, _) => {
            Some("nothing: users that no manifest names are left alone here (prune: never)")
        }
        (Prune::Disable, Adopt::All) => None,
        (Prune::Disable, Adopt::Named)
            if memory.managed.contains_key(user) || memory.written.contains_key(user) =>
        {
            None
        }
        (Prune::Disable, Adopt::Named) if memory.has_looked() => Some(
            "nothing: users that no manifest has named since the journal began are left \
                alone (adopt: named)",
        ),
        (Prune::Disable, Adopt::Named) => Some(
            "that cannot be foreseen here: the journal has never seen this tenant (prune: \
                disable, adopt: named)",
        ),
    }
}

/// The last call of each verb, with its outcome.
fn sent(entries: &[Entry]) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut outcomes: Vec<(&RunId, Verb, &StepOutcome)> = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Outcome { verb, outcome, .. } => outcomes.push((&entry.run, *verb, outcome)),
            Event::Intent { verb, details, origin, .. }
                if sent.iter().all(|sent| sent.verb != *verb) =>
            {
                let outcome = outcomes.iter().find(|(run, of, _)| **run == entry.run && of == verb);
                sent.push(Sent {
                    verb: *verb,
                    at: entry.at,
                    run: entry.run.clone(),
                    details: details.clone(),
                    outcome: outcome.map(|(_, _, outcome)| (*outcome).clone()),
                    origin: origin.clone(),
                });
            }
            _ => {}
        }
    }
    sent
}

fn seen(user: &Upn, entries: &[Entry]) -> Option<(Timestamp, Landing)> {
    entries.iter().find_map(|entry| Some((entry.at, landing(user, &entry.event)?)))
}

fn landing(user: &Upn, event: &Event) -> Option<Landing> {
    let Event::Landed(landings) = event else { return None };
    landings.iter().find(|landing| landing.user == *user).cloned()
}

/// What is wanted of a user, in one line.
#[must_use]
pub fn wants(calling: Calling, details: &Details) -> String {
    let details = details.iter().map(|(field, value)| format!("{} {value}", field.name()));
    list(std::iter::once(format!("calling {calling}")).chain(details))
}
