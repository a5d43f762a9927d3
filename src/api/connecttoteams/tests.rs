//! The client over a real socket, against a service that does one thing at a time. The sandbox does
//! the rest.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::Request as Incoming,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::*;
use crate::{
    model::{Call, Consent, Coverage, FaultKind, TenantId, TenantName, TenantRef, Upn},
    ports::{LiveReader as _, Permit, Provisioner as _},
};

/// How often each kind of call came.
#[derive(Default)]
pub(super) struct CallsSeen {
    pub(super) tokens: AtomicUsize,
    pub(super) calls: AtomicUsize,
}

impl CallsSeen {
    /// A token, or what `answer` says of the n-th of the other calls.
    fn answered(
        &self,
        request: Incoming,
        answer: impl Fn(usize, Incoming) -> Response,
    ) -> Response {
        if request.uri().path() == "/oauth/token" {
            let token = format!("token-{}", self.tokens.fetch_add(1, Ordering::SeqCst) + 1);
            return json!({"access_token": token, "expires_in": 3600}).to_string().into_response();
        }
        answer(self.calls.fetch_add(1, Ordering::SeqCst), request)
    }
}

/// A service whose token call works and whose other calls do what `answer` says of the n-th one,
/// from 0.
pub(super) async fn serve(
    answer: impl Fn(usize, Incoming) -> Response + Clone + Send + Sync + 'static,
) -> (Client, Arc<CallsSeen>) {
    let (seen, address) = serve_at(answer).await;
    (Client::new(&account(&address)).unwrap(), seen)
}

