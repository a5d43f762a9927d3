//! The examples for other code hosts, and the hook that runs before a commit.

use std::fs;

use dialplane::sandbox::World;
use serde_yaml::Value;

use super::{example, lacks_programs, runner::Runner};
use crate::{
    reviewed::{changed, commit, committed},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn other_code_hosts_show_the_same() {
    if lacks_programs() {
        return;
    }
    let stage = committed().await;
    commit(&stage, &changed(), "four people");
    let runner = Runner::new(&stage);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let gitlab = text(&example("gitlab/.gitlab-ci.yml")["plan"]["script"][0]);
    let azure = example("azure/azure-pipelines.yml");
    let step = |name: &str| {
        let steps = azure["steps"].as_sequence().unwrap();
        text(&steps.iter().find(|step| step["displayName"] == name).unwrap()["bash"])
    };
    let install = [("AGENT_TEMPDIRECTORY".to_owned(), runner.temp.display().to_string())];
    let installed = runner.shell(&step("Install"), &install.into()).await;
    assert_eq!(installed.code, 0, "{}", installed.stderr);
    assert!(installed.stdout.contains("##vso[task.prependpath]"), "{}", installed.stdout);
    assert!(runner.temp.join("dialplane").exists());
    let azure = step("Plan");
    for script in [&gitlab, &azure] {
        let base = ("CI_MERGE_REQUEST_DIFF_BASE_SHA".to_owned(), "HEAD^1".to_owned());
        let ended = runner.shell(script, &[base].into()).await;
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("the change causes steps"), "{}", ended.stdout);
        let page = fs::read_to_string(stage.path().join("plan.md")).unwrap();
        assert!(page.contains("2 people would lose calling: contoso 2"), "{page}");
    }
    let nowhere = ("CI_MERGE_REQUEST_DIFF_BASE_SHA".to_owned(), "nowhere".to_owned());
    assert_eq!(runner.shell(&gitlab, &[nowhere].into()).await.code, 1);
    let page = fs::read_to_string(stage.path().join("plan.md")).unwrap();
    assert!(
        page.starts_with("### Dialplane: there is no plan\n\n```\ngit knows no commit"),
        "{page}"
    );
    // What is held warns, which is another code than a failure.
    let before = fs::read_to_string(stage.manifest()).unwrap();
    let protect = "  prune: disable\n  protect: [user5@contoso.example]\n";
    let protected = before.replacen("  prune: disable\n", protect, 1);
    commit(&stage, &protected, "one is protected");
    let user = protected.find("userPrincipalName: user5@contoso.example").unwrap();
    let (head, tail) = protected.split_at(user);
    commit(&stage, &(head.to_owned() + &tail.replacen("enabled", "disabled", 1)), "and off");
    let base = ("CI_MERGE_REQUEST_DIFF_BASE_SHA".to_owned(), "HEAD^1".to_owned());
    let held = runner.shell(&gitlab, &[base].into()).await;
    assert!(held.code == 3 && held.stdout.contains("something is held"), "{}", held.stdout);
    let held = runner.shell(&azure, &[].into()).await;
    assert!(held.code == 0 && held.stdout.contains("SucceededWithIssues"), "{}", held.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_checks_the_files_of_a_commit_against_all_the_others() {
    let hook = &example("pre-commit/.pre-commit-hooks.yaml")[0];
    let files = regex::Regex::new(hook["files"].as_str().unwrap()).unwrap();
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    // The tenant stands in another file than its users.
    let text = fs::read_to_string(stage.manifest()).unwrap();
    let users = |name: &str, user: &str| {
        format!(
            "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: {name}, tenant: contoso }}\n\
                spec:\n  users:\n    - {{ userPrincipalName: {user}, calling: enabled }}\n"
        )
    };
    let folder = stage.path().join("manifests");
    fs::write(folder.join("new.yaml"), users("new", "new@contoso.example")).unwrap();
    fs::write(folder.join("twice.yml"), users("twice", "user3@contoso.example")).unwrap();
    fs::write(folder.join("wrong.yaml"), "kind: Tenantt\n").unwrap();
    assert!(text.contains("user3@contoso.example"));
    for file in ["manifests/new.yaml", "manifests/twice.yml", "manifests/wrong.yaml"] {
        assert!(files.is_match(file));
    }
    let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').skip(1).collect();
    let run = async |files: &[&str]| stage.run(&[&entry[..], files].concat()).await;
    let right = run(&["manifests/new.yaml"]).await;
    assert_eq!(right.code, 0, "{}{}", right.stdout, right.stderr);
    assert!(right.stdout.contains("1 of 4 files: all valid"), "{}", right.stdout);
    let twice = run(&["manifests/new.yaml", "manifests/twice.yml"]).await;
    assert!(twice.code == 1 && twice.stderr.contains("user3@contoso.example"), "{}", twice.stderr);
    // What is wrong elsewhere is a matter of who changes it.
    assert!(!twice.stderr.contains("Tenantt"), "{}", twice.stderr);
    assert_eq!(run(&["manifests/wrong.yaml"]).await.code, 1);
    // All of them are still checked as a folder.
    assert!(run(&["manifests"]).await.stderr.contains("Tenantt"));
}
