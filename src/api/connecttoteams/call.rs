//! What reader and writer share: the account, its token, its reseller id, and how a call is prepared and sent.

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

use super::{
    address::{Base, Places, fill},
    auth::{Answer, Auth, Login, Token},
    grant::Grant,
    login::{self, before_the_call},
    outcome,
    transport::{Payload, Request, Transport},
};
use crate::{
    config::{Account, Body, Call},
    model::{TenantRef, Upn},
    ports::{Fault, FaultKind},
};

/// The most that an answer may hold that is not a list.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;

/// One account at the service.
pub(super) struct Core {
    pub(super) account: Account,
    base: Base,
    transport: Transport,
    auth: Auth,
    reseller: OnceCell<i64>,
}

/// A call to one tenant, before it becomes a request.
pub(super) struct Draft<'a> {
    /// In plain words, such as `list users of contoso`.
    pub what: String,
    /// The row in the endpoint table.
    pub row: &'static str,
    /// How the row says to make it.
    pub call: &'a Call,
    /// The path, where it is more than the row's: a page.
    pub path: &'a str,
    /// For which tenant.
    pub tenant: &'a TenantRef,
    /// For which user.
    pub user: Option<&'a Upn>,
    /// The most that its answer may hold.
    pub limit: usize,
}

impl<'a> Draft<'a> {
    /// A call as its row describes it.
    pub(super) fn new(what: String, row: &'static str, call: &'a Call, tenant: &'a TenantRef) -> Self {
        Self { what, row, call, path: &call.path, tenant, user: None, limit: MAX_ANSWER }
    }

    /// The same for one user.
    pub(super) fn of(self, user: &'a Upn) -> Self {
        Self { user: Some(user), ..self }
    }

    fn fault(&self, why: &str) -> Fault {
        Fault::new(FaultKind::NotConfigured, format!("{}: {why}", self.what))
            .hint(format!("correct `connectToTeams.endpoints.{}`", self.row))
    }
}

impl Core {
    pub(super) fn new(account: Account, base: Base) -> Result<Self, Fault> {
        let transport = Transport::new(&base, account.timeout)?;
        Ok(Self { account, base, transport, auth: Auth::default(), reseller: OnceCell::new() })
    }

    /// The service as messages name it.
    pub(super) fn host(&self) -> &str {
        self.transport.host()
    }

    /// A usable token.
    pub(super) async fn token(&self) -> Result<Token, Fault> {
        self.auth.token(self).await
    }

    /// Whose reseller we are. Asked once, however many wait; kept once known.
    pub(super) async fn reseller_id(&self) -> Result<i64, Fault> {
        match self.account.reseller_id {
            Some(id) => Ok(id),
            None => self.reseller.get_or_try_init(|| self.ask_reseller_id()).await.copied(),
        }
    }

    /// `getAuthenticatedUser` (contract 2.2). Its faults are those of a preparing call: what it prepares was not sent.
    async fn ask_reseller_id(&self) -> Result<i64, Fault> {
        let call = &self.account.endpoints.who_am_i;
        let what = format!("ask {} for the reseller id of {}", self.host(), self.account.username);
        let unusable = |why: String| {
            Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"))
                .hint("set `connectToTeams.resellerId`, then it need not be asked for")
        };
        let request = Request {
            what: what.clone(),
            row: "whoAmI",
            method: call.method,
            template: call.path.clone(),
            url: self.base.at(&call.path).map_err(unusable)?,
            // Bare, as the vendor shows it; whether quotes are understood is unknown (contract 10 #19).
            payload: Payload::Text(self.account.username.clone()),
            limit: MAX_ANSWER,
        };
        let answer = self.send(&request).await.and_then(|answer| outcome::read(&request, &answer)).map_err(|fault| {
            match fault.kind {
                // Refusing this call refuses every call that needs the id.
                FaultKind::Rejected => unusable(fault.message),
                _ => before_the_call(fault),
            }
        })?;
        let id = answer.get("resellerId").and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
        id.filter(|id| *id > 0).ok_or_else(|| unusable("the answer names no `resellerId`".to_owned()))
    }

    /// The consent object (contract 2.4).
    pub(super) async fn consent_object(&self, tenant: &TenantRef) -> Result<Value, Fault> {
        Ok(json!({ "tenantId": tenant.id.as_str(), "resellerId": self.reseller_id().await? }))
    }

    /// Prepares and sends a call whose body is what its row says.
    pub(super) async fn call(&self, draft: &Draft<'_>) -> Result<(Request, Answer), Fault> {
        let payload = match draft.call.body {
            Body::None => Payload::Empty,
            Body::Text => Payload::Text(draft.tenant.id.to_string()),
            Body::Flat => Payload::Text(self.consent_object(draft.tenant).await?.to_string()),
            Body::Wrapped => {
                let consent = self.consent_object(draft.tenant).await?;
                Payload::Text(json!({ "authenticationResult": consent }).to_string())
            }
        };
        self.call_with(draft, payload).await
    }

    /// The same with a body of its own.
    pub(super) async fn call_with(&self, draft: &Draft<'_>, payload: Payload) -> Result<(Request, Answer), Fault> {
        let reseller = if draft.path.contains("{resellerId}") { Some(self.reseller_id().await?) } else { None };
        let places = Places { tenant: Some(draft.tenant.id.as_str()), reseller, user: draft.user.map(Upn::as_str) };
        let path = fill(draft.path, places).map_err(|why| draft.fault(&why))?;
        let request = Request {
            what: draft.what.clone(),
            row: draft.row,
            method: draft.call.method,
            template: draft.path.to_owned(),
            url: self.base.at(&path).map_err(|why| draft.fault(&why))?,
            payload,
            limit: draft.limit,
        };
        let user = draft.user.map(tracing::field::display);
        let span = tracing::debug_span!("call", row = draft.row, tenant = %draft.tenant.name, user);
        let answer = self.send(&request).instrument(span).await?;
        Ok((request, answer))
    }

    /// Sends a request with the token.
    async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        self.auth.send(&self.transport, request, self).await
    }
}

impl Login for Core {
    async fn log_in(&self) -> Result<Grant, Fault> {
        login::log_in(&self.account, &self.base, &self.transport).await
    }
}
