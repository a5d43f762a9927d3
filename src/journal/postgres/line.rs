//! The connection of the writer, made again when it is lost.

use std::time::{Duration, Instant};

use super::{
    compare,
    connect::{Dialer, Session},
    failure::{FailureKind, PostgresFailure},
    known::PostgresState,
};
use crate::ports::JournalError;

/// How long a database that could not be reached is not dialled again, at least: many ask at once.
const REST: Duration = Duration::from_millis(150);

/// A connection, if there is one.
pub(super) struct SessionKeeper {
    dialer: Dialer,
    session: Option<Session>,
    shared: PostgresState,
    failed: Option<FailedDial>,
}

/// A dial that came to nothing.
struct FailedDial {
    at: Instant,
    took: Duration,
    failure: PostgresFailure,
}

impl SessionKeeper {
    pub(super) fn new(dialer: Dialer, session: Session, shared: PostgresState) -> Self {
        Self { dialer, session: Some(session), shared, failed: None }
    }

    pub(super) fn schema(&self) -> &str {
        self.dialer.schema()
    }

    /// A connection that was good a moment ago, or a new one.
    pub(super) async fn session(&mut self) -> Result<&Session, JournalError> {
        if self.session.is_none() {
            if let Some(FailedDial { at, took, failure }) = &self.failed
                && at.elapsed() < REST.max(*took)
            {
                return Err(self.shared.is_away(failure));
            }
            let begun = Instant::now();
            match self.dial().await {
                Ok(session) => (self.session, self.failed) = (Some(session), None),
                Err(failure) => {
                    let away = self.shared.is_away(&failure);
                    let took = begun.elapsed();
                    self.failed = Some(FailedDial { at: Instant::now(), took, failure });
                    return Err(away);
                }
            }
        }
        self.session.as_ref().ok_or(JournalError::Lost)
    }

    /// A new connection counts once what is there was compared with what was seen.
    async fn dial(&self) -> Result<Session, PostgresFailure> {
        let session = self.dialer.dial().await?;
        compare::follow(&session, self.dialer.schema(), &self.shared, None).await?;
        Ok(session)
    }

    /// What a call came to. After one without an answer the connection is dropped.
    pub(super) fn heard<T>(
        &mut self,
        answer: Result<T, PostgresFailure>,
    ) -> Result<T, JournalError> {
        match answer {
            Ok(answer) => {
                self.shared.is_back();
                Ok(answer)
            }
            Err(failure) => {
                if failure.ends_the_connection() {
                    self.session = None;
                }
                Err(match failure.kind {
                    FailureKind::Unanswered
                    | FailureKind::Again
                    | FailureKind::Away
                    | FailureKind::Login
                    | FailureKind::Certificate => self.shared.is_away(&failure),
                    FailureKind::Rights | FailureKind::Other => JournalError::Broken(failure.words),
                })
            }
        }
    }
}
