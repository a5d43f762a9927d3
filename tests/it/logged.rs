//! What goes to the log: a warning or an error that is about a tenant names it, and the user, in
//! both formats.

use std::fs;

use dialplane::sandbox::{FaultRule, InjectedFault, Route};

use crate::stage::{Stage, fleet};

const TENANTS: [&str; 3] = ["adatum", "contoso", "fabrikam"];

/// What is about no tenant, by the beginning of its words: an account, the manifests or the whole
/// service.
const OF_NO_TENANT: &[&str] = &[
    "refused; not tried again",
    "could not be checked; nothing depends on it",
    "everything is stopped",
    "going on",
    "not valid YAML",
];

/// The warnings and errors of a log, each with its level and words.
fn warnings(log: &str, is_json: bool) -> Vec<(String, String)> {
    let of_json = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).ok()?;
        let level = entry["level"].as_str()?.to_owned();
        Some((level, entry["fields"]["message"].as_str()?.to_owned(), line.to_owned()))
    };
    let of_text = |line: &str| {
        let (_, rest) = line.split_once("Z ")?;
        let (level, rest) = rest.trim_start().split_once(' ')?;
        // Behind the span, if there is one.
        let words = match rest.split_once("}: ") {
            Some((span, words)) if span.starts_with("run{") => words,
            _ => rest,
        };
        Some((level.to_owned(), words.to_owned(), line.to_owned()))
    };
    let entries =
        log.lines().filter_map(|line| if is_json { of_json(line) } else { of_text(line) });
    entries
        .filter(|(level, ..)| level == "WARN" || level == "ERROR")
        .map(|(_, words, line)| (words, line))
        .collect()
}

/// Holds each warning to what it is to name; which words were seen.
fn judge(log: &str, is_json: bool) -> String {
    let warnings = warnings(log, is_json);
    for (words, line) in &warnings {
        let names = TENANTS.iter().any(|tenant| line.contains(tenant));
        let is_of_none = OF_NO_TENANT.iter().any(|begin| words.starts_with(begin));
        assert!(names || is_of_none, "no tenant: {line}");
        if words.starts_with("step not accepted") {
            assert!(line.contains("user") && line.contains('@'), "no user: {line}");
        }
    }
    warnings.into_iter().map(|(words, _)| words + "\n").collect()
}

fn fail(stage: &Stage, rules: &[(InjectedFault, Route)]) {
    let rules = rules.iter().map(|(failure, route)| FaultRule::new(*failure).on(*route));
    let rules: Vec<FaultRule> = rules.collect();
    stage.sandbox.faults(|faults| faults.rules = rules);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_a_run_is_told_with_its_tenant_and_its_user() {
    for format in ["text", "json"] {
        let mut seen = String::new();
        for rules in [
            &[(InjectedFault::Refused, Route::Update), (InjectedFault::Server, Route::Sync)][..],
            &[(InjectedFault::Server, Route::Enable), (InjectedFault::Refused, Route::Sync)],
            &[(InjectedFault::Lost, Route::Update)],
            &[(InjectedFault::Garbage, Route::Enable), (InjectedFault::Text, Route::Sync)],
            &[
                (InjectedFault::Garbage, Route::Gateways),
                (InjectedFault::Server, Route::Enterprise),
            ],
            &[(InjectedFault::Forbidden, Route::ListUsers)],
            &[(InjectedFault::Unauthorized, Route::Update)],
        ] {
            let stage = Stage::drifted().await;
            fail(&stage, rules);
            let ended = stage.run(&["--log-format", format, "apply", "--yes"]).await;
            assert_ne!(ended.code, 0, "{rules:?}: {}{}", ended.stdout, ended.stderr);
            seen += &judge(&ended.stderr, format == "json");
        }
        for words in ["step not accepted", "sync not accepted", "tenant given up", "be checked"] {
            assert!(seen.contains(words), "{format}: {words}: {seen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_warns_of_names_the_tenant_or_the_account() {
    for format in ["text", "json"] {
        let stage = Stage::drifted().await;
        stage.configure("backoff: 100ms", "backoff: 1s");
        fail(
            &stage,
            &[(InjectedFault::Server, Route::Sync), (InjectedFault::Refused, Route::Update)],
        );
        let mut service = stage.start(&["--log-format", format, "run"]);
        let log = || stage.text("stderr");
        let all = |words: &str| log().matches(words).count() >= TENANTS.len();
        service.until("syncs that fail", || all("sync not accepted")).await;
        // A part of a manifest that cannot be understood, a tenant that goes.
        let broken = fleet().replace("metadata: { name: adatum }", "metadata: { name: adatum");
        fs::write(stage.manifest(), broken).unwrap();
        service.until("the mistake", || log().contains("not valid YAML")).await;
        let without = fleet().replacen("mode: enforce", "mode: now", 1);
        fs::write(stage.manifest(), without).unwrap();
        service
            .until("the former version", || log().contains("an older version stays in force"))
            .await;
        fs::write(stage.manifest(), fleet()).unwrap();
        assert_eq!(service.stop().await, Some(0));
        let mut seen = judge(&log(), format == "json");
        // The next one finds what is owed.
        fail(&stage, &[(InjectedFault::Forbidden, Route::ListUsers)]);
        let mut service = stage.start(&["--log-format", format, "run"]);
        service.until("what is owed", || log().contains("recovered")).await;
        assert_eq!(service.stop().await, Some(0));
        seen += &judge(&log(), format == "json");
        for words in ["step not accepted", "an older version stays in force", "recovered"] {
            assert!(seen.contains(words), "{format}: {words}: {seen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_told_with_its_account() {
    for format in ["text", "json"] {
        let stage = Stage::drifted().await;
        stage.configure("backoff: 100ms", "backoff: 20s");
        stage.configure(
            "  password: { command: [printf, sandbox",
            "  password: { command: [printf, x",
        );
        let mut service = stage.start(&["--log-format", format, "run"]);
        let log = || stage.text("stderr");
        service.until("the refusal", || log().contains("refused; not tried again")).await;
        assert_eq!(service.stop().await, Some(0));
        judge(&log(), format == "json");
        let refusal = log();
        let refusal = refusal.lines().find(|line| line.contains("not tried again")).unwrap();
        assert!(refusal.contains("connectToTeams"), "{refusal}");
    }
}
