//! A small code host: the comments of one merge request of GitLab, and the threads of one pull request
//! of Azure DevOps, as far as the examples use them.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::{get, patch, put},
};
use serde_json::{Value, json};

/// What both ask for.
pub(super) const TOKEN: &str = "token-of-the-job";
/// Comments a page, whatever is asked for.
const PAGE: usize = 2;

/// What the host has and heard.
#[derive(Default)]
pub(super) struct Host {
    /// Comments of GitLab, threads of Azure DevOps.
    pub(super) said: Vec<Value>,
    /// Calls that change something.
    pub(super) writes: Vec<String>,
}

type Shared = Arc<Mutex<Host>>;

/// Starts one on loopback. It ends with the runtime of the test.
pub(super) async fn start() -> (String, Shared) {
    let host = Shared::default();
    let notes = "/api/v4/projects/5/merge_requests/7/notes";
    let threads = "/acme/project/_apis/git/repositories/phones/pullRequests/7/threads";
    let app = Router::new()
        .route("/api/v4/user", get(me))
        .route(notes, get(list_notes).post(add_note))
        .route(&format!("{notes}/{{id}}"), put(edit_note))
        .route("/acme/_apis/connectionData", get(me))
        .route(threads, get(list_threads).post(add_thread))
        .route(&format!("{threads}/{{id}}/comments/1"), patch(edit_thread))
        .with_state(Arc::clone(&host));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), host)
}

fn refused(headers: &HeaderMap) -> Option<Response> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    let bearer = format!("Bearer {TOKEN}");
    let knows = is("private-token", TOKEN) || is(AUTHORIZATION.as_str(), &bearer);
    (!knows).then(|| StatusCode::UNAUTHORIZED.into_response())
}

fn answer(value: &Value) -> Response {
    value.to_string().into_response()
}

async fn me(headers: HeaderMap) -> Response {
    let me = json!({ "id": 42, "authenticatedUser": { "id": "build-service" } });
    refused(&headers).unwrap_or_else(|| answer(&me))
}

#[derive(serde::Deserialize)]
struct Page {
    page: usize,
}

async fn list_notes(
    State(host): State<Shared>,
    headers: HeaderMap,
    Query(Page { page }): Query<Page>,
) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let said = &host.lock().unwrap().said;
    let of_page: Vec<&Value> = said.iter().skip((page - 1) * PAGE).take(PAGE).collect();
    let next = if said.len() > page * PAGE { (page + 1).to_string() } else { String::new() };
    ([("X-Next-Page", next)], json!(of_page).to_string()).into_response()
}

async fn add_note(State(host): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let note = |id| json!({ "id": id, "author": { "id": 42 }, "body": body["body"] });
    add(&host, &headers, &note)
}

async fn edit_note(
    State(host): State<Shared>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    edit(&host, &headers, id, &|note| note["body"] = body["body"].clone())
}

async fn list_threads(State(host): State<Shared>, headers: HeaderMap) -> Response {
    let threads = json!({ "value": host.lock().unwrap().said });
    refused(&headers).unwrap_or_else(|| answer(&threads))
}

async fn add_thread(State(host): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let thread = |id| {
        let content = &body["comments"][0]["content"];
        let comment = json!({ "id": 1, "author": { "id": "build-service" }, "content": content });
        json!({ "id": id, "status": body["status"], "comments": [comment] })
    };
    add(&host, &headers, &thread)
}

async fn edit_thread(
    State(host): State<Shared>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    edit(&host, &headers, id, &|thread| thread["comments"][0]["content"] = body["content"].clone())
}

fn add(host: &Shared, headers: &HeaderMap, made: &dyn Fn(usize) -> Value) -> Response {
    if let Some(refused) = refused(headers) {
        return refused;
    }
    let mut host = host.lock().unwrap();
    let id = host.said.len() + 1;
    host.said.push(made(id));
    host.writes.push(format!("add {id}"));
    answer(&json!({ "id": id }))
}

fn edit(host: &Shared, headers: &HeaderMap, id: u64, change: &dyn Fn(&mut Value)) -> Response {
    if let Some(refused) = refused(headers) {
        return refused;
    }
    let mut host = host.lock().unwrap();
    let Some(said) = host.said.iter_mut().find(|said| said["id"] == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    change(said);
    host.writes.push(format!("edit {id}"));
    answer(&json!({ "id": id }))
}
