//! Failed calls: the kinds that are told apart, and what each means for a write.

use super::coded;
use crate::words;

/// A call that did not succeed, in words for the person who has to act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{message}")]
pub struct Fault {
    /// What kind of failure it was: decides what happens next.
    pub kind: FaultKind,
    /// One sentence: what failed and how.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

coded! {
    /// The kinds of failure that are told apart.
    pub enum FaultKind {
        /// The service did not accept who we are (token refused, 401 after a fresh token, 403).
        Auth = "access-refused",
        /// The service refused this call (4xx; for a read also a 200 with an error inside).
        Rejected = "call-refused",
        /// Too many calls, even after waiting as told.
        Throttled = "throttled",
        /// No connection could be made: nothing was sent.
        Unreachable = "unreachable",
        /// Sent, and no answer came (time-out, reset).
        NoAnswer = "no-answer",
        /// The service failed while handling the call (5xx).
        Server = "server-error",
        /// An answer came that cannot be understood (not JSON, wrong types, too large), or one that
        /// says of a write both yes and no.
        Garbled = "answer-not-understood",
        /// The configuration does not say how to make this call.
        NotConfigured = "not-configured",
        /// A secret of the user could not be had: nothing was sent.
        SecretMissing = "secret-missing",
        /// Somebody has stopped everything: nothing was sent.
        Stopped = "call-stopped",
        /// Too many writes in a row got no clear answer: nothing was sent.
        Failing = "service-failing",
    }
}

impl Fault {
    /// A failure without advice.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: words::system(message.into()), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl FaultKind {
    /// Whether the service may have had the call and have answered that it will not do it. Nothing
    /// was changed then, by its own words.
    #[must_use]
    pub fn may_be_an_answer(self) -> bool {
        matches!(self, Self::Rejected | Self::Auth | Self::Throttled)
    }

    /// What a failed write means for its step and its tenant.
    #[must_use]
    pub fn of_write(self) -> WriteVerdict {
        match self {
            Self::Rejected | Self::SecretMissing => WriteVerdict::Failed,
            Self::Auth
            | Self::Throttled
            | Self::Unreachable
            | Self::NotConfigured
            | Self::Stopped
            | Self::Failing => WriteVerdict::StopTenant,
            Self::NoAnswer | Self::Server | Self::Garbled => WriteVerdict::Unknown,
        }
    }
}

/// What a failed write means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteVerdict {
    /// This step failed; the others go on.
    Failed,
    /// Nothing was changed and the next call would fare no better: stop this tenant.
    StopTenant,
    /// It may have been carried out: never send it again blindly.
    Unknown,
}
