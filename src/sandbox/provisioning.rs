//! The calls that change phones: enable, disable, update, sync, under the rules of the contract.
//!
//! ```text
//! shape of the body (400) -> consent object (400) or Microsoft token set (400, 403) -> consent,
//! reseller (403) -> user (404) -> the call's own rules (400, 409) -> change
//! ```
//!
//! **Invariant:** a refused call has changed nothing, and no two users ever hold one number.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{
    delegation,
    faults::{EmptyPhone, Faults, HeldNumber, Omitted},
    fields::read_update,
    login::TokenOwner,
    numbers::NumberIndex,
    reads,
    route::{RequestTarget, Route},
    wire::{Reply, Request},
    world::{Tenant, User, World},
};
use crate::model::{Calling, Details, Field, GatewayId, TenantId, Upn, Value};

/// Carries out a write.
pub(super) fn write(
    world: &mut World,
    numbers: &mut NumberIndex,
    faults: &Faults,
    target: &RequestTarget,
    whose: &TokenOwner,
    request: &Request,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let body = request.object()?;
    let (id, reseller) = match (target.route, whose) {
        (Route::Update, _) => wrapped(&body, whose, now)?,
        (_, TokenOwner::Reseller) => flat(&body)?,
        (_, TokenOwner::Enterprise(tenant)) => (delegation::check(&body, tenant, now)?, None),
    };
    let tenant = let_in(world, faults, whose, &id, reseller)?;
    let named = target.user.as_ref().and_then(|user| tenant.users.get(user));
    let is_of_call_app = matches!(target.route, Route::EnableCallApp | Route::DisableCallApp);
    match named {
        Some(user) if user.call_app && !is_of_call_app && target.route != Route::Sync => {
            return Err(of_the_call_app());
        }
        Some(user) if !user.call_app && is_of_call_app => {
            return Err(Reply::error(409, "the user does not have the Call App"));
        }
        _ => {}
    }
    match target.route {
        Route::Enable | Route::EnableCallApp => {
            switch(visible(tenant, target.user.as_ref())?, Calling::Enabled, faults, now)
        }
        Route::Disable | Route::DisableCallApp => {
            switch(visible(tenant, target.user.as_ref())?, Calling::Disabled, faults, now)
        }
        Route::Sync => sync(tenant, faults, now),
        Route::CallAppAccount => Ok(service_account(tenant)),
        _ => update(world, numbers, faults, &id, &body, now),
    }
}

/// What the calls for calling in Teams do to users of the Call App is not public (contract 5.5): a
/// client that makes them has a mistake.
pub(super) fn of_the_call_app() -> Reply {
    Reply::error(409, "the user has the Call App")
}

/// The tenant, if the caller may change it.
pub(super) fn let_in<'world>(
    world: &'world mut World,
    faults: &Faults,
    whose: &TokenOwner,
    id: &TenantId,
    reseller: Option<i64>,
) -> Result<&'world mut Tenant, Reply> {
    let unknown =
        || Reply::error(400, "the consent object names a tenant that this reseller does not have");
    let tenant = world.tenants.get_mut(id).ok_or_else(unknown)?;
    if *whose == TokenOwner::Reseller && !tenant.consents() {
        return Err(Reply::error(
            403,
            "the enterprise has not consented to provisioning by the service provider",
        ));
    }
    if reseller.is_some_and(|named| named != reads::reseller_of(tenant, faults)) {
        return Err(Reply::error(
            403,
            "resellerId is not the reseller that the enterprise belongs to",
        ));
    }
    Ok(tenant)
}

/// The consent object as the whole body (contract 2.4).
fn flat(body: &Map<String, Json>) -> Result<(TenantId, Option<i64>), Reply> {
    if let Some(odd) = body.keys().find(|key| !["tenantId", "resellerId"].contains(&key.as_str())) {
        return Err(Reply::error(
            400,
            format!("the body must be the consent object alone, without {odd}"),
        ));
    }
    consent_object(body)
}

/// The consent object under `authenticationResult` (contract 2.4).
pub(super) fn wrapped(
    body: &Map<String, Json>,
    whose: &TokenOwner,
    now: Timestamp,
) -> Result<(TenantId, Option<i64>), Reply> {
    match (body.get("authenticationResult"), whose) {
        (Some(Json::Object(inner)), TokenOwner::Reseller) => flat(inner),
        (Some(Json::Object(inner)), TokenOwner::Enterprise(tenant)) => {
            Ok((delegation::check(inner, tenant, now)?, None))
        }
        _ => Err(Reply::error(400, "authenticationResult must be the consent object")),
    }
}

fn consent_object(object: &Map<String, Json>) -> Result<(TenantId, Option<i64>), Reply> {
    let Some(reseller) = object.get("resellerId").and_then(Json::as_i64) else {
        return Err(Reply::error(400, "resellerId must be the number of a reseller"));
    };
    let tenant = object.get("tenantId").and_then(Json::as_str).map(TenantId::parse);
    let tenant =
        tenant.and_then(Result::ok).ok_or_else(|| Reply::error(400, "tenantId must be a GUID"))?;
    Ok((tenant, Some(reseller)))
}

pub(super) fn visible<'world>(
    tenant: &'world mut Tenant,
    upn: Option<&Upn>,
) -> Result<&'world mut User, Reply> {
    let user =
        upn.and_then(|upn| tenant.users.get_mut(upn)).filter(|user| !user.hidden && user.set_up);
    user.ok_or_else(|| Reply::error(404, "the enterprise has no such user"))
}

