//! What went wrong with a database, in words, and what follows from it.

use std::{error::Error as _, io};

use tokio_postgres::error::SqlState;

use crate::{foreign, journal::OpenError, words};

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PostgresFailure {
    pub(super) kind: FailureKind,
    /// In words that are safe to show.
    pub(super) words: String,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// It is not known whether the call was carried out: no answer came.
    Unanswered,
    /// It was not carried out, and may be now: another was quicker, or the server said to wait.
    Again,
    /// The server cannot take it now: it starts, ends, is full, or may only be read.
    Away,
    /// It takes no login, or there is no such database.
    Login,
    /// It cannot be believed to be that server.
    Certificate,
    /// This user may not do it.
    Rights,
    /// What is there is not what was made.
    Other,
}

impl PostgresFailure {
    pub(super) fn new(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }

    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let kind =
                if is_refused(error) { FailureKind::Certificate } else { FailureKind::Unanswered };
            return Self::new(kind, foreign::line(words::system(without_answer(error))));
        };
        let kind = kind(told.code());
        Self::new(kind, foreign::line(told.message()))
    }

    /// Whether its connection is of no use any more.
    pub(super) fn ends_the_connection(&self) -> bool {
        !matches!(self.kind, FailureKind::Again | FailureKind::Rights | FailureKind::Other)
    }

    /// Why it cannot be opened. `place` says which database.
    pub(super) fn at(self, place: &str) -> OpenError {
        let hint = match self.kind {
            FailureKind::Unanswered | FailureKind::Again | FailureKind::Away => {
                "nothing was changed; see that the database can be reached and written, and try \
                    again: `dialplane doctor` looks at it"
            }
            FailureKind::Login => {
                "`state.postgres.url` says where the address comes from: look at user, password \
                    and database in it"
            }
            FailureKind::Certificate => {
                "nothing was sent; `state.postgres.rootCertificate` is the file of who vouches for \
                    the server, and the host of the address is to be named in its certificate"
            }
            FailureKind::Rights => {
                "give the user of `state.postgres.url` the right to create in the database, or the \
                    schema itself: CREATE SCHEMA dialplane AUTHORIZATION \"USER\""
            }
            FailureKind::Other => {
                "nothing was changed; another program may have changed the tables: restore the \
                    database from a backup"
            }
        };
        OpenError::Database { place: place.to_owned(), reason: self.words, hint }
    }
}

fn kind(code: &SqlState) -> FailureKind {
    let again = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    let login = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
    ];
    match code.code().get(..2) {
        _ if again.contains(code) => FailureKind::Again,
        _ if login.contains(code) => FailureKind::Login,
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => FailureKind::Rights,
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => FailureKind::Away,
        // Connections, resources, what an operator does, the system.
        Some("08" | "53" | "57" | "58") => FailureKind::Away,
        _ => FailureKind::Other,
    }
}

/// Whether it is the certificate of the server that is refused.
fn is_refused(error: &tokio_postgres::Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let inner = inner.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// The innermost reason says most, and comes with what was tried.
fn without_answer(error: &tokio_postgres::Error) -> String {
    let mut reason = None;
    let mut source = error.source();
    while let Some(inner) = source {
        reason = Some(inner.to_string());
        source = inner.source();
    }
    match reason {
        Some(reason) if error.is_closed() => format!("the connection ended: {reason}"),
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    }
}
