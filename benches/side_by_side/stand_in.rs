//! A stand-in for the service, in memory and as quick as a service can be: whole lists in pages,
//! writes that change them, an even delay, a limit of calls, and a moment from which on it fails.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::data::{Shape, User, id};

/// How it behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// How long each answer takes.
    pub(crate) delay: Duration,
    /// Writes a second, and how many more at once.
    pub(crate) rate: Option<(f64, f64)>,
    /// After so many writes all others fail.
    pub(crate) fails_after: Option<usize>,
}

/// What it was asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Of every kind, but for logins.
    pub(crate) calls: usize,
    pub(crate) lists: usize,
    pub(crate) writes: usize,
    pub(crate) limited: usize,
    pub(crate) failed: usize,
}

struct Tenant {
    users: Vec<User>,
    pages: BTreeMap<(usize, usize), Bytes>,
    places: BTreeMap<String, usize>,
}

struct Inner {
    tenants: Vec<Tenant>,
    manner: Manner,
    counts: Counts,
    bucket: f64,
    filled: Instant,
}

/// The service.
#[derive(Clone)]
pub(crate) struct StandIn(Arc<Mutex<Inner>>);

type Parameters = Query<BTreeMap<String, String>>;

impl StandIn {
    pub(crate) fn new(shape: Shape) -> Self {
        let tenant = |number| {
            let users = shape.live(number);
            let places = users.iter().enumerate().map(|(n, user)| (user.upn.clone(), n)).collect();
            Tenant { users, pages: BTreeMap::new(), places }
        };
        let tenants = (0..shape.tenants).map(tenant).collect();
        let manner = Manner::default();
        let counts = Counts::default();
        Self(Arc::new(Mutex::new(Inner {
            tenants,
            manner,
            counts,
            bucket: 0.0,
            filled: Instant::now(),
        })))
    }

