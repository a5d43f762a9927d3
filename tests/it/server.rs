//! The HTTP server of the service, over real sockets: what it answers, to whom, and that nobody who
//! asks badly makes it or the service wait.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use dialplane::sandbox::World;
use serde_json::Value;

use crate::stage::{Running, Stage};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.body))
    }
}

/// Where a service answers.
#[derive(Clone, Copy)]
pub(crate) struct Door(u16);

impl Door {
    /// What a browser is told.
    pub(crate) fn address(self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0)
    }

    fn connect(self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.0)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends these bytes and reads until the other end closes.
    fn raw(self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // It may be refused before all of it was read.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Asks as anybody does.
    pub(crate) fn get(self, path: &str, headers: &[&str]) -> Answer {
        let mut lines = String::new();
        if !headers.iter().any(|header| header.starts_with("host:")) {
            lines += &format!("host: 127.0.0.1:{}\r\n", self.0);
        }
        lines.extend(headers.iter().map(|line| format!("{line}\r\n")));
        self.raw(format!("GET {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n").as_bytes())
    }
}

impl Door {
    /// Sends a body.
    pub(crate) fn post(self, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut lines = String::new();
        lines.extend(headers.iter().map(|line| format!("{line}\r\n")));
        let (port, length) = (self.0, body.len());
        let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{lines}");
        let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        self.raw((head + &end).as_bytes())
    }
}

/// Starts a service that is ready, with more settings of its server.
pub(crate) async fn serving(stage: &Stage, settings: &str) -> (Running, Door) {
    let server = format!("server: {{ listen: \"127.0.0.1:0\"{settings} }}\nrun: {{");
    stage.configure("run: {", &server);
    let mut service = stage.start(&["run"]);
    let port = || {
        let log = stage.text("stderr");
        let (_, rest) = log.split_once("address=127.0.0.1:")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    service.until("the address", || port().is_some()).await;
    let door = Door(port().unwrap());
    let done = || {
        let kept = stage.path().join(".dialplane/sandbox/status.json");
        std::fs::read_to_string(kept).is_ok_and(|kept| kept.matches("\"lastAt\": \"2").count() == 3)
    };
    service.until("a pass of each tenant", done).await;
    (service, door)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_loopback_anybody_may_look_and_sees_no_names_of_people() {
    let stage = Stage::drifted().await;
    let (service, door) = serving(&stage, "").await;
    assert_eq!(
        (door.get("/livez", &[]).status, door.get("/livez", &[]).body),
        (200, "alive\n".into())
    );
    let ready = door.get("/readyz?verbose", &[]);
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(ready.body.contains("ok manifests: manifests are in force\n"), "{}", ready.body);
    let status = door.get("/status", &[]);
    assert_eq!(status.status, 200);
    for header in
        ["cache-control: no-store", "x-content-type-options: nosniff", "default-src 'none'"]
    {
        assert!(status.head.contains(header), "{}", status.head);
    }
    let held: Vec<Value> = status.json()["tenants"].as_array().unwrap().clone();
    assert!(held.iter().any(|row| row["problems"][0]["count"] == 1), "{}", status.body);
    assert!(!status.body.contains('@'), "it names a person: {}", status.body);
    let row = door.get("/status/adatum", &[]).json();
    assert_eq!((&row["tenant"], &row["version"]), (&"adatum".into(), &2.into()));
    assert_eq!(door.get("/status/nobody", &[]).status, 404);
    assert_eq!(door.get("/elsewhere", &[]).status, 404);
    let refused = door.get("/status", &["host: dialplane.evil.example"]);
    assert_eq!(refused.status, 421, "a page of somebody else asks through a browser");
    let post = b"POST /status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(door.raw(post).status, 405);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_whoever_knows_it_sees_everything_and_others_only_probes() {
    let stage = Stage::drifted().await;
    let settings = format!(", token: {{ command: [printf, {TOKEN}] }}");
    let (service, door) = serving(&stage, &settings).await;
    assert_eq!(door.get("/readyz", &[]).status, 200);
    for wrong in [&[][..], &["authorization: Bearer fedcba9876543210fedcba9876543210"]] {
        let refused = door.get("/status", wrong);
        assert_eq!(refused.status, 401);
        assert!(refused.head.contains("www-authenticate: basic realm="), "{}", refused.head);
    }
    let status = door.get("/status", &[&format!("authorization: Bearer {TOKEN}")]);
    assert_eq!(status.status, 200);
    let kept = stage.path().join(".dialplane/sandbox/status.json");
    let kept: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert_eq!(status.json()["tenants"], kept["tenants"], "the same snapshot");
    assert!(!stage.text("stderr").contains(TOKEN) && !stage.text("stdout").contains(TOKEN));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_start_where_others_could_look_without_a_token() {
    let stage = Stage::drifted().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let token = "token: { command: [printf, secret] }";
    for (settings, told) in [
        ("listen: \"0.0.0.0:0\"".to_owned(), "there is no token"),
        ("listen: \"[::]:0\"".to_owned(), "there is no token"),
        ("listen: localhost".to_owned(), "is not an address with a port"),
        (format!("listen: \"127.0.0.1:0\", {token}"), "has 6 characters; 16 are the least"),
        ("protectAll: true".to_owned(), "set `server.token`"),
        ("hosts: [\"https://dialplane.example\"]".to_owned(), "is not the name of a host"),
        (format!("listen: \"{taken}\""), "cannot listen on"),
    ] {
        let plain = std::fs::read_to_string(stage.path().join("dialplane.yaml")).unwrap();
        stage.configure("run: {", &format!("server: {{ {settings} }}\nrun: {{"));
        let ended = stage.run(&["run"]).await;
        // What is in the configuration is not mended by another start.
        let code = if told == "cannot listen on" { 1 } else { 78 };
        assert_eq!(ended.code, code, "{settings}");
        assert!(ended.stderr.contains(told), "{settings}: {}", ended.stderr);
        std::fs::write(stage.path().join("dialplane.yaml"), plain).unwrap();
    }
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_badly_keeps_nobody_waiting() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("backoff: 100ms", "backoff: 100ms, resync: 100ms");
    let (mut service, door) = serving(&stage, "").await;
    // More than there is room for: those that say nothing are cut off and the rest let in.
    let idle: Vec<TcpStream> = (0..400).map(|_| door.connect()).collect();
    let mut slow = door.connect();
    slow.write_all(b"GET /status HTTP/1.1\r\nhost: local").unwrap();
    let calls = stage.sandbox.calls().len();
    service.until("passes go on", || stage.sandbox.calls().len() > calls + 20).await;
    assert_eq!(door.get("/livez", &[]).status, 200);
    drop(idle);

    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    assert!([0, 431].contains(&door.raw(head.as_bytes()).status));
    let many = "x: y\r\n".repeat(1000);
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    assert!([0, 431].contains(&door.raw(head.as_bytes()).status));
    assert_eq!(
        door.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n").status,
        400
    );
    let huge = b"POST /status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
        content-length: 1000000000\r\n\r\nbegin";
    assert_eq!(door.raw(huge).status, 405);
    assert_eq!(door.get("/readyz", &[]).status, 200);
    assert_eq!(service.stop().await, Some(0));
}
