//! What reader and writer share: the account, its token, its reseller id, and how a call is
//! prepared and sent.

use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

use super::{
    address::{Base, Places, fill},
    auth::{Answer, Auth, Login, Token},
    delegate::{Delegate, Delegated},
    gate::Pace,
    grant::Grant,
    identity::Identity,
    inventory::Kept,
    login::{self, Credentials},
    reseller::Known,
    table::PageNumbers,
    transport::{Payload, Request, Transport, Until},
};
use crate::{
    config::{AUTHORISATION, Account, Body, Call, Method, Problem, Template},
    model::{Fault, FaultKind, TenantName, TenantRef, Upn},
    words::clauses,
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
    pub(super) pace: Pace,
    pub(super) identity: OnceCell<Identity>,
    pub(super) known: Known,
    pub(super) inventory: Kept,
    delegates: BTreeMap<TenantName, Delegate>,
}

/// Who authorises a call, and until when.
pub(super) struct Authorisation {
    /// The object as it is sent.
    pub json: Value,
    /// Its end, if it has one.
    pub until: Option<Until>,
}

impl Authorisation {
    pub(super) fn parts(self) -> (Option<Value>, Option<Until>) {
        (Some(self.json), self.until)
    }
}

/// What the places of a call are filled with.
#[derive(Default)]
pub(super) struct Values<'a> {
    pub tenant: Option<&'a TenantRef>,
    pub reseller: Option<i64>,
    pub enterprise: Option<Value>,
    pub user: Option<&'a Upn>,
    pub page: Option<PageNumbers>,
    pub authorisation: Option<Value>,
}

impl Values<'_> {
    /// The value of a place in a body.
    pub(super) fn of(&self, place: &str) -> Option<Value> {
        match place {
            "tenantId" => self.tenant.map(|tenant| tenant.id.as_str().into()),
            "resellerId" => self.reseller.map(Into::into),
            "enterpriseId" => self.enterprise.clone(),
            "userPrincipalName" => self.user.map(|user| user.as_str().into()),
            AUTHORISATION => self.authorisation.clone(),
            other => self.page.and_then(|page| page.get(other)).map(Into::into),
        }
    }
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
    /// For which page.
    pub page: Option<PageNumbers>,
    /// The most that its answer may hold.
    pub limit: usize,
}

impl<'a> Draft<'a> {
    /// A call as its row describes it.
    pub(super) fn new(
        what: String,
        row: &'static str,
        call: &'a Call,
        tenant: &'a TenantRef,
    ) -> Self {
        Self {
            what,
            row,
            call,
            path: &call.path,
            tenant,
            user: None,
            page: None,
            limit: MAX_ANSWER,
        }
    }

    /// The same for one user.
    pub(super) fn of(self, user: &'a Upn) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Whether it needs the right to change the tenant: the four calls that do, and whatever
    /// carries what gives that right.
    fn needs_authorisation(&self) -> bool {
        matches!(self.row, "enable" | "disable" | "update" | "sync")
            || matches!(self.call.body, Body::Flat | Body::Wrapped)
            || self.call.body.names(AUTHORISATION)
    }
}

impl Core {
    /// Checks the account and prepares connections; nothing is sent yet and no secret is read.
    pub(super) fn new(section: String, account: Account) -> Result<Self, Fault> {
        let prepared = Self::prepare(&account);
        let (base, transport) = prepared.map_err(|fault| in_section(&section, fault))?;
        let named = account
            .enterprises
            .iter()
            .filter_map(|(name, settings)| Some((TenantName::parse(name).ok()?, settings)));
        let pace = Pace::default();
        let delegates =
            named.map(|(name, settings)| (name, Delegate::new(settings, &pace))).collect();
        let (auth, identity, inventory, known) =
            (Auth::new(&pace), OnceCell::new(), Kept::default(), Known::default());
        Ok(Self {
            section,
            account,
            base,
            transport,
            auth,
            pace,
            identity,
            known,
            inventory,
            delegates,
        })
    }

