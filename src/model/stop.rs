//! The stop switch: what is said of it, and what is known.

use jiff::Timestamp;

/// Who stopped everything, when and why, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopNote {
    /// Who.
    pub by: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// What is known of a switch that is looked at now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopSeen {
    /// It was off a moment ago.
    Off,
    /// It is on.
    On(StopNote),
    /// It is not known: why.
    Unknown(String),
}
