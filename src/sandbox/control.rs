//! The sandbox's own pages below `/_sandbox/`: what happened, what is, what is to go wrong. No
//! token is needed, and they are in no record.
//!
//! ```text
//! GET      /_sandbox/calls[?writes=true]          the record of requests
//! GET      /_sandbox/tenants                      tenants, consent, syncs
//! PUT      /_sandbox/tenants/{tenantId}           {"consentFlag"?, "consentListed"?, "plainNumbers"?, "resellerId"?}
//! GET      /_sandbox/users/{tenantId}             everyone, hidden users included
//! PUT      /_sandbox/users/{tenantId}/{upn}       {"calling"?, "hidden"?, "fields"?}: drift by hand
//! GET      /_sandbox/msal/{tenantId}              a Microsoft token set of this tenant, good for 50 minutes
//! GET PUT  /_sandbox/faults                       the switches; PUT replaces them all
//! ```
//!
//! **Invariant:** a user changed by hand cannot take a number that somebody holds; whatever else is
//! impossible through the service is possible here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json, json};

use super::{
    calls::Calls,
    delegation,
    faults::Faults,
    fields::{plain, read_value},
    numbers::NumberIndex,
    wire::{Reply, Request},
    world::{Tenant, User, World},
};
use crate::model::{Calling, Details, Field, TenantId, Upn, Value};

const ROOT: &str = "/_sandbox/";

/// Whether a request is for these pages.
pub(super) fn is_for(request: &Request) -> bool {
    request.path.starts_with(ROOT)
}

/// What the pages show and change.
pub(super) struct Pages<'s> {
    pub(super) world: &'s mut World,
    pub(super) numbers: &'s mut NumberIndex,
    pub(super) faults: &'s mut Faults,
    pub(super) calls: &'s Calls,
}

