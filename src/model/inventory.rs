//! What an account at the service has: the tenants that it may manage and the gateways that it may
//! assign.

use std::collections::{BTreeMap, BTreeSet};

use super::{GatewayId, TenantId};

/// One customer in the list of an account, as the list shows it (contract 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// What the service calls it, as it spells it.
    pub name: Option<String>,
    /// The vendor's number for its enterprise.
    pub enterprise: Option<i64>,
    /// Its Microsoft tenant; none before it is registered.
    pub tenant: Option<TenantId>,
    /// The reseller that it belongs to.
    pub reseller: i64,
}

/// What one account has. The vendor documents little of these answers (contract 6), so each
/// list may be unknown: the text then says why it could not be checked, and nothing is concluded
/// from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The number of the reseller that the account belongs to.
    pub reseller: i64,
    /// The tenants of its enterprises.
    pub tenants: Result<BTreeSet<TenantId>, String>,
    /// The gateways that it may assign, with their regions.
    pub gateways: Result<BTreeMap<GatewayId, String>, String>,
}

impl Inventory {
    /// Whether the list of tenants is known and this one is not in it.
    #[must_use]
    pub fn lacks_tenant(&self, tenant: &TenantId) -> bool {
        self.tenants.as_ref().is_ok_and(|tenants| !tenants.contains(tenant))
    }

    /// Whether the list of gateways is known and this one is not in it.
    #[must_use]
    pub fn lacks_gateway(&self, gateway: GatewayId) -> bool {
        self.gateways.as_ref().is_ok_and(|gateways| !gateways.contains_key(&gateway))
    }
}
