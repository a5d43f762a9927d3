//! Connections that break in each of their ways, made byte by byte.

mod attacks;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Longer than the server of these tests takes to close a connection.
const PAUSE: Duration = Duration::from_millis(250);

/// What a connection does, by its number from 0, once the beginning of a request came.
type Line = fn(usize) -> Vec<u8>;

/// A server that answers the first request of each connection and ends it.
async fn serve(answer: Line) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            heard(&mut socket).await;
            let n = counted.fetch_add(1, Ordering::SeqCst);
            let _ = socket.write_all(&answer(n)).await;
            // A peer that closes with unread bytes resets the connection, and what was written may be
            // lost.
            let _ = tokio::time::timeout(
                Duration::from_millis(200),
                socket.read_to_end(&mut Vec::new()),
            )
            .await;
        }
    });
    (format!("http://{address}"), calls)
}

/// Reads until a request is whole: the end of a head, or of HTTP/2's preface with the frames behind
/// it that have a stream.
async fn heard(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = socket.read(&mut piece).await.unwrap_or_default();
        bytes.extend_from_slice(&piece[..n]);
        let h2 = bytes.starts_with(b"PRI ");
        let whole = if h2 {
            has_headers(&bytes[24.min(bytes.len())..])
        } else {
            bytes.windows(4).any(|end| end == b"\r\n\r\n")
        };
        if n == 0 || whole {
            return;
        }
    }
}

/// Whether there is a HEADERS frame among these.
fn has_headers(mut frames: &[u8]) -> bool {
    while let [a, b, c, kind, ..] = frames {
        if *kind == 1 {
            return true;
        }
        let length = 9 + usize::from(*a) * 65536 + usize::from(*b) * 256 + usize::from(*c);
        frames = frames.get(length..).unwrap_or_default();
    }
    false
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn settings() -> Vec<u8> {
    [frame(4, 0, 0, &[]), frame(4, 1, 0, &[])].concat()
}

/// `:status 200`, and that is all.
fn accepted() -> Vec<u8> {
    [settings(), frame(1, 5, 1, &[0x88])].concat()
}

fn goaway(last: u32, reason: u32) -> Vec<u8> {
    [settings(), frame(7, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())].concat()
}

fn request(base: &str, effort: Effort) -> HttpRequest {
    HttpRequest {
        what: "try".to_owned(),
        section: Section::new("connectToTeams"),
        row: "try",
        effort,
        method: Method::Post,
        template: "/x".to_owned(),
        url: Url::parse(base).unwrap(),
        payload: Payload::Text("{}".to_owned()),
        limit: 1024,
        until: None,
        permit: Permit::default(),
    }
}

async fn send(base: &str, effort: Effort, h2: bool) -> Result<Reply, Fault> {
    let parsed = Base::parse(base, "connectToTeams", "baseUrl").unwrap();
    let own = |builder: reqwest::ClientBuilder| {
        if h2 { builder.http2_prior_knowledge() } else { builder }
    };
    let transport = Transport::with(&parsed, Duration::from_secs(20), PAUSE, own).unwrap();
    transport.exchange(&request(base, effort), |builder| builder).await
}

#[tokio::test]
async fn a_write_goes_out_again_where_http2_says_that_it_was_not_begun_and_only_there() {
    for (line, sent, ends) in [
        (accepted as fn() -> Vec<u8>, 1, Ok(())),
        // Of three requests none was processed: the connection is about to close, or too much was
        // asked of it.
        (|| goaway(0, 0), 2, Ok(())),
        (|| goaway(0, 11), 2, Ok(())),
        // REFUSED_STREAM.
        (|| [settings(), frame(3, 0, 1, &7_u32.to_be_bytes())].concat(), 2, Ok(())),
        // It may have been processed; or the service itself failed with it.
        (|| goaway(1, 0), 1, Err(FaultKind::NoAnswer)),
        (
            || [settings(), frame(3, 0, 1, &2_u32.to_be_bytes())].concat(),
            1,
            Err(FaultKind::NoAnswer),
        ),
        (settings, 1, Err(FaultKind::NoAnswer)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                heard(&mut socket).await;
                let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
                let _ = socket.write_all(&if first { line() } else { accepted() }).await;
                let _ = tokio::time::timeout(
                    Duration::from_millis(200),
                    socket.read_to_end(&mut Vec::new()),
                )
                .await;
            }
        });
        let answer = send(&base, Effort::Write, true).await;
        assert_eq!(
            answer.map(|reply| assert_eq!(reply.status, 200)).map_err(|fault| fault.kind),
            ends
        );
        assert_eq!(calls.load(Ordering::SeqCst), sent, "{ends:?}");
    }
}

#[tokio::test]
async fn a_read_goes_out_again_where_a_connection_broke_and_a_write_does_not() {
    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let lines: [Line; 4] = [
        // Closed without a word, as a kept connection that went stale is.
        |n| if n == 0 { Vec::new() } else { GOOD.into() },
        |n| if n == 0 { b"HTTP/1.1 200 OK\r\ncontent-le".to_vec() } else { GOOD.into() },
        // A body that is cut off: its length tells, or nothing does but itself.
        |n| {
            if n == 0 {
                b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{\"a\"".to_vec()
            } else {
                GOOD.into()
            }
        },
        |n| {
            if n == 0 {
                b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"a\"".to_vec()
            } else {
                GOOD.into()
            }
        },
    ];
    for (number, line) in lines.into_iter().enumerate() {
        let (base, calls) = serve(line).await;
        assert_eq!(
            send(&base, Effort::Read, false).await.map(|reply| reply.body),
            Ok(b"{}".to_vec()),
            "{number}"
        );
        assert_eq!(calls.load(Ordering::SeqCst), 2, "{number}");
        let (base, calls) = serve(line).await;
        let answer = send(&base, Effort::Write, false).await;
        assert!(
            answer.is_err_and(|fault| fault.kind == FaultKind::NoAnswer) || number == 3,
            "{number}"
        );
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{number}");
    }
    // And it ends.
    let (base, calls) = serve(|_| Vec::new()).await;
    assert_eq!(
        send(&base, Effort::Read, false).await.map(drop).map_err(|fault| fault.kind),
        Err(FaultKind::NoAnswer)
    );
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_has_no_connection_has_sent_nothing_and_goes_out_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        // TLS does not come about.
        while let Ok((socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(socket);
        }
    });
    let parsed = Base::parse(&base, "connectToTeams", "baseUrl").unwrap();
    let transport = Transport::with(&parsed, Duration::from_secs(20), PAUSE, |builder| {
        builder.tls_certs_only([])
    })
    .unwrap();
    let fault = transport
        .exchange(&request(&base, Effort::Write), |builder| builder)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(
        (fault.kind, calls.load(Ordering::SeqCst)),
        (FaultKind::Unreachable, 3),
        "{fault:?}"
    );
    assert!(fault.message.starts_with("try: no connection to 127.0.0.1:"), "{fault:?}");
}
