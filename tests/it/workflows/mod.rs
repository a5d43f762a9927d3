//! The workflows that are shipped as examples: each step of theirs, run by a shell with the real
//! binary in a scratch repository. The programs around it (`gh`, `docker`) are played.

mod elsewhere;
mod host;
mod runner;

use std::{
    fs,
    path::{Path, PathBuf},
};

use dialplane::sandbox::{FaultRule, InjectedFault, Route};
use runner::Runner;
use serde_yaml::Value;

use crate::{
    reviewed::{changed, commit, committed, drift, git},
    stage::is_here,
};

/// Whether a program is missing here that runners of workflows have.
fn lacks_programs() -> bool {
    !["git", "bash", "jq"].into_iter().all(|program| is_here(program, "--version"))
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn example(file: &str) -> Value {
    let text = fs::read_to_string(examples().join(file)).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The steps of the action, with its defaults as inputs.
fn action(runner: &mut Runner<'_>) -> Value {
    let action = example("github/action/action.yml");
    for (name, input) in action["inputs"].as_mapping().unwrap() {
        let default = input["default"].as_str().unwrap_or_default();
        runner.value(&format!("inputs.{}", name.as_str().unwrap()), default);
    }
    action["runs"]["steps"].clone()
}

/// The text of each script of an example.
fn scripts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "run" || key == "bash" => {
                        found.push(text.clone());
                    }
                    value => scripts(value, found),
                }
            }
        }
        Value::Sequence(list) => list.iter().for_each(|value| scripts(value, found)),
        _ => {}
    }
}

