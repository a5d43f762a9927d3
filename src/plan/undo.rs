//! Undo: the plan that takes an earlier run back.
//!
//! ```text
//! entries of the run --last sent, first before--> what still is as it was sent --> desired state
//! --Fleet--> the same guards
//! ```
//!
//! The desired state of an undo is the tenant with all its rules: the run's users as they were
//! before it, and everybody else in git as they are now. So the planner compares with
//! today's live state, whatever may hold a step holds it, nobody but the run's users is changed,
//! and guards that count people (sites, limits) see them all.
//!
//! **Invariant:** what has changed since the run, by whomever, is left alone and told. Nobody is
//! pruned.
//!
//! Deliberately not here: approvals. What an undo may not do is let through the reviewed way, by a
//! commit that is reverted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Action, Fleet, Moment, NotUndone, Note, Problem, ProblemKind, Rules, TenantInput, TenantPlan,
};
use crate::{
    model::{
        Before, Calling, Confirmation, DesiredTenant, DesiredUser, Details, Entry, Event, Field,
        GatewayId, LiveTenant, LiveUser, ObservedValue, Origin, Prune, Revision, Service,
        StepOutcome, TenantInForce, TenantName, Upn, Users, Value, Verb,
    },
    plan::Observation,
};

/// The runs that are to be taken back.
#[derive(Debug, Clone, Copy)]
pub struct Undo<'a> {
    /// Which, in words: `run 20260703T100000Z-5f0c7a1e-1`, `pass 1f0c5e7a93`.
    pub what: &'a str,
    /// What is on record of it, in its order; of several runs, one after the other.
    pub entries: &'a [Entry],
}

/// A tenant that is wanted as it was before.
#[derive(Debug)]
pub struct Prepared {
    tenant: TenantName,
    git: Arc<DesiredTenant>,
    /// The users that the runs concern. Unknown if the tenant could not be read.
    undone: Option<BTreeSet<Upn>>,
    left: Vec<Problem>,
}

/// What a run sent for a user.
#[derive(Debug, Default)]
struct SentByRun {
    /// What calling was switched to, first and last.
    calling: Option<(Calling, Calling)>,
    details: Details,
    /// What was there before the first update.
    before: Before,
    /// With what the user was set up, if that was done; a set-up is not taken back.
    set_up: Option<Details>,
}

