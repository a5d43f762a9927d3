//! Intent with a date: from when on something is wanted of a user, and until when.
//!
//! **Invariant:** each date is one moment, made once where the manifests are read. So a clock that is
//! put forward or back changes nothing twice.

use jiff::Timestamp;

/// When what is said of a user counts. At least one of them is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Dates {
    /// Before, nothing is done for the user.
    pub from: Option<Timestamp>,
    /// From then on calling is off.
    pub until: Option<Timestamp>,
}

impl Dates {
    /// Both of them, as far as they are there.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        [self.from, self.until].into_iter().flatten()
    }

    /// Whether one ends before the other begins. Without dates, it is always.
    #[must_use]
    pub fn take_turns_with(self, other: Self) -> bool {
        self.is_before(other) || other.is_before(self)
    }

    /// Whether it ends before the other begins.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        self.until.zip(other.from).is_some_and(|(until, from)| until <= from)
    }
}