/// The same without a client: where it is.
pub(super) async fn serve_at(
    answer: impl Fn(usize, Incoming) -> Response + Clone + Send + Sync + 'static,
) -> (Arc<CallsSeen>, String) {
    let seen = Arc::new(CallsSeen::default());
    let counted = Arc::clone(&seen);
    let router = Router::new().fallback(move |request: Incoming| {
        let answered = counted.answered(request, &answer);
        async move { answered }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (seen, format!("http://{address}"))
}

pub(super) fn account(base_url: &str) -> Account {
    serde_json::from_value(json!({
        "baseUrl": base_url, "clientId": "id", "clientSecret": {"command": ["echo", "s3cret-of-client"]},
        "username": "apiadmin", "password": {"command": ["echo", "hunter2-hunter2"]}, "resellerId": 123, "timeout": "5s",
        "endpoints": {"listUsers": {
            "call": {"method": "GET", "path": "/users/{tenantId}"}, "user": "/u",
            "calling": {"at": "/c", "enabled": ["on"], "disabled": ["off"]},
        }},
    }))
    .unwrap()
}

pub(super) fn tenant() -> TenantRef {
    TenantRef::new(
        TenantName::parse("contoso").unwrap(),
        TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
    )
}

pub(super) fn adele() -> Upn {
    Upn::parse("adele@contoso.com").unwrap()
}

pub(super) fn enable() -> Call {
    Call::Enable(adele())
}

pub(super) fn disable() -> Call {
    Call::Disable(adele())
}

pub(super) fn bearer(request: &Incoming) -> &str {
    request.headers()[header::AUTHORIZATION].to_str().unwrap()
}

#[tokio::test]
async fn twenty_callers_share_one_login() {
    let (client, seen) = serve(|_, _| StatusCode::OK.into_response()).await;
    let writer = client.writer();
    let calls =
        (0..20).map(|_| async { writer.send(&tenant(), &disable(), &Permit::default()).await });
    for outcome in futures_util::future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!((seen.tokens.load(Ordering::SeqCst), seen.calls.load(Ordering::SeqCst)), (1, 20));
}

#[tokio::test]
async fn a_401_brings_one_new_token_and_one_replay() {
    let first_is_stale = |_, request: Incoming| {
        if bearer(&request) == "Bearer token-1" { StatusCode::UNAUTHORIZED } else { StatusCode::OK }
            .into_response()
    };
    let (client, seen) = serve(first_is_stale).await;
    let writer = client.writer();
    let calls =
        (0..8).map(|_| async { writer.send(&tenant(), &enable(), &Permit::default()).await });
    for outcome in futures_util::future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(seen.tokens.load(Ordering::SeqCst), 2);

    let (client, seen) = serve(|_, request| {
        (StatusCode::UNAUTHORIZED, format!("no {}", bearer(&request))).into_response()
    })
    .await;
    let fault = client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Auth);
    assert_eq!(
        fault.message,
        "sync the registrations of contoso: the service refused a fresh token (HTTP 401: no \
            Bearer [redacted])"
    );
    assert_eq!((seen.tokens.load(Ordering::SeqCst), seen.calls.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn too_many_is_waited_for_and_given_up_at_last() {
    let wait = || (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response();
    let (client, seen) =
        serve(move |n, _| if n < 2 { wait() } else { StatusCode::OK.into_response() }).await;
    client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap();
    assert_eq!(seen.calls.load(Ordering::SeqCst), 3);

    let (client, seen) = serve(move |_, _| wait()).await;
    let fault = client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Throttled);
    assert_eq!(seen.calls.load(Ordering::SeqCst), crate::api::http::throttle::MAX_TRIES as usize);
}

#[tokio::test]
async fn a_redirect_is_refused_and_says_where_it_pointed() {
    let away = |_, _| {
        (StatusCode::FOUND, [(header::LOCATION, "https://login.example.com/sso?ticket=secret")])
            .into_response()
    };
    let (client, seen) = serve(away).await;
    let fault = client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert!(fault.message.ends_with("pointed to https://login.example.com"), "{fault:?}");
    assert_eq!(seen.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let (client, _) = serve(|_, _| vec![b' '; core::MAX_ANSWER + 1].into_response()).await;
    let fault = client.reader().observe(&tenant()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert_eq!(fault.message, "read the consent of contoso: the answer is larger than 1024 KiB");
}

#[tokio::test]
async fn nothing_listens_and_nothing_was_sent() {
    let client = Client::new(&account("http://127.0.0.1:1")).unwrap();
    let fault = client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(
        fault
            .message
            .starts_with("log in to 127.0.0.1:1 as apiadmin: no connection to 127.0.0.1:1: "),
        "{fault:?}"
    );
    assert!(!format!("{client:?} {fault:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_tenant_is_observed() {
    let users = json!([{"u": "adele@contoso.com", "c": "on"}]);
    let consent = json!({
        "canResellerManageEnterpriseProvisioning": true,
        "consentsByEnterprise": [{"consentName": "EnterpriseManagement"}],
    });
    let answer = move |_, request: Incoming| {
        let is_list = request.uri().path() == "/users/87d349ed-44d7-43e1-9a83-5f2406dee5bd";
        if is_list { &users } else { &consent }.to_string().into_response()
    };
    let (client, _) = serve(answer).await;
    let live = client.reader().observe(&tenant()).await.unwrap();
    assert_eq!((live.consent, live.coverage), (Consent::Granted, Coverage::Complete));
    assert!(live.users.contains_key(&adele()));

    let (client, _) = serve(|_, _| StatusCode::NOT_FOUND.into_response()).await;
    let fault = client.reader().observe(&tenant()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(fault.message.contains("does not know tenant 87d349ed"), "{fault:?}");
}

#[tokio::test]
async fn without_a_row_for_the_list_nothing_is_asked() {
    let mut account = account("http://127.0.0.1:1");
    account.endpoints.list_users = None;
    let fault = Client::new(&account).unwrap().reader().observe(&tenant()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotConfigured);
    assert!(fault.hint.unwrap().contains("connectToTeams.endpoints.listUsers"));
}

#[tokio::test]
async fn a_login_that_fails_fails_once_for_all_who_wait() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let router = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let body = r#"{"error":"invalid_grant","error_description":"Bad credentials for hunter2-hunter2"}"#;
        async move { (StatusCode::BAD_REQUEST, body) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let writer = Client::new(&account(&format!("http://{address}"))).unwrap().writer();
    let calls =
        (0..20).map(|_| async { writer.send(&tenant(), &disable(), &Permit::default()).await });
    for outcome in futures_util::future::join_all(calls).await {
        let fault = outcome.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Auth);
        assert!(fault.message.contains("Bad credentials for [redacted]"), "{fault:?}");
    }
    assert_eq!(logins.load(Ordering::SeqCst), 1);
}

/// A refusal that repeats the token of a request.
async fn told_token(request: Incoming) -> Result<String, std::io::Error> {
    let is_update = request.uri().path().ends_with("updateUserDetails");
    let shape = if is_update { "/authenticationResult" } else { "" };
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await;
    let sent: serde_json::Value = serde_json::from_slice(&body.map_err(std::io::Error::other)?)?;
    let token = sent
        .pointer(&format!("{shape}/authenticationResult/accessToken"))
        .unwrap_or(&serde_json::Value::Null);
    Ok(format!("bad token {token}"))
}

#[tokio::test]
async fn a_tenant_with_a_token_of_its_own_sends_its_token_set_and_no_message_repeats_it() {
    let end = jiff::Timestamp::now().as_microsecond() + 3_000_000_000;
    let set = json!({"accessToken": "0.opaque.token.of.microsoft", "expiresOn": end, "userInfo": {"tenantId": tenant().id.as_str()}});
    let credentials = json!({"clientID": "c", "clientSecret": "opaque", "entAdminUsername": "u", "entAdminSecret": "p4ssword"});
    let echo = |_, request: Incoming| {
        let told = futures_util::stream::once(told_token(request));
        (StatusCode::BAD_REQUEST, axum::body::Body::from_stream(told)).into_response()
    };
    let (_, address) = serve_at(echo).await;
    let mut account = account(&address);
    let command = |json: &serde_json::Value| json!({"command": ["echo", json.to_string()]});
    let enterprise = json!({"credentials": command(&credentials), "msal": command(&set)});
    account.enterprises.insert("contoso".to_owned(), serde_json::from_value(enterprise).unwrap());
    let writer = Client::new(&account).unwrap().writer();
    assert_eq!(writer.consent(&tenant()).await, Ok(Consent::Granted));
    let fault = writer.send(&tenant(), &disable(), &Permit::default()).await.unwrap_err();
    assert_eq!(
        fault.message,
        "disable calling of adele@contoso.com in contoso: refused (HTTP 400: bad token \
            \"[redacted]\")"
    );
    let fault = writer.send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err();
    assert!(fault.message.contains("bad token \"[redacted]\""), "{fault:?}");
}