impl Undo<'_> {
    /// Makes the fleet want `tenant` as it was before; nothing if the fleet does not know it. Of
    /// several tenants all are prepared before the first is planned: each plan counts the others.
    pub fn prepare(
        &self,
        tenant: &TenantName,
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Option<Prepared> {
        let input = fleet.get(tenant)?.clone();
        let mut git = Arc::clone(&input.tenant.desired);
        Arc::make_mut(&mut git).come_to(now);
        let mut prepared = Prepared {
            tenant: tenant.clone(),
            git: Arc::clone(&git),
            undone: None,
            left: Vec::new(),
        };
        let Observation::Seen(live) = &input.live else { return Some(prepared) };
        let git = &*git;
        let Rules { patience, looked, .. } = *fleet.rules();
        let moment = Moment { memory: &input.memory, now, patience, looked };
        let (users, left) = self.users(git, live, moment);
        let undone: BTreeSet<Upn> =
            users.keys().chain(left.iter().map(|problem| &problem.user)).cloned().collect();
        let bystanders = git.users.values().filter(|user| !undone.contains(&user.upn));
        let bystanders = bystanders.filter_map(|user| as_it_is(user, live, moment));
        let users = bystanders.chain(users.values().cloned()).collect();
        let desired =
            DesiredTenant { prune: Prune::Never, users, hands_on: BTreeMap::new(), ..git.clone() };
        // Whether Teams shows what the service shows is a matter of what git wants.
        let live = LiveTenant { confirmation: Confirmation::NotAsked, ..LiveTenant::clone(live) };
        fleet.set(TenantInput {
            tenant: TenantInForce {
                desired: Arc::new(desired),
                kept: input.tenant.kept.clone(),
                approvals: Vec::new(),
            },
            live: Observation::Seen(Arc::new(live)),
            memory: Arc::clone(&input.memory),
            lease: input.lease.clone(),
        });
        prepared.left = left;
        prepared.undone = Some(undone);
        Some(prepared)
    }

    /// The plan back for a tenant that is prepared.
    pub fn plan(&self, prepared: Prepared, fleet: &mut Fleet, now: Timestamp) -> TenantPlan {
        let Prepared { tenant, git, undone, left } = prepared;
        let mut plan = fleet.plan(&tenant, now);
        // It is not known how it is.
        let Some(undone) = undone else { return plan };
        let git = &*git;
        plan.remarks.problems.retain(|problem| undone.contains(&problem.user));
        plan.remarks.problems.extend(left);
        // That a manifest names somebody is for git to say.
        let names = |user: &Upn| git.users.get(user).is_some_and(|it| it.begins(now).is_none());
        plan.facts.managed.retain(|managed| names(&managed.user));
        plan.remarks.notes.retain(|note| !is_of_git(note));
        let against: BTreeSet<&Upn> =
            plan.steps.iter().filter(|step| differs(step, git)).map(|step| &step.user).collect();
        let note = (!against.is_empty()).then(|| self.git_wants(against.len()));
        plan.remarks.notes.extend(note);
        plan
    }

    /// That the undo does not last.
    fn git_wants(&self, users: usize) -> Note {
        Note::NotLasting { what: self.what.to_owned(), users, revision: self.revision().cloned() }
    }

    /// Which version of the manifests was carried out, by the last of the runs.
    fn revision(&self) -> Option<&Revision> {
        self.entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Began { revision, .. } => revision.as_ref(),
            _ => None,
        })
    }

    /// The run's users as they were before it, and whatever of it is left alone, and why.
    fn users(
        &self,
        git: &DesiredTenant,
        live: &LiveTenant,
        moment: Moment<'_>,
    ) -> (Users<DesiredUser>, Vec<Problem>) {
        let origin = Origin { file: self.what.into(), line: None };
        let mut users = Vec::new();
        let mut left = Vec::new();
        for (upn, mut sent) in self.sent(git) {
            let mut leave = |why: NotUndone| {
                let kind = ProblemKind::NotUndone(why);
                left.push(Problem { user: upn.clone(), kind, origin: Some(origin.clone()) });
            };
            let Some(user) = live.users.get(&upn) else {
                leave(NotUndone::NotVisible);
                continue;
            };
            let of_git = git.users.get(&upn).map(|user| user.service).unwrap_or_default();
            let service = if sent.is_call_app() || live.has_call_app(user) {
                Service::CallApp
            } else {
                of_git
            };
            match (&sent.set_up, service) {
                (None, _) => {}
                (Some(details), Service::CallApp) if live.beside.call_app_calls.disable => {
                    // A set-up switches it on as well.
                    sent.calling.get_or_insert((Calling::Enabled, Calling::Enabled));
                    leave(NotUndone::StaysSetUp(details.phone().cloned()));
                }
                (Some(_), Service::CallApp) => leave(NotUndone::KeepsCallApp),
                (Some(details), Service::Phone) => {
                    leave(NotUndone::StaysSetUp(details.phone().cloned()));
                }
            }
            let Some(calling) = calling_before(&sent, moment, user, &mut leave) else { continue };
            let details = details_before(&sent, calling, moment, user, &mut leave);
            let site = git.users.get(&upn).and_then(|user| user.site.clone());
            let origin = origin.clone();
            users.push(DesiredUser {
                upn,
                calling,
                details,
                site,
                reason: None,
                dates: None,
                onboard: None,
                service,
                origin,
            });
        }
        (users.into_iter().collect(), left)
    }

    /// The last that was sent of everything, by user. What was refused, or never sent, changed
    /// nothing.
    fn sent(&self, tenant: &DesiredTenant) -> BTreeMap<Upn, SentByRun> {
        let mut sent: BTreeMap<Upn, SentByRun> = BTreeMap::new();
        let mut under_way: BTreeMap<(&Upn, Verb), (Verb, &Details, &Before)> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.tenant_id == tenant.id) {
            match &entry.event {
                Event::Intent { user, verb, details, before, .. } => {
                    // One that has no outcome may have been carried out.
                    if let Some(lost) = under_way.insert((user, *verb), (*verb, details, before)) {
                        sent.entry(user.clone()).or_default().add(lost);
                    }
                }
                Event::Outcome {
                    user,
                    verb,
                    outcome: StepOutcome::Failed(_) | StepOutcome::NotTried(_),
                } => {
                    under_way.remove(&(user, *verb));
                }
                Event::Outcome { user, verb, .. } => {
                    if let Some(step) = under_way.remove(&(user, *verb)) {
                        sent.entry(user.clone()).or_default().add(step);
                    }
                }
                _ => {}
            }
        }
        // Without an outcome, it may have been carried out.
        for ((user, _), step) in under_way {
            sent.entry(user.clone()).or_default().add(step);
        }
        sent
    }
}

impl SentByRun {
    fn add(&mut self, (verb, details, before): (Verb, &Details, &Before)) {
        match verb {
            Verb::Enable => self.switched(Calling::Enabled),
            Verb::Disable => self.switched(Calling::Disabled),
            Verb::Configure => self.set_up = Some(details.clone()),
            Verb::Update => {
                self.details = details.over(&self.details);
                for (field, value) in before {
                    self.before.entry(*field).or_insert_with(|| value.clone());
                }
            }
        }
    }

