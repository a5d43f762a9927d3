//! Orders over HTTP: read, checked and handed to the service.
//!
//! ```text
//! POST /api/reconcile[/TENANT]   { by }                  --> 202 with a request, 200 if it is done
//! POST /api/suspend/TENANT       { by, reason, until }   --> 200 once the journal has it
//! POST /api/resume/TENANT        { by }
//! POST /api/stop                 { by, reason }          --> 200 once no new call begins
//! POST /api/resume               { by }
//! POST /api/undo                 { by, undo }            --> 202 with a request; on the socket alone
//! GET  /api/requests/ID[?wait]                           --> what became of it
//! ```

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body as Bytes, to_bytes},
    extract::{Path, Request as HttpRequest, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
    routing::{get, post},
};
use jiff::Timestamp;

use super::{
    access::Entrance,
    answer::{self, error},
    app::{App, SharedApp},
};
use crate::{
    control::{self, ORDER_BYTES, Order, OrderBody, Request, UNDO_BYTES},
    foreign::typed,
    model::TenantName,
};

/// How long an answer waits for what becomes of an order.
const PATIENCE: Duration = Duration::from_secs(8);

/// All routes of orders.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/reconcile", post(reconcile_all))
        .route("/api/reconcile/{tenant}", post(reconcile))
        .route("/api/suspend/{tenant}", post(suspend))
        .route("/api/resume/{tenant}", post(resume))
        .route("/api/stop", post(stop))
        .route("/api/resume", post(let_go))
        .route("/api/undo", post(undo))
        .route("/api/requests/{id}", get(request))
}

async fn reconcile_all(app: SharedApp, door: Extension<Entrance>, sent: HttpRequest) -> Response {
    let order = |_: &OrderBody| Ok(Order::Reconcile { tenant: None });
    place(&app, *door, sent, order, is_taken).await
}

async fn reconcile(
    app: SharedApp,
    door: Extension<Entrance>,
    Path(tenant): Path<String>,
    sent: HttpRequest,
) -> Response {
    let order = |_: &OrderBody| Ok(Order::Reconcile { tenant: Some(named(&tenant)?) });
    place(&app, *door, sent, order, is_taken).await
}

async fn suspend(
    app: SharedApp,
    door: Extension<Entrance>,
    Path(tenant): Path<String>,
    sent: HttpRequest,
) -> Response {
    let order = |body: &OrderBody| suspension(named(&tenant)?, body, Timestamp::now());
    place(&app, *door, sent, order, Request::is_settled).await
}

async fn resume(
    app: SharedApp,
    door: Extension<Entrance>,
    Path(tenant): Path<String>,
    sent: HttpRequest,
) -> Response {
    let order = |_: &OrderBody| Ok(Order::Resume { tenant: named(&tenant)? });
    place(&app, *door, sent, order, Request::is_settled).await
}

async fn stop(app: SharedApp, door: Extension<Entrance>, sent: HttpRequest) -> Response {
    let order = |body: &OrderBody| Ok(Order::Stop { reason: reason(body) });
    place(&app, *door, sent, order, Request::is_settled).await
}

async fn let_go(app: SharedApp, door: Extension<Entrance>, sent: HttpRequest) -> Response {
    place(&app, *door, sent, |_: &OrderBody| Ok(Order::LetGo), Request::is_settled).await
}

/// An undo changes phones by what somebody has seen on a terminal, and only who may open the socket
/// may have seen it.
async fn undo(app: SharedApp, door: Extension<Entrance>, sent: HttpRequest) -> Response {
    if *door == Entrance::Network {
        let hint = "run `dialplane undo` on the machine of the service";
        return error(StatusCode::FORBIDDEN, "an undo is not taken over the network", hint);
    }
    place(&app, *door, sent, taking_back, is_taken).await
}

fn taking_back(body: &OrderBody) -> Result<Order, BadOrder> {
    let hint = "`dialplane undo PASS --apply` sends it";
    let undo =
        body.undo.clone().ok_or_else(|| ("it does not say what to undo".to_owned(), hint))?;
    undo.read().map(Order::Undo).map_err(|wrong| (wrong, hint))
}

/// What became of a request; with `?wait` once it is settled, or after a while.
async fn request(State(app): SharedApp, Path(id): Path<String>, uri: Uri) -> Response {
    let waits = uri.query().is_some_and(|query| query.split('&').any(|key| key == "wait"));
    let patience = if waits { PATIENCE } else { Duration::ZERO };
    match app.feed.desk.wait(&id, Request::is_settled, patience).await {
        Some(request) => told(&request, StatusCode::OK),
        None => error(
            StatusCode::NOT_FOUND,
            "no request has this id",
            "requests are forgotten when the service ends, and old ones after many others",
        ),
    }
}

