//! Undo: what a tenant would have to want so that an earlier run is taken back.
//!
//! ```text
//! entries of a run --last sent, first before--> what still is as it was sent --> desired state --plan--> the same guards
//! ```
//!
//! It is a desired state of the run's users alone, so that the planner compares it with today's live state and all that may hold
//! a step holds it.
//!
//! **Invariant:** what has changed since the run, by whomever, is left alone and told. Nobody else than the run's users is named,
//! and nobody is pruned.

use std::collections::BTreeMap;

use super::{Patience, Problem, present::Present};
use crate::{
    model::{
        Before, Calling, DesiredTenant, DesiredUser, Details, Field, LiveCalling, LiveTenant, LiveUser, Memory, Origin, Prune,
        RunId, Upn, Value, Verb,
    },
    ports::{Entry, Event, StepOutcome},
};

/// What is to be wanted, and what cannot be taken back.
#[derive(Debug)]
pub struct Undone {
    /// The tenant with its rules, and the users of the run as they were before it.
    pub desired: DesiredTenant,
    /// Whatever of the run is left alone, and why.
    pub left: Vec<Problem>,
}

/// What a run sent for a user.
#[derive(Debug, Default)]
struct Sent {
    calling: Option<Calling>,
    details: BTreeMap<Field, Value>,
    /// What was there before the first update.
    before: Before,
}

/// Takes back what `entries`, those of one run, did to the tenant.
#[must_use]
pub fn undo(
    (run, entries): (&RunId, &[Entry]),
    desired: &DesiredTenant,
    live: &LiveTenant,
    memory: &Memory,
    (now, patience): (jiff::Timestamp, Patience),
) -> Undone {
    let present = Present { memory, now, patience };
    let origin = Origin { file: format!("undo of run {run}").into(), line: None };
    let mut left = Vec::new();
    let mut users = BTreeMap::new();
    for (upn, sent) in sent(entries, desired) {
        let mut leave = |reason: String| {
            let remedy = "it is left as it is: change it in the manifests if it is wrong";
            left.push(Problem { user: upn.clone(), reason, remedy: remedy.to_owned(), origin: Some(origin.clone()) });
        };
        let Some(user) = live.users.get(&upn) else {
            leave("the service does not show this user any more".to_owned());
            continue;
        };
        let calling = calling(&sent, &present, user, &mut leave);
        let details = details(&sent, &present, user, &mut leave);
        if let Some(calling) = calling {
            users.insert(upn.clone(), DesiredUser { upn, calling, details, site: None, reason: None, origin: origin.clone() });
        }
    }
    let tenant = DesiredTenant { users, prune: Prune::Never, incomplete: None, ..desired.clone() };
    Undone { desired: tenant, left }
}

/// The last that was sent of everything, by user. What was refused, or never sent, changed nothing.
fn sent(entries: &[Entry], desired: &DesiredTenant) -> BTreeMap<Upn, Sent> {
    let mut sent: BTreeMap<Upn, Sent> = BTreeMap::new();
    let mut under_way: BTreeMap<&Upn, (Verb, &Details, &Before)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.tenant_id == desired.id) {
        match &entry.event {
            Event::Intent { user, verb, details, before } => {
                under_way.insert(user, (*verb, details, before));
            }
            Event::Outcome { user, outcome: StepOutcome::Failed(_) | StepOutcome::NotTried(_), .. } => {
                under_way.remove(user);
            }
            Event::Outcome { user, .. } => {
                if let Some(step) = under_way.remove(user) {
                    sent.entry(user.clone()).or_default().add(step);
                }
            }
            _ => {}
        }
    }
    // Without an outcome, it may have been carried out.
    for (user, step) in under_way {
        sent.entry(user.clone()).or_default().add(step);
    }
    sent
}

impl Sent {
    fn add(&mut self, (verb, details, before): (Verb, &Details, &Before)) {
        match verb {
            Verb::Enable => self.calling = Some(Calling::Enabled),
            Verb::Disable => self.calling = Some(Calling::Disabled),
            Verb::Update => {
                self.details.extend(details.iter().map(|(field, value)| (field, value.clone())));
                for (field, value) in before {
                    self.before.entry(*field).or_insert_with(|| value.clone());
                }
            }
        }
    }
}

/// What calling is to be: the other way round if the run switched it and it still is so, else as it is. Nothing if nobody knows
/// what it is.
fn calling(sent: &Sent, present: &Present<'_>, user: &LiveUser, leave: &mut impl FnMut(String)) -> Option<Calling> {
    let is = match present.calling(user) {
        LiveCalling::Enabled => Calling::Enabled,
        LiveCalling::Disabled => Calling::Disabled,
        LiveCalling::Unclear(text) => {
            leave(format!("the service says {text:?} of this user's calling, which is neither enabled nor disabled"));
            return None;
        }
    };
    match sent.calling {
        Some(sent) if sent != is => {
            leave(format!("calling was {sent} by the run and is {is} now: somebody has changed it since"));
            Some(is)
        }
        Some(Calling::Enabled) => Some(Calling::Disabled),
        Some(Calling::Disabled) => Some(Calling::Enabled),
        None => Some(is),
    }
}

/// The fields that still are as the run sent them, with the values from before it.
fn details(sent: &Sent, present: &Present<'_>, user: &LiveUser, leave: &mut impl FnMut(String)) -> Details {
    let mut details = Details::default();
    for (field, before) in &sent.before {
        let Some(value) = sent.details.get(field) else { continue };
        match (present.value(user, *field), before) {
            (Some(is), _) if is != value => {
                leave(format!("{field} was set to {value} by the run and is {is} now: somebody has changed it since"));
            }
            (None, _) => leave(format!("{field} was set to {value} by the run, and nobody can see what it is now")),
            (Some(_), Some(before)) => details.set(*field, before.clone()),
            (Some(_), None) if *field == Field::PhoneNumber => details.set(*field, Value::NoPhone),
            (Some(_), None) => {
                leave(format!("{field} had no value before, which is nothing that the service can be told"));
            }
        }
    }
    details
}
