//! Answers that nobody should be able to hurt us with: slow ones, ones that unfold, ones that are cut
//! short and look whole, and ones that point elsewhere.

use futures_util::future::join_all;

use super::*;

/// A `[`, 20,000 blanks and a `]`, compressed.
const UNFOLDS: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 237, 193, 65, 17, 0, 0, 12, 2, 160, 42, 235, 229, 173, 127,
    13, 107, 248, 0, 114, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 76, 248, 2, 239,
    95, 127, 59, 34, 78, 0, 0,
];

/// A server that ends no answer: after `head` it writes `piece` again and again.
async fn slow(head: &'static str, piece: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                heard(&mut socket).await;
                let mut next = head;
                while socket.write_all(next.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    next = piece;
                }
            });
        }
    });
    (base, calls)
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_none_and_is_not_waited_for_twice() {
    let mut tries = Vec::new();
    for (head, piece) in [
        // Nothing, a head that never ends, a head and silence, a byte at a time.
        ("", ""),
        ("HTTP/1.1 200 OK\r\nx: ", "y"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[", ""),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[", " "),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\n \r\n"),
    ] {
        for effort in [Effort::Read, Effort::Write] {
            tries.push(async move {
                let (base, calls) = slow(head, piece).await;
                let parsed = Base::parse(&base, "connectToTeams", "baseUrl").unwrap();
                let limit = Duration::from_secs(4);
                let transport = Transport::new(&parsed, limit, PAUSE).unwrap();
                let sent = transport.exchange(&request(&base, effort), |builder| builder).await;
                let kind = sent.map(drop).map_err(|fault| fault.kind);
                assert_eq!(kind, Err(FaultKind::NoAnswer), "{head}{piece}");
                assert_eq!(calls.load(Ordering::SeqCst), 1, "{head}{piece}");
            });
        }
    }
    join_all(tries).await;
}

#[tokio::test]
async fn half_of_an_answer_that_looks_whole_is_no_answer() {
    let lines: [Line; 3] = [
        |_| b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n[]".to_vec(),
        |_| b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n".to_vec(),
        |_| {
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n";
            [head.as_bytes(), &UNFOLDS[..UNFOLDS.len() / 2]].concat()
        },
    ];
    for (number, line) in lines.into_iter().enumerate() {
        for (effort, sent) in [(Effort::Read, 3), (Effort::Write, 1)] {
            let (base, calls) = serve(line).await;
            let answer = send(&base, effort, false).await;
            let kind = answer.map(drop).map_err(|fault| fault.kind);
            assert_eq!(kind, Err(FaultKind::NoAnswer), "{number}");
            assert_eq!(calls.load(Ordering::SeqCst), sent, "{number}");
        }
    }
}

#[tokio::test]
async fn a_small_answer_that_unfolds_into_a_large_one_is_not_kept() {
    let (base, calls) = serve(|_| {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n";
        [head.as_bytes(), UNFOLDS].concat()
    })
    .await;
    let fault = send(&base, Effort::Read, false).await.map(drop).unwrap_err();
    assert_eq!((fault.kind, &*fault.message), (FaultKind::Garbled, TOO_LARGE));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

const TOO_LARGE: &str = "try: the answer is larger than 1 KiB";

#[tokio::test]
async fn no_redirect_carries_anything_elsewhere() {
    let (elsewhere, calls_there) = serve(|_| accepted()).await;
    for status in [301, 302, 303, 307, 308] {
        for effort in [Effort::Read, Effort::Write] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!("http://{}", listener.local_addr().unwrap());
            let answer = format!(
                "HTTP/1.1 {status} x\r\nlocation: {elsewhere}/x\r\ncontent-length: 0\r\n\r\n"
            );
            let server = tokio::spawn(async move {
                let (mut socket, _) = listener.accept().await.unwrap();
                heard(&mut socket).await;
                socket.write_all(answer.as_bytes()).await.unwrap();
            });
            let parsed = Base::parse(&base, "connectToTeams", "baseUrl").unwrap();
            let transport = Transport::new(&parsed, Duration::from_secs(20), PAUSE).unwrap();
            let with_a_token = |builder: RequestBuilder| builder.bearer_auth("hunter2");
            let answer = transport.exchange(&request(&base, effort), with_a_token).await;
            let fault = answer.map(drop).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Garbled, "{status}");
            assert!(fault.message.contains("pointed to http://127.0.0.1:"), "{fault:?}");
            server.await.unwrap();
        }
    }
    assert_eq!(calls_there.load(Ordering::SeqCst), 0);
}
