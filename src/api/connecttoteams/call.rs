//! What reader and writer share: the account, its token, its reseller id, and how a call is prepared and sent.

use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

use super::{
    address::{Base, Places, fill},
    auth::{Answer, Auth, Login, Token},
    delegate::{Delegate, Delegated},
    grant::Grant,
    inventory::Kept,
    login::{self, Credentials, before_the_call},
    outcome, table,
    transport::{Payload, Request, Transport},
};
use crate::{
    config::{Account, Body, Call, Method},
    model::{TenantName, TenantRef, Upn},
    ports::{Fault, FaultKind},
};

/// The most that an answer may hold that is not a list.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;

/// One account at the service.
pub(super) struct Core {
    /// Where it stands in the settings.
    section: String,
    pub(super) account: Account,
    base: Base,
    transport: Transport,
    auth: Auth,
    identity: OnceCell<Identity>,
    pub(super) inventory: Kept,
    delegates: BTreeMap<TenantName, Delegate>,
}

/// Who the service says that we are (contract 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The reseller or master reseller.
    pub reseller: i64,
    /// Which of them; other values than `RESELLER` are not documented.
    pub kind: String,
    /// Whether the first password was changed, if the answer says so.
    pub password_changed: Option<bool>,
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

    /// Whether it needs the right to change the tenant: the four calls that do, and whatever carries what gives that right.
    fn needs_authorisation(&self) -> bool {
        matches!(self.row, "enable" | "disable" | "update" | "sync") || matches!(self.call.body, Body::Flat | Body::Wrapped)
    }
}

impl Core {
    /// Checks the account and prepares connections; nothing is sent yet and no secret is read.
    pub(super) fn new(section: String, account: Account) -> Result<Self, Fault> {
        let prepared = Self::prepare(&account);
        let (base, transport) = prepared.map_err(|fault| in_section(&section, fault))?;
        let named = account.enterprises.iter().filter_map(|(name, settings)| Some((TenantName::parse(name).ok()?, settings)));
        let delegates = named.map(|(name, settings)| (name, Delegate::new(settings))).collect();
        let (auth, identity, inventory) = (Auth::default(), OnceCell::new(), Kept::default());
        Ok(Self { section, account, base, transport, auth, identity, inventory, delegates })
    }

    fn prepare(account: &Account) -> Result<(Base, Transport), Fault> {
        let problems = table::problems(&account.endpoints);
        if let Some((row, problem)) = problems.first() {
            let more = match problems.len() - 1 {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            let message = format!("the endpoint table cannot be used: `{row}`: {problem}{more}");
            return Err(Fault::new(FaultKind::NotConfigured, message).hint("correct `connectToTeams.endpoints`"));
        }
        if account.timeout.is_zero() {
            return Err(Fault::new(FaultKind::NotConfigured, "no call can be made within no time")
                .hint("set `connectToTeams.timeout` to a duration such as 60s"));
        }
        let base = Base::parse(&account.base_url, "connectToTeams", "baseUrl")?;
        let transport = Transport::new(&base, account.timeout)?;
        Ok((base, transport))
    }

    /// The service as messages name it.
    pub(super) fn host(&self) -> &str {
        self.transport.host()
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Where it stands in the settings.
    pub(super) fn section(&self) -> &str {
        &self.section
    }

    /// What is told of this account: messages are written for the section that most have.
    pub(super) fn told<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| in_section(&self.section, fault))
    }

    /// A usable token.
    pub(super) async fn token(&self) -> Result<Token, Fault> {
        self.auth.token(self).await
    }

    /// The tenant, if it is written with a token of its own.
    pub(super) fn delegated<'a>(&'a self, tenant: &'a TenantRef) -> Option<Delegated<'a>> {
        Some(Delegated { core: self, delegate: self.delegates.get(&tenant.name)?, tenant })
    }

    /// Whose reseller we are: configured, or asked once, however many wait.
    pub(super) async fn reseller_id(&self) -> Result<i64, Fault> {
        match self.account.reseller_id {
            Some(id) => Ok(id),
            None => self.identity().await.map(|identity| identity.reseller),
        }
    }

