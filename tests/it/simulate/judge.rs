//! The judge: what must never happen, told from calls, records and lists alone, without any help
//! from the planner.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dialplane::model::{
    Call, Calling, Consent, Coverage, DesiredTenant, Entry, Event, Field, LiveCalling, LiveTenant,
    LiveUser, Mode, Prune, RunId, StepOutcome, TenantName, UpdateRequest, Upn, Verb, WritePath,
};
use jiff::Timestamp;

use super::{
    fights::Fights,
    time::{HOUR, MINUTE, now},
};
use crate::properties::world::observed;

#[derive(Default)]
pub(super) struct Judge {
    pub(super) broken: Vec<String>,
    /// From now on the planner has seen everything: no call may be refused.
    pub(super) must_succeed: bool,
    /// The program's clock has jumped: what it may send when cannot be told.
    pub(super) timeless: bool,
    users: BTreeMap<(TenantName, Upn), Record>,
    runs: BTreeMap<TenantName, Run>,
    first_sync: BTreeMap<TenantName, Timestamp>,
    /// When a sync was put on record that may have been running since.
    last_sync: BTreeMap<TenantName, Timestamp>,
    /// The same before the one that is under way.
    earlier_sync: BTreeMap<TenantName, Timestamp>,
}

/// What is known of the calls for one user.
#[derive(Default)]
struct Record {
    /// On record as about to be sent, without an outcome on record.
    intent: Option<Intent>,
    switched: Option<Sent>,
    updated: Option<Sent>,
    lost: Option<Lost>,
    fights: Fights,
}

/// A call on record.
struct Intent {
    call: Call,
    at: Timestamp,
    /// The list before it did not show all that it asks for: only then does showing it tell
    /// anything.
    news: bool,
    /// Nobody else has changed it back too often.
    fair: bool,
}

/// The last call of its kind.
struct Sent {
    call: Call,
    /// When it was put on record that it was accepted.
    known: Option<Timestamp>,
    /// What lists have shown of it; nothing stands for calling.
    shown: BTreeSet<Option<Field>>,
    /// A list has shown it, and a later one something else.
    reverted: bool,
}

/// A call that may have been carried out.
struct Lost {
    call: Call,
    at: Timestamp,
    news: bool,
    shown: bool,
}

/// The run of a tenant that is under way, or was last.
struct Run {
    id: RunId,
    desired: Arc<DesiredTenant>,
    live: Option<LiveTenant>,
    began: bool,
    consent: Option<Consent>,
    /// Something was sent since consent was asked.
    sent: bool,
    syncs: u32,
}

impl Judge {
    pub(super) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    pub(super) fn begins(&mut self, id: RunId, desired: &Arc<DesiredTenant>) {
        for ((tenant, _), record) in &mut self.users {
            if *tenant == desired.name {
                record.give_up();
            }
        }
        let desired = Arc::clone(desired);
        let run =
            Run { id, live: None, began: false, consent: None, sent: false, syncs: 0, desired };
        self.runs.insert(run.desired.name.clone(), run);
    }

    pub(super) fn asked(&mut self, tenant: &TenantName, consent: &Consent) {
        let run = self.runs.get_mut(tenant).unwrap();
        (run.consent, run.sent) = (Some(consent.clone()), false);
    }

    pub(super) fn observed(&mut self, tenant: &TenantName, live: &LiveTenant) {
        for user in live.users.values() {
            if let Some(record) = self.users.get_mut(&(tenant.clone(), user.upn.clone())) {
                record.observed(user);
            }
        }
        self.runs.get_mut(tenant).unwrap().live = Some(live.clone());
    }

    /// Somebody else changed a user: what was sent may rightly be sent again.
    pub(super) fn meddled(&mut self, tenant: &TenantName, user: &Upn) {
        if let Some(record) = self.users.get_mut(&(tenant.clone(), user.clone())) {
            (record.switched, record.updated) = (None, None);
        }
    }

