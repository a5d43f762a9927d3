//! The ledger: who holds which number over the whole fleet, and where nobody could look.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    model::{
        Coverage, DesiredTenant, Field, LiveCalling, LiveTenant, Memory, NumberKey, Observed, PhoneNumber, TenantName, Upn,
        Value, Write,
    },
    plan::{Observation, Patience, TenantInput},
};

/// Who holds which number: everybody who is visible, disabled and unmanaged users included.
#[derive(Debug, Default)]
pub(in crate::plan) struct Ledger<'a> {
    holders: BTreeMap<NumberKey, Vec<Holder<'a>>>,
    /// Tenants whose numbers are not all known, and why. While there are any, nobody can say of a number that it is free.
    pub(super) unseen: BTreeMap<&'a TenantName, Unseen>,
}

/// Somebody who holds a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) tenant: &'a DesiredTenant,
    pub(super) user: &'a Upn,
    pub(super) calling: &'a LiveCalling,
}

/// Why the numbers of a tenant are not all known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It could not be read.
    Failed,
    /// Nobody looks: its mode is `suspend`.
    Suspended,
    /// Its manifests are broken, so that nobody knows how to look.
    Broken,
    /// It was not looked at yet.
    NotYet,
    /// Its list may not be whole.
    Suspect,
    /// Its list shows no numbers.
    Blind,
}

impl<'a> Ledger<'a> {
    /// Gathers what is shown, and what was written and is not shown yet.
    pub(in crate::plan) fn of(
        tenants: impl Iterator<Item = &'a TenantInput<'a>>,
        broken: impl Iterator<Item = &'a TenantName>,
        now: Timestamp,
        patience: Patience,
    ) -> Self {
        let mut ledger = Self::default();
        ledger.unseen.extend(broken.map(|name| (name, Unseen::Broken)));
        for tenant in tenants {
            let unseen = match tenant.live {
                Observation::Failed(_) => Some(Unseen::Failed),
                Observation::NotAsked => Some(Unseen::Suspended),
                Observation::NotYet => Some(Unseen::NotYet),
                Observation::Seen(live) => {
                    ledger.add(tenant.desired, live, tenant.memory, |write| patience.is_open(tenant.memory, write, now));
                    match live.coverage {
                        _ if !live.sees.contains(&Field::PhoneNumber) => Some(Unseen::Blind),
                        Coverage::Suspect(_) => Some(Unseen::Suspect),
                        Coverage::Complete => None,
                    }
                }
            };
            ledger.unseen.extend(unseen.map(|why| (&tenant.desired.name, why)));
        }
        ledger
    }

    fn add(
        &mut self,
        tenant: &'a DesiredTenant,
        live: &'a LiveTenant,
        memory: &'a Memory,
        is_open: impl Fn(&Write<Value>) -> bool,
    ) {
        for user in live.users.values() {
            let shown = match user.details.get(&Field::PhoneNumber) {
                Some(Observed::Set(Value::Phone(number))) => Some(number),
                _ => None,
            };
            let write = memory.written.get(&user.upn).and_then(|written| written.details.get(&Field::PhoneNumber));
            let written = write.filter(|write| !write.landed && is_open(write)).and_then(|write| match &write.value {
                Value::Phone(number) => Some(number),
                _ => None,
            });
            for number in shown.into_iter().chain(written.filter(|number| shown != Some(number))) {
                let holder = Holder { tenant, user: &user.upn, calling: &user.calling };
                self.holders.entry(NumberKey::new(&tenant.name, number)).or_default().push(holder);
            }
        }
    }

    /// Everybody who holds `number`, as it is meant in `tenant`.
    pub(super) fn holders(&self, tenant: &TenantName, number: &PhoneNumber) -> &[Holder<'a>] {
        self.holders.get(&NumberKey::new(tenant, number)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where somebody may hold `number` unseen; an extension only matters in its own tenant.
    pub(super) fn doubts(&self, number: &PhoneNumber, tenant: &TenantName) -> impl Iterator<Item = (&'a TenantName, Unseen)> {
        let (extension, tenant) = (number.is_extension(), tenant.clone());
        // The tenant's own list is a matter of its own guards.
        let elsewhere = self.unseen.iter().filter(move |(name, _)| !extension && ***name != tenant);
        elsewhere.map(|(name, why)| (*name, *why))
    }
}
