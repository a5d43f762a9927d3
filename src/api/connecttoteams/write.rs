//! Changing a tenant: the four calls of contract 4, each sent once.

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::{
    call::{Core, Draft},
    outcome,
    transport::Payload,
    wire,
};
use crate::{
    config::Body,
    model::{Consent, TenantRef, UpdateRequest, Upn},
    ports::{Fault, Provisioner},
};

/// Writes through `ConnecttoTeams`.
#[derive(Clone)]
pub struct Writer {
    core: Arc<Core>,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    async fn write(&self, draft: &Draft<'_>) -> Result<(), Fault> {
        let (request, answer) = self.core.call(draft).await?;
        outcome::write(&request, &answer)
    }
}

impl Provisioner for Writer {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        self.core.consent(tenant).await
    }

    async fn enable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        let what = format!("enable calling of {user} in {}", tenant.name);
        self.write(&Draft::new(what, "enable", &self.core.account.endpoints.enable, tenant).of(user)).await
    }

    async fn disable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        let what = format!("disable calling of {user} in {}", tenant.name);
        self.write(&Draft::new(what, "disable", &self.core.account.endpoints.disable, tenant).of(user)).await
    }

    async fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
        let call = &self.core.account.endpoints.update;
        let what = format!("update {} in {}", update.user(), tenant.name);
        let draft = Draft::new(what, "update", call, tenant).of(update.user());
        let consent = match call.body {
            Body::None | Body::Text => Value::Null,
            Body::Flat | Body::Wrapped => self.core.consent_object(tenant).await?,
        };
        let payload = Payload::Text(wire::update(update, consent, call.body).to_string());
        let (request, answer) = self.core.call_with(&draft, payload).await?;
        outcome::write(&request, &answer)
    }

    async fn sync(&self, tenant: &TenantRef) -> Result<(), Fault> {
        let what = format!("sync the registrations of {}", tenant.name);
        self.write(&Draft::new(what, "sync", &self.core.account.endpoints.sync, tenant)).await
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("host", &self.core.host()).finish_non_exhaustive()
    }
}
