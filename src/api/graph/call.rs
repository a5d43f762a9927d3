//! One page of users: its address, its token, its answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    address::Base,
    auth::{Auth, Login, Token},
    gate::{Gate, Pace},
    grant::Grant,
    login::{self, LoginHost, LoginRefusal},
    outcome,
    section::Section,
    transport::{HttpRequest, Payload, Transport},
};
use crate::{
    config::{Effort, Graph, Method},
    model::{Fault, FaultKind, TenantId, TenantRef},
    ports::Permit,
};

/// The list of users with what Teams holds of them.
pub(super) const PATH: &str = "/v1.0/admin/teams/userConfigurations";
/// The list of numbers, whoever holds them.
pub(super) const NUMBERS: &str = "/v1.0/admin/teams/telephoneNumberManagement/numberAssignments";
/// Kinds of account that were added later are named only to those who ask for them; others see
/// `unknownFutureValue`.
const ALL_MEMBERS: &str = "include-unknown-enum-members";
/// The most that one page may hold. A user takes 2 KiB or so, and Graph decides how many a page
/// has.
const MAX_PAGE: usize = 16 * 1024 * 1024;
/// How long a refusal of the list of numbers stands before it is asked for again: a permission is
/// given by people.
const ASKED_AGAIN: Duration = Duration::from_secs(3600);

/// One application at Graph.
pub(super) struct Core {
    settings: Graph,
    api: Base,
    transport: Transport,
    door: LoginHost,
    /// Where the list of numbers may not be read, since when, and why.
    refused: Mutex<BTreeMap<TenantId, (Instant, String)>>,
    /// A token is good for one tenant.
    tokens: Mutex<BTreeMap<TenantId, Arc<Auth>>>,
    pub(super) pace: Pace,
    /// The application's secret is one for all tenants: refused for one, it is refused for all.
    gate: tokio::sync::Mutex<Gate>,
}

impl Core {
    pub(super) fn new(settings: Graph) -> Result<Self, Fault> {
        let api = Base::parse(&settings.base_url, "graph", "baseUrl")?;
        let door = LoginHost::new(&settings)?;
        let timeout = settings.timeout;
        let pause = settings.retry_pause;
        let transport = Transport::new(&api, timeout, pause)?.preferring(ALL_MEMBERS);
        let pace = Pace::default();
        let gate = tokio::sync::Mutex::new(Gate::new("graph", pace.clone()));
        Ok(Self {
            settings,
            api,
            transport,
            door,
            refused: Mutex::default(),
            tokens: Mutex::default(),
            pace,
            gate,
        })
    }

    /// The service as messages name it.
    pub(super) fn host(&self) -> &str {
        self.transport.host()
    }

    /// The first page of a list, or the one behind so many entries. The tenant is in the token, and
    /// not in the address.
    pub(super) fn first(
        &self,
        tenant: &TenantRef,
        list: GraphList,
        skip: usize,
    ) -> Result<Url, Fault> {
        let mut path = format!("{}?$top={}", list.path(), self.settings.page_size);
        if skip > 0 {
            path = format!("{path}&$skip={skip}");
        }
        self.api.at(&path).map_err(|why| {
            Fault::new(FaultKind::NotConfigured, format!("{}: {why}", list.what(tenant)))
        })
    }

    /// Entries a page that are asked for.
    pub(super) fn page_size(&self) -> u32 {
        self.settings.page_size
    }

