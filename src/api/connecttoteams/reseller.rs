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

use super::call::{Core, not_made};
use crate::model::{Fault, FaultKind, TenantId, TenantRef};

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
pub(super) struct Known(Mutex<BTreeMap<TenantId, Enterprise>>);

impl Known {
    pub(super) fn note(&self, tenant: &TenantId, enterprise: Enterprise) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), enterprise);
    }

    fn get(&self, tenant: &TenantId) -> Option<Enterprise> {
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
struct Said {
    who: String,
    id: i64,
    /// The service itself.
    service: bool,
}

impl Said {
    fn by_settings(who: &str, id: i64) -> Self {
        Self { who: format!("`connectToTeams.{who}`"), id, service: false }
    }

    fn by_service(who: String, id: i64) -> Self {
        Self { who, id, service: true }
    }
}

impl Core {
    /// The reseller that a consent object names; a fault if that is not certain.
    pub(super) async fn reseller_to_name(&self, tenant: &TenantRef) -> Result<i64, Fault> {
        let told = self.account.reseller_of.contains_key(tenant.name.as_str())
            || self.account.reseller_id.is_some();
        if !told && self.known.get(&tenant.id).is_none() {
            self.ask_enterprise(tenant).await?;
        }
        self.reseller_of(tenant).await?.map_err(|why| {
            Fault::new(FaultKind::NotConfigured, format!("{}: {why}", tenant.name))
                .hint(hint(tenant))
        })
    }

    /// The same; what is not certain is said in words.
    pub(super) async fn reseller_of(
        &self,
        tenant: &TenantRef,
    ) -> Result<Result<i64, String>, Fault> {
        let mut said: Vec<Said> = Vec::new();
        let set = self.account.reseller_of.get(tenant.name.as_str()).copied();
        said.extend(set.map(|id| Said::by_settings(&format!("resellerOf.{}", tenant.name), id)));
        let answered = self.known.get(&tenant.id).and_then(|enterprise| enterprise.reseller);
        said.extend(answered.map(|id| {
            Said::by_service("the service's answer about its enterprise".to_owned(), id)
        }));
        let own = |id| Said::by_settings("resellerId", id);
        match self.account.reseller_id {
            Some(id) if said.iter().all(|said| said.id == id) => said.push(own(id)),
            // A master reseller may have named itself, which says nothing of its tenants.
            Some(id) if self.is_master(id).await => self.ask_lists(tenant, &mut said).await,
            Some(id) => said.push(own(id)),
            None => match self.identity().await {
                Ok(identity) if identity.is_plain_reseller() => {
                    said.push(Said::by_service(
                        format!("the account {}", self.account.username),
                        identity.reseller,
                    ));
                }
                Ok(_) => self.ask_lists(tenant, &mut said).await,
                // Who we are need not be known where it is said whose the enterprise is.
                Err(fault) if said.is_empty() => return Err(fault),
                Err(_) => {}
            },
        }
        Ok(agreed(&said, set))
    }

    /// Whether this is our own number as a master reseller. Whoever cannot be asked is none.
    async fn is_master(&self, id: i64) -> bool {
        self.identity()
            .await
            .is_ok_and(|identity| identity.reseller == id && !identity.is_plain_reseller())
    }

    /// What the lists of a master's resellers say of a tenant.
    async fn ask_lists(&self, tenant: &TenantRef, said: &mut Vec<Said>) {
        if let Ok(lists) = self.lists().await
            && let Some(id) = lists.get(&tenant.id).copied().flatten()
        {
            said.push(Said::by_service(format!("the list of enterprises of reseller {id}"), id));
        }
    }

    /// What the service calls a tenant's enterprise.
    pub(super) async fn enterprise_id(
        &self,
        tenant: &TenantRef,
        what: &str,
    ) -> Result<Value, Fault> {
        let known = match self.known.get(&tenant.id) {
            Some(enterprise) => enterprise,
            None => self.ask_enterprise(tenant).await.map(|answer| Enterprise::of(&answer))?,
        };
        known.id.ok_or_else(|| {
            not_made(
                what,
                "enterprise",
                "the service's answer about the enterprise has no `enterpriseId`",
            )
        })
    }
}

/// What to do about it.
pub(super) fn hint(tenant: &TenantRef) -> String {
    format!(
        "ask the vendor which reseller the enterprise belongs to, and set \
            `connectToTeams.resellerOf: {{ {}: ID }}`",
        tenant.name
    )
}

/// What all say, if they say the same. Where the service contradicts itself, what was set for the
/// tenant decides between its words.
fn agreed(said: &[Said], set: Option<i64>) -> Result<i64, String> {
    let Some(first) = said.first() else {
        return Err("nobody says which reseller its enterprise belongs to, and the account is a \
            master reseller's"
            .to_owned());
    };
    if said.iter().all(|said| said.id == first.id) {
        return Ok(first.id);
    }
    let service: BTreeSet<i64> =
        said.iter().filter(|said| said.service).map(|said| said.id).collect();
    if let Some(id) = set.filter(|id| service.len() > 1 && service.contains(id)) {
        return Ok(id);
    }
    let words: Vec<String> =
        said.iter().map(|said| format!("{} by {}", said.id, said.who)).collect();
    Err(format!("it is not certain which reseller its enterprise belongs to: {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_have_to_say_the_same() {
        let service = |id: i64| Said::by_service(format!("somebody{id}"), id);
        assert_eq!(agreed(&[service(77), service(77)], None), Ok(77));
        assert!(agreed(&[], None).unwrap_err().contains("nobody says"));
        let why = agreed(&[service(77), service(78)], None).unwrap_err();
        assert!(why.ends_with("77 by somebody77, 78 by somebody78"), "{why}");
        let set = |id| Said::by_settings("resellerOf.x", id);
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
