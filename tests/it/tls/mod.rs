//! The way out: certificates, and the proxies of the environment. The binary talks TLS to a server
//! of its own before the sandbox.

mod database;
mod peers;

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

use dialplane::sandbox::SECRET;
use peers::{Authority, Certificate, Proxy, before, self_signed};
use regex::Regex;

use crate::{
    snapshot::snapshot,
    stage::{Ended, Stage, dialplane},
};

/// A host that no name server knows: only a proxy leads there.
const HOST: &str = "api.example.invalid";
/// The password of somebody at the proxy.
const AT_PROXY: &str = "hunter2";

/// `plan` with these variables.
async fn plan(stage: &Stage, variables: &[(&str, String)]) -> Ended {
    let mut command = dialplane(stage.path(), &["plan"]);
    command.env("DIALPLANE_LOG", "trace");
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let ended = Ended::from(output);
    for secret in [AT_PROXY, SECRET, "dXNlcjpodW50ZXIy"] {
        let shown = ended.stdout.contains(secret) || ended.stderr.contains(secret);
        assert!(!shown, "{variables:?}: {secret}: {}", ended.stderr);
    }
    ended
}

/// Lets the stage's service be this one.
fn serve(stage: &Stage, base: &str) {
    stage.configure(&stage.sandbox.base_url(), base);
    // What is so short is for rehearsals.
    stage.configure("backoff: 100ms", "backoff: 1s");
}

fn address(stage: &Stage) -> SocketAddr {
    let base = stage.sandbox.base_url();
    base.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}

/// A stage with a server before its sandbox that has this certificate.
async fn encrypted(own: Certificate) -> Stage {
    let stage = Stage::drifted().await;
    let port = before(address(&stage), own).await.port();
    serve(&stage, &format!("https://localhost:{port}"));
    stage
}

/// A plan without the account, whose address differs.
fn steps(ended: &Ended) -> Vec<&str> {
    let is_step = |line: &&str| !line.starts_with("account ");
    ended.stdout.lines().filter(is_step).collect()
}

/// Whether the service was read.
fn was_read(ended: &Ended) -> bool {
    ended.stdout.contains("@contoso.example") && !ended.stdout.contains("not read")
}

/// A file with roots that are to be trusted.
fn roots(stage: &Stage, pem: &str) -> PathBuf {
    let path = stage.path().join("roots.pem");
    fs::write(&path, pem).unwrap();
    path
}

