//! What an account has: its enterprises and its gateways (contract 6).
//!
//! The shape of these answers is documented for the gateways only. So a list is looked for wherever
//! the vendor's envelopes have theirs, and an answer that does not show what is looked for is
//! *unknown*, with the reason, and never an empty list.
//!
//! **Invariant:** reading it decides nothing: the receiver of an unknown list concludes nothing
//! from it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Map, Value};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use super::redact;
use crate::model::{Customer, GatewayId, Inventory, TenantId};

/// How long an inventory is taken for true: customers do not come and go by the minute.
const FRESH: Duration = Duration::from_secs(3600);
/// The same for one with an unknown list.
const FRESH_UNKNOWN: Duration = Duration::from_secs(300);
/// The tenants of an account with the reseller whose list each is in; none if it is in
/// several.
pub(super) type Lists = BTreeMap<TenantId, Option<i64>>;

/// The inventory that was last read, and when.
#[derive(Default)]
pub(super) struct InventoryCache(Mutex<Option<(Instant, InventoryWithLists)>>);

impl InventoryCache {
    /// The last one, locked, so all others wait while one asks again; none if it is too old.
    pub(super) async fn fresh(
        &self,
    ) -> (MutexGuard<'_, Option<(Instant, InventoryWithLists)>>, Option<InventoryWithLists>) {
        let kept = self.0.lock().await;
        let fresh = kept.as_ref().filter(|(at, (inventory, _))| {
            let known = inventory.tenants.is_ok() && inventory.gateways.is_ok();
            at.elapsed() < if known { FRESH } else { FRESH_UNKNOWN }
        });
        let read = fresh.map(|(_, read)| read.clone());
        (kept, read)
    }
}

/// An inventory with the lists behind it.
pub(super) type InventoryWithLists = (Arc<Inventory>, Arc<Lists>);

/// The list in an answer: the answer itself, or the only list of objects in it; and whether the
/// answer says that there is more.
pub(super) fn list(answer: &Value) -> Result<Vec<&Map<String, Value>>, String> {
    let mut lists = Vec::new();
    find_lists(answer, 4, &mut lists);
    let items = match lists.as_slice() {
        [only] => *only,
        [] => return Err("the answer holds no list".to_owned()),
        more => return Err(format!("the answer holds {} lists", more.len())),
    };
    let total =
        ["recordsTotal", "totalElements"].iter().find_map(|name| answer.get(*name)?.as_u64());
    if let Some(total) = total.filter(|total| *total > items.len() as u64) {
        return Err(format!("the answer holds {} of {total} entries", items.len()));
    }
    let objects: Vec<_> = items.iter().filter_map(Value::as_object).collect();
    if objects.len() == items.len() {
        Ok(objects)
    } else {
        Err("the answer's list holds something else than objects".to_owned())
    }
}

fn find_lists<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a Vec<Value>>) {
    match value {
        Value::Array(items) => found.push(items),
        Value::Object(fields) if depth > 0 => {
            fields.values().for_each(|value| find_lists(value, depth - 1, found));
        }
        _ => {}
    }
}

fn number(item: &Map<String, Value>, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| {
        item.get(*name).and_then(|id| id.as_i64().or_else(|| id.as_str()?.trim().parse().ok()))
    })
}

/// Enterprises that are not registered yet have no tenant; a list in which none has one is not
/// understood.
pub(super) fn tenants(answer: &Value, reseller: i64) -> Result<Lists, String> {
    let items = list(answer)?;
    let entry =
        |item: &&Map<String, Value>| Some((tenant(item)?, Some(reseller_of(item, reseller))));
    let tenants: Lists = items.iter().filter_map(entry).collect();
    if tenants.is_empty() {
        Err(format!("none of the {} entries names a tenant", items.len()))
    } else {
        Ok(tenants)
    }
}

/// The customers in the list of a reseller. An entry that shows neither a name nor a number nor a
/// tenant is not a customer that we understand, and a tenant that is not understood does not mean
/// that there is none yet.
pub(super) fn customers(answer: &Value, reseller: i64) -> Result<Vec<Customer>, String> {
    let items = list(answer)?;
    if let Some(odd) = items.iter().find_map(|item| odd_tenant(item)) {
        return Err(format!("an enterprise with the `tenantId` {odd}, which is not a tenant id"));
    }
    let customers: Option<Vec<Customer>> =
        items.into_iter().map(|item| customer(item, reseller)).collect();
    customers.ok_or_else(|| {
        "an enterprise without `enterpriseName`, `enterpriseId` and `tenantId`".to_owned()
    })
}

/// The customer that an entry shows, if it shows one.
fn customer(item: &Map<String, Value>, reseller: i64) -> Option<Customer> {
    let name = item.get("enterpriseName").and_then(Value::as_str).map(str::trim);
    let customer = Customer {
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        enterprise: number(item, &["enterpriseId"]),
        tenant: tenant(item),
        reseller: reseller_of(item, reseller),
    };
    let shown = customer.name.is_some() || customer.enterprise.is_some();
    (shown || customer.tenant.is_some()).then_some(customer)
}

