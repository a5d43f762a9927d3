//! What is answered where.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Router,
    extract::{Path, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, Uri},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};

use jiff::Timestamp;

use super::{
    access::{Entrance, RequestKind, Visibility},
    answer, api,
    app::{App, SharedApp},
    health,
    hook::TooLarge,
    metrics,
    page::{self, Query, SearchResult},
};
use crate::board::{RecentPasses, Status};

/// Where a host of git calls.
const HOOK: &str = "/hooks/git";

/// All routes, as they are behind a door.
pub(super) fn routes(app: &Arc<App>, door: Entrance) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/status/{tenant}", get(tenant))
        .route(HOOK, post(hook))
        .merge(api::routes())
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state((Arc::clone(app), door), guard))
        .layer(axum::Extension(door))
        .with_state(Arc::clone(app))
}

/// Lets through who may ask, with what may be seen.
async fn guard(
    State((app, door)): State<(Arc<App>, Entrance)>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = match request.uri().path() {
        // It has a proof of its own, and the host may know us by any name.
        HOOK => return next.run(request).await,
        "/livez" | "/readyz" | "/metrics" => RequestKind::Open,
        path if path.starts_with("/api/") => RequestKind::Order,
        _ => RequestKind::Status,
    };
    let sight = match door {
        Entrance::Network => app.access.sight(asked, request.uri(), request.headers()),
        Entrance::Socket => Ok(Visibility::All),
    };
    match sight {
        Ok(sight) => {
            request.extensions_mut().insert(sight);
            next.run(request).await
        }
        Err(refusal) => answer::refusal(refusal),
    }
}

async fn livez(State(app): SharedApp) -> Response {
    let beat = (app.feed.beat)();
    let seconds = beat.as_secs();
    if beat < health::BEAT {
        answer::text(StatusCode::OK, "alive\n".to_owned())
    } else {
        let text = format!("the loop has made no turn for {seconds} s\n");
        answer::text(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

async fn readyz(State(app): SharedApp, uri: Uri) -> Response {
    let checks = health::checks(&app.feed.status(), (app.feed.beat)());
    let ready = !checks.iter().any(|check| check.fails);
    let all = uri.query().is_some_and(|query| query.split('&').any(|key| key == "verbose"));
    let mut text = String::new();
    for check in checks.iter().filter(|check| all || check.fails) {
        let mark = if check.fails { "no" } else { "ok" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {}: {}", check.name, check.found);
    }
    text += if ready { "ready\n" } else { "not ready\n" };
    answer::text(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

async fn metrics(State(app): SharedApp) -> Response {
    let published = app.feed.published();
    let beat = (app.feed.beat)();
    match metrics::text(metrics::Sampled { published, beat, now: Timestamp::now() }) {
        Ok(text) => answer::of(StatusCode::OK, metrics::TYPE, text),
        Err(_) => answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics cannot be written",
            "this is a fault of dialplane: please report it",
        ),
    }
}

/// The status, as far as it may be seen.
fn seen(app: &App, sight: Visibility) -> Arc<Status> {
    let status = app.feed.status();
    match sight {
        Visibility::All => status,
        Visibility::NoNames => Arc::new(status.without_names()),
    }
}

async fn status(State(app): SharedApp, sight: axum::Extension<Visibility>) -> Response {
    let seen = seen(&app, *sight);
    let value = serde_json::to_value(&*seen).unwrap_or_default();
    answer::json(StatusCode::OK, &value)
}

async fn tenant(
    State(app): SharedApp,
    sight: axum::Extension<Visibility>,
    Path(name): Path<String>,
) -> Response {
    let status = seen(&app, *sight);
    let found = status.tenants.iter().find(|row| row.tenant == name);
    match found.map(serde_json::to_value) {
        Some(Ok(mut row)) => {
            row["version"] = status.version.into();
            answer::json(StatusCode::OK, &row)
        }
        _ => answer::error(
            StatusCode::NOT_FOUND,
            "no tenant with this name is in force",
            "/status lists all",
        ),
    }
}

async fn page(
    State(app): SharedApp,
    sight: axum::Extension<Visibility>,
    query: Result<axum::extract::Query<Query>, QueryRejection>,
) -> Response {
    let query = query.map(|query| query.0).unwrap_or_default();
    let who = query.who.trim();
    let found = match *sight {
        Visibility::NoNames => SearchResult::NotHere,
        Visibility::All if who.is_empty() => SearchResult::Nothing,
        Visibility::All => SearchResult::Said(explained(&app, who).await),
    };
    let past = lately(&app, *sight).await;
    page::page((&seen(&app, *sight), &past), &query, &found, Timestamp::now())
}

/// What was done lately, as far as it may be seen.
async fn lately(app: &App, sight: Visibility) -> Arc<RecentPasses> {
    let look = Arc::clone(&app.feed.past);
    let past = tokio::task::spawn_blocking(move || look()).await.unwrap_or_default();
    match sight {
        Visibility::All => past,
        Visibility::NoNames => Arc::new(past.without_names()),
    }
}

/// Explains one user at a time: each time the journal is read and proved.
async fn explained(app: &App, who: &str) -> Result<String, String> {
    let Ok(_turn) = app.asking.try_acquire() else {
        return Err("somebody else is asking: try again in a moment".to_owned());
    };
    (app.feed.why)(who.to_owned()).await
}

/// Takes a call of the host.
async fn hook(State(app): SharedApp, sent: Request) -> Response {
    let Some(hook) = &app.hook else {
        let hint = "set `server.hookSecret`, and follow a branch with `git` or `sources`";
        return answer::error(StatusCode::NOT_FOUND, "no hook is taken here", hint);
    };
    let (head, body) = sent.into_parts();
    match hook.is_proved(&head.headers, body).await {
        Ok(true) => {
            hook.pushed();
            answer::text(StatusCode::ACCEPTED, "the server is asked\n".to_owned())
        }
        Ok(false) => answer::error(
            StatusCode::UNAUTHORIZED,
            "the signature is missing, or is another one",
            "give the host the secret of `server.hookSecret`",
        ),
        Err(TooLarge) => answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "what was sent is longer than 25 MiB",
            "have the host send less; the branch is asked on its interval in any case",
        ),
    }
}

async fn nothing(_: HeaderMap) -> Response {
    answer::error(
        StatusCode::NOT_FOUND,
        "nothing is here",
        "there are /, /livez, /readyz, /metrics, /status, /status/TENANT, /api for orders, and \
            /hooks/git",
    )
}

async fn not_so() -> Response {
    answer::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "this is not asked in this way",
        "use GET, and POST for orders and for /hooks/git alone",
    )
}
