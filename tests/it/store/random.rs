//! Made-up histories with crashes, new starts and retention in their midst: the memory is what a
//! plain sum of all entries gives.

use std::{fs, sync::Arc};

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal, VolatileJournal},
    model::{
        Before, Details, Entry, Event, Fault, FaultKind, Field, Fingerprint, Landing, LiveSource,
        Managed, Memory, StepOutcome, UserId, Verb,
    },
};
use fastrand::Rng;
use tempfile::TempDir;

use super::{began, details, entry_of, record};
use crate::support::{gateway, id, name, upn};

/// Histories in the ordinary run; `HISTORIES=2000` tries more.
const HISTORIES: u64 = 25;
const TENANTS: [&str; 2] = ["contoso", "fabrikam"];
const VERBS: [Verb; 3] = [Verb::Enable, Verb::Update, Verb::Disable];

fn outcome(dice: &mut Rng) -> StepOutcome {
    match dice.u8(0..4) {
        0 => StepOutcome::Failed(Fault::new(FaultKind::Rejected, "no")),
        1 => StepOutcome::Unknown(Fault::new(FaultKind::NoAnswer, "no answer")),
        2 => StepOutcome::NotTried("stopped".to_owned()),
        _ => StepOutcome::Accepted,
    }
}

fn intent(dice: &mut Rng, verb: Verb) -> (Details, Before) {
    let details = match (verb, dice.bool()) {
        (Verb::Update, true) => details(),
        (Verb::Update, false) => {
            [(Field::SbcGatewayId, gateway(dice.i64(1..900)))].into_iter().collect()
        }
        _ => Details::default(),
    };
    let before = details
        .iter()
        .map(|(field, _)| (field, dice.bool().then(|| gateway(7))))
        .collect::<Before>();
    let before = if dice.bool() {
        before.into_iter().filter(|(field, _)| *field == Field::SbcGatewayId).collect()
    } else {
        Before::new()
    };
    (details, before)
}

/// One fact, which need not follow from those before.
fn event(dice: &mut Rng) -> Event {
    let user = upn(&format!("user{}@contoso.com", dice.u8(0..6)));
    let verb = VERBS[dice.usize(0..VERBS.len())];
    match dice.u8(0..16) {
        0 => began(dice.usize(0..9)),
        1 => Event::Syncing,
        2 => Event::Synced,
        3 => Event::NotSynced {
            lost: dice.bool(),
            unclear: dice.bool().then(|| dice.u32(0..2)),
            reason: "no".to_owned(),
        },
        4 => Event::NothingSent,
        5 => Event::Decided(vec![user]),
        6 => Event::Landed(vec![Landing {
            user,
            calling: dice.bool(),
            fields: vec![Field::PhoneNumber, Field::SbcGatewayId],
        }]),
        7 => {
            let id = dice
                .bool()
                .then(|| UserId::observed("3f2504e0-4f89-11d3-9a0c-0305e82c3301"))
                .flatten();
            Event::Managed(vec![Managed { user, id }])
        }
        8 => Event::Vanished(vec![user]),
        9 if dice.bool() => Event::Suspended {
            by: "ada@desk".to_owned(),
            reason: "asked".to_owned(),
            until: dice.bool().then_some(jiff::Timestamp::UNIX_EPOCH),
        },
        9 if dice.bool() => Event::Resumed { by: "ada@desk".to_owned() },
        9 => Event::Counted { users: dice.usize(0..99), by: LiveSource::Graph },
        10 => {
            Event::Approved { approval: name("autumn"), plan: Fingerprint::new([dice.u8(..); 32]) }
        }
        11..=13 => {
            let (details, before) = intent(dice, verb);
            Event::Intent { user, verb, details, before, origin: None }
        }
        _ => Event::Outcome { user, verb, outcome: outcome(dice) },
    }
}

fn entries(dice: &mut Rng, tenant: &str, clock: &mut i64) -> Vec<Entry> {
    let run = format!("r{}", dice.u32(..));
    let mut next = |dice: &mut Rng| {
        // Mostly on, at times by days, now and then back.
        *clock += [1, 60, 100_000, -5_000][dice.usize(0..4)];
        entry_of(tenant, *clock, &run, event(dice))
    };
    (0..dice.usize(1..12)).map(|_| next(dice)).collect()
}

