//! The journal's stores. `conformance` holds for every one of them, `fold` is about what entries
//! add up to, the rest is about the database and what befalls files.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use dialplane::{
    journal::{Clock, Retention, SqliteHistory, SqliteJournal},
    model::{
        Before, Details, Entry, Event, Fault, FaultKind, Field, Fingerprint, Landing, LiveSource,
        Managed, Memory, RunId, StepOutcome, UserId, Verb,
    },
    ports::Journal,
};
use jiff::Timestamp;

use crate::support::{gateway, id, name, number, upn};

mod conformance;
mod cut;
mod damage;
mod file;
mod flips;
mod fold;
mod former;
mod gone;
mod lead;
mod postgres;
mod random;
mod retention;
mod sum;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn entry(second: i64, run: &str, event: Event) -> Entry {
    entry_of("contoso", second, run, event)
}

pub(super) fn entry_of(tenant: &str, second: i64, run: &str, event: Event) -> Entry {
    Entry {
        at: at(second),
        run: RunId::new(run),
        tenant: name(tenant),
        tenant_id: id(tenant),
        event,
    }
}

pub(super) fn began(steps: usize) -> Event {
    Event::Began { steps, revision: None, by: None, part_of: None, plan: String::new() }
}

pub(super) fn intent(user: &str, verb: Verb, details: Details) -> Event {
    Event::Intent { user: upn(user), verb, details, before: Before::new(), origin: None }
}

pub(super) fn outcome(user: &str, verb: Verb, outcome: StepOutcome) -> Event {
    Event::Outcome { user: upn(user), verb, outcome }
}

pub(super) fn lost() -> StepOutcome {
    StepOutcome::Unknown(Fault::new(FaultKind::NoAnswer, "no answer"))
}

pub(super) fn details() -> Details {
    [(Field::PhoneNumber, number("+14255550100")), (Field::SbcGatewayId, gateway(805))]
        .into_iter()
        .collect()
}

/// Runs of everything.
pub(super) fn history() -> Vec<Entry> {
    let (adele, bert, carl, dora) =
        ("adele@contoso.com", "bert@contoso.com", "carl@contoso.com", "dora@contoso.com");
    let before =
        [(Field::PhoneNumber, Some(number("+14255550199"))), (Field::SbcGatewayId, None)].into();
    let known =
        Managed { user: upn(adele), id: UserId::observed("3f2504e0-4f89-11d3-9a0c-0305e82c3301") };
    let image = Event::Intent {
        user: upn(carl),
        verb: Verb::Update,
        details: details(),
        before,
        origin: None,
    };
    vec![
        entry(0, "r1", began(4)),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, StepOutcome::Accepted)),
        entry(3, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(4, "r1", outcome(adele, Verb::Enable, StepOutcome::Accepted)),
        entry(5, "r1", intent(bert, Verb::Disable, Details::default())),
        entry(6, "r1", outcome(bert, Verb::Disable, lost())),
        entry(7, "r1", intent(carl, Verb::Disable, Details::default())),
        entry(
            8,
            "r1",
            outcome(
                carl,
                Verb::Disable,
                StepOutcome::Failed(Fault::new(FaultKind::Rejected, "no")),
            ),
        ),
        entry(8, "r1", intent(dora, Verb::Enable, Details::default())),
        entry(8, "r1", outcome(dora, Verb::Enable, lost())),
        entry(8, "r1", Event::Syncing),
        entry(9, "r1", Event::Synced),
        entry(
            10,
            "r2",
            Event::Landed(vec![Landing {
                user: upn(adele),
                calling: true,
                fields: vec![Field::PhoneNumber],
            }]),
        ),
        entry(11, "r2", began(1)),
        entry(
            11,
            "r2",
            Event::Approved { approval: name("autumn"), plan: Fingerprint::new([7; 32]) },
        ),
        entry(11, "r2", Event::Counted { users: 120, by: LiveSource::Graph }),
        entry(11, "r2", Event::Managed(vec![known, Managed { user: upn(bert), id: None }])),
        entry(11, "r2", Event::Vanished(vec![upn(bert)])),
        entry(11, "r2", Event::Decided(vec![upn(dora)])),
        // Somebody had switched her off again.
        entry(11, "r2", intent(adele, Verb::Enable, Details::default())),
        entry(11, "r2", outcome(adele, Verb::Enable, StepOutcome::Accepted)),
        entry(11, "r2", Event::Syncing),
        entry(
            11,
            "r2",
            Event::NotSynced { lost: true, unclear: Some(7), reason: "a page".to_owned() },
        ),
        entry(12, "r2", image),
    ]
}

/// A clock that tests set.
#[derive(Clone, Default)]
pub(super) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(super) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(super) fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || at(clock.0.load(Ordering::SeqCst)))
    }
}

pub(super) fn open(folder: &Path) -> SqliteJournal {
    SqliteJournal::open(folder, Retention::default()).unwrap()
}

/// Records entries of one tenant under one lease.
pub(super) async fn record<J: Journal>(journal: &J, entries: &[Entry]) {
    let Some(first) = entries.first() else { return };
    let lease = journal.lease(&first.tenant_id).await.unwrap();
    for entry in entries {
        journal.record(&lease, entry.clone()).await.unwrap();
    }
}

/// Opens the journal, records, and closes it.
pub(super) async fn write(folder: &Path, entries: &[Entry]) -> Arc<Memory> {
    let journal = open(folder);
    record(&journal, entries).await;
    known(&journal.remembered(&id("contoso")))
}

/// The same of a folder that was never copied: tests make copies of journals as others do, and what
/// a copy adds up to is what is looked at.
pub(super) fn known(memory: &Memory) -> Arc<Memory> {
    Arc::new(Memory { brought_back: false, ..memory.clone() })
}

/// What is remembered after the process has ended and begun anew.
pub(super) fn reopened(folder: &Path) -> Arc<Memory> {
    let read_only = SqliteHistory::sound(folder).unwrap().remembered(&id("contoso"));
    let memory = open(folder).remembered(&id("contoso"));
    assert_eq!(read_only, memory, "with and without the right to write");
    known(&memory)
}