    /// Whether the service answers at all, whatever it says: asked without credentials.
    pub(super) async fn reach(&self) -> Result<(), Fault> {
        let what = format!("look whether {} answers", self.host());
        let url = self.base.at("/").map_err(|why| Fault::new(FaultKind::NotConfigured, format!("{what}: {why}")))?;
        let (row, method, template) = ("reach", Method::Get, "/".to_owned());
        let request = Request { what, row, method, template, url, payload: Payload::Empty, limit: MAX_ANSWER };
        match self.transport.exchange(&request, |builder| builder).await {
            Err(fault) if matches!(fault.kind, FaultKind::Unreachable | FaultKind::NoAnswer | FaultKind::NotConfigured) => {
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    /// Who we are. Kept once known.
    pub(super) async fn identity(&self) -> Result<&Identity, Fault> {
        self.identity.get_or_try_init(|| self.ask_identity()).await
    }

    /// `getAuthenticatedUser` (contract 2.2). Its faults are those of a preparing call: what it prepares was not sent.
    async fn ask_identity(&self) -> Result<Identity, Fault> {
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
        let reseller = id.filter(|id| *id > 0).ok_or_else(|| unusable("the answer names no `resellerId`".to_owned()))?;
        let kind = answer.get("type").and_then(Value::as_str).unwrap_or("RESELLER").to_owned();
        Ok(Identity { reseller, kind, password_changed: answer.get("passwordChanged").and_then(Value::as_bool) })
    }

    /// What authorises a change of a tenant (contract 2.4): the consent object, or the Microsoft token set of its own.
    pub(super) async fn authorisation(&self, tenant: &TenantRef) -> Result<Value, Fault> {
        match self.delegated(tenant) {
            Some(delegated) => delegated.authorisation().await,
            None => Ok(json!({ "tenantId": tenant.id.as_str(), "resellerId": self.reseller_id().await? })),
        }
    }

    /// The URL of a row for a tenant.
    pub(super) async fn fill(&self, what: &str, row: &str, path: &str, tenant: &TenantRef) -> Result<Url, Fault> {
        self.filled(what, row, path, Places { tenant: Some(tenant.id.as_str()), ..Places::default() }).await
    }

    /// The URL of a row; the reseller is found out if the path needs it.
    pub(super) async fn filled(&self, what: &str, row: &str, path: &str, places: Places<'_>) -> Result<Url, Fault> {
        let unknown = path.contains("{resellerId}") && places.reseller.is_none();
        let reseller = if unknown { Some(self.reseller_id().await?) } else { places.reseller };
        let url = fill(path, Places { reseller, ..places }).and_then(|path| self.base.at(&path));
        url.map_err(|why| {
            Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"))
                .hint(format!("correct `connectToTeams.endpoints.{row}`"))
        })
    }

    /// Prepares and sends a call whose body is what its row says.
    pub(super) async fn call(&self, draft: &Draft<'_>) -> Result<(Request, Answer), Fault> {
        let payload = match draft.call.body {
            Body::None => Payload::Empty,
            Body::Text => Payload::Text(draft.tenant.id.to_string()),
            Body::Flat => Payload::Text(self.authorisation(draft.tenant).await?.to_string()),
            Body::Wrapped => {
                let authorisation = self.authorisation(draft.tenant).await?;
                Payload::Text(json!({ "authenticationResult": authorisation }).to_string())
            }
        };
        self.call_with(draft, payload).await
    }

    /// The same with a body of its own.
    pub(super) async fn call_with(&self, draft: &Draft<'_>, payload: Payload) -> Result<(Request, Answer), Fault> {
        let places = Places { tenant: Some(draft.tenant.id.as_str()), reseller: None, user: draft.user.map(Upn::as_str) };
        let url = self.filled(&draft.what, draft.row, draft.path, places).await?;
        let request = Request {
            what: draft.what.clone(),
            row: draft.row,
            method: draft.call.method,
            template: draft.path.to_owned(),
            url,
            payload,
            limit: draft.limit,
        };
        let user = draft.user.map(tracing::field::display);
        let span = tracing::debug_span!("call", row = draft.row, tenant = %draft.tenant.name, user);
        let delegated = self.delegated(draft.tenant).filter(|_| draft.needs_authorisation());
        let answer = match &delegated {
            Some(delegated) => delegated.send(&request).instrument(span).await?,
            None => self.send(&request).instrument(span).await?,
        };
        Ok((request, answer))
    }

    /// Sends a request with the account's token.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        self.auth.send(&self.transport, request, self).await
    }
}

impl Core {
    /// Asks for a token with any credentials that this service gives out.
    pub(super) async fn log_in_with(&self, what: String, credentials: Credentials) -> Result<Grant, Fault> {
        login::log_in(&self.account.endpoints.token, &self.base, &self.transport, what, credentials).await
    }
}

impl Login for Core {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} as {}", self.base.host(), self.account.username);
        let credentials = Credentials::of_account(&self.account, &what).await?;
        self.log_in_with(what, credentials).await
    }
}

/// The fault with the account's own section in place of the usual one.
fn in_section(section: &str, fault: Fault) -> Fault {
    const USUAL: &str = "`connectToTeams";
    let section = format!("`{section}");
    let hint = fault.hint.map(|hint| hint.replace(USUAL, &section));
    Fault { message: fault.message.replace(USUAL, &section), hint, ..fault }
}
