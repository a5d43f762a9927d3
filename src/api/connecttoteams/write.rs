//! Changing a tenant: the calls of contract 4, `configureUser` (5.3), `configureValetUser` (5.5) and those
//! that settings name for the Call App, each sent once.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use super::{
    accounts::Accounts,
    call::{Draft, Values},
    core::Core,
    msal::{self, Purpose},
    outcome, reseller,
    secrets::{self, Secrets},
    transport::Payload,
    wire,
};
use crate::{
    config::{Accept, BodyFormat, Endpoint, EndpointRow},
    model::{Call, Calling, Consent, Fault, FaultKind, TenantRef, UpdateRequest, WritePath},
    ports::{Permit, Provisioner},
};

/// Writes through `ConnecttoTeams`.
#[derive(Clone)]
pub struct TenantWriter {
    accounts: Arc<Accounts>,
}

impl TenantWriter {
    pub(super) fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }
}

impl Provisioner for TenantWriter {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        let core = self.accounts.of(tenant)?;
        core.breaker.check()?;
        consent(core, tenant).await
    }

    async fn send(&self, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
        let core = self.accounts.of(tenant)?;
        core.breaker.send(send(core, tenant, call, permit)).await
    }
}

async fn send(core: &Core, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
    let endpoints = &core.account.endpoints;
    let name = &tenant.name;
    let draft = match call {
        Call::Enable(user) => {
            let what = format!("enable calling of {user} in {name}");
            Draft::new(what, EndpointRow::Enable, &endpoints.enable, tenant).of(user)
        }
        Call::Disable(user) => {
            let what = format!("disable calling of {user} in {name}");
            Draft::new(what, EndpointRow::Disable, &endpoints.disable, tenant).of(user)
        }
        Call::SwitchCallApp(user, to) => {
            let (verb, row, call) = match to {
                Calling::Enabled => {
                    ("enable", EndpointRow::EnableCallApp, &endpoints.enable_call_app)
                }
                Calling::Disabled => {
                    ("disable", EndpointRow::DisableCallApp, &endpoints.disable_call_app)
                }
            };
            let what = format!("{verb} the Call App of {user} in {name}");
            let call = call.as_ref().ok_or_else(|| no_call(core, &what, row))?;
            Draft::new(what, row, call, tenant).of(user)
        }
        Call::Update(update) => {
            let what = format!("update {} in {name}", update.user());
            return send_details(core, tenant, what, update, Secrets::default(), permit).await;
        }
        Call::Configure(set_up) => {
            let what = format!("set up {} in {name}", set_up.user());
            let secrets = secrets::of(core, &what, set_up).await?;
            return send_details(core, tenant, what, &set_up.request, secrets, permit).await;
        }
        Call::Sync => {
            let what = format!("sync the registrations of {name}");
            Draft::new(what, EndpointRow::Sync, &endpoints.sync, tenant)
        }
    };
    write(core, &draft.permitted(permit)).await
}

/// That the settings name no call, which have since been changed.
fn no_call(core: &Core, what: &str, row: EndpointRow) -> Fault {
    let message = format!("{what}: the settings name no call for it");
    Fault::new(FaultKind::NotConfigured, message).hint(format!(
        "say in `{}` what the vendor's support tells you",
        core.section().row(row.name())
    ))
}

/// Whether a run may begin, or its sync may follow. What only the settings can put right is a
/// fault, in its own words.
pub(super) async fn consent(core: &Core, tenant: &TenantRef) -> Result<Consent, Fault> {
    let fault = |kind, message: String, hint: String| Err(Fault::new(kind, message).hint(hint));
    match core.consent(tenant, Purpose::Write).await? {
        Consent::TokenUnusable(why) => {
            fault(FaultKind::NotConfigured, why, msal::hint(core.section(), tenant))
        }
        Consent::ResellerUnclear(why) => fault(
            FaultKind::NotConfigured,
            format!("{}: {why}", tenant.name),
            reseller::hint(core.section(), tenant),
        ),
        asked => Ok(asked),
    }
}

async fn write(core: &Core, draft: &Draft<'_>) -> Result<(), Fault> {
    let (request, answer) = core.call(draft).await?;
    outcome::write(&request, &answer, accepted_by(draft))
}

/// What counts as a yes.
fn accepted_by(draft: &Draft<'_>) -> Accept {
    draft.call.accept.unwrap_or(draft.row.usual_accept())
}

/// Sends details, and the secrets of somebody who is set up with them.
async fn send_details(
    core: &Core,
    tenant: &TenantRef,
    what: String,
    update: &UpdateRequest,
    secrets: Secrets,
    permit: &Permit,
) -> Result<(), Fault> {
    let endpoints = &core.account.endpoints;
    let stored_only;
    let (row, call) = match update.path() {
        WritePath::UpdateUserDetails => (EndpointRow::Update, &endpoints.update),
        WritePath::ConfigureUser if update.keeps_calling_on() => {
            (EndpointRow::Configure, &endpoints.configure)
        }
        WritePath::ConfigureUser => {
            stored_only = without_authorisation(&endpoints.configure);
            (EndpointRow::Configure, &stored_only)
        }
        // It is all that the Call App has: nothing else switches it.
        WritePath::ConfigureValetUser => {
            (EndpointRow::ConfigureCallApp, &endpoints.configure_call_app)
        }
    };
    let draft = Draft::new(what, row, call, tenant).of(update.user()).permitted(permit);
    let not_sent = |fault| draft.not_sent(fault);
    let values = core.values(&draft).await.map_err(not_sent)?;
    let (authorisation, until) = if call.carries_authorisation() {
        core.authorisation(tenant).await.map_err(not_sent)?.parts()
    } else {
        (None, None)
    };
    let values = Values { authorisation, ..values };
    let body = wire::update(update, &call.body, &core.account.username, &|place| values.of(place));
    let mut body = body.map_err(|why| core.not_made(&draft.what, draft.row.name(), &why))?;
    secrets.add_to(&mut body);
    let payload = Payload::Text(body.to_string());
    let (request, mut answer) = core.call_with(&draft, &values, payload, until).await?;
    answer.redactor = secrets.redactor(&answer.redactor);
    outcome::write(&request, &answer, accepted_by(&draft))
}

/// The call as it only stores: who authorises it would have it switch calling on as well (contract
/// 5.3), and that is a step of its own.
fn without_authorisation(call: &Endpoint) -> Endpoint {
    let body = if call.carries_authorisation() { BodyFormat::Tenant } else { call.body.clone() };
    Endpoint { body, ..call.clone() }
}

impl fmt::Debug for TenantWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("hosts", &self.accounts.hosts()).finish_non_exhaustive()
    }
}
