//! The calls that change nothing: who am I, enterprises, gateways, consent, users.
//!
//! **Invariant:** none of them takes the world mutably.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    RESELLER_ID,
    faults::Faults,
    fields::list_item,
    login::USERNAME,
    rule::InjectedFault,
    wire::{Reply, Request},
    world::{Envelope, Tenant, User, World},
};
use crate::model::{TenantId, Upn};

/// `getAuthenticatedUser`: the body is the user name as bare text (contract 2.2).
pub(super) fn who_am_i(request: &Request, faults: &Faults) -> Result<Reply, Reply> {
    if request.body != USERNAME.as_bytes() {
        return Err(Reply::error(
            400,
            "the body must be the user name of the caller, as bare text",
        ));
    }
    let me = json!({
        "username": USERNAME,
        "type": if faults.master_reseller { "MASTER_RESELLER" } else { "RESELLER" },
        "id": 456,
        "resellerId": RESELLER_ID,
        "registeredAdmin": true,
        "passwordChanged": true,
        "passwordChangedOn": "2020-09-08 07:13:39",
        "email": "sandbox-admin@example.com",
    });
    Ok(Reply::json(200, &me))
}

/// The number of the first enterprise that is not registered.
const UNREGISTERED: i32 = 9001;
/// The reseller below a master reseller that has the tenants of which nothing else is said.
const BELOW: i64 = RESELLER_ID + 1;

/// The reseller that a tenant belongs to. A master reseller has none itself.
pub(super) fn reseller_of(tenant: &Tenant, faults: &Faults) -> i64 {
    if faults.master_reseller && tenant.reseller_id == RESELLER_ID {
        BELOW
    } else {
        tenant.reseller_id
    }
}

/// `getResellers` (contract 6.1).
pub(super) fn resellers(world: &World, request: &Request, faults: &Faults) -> Result<Reply, Reply> {
    own_reseller(request)?;
    if !faults.master_reseller {
        return Err(Reply::error(403, "this is not a master reseller"));
    }
    let below: BTreeSet<i64> =
        world.tenants.values().map(|tenant| reseller_of(tenant, faults)).collect();
    let list = below
        .into_iter()
        .map(|id| json!({ "resellerId": id, "resellerName": format!("sandbox {id}") }));
    Ok(Reply::json(200, &list.collect()))
}

/// `getEnterprisesForReseller`: a bare array, the older way of lists (contract 1).
pub(super) fn enterprises(
    world: &World,
    request: &Request,
    faults: &Faults,
) -> Result<Reply, Reply> {
    let asked: Option<i64> = request.path.rsplit('/').next().and_then(|id| id.parse().ok());
    let of = |tenant: &Tenant| Some(reseller_of(tenant, faults)) == asked;
    let below = faults.master_reseller && world.tenants.values().any(of);
    if !below {
        own_reseller(request)?;
    }
    let list = world.tenants.iter().filter(|(_, tenant)| of(tenant));
    let registered = list.map(|(id, tenant)| enterprise_json(world, id, tenant, faults));
    let unregistered = world.unregistered.iter().zip(UNREGISTERED..).filter(|_| !below);
    let unregistered = unregistered.map(|(name, number)| {
        json!({ "enterpriseId": number, "enterpriseName": name, "tenantId": null })
    });
    let list: Vec<Json> = registered.chain(unregistered).collect();
    Ok(Reply::json(200, &json!(list)))
}

/// `getAvailableSBCGatewayRegionsByResellerId` (contract 6.7).
pub(super) fn gateways(world: &World, request: &Request) -> Result<Reply, Reply> {
    own_reseller(request)?;
    let entry = |(id, region): (&crate::model::GatewayId, &String)| json!({ "sbcGatewayId": id.get(), "sbcGatewayRegion": region });
    Ok(Reply::json(200, &world.gateways.iter().map(entry).collect()))
}

/// `getEnterpriseInfoForTenant` (contract 2.5).
pub(super) fn enterprise(
    world: &World,
    tenant: Option<&TenantId>,
    faults: &Faults,
) -> Result<Reply, Reply> {
    let (id, tenant) = known_tenant(world, tenant)?;
    Ok(Reply::json(200, &enterprise_json(world, id, tenant, faults)))
}

/// The action types that the vendor names (contract 6.12), and the sandbox's own for the consent
/// that a provider needs, whose name is not public.
const ACTIONS: [&str; 8] = [
    "REGISTRATION",
    "LOGIN_ENTERPRISE_ADMIN",
    "GET_USER_SYNC_CONSENT",
    "GET_PRESENCE_CONSENT",
    "GET_CALL_APP_CONSENT",
    "GET_CONTACTS_CONSENT",
    "GET_CDR_CONSENT",
    SANDBOX_ACTION,
];
/// See [`ACTIONS`].
pub(super) const SANDBOX_ACTION: &str = "SANDBOX_PROVIDER_MANAGEMENT";

/// `getActionItemUrl`: where an admin of the customer is to go (contract 6.12). Which fields the
/// body has besides `actionType` is not public; here it is the tenant, and where to go afterwards.
pub(super) fn consent_link(
    world: &World,
    tenant: Option<&TenantId>,
    request: &Request,
) -> Result<Reply, Reply> {
    let body = request.object()?;
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let action = text("actionType").filter(|action| ACTIONS.contains(action));
    let action = action.ok_or_else(|| Reply::error(400, "actionType is not one of the actions"))?;
    if !text("callbackUrl").is_some_and(|url| url.starts_with("https://")) {
        return Err(Reply::error(400, "callbackUrl must be an https URL"));
    }
    let (id, _) = known_tenant(world, tenant)?;
    let url = format!("https://login.sandbox.invalid/{id}/adminconsent?action={action}");
    Ok(Reply::json(200, &json!({ "url": url })))
}