pub(super) fn switch(
    user: &mut User,
    calling: Calling,
    faults: &Faults,
    now: Timestamp,
) -> Result<Reply, Reply> {
    if calling == Calling::Enabled && user.stored.get(Field::SbcGatewayId).is_none() {
        return Err(Reply::error(
            409,
            "the user is not set up for calling: no SBC gateway is stored",
        ));
    }
    user.lag(now, Duration::from_millis(faults.visible_after_ms));
    user.calling = calling;
    user.push_slowly(now, teams_lag(faults));
    Ok(Reply::accepted())
}

fn teams_lag(faults: &Faults) -> Duration {
    Duration::from_millis(faults.teams_visible_after_ms)
}

fn update(
    world: &mut World,
    numbers: &mut NumberIndex,
    faults: &Faults,
    id: &TenantId,
    body: &Map<String, Json>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let upn = user_of(body)?;
    let prefix = world.tenants.get(id).and_then(|tenant| tenant.extension_prefix.clone());
    let sent = read_update(body, prefix.as_ref())?;
    put(world, numbers, faults, (id, &upn), sent, now)
}

/// The user that a body names.
pub(super) fn user_of(body: &Map<String, Json>) -> Result<Upn, Reply> {
    let upn = body.get("teamsUserId").and_then(Json::as_str).map(Upn::parse).and_then(Result::ok);
    upn.ok_or_else(|| Reply::error(400, "teamsUserId must be a user principal name"))
}

/// Stores what was sent of a user, if the gateway is one and nobody else holds the number.
pub(super) fn put(
    world: &mut World,
    numbers: &mut NumberIndex,
    faults: &Faults,
    (id, upn): (&TenantId, &Upn),
    mut sent: Details,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let has_call_app = world
        .tenants
        .get(id)
        .and_then(|tenant| tenant.users.get(upn))
        .is_some_and(|user| user.call_app);
    match sent.get(Field::SbcGatewayId) {
        Some(Value::Gateway(GatewayId::CALL_APP)) if has_call_app => {}
        Some(Value::Gateway(gateway)) if world.gateways.contains_key(gateway) => {}
        Some(_) => return Err(Reply::error(400, "sbcGatewayId is not a gateway of this reseller")),
        None => return Err(Reply::error(400, "sbcGatewayId is required")),
    }
    if sent.get(Field::PhoneNumber) == Some(&Value::NoPhone) {
        match faults.empty_phone {
            EmptyPhone::Clears => {}
            EmptyPhone::Refused => return Err(Reply::error(400, "phoneNumber must not be empty")),
            EmptyPhone::Ignored => keep_number(world, id, upn, &mut sent),
        }
    }
    let held = sent.phone().is_some_and(|number| numbers.is_taken(world, number, (id, upn)));
    let Some(tenant) = world.tenants.get_mut(id) else {
        return Err(Reply::error(404, "there is no such tenant"));
    };
    let user = visible(tenant, Some(upn))?;
    if held {
        let text = "the phone number is already assigned to another user";
        return Err(match faults.held_number {
            HeldNumber::Conflict => Reply::error(409, text),
            HeldNumber::ErrorInside => Reply::error_inside(text),
        });
    }
    let before = user.stored.clone();
    store(user, sent, faults, now);
    numbers.set((id, upn), &before, &user.stored);
    Ok(Reply::accepted())
}

/// An update whose empty number says nothing: the stored one stays.
fn keep_number(world: &World, id: &TenantId, upn: &Upn, sent: &mut Details) {
    let user = world.tenants.get(id).and_then(|tenant| tenant.users.get(upn));
    if let Some(stored) = user.and_then(|user| user.stored.get(Field::PhoneNumber)) {
        sent.set(Field::PhoneNumber, stored.clone());
    }
}

/// Stores an update. Only a changed number goes on to Microsoft at once; the rest waits for an
/// enable or a sync (contract 4.3).
fn store(user: &mut User, sent: Details, faults: &Faults, now: Timestamp) {
    let stored = match faults.omitted_fields {
        Omitted::Keep => sent.over(&user.stored),
        Omitted::Clear => sent,
    };
    if stored == user.stored {
        return;
    }
    user.lag(now, Duration::from_millis(faults.visible_after_ms));
    let number_changed = stored.phone() != user.stored.phone();
    user.stored = stored;
    if number_changed {
        user.push_slowly(now, teams_lag(faults));
    }
}

/// The account that the Call App has in a customer's directory.
fn service_account(tenant: &mut Tenant) -> Reply {
    let mut people = tenant.users.keys().filter(|user| !user.is_platform_account());
    let domain = people.find_map(|user| user.as_str().split_once('@'));
    let name = domain.map(|(_, domain)| format!("callappservice@{domain}"));
    if let Some(upn) = name.and_then(|name| Upn::parse(&name).ok()) {
        let account = || User::new(Calling::Enabled, Details::default());
        tenant.users.entry(upn).or_insert_with(account);
    }
    Reply::accepted()
}

fn sync(tenant: &mut Tenant, faults: &Faults, now: Timestamp) -> Result<Reply, Reply> {
    if tenant.sync.running_until.is_some_and(|until| until > now) {
        return Err(Reply::error(409, "a sync of this enterprise is still running"));
    }
    tenant.sync.accepted += 1;
    tenant.sync.last = Some(now);
    tenant.sync.running_until = now.checked_add(Duration::from_millis(faults.sync_takes_ms)).ok();
    tenant
        .users
        .values_mut()
        .filter(|user| !user.hidden && user.set_up)
        .for_each(|user| user.push_slowly(now, teams_lag(faults)));
    Ok(Reply::accepted())
}
