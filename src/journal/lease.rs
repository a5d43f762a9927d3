//! Who may write of which tenant. Pure: the store tells the time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{model::TenantId, ports::JournalError};

/// How long a lease counts after it was last renewed.
pub const LEASE_TERM: Duration = Duration::from_secs(120);
/// How long before its end its holder stops to begin calls: those that are under way end in this
/// time.
const MARGIN: Duration = Duration::from_secs(60);

/// How many tokens of a tenant are reserved at a time.
const RESERVED: u64 = 64;

/// A store's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The leases of one store.
#[derive(Debug, Default)]
pub(super) struct Leases {
    tenants: BTreeMap<TenantId, LeaseRow>,
}

#[derive(Debug, Default)]
struct LeaseRow {
    /// The token of the last lease that was given out.
    token: u64,
    /// The disk knows that tokens up to this one may have been given out.
    reserved: u64,
    held: Option<HeldLease>,
}

#[derive(Debug)]
struct HeldLease {
    holder: String,
    until: Timestamp,
}

impl Leases {
    /// The last token of a tenant, as the disk knows it.
    pub(super) fn remember(&mut self, tenant: TenantId, token: u64) {
        let row = self.tenants.entry(tenant).or_default();
        (row.token, row.reserved) = (token, token);
    }

    /// Up to which token the disk must know of before the last lease is used, if it does not yet.
    /// Many at once, so most leases cost no write.
    pub(super) fn reserve(&mut self, tenant: &TenantId) -> Option<u64> {
        let row = self.tenants.get_mut(tenant).filter(|row| row.token > row.reserved)?;
        row.reserved = row.token + RESERVED;
        Some(row.reserved)
    }

    /// Whether this lease is the one that was given out last, and was not given back.
    pub(super) fn is_last(&self, tenant: &TenantId, token: u64) -> bool {
        self.tenants.get(tenant).is_some_and(|row| row.token == token && row.held.is_some())
    }

    /// Gives out a lease, if nobody holds one that still counts.
    pub(super) fn take(
        &mut self,
        tenant: &TenantId,
        holder: &str,
        now: Timestamp,
    ) -> Result<u64, JournalError> {
        let row = self.tenants.entry(tenant.clone()).or_default();
        if let Some(HeldLease { holder, until }) = row.held.as_ref().filter(|held| now < held.until)
        {
            return Err(JournalError::Held { holder: holder.clone(), until: *until });
        }
        row.token += 1;
        row.held = Some(HeldLease { holder: holder.to_owned(), until: end(now) });
        Ok(row.token)
    }

    /// Renews a lease. One that lapsed and that nobody took since counts again; one that was taken
    /// or given back does not.
    pub(super) fn renew(
        &mut self,
        tenant: &TenantId,
        token: u64,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let row = self.tenants.get_mut(tenant).filter(|row| row.token == token);
        let held = row.and_then(|row| row.held.as_mut()).ok_or(JournalError::Lost)?;
        held.until = end(now);
        Ok(())
    }

    /// Renews all: their holders live in this process, and so does the store.
    pub(super) fn renew_all(&mut self, now: Timestamp) {
        for held in self.tenants.values_mut().filter_map(|row| row.held.as_mut()) {
            held.until = end(now);
        }
    }

    /// Whether the holder of this lease may begin a call.
    pub(super) fn is_good(&self, tenant: &TenantId, token: u64, now: Timestamp) -> bool {
        let row = self.tenants.get(tenant).filter(|row| row.token == token);
        let deadline = row
            .and_then(|row| row.held.as_ref())
            .and_then(|held| held.until.checked_sub(MARGIN).ok());
        deadline.is_some_and(|deadline| now < deadline)
    }

    /// Takes a lease back.
    pub(super) fn release(&mut self, tenant: &TenantId, token: u64) {
        if let Some(row) = self.tenants.get_mut(tenant).filter(|row| row.token == token) {
            row.held = None;
        }
    }
}

fn end(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE_TERM).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_begins_no_call_that_may_outlast_its_lease() {
        let tenant = TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut leases = Leases::default();
        let token = leases.take(&tenant, "ann", at(0)).unwrap();
        let good = [0, 59, 60, 120].map(|seconds| leases.is_good(&tenant, token, at(seconds)));
        assert_eq!(good, [true, true, false, false]);
        assert!(leases.take(&tenant, "bob", at(119)).is_err(), "it counts until its end");
        assert!(leases.take(&tenant, "bob", at(120)).is_ok());
    }
}
