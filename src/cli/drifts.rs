//! How much differed on each of the last days and was only shown, because the mode is `report`: for
//! the chart of the page. The journal does not know it, since nothing is sent.
//!
//! **Invariant:** bounded: one number a day. What was not counted is not told as nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::{
    board::{Day, Status},
    journal::JournalLocation,
    words::system,
};

/// Days that are kept.
const KEPT: usize = 31;
/// The shape that is written.
const VERSION: u32 = 1;

/// The most that differed at one time, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Days {
    version: u32,
    /// By UTC.
    days: BTreeMap<Date, usize>,
}

/// The same, kept in the state folder.
#[derive(Debug)]
pub(super) struct Drifts {
    place: Option<JournalLocation>,
    days: Mutex<Days>,
}

impl Drifts {
    /// What an earlier start has counted. A rehearsal keeps nothing.
    pub(super) fn of(place: Option<JournalLocation>) -> Self {
        let days = place.as_ref().map(read).unwrap_or_default();
        Self { place, days: Mutex::new(days) }
    }

    /// Counts what a status tells. May block; written only if the day has more than before.
    pub(super) fn see(&self, status: &Status) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        if !days.see(status) {
            return;
        }
        let Some(place) = &self.place else { return };
        let text = serde_json::to_string_pretty(&*days).unwrap_or_default();
        if let Err(error) = place.write_drift(&text) {
            warn!(error = %system(error), %place, "how much differed today cannot be kept for the next start");
        }
    }

    /// Adds it to these days.
    pub(super) fn add_to(&self, days: &mut [Day]) {
        let kept = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        for day in days {
            day.drift = kept.days.get(&day.date).copied();
        }
    }
}

impl Days {
    /// Whether the day has more than before.
    fn see(&mut self, status: &Status) -> bool {
        // Before all were looked at, less than all is known.
        let is_known = status.tenants.iter().any(|row| row.last_at.is_some());
        if !is_known || status.stands_by() {
            return false;
        }
        let now: usize = status.tenants.iter().map(|row| row.drift).sum();
        let date = day_of(status.at);
        if self.days.get(&date).is_some_and(|most| *most >= now) {
            return false;
        }
        self.version = VERSION;
        self.days.insert(date, now);
        while self.days.len() > KEPT {
            self.days.pop_first();
        }
        true
    }
}

/// The day of a moment, by UTC.
pub(super) fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

fn read(place: &JournalLocation) -> Days {
    let text = place.read_drift().map_err(system);
    let days = text.and_then(|text| {
        text.map_or(Ok(Days::default()), |text| {
            serde_json::from_str::<Days>(&text).map_err(|error| error.to_string())
        })
    });
    days.unwrap_or_else(|error| {
        info!(%place, "how much differed on earlier days is not known: {error}");
        Days::default()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        board::{LeadRow, TenantRow},
        config::State,
    };

    const MORNING: &str = "2026-07-14T08:00:00Z";

    fn status(at: &str, drift: &[usize]) -> Status {
        let at: Timestamp = at.parse().unwrap();
        let row =
            |drift: &usize| TenantRow { drift: *drift, last_at: Some(at), ..TenantRow::default() };
        let tenants = drift.iter().map(row).map(Arc::new).collect();
        Status { at, tenants, ..Status::default() }
    }

    fn told(drifts: &Drifts, date: &str) -> Option<usize> {
        let mut days = [Day::new(date.parse().unwrap())];
        drifts.add_to(&mut days);
        days[0].drift
    }

    #[test]
    fn the_most_of_each_day_is_kept_and_known_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let place =
            JournalLocation::of(&State { path: folder.path().to_owned(), ..State::default() });
        let drifts = Drifts::of(Some(place.clone()));
        assert_eq!(told(&drifts, "2026-07-14"), None, "nothing was counted");
        drifts.see(&status(MORNING, &[2, 1]));
        drifts.see(&status("2026-07-14T09:00:00Z", &[1, 0]));
        drifts.see(&status("2026-07-15T00:00:00Z", &[0, 0]));
        let again = Drifts::of(Some(place));
        for drifts in [drifts, again] {
            assert_eq!(told(&drifts, "2026-07-14"), Some(3));
            assert_eq!(told(&drifts, "2026-07-15"), Some(0), "it was looked at");
            assert_eq!(told(&drifts, "2026-07-13"), None);
        }
    }

    #[test]
    fn what_nobody_has_looked_at_is_not_counted() {
        let mut days = Days::default();
        let mut unseen = status(MORNING, &[1]);
        Arc::make_mut(&mut unseen.tenants[0]).last_at = None;
        assert!(!days.see(&unseen));
        let beside = Status { lead: Some(LeadRow::default()), ..status(MORNING, &[1]) };
        assert!(!days.see(&beside), "the service that leads counts");
        assert!(days.see(&status(MORNING, &[0])) && !days.see(&status(MORNING, &[0])));
    }

    #[test]
    fn old_days_go_and_a_damaged_file_is_begun_anew() {
        let mut days = Days::default();
        let first: Date = "2026-01-01".parse().unwrap();
        for date in first.series(jiff::Span::new().days(1)).take(KEPT + 9) {
            assert!(days.see(&status(&format!("{date}T12:00:00Z"), &[1])));
        }
        assert_eq!(days.days.len(), KEPT);
        assert_eq!(days.days.first_key_value().unwrap().0.to_string(), "2026-01-10");
        let folder = tempfile::tempdir().unwrap();
        let place =
            JournalLocation::of(&State { path: folder.path().to_owned(), ..State::default() });
        place.write_drift("{ \"days\": 3").unwrap();
        let drifts = Drifts::of(Some(place));
        drifts.see(&status(MORNING, &[4]));
        assert_eq!(told(&drifts, "2026-07-14"), Some(4));
    }
}
