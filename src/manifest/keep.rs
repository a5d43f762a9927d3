//! What stays in force while files are broken: the last good version of the tenants that they could concern.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Loaded;
use crate::model::{Approval, Desired, DesiredTenant, NumberKey, TenantId, TenantName, Upn};

/// What is in force now.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// The tenants, new or kept.
    pub desired: Desired,
    /// The approvals that stand beside the manifests now: one that was removed is gone, even if its tenant keeps an older version.
    pub approvals: BTreeMap<TenantName, Vec<Approval>>,
    /// Tenants of which an older version was kept, and why.
    pub kept: BTreeMap<TenantName, String>,
    /// Tenants that cannot be planned at all: something is wrong with them and there is no older version.
    pub broken: BTreeMap<TenantName, String>,
}

/// Remembers the last good version of each tenant.
#[derive(Debug, Clone, Default)]
pub struct Keeper {
    good: BTreeMap<TenantName, Arc<DesiredTenant>>,
    spoke_of: BTreeMap<Arc<str>, BTreeSet<TenantName>>,
}

impl Keeper {
    /// Takes what was loaded and says what is in force from now on.
    ///
    /// A tenant whose documents are all right is taken. One that something is wrong with keeps its last good version. A file
    /// that could not be understood concerns the tenants that it spoke of last time; if it is new, it may concern anybody, and
    /// [`DesiredTenant::incomplete`] then holds removals.
    pub fn take(&mut self, loaded: Loaded) -> InForce {
        let Loaded { desired, approvals, mut broken, unclear, speaks_of, .. } = loaded;
        let mut unknown = false;
        for file in &unclear {
            match self.spoke_of.get(file) {
                Some(tenants) if !tenants.is_empty() => {
                    for tenant in tenants {
                        broken.entry(tenant.clone()).or_insert_with(|| format!("{file} could not be understood"));
                    }
                }
                _ => unknown = true,
            }
        }
        let mut in_force = InForce { approvals, ..InForce::default() };
        for (name, tenant) in desired.tenants {
            if broken.contains_key(&name) {
                continue;
            }
            // Users can have moved into a file that cannot be understood now, whatever that file spoke of before.
            let moved = self
                .good
                .get(&name)
                .is_some_and(|last| last.incomplete.is_some() || last.users.keys().any(|user| !tenant.users.contains_key(user)));
            let tenant = if unknown || moved || tenant.incomplete.is_none() {
                tenant
            } else {
                Arc::new(DesiredTenant { incomplete: None, ..DesiredTenant::clone(&tenant) })
            };
            in_force.desired.tenants.insert(name, tenant);
        }
        for (name, reason) in broken {
            match self.good.get(&name) {
                Some(tenant) => {
                    in_force.kept.insert(name.clone(), reason);
                    in_force.desired.tenants.insert(name, Arc::clone(tenant));
                }
                None => {
                    in_force.broken.insert(name, reason);
                }
            }
        }
        drop_collisions(&mut in_force);
        self.good.retain(|name, _| in_force.broken.contains_key(name));
        self.good.extend(in_force.desired.tenants.clone());
        // What a file that is gone once spoke of says nothing of a new file with its name.
        self.spoke_of.retain(|file, _| speaks_of.contains_key(file));
        for (file, tenants) in speaks_of {
            if !unclear.contains(&file) {
                self.spoke_of.insert(file, tenants);
            }
        }
        in_force
    }
}

/// An old version beside new ones can want what somebody new has, be it a number, a user or the Microsoft tenant itself: then
/// neither may be carried out.
fn drop_collisions(in_force: &mut InForce) {
    if in_force.kept.is_empty() {
        return;
    }
    let mut taken: BTreeMap<Single<'_>, &TenantName> = BTreeMap::new();
    let mut colliding: BTreeMap<TenantName, String> = BTreeMap::new();
    for (name, tenant) in &in_force.desired.tenants {
        let users = tenant.users.values();
        let numbers = users.clone().filter_map(|user| user.details.phone());
        let numbers = numbers.map(|number| (Single::Number(NumberKey::new(name, number)), format!("{number}")));
        let users = users.map(|user| (Single::User(&user.upn), format!("user {}", user.upn)));
        let id = (Single::Tenant(&tenant.id), format!("tenant id {}", tenant.id));
        for (single, what) in numbers.chain(users).chain([id]) {
            if let Some(other) = taken.insert(single, name).filter(|other| *other != name) {
                for (one, two) in [(name, other), (other, name)] {
                    let reason = format!("{what} also stands in {two}, and an older version of one of them is in force");
                    colliding.entry(one.clone()).or_insert(reason);
                }
            }
        }
    }
    for (name, reason) in colliding {
        in_force.desired.tenants.remove(&name);
        in_force.kept.remove(&name);
        in_force.broken.insert(name, reason);
    }
}

/// What only one tenant can have.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Single<'d> {
    Tenant(&'d TenantId),
    User(&'d Upn),
    Number(NumberKey),
}
