//! What was done lately, as the page of the service shows it: read from the journal when somebody
//! looks, at most twice a minute.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use tokio::runtime::Handle;
use tracing::debug;

use super::{
    exit::Failure,
    passes::{self, Pass},
};
use crate::{
    board::{Day, Past},
    journal::{Place, RunSync},
    model::{Begun, Revision, StepOutcome},
};

/// Days that are told of.
const DAYS: i64 = 14;
/// Passes that are told one by one.
const PASSES: usize = 8;
/// Runs that are read for it, at most: the last ones.
const RUNS: usize = 3000;
/// What was read serves for so long.
const FRESH: Duration = Duration::from_secs(30);

/// Looks back for the readers of the page.
#[derive(Debug)]
pub(super) struct Lately {
    /// None in a rehearsal, which keeps no journal.
    place: Option<Place>,
    read: Mutex<Option<(Instant, Arc<Past>)>>,
}

impl Lately {
    pub(super) fn new(place: Option<Place>) -> Self {
        Self { place, read: Mutex::default() }
    }

    /// What was done lately. Nothing if the journal cannot be read, which other parts of the page
    /// say. Blocks; who comes meanwhile waits for the same answer.
    pub(super) fn past(&self) -> Arc<Past> {
        let Some(place) = &self.place else { return Arc::default() };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, past)) = read.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            debug!(age = ?at.elapsed(), "what was read serves");
            return Arc::clone(past);
        }
        let past = Handle::current().block_on(look_back(place)).unwrap_or_else(|failure| {
            debug!(error = failure.message, "the journal cannot be looked back at");
            Past::default()
        });
        let past = Arc::new(past);
        *read = Some((Instant::now(), Arc::clone(&past)));
        past
    }
}

async fn look_back(place: &Place) -> Result<Past, Failure> {
    let now = Timestamp::now();
    let history = place.look().await?;
    let begun = history.begun(RUNS).map_err(Failure::from)?;
    let first = first_day(now);
    let lately: Vec<&Begun> = begun.iter().filter(|begun| day_of(begun.at) >= first).collect();
    // Whatever is older than the days is told among the last passes all the same.
    let last = passes::grouped(begun.iter(), PASSES);
    let mut rows = Vec::new();
    for (id, runs) in last {
        rows.push(passes::read(&history, id, &runs).await?.row());
    }
    let mut all = Vec::new();
    for (id, runs) in passes::grouped(lately.into_iter(), usize::MAX) {
        all.push(passes::read(&history, id, &runs).await?);
    }
    // The newest come first.
    all.reverse();
    Ok(Past { passes: rows, days: days(&all, now) })
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

fn first_day(now: Timestamp) -> Date {
    let today = day_of(now);
    today.checked_sub(Span::new().days(DAYS - 1)).unwrap_or(today)
}

/// What each of the last days had, of passes of which the oldest comes first.
fn days(passes: &[Pass], now: Timestamp) -> Vec<Day> {
    let first = first_day(now);
    let mut days: Vec<Day> = first
        .series(Span::new().days(1))
        .take_while(|day| *day <= day_of(now))
        .map(Day::new)
        .collect();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for pass in passes {
        let revision = pass.runs.iter().find_map(|run| run.revision.as_ref());
        let is_first = revision.is_none_or(|is| is.edited || known.insert(&is.commit));
        add_steps(&mut days, pass, is_first);
        if let Some((day, took)) = revision.filter(|_| is_first).and_then(|of| applied(pass, of)) {
            // Of an older commit it is not known whether this was its first pass.
            let is_new = revision.and_then(|of| of.at).is_some_and(|at| day_of(at) >= first);
            if let Some(day) = days.iter_mut().find(|known| is_new && known.date == day) {
                day.applied.push(took);
            }
        }
    }
    days
}

fn add_steps(days: &mut [Day], pass: &Pass, is_first: bool) {
    for run in &pass.runs {
        let date = day_of(run.began);
        let Some(day) = days.iter_mut().find(|day| day.date == date) else { continue };
        for step in &run.steps {
            match step.outcome.as_ref().map(|(_, outcome)| outcome) {
                Some(StepOutcome::Accepted) if is_first => day.wanted += 1,
                Some(StepOutcome::Accepted) => day.later += 1,
                Some(StepOutcome::Failed(_)) => day.failed += 1,
                Some(StepOutcome::Unknown(_)) | None => day.lost += 1,
                Some(StepOutcome::NotTried(_)) => {}
            }
        }
    }
}

/// The day on which a pass had carried a commit out, and how long after the commit that was.
fn applied(pass: &Pass, commit: &Revision) -> Option<(Date, Duration)> {
    let made = commit.at.filter(|_| !commit.edited)?;
    let synced = pass.runs.iter().filter_map(|run| match run.sync {
        RunSync::Accepted(at) => Some(at),
        RunSync::NotNeeded | RunSync::Open => None,
    });
    let last = synced.max()?;
    let took = Duration::try_from(last.duration_since(made)).ok()?;
    Some((day_of(last), took))
}
