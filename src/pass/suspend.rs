//! A tenant is suspended, and resumed, or all of them are by the stop switch: facts for the journal,
//! under a lease.

use jiff::Timestamp;

use crate::{
    model::{Entry, Event, RunId, Suspension, TenantRef},
    ports::{Journal, JournalError},
    stop::StopMessage,
};

/// Keeps on record that nothing is written of a tenant from now on. A suspension that is there is
/// replaced. By the journal's clock.
pub async fn suspend<J: Journal>(
    journal: &J,
    tenant: &TenantRef,
    run: RunId,
    suspension: (String, String, Option<Timestamp>),
) -> Result<(), JournalError> {
    let (by, reason, until) = suspension;
    record(journal, tenant, run, |_| Some(Event::Suspended { by, reason, until })).await.map(drop)
}

/// Keeps on record that the tenant goes on. Gives back the suspension that is over; nothing if
/// there was none, and nothing is recorded.
pub async fn resume<J: Journal>(
    journal: &J,
    tenant: &TenantRef,
    run: RunId,
    by: String,
) -> Result<Option<Suspension>, JournalError> {
    let event = |suspended: bool| suspended.then_some(Event::Resumed { by });
    record(journal, tenant, run, event).await
}

/// Records an event, and gives back the suspension before it. `event` hears whether there was one.
async fn record<J: Journal>(
    journal: &J,
    tenant: &TenantRef,
    run: RunId,
    event: impl FnOnce(bool) -> Option<Event>,
) -> Result<Option<Suspension>, JournalError> {
    let lease = journal.lease(&tenant.id).await?;
    let at = journal.now();
    let before = journal.memory(&lease).await?.suspension(at).cloned();
    if let Some(event) = event(before.is_some()) {
        let tenant_id = tenant.id.clone();
        let tenant = tenant.name.clone();
        journal.record(&lease, Entry { at, run, tenant, tenant_id, event }).await?;
    }
    Ok(before)
}

/// What the journal is to know of the stop switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopSwitchChange {
    /// Who has moved it, as far as that is known.
    pub by: Option<String>,
    /// Why it is on. Nothing if it is off.
    pub on: Option<String>,
}

impl StopSwitchChange {
    /// It is on, as this says.
    #[must_use]
    pub fn on(stopped: &StopMessage) -> Self {
        Self { by: stopped.note.by.clone(), on: Some(stopped.reason().to_owned()) }
    }
}

/// Keeps on record that the stop switch is on, or off, unless the journal has it so already. Whether
/// it had not. What is on record stops nothing: the switch does.
pub async fn switch<J: Journal>(
    journal: &J,
    run: RunId,
    switched: &StopSwitchChange,
) -> Result<bool, JournalError> {
    let all = TenantRef::all();
    let lease = journal.lease(&all.id).await?;
    let at = journal.now();
    let memory = journal.memory(&lease).await?;
    let known = memory.suspension(at);
    let by = switched.by.clone().unwrap_or_else(|| "somebody".to_owned());
    let event = match &switched.on {
        Some(reason) if known.is_some_and(|known| known.by == by && known.reason == *reason) => {
            return Ok(false);
        }
        None if known.is_none() => return Ok(false),
        Some(reason) => Event::Suspended { by, reason: reason.clone(), until: None },
        None => Event::Resumed { by },
    };
    let entry = Entry { at, run, tenant: all.name, tenant_id: all.id, event };
    journal.record(&lease, entry).await.map(|()| true)
}
