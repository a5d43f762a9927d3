//! No secret leaves the program but to the service: logs at their loudest, every output, everything
//! that is kept.

use std::{fs, path::Path, time::Duration};

use dialplane::{
    model::{TenantId, TenantName},
    sandbox::{FaultRule, InjectedFault, Route, msal_object},
};
use jiff::Timestamp;

use crate::stage::{Stage, dialplane, fleet};

const CONTOSO: &str = "00000000-0000-4000-8000-000000000001";
const SENTINEL: &str = "5entinel-0f-the-re5eller";
/// What must be nowhere: the account's secrets, that of the application at Graph, the enterprise's,
/// the parts of the Microsoft token set, tokens of the service.
const NEVER: [&str; 8] = [
    SENTINEL,
    "sandbox-secret",
    "enterprise-client-secret",
    "enterprise-admin-secret",
    "msal-access-token",
    "msal-id-token",
    "msal-refresh-token",
    "eyJhbGciOi",
];

/// Everything that a command leaves behind, but for the files that hold the secrets.
pub(crate) fn kept(folder: &Path, secrets: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            all.extend(kept(&entry.path(), &[]));
        } else if !secrets.contains(&name.as_str()) {
            all.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    all
}

fn assert_silent(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in NEVER {
        if let Some(at) = text.find(secret) {
            let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
            panic!(
                "{what} holds {secret}: {}",
                &text[from..(at + secret.len() + 20).min(text.len())]
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_output_log_or_file() {
    let stage = Stage::drifted().await;
    stage.sandbox.change_secret(SENTINEL);
    fs::write(stage.path().join("secret"), SENTINEL).unwrap();
    let id = TenantId::parse(CONTOSO).unwrap();
    fs::write(stage.path().join("contoso.json"), stage.sandbox.enterprise_credentials(&id))
        .unwrap();
    fs::write(
        stage.path().join("msal.json"),
        msal_object(&id, Timestamp::now() + Duration::from_secs(3000)),
    )
    .unwrap();
    fs::write(stage.path().join("graph-secret"), "sandbox-secret").unwrap();
    let graph = format!("clientId: {}\n  clientSecret: ", dialplane::sandbox::GRAPH_CLIENT_ID);
    stage.configure(
        &format!("{graph}{{ command: [printf, sandbox-secret] }}"),
        &format!("{graph}{{ file: graph-secret }}"),
    );
    stage.configure(
        "clientSecret: { command: [printf, sandbox-secret] }",
        "clientSecret: { env: PLANTED }",
    );
    stage
        .configure("password: { command: [printf, sandbox-secret] }", "password: { file: secret }");
    let files = "{ credentials: { file: contoso.json }, msal: { command: [cat, msal.json] } }";
    stage
        .configure("  endpoints:", &format!("  enterprises: {{ contoso: {files} }}\n  endpoints:"));
    let fabrikam = "  tenantId: 00000000-0000-4000-8000-000000000002\n";
    let text = fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false");
    fs::write(stage.manifest(), text.replace(fabrikam, &format!("{fabrikam}  live: graph\n")))
        .unwrap();

    let loud = async |arguments: &[&str]| {
        let mut command = dialplane(stage.path(), arguments);
        command
            .env("DIALPLANE_LOG", "trace")
            .env("PLANTED", SENTINEL)
            .env("RUST_BACKTRACE", "full");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let name = arguments.join(" ");
        assert_silent(&format!("stdout of `{name}`"), &output.stdout);
        assert_silent(&format!("stderr of `{name}`"), &output.stderr);
        String::from_utf8(output.stderr).unwrap()
    };
    let log = loud(&["plan"]).await;
    assert!(log.contains("TRACE"), "the log is not at its loudest");
    loud(&["plan", "--output", "json"]).await;
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::ErrorInside).on(Route::Disable).times(1));
    });
    loud(&["apply", "--output", "json"]).await;
    loud(&["apply", "--output", "markdown"]).await;
    let writes = stage.sandbox.writes();
    assert!(
        writes
            .iter()
            .any(|call| call.tenant.as_deref() == Some(CONTOSO) && call.status == Some(200)),
        "{writes:?}"
    );
    loud(&["doctor"]).await;
    loud(&["credentials", "regenerate", "contoso", "--into", "new.json", "--confirm", "contoso"])
        .await;
    // The former ones have ended: the refusals are told too.
    let name = TenantName::parse("contoso").unwrap();
    stage.sandbox.world(|world| {
        world
            .tenant_mut(&name)
            .unwrap()
            .users
            .values_mut()
            .for_each(|user| user.calling = dialplane::model::Calling::Enabled);
    });
    loud(&["apply"]).await;
    stage.sandbox.faults(|faults| faults.wrong_credentials = true);
    loud(&["doctor", "--output", "json"]).await;
    loud(&["plan"]).await;
    for (name, bytes) in
        kept(stage.path(), &["secret", "graph-secret", "contoso.json", "msal.json", "new.json"])
    {
        assert_silent(&name, &bytes);
    }
}

