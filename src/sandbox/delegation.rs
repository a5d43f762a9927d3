//! Writing with a token of the enterprise: the Microsoft token set (MSAL object) that must stand
//! beside it (contract 2.4).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{
    login::TokenOwner,
    wire::{Reply, Request},
};
use crate::model::TenantId;

/// How long a token set is good for.
const LIFETIME: Duration = Duration::from_secs(50 * 60);

/// A token set of a Global Admin of the tenant that ends at this time. Not a secret: there is
/// nothing behind it.
#[must_use]
pub fn msal_object(tenant: &TenantId, ends_at: Timestamp) -> String {
    set(tenant, ends_at).to_string()
}

/// A token set with a whole life.
pub(super) fn fresh(tenant: &TenantId, now: Timestamp) -> Json {
    set(tenant, now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX))
}

fn set(tenant: &TenantId, ends_at: Timestamp) -> Json {
    json!({
        "accessToken": format!("msal-access-token-of-{tenant}"),
        "accessTokenType": "login.microsoftonline.com",
        "expiresAfter": 0,
        "expiresOn": ends_at.as_microsecond(),
        "expiresOnDate": ends_at.to_string(),
        "idToken": format!("msal-id-token-of-{tenant}"),
        "multipleResourceRefreshToken": false,
        "refreshToken": format!("msal-refresh-token-of-{tenant}"),
        "userInfo": { "displayableId": "admin@sandbox.example", "identityProvider": "user", "tenantId": tenant.as_str() },
    })
}

/// Whether an object is the whole `MSALAuthenticationResult` with a good token set of this tenant.
pub(super) fn check(
    object: &Map<String, Json>,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<TenantId, Reply> {
    let inner = of_tenant(object, tenant, now)?;
    let end = inner
        .get("expiresOn")
        .and_then(Json::as_i64)
        .and_then(|end| Timestamp::from_microsecond(end).ok());
    if end.is_none_or(|end| end <= now) {
        return Err(Reply::error(403, "the Microsoft token has expired"));
    }
    Ok(tenant.clone())
}

/// The token set, if it is of this tenant.
fn of_tenant<'o>(
    object: &'o Map<String, Json>,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<&'o Json, Reply> {
    if let Some(odd) = object.keys().find(|key| *key != "authenticationResult") {
        return Err(Reply::error(
            400,
            format!("a token of an enterprise needs the Microsoft token set alone, without {odd}"),
        ));
    }
    let inner = object.get("authenticationResult").unwrap_or(&Json::Null);
    if inner.get("accessToken") != set(tenant, now).get("accessToken")
        || inner.pointer("/userInfo/tenantId") != Some(&json!(tenant.as_str()))
    {
        return Err(Reply::error(400, "the Microsoft token is none of this tenant"));
    }
    Ok(inner)
}

/// `refreshMsal`: a token set with a new life. One that has ended can be renewed as well: its
/// refresh token lives longer.
pub(super) fn refresh(
    whose: &TokenOwner,
    request: &Request,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let TokenOwner::Enterprise(tenant) = whose else {
        return Err(Reply::error(403, "this needs a token of the enterprise"));
    };
    of_tenant(&request.object()?, tenant, now)?;
    Ok(Reply::json(200, &json!({ "authenticationResult": fresh(tenant, now) })))
}
