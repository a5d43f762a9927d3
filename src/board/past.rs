//! What was done lately, for those who look at the page: the last passes, and what each day had.

use std::time::Duration;

use jiff::{Timestamp, civil::Date};

use super::Commit;

/// What was done lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentPasses {
    /// The last passes, the newest first.
    pub passes: Vec<PassRow>,
    /// The last days, the newest last; those on which nothing was done, too.
    pub days: Vec<Day>,
}

/// A pass, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRow {
    /// Its id.
    pub pass: String,
    /// When it began.
    pub at: Timestamp,
    /// How many tenants it was about.
    pub tenants: usize,
    /// The first of them by name.
    pub tenant: String,
    /// What became of it, in a few words that name nobody.
    pub became: String,
    /// Which version of the manifests it carried out, where that is known.
    pub commit: Option<Commit>,
    /// Who carried it out by hand.
    pub by: Option<String>,
    /// Whether it takes an earlier one back.
    pub is_undo: bool,
}

/// One day, by UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// Steps that were accepted in the first pass of a commit, or of a version that nobody knows.
    pub wanted: usize,
    /// Steps that were accepted in a later pass of a commit: drift, or what was held before.
    pub later: usize,
    /// Steps that were refused.
    pub failed: usize,
    /// Steps whose answer was lost.
    pub lost: usize,
    /// From each commit that was carried out to the last sync of its first pass.
    pub applied: Vec<Duration>,
    /// The most that differed at one time and was only shown, because the mode is `report`.
    /// Nothing if nobody counted.
    pub drift: Option<usize>,
}

impl Day {
    /// A day on which nothing was done.
    #[must_use]
    pub fn new(date: Date) -> Self {
        Self { date, wanted: 0, later: 0, failed: 0, lost: 0, applied: Vec::new(), drift: None }
    }

    /// All steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.wanted + self.later + self.failed + self.lost
    }
}

impl RecentPasses {
    /// The same without names of people.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let mut past = self.clone();
        for pass in &mut past.passes {
            pass.by = pass.by.take().map(|_| "somebody".to_owned());
            pass.commit = pass.commit.as_ref().map(Commit::without_names);
        }
        past
    }
}
