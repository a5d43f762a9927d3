//! A tenant that is written with a token of its own: the enterprise-level token, and beside it in each body the Microsoft token
//! set of one of the customer's Global Admins (contract 2.3, 2.4).

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    auth::{Answer, Auth, Login},
    call::Core,
    grant::Grant,
    login::{self, Credentials},
    msal::{self, Msal},
    outcome,
    transport::{Payload, Request},
};
use crate::{
    config::{Body, Enterprise},
    model::{Consent, TenantRef},
    ports::{Fault, FaultKind},
};

/// One such tenant.
pub(super) struct Delegate {
    settings: Enterprise,
    pub(super) auth: Auth,
    msal: Msal,
}

/// The tenant at its account.
pub(super) struct Delegated<'a> {
    pub(super) core: &'a Core,
    pub(super) delegate: &'a Delegate,
    pub(super) tenant: &'a TenantRef,
}

impl Delegate {
    pub(super) fn new(settings: &Enterprise) -> Self {
        Self { settings: settings.clone(), auth: Auth::default(), msal: Msal::new(settings.msal.clone()) }
    }
}

impl Delegated<'_> {
    /// What stands in a body where the consent object would: the whole `MSALAuthenticationResult`.
    pub(super) async fn authorisation(&self) -> Result<Value, Fault> {
        let set = self.delegate.msal.usable(self, msal::LEAST).await?;
        Ok(json!({ "authenticationResult": set.to_json() }))
    }

    /// Sends a request with the enterprise's token.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        let mut answer = self.delegate.auth.send(self.core.transport(), request, self).await?;
        answer.redactor = answer.redactor.and(self.delegate.msal.secrets().await);
        Ok(answer)
    }

    /// What stands for consent: a token set that is good for at least so long.
    pub(super) async fn consent(&self, least: Duration) -> Consent {
        match self.delegate.msal.usable(self, least).await {
            Ok(_) => Consent::Granted,
            Err(fault) => Consent::TokenUnusable(fault.message),
        }
    }

    /// Asks the service for a fresh token set (contract 2.4); `None` if the table does not say how.
    pub(super) async fn refresh(&self, old: &msal::TokenSet) -> Option<Result<SecretString, Fault>> {
        let call = self.core.account.endpoints.refresh_msal.as_ref()?;
        Some(self.send_refresh(call, old).await)
    }

    async fn send_refresh(&self, call: &crate::config::Call, old: &msal::TokenSet) -> Result<SecretString, Fault> {
        let what = format!("renew the Microsoft token of {}", self.tenant.name);
        let whole = json!({ "authenticationResult": old.to_json() });
        let body = if call.body == Body::Wrapped { json!({ "authenticationResult": whole }) } else { whole };
        let path = self.core.fill(&what, "refreshMsal", &call.path, self.tenant).await?;
        let request = Request {
            what,
            row: "refreshMsal",
            method: call.method,
            template: call.path.clone(),
            url: path,
            payload: Payload::Text(body.to_string()),
            limit: super::call::MAX_ANSWER,
        };
        let mut answer = self.delegate.auth.send(self.core.transport(), &request, self).await.map_err(login::before_the_call)?;
        answer.redactor = answer.redactor.and(old.secrets());
        outcome::read(&request, &answer).map(|value| value.to_string().into()).map_err(login::before_the_call)
    }
}

impl Login for Delegated<'_> {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} for {}", self.core.host(), self.tenant.name);
        let place = format!("`connectToTeams.enterprises.{}.credentials`", self.tenant.name);
        let unusable = |why: &str| {
            Fault::new(FaultKind::NotConfigured, format!("{what}: the credentials of the enterprise cannot be used: {why}"))
                .hint(format!("{place} is the JSON that `dialplane credentials regenerate {}` writes", self.tenant.name))
        };
        let read = self.delegate.settings.credentials.read().await.map_err(|error| unusable(&error.to_string()))?;
        let credentials = Credentials::of_enterprise(&read).map_err(unusable)?;
        self.core.log_in_with(what.clone(), credentials).await.map_err(|fault| match fault.kind {
            FaultKind::Auth => fault.hint(format!(
                "the credentials in {place} are not accepted: whoever makes new ones, here or in the portal, ends the former; put the \
                 newest there"
            )),
            _ => fault,
        })
    }
}
