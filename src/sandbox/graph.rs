//! Microsoft Graph beside the vendor's service: a token for one tenant, and the users that Teams
//! shows (contract 12).
//!
//! ```text
//! POST /{tenantId}/oauth2/v2.0/token --> token --> GET /v1.0/admin/teams/userConfigurations?$top=..  --> value, @odata.nextLink
//! ```
//!
//! Teams shows what was pushed to it, not what the platform stores; and it shows everybody of the
//! tenant, those outside the platform's sync groups included.
//!
//! **Invariant:** a token opens the tenant that it was given out for and no other.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    bearer,
    faults::Faults,
    login::SECRET,
    rule::{ELSEWHERE, InjectedFault},
    wire::{Reply, Request, pairs},
    world::{Tenant, User, World},
};
use crate::model::{Field, TenantId, Upn, Value};

/// The client id of the application that the sandbox knows.
pub const GRAPH_CLIENT_ID: &str = "5a4d0b0c-0000-4000-8000-000000000001";

/// Users a page, where the request names no number; and the most that a request gets.
const PAGE: usize = 100;
const MAX_PAGE: usize = 999;

/// The tokens that were given out, and until when each is good.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: BTreeMap<String, Timestamp>,
    serial: u64,
}

impl Tokens {
    /// Gives out a token for a tenant.
    pub(super) fn issue(
        &mut self,
        world: &World,
        tenant: &TenantId,
        request: &Request,
        faults: &Faults,
        now: Timestamp,
    ) -> Result<Reply, Reply> {
        let refused = |status, error: &str, text: &str| {
            Err(Reply::json(
                status,
                &json!({ "error": error, "error_description": text, "error_codes": [] }),
            ))
        };
        let form = pairs(&String::from_utf8_lossy(&request.body));
        let field = |name| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return refused(
                400,
                "unsupported_grant_type",
                "AADSTS70003: The app requested an unsupported grant type",
            );
        }
        if field("scope") != Some("https://graph.microsoft.com/.default") {
            return refused(
                400,
                "invalid_scope",
                "AADSTS70011: The provided value for the input parameter 'scope' is not valid",
            );
        }
        if !world.tenants.contains_key(tenant) {
            return refused(
                400,
                "invalid_request",
                &format!("AADSTS90002: Tenant '{tenant}' not found"),
            );
        }
        if faults.graph_not_let_in || field("client_id") != Some(GRAPH_CLIENT_ID) {
            let text =
                format!("AADSTS700016: Application was not found in the directory '{tenant}'");
            return refused(400, "unauthorized_client", &text);
        }
        if faults.wrong_credentials || field("client_secret") != Some(SECRET) {
            return refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided");
        }
        let lifetime = Duration::from_secs(faults.token_lifetime_seconds.into());
        self.given.retain(|_, until| *until > now);
        self.serial += 1;
        let header = bearer::of(tenant, self.serial);
        let token = header.trim_start_matches("Bearer ").to_owned();
        self.given.insert(header, now.checked_add(lifetime).unwrap_or(Timestamp::MAX));
        Ok(Reply::json(
            200,
            &json!({ "token_type": "Bearer", "expires_in": lifetime.as_secs(), "access_token": token }),
        ))
    }

    /// The tenant that a request may see.
    pub(super) fn check(&self, request: &Request, now: Timestamp) -> Result<TenantId, Reply> {
        let good = self.given.get(&request.authorization).is_some_and(|until| *until > now);
        bearer::tenant_of(request)
            .filter(|_| good)
            .ok_or_else(|| error(401, "InvalidAuthenticationToken", "Access token has expired"))
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "code": code, "message": message } }))
}

/// `userConfigurations`: one page, in the order of user names.
pub(super) fn users(
    world: &World,
    id: &TenantId,
    request: &Request,
    failure: Option<InjectedFault>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let tenant =
        world.tenants.get(id).ok_or_else(|| error(404, "ResourceNotFound", "no such tenant"))?;
    let number = |name| match request.query(name) {
        Some(text) => text.parse().map(Some).map_err(|_| error(400, "BadRequest", "not a number")),
        None => Ok(None),
    };
    let top: usize = number("$top")?.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let start: usize = number("$skiptoken")?.unwrap_or(0);
    let mut all: Vec<Json> =
        tenant.users.iter().map(|(upn, user)| item(id, tenant, upn, user, now)).collect();
    all.push(attendant(id, &all));
    if failure == Some(InjectedFault::EmptyList) {
        all.clear();
    }
    let mut page: Vec<Json> = all.iter().skip(start).take(top).cloned().collect();
    match failure {
        Some(InjectedFault::DuplicateUser) => page.extend(all.first().cloned()),
        Some(InjectedFault::OtherTenant) => {
            if let Some(of) =
                page.iter_mut().filter_map(|user| user.get_mut("tenantId")).next_back()
            {
                *of = json!(TenantId::nil().as_str());
            }
        }
        _ => {}
    }
    let mut answer =
        json!({ "@odata.context": "$metadata#admin/teams/userConfigurations", "value": page });
    let next = start + top;
    let link = |start| {
        json!(format!(
            "http://{}/v1.0/admin/teams/userConfigurations?$top={top}&$skiptoken={start}",
            request.host
        ))
    };
    let link = match failure {
        Some(InjectedFault::OtherHost) => Some(json!(ELSEWHERE)),
        Some(InjectedFault::RepeatedPage) => Some(link(0)),
        _ => (next < all.len()).then(|| link(next)),
    };
    if let (Some(link), Some(answer)) = (link, answer.as_object_mut()) {
        answer.insert("@odata.nextLink".to_owned(), link);
    }
    Ok(Reply::json(200, &answer))
}

