//! The plan beside what the account has: tenants and gateways that it does not have are said so.
//! Pure.
//!
//! **Invariant:** only notes; an inventory holds nothing, because what the service answers is
//! documented too little for that.

use std::collections::BTreeMap;

use super::{Note, TenantPlan};
use crate::model::{Calling, DesiredTenant, DesiredUser, Field, GatewayId, Inventory, Value};

/// Adds what the inventory shows to be wrong with a tenant's manifests.
pub fn check(plan: &mut TenantPlan, desired: &DesiredTenant, inventory: &Inventory) {
    let notes = match &plan.gateways {
        Some(wanted) => notes_of(desired, wanted, inventory),
        None => notes(desired, inventory),
    };
    plan.remarks.notes.extend(notes);
}

/// What the inventory shows to be wrong with a tenant's manifests.
#[must_use]
pub fn notes(desired: &DesiredTenant, inventory: &Inventory) -> Vec<Note> {
    let mut wanted: BTreeMap<GatewayId, usize> = BTreeMap::new();
    desired.users.each(|user| {
        if let Some(gateway) = wanted_gateway(user) {
            *wanted.entry(gateway).or_default() += 1;
        }
    });
    notes_of(desired, &wanted, inventory)
}

/// The gateway that a user with calling is to have, if an account can have it.
pub(super) fn wanted_gateway(user: &DesiredUser) -> Option<GatewayId> {
    match user.details.get(Field::SbcGatewayId) {
        Some(Value::Gateway(gateway)) if user.calling == Calling::Enabled => {
            Some(*gateway).filter(|gateway| *gateway != GatewayId::CALL_APP)
        }
        _ => None,
    }
}

/// The same, where it is known how many users with calling are to have each gateway.
fn notes_of(
    desired: &DesiredTenant,
    wanted: &BTreeMap<GatewayId, usize>,
    inventory: &Inventory,
) -> Vec<Note> {
    let mut notes = Vec::new();
    if inventory.lacks_tenant(&desired.id) {
        notes.push(Note::NotOurTenant(inventory.reseller));
    }
    let available: Vec<GatewayId> =
        inventory.gateways.iter().flatten().map(|(gateway, _)| *gateway).collect();
    let lacking = wanted.iter().filter(|(gateway, _)| inventory.lacks_gateway(**gateway));
    notes.extend(lacking.map(|(gateway, users)| Note::GatewayNotAvailable {
        gateway: *gateway,
        users: *users,
        available: available.clone(),
    }));
    notes
}