    /// Begins again, and behaves so from now on.
    pub(crate) fn reset(&self, shape: Shape, manner: Manner) {
        let fresh = Self::new(shape);
        let mut inner = self.inner();
        std::mem::swap(&mut *inner, &mut *fresh.inner());
        inner.manner = manner;
        inner.bucket = manner.rate.map_or(0.0, |(_, burst)| burst);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// How many users are not as they are to be.
    pub(crate) fn wrong(&self, shape: Shape) -> usize {
        let inner = self.inner();
        let tenants = inner.tenants.iter().enumerate();
        tenants
            .map(|(n, tenant)| {
                let wanted = shape.wanted(n);
                tenant.users.iter().zip(&wanted).filter(|(is, wanted)| is != wanted).count()
            })
            .sum()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/oauth/token", post(token))
            .route("/enterprise/getEnterpriseInfoForTenant/{id}", get(enterprise))
            .route("/reseller/getEnterprisesForReseller/{id}", get(enterprises))
            .route("/reseller/getAvailableSBCGatewayRegionsByResellerId/{id}", get(gateways))
            .route("/provisioning/users", get(users))
            .route("/provisioning/{*call}", post(write))
            .with_state(self)
    }

    async fn wait(&self) {
        self.inner().counts.calls += 1;
        self.delay().await;
    }

    async fn delay(&self) {
        let delay = self.inner().manner.delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}

fn answer(body: impl Into<Bytes>) -> Response {
    ([("content-type", "application/json")], body.into()).into_response()
}

fn text(value: &Value) -> Response {
    answer(value.to_string())
}

async fn token(State(service): State<StandIn>) -> Response {
    service.delay().await;
    text(&json!({"access_token": "token", "token_type": "bearer", "expires_in": 3600}))
}

async fn enterprise(State(service): State<StandIn>, Path(tenant): Path<String>) -> Response {
    service.wait().await;
    text(&json!({
        "enterpriseId": 1, "tenantId": tenant, "canResellerManageEnterpriseProvisioning": true,
        "consentsByEnterprise": [{"consentName": "UserSync"}, {"consentName": "EnterpriseManagement"}],
    }))
}

async fn enterprises(State(service): State<StandIn>) -> Response {
    service.wait().await;
    let tenants = service.inner().tenants.len();
    let one = |number| json!({"enterpriseId": number, "tenantId": id(number)});
    text(&(0..tenants).map(one).collect())
}

async fn gateways(State(service): State<StandIn>) -> Response {
    service.wait().await;
    let one = |id| json!({"sbcGatewayId": id, "sbcGatewayRegion": "eu"});
    text(&(800..804).map(one).collect())
}

/// A page of a list. It is made once and kept until a write: its cost is none of the client's.
async fn users(State(service): State<StandIn>, Query(query): Parameters) -> Response {
    service.wait().await;
    let number = |key: &str, otherwise| {
        query.get(key).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let start = number("start", 0);
    let length = number("length", usize::MAX);
    let draw = number("draw", 1);
    let mut inner = service.inner();
    inner.counts.lists += 1;
    let Some(tenant) = query.get("tenantId").and_then(|id| inner.tenant(id)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Tenant { users, pages, .. } = tenant;
    let total = users.len();
    let list = pages.entry((start, length)).or_insert_with(|| {
        let list: Vec<Value> = users.iter().skip(start).take(length).map(as_json).collect();
        Value::from(list).to_string().into()
    });
    let mut page =
        format!("{{\"draw\":{draw},\"recordsTotal\":{total},\"recordsFiltered\":{total},\"data\":")
            .into_bytes();
    page.extend_from_slice(list);
    page.push(b'}');
    answer(page)
}

fn as_json(user: &User) -> Value {
    json!({
        "teamsUserId": user.upn, "displayName": user.name, "phoneNumber": user.number,
        "sbcGatewayId": user.gateway, "callingEnabled": user.enabled,
        "callPolicyInfo": {"callPolicyName": user.policy},
    })
}

async fn write(State(service): State<StandIn>, Path(call): Path<String>, body: Bytes) -> Response {
    service.wait().await;
    let mut inner = service.inner();
    if !inner.lets_through() {
        inner.counts.limited += 1;
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "{}").into_response();
    }
    inner.counts.writes += 1;
    if inner.manner.fails_after.is_some_and(|after| inner.counts.writes > after) {
        inner.counts.failed += 1;
        return (StatusCode::INTERNAL_SERVER_ERROR, "{\"error\":\"failed\"}").into_response();
    }
    inner.change(&call, &serde_json::from_slice(&body).unwrap_or_default());
    answer("{\"status\":\"ok\"}")
}

impl Inner {
    fn tenant(&mut self, id: &str) -> Option<&mut Tenant> {
        self.tenants.get_mut(id.rsplit('-').next()?.parse::<usize>().ok()?)
    }

    fn lets_through(&mut self) -> bool {
        let Some((rate, burst)) = self.manner.rate else { return true };
        let now = Instant::now();
        self.bucket =
            (self.bucket + now.duration_since(self.filled).as_secs_f64() * rate).min(burst);
        self.filled = now;
        let room = self.bucket >= 1.0;
        self.bucket -= if room { 1.0 } else { 0.0 };
        room
    }

    fn change(&mut self, call: &str, body: &Value) -> Option<()> {
        let of = |value: &Value| value.get("tenantId").and_then(Value::as_str).map(str::to_owned);
        let tenant = of(body).or_else(|| of(body.get("authenticationResult")?))?;
        let tenant = self.tenant(&tenant)?;
        let (action, user) = call.split_once('/').unwrap_or((call, ""));
        let user = body.get("teamsUserId").and_then(Value::as_str).unwrap_or(user);
        let place = *tenant.places.get(user)?;
        let user = tenant.users.get_mut(place)?;
        match action {
            "enableCallingForUser" => user.enabled = true,
            "disableCallingForUser" => user.enabled = false,
            _ => {
                let policy = body.pointer("/callPolicyInfo/callPolicyName")?.as_str()?;
                user.policy = super::data::policy(policy)?;
            }
        }
        tenant.pages.clear();
        Some(())
    }
}