    /// Why the list of numbers may not be read, if that was found out lately.
    pub(super) fn refused(&self, tenant: &TenantRef) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, why) = refused.get(&tenant.id)?;
        (since.elapsed() < ASKED_AGAIN).then(|| why.clone())
    }

    /// Keeps that the list of numbers may not be read.
    pub(super) fn keep_refused(&self, tenant: &TenantRef, why: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(tenant.id.clone(), (Instant::now(), why.to_owned()));
    }

    /// The page that a link names, if it is on the same host.
    pub(super) fn next(
        &self,
        tenant: &TenantRef,
        list: GraphList,
        link: &str,
    ) -> Result<Url, Fault> {
        self.api.same_host(link).map_err(|why| {
            let told = format!("{}: the next page is refused: {why}", list.what(tenant));
            Fault::new(FaultKind::Garbled, told).hint(
                "pages are read from the host of `graph.baseUrl` only, because they are asked for \
                    with a token",
            )
        })
    }

    /// A usable token of a tenant.
    pub(super) async fn token(&self, tenant: &TenantRef) -> Result<Token, Fault> {
        self.auth(tenant).token(&Customer { core: self, tenant }).await
    }

    /// Asks for one page.
    pub(super) async fn page(
        &self,
        tenant: &TenantRef,
        list: GraphList,
        url: Url,
    ) -> Result<Value, Fault> {
        let request = HttpRequest {
            what: list.what(tenant),
            section: Section::new("graph"),
            row: list.row(),
            effort: Effort::Read,
            method: Method::Get,
            template: list.path().to_owned(),
            url,
            payload: Payload::Empty,
            limit: MAX_PAGE,
            until: None,
            permit: Permit::default(),
        };
        let span = tracing::debug_span!("graph", tenant = %tenant.name);
        let customer = Customer { core: self, tenant };
        let answer =
            self.auth(tenant).send(&self.transport, &request, &customer).instrument(span).await?;
        outcome::page(&request, &answer, list.permission(), || self.door.consent_link(tenant))
    }

    fn auth(&self, tenant: &TenantRef) -> Arc<Auth> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let whose = format!("graph, tenant {}", tenant.name);
            Arc::new(Auth::new(&whose, &self.pace))
        };
        Arc::clone(tokens.entry(tenant.id.clone()).or_insert_with(new))
    }
}

/// The application in one tenant.
struct Customer<'a> {
    core: &'a Core,
    tenant: &'a TenantRef,
}

impl Login for Customer<'_> {
    /// One login after the other as long as nobody has got a token: they share the secret.
    async fn log_in(&self) -> Result<Grant, Fault> {
        let stamp = self.stamp().await;
        let mut gate = self.core.gate.lock().await;
        if let Some(fault) = gate.answer(&stamp, Instant::now()) {
            return Err(fault);
        }
        match login::log_in(&self.core.door, self.tenant).await {
            Ok(grant) => {
                gate.open();
                Ok(grant)
            }
            Err(LoginRefusal { fault, of_application }) => {
                if of_application {
                    gate.failed(&fault, stamp, Instant::now());
                }
                Err(fault)
            }
        }
    }

    async fn stamp(&self) -> String {
        self.core.door.stamp().await
    }
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GraphList {
    /// Users, with what Teams holds of them.
    Users,
    /// Numbers, whoever holds them.
    Numbers,
}

impl GraphList {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Users => PATH,
            Self::Numbers => NUMBERS,
        }
    }

    fn row(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Numbers => "numbers",
        }
    }

    /// What an application needs for it.
    fn permission(self) -> &'static str {
        match self {
            Self::Users => "TeamsUserConfiguration.Read.All",
            Self::Numbers => "TeamsTelephoneNumber.Read.All",
        }
    }

    /// The call in plain words.
    fn what(self, tenant: &TenantRef) -> String {
        match self {
            Self::Users => format!("read the Teams users of {} from Microsoft Graph", tenant.name),
            Self::Numbers => {
                format!("read the Teams numbers of {} from Microsoft Graph", tenant.name)
            }
        }
    }
}

/// A page that cannot be understood.
pub(super) fn garbled(tenant: &TenantRef, list: GraphList, why: &str) -> Fault {
    Fault::new(FaultKind::Garbled, format!("{}: {why}", list.what(tenant)))
        .hint("check `graph.baseUrl`: something else may be answering there, such as a proxy")
}
