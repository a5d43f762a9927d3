//! What was saved, shown later: in every form, from the file alone.

use std::fs;

use dialplane::plan::render::seal;
use serde_json::{Value, json};

use crate::{
    reviewed::{changed, committed, drift, no_git},
    stage::{Ended, Stage},
};

async fn show(stage: &Stage, file: &str, output: &str) -> Ended {
    stage.run(&["show", file, "--output", output]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_shown_as_it_would_have_been() {
    let stage = Stage::drifted().await;
    let plan = stage.run(&["plan", "--out", "plan.json", "--output", "json"]).await;
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    // The service and the manifests are gone: the file is enough.
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let saved: Value = serde_json::from_str(&plan.stdout).unwrap();
    let of_file = show(&stage, "plan.json", "json").await;
    assert_eq!(serde_json::from_str::<Value>(&of_file.stdout).unwrap(), saved);
    let page = show(&stage, "plan.json", "markdown").await;
    assert_eq!(page.code, 0, "{}", page.stderr);
    assert!(page.stdout.starts_with("### Dialplane: a saved plan\n\n**"), "{}", page.stdout);
    let text = show(&stage, "plan.json", "text").await.stdout;
    assert!(text.lines().next().unwrap().contains(" would lose calling: "), "{text}");
    assert!(text.contains("once, after the steps\n") && !text.contains("afterSteps"), "{text}");
    let github = show(&stage, "plan.json", "github").await.stdout;
    let steps = saved["tenants"].as_array().unwrap().iter().flat_map(|tenant| {
        tenant["steps"].as_array().unwrap().iter().map(|step| step["user"].as_str().unwrap())
    });
    let steps: Vec<&str> = steps.collect();
    assert!(steps.len() > 2);
    for user in steps {
        assert!(page.stdout.contains(user), "{user}: {}", page.stdout);
    }
    let disables = saved["summary"]["disable"].as_u64().unwrap();
    assert!(page.stdout.contains(&format!("{disables} ")) && disables > 0);
    let errors = github.lines().filter(|line| line.starts_with("::error ")).count();
    assert_eq!(u64::try_from(errors).unwrap(), disables, "{github}");
    assert!(github.contains("file=manifests/fleet.yaml,line="), "{github}");
    assert!(github.trim_end().lines().last().unwrap().contains("saved plan: "), "{github}");
    let short = stage.run(&["show", "plan.json", "-o", "markdown", "--max-bytes", "2000"]).await;
    assert!(short.stdout.len() <= 2_000, "{}", short.stdout.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_review_tells_what_is_caused_and_what_is_not() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    fs::write(stage.manifest(), changed()).unwrap();
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let save = ["plan", "--base=main", "--live=live.json", "--all", "--out=review.json"];
    assert_eq!(stage.run(&save).await.code, 2);
    let page = show(&stage, "review.json", "markdown").await.stdout;
    for told in [
        "### Dialplane: what a change does, as it was saved\n\n**2 to update, 2 to disable**",
        "**2 people would lose calling**",
        "- user3@contoso.example  contoso\n",
        "**Drift, whether the change is made or not**",
        "reverted  user5@contoso.example  contoso  update\n",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // Drift is nobody's annotation.
    let github = show(&stage, "review.json", "github").await.stdout;
    assert!(github.contains("saved review: the change causes 2 to update"), "{github}");
    assert!(!github.contains("user5@contoso.example"), "{github}");
    // A part says that it is one, in each form.
    let part = [&save[..], &["--user=user1@contoso.example"]].concat();
    assert_eq!(stage.run(&part).await.code, 2);
    assert!(show(&stage, "review.json", "markdown").await.stdout.contains("It is a part:"));
    assert!(show(&stage, "review.json", "text").await.stdout.contains("a part: only some"));
}

/// A file that somebody else has written: no word of it acts, and what it says of itself counts for
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_somebody_else_says_nothing_but_text() {
    let stage = Stage::drifted().await;
    let hostile =
        "```\n</details><img src=x>@acme/oncall [x](https://evil.example)\u{202e}\n::error::x";
    let hold = json!({ "code": hostile, "reason": hostile, "remedy": hostile });
    let step = json!({
        "action": "disable", "user": hostile, "runs": true, "origin": hostile,
        "changes": [{ "field": "phoneNumber", "live": hostile, "desired": hostile }],
        "holds": [hold],
    });
    let problem = json!({ "user": hostile, "reason": hostile, "remedy": hostile });
    let tenant = json!({
        "tenant": hostile, "steps": vec![step; 400], "holds": [hold], "problems": [problem],
        "unforeseen": [hostile], "sync": hostile,
    });
    let plan = json!({
        "version": 1, "kind": "Plan", "fingerprint": hostile.repeat(100), "tenants": [tenant],
        "summary": { "disable": 0 },
    });
    fs::write(stage.path().join("hostile.json"), seal(plan).to_string()).unwrap();
    let page = show(&stage, "hostile.json", "markdown").await.stdout;
    assert!(page.contains("400 people would lose calling"), "{}", &page[..500]);
    assert!(page.len() <= 60_000, "{}", page.len());
    assert!(!page.contains('\u{202e}') && !page.contains("\n::error"), "{page}");
    let github = show(&stage, "hostile.json", "github").await.stdout;
    assert!(github.lines().count() <= 28, "{github}");
    assert!(github.lines().all(|line| line.starts_with("::")), "{github}");
}
