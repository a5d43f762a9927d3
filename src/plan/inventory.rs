//! The plan beside what the account has: tenants and gateways that it does not have are said so.
//! Pure.
//!
//! **Invariant:** only notes; an inventory holds nothing, because what the service answers is
//! documented too little for that.

use std::collections::BTreeMap;

use super::{Note, TenantPlan};
use crate::model::{Calling, DesiredTenant, Field, GatewayId, Inventory, Value};

/// Adds what the inventory shows to be wrong with a tenant's manifests.
pub fn check(plan: &mut TenantPlan, desired: &DesiredTenant, inventory: &Inventory) {
    plan.remarks.notes.extend(notes(desired, inventory));
}

/// What the inventory shows to be wrong with a tenant's manifests.
#[must_use]
pub fn notes(desired: &DesiredTenant, inventory: &Inventory) -> Vec<Note> {
    let mut notes = Vec::new();
    if inventory.lacks_tenant(&desired.id) {
        notes.push(Note::NotOurTenant(inventory.reseller));
    }
    let mut lacking: BTreeMap<GatewayId, usize> = BTreeMap::new();
    for user in desired.users.clone().values().filter(|user| user.calling == Calling::Enabled) {
        if let Some(Value::Gateway(gateway)) = user.details.get(Field::SbcGatewayId)
            && *gateway != GatewayId::CALL_APP
            && inventory.lacks_gateway(*gateway)
        {
            *lacking.entry(*gateway).or_default() += 1;
        }
    }
    let available: Vec<GatewayId> =
        inventory.gateways.iter().flatten().map(|(gateway, _)| *gateway).collect();
    notes.extend(lacking.into_iter().map(|(gateway, users)| Note::GatewayNotAvailable {
        gateway,
        users,
        available: available.clone(),
    }));
    notes
}