#[test]
fn actions_and_images_are_pinned_and_no_text_of_others_is_part_of_a_script() {
    let files = [
        "github/action/action.yml",
        "github/plan.yml",
        "github/observe.yml",
        "github/apply.yml",
        "gitlab/.gitlab-ci.yml",
        "azure/azure-pipelines.yml",
    ];
    for file in files {
        let text = fs::read_to_string(examples().join(file)).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            if let Some((_, uses)) = line.split_once("uses: ") {
                let commit = uses.split_whitespace().next().unwrap().split_once('@');
                let hex = |commit: &str| commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                let pinned = commit.is_some_and(|(_, commit)| commit.len() == 40 && hex(commit));
                assert!(pinned || uses.starts_with("./"), "{file}: {line}");
            }
            if line.contains("registry.") {
                assert!(line.contains("@sha256:"), "{file}: {line}");
            }
        }
        let mut found = Vec::new();
        scripts(&example(file), &mut found);
        assert!(file.starts_with("gitlab") || !found.is_empty(), "{file}");
        for script in found {
            assert!(!script.contains("${{"), "{file}: {script}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_shows_a_change_and_keeps_one_comment_that_is_edited() {
    if lacks_programs() {
        return;
    }
    let stage = committed().await;
    fs::write(stage.manifest(), changed()).unwrap();
    let mut runner = Runner::new(&stage);
    let steps = action(&mut runner);
    runner.value("inputs.base", "main");
    runner.value("inputs.comment", "7");
    runner.value("github.repository", "acme/phones");
    let plan = runner.run(&steps, "Plan").await;
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert!(plan.stdout.contains("::error title=contoso%3A somebody loses calling"));
    let outputs = ["exit-code", "caused", "losing-calling", "held"].map(|key| runner.output(key));
    assert_eq!(outputs, ["2", "4", "2", "0"], "{}", plan.stdout);
    assert!(runner.text("GITHUB_STEP_SUMMARY").starts_with("### Dialplane: what this change does"));
    let comment = runner.run(&steps, "Comment").await;
    assert_eq!(comment.code, 0, "{}", comment.stderr);
    let posted = runner.text("posted.md");
    assert!(posted.starts_with("<!-- dialplane:plan:default -->\n\n### Dialplane"), "{posted}");
    let calls = runner.text("gh.log");
    assert!(calls.contains("--method POST repos/acme/phones/issues/7/comments"), "{calls}");
    let verdict = runner.run(&steps, "Verdict").await;
    assert_eq!((verdict.code, verdict.stdout.as_str()), (0, "the change causes steps\n"));

    // The next push edits that comment: it, and nobody else's who begins with the same words.
    let marker = "<!-- dialplane:plan:default -->";
    let comments = serde_json::json!([
        { "id": 1, "user": { "login": "mallory" }, "body": format!("{marker}\n\nall is well") },
        { "id": 2, "user": { "login": "github-actions[bot]" }, "body": "of another check" },
        { "id": 3, "user": { "login": "github-actions[bot]" }, "body": format!("{marker}\n\nold") },
    ]);
    fs::write(runner.temp.join("comments.json"), comments.to_string()).unwrap();
    fs::remove_file(runner.temp.join("gh.log")).unwrap();
    assert_eq!(runner.run(&steps, "Comment").await.code, 0);
    let calls = runner.text("gh.log");
    assert!(calls.contains("--method PATCH repos/acme/phones/issues/comments/3 "), "{calls}");

    // Also if there is no plan: the old comment must not go on telling something else.
    runner.value("inputs.base", "nowhere`<b>@acme/oncall");
    let failed = runner.run(&steps, "Plan").await;
    assert_eq!((failed.code, runner.output("exit-code")), (0, "1"), "{}", failed.stderr);
    assert_eq!(runner.run(&steps, "Comment").await.code, 0);
    let posted = runner.text("posted.md");
    let (_, said) = posted.split_once("### Dialplane: there is no plan\n\n").unwrap();
    assert!(said.starts_with("```\ngit knows no commit `nowhere`<b>@acme/oncall`"), "{posted}");
    assert_eq!(runner.run(&steps, "Verdict").await.code, 1);
    // Nor may a plan without what is wrong in the manifests look like the whole.
    fs::write(stage.path().join("manifests/new.yaml"), "kind: Nothing\n").unwrap();
    runner.value("inputs.base", "main");
    let wrong = runner.run(&steps, "Plan").await;
    assert_eq!((wrong.code, runner.output("exit-code")), (0, "1"), "{}", wrong.stderr);
    assert_eq!(runner.run(&steps, "Comment").await.code, 0);
    let posted = runner.text("posted.md");
    assert!(
        posted.contains("**1 error in the manifests, so this is not the whole plan; "),
        "{posted}"
    );
    assert!(posted.contains("manifests/new.yaml:1:7  there is no kind `Nothing`"), "{posted}");
    let verdict = runner.run(&steps, "Verdict").await;
    assert!(
        verdict.code == 1 && verdict.stdout.contains("manifests are wrong"),
        "{}",
        verdict.stdout
    );
    fs::remove_file(stage.path().join("manifests/new.yaml")).unwrap();

    // A name that is more than a name, and an image that may be another one tomorrow.
    runner.value("inputs.name", "x --> <script>");
    assert_eq!(runner.run(&steps, "Comment").await.code, 1);
    runner.value("inputs.image", "registry.acme.example/dialplane:latest");
    let latest = runner.run(&steps, "Install").await;
    assert!(latest.code == 1 && latest.stdout.contains("pin the image"), "{}", latest.stdout);
    runner.value("inputs.image", "registry.acme.example/dialplane@sha256:00");
    assert_eq!(runner.run(&steps, "Install").await.code, 0);
    assert!(runner.temp.join("dialplane").exists());

    // Where not even the program is, the comment says so all the same.
    fs::remove_file(runner.temp.join("bin/dialplane")).unwrap();
    assert_eq!(runner.run(&steps, "Plan").await.code, 0);
    assert_eq!(runner.output("exit-code"), "127");
    let page = runner.text("dialplane.md");
    assert_eq!(page, "### Dialplane: there is no plan\n\nThe log of the job says why.\n");
    assert_eq!(runner.run(&steps, "Verdict").await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_of_the_action_are_words_and_never_commands() {
    if lacks_programs() {
        return;
    }
    let stage = committed().await;
    let sentinel = stage.path().join("sentinel");
    let mut runner = Runner::new(&stage);
    let steps = action(&mut runner);
    let words = format!("$(touch '{0}')`touch '{0}'`; touch '{0}' #\"'", sentinel.display());
    for input in
        ["base", "head", "paths", "live", "strict", "max-bytes", "mask-key", "name", "comment"]
    {
        let mut runner = runner.again();
        runner.value("inputs.base", "main");
        runner.value(&format!("inputs.{input}"), &words);
        for step in ["Plan", "Comment", "Verdict"] {
            runner.run(&steps, step).await;
        }
        assert!(!sentinel.exists(), "{input} was run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_a_fork_reads_its_commit_and_the_live_state_that_was_kept() {
    if lacks_programs() {
        return;
    }
    let stage = committed().await;
    let folder = stage.path();
    git(folder, &["checkout", "-q", "-b", "fork"]);
    commit(&stage, &changed(), "four people");
    git(folder, &["checkout", "-q", "main"]);
    git(folder, &["merge", "-q", "--no-ff", "-m", "a merge to look at", "fork"]);
    git(folder, &["update-ref", "refs/pull/7/merge", "HEAD"]);
    git(folder, &["reset", "-q", "--hard", "HEAD^1"]);
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "runner-kept.json"]).await.code, 0);

    let mut runner = Runner::new(&stage);
    let workflow = example("github/plan.yml");
    let steps = &workflow["jobs"]["plan"]["steps"];
    let (parent, name) = (folder.parent().unwrap(), folder.file_name().unwrap());
    runner.value("github.server_url", &format!("file://{}", parent.display()));
    runner.value("github.repository", name.to_str().unwrap());
    runner.value("github.event.pull_request.number", "7");
    runner.value("github.token", "secret");
    let fetched = runner.run(steps, "Fetch the pull request as objects").await;
    assert_eq!(fetched.code, 0, "{}", fetched.stderr);
    // Nothing was kept yet.
    let none = runner.run(steps, "Live state that was kept").await;
    assert!(none.code == 0 && none.stdout.contains("no kept live state"), "{}", none.stdout);
    fs::rename(folder.join("runner-kept.json"), runner.temp.join("kept.json")).unwrap();
    fs::write(runner.temp.join("runs.json"), r#"[{"databaseId": 12}]"#).unwrap();
    let kept = runner.run(steps, "Live state that was kept").await;
    assert_eq!(kept.code, 0, "{}", kept.stderr);

    let step = steps.as_sequence().unwrap().iter().find(|step| !step["with"]["base"].is_null());
    let with = step.unwrap()["with"].clone();
    let composite = action(&mut runner);
    for (name, value) in with.as_mapping().unwrap() {
        let value = runner.replaced(value.as_str().unwrap());
        runner.value(&format!("inputs.{}", name.as_str().unwrap()), &value);
    }
    for step in ["Install", "Plan", "Comment", "Verdict"] {
        let ended = runner.run(&composite, step).await;
        assert_eq!(ended.code, 0, "{step}: {}{}", ended.stdout, ended.stderr);
    }
    assert_eq!((runner.output("exit-code"), runner.output("caused")), ("2", "4"));
    assert_eq!(runner.output("fingerprint").len(), 64);
    let posted = runner.text("posted.md");
    assert!(posted.contains("Drift, whether the change is made or not"), "{posted}");
    // What is checked out is the base, still.
    assert!(!fs::read_to_string(stage.manifest()).unwrap().contains("userTag: north"));
}

#[tokio::test(flavor = "multi_thread")]
async fn live_state_is_kept_and_drift_is_reported() {
    if lacks_programs() {
        return;
    }
    let stage = committed().await;
    let mut runner = Runner::new(&stage);
    let workflow = example("github/observe.yml");
    let steps = &workflow["jobs"]["observe"]["steps"];
    for (told, drifts) in
        [("no difference is seen", false), ("live state differs from the manifests", true)]
    {
        if drifts {
            drift(&stage);
        }
        for step in ["Install dialplane", "Observe"] {
            assert_eq!(runner.run(steps, step).await.code, 0, "{step}");
        }
        let drift = runner.run(steps, "Drift").await;
        assert!(drift.code == 0 && drift.stdout.contains(told), "{}{}", drift.stdout, drift.stderr);
    }
    // One tenant that cannot be read is no reason to keep nothing.
    let rule = FaultRule::new(InjectedFault::Unavailable).on(Route::ListUsers);
    let rule =
        FaultRule { tenant: Some("00000000-0000-4000-8000-000000000001".to_owned()), ..rule };
    stage.sandbox.faults(|faults| faults.rules.push(rule));
    let partly = runner.run(steps, "Observe").await;
    assert!(partly.code == 0 && partly.stdout.contains("::warning"), "{}", partly.stdout);
    assert_eq!(runner.run(steps, "Drift").await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_merged_is_planned_kept_and_carried_out() {
    if lacks_programs() {
        return;
    }
    let workflow = example("github/apply.yml");
    let steps = &workflow["jobs"]["apply"]["steps"];
    for (failure, code, told) in [
        (None, 0, ""),
        (Some(InjectedFault::Forbidden), 4, "::error title=dialplane::partly done"),
        (Some(InjectedFault::Server), 5, "::error title=dialplane::the answer to a step was lost"),
    ] {
        let stage = committed().await;
        drift(&stage);
        let mut runner = Runner::new(&stage);
        let state = stage.path().join("state");
        runner.env.insert("DIALPLANE_STATE__PATH".to_owned(), state.display().to_string());
        let plan = runner.run(steps, "Plan").await;
        assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
        assert_eq!(runner.output("exit-code"), "2");
        assert!(stage.path().join("plan.json").exists() && stage.writes().is_empty());
        if let Some(failure) = failure {
            stage.sandbox.faults(|faults| {
                faults.rules.push(FaultRule::new(failure).on(Route::Update));
            });
        }
        let apply = runner.run(steps, "Apply").await;
        assert_eq!(apply.code, code, "{}{}", apply.stdout, apply.stderr);
        assert!(apply.stdout.contains(told), "{}", apply.stdout);
        assert!(state.exists(), "the journal is not where it was to be");
    }
}