/// What an entry shows as its tenant, if anything.
fn shown_tenant(item: &Map<String, Value>) -> Option<&Value> {
    let something = |value: &&Value| {
        !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty())
    };
    ["tenantId", "tenantID"].iter().find_map(|name| item.get(*name).filter(something))
}

/// The tenant that an entry names.
fn tenant(item: &Map<String, Value>) -> Option<TenantId> {
    shown_tenant(item)?.as_str().and_then(|text| TenantId::parse(text.trim()).ok())
}

/// What an entry shows as its tenant and is none.
fn odd_tenant(item: &Map<String, Value>) -> Option<String> {
    let shown = shown_tenant(item).filter(|_| tenant(item).is_none())?;
    Some(redact::value(&shown.to_string()))
}

/// The reseller that an entry names, or else the one whose list it is in.
fn reseller_of(item: &Map<String, Value>, list: i64) -> i64 {
    number(item, &["resellerId"]).filter(|id| *id > 0).unwrap_or(list)
}

pub(super) fn resellers(answer: &Value) -> Result<Vec<i64>, String> {
    let items = list(answer)?;
    let ids: Option<Vec<i64>> =
        items.iter().map(|item| number(item, &["resellerId", "id"])).collect();
    ids.ok_or_else(|| "a reseller without `resellerId`".to_owned())
}

pub(super) fn gateways(answer: &Value) -> Result<BTreeMap<GatewayId, String>, String> {
    let items = list(answer)?;
    let region = |item: &Map<String, Value>| {
        item.get("sbcGatewayRegion").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let gateways: Option<BTreeMap<GatewayId, String>> = items
        .iter()
        .map(|item| {
            Some((
                number(item, &["sbcGatewayId"]).and_then(|id| GatewayId::new(id).ok())?,
                region(item),
            ))
        })
        .collect();
    match gateways {
        Some(gateways) if !gateways.is_empty() => Ok(gateways),
        Some(_) => Err("the list is empty".to_owned()),
        None => Err("a gateway without `sbcGatewayId`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_found_in_each_envelope_and_never_guessed() {
        let contoso = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
        let item = json!({"enterpriseId": 1, "tenantId": contoso, "services": "PBX"});
        let unregistered = json!({"enterpriseId": 2, "tenantId": null});
        let ids = |answer: &Value| tenants(answer, 123).map(|tenants| tenants.len());
        for (answer, expected) in [
            (json!([item, unregistered]), Ok(1)),
            (json!({"data": {"_embedded": {"enterpriseList": [item]}}, "recordsTotal": 1}), Ok(1)),
            (
                json!({"content": [item], "totalElements": 7}),
                Err("the answer holds 1 of 7 entries"),
            ),
            (json!([unregistered]), Err("none of the 1 entries names a tenant")),
            (json!([]), Err("none of the 0 entries names a tenant")),
            (json!({}), Err("the answer holds no list")),
            (json!({"a": [item], "b": []}), Err("the answer holds 2 lists")),
            (json!([contoso]), Err("the answer's list holds something else than objects")),
        ] {
            assert_eq!(
                ids(&answer).as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|why| *why),
                "{answer}"
            );
        }
    }

    #[test]
    fn customers_are_listed_before_they_are_registered_and_nothing_else_is_taken_for_one() {
        let contoso = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
        let answer = json!([
            {"enterpriseName": " Contoso Ltd. ", "enterpriseId": 1, "tenantId": contoso},
            {"enterpriseName": "Northwind", "enterpriseId": "2", "tenantId": "", "resellerId": 9},
        ]);
        let customer = |name: &str, enterprise, tenant: Option<&str>, reseller| Customer {
            name: Some(name.to_owned()),
            enterprise: Some(enterprise),
            tenant: tenant.map(|id| TenantId::parse(id).unwrap()),
            reseller,
        };
        let expected = vec![
            customer("Contoso Ltd.", 1, Some(contoso), 123),
            customer("Northwind", 2, None, 9),
        ];
        assert_eq!(customers(&answer, 123), Ok(expected));
        assert_eq!(customers(&json!([]), 123), Ok(vec![]));
        for odd in [json!([{"id": 7}]), json!({}), json!([contoso])] {
            assert!(customers(&odd, 123).is_err(), "{odd}");
        }
        for odd in [json!("contoso"), json!(7), json!({"id": contoso})] {
            let answer = json!([{"enterpriseName": "Contoso", "tenantId": odd}]);
            let why = customers(&answer, 123).unwrap_err();
            assert!(why.contains("which is not a tenant id"), "{odd}: {why}");
        }
    }

    #[test]
    fn gateways_are_numbers_and_all_of_them_are_understood() {
        let gateway = |id: Value| json!({"sbcGatewayId": id, "sbcGatewayRegion": "US East"});
        assert_eq!(
            gateways(&json!([gateway(json!(805)), gateway(json!("806"))])).map(|found| found.len()),
            Ok(2)
        );
        for bad in [
            json!([gateway(json!(805)), gateway(json!("east"))]),
            json!([gateway(json!(0))]),
            json!([]),
        ] {
            assert!(gateways(&bad).is_err(), "{bad}");
        }
        assert_eq!(resellers(&json!([{"id": 7}, {"resellerId": 8, "id": 1}])), Ok(vec![7, 8]));
    }
}
