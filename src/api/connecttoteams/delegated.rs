//! A tenant that is written with a token of its own: the enterprise-level token, and beside it in
//! each body the Microsoft token set of one of the customer's Global Admins (contract 2.3, 2.4).

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::json;

use super::{
    auth::{Answer, Login},
    call::{Authorisation, Draft, Values, filled},
    core::{Core, MAX_ANSWER},
    delegate::Delegate,
    grant::Grant,
    login::{self, Credentials},
    msal::{self, Purpose, Renewal, TokenSet},
    outcome,
    section::Section,
    transport::{HttpRequest, Payload, Until},
};
use crate::{
    config::{BodyFormat, Endpoint, EndpointRow},
    model::{Consent, Fault, FaultKind, TenantRef},
    ports::Permit,
};

/// The tenant at its account.
pub(super) struct Delegated<'a> {
    pub(super) core: &'a Core,
    pub(super) delegate: &'a Delegate,
    pub(super) tenant: &'a TenantRef,
}

impl Core {
    /// The tenant, if it is written with a token of its own.
    pub(super) fn delegated<'a>(&'a self, tenant: &'a TenantRef) -> Option<Delegated<'a>> {
        Some(Delegated { core: self, delegate: self.delegates.get(&tenant.name)?, tenant })
    }
}

impl Delegated<'_> {
    /// What is in a body where the consent object would be: the whole `MSALAuthenticationResult`,
    /// until its end.
    pub(super) async fn authorisation(&self) -> Result<Authorisation, Fault> {
        let set = self.delegate.msal.usable(self, Purpose::Write).await?;
        let message = format!(
            "the Microsoft token of {} ended at {} while the call waited",
            self.tenant.name,
            set.shown_end()
        );
        let fault =
            Fault::new(FaultKind::Auth, message).hint(msal::hint(self.core.section(), self.tenant));
        let until = Some(Until { at: set.ends_at, fault });
        Ok(Authorisation { json: json!({ "authenticationResult": set.to_json() }), until })
    }

    /// Sends a request with the enterprise's token.
    pub(super) async fn send(&self, request: &HttpRequest) -> Result<Answer, Fault> {
        let mut answer = self.delegate.auth.send(self.core.transport(), request, self).await?;
        answer.redactor = answer.redactor.and(self.delegate.msal.secrets().await);
        Ok(answer)
    }

    /// What counts as consent: a token set that is good for long enough, or can be renewed in
    /// time.
    pub(super) async fn consent(&self, purpose: Purpose) -> Consent {
        match self.delegate.msal.usable(self, purpose).await {
            Ok(_) => Consent::Granted,
            Err(fault) => Consent::TokenUnusable(fault.message),
        }
    }

    /// What is to be told of the token set in use, if it is to be renewed before the first write.
    pub(super) async fn to_be_renewed(&self) -> Option<String> {
        self.delegate.msal.to_be_renewed().await
    }

    async fn send_refresh(&self, call: &Endpoint, old: &TokenSet) -> Result<SecretString, Fault> {
        let what = format!("renew the Microsoft token of {}", self.tenant.name);
        let whole = json!({ "authenticationResult": old.to_json() });
        let draft = Draft::new(what.clone(), EndpointRow::RefreshMsal, call, self.tenant);
        let values =
            Values { authorisation: Some(whole.clone()), ..self.core.values(&draft).await? };
        let payload = match &call.body {
            BodyFormat::Wrapped => {
                Payload::Text(json!({ "authenticationResult": whole }).to_string())
            }
            BodyFormat::Template(template) => filled(self.core, &draft, template, &values)?,
            BodyFormat::None | BodyFormat::Text | BodyFormat::Tenant | BodyFormat::Flat => {
                Payload::Text(whole.to_string())
            }
        };
        let url = values.url(self.core, &what, EndpointRow::RefreshMsal, &call.path)?;
        let request = HttpRequest {
            what,
            section: self.core.section().clone(),
            row: EndpointRow::RefreshMsal.name(),
            effort: EndpointRow::RefreshMsal.effort(),
            method: call.method,
            template: call.path.clone(),
            url,
            payload,
            limit: MAX_ANSWER,
            until: None,
            permit: Permit::default(),
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

impl Renewal for Delegated<'_> {
    fn tenant(&self) -> &TenantRef {
        self.tenant
    }

    fn section(&self) -> &Section {
        self.core.section()
    }

    fn can_renew(&self) -> bool {
        self.core.account.endpoints.refresh_msal.is_some()
    }

    // Boxed: the call itself may have to ask who authorises it.
    fn renew<'a>(
        &'a self,
        old: &'a TokenSet,
    ) -> BoxFuture<'a, Option<Result<SecretString, Fault>>> {
        Box::pin(async move {
            let call = self.core.account.endpoints.refresh_msal.as_ref()?;
            Some(self.send_refresh(call, old).await)
        })
    }
}

impl Login for Delegated<'_> {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} for {}", self.core.host(), self.tenant.name);
        let place =
            self.core.section().key(&format!("enterprises.{}.credentials", self.tenant.name));
        let hint = format!(
            "{place} is the JSON that `dialplane credentials regenerate {}` writes",
            self.tenant.name
        );
        let unusable = |why: &str| {
            let message =
                format!("{what}: the credentials of the enterprise cannot be used: {why}");
            Fault::new(FaultKind::NotConfigured, message).hint(hint.clone())
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
                "the credentials in {place} are not accepted: new ones, made here or in the portal, \
                    end the former; put the newest there"
            )),
            _ => fault,
        })
    }

    async fn stamp(&self) -> String {
        format!("{:?}", self.delegate.settings.credentials.stamp().await)
    }
}
