//! Memory: what the journal gives the planner. Debts that are still owed, and writes that may not be visible yet.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::{Calling, Field, RunId, Upn, UserId, Value};

/// What is remembered of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// A sync that was promised by a run and not yet accepted by the service.
    pub sync_owed: Option<SyncDebt>,
    /// When the service first accepted a sync: what was written before it takes longest to show (contract 4.4).
    pub first_sync: Option<Timestamp>,
    /// When the service last accepted a sync.
    pub last_sync: Option<Timestamp>,
    /// What was last sent for each user.
    pub written: BTreeMap<Upn, Written>,
    /// The users whom a manifest has named while they were visible: only these are ever pruned, unless the tenant says otherwise.
    pub managed: BTreeMap<Upn, Known>,
    /// What was sent lately, for limits over time.
    pub sent: Sent,
}

/// What is remembered of a user who was managed once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The identity that outlives a change of name, if it was ever seen.
    pub id: Option<UserId>,
    /// Whether the user has been missing in a whole list since.
    pub vanished: bool,
}

/// A user whom a manifest names and a list shows: a fact for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// Who.
    pub user: Upn,
    /// The identity that outlives a change of name, if it is shown.
    pub id: Option<UserId>,
}

/// Calls that were sent within the last hour, counted by the minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent(BTreeMap<i64, SentCounts>);

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

impl Sent {
    /// How far back it reaches.
    const MINUTES: i64 = 60;

    /// Counts one call that was sent at `at`; what is too old by then is forgotten.
    pub fn add(&mut self, at: Timestamp, verb: Verb, replaces_number: bool) {
        let minute = at.as_second().div_euclid(60);
        self.0.retain(|earlier, _| *earlier > minute - Self::MINUTES);
        let counts = self.0.entry(minute).or_default();
        counts.disable += u32::from(verb == Verb::Disable);
        counts.numbers += u32::from(replaces_number);
        counts.changes += u32::from(verb != Verb::Enable);
    }

    /// What was sent within the hour before `now`. Minutes from the future, which a clock left that has been set right since,
    /// do not count beyond an hour.
    #[must_use]
    pub fn within_the_hour(&self, now: Timestamp) -> SentCounts {
        let minute = now.as_second().div_euclid(60);
        let recent = self.0.range(minute - Self::MINUTES + 1..=minute + Self::MINUTES);
        recent.map(|(_, counts)| *counts).fold(SentCounts::default(), SentCounts::plus)
    }

    /// The counts by minute since the epoch, for whoever keeps them.
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

impl FromIterator<(i64, SentCounts)> for Sent {
    fn from_iter<I: IntoIterator<Item = (i64, SentCounts)>>(minutes: I) -> Self {
        Self(minutes.into_iter().collect())
    }
}

/// A sync that is still owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDebt {
    /// Since when.
    pub since: Timestamp,
    /// By which run.
    pub run: RunId,
}

/// What was last sent for a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The last enable or disable.
    pub calling: Option<Write<Calling>>,
    /// The last value of each field that an update carried.
    pub details: BTreeMap<Field, Write<Value>>,
    /// A call whose answer was lost: nobody knows whether it was carried out.
    pub unknown: Option<(Verb, Timestamp)>,
}

/// A value that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write<T> {
    /// The value.
    pub value: T,
    /// When the service accepted it, or its answer was lost.
    pub at: Timestamp,
    /// Whether the answer was lost: then only an observation can tell that the value is there.
    pub lost: bool,
    /// Whether an observation has shown it since: then it is a fact, and a later difference is drift at once.
    pub landed: bool,
}

/// The verb of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `enableCallingForUser`.
    Enable,
    /// `updateUserDetails`.
    Update,
    /// `disableCallingForUser`.
    Disable,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Enable => "enable",
            Self::Update => "update",
            Self::Disable => "disable",
        })
    }
}

/// The image of a user before a step: the fields that the step changes, each with its value, or with nothing where nothing was
/// set. A field whose earlier value was not known is not in it. That calling was the other way round is in the verb.
pub type Before = BTreeMap<Field, Option<Value>>;

/// Which of a user's written values an observation has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// Who.
    pub user: Upn,
    /// Whether the calling state that was written was seen.
    pub calling: bool,
    /// The fields whose written values were seen.
    pub fields: Vec<Field>,
}
