//! What is remembered of users who were managed once, and of what was sent lately: for guards that
//! reach over runs.

use std::{collections::BTreeMap, ops::RangeInclusive};

use jiff::Timestamp;

use super::{Upn, UserId, Verb};

/// What is remembered of a user who was managed once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RememberedUser {
    /// The identity that outlives a change of name, if it was ever seen.
    pub id: Option<UserId>,
    /// Whether the user has been missing in a whole list since.
    pub vanished: bool,
}

/// A user that a manifest names and a list shows: a fact for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// Who.
    pub user: Upn,
    /// The identity that outlives a change of name, if it is shown.
    pub id: Option<UserId>,
}

/// Calls that were sent lately, counted by the minute: those of the last hour, and of the hour before
/// a clock was set to another time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentCalls(BTreeMap<i64, SentCounts>);

/// A number of calls, each counted wherever it belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SentCounts {
    /// Disables.
    pub disable: u32,
    /// Updates that replace a number or give it up.
    pub numbers: u32,
    /// Updates and disables.
    pub changes: u32,
}

impl RecentCalls {
    /// How long an hour is.
    const MINUTES: i64 = 60;
    /// So many minutes in which something was sent are kept: an hour by a clock that is wrong, and
    /// the hour before it by one that was right.
    const KEPT: usize = 120;

    /// Counts one call that was sent at `at`. Time alone forgets nothing, because a clock may have
    /// been set to another one; what is farthest away goes when there is too much.
    pub fn add(&mut self, at: Timestamp, verb: Verb, replaces_number: bool) {
        let minute = at.as_second().div_euclid(60);
        let counts = self.0.entry(minute).or_default();
        counts.disable += u32::from(verb == Verb::Disable);
        counts.numbers += u32::from(replaces_number);
        counts.changes += u32::from(verb != Verb::Enable);
        while self.0.len() > Self::KEPT {
            let away = |end: Option<&i64>| end.map(|end| end.abs_diff(minute));
            let is_later = away(self.0.keys().next_back()) > away(self.0.keys().next());
            let _ = if is_later { self.0.pop_last() } else { self.0.pop_first() };
        }
    }

    /// What was sent within the hour before `now`. Minutes from the future, which a clock left that
    /// has been set right since, do not count beyond an hour.
    #[must_use]
    pub fn within_the_hour(&self, now: Timestamp) -> SentCounts {
        let recent = self.0.range(Self::hour(now));
        recent.map(|(_, counts)| *counts).fold(SentCounts::default(), SentCounts::plus)
    }

    /// The minutes that count at `now`.
    #[must_use]
    pub fn hour(now: Timestamp) -> RangeInclusive<i64> {
        let minute = now.as_second().div_euclid(60);
        minute - Self::MINUTES + 1..=minute + Self::MINUTES
    }

    /// The counts by minute since the epoch.
    pub fn minutes(&self) -> impl Iterator<Item = (i64, SentCounts)> {
        self.0.iter().map(|(minute, counts)| (*minute, *counts))
    }
}

impl SentCounts {
    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            disable: self.disable.saturating_add(other.disable),
            numbers: self.numbers.saturating_add(other.numbers),
            changes: self.changes.saturating_add(other.changes),
        }
    }
}

impl FromIterator<(i64, SentCounts)> for RecentCalls {
    fn from_iter<I: IntoIterator<Item = (i64, SentCounts)>>(minutes: I) -> Self {
        Self(minutes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(60 * minute).unwrap_or_default()
    }

    #[test]
    fn what_was_sent_before_a_clock_was_set_forward_is_not_forgotten() {
        let mut sent = RecentCalls::default();
        for minute in 0..60 {
            sent.add(at(1_000 + minute), Verb::Disable, false);
        }
        // Two days ahead, for an hour.
        for minute in 0..60 {
            sent.add(at(4_000 + minute), Verb::Disable, false);
        }
        assert_eq!(sent.within_the_hour(at(1_059)).disable, 60);
        assert_eq!(sent.within_the_hour(at(4_059)).disable, 60);
        // And back: what lies far ahead gives way.
        for minute in 60..90 {
            sent.add(at(1_000 + minute), Verb::Disable, false);
        }
        assert_eq!(sent.within_the_hour(at(1_089)).disable, 60);
        assert_eq!(sent.minutes().count(), RecentCalls::KEPT);
    }
}
