//! What it costs to lose nothing: durable steps a second, one by one and 64 side by side, beside
//! one flush of the same disk.
//!
//! `cargo bench --bench journal` prints figures and asserts nothing about time. `JOURNAL_FOLDER`
//! says on which disk (the folder for temporary files).

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "figures are printed, and a bench that cannot begin ends"
)]

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal},
    model::{Before, Details, Entry, Event, RunId, StepOutcome, TenantId, TenantName, Upn, Verb},
    ports::{Journal, Lease},
};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

/// Steps that are measured one by one; with more side by side, so many times as many.
const STEPS: usize = 300;

fn main() {
    let folder = std::env::var_os("JOURNAL_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    println!("on the disk of {}", folder.path().display());
    println!("one flush of 4 KiB       {:>10.0} us", flush(folder.path()).as_secs_f64() * 1e6);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for side_by_side in [1, 8, 64] {
        let state = folder.path().join(format!("state{side_by_side}"));
        let steps = STEPS * side_by_side;
        let took = runtime.block_on(durable_steps(&state, steps, side_by_side));
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let a_second = steps as f64 / took.as_secs_f64();
        println!(
            "{side_by_side:>2} side by side          {a_second:>10.0} steps/s, an intent and an \
                outcome each"
        );
    }
    let state = folder.path().join("state64");
    let start = Instant::now();
    drop(SqliteJournal::open(&state, Retention::default()).expect("a journal"));
    let first = start.elapsed();
    let start = Instant::now();
    drop(SqliteHistory::sound(&state).expect("a journal"));
    println!(
        "opening what 64 wrote    {:>10.1} ms, again to read {:.1} ms",
        first.as_secs_f64() * 1e3,
        start.elapsed().as_secs_f64() * 1e3
    );
}

/// The median time of one flush.
fn flush(folder: &Path) -> Duration {
    let mut file = File::create(folder.join("raw")).expect("a file");
    let mut took: Vec<Duration> = (0..STEPS)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("a flush");
            start.elapsed()
        })
        .collect();
    took.sort();
    took.get(STEPS / 2).copied().unwrap_or_default()
}

async fn durable_steps(state: &Path, steps: usize, side_by_side: usize) -> Duration {
    let journal = SqliteJournal::open(state, Retention::default()).expect("a journal");
    let lease = journal.lease(&TenantId::nil()).await.expect("a lease");
    let start = Instant::now();
    stream::iter(0..steps)
        .for_each_concurrent(side_by_side, |number| step(&journal, &lease, number))
        .await;
    start.elapsed()
}

/// What the executor records of a step: the intent before the call, the outcome after it.
async fn step(journal: &SqliteJournal, lease: &Lease, number: usize) {
    let user = Upn::parse(&format!("user{number}@contoso.example")).expect("a name");
    let verb = Verb::Enable;
    let details = Details::default();
    let before = Before::new();
    let intent = Event::Intent { user: user.clone(), verb, details, before, origin: None };
    for event in [intent, Event::Outcome { user, verb, outcome: StepOutcome::Accepted }] {
        let run = RunId::new("bench");
        let tenant = TenantName::parse("contoso").expect("a name");
        let entry = Entry { at: Timestamp::now(), run, tenant, tenant_id: TenantId::nil(), event };
        journal.record(lease, entry).await.expect("a durable entry");
    }
}
