//! User by user: what differs, and which calls would correct it.
//!
//! | desired | live | steps |
//! |---|---|---|
//! | enabled | disabled, details equal | enable |
//! | enabled | disabled, details differ | update, then enable (enabling pushes what is stored) |
//! | enabled | enabled, details differ | update |
//! | disabled | enabled | disable |
//! | disabled | disabled | nothing, but for an explicit release of a number |
//! | not named | enabled | a note; with `prune: disable`, disable |
//!
//! A user who is not visible is a problem of that user: never an enable, never a disable.

use std::fmt;

use jiff::Timestamp;

use super::{Action, Cause, Change, Note, Problem, Seen, Settle, Step};
use crate::model::{
    Calling, Coverage, DesiredTenant, DesiredUser, Details, Field, Landing, LiveCalling, LiveTenant, LiveUser, Memory, Observed,
    Origin, Prune, UpdateRequest, Upn, Value, Verb, Write, Written,
};

/// What a comparison gives.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) steps: Vec<Step>,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
    pub(super) landed: Vec<Landing>,
}

/// Compares a whole tenant.
pub(super) fn tenant(desired: &DesiredTenant, live: &LiveTenant, memory: &Memory, now: Timestamp, settle: Settle) -> Outcome {
    let mut diff =
        Diff { live, memory, now, settle, outcome: Outcome::default(), details_wait: 0, settling: 0, settled_by: None };
    for user in desired.users.values() {
        diff.user(user);
    }
    diff.unmanaged(desired);
    let nobody = |upn: &&Upn| !desired.users.contains_key(*upn) && !live.users.contains_key(*upn);
    let nobody: Vec<Upn> = desired.protect.iter().filter(nobody).cloned().collect();
    let Diff { mut outcome, details_wait, settling, settled_by, .. } = diff;
    if !nobody.is_empty() {
        outcome.notes.push(Note::ProtectsNobody(nobody));
    }
    if details_wait > 0 {
        outcome.notes.push(Note::DetailsWait(details_wait));
    }
    if let Some(by) = settled_by {
        outcome.notes.push(Note::Settling(settling, by));
    }
    outcome
}

struct Diff<'a> {
    live: &'a LiveTenant,
    memory: &'a Memory,
    now: Timestamp,
    settle: Settle,
    outcome: Outcome,
    details_wait: usize,
    settling: usize,
    settled_by: Option<Timestamp>,
}

/// What a write that is not visible says.
enum Unseen {
    /// It may still become visible, until then.
    Settling(Timestamp),
    /// It should have become visible.
    Late(Timestamp),
}

