//! What is let go of, and what never is.

use std::{sync::Arc, time::Duration};

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal, VolatileJournal},
    model::{Details, Entry, Event, Fault, FaultKind, Memory, RunId, StepOutcome, Verb},
};

use super::{began, entry, history, intent, open, outcome, record, reopened, write};
use crate::support::{id, upn};

const DAY: i64 = 24 * 3600;

/// A run that leaves something open, many quiet ones after it, one a day.
fn long_history(days: i64) -> Vec<Entry> {
    let mut all = history();
    for day in 1..days {
        let run = format!("day{day}");
        let step = |second, event| entry(day * DAY + second, &run, event);
        all.push(step(0, began(1)));
        all.push(step(1, intent("dora@contoso.com", Verb::Enable, Details::default())));
        all.push(step(2, outcome("dora@contoso.com", Verb::Enable, StepOutcome::Accepted)));
        // No sync: the debt of the first days stays.
    }
    all
}

fn right(entries: &[Entry]) -> Arc<Memory> {
    VolatileJournal::of(entries.to_vec()).remembered(&id("contoso"))
}

#[tokio::test]
async fn old_entries_go_and_what_is_open_stays() {
    let entries = long_history(40);
    for retention in [
        Retention { age: Duration::from_secs(10 * 24 * 3600), entries: u64::MAX },
        Retention { age: Duration::MAX, entries: 30 },
        Retention { age: Duration::ZERO, entries: 0 },
    ] {
        let folder = crate::folder::folder();
        write(folder.path(), &entries).await;
        assert_eq!(reopened(folder.path()), right(&entries));
        let journal = SqliteJournal::open(folder.path(), retention).unwrap();
        assert_eq!(journal.remembered(&id("contoso")), right(&entries), "{retention:?}");
        drop(journal);
        // The next process knows it from the disk alone.
        assert_eq!(reopened(folder.path()), right(&entries), "{retention:?}");
        let history = SqliteHistory::read(folder.path()).unwrap();
        assert!(
            history.entries(&RunId::new("r1")).unwrap().is_empty(),
            "{retention:?}: r1 is long ago"
        );
        assert!(
            !history.entries(&RunId::new("day39")).unwrap().is_empty(),
            "{retention:?}: the last entry stays"
        );
        let runs = history.runs(None, 1000).unwrap();
        assert!(runs.len() <= 12, "{retention:?}: {runs:?}");
        // And it goes on.
        let synced = entry(41 * DAY, "day41", Event::Synced);
        let journal = open(folder.path());
        record(&journal, std::slice::from_ref(&synced)).await;
        drop(journal);
        let all: Vec<Entry> = entries.iter().cloned().chain([synced]).collect();
        assert_eq!(reopened(folder.path()), right(&all));
    }
}

#[tokio::test]
async fn what_it_adds_up_to_is_stored_at_any_point_of_a_history() {
    let all = history();
    for length in 1..=all.len() {
        let folder = crate::folder::folder();
        write(folder.path(), &all[..length]).await;
        // Nothing but the last entry is kept, so that the rest comes from the stored sum.
        drop(
            SqliteJournal::open(folder.path(), Retention { age: Duration::MAX, entries: 0 })
                .unwrap(),
        );
        assert_eq!(reopened(folder.path()), right(&all[..length]), "{length}");
        let memory = write(folder.path(), &all[length..]).await;
        assert_eq!(memory, right(&all), "{length}");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_forgets_nothing() {
    let folder = crate::folder::folder();
    write(folder.path(), &history()).await;
    let late = Arc::new(|| super::at(20 * 365 * DAY));
    drop(SqliteJournal::with_clock(folder.path(), Retention::default(), late).unwrap());
    assert_eq!(SqliteHistory::read(folder.path()).unwrap().runs(None, 9).unwrap().len(), 2);
}
/// Runs at these days, the last of them the newest.
fn runs_at(days: &[i64]) -> Vec<Entry> {
    let run = |(number, day): (usize, &i64)| {
        let run = format!("run{number}");
        [entry(day * DAY, &run, began(0)), entry(day * DAY + 1, &run, Event::Synced)]
    };
    days.iter().enumerate().flat_map(run).collect()
}

/// The runs that are left of those at `days`, once the journal was opened with a year of retention.
async fn left_of(days: &[i64]) -> Vec<RunId> {
    let folder = crate::folder::folder();
    let year = Retention { age: Duration::from_secs(365 * 24 * 3600), entries: u64::MAX };
    // One process a run, so that each of them has its say.
    for run in runs_at(days).chunks(2) {
        let journal = SqliteJournal::open(folder.path(), year).unwrap();
        record(&journal, run).await;
    }
    drop(SqliteJournal::open(folder.path(), year).unwrap());
    let history = SqliteHistory::sound(folder.path()).unwrap();
    history.runs(None, 1000).unwrap()
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_a_while_takes_no_history_away() {
    let (ten_years, long_ago) = (3650, -20_000);
    for days in [
        // Ahead, and right again.
        &[0, 1, 2, ten_years, 3, 4][..],
        // Ahead, and left so.
        &[0, 1, 2, ten_years, ten_years + 1],
        // Back at the beginning of time, and right again.
        &[0, 1, 2, long_ago, 3, 4],
        // Both of them, more than once.
        &[0, long_ago, 1, ten_years, 2, long_ago, 3, ten_years, 4],
    ] {
        assert_eq!(left_of(days).await.len(), days.len(), "{days:?}");
    }
}

#[tokio::test]
async fn what_is_older_than_a_year_goes_once_a_tenth_more_has_passed() {
    let monthly: Vec<i64> = (0..20).map(|month| month * 30).collect();
    let left = left_of(&monthly).await;
    assert!((12..=14).contains(&left.len()), "{left:?}");
    let days: Vec<i64> = (0..395).step_by(5).collect();
    assert_eq!(left_of(&days).await.len(), days.len(), "not yet worth it");
}

#[tokio::test]
async fn a_call_that_was_refused_again_outlives_its_entries() {
    let adele = "adele@contoso.com";
    let no = || StepOutcome::Failed(Fault::new(FaultKind::Rejected, "no"));
    let entries = [
        entry(0, "r1", began(1)),
        entry(1, "r1", intent(adele, Verb::Disable, Details::default())),
        entry(2, "r1", outcome(adele, Verb::Disable, no())),
        entry(3, "r1", Event::Synced),
        entry(4, "r2", began(1)),
        entry(5, "r2", intent(adele, Verb::Disable, Details::default())),
        entry(6, "r2", outcome(adele, Verb::Disable, no())),
    ];
    let folder = crate::folder::folder();
    let memory = write(folder.path(), &entries).await;
    let refused = &memory.written[&upn(adele)].refused[&Verb::Disable];
    assert!(refused.settled && refused.owed);
    drop(
        SqliteJournal::open(folder.path(), Retention { age: Duration::ZERO, entries: 0 }).unwrap(),
    );
    assert_eq!(reopened(folder.path()), memory);
}
