//! A tenant that somebody has suspended: it is looked at and planned, and nothing is written.

use std::fmt;

use jiff::Timestamp;

use crate::words::time;

/// That a tenant is suspended. It is not the mode of its manifests, which stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Since when.
    pub at: Timestamp,
    /// Who: user and machine.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it ends without a person; without this, somebody has to end it.
    pub until: Option<Timestamp>,
}

impl Suspension {
    /// Whether it counts at this moment.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// `since 2026-07-04 08:15:30 UTC by ada@desk: the vendor is moving`.
impl fmt::Display for Suspension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, by, reason, until: _ } = self;
        write!(f, "since {} by {by}: {reason}", time(*at))
    }
}