    pub(super) fn recorded(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Began { .. } => self.runs.get_mut(&entry.tenant).unwrap().began = true,
            Event::Syncing => {
                let last = self.last_sync.insert(entry.tenant.clone(), entry.at);
                let spaced = last.is_none_or(|last| entry.at >= last + MINUTE * 5);
                self.check(spaced || self.timeless, || {
                    format!("{}: a sync so shortly after the last one", entry.run)
                });
                last.map(|last| self.earlier_sync.insert(entry.tenant.clone(), last));
            }
            Event::Synced => {
                self.last_sync.insert(entry.tenant.clone(), entry.at);
                self.first_sync.entry(entry.tenant.clone()).or_insert(entry.at);
            }
            // What was refused does not run.
            Event::NotSynced { lost: false, .. } => {
                self.last_sync.remove(&entry.tenant);
                let earlier =
                    self.earlier_sync.get(&entry.tenant).map(|at| (entry.tenant.clone(), *at));
                self.last_sync.extend(earlier);
            }
            Event::Intent { user, verb, details, .. } => {
                let call = match verb {
                    Verb::Enable => Call::Enable(user.clone()),
                    Verb::Disable => Call::Disable(user.clone()),
                    Verb::Configure => panic!("nobody is set up in this world"),
                    Verb::Update => {
                        let path = WritePath::default();
                        Call::Update(
                            UpdateRequest::new(user.clone(), details.clone(), path).unwrap(),
                        )
                    }
                };
                let record = self.users.entry((entry.tenant.clone(), user.clone())).or_default();
                let live =
                    self.runs[&entry.tenant].live.as_ref().and_then(|live| live.users.get(user));
                let news =
                    live.is_none_or(|live| shows(&call, live).iter().any(|(_, shows)| !shows));
                let fair = live.is_none_or(|live| record.fights.begins(&call, live));
                record.intent = Some(Intent { call, at: entry.at, news, fair });
            }
            Event::Outcome { user, verb, outcome } => {
                let record = self.users.entry((entry.tenant.clone(), user.clone())).or_default();
                let news = record.intent.take().is_some_and(|intent| intent.news);
                record.fights.answered(
                    entry.at,
                    matches!(outcome, StepOutcome::Accepted | StepOutcome::Unknown(_)),
                );
                let sent =
                    if *verb == Verb::Update { &mut record.updated } else { &mut record.switched };
                match (outcome, sent) {
                    (StepOutcome::Accepted, Some(sent)) => sent.known = Some(entry.at),
                    (StepOutcome::Unknown(_), Some(sent)) => {
                        record.lost = Some(Lost {
                            call: sent.call.clone(),
                            at: entry.at,
                            news,
                            shown: false,
                        });
                    }
                    _ => {}
                }
            }
            Event::Landed(landings) => {
                for landing in landings {
                    let record =
                        self.users.entry((entry.tenant.clone(), landing.user.clone())).or_default();
                    let seen = landing
                        .fields
                        .iter()
                        .map(|field| Some(*field))
                        .chain(landing.calling.then_some(None));
                    seen.for_each(|what| record.fights.landed(what));
                }
            }
            Event::NothingSent
            | Event::NotSynced { lost: true, .. }
            | Event::Decided(_)
            | Event::Counted { .. }
            | Event::Accepted
            | Event::Suspended { .. }
            | Event::Resumed { .. }
            | Event::Approved { .. }
            | Event::Managed(_) => {}
            Event::Vanished(users) => {
                // Missing is not gone: only a whole list, which does not have them, says so.
                let live = self.runs[&entry.tenant].live.as_ref();
                let gone = live.is_some_and(|live| {
                    live.coverage == Coverage::Complete
                        && users.iter().all(|user| !live.users.contains_key(user))
                });
                self.check(gone, || {
                    format!(
                        "{}: {users:?} are said to have vanished, and no list shows that",
                        entry.run
                    )
                });
            }
        }
    }

    /// A call leaves the program.
    pub(super) fn sends(&mut self, tenant: &TenantName, call: &Call) {
        let Self { runs, users, first_sync, timeless, .. } = self;
        let run = runs.get_mut(tenant).unwrap();
        let settles = |at: Timestamp| {
            let first = first_sync.get(tenant).is_none_or(|sync| at <= *sync);
            now() < at + if first { HOUR * 24 } else { HOUR * 4 } && !*timeless
        };
        let mut broken = Vec::new();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                broken.push(format!("{}: {call}: {what}", run.id));
            }
        };
        check(run.began, "the run is not on record");
        check(run.consent == Some(Consent::Granted), "sent without consent");
        check(run.desired.mode == Mode::Enforce, "the tenant is not enforced");
        let Some(user) = call.user() else {
            run.syncs += 1;
            check(run.syncs == 1, "a second sync in one run");
            check(!run.sent, "consent was not asked again before the sync");
            self.broken.extend(broken);
            return;
        };
        run.sent = true;
        let wish = run.desired.users.get(user);
        let live = run.live.as_ref().unwrap();
        check(live.users.contains_key(user), "the user was not in the list");
        match call {
            Call::Enable(_) => check(
                wish.is_some_and(|wish| wish.calling == Calling::Enabled),
                "nobody wants that",
            ),
            Call::Update(_) => check(wish.is_some(), "the user is not managed"),
            _ => {
                let pruned = run.desired.prune == Prune::Disable && !user.is_platform_account();
                check(
                    wish.map_or(pruned, |wish| wish.calling == Calling::Disabled),
                    "nobody wants that",
                );
                check(!run.desired.protect.users.contains(user), "the user is protected");
                check(run.desired.incomplete.is_none(), "the manifests are not whole");
                check(live.coverage == Coverage::Complete, "the list is not whole");
            }
        }
        let verb = match call {
            Call::Enable(_) => Verb::Enable,
            Call::Update(_) => Verb::Update,
            _ => Verb::Disable,
        };
        let key = (tenant.clone(), user.clone());
        let mut record = users.remove(&key).unwrap_or_default();
        let fair = record.intent.as_ref().is_some_and(|intent| intent.fair);
        check(fair || *timeless, "somebody else has changed this back too often to go on");
        check(
            record.intent.as_ref().is_some_and(|intent| intent.call == *call),
            "the intent is not on record",
        );
        if let Some(lost) = &record.lost {
            check(
                lost.shown || !settles(lost.at),
                "sent although what became of an earlier call is unknown",
            );
        }
        let last = if verb == Verb::Update { &record.updated } else { &record.switched };
        if let Some(Sent { call: same, known: Some(at), shown, reverted }) = last {
            let shown = *reverted || verb != Verb::Update && shown.contains(&None);
            check(
                same != call || shown || !settles(*at),
                "sent again although it was known to be done",
            );
        }
        if let (
            Some(Sent { call: Call::Update(old), known: Some(at), shown, .. }),
            Call::Update(new),
            Some(wish),
        ) = (&record.updated, call, wish)
        {
            // Lists may still show what was before, which an update must not bring back.
            let brought_back = |(field, value)| {
                let other = old.details().get(field).is_some_and(|old| old != value);
                other && wish.details.get(field).is_none() && !shown.contains(&Some(field))
            };
            check(
                !settles(*at) || !new.details().iter().any(brought_back),
                "brings back what an earlier update replaced",
            );
        }
        let sent =
            Some(Sent { call: call.clone(), known: None, shown: BTreeSet::new(), reverted: false });
        let (switched, updated) = if verb == Verb::Update {
            (record.switched.take(), sent)
        } else {
            (sent, record.updated.take())
        };
        users.insert(key, Record { lost: None, switched, updated, ..record });
        self.broken.extend(broken);
    }
}

