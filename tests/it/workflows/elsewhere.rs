//! The examples for other code hosts, and the hook that runs before a commit.

use std::{collections::BTreeMap, fs, path::Path};

use dialplane::sandbox::World;
use serde_json::json;
use serde_yaml::Value;

use super::{
    example,
    host::{self, TOKEN},
    lacks_programs,
    runner::Runner,
};
use crate::{
    reviewed::{changed, commit, committed},
    stage::{Ended, Stage, child},
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

/// The scripts of a code host that plan and comment, and what its runner gives to each.
struct Job {
    plan: String,
    comment: String,
    env: BTreeMap<String, String>,
}

impl Job {
    fn gitlab(host: &str) -> Self {
        let jobs = example("gitlab/.gitlab-ci.yml");
        assert_eq!(jobs["comment"]["rules"][0]["when"], "always");
        let script = |job: &str| jobs[job]["script"][0].as_str().unwrap().to_owned();
        let env = [
            ("CI_API_V4_URL", format!("{host}/api/v4")),
            ("CI_PROJECT_ID", "5".to_owned()),
            ("CI_MERGE_REQUEST_IID", "7".to_owned()),
            ("DIALPLANE_NOTES_TOKEN", TOKEN.to_owned()),
        ];
        Self { plan: script("plan"), comment: script("comment"), env: owned(env) }
    }

    fn azure(host: &str) -> Self {
        let pipeline = example("azure/azure-pipelines.yml");
        let steps = pipeline["steps"].as_sequence().unwrap();
        let step = |name: &str| steps.iter().find(|step| step["displayName"] == name).unwrap();
        let script = |name: &str| step(name)["bash"].as_str().unwrap().to_owned();
        let condition = step("Comment")["condition"].as_str().unwrap();
        assert!(condition.starts_with("and(always(), "), "{condition}");
        let env = [
            ("COLLECTION", format!("{host}/acme/")),
            ("PROJECT", "project".to_owned()),
            ("REPOSITORY", "phones".to_owned()),
            ("PULL_REQUEST", "7".to_owned()),
            ("TOKEN", TOKEN.to_owned()),
        ];
        let given = step("Comment")["env"].as_mapping().unwrap();
        assert_eq!(given.len(), env.len(), "all that the step is given");
        Self { plan: script("Plan"), comment: script("Comment"), env: owned(env) }
    }

    /// Plans against a base and comments, whatever became of the plan.
    async fn run(&self, runner: &Runner<'_>, base: &str) -> Ended {
        let base = base.to_owned();
        // Azure DevOps names the first parent itself.
        let plan = self.plan.replace("HEAD^1", &base);
        let env = BTreeMap::from([("CI_MERGE_REQUEST_DIFF_BASE_SHA".to_owned(), base)]);
        runner.shell(&plan, &env).await;
        runner.shell(&self.comment, &self.env).await
    }
}

fn owned<const N: usize>(env: [(&str, String); N]) -> BTreeMap<String, String> {
    env.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The first comment of a thread, or the comment.
fn body(said: &serde_json::Value) -> &str {
    said["body"].as_str().or_else(|| said["comments"][0]["content"].as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_code_hosts_keep_one_comment_that_is_edited() {
    if lacks_programs() || child("curl", Path::new("/")).arg("--version").output().is_err() {
        return;
    }
    for make in [Job::gitlab, Job::azure] {
        let (address, host) = host::start().await;
        let job = make(&address);
        let stage = committed().await;
        let marker = "<!-- dialplane:plan:default -->";
        // Somebody else begins with the same words, and there is more than a page of comments.
        for id in 1..=3 {
            let text = format!("{marker}\n\nall is well");
            let thread = json!([{ "id": 1, "author": { "id": "mallory" }, "content": &text }]);
            let said = json!({ "id": id, "author": { "id": 1 }, "body": text, "comments": thread });
            host.lock().unwrap().said.push(said);
        }
        commit(&stage, &changed(), "four people");
        let runner = Runner::new(&stage);
        let said = job.run(&runner, "HEAD^1").await;
        assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
        {
            let host = host.lock().unwrap();
            assert_eq!(host.writes, ["add 4"], "{}", said.stdout);
            let page = body(&host.said[3]);
            assert!(page.starts_with(&format!("{marker}\n\n### Dialplane: what")), "{page}");
            assert!(page.contains("2 people would lose calling: contoso 2"), "{page}");
        }
        // The next push edits it, also if there is no plan any more, and if there never was one.
        let again = job.run(&runner, "nowhere").await;
        assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
        {
            let host = host.lock().unwrap();
            assert_eq!((host.writes.last().unwrap().as_str(), host.said.len()), ("edit 4", 4));
            let page = body(&host.said[3]);
            assert!(page.contains("### Dialplane: there is no plan"), "{page}");
            assert!(page.contains("git knows no commit `nowhere`"), "{page}");
        }
        fs::remove_file(stage.path().join("plan.md")).unwrap();
        assert_eq!(runner.shell(&job.comment, &job.env).await.code, 0);
        let page = body(&host.lock().unwrap().said[3]).to_owned();
        assert!(page.contains("says why.\n"), "{page}");
        // A refusal fails the step, and tells no secret.
        let mut env = job.env.clone();
        for value in env.values_mut().filter(|value| *value == TOKEN) {
            *value = "another-token".to_owned();
        }
        let refused = runner.shell(&job.comment, &env).await;
        assert_ne!(refused.code, 0, "{}{}", refused.stdout, refused.stderr);
        assert!(!format!("{}{}", refused.stdout, refused.stderr).contains("another-token"));
        let host = host.lock().unwrap();
        assert_eq!((host.writes.len(), body(&host.said[0]).contains("all is well")), (3, true));
    }
    // Without a token there is no comment, and that is no failure.
    let stage = committed().await;
    let job = Job::gitlab("http://127.0.0.1:9");
    let without = Runner::new(&stage).shell(&job.comment, &[].into()).await;
    assert!(without.code == 0 && without.stdout.contains("no comment"), "{}", without.stderr);
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