impl Pages<'_> {
    /// Answers a request for one of them.
    pub(super) fn answer(&mut self, request: &Request, now: Timestamp) -> Result<Reply, Reply> {
        let path = request.path.strip_prefix(ROOT).unwrap_or_default();
        let segments: Vec<String> = path
            .split('/')
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["calls"]) => Ok(self.calls(request)),
            ("GET", ["tenants"]) => {
                let list =
                    self.world.tenants.iter().map(|(id, tenant)| tenant_json(id, tenant, now));
                Ok(Reply::json(200, &list.collect()))
            }
            ("PUT", ["tenants", id]) => self.change_tenant(id, request, now),
            ("GET", ["users", id]) => {
                let (_, tenant) = self.known(id)?;
                Ok(Reply::json(
                    200,
                    &tenant.users.iter().map(|(upn, user)| user_json(upn, user)).collect(),
                ))
            }
            ("GET", ["msal", id]) => {
                let (id, _) = self.known(id)?;
                Ok(Reply::json(200, &delegation::fresh(&id, now)))
            }
            ("PUT", ["users", id, upn]) => self.change_user(id, upn, request),
            ("GET", ["faults"]) => Ok(Reply::json(200, &json!(self.faults))),
            ("PUT", ["faults"]) => self.change_faults(request),
            _ => Err(Reply::error(404, format!("there is no {} {}", request.method, request.path))),
        }
    }

    fn calls(&self, request: &Request) -> Reply {
        let writes_only = request.query("writes").as_deref() == Some("true");
        let list = self.calls.all().filter(|call| call.write || !writes_only);
        // One a line: people read it in a terminal.
        let list: Vec<String> = list.map(|call| json!(call).to_string()).collect();
        let body = format!("[\n{}\n]\n", list.join(",\n"));
        Reply { body, ..Reply::json(200, &json!([])) }
    }

    fn change_faults(&mut self, request: &Request) -> Result<Reply, Reply> {
        let faults: Faults = parse(request)?;
        if let Some(problem) = faults.problem() {
            return Err(Reply::error(400, problem));
        }
        *self.faults = faults;
        Ok(Reply::json(200, &json!(self.faults)))
    }

    fn change_tenant(
        &mut self,
        id: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Reply, Reply> {
        let change: TenantChange = parse(request)?;
        let (id, tenant) = self.known(id)?;
        tenant.consent_flag = change.consent_flag.unwrap_or(tenant.consent_flag);
        tenant.consent_listed = change.consent_listed.unwrap_or(tenant.consent_listed);
        tenant.reseller_id = change.reseller_id.unwrap_or(tenant.reseller_id);
        tenant.plain_numbers = change.plain_numbers.unwrap_or(tenant.plain_numbers);
        Ok(Reply::json(200, &tenant_json(&id, tenant, now)))
    }

    fn change_user(&mut self, id: &str, upn: &str, request: &Request) -> Result<Reply, Reply> {
        let change: UserChange = parse(request)?;
        let upn = Upn::parse(upn).map_err(|problem| Reply::error(400, problem))?;
        let (id, tenant) = self.known(id)?;
        let prefix = tenant.extension_prefix.clone();
        let mut user = tenant
            .users
            .get(&upn)
            .cloned()
            .unwrap_or_else(|| User::new(Calling::Disabled, Details::default()));
        for (name, json) in &change.fields {
            let field = Field::named(name)
                .ok_or_else(|| Reply::error(400, format!("there is no field {name}")))?;
            let value =
                if json.is_null() { None } else { Some(read_value(field, json, prefix.as_ref())?) };
            let kept = user
                .stored
                .iter()
                .filter(|(other, _)| *other != field)
                .map(|(other, value)| (other, value.clone()));
            user.stored = kept.chain(value.map(|value| (field, value))).collect();
        }
        if let Some(number) = user.stored.phone()
            && let Some((tenant, holder)) = self.world.holder(&id, number)
            && (tenant, holder) != (&id, &upn)
        {
            return Err(Reply::error(409, format!("{number} is held by {holder}")));
        }
        user.calling = change.calling.unwrap_or(user.calling);
        user.hidden = change.hidden.unwrap_or(user.hidden);
        user.push();
        let shown = user_json(&upn, &user);
        self.numbers.forget();
        if let Some(tenant) = self.world.tenants.get_mut(&id) {
            tenant.users.insert(upn, user);
        }
        Ok(Reply::json(200, &shown))
    }

    fn known(&mut self, id: &str) -> Result<(TenantId, &mut Tenant), Reply> {
        let id = TenantId::parse(id).map_err(|problem| Reply::error(400, problem))?;
        let tenant = self.world.tenants.get_mut(&id);
        let tenant = tenant.ok_or_else(|| Reply::error(404, format!("there is no tenant {id}")))?;
        Ok((id, tenant))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TenantChange {
    consent_flag: Option<bool>,
    consent_listed: Option<bool>,
    plain_numbers: Option<bool>,
    reseller_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    calling: Option<Calling>,
    hidden: Option<bool>,
    /// By manifest name; `null` unsets.
    #[serde(default)]
    fields: BTreeMap<String, Json>,
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    serde_json::from_slice(&request.body).map_err(|error| Reply::error(400, error.to_string()))
}

fn tenant_json(id: &TenantId, tenant: &Tenant, now: Timestamp) -> Json {
    json!({
        "tenantId": id.as_str(),
        "name": tenant.name.as_str(),
        "enterpriseId": tenant.enterprise_id,
        "resellerId": tenant.reseller_id,
        "consentFlag": tenant.consent_flag,
        "consentListed": tenant.consent_listed,
        "plainNumbers": tenant.plain_numbers,
        "users": tenant.users.len(),
        "syncs": tenant.sync.accepted,
        "lastSync": tenant.sync.last.map(|at| at.to_string()),
        "syncRunning": tenant.sync.running_until.is_some_and(|until| until > now),
    })
}

fn user_json(upn: &Upn, user: &User) -> Json {
    json!({
        "userPrincipalName": upn.as_str(),
        "calling": user.calling,
        "hidden": user.hidden,
        "stored": details_json(&user.stored),
        "pushed": user.pushed.as_ref().map(details_json),
    })
}

fn details_json(details: &Details) -> Json {
    // Nothing is the empty text here, so what is read can be put back: `null` would unset the
    // field.
    let value = |value: &Value| if *value == Value::NoPhone { json!("") } else { plain(value) };
    details
        .iter()
        .map(|(field, found)| (field.name().to_owned(), value(found)))
        .collect::<Map<_, _>>()
        .into()
}
