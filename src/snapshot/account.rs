//! What the account had and was allowed to do, when a tenant was observed.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::model::{Consent, GatewayId, Inventory, TenantId};

/// The two indicators of contract 2.5; or a token of the customer's own that could not be used, and
/// why.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConsentEntry {
    flag: bool,
    listed: bool,
    /// Neither was shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_shown: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_unusable: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reseller_unclear: Option<String>,
}

impl ConsentEntry {
    pub(super) fn of(consent: &Consent) -> Self {
        let entry = |flag, listed| Self {
            flag,
            listed,
            not_shown: false,
            token_unusable: None,
            reseller_unclear: None,
        };
        match consent {
            Consent::Granted => entry(true, true),
            Consent::Missing => entry(false, false),
            Consent::NotShown | Consent::NoAccount => {
                Self { not_shown: true, ..entry(false, false) }
            }
            Consent::Disagrees { flag, listed } => entry(*flag, *listed),
            Consent::TokenUnusable(why) => {
                Self { token_unusable: Some(why.clone()), ..entry(false, false) }
            }
            Consent::ResellerUnclear(why) => {
                Self { reseller_unclear: Some(why.clone()), ..entry(true, true) }
            }
        }
    }

    pub(super) fn consent(self) -> Consent {
        match (self.token_unusable, self.reseller_unclear) {
            (Some(why), _) => Consent::TokenUnusable(why),
            (None, Some(why)) => Consent::ResellerUnclear(why),
            (None, None) if self.not_shown => Consent::NotShown,
            (None, None) => Consent::from_indicators(self.flag, self.listed),
        }
    }
}

/// What is kept of an inventory: of the tenants of the account only whether this is one of them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InventoryEntry {
    reseller: i64,
    has_tenant: KnownOrNot<bool>,
    gateways: KnownOrNot<Vec<(i64, String)>>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KnownOrNot<T> {
    Known(T),
    Unknown { unknown: String },
}

impl<T> KnownOrNot<T> {
    fn of(known: Result<T, &String>) -> Self {
        known.map_or_else(|why| Self::Unknown { unknown: why.clone() }, Self::Known)
    }

    fn known(self) -> Result<T, String> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown { unknown } => Err(unknown),
        }
    }
}

impl InventoryEntry {
    pub(super) fn of(inventory: &Inventory, tenant: &TenantId) -> Self {
        let gateways = inventory
            .gateways
            .as_ref()
            .map(|all| all.iter().map(|(id, region)| (id.get(), region.clone())).collect());
        Self {
            reseller: inventory.reseller,
            has_tenant: KnownOrNot::of(inventory.tenants.as_ref().map(|all| all.contains(tenant))),
            gateways: KnownOrNot::of(gateways),
        }
    }

    pub(super) fn inventory(self, tenant: &TenantId) -> Arc<Inventory> {
        let this = |has: bool| has.then(|| tenant.clone()).into_iter().collect::<BTreeSet<_>>();
        let gateways = |all: Vec<(i64, String)>| {
            all.into_iter()
                .filter_map(|(id, region)| Some((GatewayId::new(id).ok()?, region)))
                .collect()
        };
        Arc::new(Inventory {
            reseller: self.reseller,
            tenants: self.has_tenant.known().map(this),
            gateways: self.gateways.known().map(gateways),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_consent_is_read_as_it_was_written() {
        for consent in [
            Consent::Granted,
            Consent::Missing,
            Consent::NotShown,
            Consent::Disagrees { flag: true, listed: false },
            Consent::TokenUnusable("it is too old".to_owned()),
            Consent::ResellerUnclear("none is shown".to_owned()),
        ] {
            let text = serde_json::to_string(&ConsentEntry::of(&consent)).unwrap();
            let entry: ConsentEntry = serde_json::from_str(&text).unwrap();
            assert_eq!(entry.consent(), consent, "{text}");
        }
    }
}
