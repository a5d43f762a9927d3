//! The fleet as passes share it that run side by side.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{FirstLook, observation, rules};
use crate::{
    config::Execution,
    manifest::InForce,
    model::{DesiredTenant, Memory, TenantId, TenantName},
    plan::Fleet,
};

/// The fleet as passes share it that run side by side.
#[derive(Debug)]
pub struct SharedFleet {
    inner: Mutex<SharedFleetInner>,
}

#[derive(Debug)]
pub(super) struct SharedFleetInner {
    pub(super) fleet: Fleet,
    /// Tenants of which more may be remembered by now: a pass of them may be writing, or the journal
    /// was away at its end.
    pub(super) moving: BTreeMap<TenantName, TenantId>,
}

impl SharedFleet {
    /// A fleet of nobody, by the rules of the settings.
    #[must_use]
    pub fn new(execution: &Execution) -> Self {
        let fleet = Fleet::new(rules(execution));
        Self { inner: Mutex::new(SharedFleetInner { fleet, moving: BTreeMap::new() }) }
    }

    /// Follows other settings from now on.
    pub fn follow(&self, execution: &Execution) {
        self.inner().fleet.rule(rules(execution));
    }

    /// The manifests were looked at then.
    pub fn looked_at_manifests(&self, at: Timestamp) {
        self.inner().fleet.looked_at_manifests(at);
    }

    /// Takes what is in force now.
    pub fn take(&self, in_force: &InForce) {
        let mut inner = self.inner();
        inner.fleet.take(in_force.tenants(), &in_force.broken);
        inner.moving.retain(|name, _| in_force.desired.tenants.contains_key(name));
    }

    /// Takes the first look at a tenant.
    pub fn first_look(&self, look: &FirstLook) {
        let FirstLook { tenant, live, memory, .. } = look;
        let mut inner = self.inner();
        if memory.is_none() {
            inner.moving.insert(tenant.name.clone(), tenant.id.clone());
        }
        let memory = memory.as_ref().map(Arc::clone).unwrap_or_default();
        inner.fleet.looked(&tenant.name, &tenant.id, observation(live.clone()), memory);
    }

    /// Something was written of a tenant beside its passes, and this is remembered now; nothing if
    /// the journal cannot tell.
    pub fn was_written(&self, tenant: &DesiredTenant, memory: Option<Arc<Memory>>) {
        let mut inner = self.inner();
        match memory {
            Some(memory) => inner.fleet.remembers(&tenant.name, &tenant.id, memory),
            None => drop(inner.moving.insert(tenant.name.clone(), tenant.id.clone())),
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, SharedFleetInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenant whose pass may be writing.
pub(super) struct MovingTenant<'a> {
    fleet: &'a SharedFleet,
    tenant: &'a DesiredTenant,
}

impl<'a> MovingTenant<'a> {
    pub(super) fn begin(fleet: &'a SharedFleet, tenant: &'a DesiredTenant) -> Self {
        fleet.inner().moving.insert(tenant.name.clone(), tenant.id.clone());
        Self { fleet, tenant }
    }

    /// The pass has ended, and this is remembered now.
    pub(super) fn end(self, memory: Arc<Memory>) {
        let mut inner = self.fleet.inner();
        inner.moving.remove(&self.tenant.name);
        inner.fleet.remembers(&self.tenant.name, &self.tenant.id, memory);
    }
}
