//! A tenant with `live: file`, through the real binary: what the file shows is compared, an old
//! file moves nobody, and a new one is found without being told.

use std::fs;

use dialplane::sandbox::World;
use regex::Regex;

use crate::snapshot::snapshot;
use crate::stage::{Stage, fleet};

/// The fleet's contoso, read from a file; the others through the service.
fn manifests() -> String {
    let (before, after) =
        fleet().split_once("name: contoso }").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!(
        "{before}name: contoso }}{}",
        after.replacen("  prune: never\n", "  prune: never\n  live: file\n", 1)
    )
}

async fn stage() -> Stage {
    let stage = Stage::with(manifests(), |desired| World::drifted(desired, 1)).await;
    stage.configure("execution:", "live: { file: kept.json }\nexecution:");
    stage
}

async fn observe(stage: &Stage) {
    let observed = stage.run(&["observe", "--out", "kept.json"]).await;
    assert_eq!(observed.code, 0, "{}", observed.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_read_from_its_file_applied_and_right_once_the_file_is_new() {
    let stage = stage().await;
    observe(&stage).await;
    let lists =
        || stage.sandbox.calls().into_iter().filter(|call| call.path.contains("listUsers")).count();
    let before = lists();
    let planned = stage.run(&["plan", "--tenant", "contoso"]).await;
    assert_eq!(planned.code, 2, "{}", planned.stderr);
    assert_eq!(lists() - before, 2, "the two others are asked, contoso is not");
    let service = fs::read_to_string(stage.manifest()).unwrap().replace("  live: file\n", "");
    fs::write(stage.path().join("service.yaml"), service).unwrap();
    let asked = stage.run(&["plan", "--tenant", "contoso", "service.yaml"]).await;
    let steps = |text: &str| {
        text.replace("service.yaml", "manifests/fleet.yaml")
            .lines()
            .map(strip_line)
            .collect::<Vec<_>>()
    };
    assert_eq!(steps(&planned.stdout), steps(&asked.stdout), "the same is wanted of both");

    let applied = stage.run(&["apply", "--tenant", "contoso"]).await;
    assert!(applied.stdout.contains("sync accepted"), "{}{}", applied.stdout, applied.stderr);
    // The file does not show it yet: nothing is sent twice.
    let writes = stage.writes().len();
    stage.run(&["apply", "--tenant", "contoso"]).await;
    assert_eq!(stage.writes().len(), writes);
    observe(&stage).await;
    let again = stage.run(&["plan", "--tenant", "contoso"]).await;
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}

/// Without the number of the line, which differs by one.
fn strip_line(line: &str) -> String {
    line.rsplit_once(".yaml:").map_or(line, |(before, _)| before).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_moves_nobody_and_says_why() {
    let stage = stage().await;
    let mut told = Vec::new();
    let mut plan = async |what: &str| {
        let ended = stage.run(&["plan", "--tenant", "contoso"]).await;
        told.push(format!("== {what}: {}\n{}{}", ended.code, ended.stdout, ended.stderr));
    };
    plan("absent").await;
    fs::write(stage.path().join("kept.json"), "{").unwrap();
    plan("damaged").await;
    fs::remove_file(stage.path().join("kept.json")).unwrap();
    observe(&stage).await;
    let now = fs::read_to_string(stage.path().join("kept.json")).unwrap();
    let moment = Regex::new(r#""\d{4}-\d\d-\d\dT[0-9:.]+Z""#).unwrap();
    let old = moment.replace_all(&now, "\"2001-02-03T04:05:06Z\"");
    fs::write(stage.path().join("kept.json"), &*old).unwrap();
    plan("old").await;
    fs::write(stage.path().join("kept.json"), now.replace("-000000000001", "-00000000000f"))
        .unwrap();
    plan("without the tenant").await;
    stage.configure("live: { file: kept.json }\n", "");
    plan("not configured").await;
    let writes = stage.writes();
    assert!(writes.is_empty(), "{writes:?}");
    let folder = stage.path().canonicalize().unwrap();
    let told = told.join("\n").replace(&format!("{}/", folder.display()), "");
    snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_finds_a_new_file() {
    let stage = stage().await;
    stage.configure("poll: 1s", "poll: 1s, resync: 1s");
    let mut service = stage.start(&["run"]);
    service
        .until("the file is missed", || stage.text("stdout").contains("no live state here"))
        .await;
    assert!(!stage.writes().iter().any(|path| path.contains("contoso")));
    observe(&stage).await;
    service
        .until("contoso is done", || {
            stage.text("stdout").contains("contoso  ")
                && stage.text("stdout").contains("contoso.example")
        })
        .await;
    service
        .until("its sync", || {
            let text = stage.text("stdout");
            text.lines().any(|line| line.starts_with("contoso  ") && line.contains("sync accepted"))
        })
        .await;
}
