//! A tenant is suspended, and resumed: facts for its journal, under its lease.

use jiff::Timestamp;

use crate::{
    model::{Entry, Event, RunId, Suspension, TenantRef},
    ports::{Journal, JournalError},
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
