//! `configureUser`: adds or edits a user, and switches calling on where a Microsoft object comes
//! with it (contract 5.3).
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
    login::Whose,
    numbers::Numbers,
    provisioning::{self, let_in, put, switch, user_of, visible},
    route::Target,
    wire::{Reply, Request},
    world::{User, World},
};
use crate::model::{Calling, TenantId, Upn};

/// What every call must say, besides the gateway.
const REQUIRED: [&str; 4] = ["loginID", "pbxLocation", "pbxUserId", "teamsUserId"];

/// Carries the call out.
pub(super) fn configure(
    world: &mut World,
    numbers: &mut Numbers,
    faults: &Faults,
    target: &Target,
    whose: &Whose,
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
    for name in REQUIRED {
        if !matches!(body.get(name), Some(Json::String(text)) if !text.is_empty()) {
            return Err(Reply::error(400, format!("{name} is required, as text")));
        }
    }
    let upn = user_of(&body)?;
    let prefix = world.tenants.get(&id).and_then(|tenant| tenant.extension_prefix.clone());
    let sent = read_configure(&body, prefix.as_ref())?;
    fields::check_policy(&sent)?;
    let is_new = add(world, faults, (&id, &upn), now)?;
    if let Err(refusal) = put(world, numbers, faults, (&id, &upn), sent, now) {
        if is_new && let Some(user) = found(world, (&id, &upn)) {
            user.set_up = false;
        }
        return Err(refusal);
    }
    let tenant = world.tenants.get_mut(&id).ok_or_else(unknown)?;
    let user = visible(tenant, target.user.as_ref())?;
    if reaches_microsoft {
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
    now: Timestamp,
) -> Result<bool, Reply> {
    let user = found(world, who).filter(|user| !user.hidden);
    let user = user.ok_or_else(|| Reply::error(404, "the directory has no such user"))?;
    if user.set_up {
        return Ok(false);
    }
    user.lag(now, Duration::from_millis(faults.visible_after_ms));
    user.set_up = true;
    Ok(true)
}

fn found<'world>(
    world: &'world mut World,
    (id, upn): (&TenantId, &Upn),
) -> Option<&'world mut User> {
    world.tenants.get_mut(id)?.users.get_mut(upn)
}

/// The tenant of a call without a Microsoft object: a reseller's token alone may make it.
fn stored_only(body: &Map<String, Json>, whose: &Whose) -> Result<TenantId, Reply> {
    if *whose != Whose::Reseller {
        return Err(Reply::error(400, "a token of an enterprise needs the Microsoft token set"));
    }
    let id = body.get("tenantId").and_then(Json::as_str).and_then(|id| TenantId::parse(id).ok());
    id.ok_or_else(|| Reply::error(400, "tenantId must be a GUID"))
}

fn unknown() -> Reply {
    Reply::error(400, "tenantId names a tenant that this reseller does not have")
}