fn assignment(id: &TenantId, number: &str, target: Option<&str>, status: &str) -> Json {
    json!({
        "id": format!("{}|{number}", id.as_str()),
        "telephoneNumber": number,
        "numberType": "directRouting",
        "activationState": "activated",
        "assignmentTargetId": target,
        "assignmentCategory": target.map(|_| "primary"),
        "assignmentStatus": status,
        "numberSource": "online",
    })
}

/// `numberAssignments`: one page, with `$top` and `$skip` (contract 12).
pub(super) fn numbers(
    world: &World,
    id: &TenantId,
    request: &Request,
    faults: &Faults,
    now: Timestamp,
) -> Result<Reply, Reply> {
    if faults.graph_numbers_not_allowed {
        return Err(error(403, "Forbidden", "Insufficient privileges to complete the operation"));
    }
    let tenant =
        world.tenants.get(id).ok_or_else(|| error(404, "ResourceNotFound", "no such tenant"))?;
    let number = |name, otherwise| match request.query(name) {
        Some(text) => text.parse().map_err(|_| error(400, "BadRequest", "not a number")),
        None => Ok(otherwise),
    };
    let top: usize = number("$top", 500)?.clamp(1, 1000);
    let skip: usize = number("$skip", 0)?;
    let of_user = |(upn, user): (&Upn, &User)| {
        let number = user.in_teams(now)?.phone()?;
        let target = user.directory_id(upn);
        Some(assignment(id, &tenant.shown_number(number), Some(&target), "userAssigned"))
    };
    let others = faults.teams_numbers.iter();
    let all: Vec<Json> = tenant
        .users
        .iter()
        .filter_map(of_user)
        .chain(others.map(|(number, status)| assignment(id, number, None, status)))
        .skip(skip)
        .take(top)
        .collect();
    Ok(Reply::json(200, &json!({ "value": all })))
}

/// A user as Graph describes them.
fn item(id: &TenantId, tenant: &Tenant, upn: &Upn, user: &User, now: Timestamp) -> Json {
    let details = user.in_teams(now);
    let number = details
        .and_then(|details| details.phone())
        .map(|number| json!({ "telephoneNumber": tenant.shown_number(number), "assignmentCategory": "primary" }));
    let policy = details.and_then(|details| match details.get(Field::CallPolicyName) {
        Some(Value::Text(name)) => Some(json!({
            "policyType": "TeamsCallingPolicy",
            "policyAssignment": { "displayName": name, "assignmentType": "direct", "policyId": name, "groupId": null },
        })),
        _ => None,
    });
    json!({
        "id": user.directory_id(upn),
        "userPrincipalName": upn.as_str(),
        "tenantId": id.as_str(),
        "accountType": "user",
        "isEnterpriseVoiceEnabled": details.is_some(),
        "featureTypes": ["Teams", "PhoneSystem"],
        "telephoneNumbers": number.into_iter().collect::<Vec<_>>(),
        "effectivePolicyAssignments": policy.into_iter().collect::<Vec<_>>(),
        "createdDateTime": "2024-02-05T11:32:14.7314511Z",
        "modifiedDateTime": "2026-01-20T08:00:00Z",
    })
}

/// An account that is not a person: every tenant has one, so readers meet it.
fn attendant(id: &TenantId, users: &[Json]) -> Json {
    let domain = users
        .first()
        .and_then(|user| user.get("userPrincipalName")?.as_str()?.split_once('@'))
        .map_or("x.example", |(_, domain)| domain);
    json!({
        "id": id.as_str(),
        "userPrincipalName": format!("zz-auto-attendant@{domain}"),
        "tenantId": id.as_str(),
        "accountType": "resourceAccount",
        "isEnterpriseVoiceEnabled": true,
        "featureTypes": [],
        "telephoneNumbers": [],
        "effectivePolicyAssignments": [],
    })
}
