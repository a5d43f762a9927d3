//! Changing a tenant: the four calls of contract 4, each sent once.

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::{
    accounts::Accounts,
    call::{Core, Draft},
    msal, outcome,
    transport::Payload,
    wire,
};
use crate::{
    config::{Accept, Body, Call},
    model::{Consent, TenantRef, UpdateRequest, Upn},
    ports::{Fault, Provisioner},
};

/// Writes through `ConnecttoTeams`.
#[derive(Clone)]
pub struct Writer {
    accounts: Arc<Accounts>,
}

impl Writer {
    pub(super) fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }
}

impl Provisioner for Writer {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        let core = self.accounts.of(tenant)?;
        core.told(core.consent(tenant, msal::LEAST).await)
    }

    async fn enable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        let core = self.accounts.of(tenant)?;
        let what = format!("enable calling of {user} in {}", tenant.name);
        core.told(write(core, &Draft::new(what, "enable", &core.account.endpoints.enable, tenant).of(user)).await)
    }

    async fn disable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        let core = self.accounts.of(tenant)?;
        let what = format!("disable calling of {user} in {}", tenant.name);
        core.told(write(core, &Draft::new(what, "disable", &core.account.endpoints.disable, tenant).of(user)).await)
    }

    async fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
        let core = self.accounts.of(tenant)?;
        core.told(send_update(core, tenant, update).await)
    }

    async fn sync(&self, tenant: &TenantRef) -> Result<(), Fault> {
        let core = self.accounts.of(tenant)?;
        let what = format!("sync the registrations of {}", tenant.name);
        core.told(write(core, &Draft::new(what, "sync", &core.account.endpoints.sync, tenant)).await)
    }
}

async fn write(core: &Core, draft: &Draft<'_>) -> Result<(), Fault> {
    let (request, answer) = core.call(draft).await?;
    outcome::write(&request, &answer, accepted_by(draft.row, draft.call))
}

/// What counts as a yes where the table does not say. An observation shows what became of a user, so that an answer of no known
/// meaning can wait for it; none shows a sync, which would be sent for ever.
fn accepted_by(row: &str, call: &Call) -> Accept {
    call.accept.unwrap_or(if row == "sync" { Accept::Status } else { Accept::Json })
}

async fn send_update(core: &Core, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
    let call = &core.account.endpoints.update;
    let what = format!("update {} in {}", update.user(), tenant.name);
    let draft = Draft::new(what, "update", call, tenant).of(update.user());
    let authorisation = match call.body {
        Body::None | Body::Text => Value::Null,
        Body::Flat | Body::Wrapped => core.authorisation(tenant).await?,
    };
    let payload = Payload::Text(wire::update(update, authorisation, call.body).to_string());
    let (request, answer) = core.call_with(&draft, payload).await?;
    outcome::write(&request, &answer, accepted_by(draft.row, call))
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("hosts", &self.accounts.hosts()).finish_non_exhaustive()
    }
}