fn is_taken(request: &Request) -> bool {
    request.state != control::RequestState::Asked
}

/// Why an order is not understood: what is wrong, and what to do.
type BadOrder = (String, &'static str);

fn named(tenant: &str) -> Result<TenantName, BadOrder> {
    TenantName::parse(tenant).map_err(|wrong| (wrong, "/status lists all tenants"))
}

fn suspension(tenant: TenantName, body: &OrderBody, now: Timestamp) -> Result<Order, BadOrder> {
    let hint = "send `{\"reason\": TEXT}`, and `\"until\": TIME` for an end";
    let reason = reason(body).ok_or_else(|| ("a suspension needs a reason".to_owned(), hint))?;
    if let Some(until) = body.until.filter(|until| *until <= now) {
        return Err((format!("{until} is over already"), hint));
    }
    Ok(Order::Suspend { tenant, reason, until: body.until })
}

/// Why, if somebody says so.
fn reason(body: &OrderBody) -> Option<String> {
    let reason = body.reason.as_deref().map(|text| typed(text, control::LONGEST));
    reason.filter(|reason| !reason.is_empty())
}

/// Hands an order in, and answers when enough is known of it.
async fn place(
    app: &App,
    door: Entrance,
    sent: HttpRequest,
    order: impl FnOnce(&OrderBody) -> Result<Order, BadOrder>,
    enough: impl Fn(&Request) -> bool,
) -> Response {
    let (head, body) = sent.into_parts();
    let most = if head.uri.path() == "/api/undo" { UNDO_BYTES } else { ORDER_BYTES };
    let body = match body_of(&head.headers, body, most).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let order = match order(&body) {
        Ok(order) => order,
        Err((message, hint)) => return error(StatusCode::BAD_REQUEST, &message, hint),
    };
    let by =
        body.by.as_deref().map(|text| typed(text, control::LONGEST)).filter(|by| !by.is_empty());
    let by = match (by, door) {
        (Some(by), Entrance::Socket) => by,
        (Some(by), Entrance::Network) => format!("{by} over HTTP"),
        (None, Entrance::Socket) => "somebody on this machine".to_owned(),
        (None, Entrance::Network) => "somebody over HTTP".to_owned(),
    };
    let desk = &app.feed.desk;
    let Ok(request) = desk.place(order, by, Timestamp::now()) else {
        let hint = "try again in a moment; `/livez` says whether the loop turns";
        return error(StatusCode::SERVICE_UNAVAILABLE, &control::Busy.to_string(), hint);
    };
    let request = desk.wait(&request.id, enough, PATIENCE).await.unwrap_or(request);
    told(&request, StatusCode::ACCEPTED)
}

/// A request as an answer; `open` is the code while it is not settled.
fn told(request: &Request, open: StatusCode) -> Response {
    match request.state {
        control::RequestState::Refused => error(
            StatusCode::CONFLICT,
            request.message.as_deref().unwrap_or("refused"),
            request.hint.as_deref().unwrap_or_default(),
        ),
        control::RequestState::Done => answer::value(StatusCode::OK, request),
        control::RequestState::Asked | control::RequestState::Taken => answer::value(open, request),
    }
}

/// The body of an order. No page of a browser can send one: it would have to ask before, and is
/// told nothing.
async fn body_of(
    headers: &HeaderMap,
    body: Bytes,
    most: usize,
) -> Result<OrderBody, Box<Response>> {
    let refuse = |status, message: &str, hint: &str| Err(Box::new(error(status, message, hint)));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let hint = "send `Content-Type: application/json`, and `{}` if there is nothing to say";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an order is JSON", hint);
    }
    let Ok(bytes) = to_bytes(body, most).await else {
        let message = format!("an order has {most} bytes at most");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, &message, "send a shorter reason");
    };
    if bytes.trim_ascii().is_empty() {
        return Ok(OrderBody::default());
    }
    serde_json::from_slice(&bytes).or_else(|wrong| {
        let hint = "an order has `by`, a stop `reason`, and a suspension `reason` and `until`";
        refuse(StatusCode::BAD_REQUEST, &format!("the order is not understood: {wrong}"), hint)
    })
}