/// `listUsers`: the users that are visible, in the order of their names, wrapped as the world says.
pub(super) fn list_users(
    world: &World,
    tenant: Option<&TenantId>,
    request: &Request,
    failure: Option<InjectedFault>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let (id, tenant) = match request.parameter("enterpriseId") {
        Some(number) if tenant.is_none() => {
            let found =
                world.tenants.iter().find(|(_, tenant)| tenant.enterprise_id.to_string() == number);
            found.ok_or_else(|| Reply::error(404, "there is no enterprise with this number"))?
        }
        _ => known_tenant(world, tenant)?,
    };
    let nobody = TenantId::nil();
    let mut users: Vec<(&Upn, &User)> =
        tenant.users.iter().filter(|(_, user)| !user.hidden).collect();
    let mut total = users.len();
    let mut foreign = None;
    match failure {
        Some(InjectedFault::EmptyList) => {
            users.clear();
            total = 0;
        }
        Some(InjectedFault::ShortList) => users.truncate(total / 2),
        Some(InjectedFault::DuplicateUser) => {
            users.extend(users.first().copied());
            total = users.len();
        }
        Some(InjectedFault::OtherTenant) => foreign = users.last().copied(),
        _ => {}
    }
    // What is not on the page is not made: a list may have very many pages.
    let item = |(upn, user): (&Upn, &User)| {
        let of_other = foreign.is_some_and(|(other, _)| other == upn);
        user_json(if of_other { &nobody } else { id }, upn, user, tenant, now)
    };
    let page = |start: usize, length: usize| -> Vec<Json> {
        let start = if failure == Some(InjectedFault::RepeatedPage) { 0 } else { start };
        users.iter().copied().skip(start).take(length).map(item).collect()
    };
    wrapped(world.envelope, request, page, total).map(|answer| Reply::json(200, &answer))
}

/// One page of a list in its envelope; `page` makes one from where it starts and how long it is.
fn wrapped(
    envelope: Envelope,
    request: &Request,
    page: impl Fn(usize, usize) -> Vec<Json>,
    total: usize,
) -> Result<Json, Reply> {
    Ok(match envelope {
        Envelope::Bare => json!(page(0, usize::MAX)),
        Envelope::Datatables => {
            let draw = number(request, "draw")?.unwrap_or(1);
            let page = page(
                number(request, "start")?.unwrap_or(0),
                number(request, "length")?.unwrap_or(usize::MAX),
            );
            json!({
                "draw": draw,
                "recordsTotal": total,
                "recordsFiltered": total,
                "data": { "_embedded": { "userList": page } },
            })
        }
        Envelope::Page => {
            let index = number(request, "page")?.unwrap_or(0);
            let size = number(request, "size")?.unwrap_or(20).max(1);
            let page = page(index.saturating_mul(size), size);
            json!({ "content": page, "number": index, "size": size, "totalElements": total, "totalPages": total.div_ceil(size) })
        }
    })
}

fn user_json(id: &TenantId, upn: &Upn, user: &User, tenant: &Tenant, now: Timestamp) -> Json {
    let mut item = list_item(upn, &user.face(now), tenant);
    item.insert("tenantId".to_owned(), json!(id.as_str()));
    item.insert("objectId".to_owned(), json!(user.directory_id(upn)));
    Json::Object(item)
}

fn enterprise_json(world: &World, id: &TenantId, tenant: &Tenant, faults: &Faults) -> Json {
    let listed = tenant.consent_listed.then_some("EnterpriseManagement");
    let consents: Vec<Json> = ["UserSync", "Presence"]
        .into_iter()
        .chain(listed)
        .map(|name| json!({ "consentName": name }))
        .collect();
    json!({
        "enterpriseId": tenant.enterprise_id,
        "enterpriseName": tenant.name.as_str(),
        "resellerId": (!faults.hide_reseller).then(|| reseller_of(tenant, faults)),
        "tenantId": id.as_str(),
        "canResellerManageEnterpriseProvisioning": tenant.consent_flag,
        "consentsByEnterprise": consents,
        "sbcGateways": world.gateways.keys().map(|id| id.get()).collect::<Vec<_>>(),
    })
}

fn own_reseller(request: &Request) -> Result<(), Reply> {
    let own = request.path.rsplit('/').next() == Some(&RESELLER_ID.to_string());
    if own { Ok(()) } else { Err(Reply::error(403, "this is not the reseller of the caller")) }
}

fn known_tenant<'world>(
    world: &'world World,
    id: Option<&TenantId>,
) -> Result<(&'world TenantId, &'world Tenant), Reply> {
    let found = id.and_then(|id| world.tenants.get_key_value(id));
    found.ok_or_else(|| Reply::error(404, "there is no enterprise with this tenant id"))
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Reply> {
    let text = request.parameter(name);
    text.map(|text| text.parse().map_err(|_| Reply::error(400, format!("{name} is not a number"))))
        .transpose()
}
