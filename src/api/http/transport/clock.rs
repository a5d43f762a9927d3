//! The clock of the service, as its answers tell it beside this machine's.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::header::{DATE, HeaderMap};

use super::Transport;

/// Clocks that are set right are not further apart, whatever way an answer took.
const APART: SignedDuration = SignedDuration::from_mins(5);

impl Transport {
    /// How far the service's clock is ahead of ours, to the second; unknown before the first
    /// answer.
    pub(in crate::api) fn clock_ahead(&self) -> Option<SignedDuration> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same to the minute, where they are further apart than clocks that are set right.
    pub(in crate::api) fn clock_apart(&self) -> Option<SignedDuration> {
        let ahead = self.clock_ahead().filter(|ahead| ahead.abs() > APART);
        ahead.map(|ahead| SignedDuration::from_mins(ahead.as_mins()))
    }

    pub(super) fn note_clock(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let there = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        if let Some(there) = there {
            let ahead = there.duration_since(Timestamp::now());
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
    }
}
