//! The right to write, of a command. Where services share the journal one of them leads; a command
//! that writes takes its place for as long as it runs, or is refused.

use super::exit::Failure;
use crate::{
    config::Settings,
    foreign::line,
    journal::PostgresLead,
    ports::{JournalError, Lead, Permit},
    words::time,
};

/// The right of this command. With a journal in a folder, the lock of the folder is all of it.
#[derive(Debug)]
pub(super) struct CommandLead(Option<PostgresLead>);

impl CommandLead {
    /// Takes it. The journal was opened before.
    pub(super) async fn take(settings: &Settings) -> Result<Self, Failure> {
        let Some(postgres) = &settings.state.postgres else { return Ok(Self::nothing_shared()) };
        let service = PostgresLead::start(postgres);
        service.take().await.map_err(refused)?;
        Ok(Self(Some(service)))
    }

    /// Of a command that nobody else's journal knows of.
    pub(super) fn nothing_shared() -> Self {
        Self(None)
    }

    /// What each call asks.
    pub(super) fn permit(&self) -> Permit {
        self.0.as_ref().map(Lead::permit).unwrap_or_default()
    }

    /// Lets a service lead at once.
    pub(super) async fn give_up(self) {
        if let Some(service) = &self.0 {
            service.give_up().await;
        }
    }
}

/// Who writes instead, and what to do.
fn refused(error: JournalError) -> Failure {
    match error {
        JournalError::Held { holder, until } => Failure::new(format!(
            "{} leads: it alone writes, and has the right to until {} at least",
            line(holder),
            time(until)
        ))
        .hint(
            "let the service that leads do it, where it runs (`dialplane reconcile`, `suspend`, \
                `undo`), or end all services first",
        ),
        error => {
            let hint = error.hint();
            Failure::new(error).hint(hint)
        }
    }
}
