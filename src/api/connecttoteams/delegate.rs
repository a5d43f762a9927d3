//! A tenant that is written with a token of its own: the enterprise-level token, and beside it in
//! each body the Microsoft token set of one of the customer's Global Admins (contract 2.3, 2.4).

use secrecy::SecretString;
use serde_json::json;

use super::{
    auth::{Answer, Auth, Login},
    call::{Authorisation, Core, Draft, Values, filled},
    gate::Pace,
    grant::Grant,
    login::{self, Credentials},
    msal::{self, Msal, Purpose},
    outcome,
    transport::{Payload, Request, Until},
};
use crate::{
    config::{Body, Enterprise},
    model::{Consent, Fault, FaultKind, TenantRef},
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
    pub(super) fn new(settings: &Enterprise, pace: &Pace) -> Self {
        Self {
            settings: settings.clone(),
            auth: Auth::new(pace),
            msal: Msal::new(settings.msal.clone()),
        }
    }
}

impl Delegated<'_> {
    /// What stands in a body where the consent object would: the whole `MSALAuthenticationResult`,
    /// until its end.
    pub(super) async fn authorisation(&self) -> Result<Authorisation, Fault> {
        let set = self.delegate.msal.usable(self, Purpose::Write).await?;
        let message = format!(
            "the Microsoft token of {} ended at {} while the call waited",
            self.tenant.name,
            set.shown_end()
        );
        let fault = Fault::new(FaultKind::Auth, message).hint(msal::hint(self.tenant));
        let until = Some(Until { at: set.ends_at, fault });
        Ok(Authorisation { json: json!({ "authenticationResult": set.to_json() }), until })
    }

    /// Sends a request with the enterprise's token.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        let mut answer = self.delegate.auth.send(self.core.transport(), request, self).await?;
        answer.redactor = answer.redactor.and(self.delegate.msal.secrets().await);
        Ok(answer)
    }

    /// What stands for consent: a token set that is good for long enough, or can be renewed in
    /// time.
    pub(super) async fn consent(&self, purpose: Purpose) -> Consent {
        match self.delegate.msal.usable(self, purpose).await {
            Ok(_) => Consent::Granted,
            Err(fault) => Consent::TokenUnusable(fault.message),
        }
    }

    /// Whether the table says how a token set is renewed.
    pub(super) fn can_renew(&self) -> bool {
        self.core.account.endpoints.refresh_msal.is_some()
    }

    /// What is to be told of the token set in use, if it is to be renewed before the first write.
    pub(super) async fn to_be_renewed(&self) -> Option<String> {
        self.delegate.msal.to_be_renewed().await
    }

    /// Asks the service for a fresh token set (contract 2.4); `None` if the table does not say how.
    pub(super) async fn refresh(
        &self,
        old: &msal::TokenSet,
    ) -> Option<Result<SecretString, Fault>> {
        let call = self.core.account.endpoints.refresh_msal.as_ref()?;
        Some(self.send_refresh(call, old).await)
    }

    async fn send_refresh(
        &self,
        call: &crate::config::Call,
        old: &msal::TokenSet,
    ) -> Result<SecretString, Fault> {
        let what = format!("renew the Microsoft token of {}", self.tenant.name);
        let whole = json!({ "authenticationResult": old.to_json() });
        let draft = Draft::new(what.clone(), "refreshMsal", call, self.tenant);
        let values =
            Values { authorisation: Some(whole.clone()), ..self.core.values(&draft).await? };
        let payload = match &call.body {
            Body::Wrapped => Payload::Text(json!({ "authenticationResult": whole }).to_string()),
            Body::Template(template) => filled(&draft, template, &values)?,
            Body::None | Body::Text | Body::Flat => Payload::Text(whole.to_string()),
        };
        let url = self.core.url(&what, "refreshMsal", &call.path, &values)?;
        let request = Request {
            what,
            row: "refreshMsal",
            method: call.method,
            template: call.path.clone(),
            url,
            payload,
            limit: super::call::MAX_ANSWER,
            until: None,
        };
        let mut answer = self
            .delegate
            .auth
            .send(self.core.transport(), &request, self)
            .await
            .map_err(login::before_the_call)?;
        answer.redactor = answer.redactor.and(old.secrets());
        outcome::read(&request, &answer)
            .map(|value| value.to_string().into())
            .map_err(login::before_the_call)
    }
}

impl Login for Delegated<'_> {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} for {}", self.core.host(), self.tenant.name);
        let place = format!("`connectToTeams.enterprises.{}.credentials`", self.tenant.name);
        let unusable = |why: &str| {
            Fault::new(
                FaultKind::NotConfigured,
                format!("{what}: the credentials of the enterprise cannot be used: {why}"),
            )
            .hint(format!(
                "{place} is the JSON that `dialplane credentials regenerate {}` writes",
                self.tenant.name
            ))
        };
        let read = self
            .delegate
            .settings
            .credentials
            .read_document()
            .await
            .map_err(|error| unusable(&error.to_string()))?;
        let credentials = Credentials::of_enterprise(&read.secret).map_err(unusable)?;
        self.core.log_in_with(what.clone(), credentials).await.map_err(|fault| match fault.kind {
            FaultKind::Auth => fault.hint(format!(
                "the credentials in {place} are not accepted: whoever makes new ones, here or in \
                    the portal, ends the former; put the newest there"
            )),
            _ => fault,
        })
    }

    async fn stamp(&self) -> String {
        format!("{:?}", self.delegate.settings.credentials.stamp().await)
    }
}