fn memories(of: impl Fn(&str) -> Arc<Memory>) -> Vec<Arc<Memory>> {
    TENANTS.iter().map(|tenant| super::known(&of(tenant))).collect()
}

fn copy(folder: &TempDir) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), left.path().join(file.file_name())).unwrap();
    }
    left
}

#[tokio::test]
async fn whatever_befalls_a_history_it_adds_up_to_the_sum_of_its_entries() {
    let wanted =
        std::env::var("HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES);
    for seed in 0..wanted {
        let dice = &mut Rng::with_seed(seed);
        let (mut folder, mut all, mut clock) = (tempfile::tempdir().unwrap(), Vec::new(), 0);
        for _ in 0..dice.usize(2..9) {
            let retention = [
                Retention::default(),
                Retention { entries: dice.u64(0..40), ..Retention::default() },
                Retention {
                    age: std::time::Duration::from_secs(dice.u64(1..400_000)),
                    ..Retention::default()
                },
            ][dice.usize(0..3)];
            let journal = SqliteJournal::open(folder.path(), retention).unwrap();
            for _ in 0..dice.usize(0..5) {
                let tenant = TENANTS[dice.usize(0..TENANTS.len())];
                let new = entries(dice, tenant, &mut clock);
                record(&journal, &new).await;
                all.extend(new);
            }
            let sum = VolatileJournal::of(all.clone());
            let right = memories(|tenant| sum.remembered(&id(tenant)));
            assert_eq!(memories(|tenant| journal.remembered(&id(tenant))), right, "seed {seed}");
            // Killed, or ended in peace.
            folder = if dice.bool() { copy(&folder) } else { folder };
            drop(journal);
            let memory = SqliteHistory::sound(folder.path()).unwrap();
            assert_eq!(memories(|tenant| memory.remembered(&id(tenant))), right, "seed {seed}");
            let checked = SqliteHistory::read(folder.path()).unwrap().check().unwrap();
            assert!(checked.problems.is_empty(), "seed {seed}: {checked:?}");
        }
    }
}

/// What befalls an entry, by its sequence.
const HARM: [(&str, &str); 5] = [
    ("removed", "DELETE FROM entries WHERE sequence = ?"),
    (
        "removed, and the rest moved up",
        "DELETE FROM entries WHERE sequence = ?; UPDATE entries SET sequence = -sequence WHERE \
            sequence > ?; UPDATE entries SET sequence = -sequence - 1 WHERE sequence < 0",
    ),
    (
        "changed",
        "UPDATE entries SET line = replace(line, '\"at\":\"20', '\"at\":\"19') WHERE sequence = ?",
    ),
    (
        "there twice",
        "UPDATE entries SET sequence = -sequence WHERE sequence > ?; UPDATE entries SET sequence \
            = 1 - sequence WHERE sequence < 0; INSERT INTO entries (sequence, line, hash) SELECT \
            sequence + 1, line, hash FROM entries WHERE sequence = ?",
    ),
    (
        "put behind the next",
        "UPDATE entries SET sequence = -1 WHERE sequence = ?; UPDATE entries SET sequence = ? \
            WHERE sequence = ? + 1; UPDATE entries SET sequence = ? + 1 WHERE sequence = -1",
    ),
];

#[tokio::test]
async fn no_entry_can_be_removed_moved_repeated_or_changed() {
    let whole = tempfile::tempdir().unwrap();
    let all = super::write(whole.path(), &super::history()).await;
    drop(all);
    let last = super::history().len();
    for (what, harm) in HARM {
        for sequence in 1..=last {
            if sequence == last && what == "put behind the next" {
                continue;
            }
            let folder = copy(&whole);
            let db = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
            db.execute_batch(&harm.replace('?', &sequence.to_string())).unwrap();
            drop(db);
            let found = SqliteHistory::read(folder.path()).unwrap().check().unwrap();
            assert!(!found.problems.is_empty(), "entry {sequence} was {what}");
            assert!(
                SqliteJournal::open(folder.path(), Retention::default()).is_err(),
                "entry {sequence} was {what}"
            );
            assert!(SqliteHistory::sound(folder.path()).is_err(), "entry {sequence} was {what}");
        }
    }
}