    /// Whether it went to a user of the Call App: nobody else has that gateway.
    fn is_call_app(&self) -> bool {
        let gateway = Value::Gateway(GatewayId::CALL_APP);
        let sent = [Some(&self.details), self.set_up.as_ref()];
        sent.into_iter().flatten().any(|it| it.get(Field::SbcGatewayId) == Some(&gateway))
    }

    fn switched(&mut self, to: Calling) {
        self.calling = Some((self.calling.map_or(to, |(first, _)| first), to));
    }
}

/// Somebody who is not a matter of the run, wanted as is. Nobody, if that is not known.
fn as_it_is(user: &DesiredUser, live: &LiveTenant, moment: Moment<'_>) -> Option<DesiredUser> {
    let calling = moment.calling(live.users.get(&user.upn)?).known()?;
    Some(DesiredUser { calling, details: Details::default(), dates: None, ..user.clone() })
}

/// What calling is to be: if it still is as it was last switched, as it was before it was first
/// switched; else as it is: back already, or never switched. Nothing if that is not known.
fn calling_before(
    sent: &SentByRun,
    moment: Moment<'_>,
    user: &LiveUser,
    leave: &mut impl FnMut(NotUndone),
) -> Option<Calling> {
    let Some(is) = moment.calling(user).known() else {
        leave(NotUndone::CallingUnclear);
        return None;
    };
    Some(match sent.calling {
        Some((first, last)) if last == is => match first {
            Calling::Enabled => Calling::Disabled,
            Calling::Disabled => Calling::Enabled,
        },
        _ => is,
    })
}

/// The fields that still are as the run sent them, with the values from before it.
fn details_before(
    sent: &SentByRun,
    calling: Calling,
    moment: Moment<'_>,
    user: &LiveUser,
    leave: &mut impl FnMut(NotUndone),
) -> Details {
    let mut details = Details::default();
    for (field, before) in &sent.before {
        let Some(value) = sent.details.get(*field) else { continue };
        let number = *field == Field::PhoneNumber;
        // A list that lags shows what was before: a third value was put there by somebody, however
        // young the write is.
        let is = match user.details.get(*field) {
            // Neither what was before nor what was sent looks so.
            Some(ObservedValue::Unreadable(read)) => {
                leave(NotUndone::NotUnderstood(*field, value.clone(), read.clone()));
                continue;
            }
            Some(ObservedValue::Set(third)) if third != value && before.as_ref() != Some(third) => {
                Some(third)
            }
            _ => moment.value(user, *field),
        };
        match (is, before) {
            // It is back already.
            (Some(is), Some(before)) if is == before => {}
            (Some(Value::NoPhone), None) if number => {}
            (Some(is), _) if is != value => {
                leave(NotUndone::ChangedSince(*field, value.clone(), is.clone()));
            }
            (None, _) => {
                leave(NotUndone::FieldNotVisible(*field, value.clone()));
            }
            (Some(_), None) if number => details.set(*field, Value::NoPhone),
            (Some(_), None) => leave(NotUndone::HadNoValue(*field)),
            (Some(_), Some(Value::NoPhone)) => details.set(*field, Value::NoPhone),
            (Some(_), Some(_)) if calling == Calling::Disabled => {
                leave(NotUndone::CallingOff(*field, value.clone()));
            }
            (Some(_), Some(before)) => details.set(*field, before.clone()),
        }
    }
    details
}

/// Whether a note is about what git names, which an undo does not change.
fn is_of_git(note: &Note) -> bool {
    match note {
        Note::Unmanaged(_)
        | Note::Unforeseen(_)
        | Note::NotAdopted(_)
        | Note::ProtectsNobody(_)
        | Note::Early(_)
        | Note::Ahead(_)
        | Note::Renamed(..) => true,
        Note::DetailsWait(_)
        | Note::Settling(..)
        | Note::Suspect(_)
        | Note::UnreadNumbers(_)
        | Note::NumberList(_)
        | Note::Unmatched(_)
        | Note::Nameless(_)
        | Note::NotOurTenant(_)
        | Note::GatewayNotAvailable { .. }
        | Note::NotConfirmed(_)
        | Note::NotConfirmedYet(_)
        | Note::Kept(_)
        | Note::Approval { .. }
        | Note::NotLasting { .. }
        | Note::Interruption { .. } => false,
    }
}

/// Whether git wants otherwise what a step makes.
fn differs(step: &super::Step, git: &DesiredTenant) -> bool {
    let wanted = git.users.get(&step.user);
    match (&step.action, wanted) {
        (Action::Enable, None) => git.prune == Prune::Disable,
        (Action::Configure(_), _) | (Action::Disable | Action::Update(_), None) => false,
        (Action::Enable, Some(user)) => user.calling == Calling::Disabled,
        (Action::Disable, Some(user)) => user.calling == Calling::Enabled,
        (Action::Update(_), Some(user)) => step.changes.iter().any(|change| {
            let wanted = user.details.get(change.field);
            wanted.is_some_and(|wanted| *wanted != change.desired)
        }),
    }
}
