//! Tenants as they were loaded last time: users are made again only where a file that speaks of
//! their tenant has changed.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    claims::{Hashes, HashesTogether},
    draft::FileRead,
    glances::{ByTenant, Glances},
};
use crate::model::{Desired, DesiredUser, Roster, TenantName};

/// What is known of one tenant.
#[derive(Debug)]
pub(super) struct OfTenant {
    pub(super) users: Roster<DesiredUser>,
    /// What was noted of them at a glance; nothing if they were looked at closely.
    pub(super) glances: Option<Arc<Glances>>,
}

/// The tenants that were right, each with the files that spoke of it.
#[derive(Debug, Default)]
pub(super) struct FormerTenants(BTreeMap<TenantName, (Vec<Arc<FileRead>>, OfTenant)>);

impl FormerTenants {
    /// What these files have said together.
    pub(super) fn of(files: &[Arc<FileRead>], desired: &Desired, mut glances: ByTenant) -> Self {
        let of_tenant = |(name, files): (TenantName, Vec<Arc<FileRead>>)| {
            let users = desired.tenants.get(&name)?.users.clone();
            let known = OfTenant { users, glances: glances.remove(&name) };
            Some((name, (files, known)))
        };
        Self(by_tenant(files).into_iter().filter_map(of_tenant).collect())
    }

    /// What is known of all tenants of which these files say what was said before.
    pub(super) fn unchanged(self, files: &[Arc<FileRead>]) -> BTreeMap<TenantName, OfTenant> {
        let Self(mut former) = self;
        let of_tenant = |(name, now): (TenantName, Vec<Arc<FileRead>>)| {
            let (before, known) = former.remove(&name)?;
            let is_same = before.len() == now.len()
                && before.iter().zip(&now).all(|(before, now)| Arc::ptr_eq(before, now));
            is_same.then_some((name, known))
        };
        by_tenant(files).into_iter().filter_map(of_tenant).collect()
    }
}

/// These hashes of all tenants together. The tenants that have not changed were compared with each
/// other when they were noted: notes are only kept of a fleet in which everything is there once.
pub(super) fn together<'g>(
    all: &'g ByTenant,
    unchanged: &BTreeMap<TenantName, OfTenant>,
    of: fn(&Glances) -> &Hashes,
) -> HashesTogether<'g> {
    let mut together = HashesTogether::default();
    for (tenant, glances) in all {
        let is_compared = unchanged.get(tenant).is_some_and(|known| known.glances.is_some());
        if is_compared {
            together.add_compared(of(glances));
        } else {
            together.add(of(glances));
        }
    }
    together
}

/// The files that speak of each tenant, in their order.
fn by_tenant(files: &[Arc<FileRead>]) -> BTreeMap<TenantName, Vec<Arc<FileRead>>> {
    let mut by_tenant: BTreeMap<TenantName, Vec<Arc<FileRead>>> = BTreeMap::new();
    for file in files {
        for tenant in file.speaks_of() {
            by_tenant.entry(tenant).or_default().push(Arc::clone(file));
        }
    }
    by_tenant
}
