//! User by user: what differs, and which calls would correct it.
//!
//! | desired | live | steps |
//! |---|---|---|
//! | enabled | disabled, details equal | enable |
//! | enabled | disabled, details differ | update, then enable (enabling pushes what is stored) |
//! | enabled | enabled, details differ | update |
//! | disabled | enabled | disable |
//! | disabled | disabled | nothing, but for an explicit release of a number |
//! | from a later date on | whatever it is | nothing |
//! | enabled, may be set up | known to the directory, not set up | configure, then enable ([`super::onboard`]) |
//! | of a service | of another one, or it is not known | a problem ([`super::service`]) |
//! | not named | enabled | a note; with `prune: disable`, disable |
//!
//! A user who is not visible is a problem of that user: never an enable, never a disable. So is a
//! value that is not understood, and it is not overwritten ([`unread`]).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Action, Cause, Facts, FieldChange, Hold, LiveValue, Moment, Note, Problem, ProblemKind,
    Remarks, Step, StepId, Steps, inventory,
    past::{EarlierWrites, LostCall, UnseenWrite, equal, seen, shows},
    people::{People, PeopleNews},
    unread::{self, UncomparableField},
    vain::{self, FutileWrites, SendCount},
};
use crate::model::{
    Calling, Coverage, DesiredTenant, DesiredUser, Field, GatewayId, LastWrites, LiveCalling,
    LiveTenant, LiveUser, Origin, Upn, Value, Verb,
};

/// What a comparison gives.
#[derive(Debug, Default)]
pub(super) struct DiffOutcome {
    pub(super) steps: Steps,
    pub(super) remarks: Remarks,
    pub(super) facts: Facts,
    /// Users whose lost answer is decided now, and when it was lost.
    pub(super) decided: Vec<(Upn, Timestamp)>,
    /// The gateways that users with calling are to have, each with how many of them.
    pub(super) gateways: BTreeMap<GatewayId, usize>,
}

/// Compares a whole tenant.
pub(super) fn tenant(
    desired: &DesiredTenant,
    live: &LiveTenant,
    moment: Moment<'_>,
) -> DiffOutcome {
    let past = EarlierWrites { live, moment };
    let people = People::of(desired, live, moment);
    let mut diff = Diff {
        desired,
        past,
        outcome: DiffOutcome::default(),
        early: Vec::new(),
        details_wait: 0,
        settling: 0,
        settled_by: None,
    };
    desired.users.meet(&live.users, |wanted, seen| {
        if let Some(wanted) = wanted {
            if let Some(gateway) = inventory::wanted_gateway(wanted) {
                *diff.outcome.gateways.entry(gateway).or_default() += 1;
            }
            diff.user(wanted, seen, &people);
        }
    });
    diff.unmanaged(&people);
    let nobody = |upn: &&Upn| !desired.users.contains_key(upn) && !live.users.contains_key(upn);
    let nobody: Vec<Upn> = desired.protect.users.iter().filter(nobody).cloned().collect();
    let Diff { mut outcome, early, details_wait, settling, settled_by, .. } = diff;
    outcome
        .remarks
        .notes
        .extend(people.renamed().map(|(before, now)| Note::Renamed(before.clone(), now.clone())));
    let PeopleNews { managed, vanished, unread } = people.news();
    outcome.facts.managed = managed;
    outcome.facts.vanished = vanished;
    if !nobody.is_empty() {
        outcome.remarks.notes.push(Note::ProtectsNobody(nobody));
    }
    if !early.is_empty() {
        outcome.remarks.notes.push(Note::Early(early));
    }
    if details_wait > 0 {
        outcome.remarks.notes.push(Note::DetailsWait(details_wait));
    }
    if let Some(by) = settled_by {
        outcome.remarks.notes.push(Note::Settling(settling, by));
    }
    outcome.remarks.notes.extend(unread::notes(desired, live, unread));
    outcome
}

pub(super) struct Diff<'a> {
    pub(super) desired: &'a DesiredTenant,
    pub(super) past: EarlierWrites<'a>,
    pub(super) outcome: DiffOutcome,
    /// Users with calling for whom nothing is done yet.
    early: Vec<Upn>,
    details_wait: usize,
    settling: usize,
    settled_by: Option<Timestamp>,
}

/// The fields of one user, wanted and live.
#[derive(Debug, Default)]
pub(super) struct ComparedUser {
    /// What differs; of values that are not understood, all but numbers.
    pub(super) changes: Vec<FieldChange>,
    /// Values that are not understood.
    odd: Vec<UncomparableField>,
    /// Values that were sent again and again without effect; they are among the changes.
    pub(super) vain: FutileWrites,
    /// Until when the others settle.
    pub(super) settling: Option<Timestamp>,
}