impl Record {
    /// No answer will come any more.
    fn give_up(&mut self) {
        if let Some(Intent { call, at, news, .. }) = self.intent.take() {
            self.fights.answered(at, true);
            self.lost = Some(Lost { call, at, news, shown: false });
        }
    }

    fn observed(&mut self, live: &LiveUser) {
        for sent in [&mut self.switched, &mut self.updated].into_iter().flatten() {
            for (what, shows) in shows(&sent.call, live) {
                if shows {
                    sent.shown.insert(what);
                } else if sent.shown.contains(&what) {
                    sent.reverted = true;
                }
            }
        }
        if let Some(lost) = &mut self.lost {
            lost.shown |= lost.news && shows(&lost.call, live).iter().all(|(_, shows)| *shows);
        }
    }
}

/// What of a call a list shows, as far as it can.
fn shows(call: &Call, live: &LiveUser) -> Vec<(Option<Field>, bool)> {
    match call {
        Call::Enable(_) => vec![(None, live.calling == LiveCalling::Enabled)],
        Call::Disable(_) => vec![(None, live.calling == LiveCalling::Disabled)],
        Call::Update(update) => {
            let seen = live.details.iter().map(|(field, _)| field).collect();
            let expected = observed(update.details(), &seen);
            let carried = update.details().iter().filter(|(field, _)| seen.contains(field));
            carried
                .map(|(field, _)| (Some(field), live.details.get(field) == expected.get(field)))
                .collect()
        }
        Call::SwitchCallApp(..) | Call::Configure(_) | Call::Sync => Vec::new(),
    }
}