impl Diff<'_> {
    fn user(&mut self, desired: &DesiredUser) {
        let Some(live) = self.live.users.get(&desired.upn) else {
            return self.absent(desired);
        };
        let written = self.memory.written.get(&desired.upn);
        self.notice_landed(live, written);
        if let Some((verb, at)) = written.and_then(|written| written.unknown)
            && self.still_unknown(live, written, verb, at)
        {
            return self.frozen(&desired.upn, Some(&desired.origin), verb, at);
        }
        let live_calling = match &live.calling {
            LiveCalling::Enabled => Calling::Enabled,
            LiveCalling::Disabled => Calling::Disabled,
            LiveCalling::Unclear(text) => {
                let reason = format!("the service says {text:?} of this user's calling, which is neither enabled nor disabled");
                return self.problem(
                    desired,
                    reason,
                    "wait if it is a passing state; else name the value in `listUsers.calling`",
                );
            }
        };
        let (changes, mut settling) = self.changes(desired, live, written);
        let (switch, did_not_land) = self.switch(live_calling, written, desired.calling, &mut settling);
        self.count_settling(settling);
        match (desired.calling, switch) {
            (Calling::Enabled, switch) => {
                let update = self.update(desired, live, changes);
                if let Ok(update) = update {
                    let after = update.into_iter().collect();
                    if switch {
                        let id = self.step(desired, Action::Enable, Vec::new(), after);
                        self.mark(id, did_not_land);
                    }
                }
            }
            (Calling::Disabled, switch) => {
                let disabled = switch.then(|| {
                    let id = self.step(desired, Action::Disable, Vec::new(), Vec::new());
                    self.mark(id, did_not_land);
                    id
                });
                let (release, waiting): (Vec<Change>, Vec<Change>) =
                    changes.into_iter().partition(|change| change.desired == Value::NoPhone);
                if !waiting.is_empty() {
                    self.details_wait += 1;
                }
                if let Ok(Some(release)) = self.update(desired, live, release) {
                    let after = disabled.into_iter().collect();
                    if let Some(step) = self.outcome.steps.get_mut(release) {
                        step.after = after;
                    }
                }
            }
        }
    }

    /// Adds an update for `changes`, if there are any. `Err` if one is needed and cannot be made.
    fn update(&mut self, desired: &DesiredUser, live: &LiveUser, changes: Vec<Change>) -> Result<Option<usize>, ()> {
        if changes.is_empty() {
            return Ok(None);
        }
        let of_disabled = desired.calling == Calling::Disabled;
        let wanted: Details = if of_disabled {
            changes.iter().map(|change| (change.field, change.desired.clone())).collect()
        } else {
            desired.details.clone()
        };
        let mut known = live.known();
        if let Some(written) = self.memory.written.get(&desired.upn) {
            // A list that still shows what was before a write must not bring that back.
            let newer = |(field, write): &(&Field, &Write<Value>)| {
                !live.details.contains_key(field) || self.under_way(Some(*write)).is_some()
            };
            let newer = written.details.iter().filter(newer).map(|(field, write)| (*field, write.value.clone()));
            known = newer.collect::<Details>().over(&known);
        }
        // A release that is all a disabled user is sent has no gateway of its own: where none is known, the declared one serves.
        let gateway = desired.details.get(Field::SbcGatewayId).map(|value| (Field::SbcGatewayId, value.clone()));
        let known = known.over(&gateway.into_iter().collect());
        if let Some(request) = UpdateRequest::new(desired.upn.clone(), wanted.over(&known)) {
            Ok(Some(self.step(desired, Action::Update(request), changes, Vec::new())))
        } else {
            self.problem(
                desired,
                "every update must name the user's gateway, and neither the manifests nor the service do",
                "declare `sbcGatewayId` for the user, its set or its tenant",
            );
            Err(())
        }
    }

    fn step(&mut self, desired: &DesiredUser, action: Action, changes: Vec<Change>, after: Vec<usize>) -> usize {
        let origin = Some(desired.origin.clone());
        let user = desired.upn.clone();
        self.outcome.steps.push(Step { changes, after, ..Step::new(user, action, Cause::Declared, origin) });
        self.outcome.steps.len() - 1
    }

    fn mark(&mut self, step: usize, did_not_land: Option<Timestamp>) {
        if let Some(step) = self.outcome.steps.get_mut(step) {
            step.did_not_land = did_not_land;
        }
    }

    fn count_settling(&mut self, until: Option<Timestamp>) {
        if let Some(by) = until {
            self.settling += 1;
            self.settled_by = self.settled_by.max(Some(by));
        }
    }

    /// A user who is not in the list: the list's fault, if the list is in doubt.
    fn absent(&mut self, desired: &DesiredUser) {
        match &self.live.coverage {
            Coverage::Complete => self.problem(
                desired,
                "the service does not show this user",
                "check that the user exists, is licensed and is in a group that the customer syncs; new users can take hours to appear",
            ),
            Coverage::Suspect(what) => {
                let reason = format!("this user is not in the list of users, which may not be whole: {what}");
                self.problem(desired, reason, "nothing is sent to this user until a whole list arrives");
            }
        }
    }

    fn problem(&mut self, desired: &DesiredUser, reason: impl Into<String>, remedy: impl Into<String>) {
        let origin = Some(desired.origin.clone());
        let (user, reason, remedy) = (desired.upn.clone(), reason.into(), remedy.into());
        self.outcome.problems.push(Problem { user, reason, remedy, origin });
    }

    fn frozen(&mut self, user: &Upn, origin: Option<&Origin>, verb: Verb, at: Timestamp) {
        let reason = format!("the answer to the {verb} of {} was lost: nobody knows whether it was carried out", Shown(at));
        let until = Shown(self.deadline(at));
        let remedy = format!("nothing more is sent to this user until the service shows the change, or until {until}");
        self.outcome.problems.push(Problem { user: user.clone(), reason, remedy, origin: origin.cloned() });
    }

    /// The fields that differ and are not settling; and the latest time until which one of the others settles.
    fn changes(&self, desired: &DesiredUser, live: &LiveUser, written: Option<&Written>) -> (Vec<Change>, Option<Timestamp>) {
        let mut changes = Vec::new();
        let mut settling = None;
        for (field, wanted) in desired.details.iter() {
            let write = written.and_then(|written| written.details.get(&field));
            let seen = match self.under_way(write) {
                // The list still shows what was before a write that is no longer wanted.
                Some(value) if value != wanted && live.details.contains_key(&field) => Seen::Written(value.clone()),
                // What a lost update carried is not known to be written.
                _ => seen(live, field, write.filter(|write| !write.lost)),
            };
            if equal(&seen, wanted) {
                continue;
            }
            let mut did_not_land = None;
            match self.unseen(write, wanted) {
                Some(Unseen::Settling(by)) => {
                    settling = settling.max(Some(by));
                    continue;
                }
                Some(Unseen::Late(at)) => did_not_land = Some(at),
                None => {}
            }
            changes.push(Change { field, live: seen, desired: wanted.clone(), did_not_land });
        }
        (changes, settling)
    }

    /// Whether calling is to be switched; and when that was tried in vain, if it was.
    fn switch(
        &self,
        live: Calling,
        written: Option<&Written>,
        wanted: Calling,
        settling: &mut Option<Timestamp>,
    ) -> (bool, Option<Timestamp>) {
        let write = written.and_then(|written| written.calling.as_ref());
        // What is shown may be what was before a write that is no longer wanted.
        if live == wanted && self.under_way(write).is_none_or(|value| *value == wanted) {
            return (false, None);
        }
        match self.unseen(write, &wanted) {
            Some(Unseen::Settling(by)) => {
                *settling = (*settling).max(Some(by));
                (false, None)
            }
            Some(Unseen::Late(at)) => (true, Some(at)),
            None => (true, None),
        }
    }

    /// The value of a write that may still become visible.
    fn under_way<'w, T>(&self, write: Option<&'w Write<T>>) -> Option<&'w T> {
        write.filter(|write| !write.landed && self.is_open(write.at)).map(|write| &write.value)
    }

    /// For a value that is wanted and not seen: whether we have sent it already.
    fn unseen<T: PartialEq>(&self, write: Option<&Write<T>>, wanted: &T) -> Option<Unseen> {
        let write = write.filter(|write| write.value == *wanted && !write.landed)?;
        Some(if self.is_open(write.at) { Unseen::Settling(self.deadline(write.at)) } else { Unseen::Late(write.at) })
    }

    fn deadline(&self, at: Timestamp) -> Timestamp {
        self.settle.deadline(self.memory, at, self.now)
    }

    fn is_open(&self, at: Timestamp) -> bool {
        self.settle.is_open(self.memory, at, self.now)
    }

    fn still_unknown(&self, live: &LiveUser, written: Option<&Written>, verb: Verb, at: Timestamp) -> bool {
        let Some(written) = written else { return false };
        let arrived = match verb {
            Verb::Enable => live.calling == LiveCalling::Enabled,
            Verb::Disable => live.calling == LiveCalling::Disabled,
            Verb::Update => written
                .details
                .iter()
                .filter(|(field, write)| write.at == at && self.live.sees.contains(field))
                .all(|(field, write)| equal(&seen(live, *field, None), &write.value)),
        };
        !arrived && self.is_open(at)
    }

    fn notice_landed(&mut self, live: &LiveUser, written: Option<&Written>) {
        let Some(written) = written else { return };
        let calling = written.calling.as_ref().is_some_and(|write| {
            let shown = match live.calling {
                LiveCalling::Enabled => Some(Calling::Enabled),
                LiveCalling::Disabled => Some(Calling::Disabled),
                LiveCalling::Unclear(_) => None,
            };
            !write.landed && shown == Some(write.value)
        });
        let shows = |(field, write): &(&Field, &Write<Value>)| {
            !write.landed && live.details.contains_key(field) && equal(&seen(live, **field, None), &write.value)
        };
        let fields: Vec<Field> = written.details.iter().filter(shows).map(|(field, _)| *field).collect();
        if calling || !fields.is_empty() {
            self.outcome.landed.push(Landing { user: live.upn.clone(), calling, fields });
        }
    }

    /// Enabled users whom no manifest names.
    fn unmanaged(&mut self, desired: &DesiredTenant) {
        let enabled = |user: &&LiveUser| user.calling == LiveCalling::Enabled;
        let named = |upn: &Upn| desired.users.contains_key(upn);
        let unmanaged: Vec<&LiveUser> = self.live.users.values().filter(enabled).filter(|user| !named(&user.upn)).collect();
        for (upn, written) in self.memory.written.iter().filter(|(upn, _)| !named(upn)) {
            if let Some(live) = self.live.users.get(upn) {
                self.notice_landed(live, Some(written));
            }
        }
        match desired.prune {
            Prune::Never => {
                let people = unmanaged.iter().filter(|user| !user.upn.is_platform_account()).count();
                if people > 0 {
                    self.outcome.notes.push(Note::Unmanaged(people));
                }
            }
            Prune::Disable => {
                for user in unmanaged.into_iter().filter(|user| !user.upn.is_platform_account()) {
                    self.prune(user);
                }
            }
        }
    }

    fn prune(&mut self, live: &LiveUser) {
        let written = self.memory.written.get(&live.upn);
        if let Some((verb, at)) = written.and_then(|written| written.unknown)
            && self.still_unknown(live, written, verb, at)
        {
            return self.frozen(&live.upn, None, verb, at);
        }
        let mut settling = None;
        let (switch, did_not_land) = self.switch(Calling::Enabled, written, Calling::Disabled, &mut settling);
        self.count_settling(settling);
        if switch {
            let step = Step::new(live.upn.clone(), Action::Disable, Cause::NotNamed, None);
            self.outcome.steps.push(Step { did_not_land, ..step });
        }
    }
}

/// What is known of a field: what was observed, else what we last wrote.
fn seen(live: &LiveUser, field: Field, write: Option<&Write<Value>>) -> Seen {
    match (live.details.get(&field), write) {
        (Some(Observed::Set(value)), _) => Seen::Value(value.clone()),
        (Some(Observed::Unset), _) => Seen::Nothing,
        (Some(Observed::Unreadable(text)), _) => Seen::Unreadable(text.clone()),
        (None, Some(write)) => Seen::Written(write.value.clone()),
        (None, None) => Seen::NotVisible,
    }
}

fn equal(seen: &Seen, wanted: &Value) -> bool {
    match seen {
        Seen::Value(value) | Seen::Written(value) => value == wanted,
        Seen::Nothing => *wanted == Value::NoPhone,
        Seen::NotVisible | Seen::Unreadable(_) => false,
    }
}

/// A time as people read it, to the second.
pub(super) struct Shown(pub(super) Timestamp);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}
