//! What was reviewed is what is carried out, and what is told to machines on the way.

use std::fs;

use dialplane::{model::Calling, plan::render::seal, sandbox::World};
use serde_json::Value;

use crate::{
    reviewed::{changed, committed, drift, json, no_git},
    stage::{Ended, Stage, dialplane},
};

fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_saved_and_shown_and_says_what_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::drifted().await;
    let plan = stage.run(&["plan", "--out", "plan.json"]).await;
    assert_code(&plan, 2);
    assert!(
        plan.stdout.contains("plan: ")
            && plan.stderr.contains("`dialplane apply plan.json` does exactly this"),
        "{}",
        plan.stderr
    );
    let mode = fs::metadata(stage.path().join("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "it holds names and numbers");
    let wrong = stage.run(&["plan", "plan.json"]).await;
    assert_code(&wrong, 1);
    assert!(wrong.stderr.contains("is a saved plan, and no manifest"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("`dialplane apply plan.json` does exactly"), "{}", wrong.stderr);
    let shown = stage.run(&["show", "plan.json"]).await;
    assert_code(&shown, 0);
    for told in ["adatum  enforce", "  disable  user7@adatum.example", "manifests/fleet.yaml:"] {
        assert!(shown.stdout.contains(told), "{told}: {}", shown.stdout);
    }
    // Nothing else is replaced: a manifest, a device, a link.
    let pipe = stage.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let link = stage.path().join("link.json");
    std::os::unix::fs::symlink("plan.json", &link).unwrap();
    let manifests = fs::read(stage.manifest()).unwrap();
    for (out, why) in [
        ("manifests/fleet.yaml", "exists and is not a saved plan"),
        ("pipe", "cannot be saved to pipe: it is a pipe, and no regular file"),
        ("manifests", "cannot be saved to manifests: it is a folder, and no regular file"),
    ] {
        let refused = stage.run(&["plan", "--out", out]).await;
        assert_code(&refused, 1);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    assert_eq!(fs::read(stage.manifest()).unwrap(), manifests);
    assert!(!fs::metadata(&pipe).unwrap().is_file());
    assert_code(&stage.run(&["plan", "--out", "link.json"]).await, 2);
    assert!(link.is_symlink());
    let manifest = stage.run(&["show", "manifests/fleet.yaml"]).await;
    assert_code(&manifest, 1);
    assert!(manifest.stderr.contains("is not a saved plan"), "{}", manifest.stderr);
    for absent in [&["show", "absent.json"][..], &["apply", "--plan", "absent.json"]] {
        let absent = stage.run(absent).await;
        assert_code(&absent, 1);
        assert!(absent.stderr.contains("hint: save one with `dialplane plan"), "{}", absent.stderr);
    }
    assert_eq!(stage.writes(), [""; 0]);
    // Somebody does one of its steps by hand: what moved is told.
    stage.sandbox.world(|world| {
        let tenant = world.tenant_mut(&crate::support::name("adatum")).unwrap();
        let user = tenant.users.get_mut(&crate::support::upn("user7@adatum.example")).unwrap();
        user.calling = Calling::Disabled;
        user.push();
    });
    let moved = stage.run(&["apply", "--plan", "plan.json"]).await;
    assert_code(&moved, 1);
    assert!(
        moved.stderr.contains("it has moved in adatum (no longer disable user7@adatum.example)"),
        "{}",
        moved.stderr
    );
    assert_eq!(stage.writes(), [""; 0]);
    // A value that is another one now is told with both.
    let text = fs::read_to_string(stage.manifest()).unwrap();
    let tagged = |tag: &str| {
        let user = "    - userPrincipalName: user9@contoso.example\n";
        assert!(text.contains(user));
        text.replacen(user, &format!("{user}      userTag: {tag}\n"), 1)
    };
    fs::write(stage.manifest(), tagged("north")).unwrap();
    assert_code(&stage.run(&["plan", "--out", "plan.json"]).await, 2);
    fs::write(stage.manifest(), tagged("south")).unwrap();
    let moved = stage.run(&["apply", "plan.json"]).await;
    assert_code(&moved, 1);
    let told = r#"update user9@contoso.example: userTag none -> "south", and not none -> "north""#;
    assert!(moved.stderr.contains(told), "{}", moved.stderr);
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_plan_of_a_file_or_of_a_fingerprint_is_carried_out() {
    for by_file in [true, false] {
        let stage = Stage::drifted().await;
        assert_code(&stage.run(&["plan", "--out", "plan.json"]).await, 2);
        let saved = fs::read_to_string(stage.path().join("plan.json")).unwrap();
        let saved: Value = serde_json::from_str(&saved).unwrap();
        let fingerprint = saved["fingerprint"].as_str().unwrap().to_owned();
        let page = stage.run(&["plan", "--output", "markdown"]).await;
        assert!(page.stdout.contains(&format!("apply --expect {fingerprint}")), "{}", page.stdout);
        let exactly = |fingerprint: &str| {
            if by_file {
                vec!["apply".to_owned(), "plan.json".to_owned()]
            } else {
                vec!["apply".to_owned(), format!("--expect={fingerprint}")]
            }
        };
        let run = async |arguments: Vec<String>| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            stage.run(&arguments).await
        };
        if !by_file {
            let other = run(exactly(&"0".repeat(64))).await;
            assert_code(&other, 1);
            let told = "and 000000000000 was expected: nothing is done";
            assert!(other.stderr.contains(told), "{}", other.stderr);
            assert_code(&run(exactly("0123")).await, 1);
            assert_eq!(stage.writes(), [""; 0]);
        }
        let done = run(exactly(&fingerprint)).await;
        assert_code(&done, 3);
        assert!(!stage.writes().is_empty());
        // Once done it is another plan.
        let writes = stage.writes().len();
        assert_code(&run(exactly(&fingerprint)).await, 1);
        assert_eq!(stage.writes().len(), writes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_carried_out_each_step_is_a_line_of_json() {
    let stage = Stage::drifted().await;
    let ended = stage.run(&["apply", "--output", "ndjson"]).await;
    assert_code(&ended, 3);
    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("Plan", "Report"));
    let during = &lines[1..lines.len() - 1];
    let (steps, tenants): (Vec<&Value>, Vec<&Value>) =
        during.iter().partition(|line| line["kind"] == "Step");
    assert!(steps.len() > 3 && steps.iter().all(|step| step["outcome"] == "accepted"), "{steps:?}");
    // Each tenant that was written to says so when its sync is over, after all of its steps.
    assert!(tenants.len() > 1 && tenants.iter().all(|line| line["kind"] == "Tenant"), "{kinds:?}");
    let whole = lines.last().unwrap()["tenants"].as_array().unwrap();
    for tenant in tenants {
        let name = &tenant["tenant"];
        let of_report = whole.iter().find(|of_report| of_report["tenant"] == *name).unwrap();
        for (key, value) in of_report.as_object().unwrap() {
            assert_eq!(&tenant[key], value, "{key} of {name}");
        }
        let place = lines.iter().position(|line| line == tenant).unwrap();
        let of_it = |line: &Value| line["kind"] == "Step" && line["tenant"] == *name;
        let last = lines.iter().rposition(of_it).unwrap();
        assert!(last < place, "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_gets_annotations_at_the_lines_and_the_page_as_its_summary() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    fs::write(stage.manifest(), changed()).unwrap();
    let mut command = dialplane(stage.path(), &["plan", "--base=main", "--output=github"]);
    let summary = stage.path().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    command.env("GITHUB_STEP_SUMMARY", &summary);
    let ended =
        Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    for line in [
        "::error title=contoso%3A somebody loses calling::disable user3@contoso.example\n",
        "::error file=manifests/fleet.yaml,line=",
        "::notice title=dialplane::change: 2 to update, 2 to disable in 1 tenant, then 1 sync\n",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    let page = fs::read_to_string(&summary).unwrap();
    assert!(page.starts_with("before\n### Dialplane: what this change does\n"), "{page}");
    // Without a summary to write there are the annotations alone.
    let alone = stage.run(&["plan", "--base=main", "--output=github"]).await;
    assert_eq!(alone.stdout, ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_for_machines_has_the_shape_that_is_promised() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    fs::write(stage.manifest(), changed()).unwrap();
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    for (of, arguments) in [
        ("plan", &["plan", "--output", "json"][..]),
        ("review", &["plan", "--base=main", "--live=live.json", "--output=json"]),
    ] {
        let schema = json(&stage.run(&["schema", of]).await);
        let shape = jsonschema::validator_for(&schema).unwrap();
        let mut value = json(&stage.run(arguments).await);
        let wrong: Vec<String> = shape.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{of}: {wrong:?}");
        value["version"] = "one".into();
        assert!(!shape.is_valid(&value), "{of}: the schema demands nothing");
    }
}

/// Changes a saved plan.
type Edit = fn(&mut Value);

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_that_was_damaged_is_neither_shown_nor_carried_out() {
    let stage = Stage::drifted().await;
    assert_code(&stage.run(&["plan", "--out", "plan.json"]).await, 2);
    let path = stage.path().join("plan.json");
    let saved = fs::read_to_string(&path).unwrap();
    // Neither blanks nor the order of keys say anything.
    let whole: Value = serde_json::from_str(&saved).unwrap();
    fs::write(&path, whole.to_string()).unwrap();
    assert_code(&stage.run(&["show", "plan.json"]).await, 0);
    let edits: [(&str, Edit); 8] = [
        ("no `sum`", |plan| drop(plan.as_object_mut().unwrap().remove("sum"))),
        ("no `sum`", |plan| plan["sum"] = 7.into()),
        ("edited", |plan| plan["fingerprint"] = "0".repeat(64).into()),
        ("edited", |plan| plan["summary"]["disable"] = 0.into()),
        ("edited", |plan| drop(plan["tenants"].as_array_mut().unwrap().remove(0))),
        ("edited", |plan| plan["tenants"][0]["steps"][0]["runs"] = false.into()),
        ("edited", |plan| plan["tenants"][0]["holds"] = Value::Null),
        ("edited", |plan| plan["at"] = "2026-01-01T00:00:00Z".into()),
    ];
    for (said, edit) in edits {
        let mut plan = whole.clone();
        edit(&mut plan);
        fs::write(&path, plan.to_string()).unwrap();
        for arguments in [
            &["show", "plan.json"][..],
            &["show", "plan.json", "--output", "json"],
            &["show", "plan.json", "--output", "markdown"],
            &["apply", "plan.json"],
        ] {
            let refused = stage.run(arguments).await;
            assert_code(&refused, 1);
            assert!(refused.stderr.contains(said), "{arguments:?}: {}", refused.stderr);
            assert!(refused.stderr.contains("hint: do not rely on it"), "{}", refused.stderr);
            assert_eq!(refused.stdout, "");
        }
    }
    assert_eq!(stage.writes(), [""; 0]);
    // It is still ours, and may be saved again.
    assert_code(&stage.run(&["plan", "--out", "plan.json"]).await, 2);
    assert_code(&stage.run(&["show", "plan.json"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_whose_values_were_changed_by_hand_is_not_carried_out() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let text = fs::read_to_string(stage.manifest()).unwrap();
    let user = "    - userPrincipalName: user9@contoso.example\n";
    let text = text.replacen(user, &format!("{user}      userTag: north\n"), 1);
    fs::write(stage.manifest(), text).unwrap();
    assert_code(&stage.run(&["plan", "--out", "plan.json"]).await, 2);
    let path = stage.path().join("plan.json");
    let saved = fs::read_to_string(&path).unwrap();
    for (is, looks) in [("north", "south"), ("\"live\": \"none\"", "\"live\": \"some\"")] {
        assert!(saved.contains(is), "{saved}");
        let edited = serde_json::from_str(&saved.replace(is, looks)).unwrap();
        fs::write(&path, seal(edited).to_string()).unwrap();
        let refused = stage.run(&["apply", "plan.json"]).await;
        assert_code(&refused, 1);
        assert!(refused.stderr.contains("it has moved in contoso (update"), "{}", refused.stderr);
    }
    assert_eq!(stage.writes(), [""; 0]);
    fs::write(&path, saved).unwrap();
    assert_code(&stage.run(&["apply", "plan.json"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fingerprint_of_a_plan_for_another_account_or_host_is_not_that_of_this_one() {
    let stage = Stage::drifted().await;
    let fingerprint = async || {
        let plan = stage.run(&["plan", "--output", "json"]).await;
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        plan["fingerprint"].as_str().unwrap().to_owned()
    };
    let right = fingerprint().await;
    assert_eq!(fingerprint().await, right, "nothing has changed");
    // The same service under another name.
    stage.configure("127.0.0.1", "localhost");
    assert_ne!(fingerprint().await, right);
    let refused = stage.run(&["apply", "--yes", &format!("--expect={right}")]).await;
    assert_code(&refused, 1);
    let told = "or it was made for another account or host";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
    assert_eq!(stage.writes(), [""; 0]);
    stage.configure("localhost", "127.0.0.1");
    // Nor is that of a rehearsal.
    let rehearsed = stage.run(&["plan", "--sandbox", "--output", "json"]).await;
    let rehearsed: Value = serde_json::from_str(&rehearsed.stdout).unwrap();
    assert_ne!(rehearsed["fingerprint"], right.as_str());
    // Without names the page tells the fingerprint of the plan that it shows.
    fs::write(stage.path().join("key"), "a key that is long enough for this").unwrap();
    let masked = stage.run(&["plan", "--output", "markdown", "--mask", "file:key"]).await;
    assert!(masked.stdout.contains(&right), "{}{}", masked.stdout, masked.stderr);
    assert_code(&stage.run(&["apply", "--yes", &format!("--expect={right}")]).await, 3);
}
