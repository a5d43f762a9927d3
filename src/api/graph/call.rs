//! One page of users: its address, its token, its answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
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
    login::{self, LoginHost, Refused},
    outcome,
    section::Section,
    transport::{Payload, Request, Transport},
};
use crate::{
    config::{Effort, Graph, Method},
    model::{Fault, FaultKind, TenantId, TenantRef},
    ports::Permit,
};

/// The list of users with what Teams holds of them.
pub(super) const PATH: &str = "/v1.0/admin/teams/userConfigurations";
/// Kinds of account that were added later are named only to who asks for them; others see
/// `unknownFutureValue`.
const ALL_MEMBERS: &str = "include-unknown-enum-members";
/// The most that one page may hold. A user takes 2 KiB or so, and Graph decides how many a page
/// has.
const MAX_PAGE: usize = 16 * 1024 * 1024;

/// One application at Graph.
pub(super) struct Core {
    settings: Graph,
    api: Base,
    transport: Transport,
    door: LoginHost,
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
        Ok(Self { settings, api, transport, door, tokens: Mutex::default(), pace, gate })
    }

    /// The service as messages name it.
    pub(super) fn host(&self) -> &str {
        self.transport.host()
    }

    /// The first page of a tenant. The tenant is in the token, and not in the address.
    pub(super) fn first(&self, tenant: &TenantRef) -> Result<Url, Fault> {
        let path = format!("{PATH}?$top={}", self.settings.page_size);
        self.api
            .at(&path)
            .map_err(|why| Fault::new(FaultKind::NotConfigured, format!("{}: {why}", what(tenant))))
    }

    /// The page that a link names, if it is on the same host.
    pub(super) fn next(&self, tenant: &TenantRef, link: &str) -> Result<Url, Fault> {
        self.api.same_host(link).map_err(|why| {
            Fault::new(
                FaultKind::Garbled,
                format!("{}: the next page is refused: {why}", what(tenant)),
            )
            .hint(
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
    pub(super) async fn page(&self, tenant: &TenantRef, url: Url) -> Result<Value, Fault> {
        let request = Request {
            what: what(tenant),
            section: Section::new("graph"),
            row: "users",
            effort: Effort::Read,
            method: Method::Get,
            template: PATH.to_owned(),
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
        outcome::page(&request, &answer, || self.door.consent_link(tenant))
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
            Err(Refused { fault, of_application }) => {
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

/// The call in plain words.
pub(super) fn what(tenant: &TenantRef) -> String {
    format!("read the Teams users of {} from Microsoft Graph", tenant.name)
}

/// A page that cannot be understood.
pub(super) fn garbled(tenant: &TenantRef, why: &str) -> Fault {
    Fault::new(FaultKind::Garbled, format!("{}: {why}", what(tenant)))
        .hint("check `graph.baseUrl`: something else may be answering there, such as a proxy")
}