    fn prepare(account: &Account) -> Result<(Base, Transport), Fault> {
        let problems = account.endpoints.problems(!account.enterprises.is_empty());
        if !problems.is_empty() {
            let told = problems.iter().map(|Problem { row, what, .. }| format!("`{row}`: {what}"));
            let told = clauses(1, told, "problem");
            let message = format!("the endpoint table cannot be used: {told}");
            return Err(Fault::new(FaultKind::NotConfigured, message)
                .hint("correct `connectToTeams.endpoints`"));
        }
        if account.timeout.is_zero() {
            return Err(Fault::new(FaultKind::NotConfigured, "no call can be made within no time")
                .hint("set `connectToTeams.timeout` to a duration such as 60s"));
        }
        let base = Base::parse(&account.base_url, "connectToTeams", "baseUrl")?;
        let transport = Transport::new(&base, account.timeout, account.retry_pause)?;
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

    /// Whether the service answers at all, whatever it says: asked without credentials.
    pub(super) async fn reach(&self) -> Result<(), Fault> {
        let what = format!("look whether {} answers", self.host());
        let url = self
            .base
            .at("/")
            .map_err(|why| Fault::new(FaultKind::NotConfigured, format!("{what}: {why}")))?;
        let (row, method, template) = ("reach", Method::Get, "/".to_owned());
        let request = Request {
            what,
            row,
            method,
            template,
            url,
            payload: Payload::Empty,
            limit: MAX_ANSWER,
            until: None,
        };
        match self.transport.exchange(&request, |builder| builder).await {
            Err(fault)
                if matches!(
                    fault.kind,
                    FaultKind::Unreachable | FaultKind::NoAnswer | FaultKind::NotConfigured
                ) =>
            {
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// What authorises a change of a tenant (contract 2.4): the consent object, or the Microsoft
    /// token set of its own.
    pub(super) async fn authorisation(&self, tenant: &TenantRef) -> Result<Authorisation, Fault> {
        if let Some(delegated) = self.delegated(tenant) {
            return delegated.authorisation().await;
        }
        let reseller = self.reseller_to_name(tenant).await?;
        Ok(Authorisation {
            json: json!({ "tenantId": tenant.id.as_str(), "resellerId": reseller }),
            until: None,
        })
    }

    /// The URL of a row; what is absent in `values` is not known to the call.
    pub(super) fn url(
        &self,
        what: &str,
        row: &str,
        path: &str,
        values: &Values<'_>,
    ) -> Result<Url, Fault> {
        let enterprise = values.enterprise.as_ref().map(plain_text);
        let places = Places {
            tenant: values.tenant.map(|tenant| tenant.id.as_str()),
            reseller: values.reseller,
            enterprise: enterprise.as_deref(),
            user: values.user.map(Upn::as_str),
        };
        let url = fill(path, places).and_then(|path| self.base.at(&path));
        url.map_err(|why| not_made(what, row, &why))
    }

    /// What the places of a call are filled with, as far as it has them.
    pub(super) async fn values<'a>(&self, draft: &Draft<'a>) -> Result<Values<'a>, Fault> {
        let mut values = Values {
            tenant: Some(draft.tenant),
            user: draft.user,
            page: draft.page,
            ..Values::default()
        };
        if draft.call.names("resellerId") {
            // The answer of `enterprise` is what tells whose a tenant is.
            let own = draft.row == "enterprise";
            values.reseller = Some(if own {
                self.reseller_id().await?
            } else {
                self.reseller_to_name(draft.tenant).await?
            });
        }
        if draft.call.names("enterpriseId") {
            values.enterprise = Some(self.enterprise_id(draft.tenant, &draft.what).await?);
        }
        Ok(values)
    }

    /// Prepares and sends a call whose body is what its row says.
    pub(super) async fn call(&self, draft: &Draft<'_>) -> Result<(Request, Answer), Fault> {
        let mut values = self.values(draft).await?;
        let (payload, until) = match &draft.call.body {
            Body::None => (Payload::Empty, None),
            Body::Text => (Payload::Text(draft.tenant.id.to_string()), None),
            Body::Flat => {
                let Authorisation { json, until } = self.authorisation(draft.tenant).await?;
                (Payload::Text(json.to_string()), until)
            }
            Body::Wrapped => {
                let Authorisation { json, until } = self.authorisation(draft.tenant).await?;
                (Payload::Text(json!({ "authenticationResult": json }).to_string()), until)
            }
            Body::Template(template) => {
                let authorised = draft.call.body.names(AUTHORISATION);
                let (json, until) = if authorised {
                    self.authorisation(draft.tenant).await?.parts()
                } else {
                    (None, None)
                };
                values.authorisation = json;
                (filled(draft, template, &values)?, until)
            }
        };
        self.call_with(draft, &values, payload, until).await
    }

    /// The same with a body of its own.
    pub(super) async fn call_with(
        &self,
        draft: &Draft<'_>,
        values: &Values<'_>,
        payload: Payload,
        until: Option<Until>,
    ) -> Result<(Request, Answer), Fault> {
        let request = Request {
            what: draft.what.clone(),
            row: draft.row,
            method: draft.call.method,
            template: draft.path.to_owned(),
            url: self.url(&draft.what, draft.row, draft.path, values)?,
            payload,
            limit: draft.limit,
            until,
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
    pub(super) async fn log_in_with(
        &self,
        what: String,
        credentials: Credentials,
    ) -> Result<Grant, Fault> {
        login::log_in(&self.account.endpoints.token, &self.base, &self.transport, what, credentials)
            .await
    }
}

impl Login for Core {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} as {}", self.base.host(), self.account.username);
        let credentials = Credentials::of_account(&self.account, &what).await?;
        self.log_in_with(what, credentials).await
    }

    async fn stamp(&self) -> String {
        let (secret, password) =
            (self.account.client_secret.stamp().await, self.account.password.stamp().await);
        format!("{secret:?} {password:?}")
    }
}

/// A number or a text as it stands in a path.
fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The body that a template makes.
pub(super) fn filled(
    draft: &Draft<'_>,
    template: &Template,
    values: &Values<'_>,
) -> Result<Payload, Fault> {
    let body = template
        .fill(&|place| values.of(place))
        .map_err(|why| not_made(&draft.what, draft.row, &why))?;
    Ok(Payload::Text(Value::Object(body).to_string()))
}

/// A call that its row does not allow to be made.
pub(super) fn not_made(what: &str, row: &str, why: &str) -> Fault {
    Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"))
        .hint(format!("correct `connectToTeams.endpoints.{row}`"))
}

/// The fault with the account's own section in place of the usual one.
fn in_section(section: &str, fault: Fault) -> Fault {
    const USUAL: &str = "`connectToTeams";
    let section = format!("`{section}");
    let hint = fault.hint.map(|hint| hint.replace(USUAL, &section));
    Fault { message: fault.message.replace(USUAL, &section), hint, ..fault }
}
