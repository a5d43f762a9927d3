//! `configureUser`: adds or edits a user, and switches calling on where a Microsoft object comes
//! with it (contract 5.3). `configureValetUser`: the same for users of the Call App, who have calling in
//! it as soon as they are set up (inferred, contract 5.5).
//!
//! ```text
//! whose (400, 403) -> fields (400) -> user (404) -> gateway, number (400, 409) -> stored -> with an object: calling on, and pushed
//! ```

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{
    faults::Faults,
    fields::{self, read_configure},
    login::TokenOwner,
    numbers::NumberIndex,
    provisioning::{self, let_in, put, switch, user_of, visible},
    route::{RequestTarget, Route},
    wire::{Reply, Request},
    world::{User, World},
};
use crate::model::{Calling, TenantId, Upn};

/// What every call must say, besides the gateway.
const REQUIRED: [&str; 4] = ["loginID", "pbxLocation", "pbxUserId", "teamsUserId"];
/// The same for users of the Call App: what the portal's form asks for (inferred).
const REQUIRED_OF_CALL_APP: [&str; 4] = ["pbxLocation", "pbxUserId", "phoneNumber", "teamsUserId"];

/// Carries the call out.
pub(super) fn configure(
    world: &mut World,
    numbers: &mut NumberIndex,
    faults: &Faults,
    target: &RequestTarget,
    whose: &TokenOwner,
    request: &Request,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let body = request.object()?;
    let (id, reaches_microsoft) = match body.get("authenticationResult") {
        None | Some(Json::Null) => (stored_only(&body, whose)?, false),
        Some(_) => {
            let (id, reseller) = provisioning::wrapped(&body, whose, now)?;
            let_in(world, faults, whose, &id, reseller)?;
            (id, true)
        }
    };
    let is_call_app = target.route == Route::ConfigureCallApp;
    for name in if is_call_app { REQUIRED_OF_CALL_APP } else { REQUIRED } {
        if !matches!(body.get(name), Some(Json::String(text)) if !text.is_empty()) {
            return Err(Reply::error(400, format!("{name} is required, as text")));
        }
    }
    let upn = user_of(&body)?;
    let body = if is_call_app { as_configure(body)? } else { body };
    let prefix = world.tenants.get(&id).and_then(|tenant| tenant.extension_prefix.clone());
    let sent = read_configure(&body, prefix.as_ref())?;
    fields::check_policy(&sent)?;
    let is_new = add(world, faults, (&id, &upn), is_call_app, now)?;
    if let Err(refusal) = put(world, numbers, faults, (&id, &upn), sent, now) {
        if is_new && let Some(user) = found(world, (&id, &upn)) {
            user.set_up = false;
            user.call_app = false;
        }
        return Err(refusal);
    }
    let tenant = world.tenants.get_mut(&id).ok_or_else(unknown)?;
    let user = visible(tenant, target.user.as_ref())?;
    if is_call_app {
        if is_new {
            user.calling = Calling::Enabled;
        }
        Ok(Reply::accepted())
    } else if reaches_microsoft {
        switch(user, Calling::Enabled, faults, now)
    } else {
        Ok(Reply::accepted())
    }
}

/// Adds a user that the directory knows; whether it was not there.
fn add(
    world: &mut World,
    faults: &Faults,
    who: (&TenantId, &Upn),
    is_call_app: bool,
    now: Timestamp,
) -> Result<bool, Reply> {
    let user = found(world, who).filter(|user| !user.hidden);
    let user = user.ok_or_else(|| Reply::error(404, "the directory has no such user"))?;
    match (user.set_up, user.call_app) {
        (true, has_call_app) if has_call_app == is_call_app => return Ok(false),
        (true, true) => return Err(provisioning::of_the_call_app()),
        (true, false) => return Err(Reply::error(409, "the user is set up for calling in Teams")),
        (false, _) => {}
    }
    user.lag(now, Duration::from_millis(faults.visible_after_ms));
    user.set_up = true;
    user.call_app = is_call_app;
    Ok(true)
}

/// The body of `configureValetUser` as `configureUser` would have it: the gateway has the older name, and
/// there is no mailbox in Teams.
fn as_configure(mut body: Map<String, Json>) -> Result<Map<String, Json>, Reply> {
    if body.contains_key("sbcGatewayId") {
        return Err(Reply::error(400, "the call has no field sbcGatewayId"));
    }
    let Some(route) = body.remove("directRouteId") else {
        return Err(Reply::error(400, "directRouteId is required"));
    };
    if body.get("useTeamsVoicemail") != Some(&Json::Bool(false)) {
        return Err(Reply::error(400, "the Call App supports the voicemail of the PBX only"));
    }
    body.insert("sbcGatewayId".to_owned(), route);
    Ok(body)
}

fn found<'world>(
    world: &'world mut World,
    (id, upn): (&TenantId, &Upn),
) -> Option<&'world mut User> {
    world.tenants.get_mut(id)?.users.get_mut(upn)
}

/// The tenant of a call without a Microsoft object: a reseller's token alone may make it.
fn stored_only(body: &Map<String, Json>, whose: &TokenOwner) -> Result<TenantId, Reply> {
    if *whose != TokenOwner::Reseller {
        return Err(Reply::error(400, "a token of an enterprise needs the Microsoft token set"));
    }
    let id = body.get("tenantId").and_then(Json::as_str).and_then(|id| TenantId::parse(id).ok());
    id.ok_or_else(|| Reply::error(400, "tenantId must be a GUID"))
}

fn unknown() -> Reply {
    Reply::error(400, "tenantId names a tenant that this reseller does not have")
}