/// Secrets that no two services spell alike.
const HOSTILE: [&str; 4] = [
    r#"p"w\5entinel9/x"#,
    "a b+5entinel9%<&'>",
    "\u{e9}\u{20ac}5entinel9\u{1d11e}\u{fc}",
    r#"\"5entinel9\\""#,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_in_nothing_however_the_service_spells_it() {
    for secret in HOSTILE {
        let stage = Stage::drifted().await;
        stage.sandbox.change_secret(secret);
        fs::write(stage.path().join("secret"), secret).unwrap();
        stage.configure(
            "clientSecret: { command: [printf, sandbox-secret] }\n  username",
            "clientSecret: { file: secret }\n  username",
        );
        stage.configure(
            "  password: { command: [printf, sandbox-secret] }",
            "  password: { file: secret }",
        );
        let coded = |before: &str| {
            let text = base64_of(&format!("{before}{secret}"));
            text.get(text.len() - 14..text.len() - 4).unwrap().to_owned()
        };
        let coded = [coded("sandbox-client:"), coded("x"), coded("")];
        let silent = |what: &str, bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            for word in coded.iter().map(String::as_str).chain(["5entinel"]) {
                assert!(!text.contains(word), "{what} holds {word} of {secret}: {text}");
            }
        };
        let loud = async |arguments: &[&str]| {
            let mut command = dialplane(stage.path(), arguments);
            command.env("DIALPLANE_LOG", "trace");
            let output =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            silent(&format!("stdout of {arguments:?}"), &output.stdout);
            silent(&format!("stderr of {arguments:?}"), &output.stderr);
            String::from_utf8(output.stdout).unwrap()
        };
        // Twelve turns: every write that is refused is told with what the service said.
        let rules = [Route::Update, Route::Enable, Route::Disable]
            .map(|route| FaultRule::new(InjectedFault::Echo).on(route));
        stage.sandbox.faults(|faults| faults.rules.extend(rules));
        let told = loud(&["apply"]).await;
        assert!(told.contains("[redacted]"), "{told}");
        for _ in 0..5 {
            loud(&["apply", "--output", "json"]).await;
        }
        loud(&["history"]).await;
        let history = loud(&["history", "--output", "json"]).await;
        let history: serde_json::Value = serde_json::from_str(&history).unwrap();
        let run = history["runs"][0]["run"].as_str().unwrap().to_owned();
        for command in [
            &["history", &run][..],
            &["history", "--output", "json"],
            &["why", "user0@contoso.example"],
            &["journal", "export"],
            &["journal", "check"],
            &["undo", &run],
            &["status"],
        ] {
            loud(command).await;
        }
        let mut service = stage.start(&["run"]);
        service.until("the first look", || stage.text("stdout").contains("contoso")).await;
        service.stop().await;
        silent("stdout of run", stage.text("stdout").as_bytes());
        silent("stderr of run", stage.text("stderr").as_bytes());
        for route in [Route::Enterprise, Route::ListUsers, Route::WhoAmI, Route::Token] {
            stage.sandbox.faults(|faults| {
                faults.rules = vec![FaultRule::new(InjectedFault::Echo).on(route)];
            });
            for command in [&["plan"][..], &["observe"], &["doctor"], &["import", "--check"]] {
                loud(command).await;
            }
        }
        for (name, bytes) in kept(stage.path(), &["secret"]) {
            silent(&name, &bytes);
        }
    }
}

fn base64_of(text: &str) -> String {
    use std::io::Write as _;
    let mut coder = std::process::Command::new("base64")
        .arg("-w0")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    coder.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(coder.wait_with_output().unwrap().stdout).unwrap()
}
