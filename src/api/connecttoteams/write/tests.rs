//! Writes: sent once, and told as what they are.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use axum::{extract::Request as Incoming, http::StatusCode, response::IntoResponse};

use super::*;
use crate::{
    api::connecttoteams::{
        Client, section,
        tests::{account, disable, serve, serve_at, tenant},
        transport,
    },
    config::{Effort, Method},
};

#[tokio::test]
async fn nothing_else_is_sent_twice() {
    for (status, body, kind) in [
        (200, "<html>welcome</html>", FaultKind::Garbled),
        (200, "fine", FaultKind::Garbled),
        (200, r#"{"hasErrors": true}"#, FaultKind::Garbled),
        (200, r#"[{"error": "no such user"}]"#, FaultKind::Garbled),
        (200, r#"{"success": false, "message": "saved; the mail failed"}"#, FaultKind::Garbled),
        (400, r#"{"message": "number taken"}"#, FaultKind::Rejected),
        (400, "number taken", FaultKind::Rejected),
        (400, "<!doctype html><title>Bad request</title>", FaultKind::Garbled),
        (403, "", FaultKind::Auth),
        (403, "\u{feff} <html>denied</html>", FaultKind::Garbled),
        (404, "<html>no such page</html>", FaultKind::Garbled),
        (408, "", FaultKind::Garbled),
        (421, "", FaultKind::Rejected),
        (425, r#"{"message": "too early"}"#, FaultKind::Garbled),
        (460, "", FaultKind::Garbled),
        (499, r#"{"message": "client closed request"}"#, FaultKind::Garbled),
        (404, "", FaultKind::Rejected),
        (500, "", FaultKind::Server),
        (503, "", FaultKind::Server),
    ] {
        let (client, seen) =
            serve(move |_, _| (StatusCode::from_u16(status).unwrap(), body).into_response()).await;
        let fault =
            client.writer().send(&tenant(), &disable(), &Permit::default()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{status} {body}: {fault:?}");
        assert!(
            fault.message.starts_with("disable calling of adele@contoso.com in contoso: "),
            "{fault:?}"
        );
        assert_eq!(seen.calls.load(Ordering::SeqCst), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn what_a_person_reads_of_a_write_is_not_guessed() {
    let (client, _) =
        serve(|_, _| (StatusCode::FORBIDDEN, r#"{"message": "not for you"}"#).into_response())
            .await;
    let fault = client.writer().send(&tenant(), &disable(), &Permit::default()).await.unwrap_err();
    assert!(
        fault
            .message
            .ends_with("does not let this account make this change (HTTP 403: not for you)"),
        "{fault:?}"
    );
    assert!(
        fault
            .hint
            .unwrap()
            .starts_with("the tenant may be written to, as far as the service said right before")
    );
    let (client, _) = serve(|_, _| "done".into_response()).await;
    let hint = |fault: Fault| fault.hint.unwrap();
    assert!(
        hint(client.writer().send(&tenant(), &disable(), &Permit::default()).await.unwrap_err())
            .ends_with("endpoints.disable.accept: status`")
    );
    client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap();
    let (client, _) = serve(|_, _| "Sync failed".into_response()).await;
    assert!(
        hint(client.writer().send(&tenant(), &Call::Sync, &Permit::default()).await.unwrap_err())
            .starts_with("it stays owed"),
        "no list shows it"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_nothing_is_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut request = [0; 16 * 1024];
            let n = loop {
                socket.readable().await.unwrap();
                // Readiness may be a false alarm.
                if let Ok(n) = socket.try_read(&mut request) {
                    break n;
                }
            };
            if String::from_utf8_lossy(&request[..n]).contains("/oauth/token") {
                let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: \
                    20\r\n\r\n{\"access_token\":\"t\"}";
                socket.try_write(answer.as_bytes()).unwrap();
            } else {
                // Read, and gone without a word.
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let client = Client::new(&account(&format!("http://{address}"))).unwrap();
    let fault = client.writer().send(&tenant(), &disable(), &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NoAnswer, "{fault:?}");
    assert!(fault.message.contains("broke before the answer was complete"), "{fault:?}");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// A write that carries something which ends then.
fn carrying(core: &Core, at: jiff::Timestamp) -> transport::HttpRequest {
    let fault = Fault::new(FaultKind::Auth, "it has ended");
    transport::HttpRequest {
        what: "write".to_owned(),
        section: section::Section::new("connectToTeams"),
        row: "sync",
        effort: Effort::Write,
        method: Method::Post,
        template: "/x".to_owned(),
        url: core.base().at("/x").unwrap(),
        payload: Payload::Text("{}".to_owned()),
        limit: 1000,
        until: Some(transport::Until { at, fault }),
        permit: Permit::default(),
    }
}

#[tokio::test]
async fn nothing_is_sent_after_the_end_of_what_it_carries() {
    let (seen, address) = serve_at(|_, _| StatusCode::UNAUTHORIZED.into_response()).await;
    let core = Core::new("connectToTeams", account(&address)).unwrap();
    let request = |end| carrying(&core, end);
    let calls = || seen.calls.load(Ordering::SeqCst);
    let hour = Duration::from_secs(3600);
    let fault = core.send(&request(jiff::Timestamp::now())).await.err().unwrap();
    assert_eq!((fault.message.as_str(), calls()), ("it has ended", 0));
    core.send(&request(jiff::Timestamp::now() + hour)).await.unwrap();
    assert_eq!(calls(), 2, "the first and its replay");

    // It ends between the first and its replay.
    let end = jiff::Timestamp::now() + Duration::from_millis(500);
    let late = move |_, _: Incoming| {
        while jiff::Timestamp::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        StatusCode::UNAUTHORIZED.into_response()
    };
    let (seen, address) = serve_at(late).await;
    let core = Core::new("connectToTeams", account(&address)).unwrap();
    core.token().await.unwrap();
    let request = transport::HttpRequest { url: core.base().at("/x").unwrap(), ..request(end) };
    let fault = core.send(&request).await.err().unwrap();
    // A machine so busy that it has ended before the first is not a failure of this.
    assert_eq!(fault.message, "it has ended");
    assert!(seen.calls.load(Ordering::SeqCst) <= 1, "the replay came after the end");
}

#[tokio::test]
async fn what_is_stopped_while_it_waits_is_not_sent_again() {
    for told in ["1", "30"] {
        let stopped = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopped);
        let (client, seen) = serve(move |_, _| {
            stops.store(true, Ordering::SeqCst);
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", told)], "").into_response()
        })
        .await;
        let permit = Permit::new(move || {
            let is_stopped = stopped.load(Ordering::SeqCst);
            if is_stopped { Err(Fault::new(FaultKind::Stopped, "stopped")) } else { Ok(()) }
        });
        let writer = client.writer();
        let tenant = tenant();
        let call = disable();
        let sent = writer.send(&tenant, &call, &permit);
        let answer = tokio::time::timeout(Duration::from_secs(20), sent).await;
        let fault = answer.expect("the end of the wait is not waited for").unwrap_err();
        let calls = seen.calls.load(Ordering::SeqCst);
        assert_eq!((fault.kind, calls), (FaultKind::Stopped, 1), "{told}: {fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_could_not_be_prepared_was_never_sent() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let (_, address) = serve_at(move |_, request: Incoming| {
        if request.uri().path().starts_with("/enterprise/") {
            return (StatusCode::SERVICE_UNAVAILABLE, "").into_response();
        }
        counted.fetch_add(1, Ordering::SeqCst);
        "{}".into_response()
    })
    .await;
    let mut account = account(&address);
    account.retry_pause = Duration::from_millis(1);
    account.endpoints.disable.path = "/off/{userPrincipalName}?of={enterpriseId}".to_owned();
    account.endpoints.update.path = "/update?of={enterpriseId}".to_owned();
    let client = Client::new(&account).unwrap();
    let fault = client.writer().send(&tenant(), &disable(), &Permit::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
    assert_eq!(sent.load(Ordering::SeqCst), 0);
}
