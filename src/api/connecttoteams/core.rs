//! One account at the service: its connections, its token and what is kept of what it said.
//!
//! What is asked through it is in the files that ask: `call` (calls to a tenant), `who_am_i`,
//! `enterprise`, `lists`, `delegated`. This file knows none of them.

use std::collections::BTreeMap;

use reqwest::Url;
use tokio::sync::OnceCell;

use super::{
    address::{Base, PathPlaces, fill},
    auth::{Answer, Auth, Login, Token},
    breaker::Breaker,
    delegate::Delegate,
    gate::Pace,
    grant::Grant,
    identity::Identity,
    inventory::InventoryCache,
    login::{self, Credentials, LoginService},
    reseller::EnterpriseCache,
    section::Section,
    transport::{HttpRequest, Payload, Transport},
};
use crate::{
    config::{self, Account, Effort, Enterprise, Method, RowProblem},
    model::{Fault, FaultKind, TenantName},
    ports::Permit,
    words::clauses,
};

/// The most that an answer may hold that is not a list.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;

/// One account at the service.
pub(super) struct Core {
    /// Where it is in the settings.
    section: Section,
    pub(super) account: Account,
    base: Base,
    transport: Transport,
    auth: Auth,
    pub(super) pace: Pace,
    pub(super) breaker: Breaker,
    pub(super) identity: OnceCell<Identity>,
    pub(super) known: EnterpriseCache,
    pub(super) inventory: InventoryCache,
    pub(super) delegates: BTreeMap<TenantName, Delegate>,
}

impl Core {
    /// Checks the account and prepares connections; nothing is sent yet and no secret is read.
    pub(super) fn new(section: &str, account: Account) -> Result<Self, Fault> {
        let section = Section::new(section);
        let (base, transport) = Self::prepare(&section, &account)?;
        let named = account
            .enterprises
            .iter()
            .filter_map(|(name, settings)| Some((TenantName::parse(name).ok()?, settings)));
        let pace = Pace::default();
        let breaker = Breaker::new(account.retry_pause);
        let delegate = |(name, settings): (TenantName, &Enterprise)| {
            let whose = format!("{}, tenant {name}", section.name());
            (name, Delegate::new(&whose, settings, &pace))
        };
        let delegates = named.map(delegate).collect();
        let auth = Auth::new(section.name(), &pace);
        let identity = OnceCell::new();
        let inventory = InventoryCache::default();
        let known = EnterpriseCache::default();
        Ok(Self {
            section,
            account,
            base,
            transport,
            auth,
            pace,
            breaker,
            identity,
            known,
            inventory,
            delegates,
        })
    }

    fn prepare(section: &Section, account: &Account) -> Result<(Base, Transport), Fault> {
        let problems = config::problems(&account.endpoints, !account.enterprises.is_empty());
        if !problems.is_empty() {
            let told =
                problems.iter().map(|(row, RowProblem { what, .. })| format!("`{row}`: {what}"));
            let told = clauses(1, told, "problem");
            let message = format!("the endpoint table cannot be used: {told}");
            return Err(Fault::new(FaultKind::NotConfigured, message)
                .hint(format!("correct {}", section.key("endpoints"))));
        }
        if account.timeout.is_zero() {
            return Err(Fault::new(FaultKind::NotConfigured, "no call can be made within no time")
                .hint(format!("set {} to a duration such as 60s", section.key("timeout"))));
        }
        let base = Base::parse(&account.base_url, section.name(), "baseUrl")?;
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

    /// Where it is in the settings.
    pub(super) fn section(&self) -> &Section {
        &self.section
    }

    /// A usable token.
    pub(super) async fn token(&self) -> Result<Token, Fault> {
        self.auth.token(self).await
    }

    /// Whether the service answers at all, whatever it says: asked without credentials.
    pub(super) async fn reach(&self) -> Result<(), Fault> {
        let what = format!("look whether {} answers", self.host());
        let url = self
            .base
            .at("/")
            .map_err(|why| Fault::new(FaultKind::NotConfigured, format!("{what}: {why}")))?;
        let request = HttpRequest {
            what,
            section: self.section.clone(),
            row: "reach",
            effort: Effort::Write,
            method: Method::Get,
            template: "/".to_owned(),
            url,
            payload: Payload::Empty,
            limit: MAX_ANSWER,
            until: None,
            permit: Permit::default(),
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

    /// The URL of a row.
    pub(super) fn url(
        &self,
        what: &str,
        row: &str,
        path: &str,
        places: PathPlaces<'_>,
    ) -> Result<Url, Fault> {
        let url = fill(path, places).and_then(|path| self.base.at(&path));
        url.map_err(|why| self.not_made(what, row, &why))
    }

    /// A call that its row does not allow to be made.
    pub(super) fn not_made(&self, what: &str, row: &str, why: &str) -> Fault {
        Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"))
            .hint(format!("correct {}", self.section.row(row)))
    }

    /// Sends a request with the account's token.
    pub(super) async fn send(&self, request: &HttpRequest) -> Result<Answer, Fault> {
        self.auth.send(&self.transport, request, self).await
    }

    /// Asks for a token with any credentials that this service gives out.
    pub(super) async fn log_in_with(
        &self,
        what: String,
        credentials: Credentials,
    ) -> Result<Grant, Fault> {
        let endpoint = &self.account.endpoints.token;
        let service =
            LoginService { base: &self.base, transport: &self.transport, section: &self.section };
        login::log_in(endpoint, service, what, credentials).await
    }
}

impl Login for Core {
    async fn log_in(&self) -> Result<Grant, Fault> {
        let what = format!("log in to {} as {}", self.base.host(), self.account.username);
        let credentials = Credentials::of_account(&self.account, &self.section, &what).await?;
        self.log_in_with(what, credentials).await
    }

    async fn stamp(&self) -> String {
        let secret = self.account.client_secret.stamp().await;
        let password = self.account.password.stamp().await;
        format!("{secret:?} {password:?}")
    }
}
