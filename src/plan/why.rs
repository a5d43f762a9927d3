//! Why a user is as it is: what wants it, what was sent and seen, what is waited for, what comes next. Offline and pure: live
//! state is not asked, so that guards over it say nothing here.

use jiff::Timestamp;

use super::Patience;
use crate::{
    model::{
        Calling, DesiredTenant, DesiredUser, Details, Landing, Memory, Mode, Origin, RunId, TenantName, Upn, Verb, Write, Written,
    },
    ports::{Entry, Event, StepOutcome},
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
    /// What stands in the way, or has not happened yet.
    pub waits: Vec<Wait>,
    /// What happens next.
    pub next: &'static str,
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

/// Explains one user of a tenant. `entries` are those that speak of the user, newest first; `kept` says why an older version of the
/// manifests is in force, if so.
#[must_use]
pub fn why(
    user: &Upn,
    tenant: &DesiredTenant,
    kept: Option<&str>,
    memory: &Memory,
    entries: &[Entry],
    (now, patience): (Timestamp, Patience),
) -> Why {
    let wanted = tenant.users.get(user).cloned();
    let mut waits = of_tenant(tenant, kept);
    if let Some(written) = memory.written.get(user) {
        waits.extend(of_user(written, memory, now, patience));
    }
    if let Some(debt) = &memory.sync_owed {
        let reason = format!("a sync is owed since {} (run {})", shown(debt.since), debt.run);
        waits.push(Wait::new(reason, patience.sync_from(memory, now), Some("the next run of this tenant sends it")));
    }
    let next = next(tenant.mode, wanted.as_ref(), &waits);
    Why {
        user: user.clone(),
        tenant: tenant.name.clone(),
        wanted,
        sent: sent(entries),
        seen: seen(user, entries),
        synced: memory.last_sync,
        waits,
        next,
    }
}

fn of_tenant(tenant: &DesiredTenant, kept: Option<&str>) -> Vec<Wait> {
    let mode = match tenant.mode {
        Mode::Enforce => None,
        Mode::Report => {
            Some(Wait::new("the tenant's mode is `report`: differences are only shown", None, Some("set `mode: enforce`")))
        }
        Mode::Suspend => Some(Wait::new("the tenant's mode is `suspend`: it is left alone", None, Some("set `mode: enforce`"))),
    };
    let kept = kept.map(|reason| {
        Wait::new(
            format!("an older version of the manifests is in force: {reason}"),
            None,
            Some("`dialplane validate` shows what is wrong"),
        )
    });
    mode.into_iter().chain(kept).collect()
}

fn of_user(written: &Written, memory: &Memory, now: Timestamp, patience: Patience) -> Vec<Wait> {
    let mut waits = Vec::new();
    if let Some((verb, at)) = written.unknown {
        let reason = format!("the answer to the {verb} of {} was lost", shown(at));
        let hint = "it is not sent again until live state shows what became of it";
        let until = Some(patience.lost_deadline(memory, at, now)).filter(|until| *until > now);
        waits.push(Wait::new(reason, until, Some(hint)));
    }
    waits.extend(written.calling.as_ref().and_then(|write| settling("calling", write, memory, now, patience)));
    waits.extend(written.details.iter().filter_map(|(field, write)| settling(field.name(), write, memory, now, patience)));
    for (field, reverts) in &written.reverted {
        let counted = patience.counted(reverts, now);
        if let (true, Some(first)) = (counted.len() >= patience.flap_limit, counted.first()) {
            let what = field.map_or("calling", |field| field.name());
            let reason = format!("somebody else has changed {what} back {} times: it is left alone", counted.len());
            let hint = "find out who or what sets it: another admin, Teams Admin Center, a script";
            waits.push(Wait::new(reason, first.checked_add(patience.flap_window).ok(), Some(hint)));
        }
    }
    waits
}

fn settling<T>(what: &str, write: &Write<T>, memory: &Memory, now: Timestamp, patience: Patience) -> Option<Wait> {
    let open = !write.landed && !write.lost && patience.is_open(memory, write, now);
    let reason = || format!("{what} was accepted {} and is settling", shown(write.at));
    open.then(|| Wait::new(reason(), Some(patience.deadline(memory, write, now)), None))
}

fn next(mode: Mode, wanted: Option<&DesiredUser>, waits: &[Wait]) -> &'static str {
    match (mode, wanted) {
        (Mode::Suspend, _) => "nothing: the tenant is left alone",
        (Mode::Report, _) => "the next look shows what differs and writes nothing",
        (Mode::Enforce, None) => "nothing, unless the tenant prunes: `dialplane plan` shows it",
        (Mode::Enforce, Some(_)) if waits.is_empty() => {
            "the next look compares live state and corrects what differs; `dialplane plan` shows it"
        }
        (Mode::Enforce, Some(_)) => "the next look goes on as far as what is waited for allows; `dialplane plan` shows it",
    }
}

/// The last call of each verb, with its outcome.
fn sent(entries: &[Entry]) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut outcomes: Vec<(&RunId, Verb, &StepOutcome)> = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Outcome { verb, outcome, .. } => outcomes.push((&entry.run, *verb, outcome)),
            Event::Intent { verb, details, origin, .. } if sent.iter().all(|sent| sent.verb != *verb) => {
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
    entries.iter().find_map(|entry| match &entry.event {
        Event::Landed(landings) => {
            let landing = landings.iter().find(|landing| landing.user == *user)?;
            Some((entry.at, landing.clone()))
        }
        _ => None,
    })
}

/// A time as people read it.
fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What is wanted of a user, in one line.
#[must_use]
pub fn wants(calling: Calling, details: &Details) -> String {
    let details = details.iter().map(|(field, value)| format!("{} {value}", field.name()));
    std::iter::once(format!("calling {calling}")).chain(details).collect::<Vec<_>>().join(", ")
}