/// What people see of what is wrong, each line once.
fn told(ended: &Ended) -> String {
    let is_told = |line: &&str| {
        ["held:", "hint:", "error:"].iter().any(|begin| line.trim_start().starts_with(begin))
    };
    let mut lines: Vec<&str> =
        ended.stdout.lines().chain(ended.stderr.lines()).filter(is_told).collect();
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(*line));
    lines.join("\n")
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_of_a_file_or_of_a_folder_are_trusted() {
    let authority = Authority::new("ours");
    let stage = encrypted(authority.sign("localhost", 9999)).await;
    let file = text(roots(&stage, &authority.pem()));
    let folder = stage.path().join("certs");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("0a1b2c3d.0"), authority.pem()).unwrap();
    for (variable, value) in [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", text(folder))] {
        let ended = plan(&stage, &[(variable, value)]).await;
        assert!(was_read(&ended), "{variable}: {}", ended.stderr);
    }
    let own = self_signed("localhost", false);
    let pem = own.pem();
    let stage = encrypted(own).await;
    let ended = plan(&stage, &[("SSL_CERT_FILE", text(roots(&stage, &pem)))]).await;
    assert!(was_read(&ended), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_refused_and_why_is_told() {
    let authority = Authority::new("ours");
    let own = self_signed("localhost", true);
    let own_pem = own.pem();
    let cases = [
        (
            "of another authority",
            authority.sign("localhost", 9999),
            Authority::new("another").pem(),
        ),
        (
            "of another authority with that name",
            authority.sign("localhost", 9999),
            Authority::new("ours").pem(),
        ),
        ("of another host", authority.sign("other.example", 9999), authority.pem()),
        ("of the past", authority.sign("localhost", 1999), authority.pem()),
        ("its own, marked as an authority", own, own_pem),
    ];
    let mut all = String::new();
    for (what, certificate, trusted) in cases {
        let stage = encrypted(certificate).await;
        let ended = plan(&stage, &[("SSL_CERT_FILE", text(roots(&stage, &trusted)))]).await;
        assert_eq!((ended.code, stage.sandbox.calls().len()), (1, 0), "{what}: {}", ended.stderr);
        all += &format!("--- {what}\n{}\n", told(&ended));
    }
    let stage = encrypted(authority.sign("localhost", 9999)).await;
    for (what, file) in [
        ("trusted by a file that is not there", stage.path().join("none.pem")),
        ("trusted by a file without certificates", roots(&stage, "nothing\n")),
    ] {
        let ended = plan(&stage, &[("SSL_CERT_FILE", text(file))]).await;
        assert_eq!((ended.code, stage.sandbox.calls().len()), (1, 0), "{what}: {}", ended.stderr);
        all += &format!("--- {what}\n{}\n", told(&ended));
    }
    let port = Regex::new(r"localhost:\d+").unwrap();
    snapshot!(port.replace_all(&all, "localhost:[port]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_taken_unless_the_host_is_named_as_one_to_reach_without_it() {
    let authority = Authority::new("ours");
    let stage = Stage::drifted().await;
    let plain = plan(&stage, &[]).await;
    let server = before(address(&stage), authority.sign(HOST, 9999)).await;
    let proxy = Proxy::start(Some(server)).await;
    serve(&stage, &format!("https://{HOST}"));
    let roots = ("SSL_CERT_FILE", text(roots(&stage, &authority.pem())));
    let value = format!("http://user:{AT_PROXY}@{}", proxy.address);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let ended = plan(&stage, &[roots.clone(), (variable, value.clone())]).await;
        assert!(was_read(&ended), "{}", ended.stderr);
        assert_eq!((steps(&ended), ended.code), (steps(&plain), plain.code), "{}", ended.stderr);
        let asked = proxy.asked();
        let to_host = format!("CONNECT {HOST}:443 ");
        assert!(!asked.is_empty() && asked.iter().all(|head| head.starts_with(&to_host)));
        assert!(asked[0].contains("dXNlcjpodW50ZXIy"), "{asked:?}");
    }
    let calls = stage.sandbox.calls().len();
    for (variable, named) in [("NO_PROXY", HOST), ("no_proxy", ".invalid"), ("NO_PROXY", "*")] {
        let variables =
            [roots.clone(), ("HTTPS_PROXY", value.clone()), (variable, named.to_owned())];
        let ended = plan(&stage, &variables).await;
        let told = told(&ended);
        assert!(told.contains(&format!("no connection to {HOST}: ")), "{}", ended.stderr);
        assert_eq!((ended.code, proxy.asked().len()), (1, 0), "{variable}={named}");
    }
    assert_eq!(stage.sandbox.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_refused_behind_a_proxy_is_told_as_the_certificate() {
    let authority = Authority::new("ours");
    let server = before("127.0.0.1:1".parse().unwrap(), authority.sign(HOST, 9999)).await;
    let proxy = Proxy::start(Some(server)).await;
    let stage = Stage::drifted().await;
    serve(&stage, &format!("https://{HOST}"));
    let roots = ("SSL_CERT_FILE", text(roots(&stage, &Authority::new("another").pem())));
    let ended = plan(&stage, &[roots, ("HTTPS_PROXY", format!("http://{}", proxy.address))]).await;
    snapshot!(told(&ended));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_away_or_refuses_is_told_as_the_proxy() {
    let stage = Stage::drifted().await;
    serve(&stage, &format!("https://{HOST}"));
    let roots = ("SSL_CERT_FILE", text(roots(&stage, &Authority::new("another").pem())));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = Proxy::start(None).await.address;
    for (variable, proxy, words) in [
        ("HTTPS_PROXY", closed, format!("no connection to {HOST} through the proxy {closed}")),
        ("all_proxy", refusing, format!("the proxy {refusing} (all_proxy) makes no connection")),
    ] {
        let value = format!("http://user:{AT_PROXY}@{proxy}");
        let ended = plan(&stage, &[roots.clone(), (variable, value)]).await;
        let told = told(&ended);
        assert!(told.contains(&words), "{told}");
        assert!(told.contains(&format!("check the proxy in {variable}")), "{told}");
        assert_eq!(ended.code, 1, "{told}");
    }
    for value in ["http://", "proxy example:3128", "socks5://127.0.0.1:1080", "ftp://hunter2@x"] {
        let ended = plan(&stage, &[roots.clone(), ("HTTPS_PROXY", value.to_owned())]).await;
        let told = told(&ended);
        assert!(told.contains(&format!("{HOST} cannot be reached: HTTPS_PROXY ")), "{told}");
        assert_eq!(ended.code, 1, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_never_goes_through_a_proxy() {
    let proxy = Proxy::start(None).await;
    let value = format!("http://{}", proxy.address);
    let authority = Authority::new("ours");
    for stage in [Stage::drifted().await, encrypted(authority.sign("localhost", 9999)).await] {
        let mut variables = vec![("SSL_CERT_FILE", text(roots(&stage, &authority.pem())))];
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
            variables.push((name, value.clone()));
        }
        let ended = plan(&stage, &variables).await;
        assert!(was_read(&ended), "{}", ended.stderr);
        assert_eq!(proxy.asked().len(), 0);
    }
}
