//! What is asked for side by side, against a service that answers only once all of it has come.

use std::{
    future::{Future, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::Request as Incoming,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::{
    super::{Client, tests::account, tests::tenant},
    *,
};
use crate::model::{Coverage, FaultKind};

/// A service that answers each call but logins with what `answer` makes of its path and query.
async fn serve<F: Future<Output = Value> + Send + 'static>(
    paging: &str,
    answer: impl Fn(String) -> F + Clone + Send + Sync + 'static,
) -> TenantReader {
    let router = Router::new().fallback(move |request: Incoming| {
        let uri = request.uri().to_string();
        answered(uri, answer.clone())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut account = account(&format!("http://{address}"));
    let row = account.endpoints.list_users.as_mut().unwrap();
    row.paging = serde_json::from_value(json!(paging)).unwrap();
    row.page_size = 2;
    row.items = if paging == "none" { String::new() } else { "/data".to_owned() };
    Client::new(&account).unwrap().reader()
}

/// A token, or what `answer` makes of the path and query.
async fn answered<F: Future<Output = Value>>(
    uri: String,
    answer: impl Fn(String) -> F,
) -> Response {
    let told = if uri == "/oauth/token" {
        json!({"access_token": "token", "expires_in": 3600})
    } else {
        answer(uri).await
    };
    told.to_string().into_response()
}

/// Far longer than anything takes that does not wait for ever.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it waits for itself")
}

/// The names of `u{from}` and those behind it.
fn users(from: usize, count: usize) -> Value {
    (from..from + count).map(|n| json!({"u": format!("u{n}@contoso.com"), "c": "on"})).collect()
}

/// The part of a query.
fn number(uri: &str, name: &str) -> usize {
    let (_, behind) = uri.split_once(&format!("{name}=")).unwrap();
    behind.split('&').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn consent_and_list_are_asked_for_side_by_side() {
    let both = Arc::new(Barrier::new(2));
    let reader = serve("none", move |uri| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            if uri.starts_with("/users") { users(0, 3) } else { json!({}) }
        }
    })
    .await;
    assert_eq!(soon(reader.observe(&tenant())).await.unwrap().users.len(), 3);
}

#[tokio::test]
async fn where_consent_and_list_fail_it_is_consent_that_is_told() {
    let reader = serve("none", |uri| async move {
        if !uri.starts_with("/users") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        json!({"error": "no"})
    })
    .await;
    let fault = soon(reader.observe(&tenant())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(fault.message.starts_with("read the consent of contoso"), "{fault:?}");
}

/// A page of nine users; those behind the first wait for each other.
async fn page_of_nine(uri: String, others: Arc<Barrier>) -> Value {
    if !uri.starts_with("/users") {
        return json!({});
    }
    let start = number(&uri, "start");
    if start > 0 {
        others.wait().await;
    }
    let draw = number(&uri, "draw");
    let count = (9 - start).min(2);
    json!({"draw": draw, "recordsTotal": 9, "data": users(start, count)})
}

#[tokio::test]
async fn pages_behind_the_first_are_asked_for_side_by_side() {
    let four = Arc::new(Barrier::new(PAGES_AHEAD));
    let reader = serve("datatables", move |uri| page_of_nine(uri, Arc::clone(&four))).await;
    let live = soon(reader.observe(&tenant())).await.unwrap();
    assert_eq!((live.users.len(), live.coverage), (9, Coverage::Complete));
}

/// A page of a service that sends one short in the middle, and counts its users otherwise from then
/// on.
fn page_that_changes(uri: &str, total_after: usize) -> Value {
    if !uri.starts_with("/users") {
        return json!({});
    }
    let draw = number(uri, "draw");
    let start = number(uri, "start");
    let count = if start == 2 { 1 } else { 2 }.min(9 - start);
    let total = if start < 2 { 9 } else { total_after };
    json!({"draw": draw, "recordsTotal": total, "data": users(start, count)})
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_doubted_and_hides_nobody() {
    for (total_after, doubt) in [(9, None), (8, Some("the total changed from 9 to 8"))] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let reader = serve("datatables", move |uri| {
            counted.fetch_add(usize::from(uri.starts_with("/users")), Ordering::SeqCst);
            ready(page_that_changes(&uri, total_after))
        })
        .await;
        let live = soon(reader.observe(&tenant())).await.unwrap();
        match (doubt, &live.coverage) {
            (None, Coverage::Complete) => assert_eq!(live.users.len(), 9),
            (Some(doubt), Coverage::Suspect(told)) => assert!(told.contains(doubt), "{told}"),
            other => panic!("{other:?}"),
        }
        assert!(calls.load(Ordering::SeqCst) >= 5);
    }
}