/// Whether calling is to be switched.
#[derive(Debug, Default)]
pub(super) struct Switch {
    pub(super) needed: bool,
    /// When that was tried in vain, if it was.
    pub(super) did_not_land: Option<Timestamp>,
    /// Somebody else switches it back again and again.
    pub(super) fought: Option<Hold>,
    /// How often it was tried without effect, if so often that it is not tried again.
    pub(super) in_vain: Option<SendCount>,
}

impl Diff<'_> {
    fn user(&mut self, desired: &DesiredUser, live: Option<&LiveUser>, people: &People<'_>) {
        let now = self.past.moment.now;
        if desired.begins(now).is_some() {
            return live.map(|live| self.early(desired, live)).unwrap_or_default();
        }
        let Some(live) = live else {
            return self.absent(desired, people);
        };
        let written = self.past.written(&desired.upn);
        if self.is_frozen(live, Some(&desired.origin)) {
            return;
        }
        if let Some(problem) = self.of_another_service(desired, live) {
            return self.problem(desired, problem);
        }
        let live_calling = match &live.calling {
            LiveCalling::Enabled => Calling::Enabled,
            LiveCalling::Disabled => Calling::Disabled,
            LiveCalling::Unclear(text) => {
                return self.problem(desired, ProblemKind::CallingUnclear(text.clone()));
            }
        };
        let ComparedUser { changes, odd, vain, mut settling } =
            self.compare(desired, live, written);
        if let Some(problem) = unread::problem(desired, &odd) {
            self.problem(desired, problem);
        }
        let switch = self.switch(live_calling, written, desired.calling, &mut settling);
        self.count_settling(settling);
        let calling = switch.in_vain.map(|tries| vain::calling(desired.calling, tries));
        match desired.calling {
            Calling::Enabled => {
                let update = self.update(desired, live, changes, &vain);
                if let (Ok(update), true) = (update, switch.needed) {
                    let steps = &self.outcome.steps;
                    let first = update.filter(|update| vain.is_waited_for(steps.at(*update)));
                    let after = first.into_iter().collect();
                    let id = self.step(desired, Action::Enable, Vec::new(), after);
                    self.mark(id, switch);
                    self.hold(id, unread::enable(&odd));
                }
            }
            Calling::Disabled => {
                let disabled = switch.needed.then(|| {
                    let id = self.step(desired, Action::Disable, Vec::new(), Vec::new());
                    self.mark(id, switch);
                    self.dated(id, desired.ended(now));
                    id
                });
                let (release, waiting): (Vec<FieldChange>, Vec<FieldChange>) =
                    changes.into_iter().partition(|change| change.desired == Value::NoPhone);
                if !waiting.is_empty() {
                    self.details_wait += 1;
                }
                if let Ok(Some(release)) = self.update(desired, live, release, &vain) {
                    let after = disabled.into_iter().collect();
                    self.outcome.steps.at_mut(release).after = after;
                    self.dated(release, self.desired.handed_on(&desired.upn, now));
                }
            }
        }
        if let Some(problem) = vain.problem(calling, |field| unread::matters(desired, field)) {
            self.problem(desired, problem);
        }
    }

    /// Somebody for whom nothing is done yet.
    fn early(&mut self, desired: &DesiredUser, live: &LiveUser) {
        if !self.is_frozen(live, Some(&desired.origin)) && live.calling == LiveCalling::Enabled {
            self.early.push(desired.upn.clone());
        }
    }

    /// A date of the manifests wants a step, if one has come.
    fn dated(&mut self, step: StepId, since: Option<Timestamp>) {
        if let Some(since) = since {
            self.outcome.steps.at_mut(step).cause = Cause::Dated(since);
        }
    }

    pub(super) fn step(
        &mut self,
        desired: &DesiredUser,
        action: Action,
        changes: Vec<FieldChange>,
        after: Vec<StepId>,
    ) -> StepId {
        let origin = Some(desired.origin.clone());
        // As the service spells the name: it may mind case.
        let live = self.past.live.users.get(&desired.upn);
        let user = live.map_or(&desired.upn, |live| &live.upn).clone();
        let step = Step::new(user, action, Cause::Declared, origin);
        self.outcome.steps.push(Step {
            service: desired.service,
            changes,
            after,
            site: desired.site.clone(),
            ..step
        })
    }

    pub(super) fn mark(&mut self, step: StepId, switch: Switch) {
        let step = self.outcome.steps.at_mut(step);
        step.did_not_land = switch.did_not_land;
        step.holds.extend(switch.fought);
        step.holds.extend(switch.in_vain.map(|tries| vain::hold("this", tries.times)));
    }

    pub(super) fn hold(&mut self, step: StepId, holds: impl IntoIterator<Item = Hold>) {
        self.outcome.steps.at_mut(step).holds.extend(holds);
    }

    pub(super) fn count_settling(&mut self, until: Option<Timestamp>) {
        if let Some(by) = until {
            self.settling += 1;
            self.settled_by = self.settled_by.max(Some(by));
        }
    }

    /// A user who is not in the list: the list's fault, if the list is in doubt.
    fn absent(&mut self, desired: &DesiredUser, people: &People<'_>) {
        if let Some(name) = people.new_name(&desired.upn) {
            return self.problem(desired, ProblemKind::Renamed(name.clone()));
        }
        if self.past.live.coverage == Coverage::Complete && self.onboards(desired) {
            return;
        }
        match &self.past.live.coverage {
            Coverage::Complete => self.problem(desired, ProblemKind::NotVisible),
            Coverage::Suspect(what) => {
                self.problem(desired, ProblemKind::NotListed(what.clone()));
            }
        }
    }

    pub(super) fn problem(&mut self, desired: &DesiredUser, kind: ProblemKind) {
        let origin = Some(desired.origin.clone());
        self.outcome.remarks.problems.push(Problem { user: desired.upn.clone(), kind, origin });
    }

    /// True if an answer was lost and its outcome is not known: then nothing is planned for
    /// the user.
    pub(super) fn is_frozen(&mut self, live: &LiveUser, origin: Option<&Origin>) -> bool {
        let Some(LostCall::Undecided { verb, at, until }) = self.notice(live) else { return false };
        self.frozen(&live.upn, origin, verb, at, until);
        true
    }

    /// Notes what a list shows of earlier writes to a user, and says what is known of a lost
    /// answer.
    pub(super) fn notice(&mut self, live: &LiveUser) -> Option<LostCall> {
        let lost = self.past.lost(live);
        let undecided = match &lost {
            None => None,
            Some(LostCall::Undecided { at, .. }) => Some(*at),
            Some(LostCall::Decided(at)) => {
                self.outcome.decided.push((live.upn.clone(), *at));
                None
            }
        };
        self.outcome.facts.landed.extend(self.past.landing(live, undecided));
        lost
    }

    pub(super) fn frozen(
        &mut self,
        user: &Upn,
        origin: Option<&Origin>,
        verb: Verb,
        at: Timestamp,
        until: Timestamp,
    ) {
        self.outcome.remarks.undecided.push(user.clone());
        let kind = ProblemKind::AnswerLost { verb, at, until };
        self.outcome.remarks.problems.push(Problem {
            user: user.clone(),
            kind,
            origin: origin.cloned(),
        });
    }

    /// What differs and is not settling, what cannot be compared, and the latest time until which
    /// one of the others settles.
    pub(super) fn compare(
        &self,
        desired: &DesiredUser,
        live: &LiveUser,
        written: Option<&LastWrites>,
    ) -> ComparedUser {
        let ComparedUser { mut changes, mut odd, mut vain, mut settling } = ComparedUser::default();
        for (field, wanted) in desired.details.iter() {
            let write = written.and_then(|written| written.details.get(&field));
            if write.is_none() && shows(live, field, wanted) {
                continue;
            }
            let seen = match self.past.under_way(write) {
                // The list still shows what was before a write that is no longer wanted.
                Some(value) if value != wanted && live.details.has(field) => {
                    LiveValue::Written(value.clone())
                }
                // What a lost update carried is not known to be written.
                _ => seen(live, field, write.filter(|write| !write.lost)),
            };
            if equal(&seen, wanted) || self.is_parked(&seen, wanted) {
                continue;
            }
            let mut did_not_land = None;
            match self.past.unseen(write, wanted) {
                Some(UnseenWrite::Settling(by)) => {
                    settling = settling.max(Some(by));
                    continue;
                }
                Some(UnseenWrite::Late(at)) => did_not_land = Some(at),
                None => {}
            }
            if let LiveValue::Unreadable(read) = &seen {
                odd.push(UncomparableField { field, read: read.clone(), did_not_land });
                // It may be any number, this one too.
                if field == Field::PhoneNumber {
                    continue;
                }
            }
            let change = FieldChange {
                field,
                live: seen,
                desired: wanted.clone(),
                did_not_land,
                is_drift: false,
            };
            vain.note(&change, vain::tries(self.past.moment, write, wanted));
            changes.push(change);
        }
        ComparedUser { changes, odd, vain, settling }
    }

    pub(super) fn switch(
        &self,
        live: Calling,
        written: Option<&LastWrites>,
        wanted: Calling,
        settling: &mut Option<Timestamp>,
    ) -> Switch {
        let write = written.and_then(|written| written.calling.as_ref());
        // What is shown may be what was before a write that is no longer wanted.
        if live == wanted && self.past.under_way(write).is_none_or(|value| *value == wanted) {
            return Switch::default();
        }
        let did_not_land = match self.past.unseen(write, &wanted) {
            Some(UnseenWrite::Settling(by)) => {
                *settling = (*settling).max(Some(by));
                return Switch::default();
            }
            Some(UnseenWrite::Late(at)) => Some(at),
            None => None,
        };
        Switch {
            needed: true,
            did_not_land,
            fought: self.past.fought(written, None, write, &wanted),
            in_vain: vain::tries(self.past.moment, write, &wanted),
        }
    }
}
