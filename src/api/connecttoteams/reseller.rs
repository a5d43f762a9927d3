//! Which reseller an enterprise belongs to: the one that the consent object must name (contract
//! 2.4).
//!
//! ```text
//! settings (resellerOf, resellerId) --+
//! getEnterpriseInfoForTenant ---------+--> one and the same -> it is named
//! list of a master's reseller --------+    two, or none     -> said so, and nothing is written
//! ```
//!
//! A plain reseller has its own enterprises and no others. Of a master reseller the enterprises
//! belong to the resellers below it, and its own number in the consent object is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

use super::section::Section;
use crate::{
    model::{TenantId, TenantRef},
    words::list,
};

/// What the service says of an enterprise, as far as it matters for other calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Enterprise {
    /// Its number, or whatever it is known by.
    pub id: Option<Value>,
    /// The reseller that it belongs to.
    pub reseller: Option<i64>,
}

/// The enterprises that were asked about, by their tenants.
#[derive(Default)]
pub(super) struct EnterpriseCache(Mutex<BTreeMap<TenantId, Enterprise>>);

impl EnterpriseCache {
    pub(super) fn note(&self, tenant: &TenantId, enterprise: Enterprise) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), enterprise);
    }

    pub(super) fn get(&self, tenant: &TenantId) -> Option<Enterprise> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }
}

impl Enterprise {
    /// From the answer of `getEnterpriseInfoForTenant` (contract 6.4).
    pub(super) fn of(answer: &Value) -> Self {
        let id = answer
            .get("enterpriseId")
            .filter(|id| id.is_number() || id.as_str().is_some_and(|id| !id.trim().is_empty()));
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        let reseller = answer.get("resellerId").and_then(number).filter(|id| *id > 0);
        Self { id: id.cloned(), reseller }
    }
}

/// Who says which reseller it is.
pub(super) struct ResellerClaim {
    who: String,
    pub(super) id: i64,
    /// The service itself.
    service: bool,
}

impl ResellerClaim {
    pub(super) fn by_settings(section: &Section, who: &str, id: i64) -> Self {
        Self { who: section.key(who), id, service: false }
    }

    pub(super) fn by_service(who: String, id: i64) -> Self {
        Self { who, id, service: true }
    }
}

/// What to do about it.
pub(super) fn hint(section: &Section, tenant: &TenantRef) -> String {
    format!(
        "ask the vendor which reseller the enterprise belongs to, and set {}",
        section.key(&format!("resellerOf: {{ {}: ID }}", tenant.name))
    )
}

/// What all say, if they say the same. Where the service contradicts itself, what was set for the
/// tenant decides between its words.
pub(super) fn agreed(said: &[ResellerClaim], set: Option<i64>) -> Result<i64, String> {
    let Some(first) = said.first() else {
        return Err(
            "it is not known which reseller its enterprise belongs to, and the account is a \
            master reseller's"
                .to_owned(),
        );
    };
    if said.iter().all(|said| said.id == first.id) {
        return Ok(first.id);
    }
    let service: BTreeSet<i64> =
        said.iter().filter(|said| said.service).map(|said| said.id).collect();
    if let Some(id) = set.filter(|id| service.len() > 1 && service.contains(id)) {
        return Ok(id);
    }
    let ids = list(said.iter().map(|said| format!("{} by {}", said.id, said.who)));
    Err(format!("it is not certain which reseller its enterprise belongs to: {ids}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_have_to_say_the_same() {
        let service = |id: i64| ResellerClaim::by_service(format!("somebody{id}"), id);
        assert_eq!(agreed(&[service(77), service(77)], None), Ok(77));
        assert!(agreed(&[], None).unwrap_err().contains("it is not known"));
        let why = agreed(&[service(77), service(78)], None).unwrap_err();
        assert!(why.ends_with("77 by somebody77, 78 by somebody78"), "{why}");
        let section = Section::new("connectToTeams");
        let set = |id| ResellerClaim::by_settings(&section, "resellerOf.x", id);
        assert_eq!(agreed(&[set(78), service(77), service(78)], Some(78)), Ok(78), "it decides");
        assert!(
            agreed(&[set(79), service(77), service(78)], Some(79)).is_err(),
            "it invents nothing"
        );
        assert!(
            agreed(&[set(78), service(77)], Some(78)).is_err(),
            "the service does not contradict itself"
        );
    }

    #[test]
    fn an_enterprise_is_known_by_number_or_by_text() {
        let of = |json: Value| Enterprise::of(&json);
        assert_eq!(
            of(json!({"enterpriseId": 7, "resellerId": 77})),
            Enterprise { id: Some(json!(7)), reseller: Some(77) }
        );
        assert_eq!(
            of(json!({"enterpriseId": "e-7", "resellerId": "77"})),
            Enterprise { id: Some(json!("e-7")), reseller: Some(77) }
        );
        for odd in [
            json!({}),
            json!({"enterpriseId": null, "resellerId": null}),
            json!({"enterpriseId": "", "resellerId": 0}),
        ] {
            assert_eq!(of(odd), Enterprise::default());
        }
    }
}
