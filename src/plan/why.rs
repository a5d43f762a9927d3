//! Why a user is as it is: what wants it, what was sent and seen, what is waited for, what holds
//! it, what comes next. Offline and pure: live state is not asked, so what guards say of it is
//! what the last plan said, with its time.

mod next;
mod waits;

use jiff::Timestamp;

use super::Moment;
use crate::{
    model::{
        Calling, DesiredTenant, DesiredUser, Details, Entry, Event, Landing, Origin, Pending,
        Reason, Revision, RunId, StepOutcome, TenantName, Upn, Verb, Verdict,
    },
    words::list,
};

/// What can be said of one user without asking anybody.
#[derive(Debug, Clone, PartialEq)]
pub struct UserExplanation {
    /// Who.
    pub user: Upn,
    /// In which tenant.
    pub tenant: TenantName,
    /// What the manifests want; nothing if none names the user.
    pub wanted: Option<DesiredUser>,
    /// The last call of each kind, newest first.
    pub sent: Vec<SentCall>,
    /// When an observation last showed something that was sent before, and what.
    pub seen: Option<(Timestamp, Landing)>,
    /// When the tenant's last sync was accepted.
    pub synced: Option<Timestamp>,
    /// What prevents it, or has not happened yet.
    pub waits: Vec<Wait>,
    /// What the last plan said, if one is kept.
    pub found: Option<LastPlanOfUser>,
    /// What happens next, as far as that can be known.
    pub next: &'static str,
}

/// What the last plan said of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPlanOfUser {
    /// When.
    pub at: Timestamp,
    /// What was to be done for the user, and what became of it.
    pub steps: Vec<Pending>,
    /// What held the tenant or the user, or is wrong with the user.
    pub holds: Vec<Reason>,
}

/// What is known around one user.
#[derive(Debug)]
pub struct UserContext<'a> {
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
pub struct SentCall {
    /// The verb.
    pub verb: Verb,
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// Which version of the manifests that run carried out, once somebody has looked it up.
    pub revision: Option<Revision>,
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

impl UserContext<'_> {
    /// What the manifests want of a user now.
    fn wanted(&self, user: &Upn) -> Option<DesiredUser> {
        let mut tenant = self.tenant.clone();
        tenant.come_to(self.moment.now);
        tenant.users.get(user).cloned()
    }

    /// The moment before which nothing is done for a user, if that is ahead.
    fn begins(&self, user: &Upn) -> Option<Timestamp> {
        self.tenant.users.get(user)?.begins(self.moment.now)
    }
}

/// Explains one user.
#[must_use]
pub fn why(user: &Upn, about: &UserContext<'_>) -> UserExplanation {
    let UserContext { tenant, moment, .. } = about;
    let wanted = about.wanted(user);
    let mut waits = waits::open(user, about);
    let futile = waits::futile(user, about);
    let found = about.last.map(|last| found(user, last));
    let next = next::step(user, about, &waits, !futile.is_empty(), found.as_ref());
    waits.extend(futile);
    waits.extend(moment.written(user).into_iter().flat_map(waits::refused));
    UserExplanation {
        user: user.clone(),
        tenant: tenant.name.clone(),
        wanted,
        sent: sent(about.entries),
        seen: seen(user, about.entries),
        synced: moment.memory.last_sync,
        waits,
        found,
        next,
    }
}

fn found(user: &Upn, last: &Verdict) -> LastPlanOfUser {
    let of_user = last.users.get(user.key()).cloned().unwrap_or_default();
    let held = of_user.steps.iter().flat_map(|step| &step.holds);
    let mut holds: Vec<Reason> = Vec::new();
    for reason in last.holds.iter().chain(held).chain(&of_user.problem) {
        if !holds.contains(reason) {
            holds.push(reason.clone());
        }
    }
    LastPlanOfUser { at: last.at, steps: of_user.steps, holds }
}

/// The last call of each verb, with its outcome.
fn sent(entries: &[Entry]) -> Vec<SentCall> {
    let mut sent: Vec<SentCall> = Vec::new();
    let mut outcomes: Vec<(&RunId, Verb, &StepOutcome)> = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Outcome { verb, outcome, .. } => outcomes.push((&entry.run, *verb, outcome)),
            Event::Intent { verb, details, origin, .. }
                if sent.iter().all(|sent| sent.verb != *verb) =>
            {
                let outcome = outcomes.iter().find(|(run, of, _)| **run == entry.run && of == verb);
                sent.push(SentCall {
                    verb: *verb,
                    at: entry.at,
                    run: entry.run.clone(),
                    revision: None,
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
