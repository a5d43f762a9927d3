//! Notices, with the real binary and receivers over real sockets: what they are told, when, how it
//! is signed, and that nobody can read an address.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::post,
};
use dialplane::{
    api::notices::Poster,
    config,
    model::Notice,
    ports::{DeliveryFailure, Messenger as _},
    sandbox::World,
};
use insta::assert_snapshot;
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::{
    server::serving,
    stage::{Running, Stage},
};

const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const FORMER: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

/// One call that came in.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    uri: String,
    headers: HeaderMap,
    body: String,
}

impl Came {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody who is told.
#[derive(Clone)]
pub(crate) struct Ear {
    address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Ear {
    pub(crate) async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new((204, String::new())));
        let ear = Self { address, came: Arc::default(), answer };
        let app = Router::new().fallback(post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        ear
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// What a webhook was told: the type of each event, and of what.
    fn told(&self) -> Vec<String> {
        let of = |came: &Came| {
            let event = came.json();
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            format!("{} {}", text(&event["type"]), text(&event["data"]["kind"]))
        };
        self.came().iter().map(of).collect()
    }

    fn answers(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }
}

async fn hear(State(ear): State<Ear>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    ear.came.lock().unwrap().push(Came { uri: uri.to_string(), headers, body });
    let (status, body) = ear.answer.lock().unwrap().clone();
    let beside = [("retry-after", "90"), ("location", "/elsewhere")];
    (StatusCode::from_u16(status).unwrap(), beside, body).into_response()
}

/// A stage whose configuration names these receivers; each secret is a file.
pub(crate) fn configured(stage: &Stage, ear: &Ear, receivers: &str) {
    for (name, text) in [
        ("hook", format!("http://{}/hook?sig=s3cr3tpath", ear.address)),
        ("key", KEY.to_owned()),
        ("former", FORMER.to_owned()),
    ] {
        let path = stage.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let notices = format!("notices: {{ after: 0s, receivers: {receivers} }}\nrun: {{");
    stage.configure("run: {", &notices);
}

pub(crate) const HOOK: &str =
    "{ on-call: { kind: webhook, url: { file: hook }, secret: { file: key } } }";

async fn as_wanted(stage: &Stage, service: &mut Running) {
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_somebody_is_told_once_and_when_it_is_over_across_a_crash() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ear = Ear::listen().await;
    configured(&stage, &ear, HOOK);
    let mut service = stage.start(&["run"]);
    as_wanted(&stage, &mut service).await;
    assert_eq!(stage.run(&["stop", "--reason", "storm"]).await.code, 0);
    service.until("it is told", || ear.told().len() == 1).await;
    assert_eq!(ear.told(), ["dialplane.incident.opened stopped"]);
    let kept = || {
        let path = stage.path().join(".dialplane/sandbox/notices.json");
        fs::read_to_string(path).is_ok_and(|kept| kept.contains("\"receiver\""))
    };
    service.until("that is kept", kept).await;
    service.signal("-KILL");
    drop(service);
    // What was told before is not told again, and what is over is.
    let mut service = stage.start(&["run"]);
    let held = || stage.text("stdout").matches("[stopped]").count() == 3;
    service.until("the first passes", held).await;
    assert_eq!(ear.told().len(), 1, "{:?}", ear.told());
    assert_eq!(stage.run(&["resume"]).await.code, 0);
    service.until("the end is told", || ear.told().len() == 2).await;
    assert_eq!(ear.told()[1], "dialplane.incident.closed stopped");
    assert_eq!(service.stop().await, Some(0));
    // By the reasons nobody is named who does not ask for that.
    assert!(!ear.came()[0].body.contains("storm"), "{}", ear.came()[0].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pass_has_changed_is_told_to_who_asks_for_it() {
    let stage = Stage::set(|desired| World::drifted(desired, 1)).await;
    let ear = Ear::listen().await;
    configured(&stage, &ear, &HOOK.replace("kind: webhook", "kind: webhook, kinds: [applied]"));
    let mut service = stage.start(&["run"]);
    let told = || ear.told().iter().any(|told| told == "dialplane.applied applied");
    service.until("it is told", told).await;
    assert_eq!(service.stop().await, Some(0));
    let came = ear.came().remove(0);
    let data = came.json()["data"].clone();
    let hint = data["hint"].as_str().unwrap();
    let pass = data["code"].as_str().unwrap();
    assert!(hint.contains(&format!("dialplane undo {pass}")), "{hint}");
    assert!(!came.body.contains('@'), "names nobody: {}", came.body);
    // The pass is the one that the history has.
    let history = stage.run(&["history", pass]).await;
    assert_eq!(history.code, 0, "{}{}", history.stdout, history.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_can_tell_who_sent_it_while_its_secret_is_replaced() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ear = Ear::listen().await;
    let receivers = HOOK.replace("{ file: key }", "{ file: key }, formerSecret: { file: former }");
    configured(&stage, &ear, &receivers);
    let ended = stage.run(&["notices", "test"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "on-call: the notice was taken\n"));
    let came = ear.came().remove(0);
    assert_eq!(came.uri, "/hook?sig=s3cr3tpath");
    assert_eq!(came.headers["content-type"], "application/cloudevents+json");
    for key in [KEY, FORMER] {
        Webhook::new(key).unwrap().verify(came.body.as_bytes(), &came.headers).unwrap();
    }
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(Webhook::new(other).unwrap().verify(came.body.as_bytes(), &came.headers).is_err());
    let event = came.json();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "dialplane.trial");
    assert_eq!(event["id"], came.headers["webhook-id"].to_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_is_seen_by_anybody_who_reads_what_went_wrong() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ear = Ear::listen().await;
    configured(&stage, &ear, HOOK);
    ear.answers(403, "no /hook?sig=s3cr3tpath for you");
    let refused = stage.run(&["notices", "test", "on-call", "-vv"]).await;
    assert_eq!(refused.code, 1);
    let path = format!("http://{}/T0/s3cr3tpath", ear.address);
    fs::write(stage.path().join("hook"), path).unwrap();
    ear.answers(403, "no /T0/s3cr3tpath for you");
    let by_path = stage.run(&["notices", "test", "-vv"]).await;
    assert_eq!(by_path.code, 1);
    fs::write(stage.path().join("hook"), "http://127.0.0.1:9/hook?sig=s3cr3tpath").unwrap();
    let away = stage.run(&["notices", "test", "-vv"]).await;
    fs::write(stage.path().join("hook"), "http://elsewhere.example/hook?sig=s3cr3tpath").unwrap();
    let bare = stage.run(&["notices", "test", "-vv"]).await;
    fs::write(stage.path().join("hook"), "hook?sig=s3cr3tpath").unwrap();
    let none = stage.run(&["doctor"]).await;
    for ended in [refused, by_path, away, bare, none] {
        let all = ended.stdout + &ended.stderr;
        assert!(!all.contains("s3cr3tpath"), "{all}");
        assert!(all.contains("on-call"), "{all}");
    }
}

/// What is wrong with receivers, as people read it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_receiver_is_told_at_its_place() {
    let ear = Ear::listen().await;
    let mut told = String::new();
    for receivers in [
        "{ a: { kind: pager, url: { file: hook } } }",
        "{ a: { kind: slack, url: \"https://hooks.slack.example/T0/B0/x\" } }",
        "{ a: { kind: teams, url: { file: hook }, secret: { file: key } } }",
        "{ a: { kind: webhook, url: { file: hook }, formerSecret: { file: key } } }",
        "{ a: { kind: webhook, url: { file: hook }, tenants: [\"[a\"], kinds: [helt] } }",
        "{ a: { kind: webhook, url: { file: nowhere } } }",
        "{ a: { kind: webhook, url: { file: hook }, secret: { file: hook } } }",
        "{}",
    ] {
        let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
        configured(&stage, &ear, receivers);
        let ended = stage.run(&["notices", "test"]).await;
        told += &format!("# {receivers}\nexit {}\n{}{}\n", ended.code, ended.stdout, ended.stderr);
    }
    assert_snapshot!(told);
    assert_eq!(ear.came().len(), 0);
}

/// Each notice is sent once here; the service sends it again as it is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_answers_decides_whether_and_when_it_is_told_again() {
    let ear = Ear::listen().await;
    let folder = crate::folder::folder();
    let file = folder.path().join("hook");
    fs::write(&file, format!("http://{}/hook", ear.address)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let settings =
        format!("receivers: {{ a: {{ kind: slack, url: {{ file: '{}' }} }} }}", file.display());
    let settings: config::Notices = serde_yaml::from_str(&settings).unwrap();
    let poster = Poster::new(&settings);
    let trial = Notice::trial("msg_1".to_owned(), jiff::Timestamp::UNIX_EPOCH);
    let long = "x".repeat(100_000);
    for (status, body, becomes) in [
        (204, "", "taken"),
        (200, long.as_str(), "taken"),
        (302, "", "again"),
        (404, "", "again after 90 s"),
        (410, "", "never again"),
        (429, "", "again after 90 s"),
        (503, "", "again after 90 s"),
    ] {
        ear.answers(status, body);
        let came = match poster.deliver("a", &trial).await {
            Ok(()) => "taken".to_owned(),
            Err(DeliveryFailure { gone: true, .. }) => "never again".to_owned(),
            Err(DeliveryFailure { wait: None, .. }) => "again".to_owned(),
            Err(DeliveryFailure { wait: Some(wait), .. }) => {
                format!("again after {} s", wait.as_secs())
            }
        };
        assert_eq!(came, becomes, "{status}");
    }
    assert_eq!(ear.came().len(), 7, "nobody was led elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_a_key_that_cannot_be_one_is_told_without_it() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ear = Ear::listen().await;
    configured(&stage, &ear, HOOK);
    for (address, told) in [
        (format!("http://ann:s3cr3t@{}/x", ear.address), "a user name or a password"),
        (format!("http://s3cr3t@{}/x", ear.address), "a user name or a password"),
        (format!("http://{}/a s3cr3t", ear.address), "characters that no URL has"),
        (format!("http://{}\\s3cr3t", ear.address), "characters that no URL has"),
        ("mailto:s3cr3t@example.org".to_owned(), "it has no host"),
    ] {
        fs::write(stage.path().join("hook"), address).unwrap();
        let ended = stage.run(&["notices", "test", "-vv"]).await;
        assert_eq!(ended.code, 1, "{told}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert!(!(ended.stdout + &ended.stderr).contains("s3cr3t"), "{told}");
    }
    fs::write(stage.path().join("hook"), format!("http://{}/x", ear.address)).unwrap();
    fs::write(stage.path().join("key"), "whsec_c2hvcnQ=").unwrap();
    let doctor = stage.run(&["doctor"]).await;
    let said = doctor.stdout + &doctor.stderr;
    assert!(said.contains("is not a signing secret") && !said.contains("c2hvcnQ"), "{said}");
    assert_eq!(ear.came().len(), 0, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_seen_which_receiver_has_not_heard() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ear = Ear::listen().await;
    // No answer that says how long to wait.
    ear.answers(302, "");
    configured(&stage, &ear, HOOK);
    let (mut service, door) = serving(&stage, "").await;
    as_wanted(&stage, &mut service).await;
    let metrics = || door.get("/metrics", &[]).body;
    let undelivered =
        |count: u32| format!("dialplane_notices_undelivered{{receiver=\"on-call\"}} {count}.0\n");
    service.until("nothing is to be told", || metrics().contains(&undelivered(0))).await;
    assert!(!metrics().contains("notices_last_delivery_timestamp_seconds{"), "{}", metrics());
    assert_eq!(stage.run(&["stop", "--reason", "storm"]).await.code, 0);
    let failed = "dialplane_notices_total{receiver=\"on-call\",outcome=\"failed\"} 1\n";
    service.until("a try fails", || metrics().contains(failed)).await;
    assert!(metrics().contains(&undelivered(1)), "{}", metrics());
    let told = "notices to on-call: 1 undelivered, none taken since the service began";
    let status = stage.run(&["status"]).await.stdout;
    assert!(status.contains(told), "{status}");
    let page = door.get("/", &[]).body;
    assert!(page.contains("Notices to on-call: <strong class=\"wait\">1 undelivered<"), "{page}");
    // It is tried again after five seconds.
    ear.answers(204, "");
    service.until("it has heard", || metrics().contains(&undelivered(0))).await;
    assert!(metrics().contains("notices_last_delivery_timestamp_seconds{receiver=\"on-call\"} 1"));
    let status = stage.run(&["status"]).await.stdout;
    assert!(status.contains("notices to on-call: all delivered, last taken "), "{status}");
    assert_eq!(service.stop().await, Some(0));
}
