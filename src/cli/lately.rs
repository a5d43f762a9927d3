//! What was done lately, as the page of the service shows it: read from the journal when somebody
//! looks, at most twice a minute.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{Span, Timestamp, civil::Date};
use tokio::runtime::Handle;
use tracing::debug;

use super::{
    drifts::{Drifts, day_of},
    exit::Failure,
    passes::{self, Pass},
};
use crate::{
    board::{Day, RecentPasses, Status},
    journal::{JournalLocation, RunSync},
    model::{Revision, RunStart, StepOutcome},
    ports::History as _,
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
pub(super) struct RecentHistory {
    /// None in a rehearsal, which keeps no journal.
    place: Option<JournalLocation>,
    drifts: Drifts,
    read: Mutex<Option<(Instant, Arc<RecentPasses>)>>,
}

impl RecentHistory {
    pub(super) fn new(place: Option<JournalLocation>) -> Self {
        Self { drifts: Drifts::of(place.clone()), place, read: Mutex::default() }
    }

    /// Counts what a status tells. Blocks.
    pub(super) fn see(&self, status: &Status) {
        self.drifts.see(status);
    }

    /// What was done lately. Nothing if the journal cannot be read, which other parts of the page
    /// say. Blocks; who comes meanwhile waits for the same answer.
    pub(super) fn past(&self) -> Arc<RecentPasses> {
        let Some(place) = &self.place else { return Arc::default() };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, past)) = read.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            debug!(age = ?at.elapsed(), "what was read serves");
            return Arc::clone(past);
        }
        let mut past = Handle::current().block_on(look_back(place)).unwrap_or_else(|failure| {
            debug!(error = failure.message, "the journal cannot be looked back at");
            RecentPasses::default()
        });
        self.drifts.add_to(&mut past.days);
        let past = Arc::new(past);
        *read = Some((Instant::now(), Arc::clone(&past)));
        past
    }
}

async fn look_back(place: &JournalLocation) -> Result<RecentPasses, Failure> {
    let now = Timestamp::now();
    let history = place.look().await?;
    let begun = history.begun(RUNS).await.map_err(Failure::from)?;
    let first = first_day(now);
    let lately: Vec<&RunStart> = begun.iter().filter(|begun| day_of(begun.at) >= first).collect();
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
    Ok(RecentPasses { passes: rows, days: days(&all, now) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Run, SentStep},
        model::{
            Before, Details, Fault, FaultKind, PartOf, PassId, RunId, TenantId, TenantName, Upn,
            Verb,
        },
    };

    const NOW: &str = "2026-07-14T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn commit(name: &str, made: &str) -> Revision {
        Revision { commit: name.to_owned(), at: Some(at(made)), ..Revision::default() }
    }

    /// A pass of one run that began then, with these outcomes, and whose sync was accepted a minute
    /// later.
    fn pass(began: &str, revision: Option<Revision>, outcomes: Vec<Option<StepOutcome>>) -> Pass {
        let began = at(began);
        let step = |outcome: Option<StepOutcome>| SentStep {
            user: Upn::parse("adele@contoso.com").unwrap(),
            verb: Verb::Enable,
            details: Details::default(),
            before: Before::default(),
            origin: None,
            sent: began,
            outcome: outcome.map(|outcome| (began, outcome)),
        };
        let id = PassId::new("1f0c5e7a93");
        let run = Run {
            id: RunId::new("run"),
            tenant: TenantName::parse("contoso").unwrap(),
            tenant_id: TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap(),
            began,
            last: began,
            meant: outcomes.len(),
            revision,
            by: None,
            part_of: PartOf { pass: id.clone(), undoes: None },
            plan: String::new(),
            steps: outcomes.into_iter().map(step).collect(),
            sync: RunSync::Accepted(began + Duration::from_secs(60)),
        };
        Pass { id, runs: vec![run] }
    }

    fn accepted(steps: usize) -> Vec<Option<StepOutcome>> {
        vec![Some(StepOutcome::Accepted); steps]
    }

    fn day(days: &[Day], date: &str) -> Day {
        let date: Date = date.parse().unwrap();
        days.iter().find(|day| day.date == date).cloned().unwrap()
    }

    #[test]
    fn there_are_fourteen_days_and_the_last_is_today_in_utc() {
        let days = days(&[], at(NOW));
        let dates: Vec<String> = days.iter().map(|day| day.date.to_string()).collect();
        assert_eq!((dates.len(), &*dates[0], &*dates[13]), (14, "2026-07-01", "2026-07-14"));
        assert!(days.iter().all(|day| day.steps() == 0));
    }

    #[test]
    fn steps_of_a_commit_are_wanted_in_its_first_pass_and_later_in_others() {
        let made = "2026-07-13T10:00:00Z";
        let all = [
            pass("2026-07-13T10:01:00Z", Some(commit("a", made)), accepted(2)),
            pass("2026-07-14T01:00:00Z", Some(commit("a", made)), accepted(3)),
            pass("2026-07-14T02:00:00Z", None, accepted(1)),
        ];
        let days = days(&all, at(NOW));
        let first = day(&days, "2026-07-13");
        let second = day(&days, "2026-07-14");
        assert_eq!((first.wanted, first.later), (2, 0));
        assert_eq!((second.wanted, second.later), (1, 3));
        assert_eq!(first.applied, [Duration::from_secs(120)], "until the sync, and once");
        assert!(second.applied.is_empty());
    }

    #[test]
    fn files_that_were_edited_since_count_as_wanted_and_say_nothing_of_the_time() {
        let edited = Revision { edited: true, ..commit("a", "2026-07-13T10:00:00Z") };
        let first = pass("2026-07-13T10:01:00Z", Some(edited.clone()), accepted(1));
        let second = pass("2026-07-13T10:05:00Z", Some(edited), accepted(1));
        let told = day(&days(&[first, second], at(NOW)), "2026-07-13");
        assert_eq!((told.wanted, told.applied.len()), (2, 0));
    }

    #[test]
    fn of_a_commit_that_is_older_than_the_days_it_is_not_known_when_it_was_first_applied() {
        let old = commit("a", "2026-06-30T23:59:00Z");
        let told = day(
            &days(&[pass("2026-07-01T00:00:00Z", Some(old), accepted(1))], at(NOW)),
            "2026-07-01",
        );
        assert_eq!((told.wanted, told.applied.len()), (1, 0));
    }

    #[test]
    fn what_was_refused_or_lost_is_counted_and_what_was_not_tried_is_not() {
        let fault = || Fault::new(FaultKind::Rejected, "no");
        let outcomes = vec![
            Some(StepOutcome::Failed(fault())),
            Some(StepOutcome::Unknown(fault())),
            None,
            Some(StepOutcome::NotTried("stopped".to_owned())),
        ];
        let told =
            day(&days(&[pass("2026-07-14T00:00:00Z", None, outcomes)], at(NOW)), "2026-07-14");
        assert_eq!((told.wanted, told.later, told.failed, told.lost), (0, 0, 1, 2));
    }

    #[test]
    fn what_is_older_than_the_days_is_left_out() {
        let old = pass("2026-06-30T23:59:59Z", None, accepted(5));
        assert!(days(&[old], at(NOW)).iter().all(|day| day.steps() == 0));
    }
}
