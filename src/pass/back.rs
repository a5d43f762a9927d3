//! What is on record of runs, by the tenants whose undo it is.

use std::collections::BTreeMap;

use crate::{
    foreign::line,
    manifest::InForce,
    model::{Entry, RunId, TenantName},
};

/// A run is of a tenant that the manifests do not describe: its rules are needed for an undo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {} was of tenant {}, which the manifests do not describe", line(.run), line(.tenant))]
pub struct UndescribedRun {
    /// The run.
    pub run: RunId,
    /// The tenant, by the name that it had then.
    pub tenant: TenantName,
}

impl UndescribedRun {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "its rules are needed for an undo: bring the tenant's document back, or correct it, or \
            leave the tenant out (`--tenant`)"
    }
}

/// What is on record, by the tenants that it is of, by the names that those have now.
pub fn by_tenant(
    entries: Vec<Entry>,
    in_force: &InForce,
) -> Result<BTreeMap<TenantName, Vec<Entry>>, UndescribedRun> {
    let tenants = &in_force.desired.tenants;
    let mut by_tenant: BTreeMap<TenantName, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let Some(tenant) = tenants.values().find(|tenant| tenant.id == entry.tenant_id) else {
            return Err(UndescribedRun { run: entry.run, tenant: entry.tenant });
        };
        by_tenant.entry(tenant.name.clone()).or_default().push(entry);
    }
    Ok(by_tenant)
}
