//! The client over a real socket, against a service that does one thing at a time. The sandbox does
//! the rest.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request as Incoming,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    item::tests::{TENANT, odd, tenant, user},
    listing::tests::page,
    *,
};
use crate::model::Coverage;

/// A service whose token call works and whose other calls do what `answer` says of the n-th one,
/// from 0; and all paths so far.
async fn serve(
    answer: impl Fn(usize, &str) -> Response + Clone + Send + Sync + 'static,
) -> (GraphReader, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let here = base.clone();
    let router = Router::new().fallback(move |request: Incoming| {
        let answered = answered(&request, &mut log.lock().unwrap(), |n| answer(n, &here));
        async move { answered }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (reader(&base), seen)
}

/// A token, or what `answer` says of the n-th of the other calls.
fn answered(
    request: &Incoming,
    log: &mut Vec<String>,
    answer: impl Fn(usize) -> Response,
) -> Response {
    log.push(request.uri().to_string());
    if request.uri().path().ends_with("/oauth2/v2.0/token") {
        let token = format!("token-{}", log.len());
        return json!({"access_token": token, "expires_in": 3600}).to_string().into_response();
    }
    // Without it, kinds of account that were added later are not named.
    let prefer = request.headers().get("prefer");
    if prefer.is_none_or(|prefer| prefer != "include-unknown-enum-members") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    answer(log.iter().filter(|path| path.starts_with("/v1.0/")).count() - 1)
}

fn reader(base: &str) -> GraphReader {
    let settings = json!({
        "clientId": "app", "clientSecret": {"command": ["echo", "hunter2-hunter2"]}, "baseUrl": base, "loginUrl": base,
        "pageSize": 2, "timeout": "5s",
    });
    GraphReader::new(&serde_json::from_value(settings).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_that_ends_on_the_way_costs_one_page() {
    let (reader, seen) = serve(|n, here| match n {
        0 => page(&[user("a")], Some(&format!("{here}/v1.0/next?page=2")))
            .to_string()
            .into_response(),
        1 => StatusCode::UNAUTHORIZED.into_response(),
        _ => page(&[user("b")], None).to_string().into_response(),
    })
    .await;
    let listed = reader.users(&tenant()).await.unwrap();
    assert_eq!((listed.users.len(), listed.coverage()), (2, Coverage::Complete));
    let token = format!("/{TENANT}/oauth2/v2.0/token");
    let first = "/v1.0/admin/teams/userConfigurations?$top=2";
    assert_eq!(
        *seen.lock().unwrap(),
        [&token, first, "/v1.0/next?page=2", &token, "/v1.0/next?page=2"]
    );
}

#[tokio::test]
async fn whatever_is_no_page_is_a_fault_that_says_what_came() {
    type Answer = fn(usize, &str) -> Response;
    let cases: [(Answer, FaultKind, &str); 11] = [
        (
            |_, _| "<html>sign in</html>".into_response(),
            FaultKind::Garbled,
            "a web page instead of JSON",
        ),
        (|_, _| "{\"value\": [{\"id\"".into_response(), FaultKind::Garbled, "breaks off"),
        (|_, _| "".into_response(), FaultKind::Garbled, "an empty answer"),
        (|_, _| "[]".into_response(), FaultKind::Garbled, "no list at `value`"),
        (
            |_, _| {
                let mut half = page(&[user("a")], None);
                half["error"] = json!({"code": "x", "message": "half of it is missing"});
                half.to_string().into_response()
            },
            FaultKind::Rejected,
            "an error inside: half of it is missing",
        ),
        (
            |_, _| {
                (StatusCode::PARTIAL_CONTENT, page(&[user("a")], None).to_string()).into_response()
            },
            FaultKind::Garbled,
            "HTTP 206 is not a whole answer",
        ),
        (
            |_, _| StatusCode::BAD_GATEWAY.into_response(),
            FaultKind::Server,
            "the service failed (HTTP 502)",
        ),
        (
            |_, _| StatusCode::FORBIDDEN.into_response(),
            FaultKind::Auth,
            "may not read it (HTTP 403)",
        ),
        (
            |_, _| StatusCode::NOT_FOUND.into_response(),
            FaultKind::Rejected,
            "there is no such list",
        ),
        (
            |_, _| {
                (StatusCode::FOUND, [(header::LOCATION, "https://evil.example/x?secret=1")])
                    .into_response()
            },
            FaultKind::Garbled,
            "pointed to https://evil.example",
        ),
        (
            |_, _| {
                page(&[user("a")], Some("https://evil.example/x?secret=1"))
                    .to_string()
                    .into_response()
            },
            FaultKind::Garbled,
            "the next page is refused: it is at https://evil.example and not at http://127.0.0.1",
        ),
    ];
    for (answer, kind, words) in cases {
        let (reader, seen) = serve(answer).await;
        let fault = reader.users(&tenant()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault:?}");
        assert!(fault.message.contains(words), "{fault:?}");
        assert!(!format!("{fault:?}").contains("secret=1"), "{fault:?}");
        // The token, and the page: three times where that may help.
        let passing = words == "breaks off" || words.contains("502");
        assert_eq!(seen.lock().unwrap().len(), if passing { 4 } else { 2 }, "{words}");
    }
}

#[tokio::test]
async fn one_item_of_ten_megabytes_is_a_user_with_one_odd_field() {
    let (reader, _) = serve(|_, _| {
        let large = odd("a", "telephoneNumbers", json!("9".repeat(10_000_000)));
        page(&[large, user("b")], None).to_string().into_response()
    })
    .await;
    let listed = reader.users(&tenant()).await.unwrap();
    assert_eq!((listed.users.len(), listed.coverage()), (2, Coverage::Complete));
    let told: usize = listed.users.values().map(|user| format!("{user:?}").len()).sum();
    assert!(told < 2000, "{told}");

    let (reader, _) = serve(|_, _| {
        page(&[odd("a", "x", json!("9".repeat(20_000_000)))], None).to_string().into_response()
    })
    .await;
    assert!(reader.users(&tenant()).await.unwrap_err().message.contains("larger than 16384 KiB"));
}

#[tokio::test]
async fn a_service_without_tls_where_tls_is_expected_is_not_talked_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().fallback(|| async { "hello" })).await
    });
    let fault = reader(&format!("https://{address}")).users(&tenant()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
    assert!(fault.hint.unwrap().contains("graph.loginUrl") && !fault.message.contains("hunter2"));
}
