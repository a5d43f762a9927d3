//! Who wanted what is on record: the commit of the manifests, whatever surrounds the program, and
//! who was at the keyboard.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::stage::{self, Ended, Stage, child, dialplane, script};

fn git(folder: &Path, author: &str, arguments: &[&str]) {
    stage::git(folder, (author, &format!("{author}@example.org")), arguments);
}

/// A stage whose manifests somebody has committed.
async fn committed(author: &str) -> Stage {
    let stage = Stage::drifted().await;
    let manifests = stage.path().join("manifests");
    git(&manifests, author, &["init", "-q"]);
    git(&manifests, author, &["add", "-A"]);
    git(&manifests, author, &["commit", "-qm", "the fleet"]);
    stage
}

async fn run(mut command: Command) -> Ended {
    Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

/// What `history` says of the last run.
async fn last(stage: &Stage) -> Value {
    let list: Value = serde_json::from_str(
        &stage.run(&["history", "--limit", "1", "--output", "json"]).await.stdout,
    )
    .unwrap();
    list["runs"][0].clone()
}

/// What `doctor` says of the revision.
async fn doctor(stage: &Stage, path: Option<&Path>) -> Value {
    let mut command = dialplane(stage.path(), &["doctor", "--output", "json"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let ended = run(command).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == "revision")
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_of_another_repository_is_not_asked() {
    let stage = committed("ann").await;
    let other = stage.path().join("other");
    fs::create_dir(&other).unwrap();
    git(&other, "mallory", &["init", "-q"]);
    git(&other, "mallory", &["commit", "-qm", "another thing", "--allow-empty"]);
    let inside = other.join(".git");
    let mut command = dialplane(stage.path(), &["apply"]);
    command
        .env("GIT_DIR", &inside)
        .env("GIT_WORK_TREE", &other)
        .env("GIT_INDEX_FILE", inside.join("index"));
    command
        .env("GIT_COMMON_DIR", &inside)
        .env("GIT_OBJECT_DIRECTORY", inside.join("objects"))
        .env("GIT_NAMESPACE", "other");
    command
        .env("GIT_CEILING_DIRECTORIES", stage.path())
        .env("GIT_CONFIG_PARAMETERS", "'core.worktree'='/'")
        .env("USER", "ann");
    command.env_remove("SUDO_USER");
    let ended = run(command).await;
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    let run = last(&stage).await;
    assert_eq!(run["revision"]["author"], "ann <ann@example.org>", "{run}");
    assert_eq!(run["revision"]["edited"], false, "{run}");
    assert!(run["by"].as_str().unwrap().starts_with("ann@"), "{run}");
    let told = stage.run(&["history", "--limit", "1"]).await.stdout;
    assert!(told.contains(" by ann <ann@example.org>, by hand: ann@"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_nobody_at_a_keyboard() {
    let stage = committed("ann").await;
    let mut service = stage.start(&["run"]);
    service.until("a run", || stage.writes().iter().any(|path| path.contains("syncTeams"))).await;
    assert_eq!(service.stop().await, Some(0));
    let run = last(&stage).await;
    assert_eq!(
        (&run["by"], &run["revision"]["author"]),
        (&Value::Null, &"ann <ann@example.org>".into()),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_around_the_manifests_that_does_not_hold_them_does_not_answer() {
    let stage = Stage::drifted().await;
    git(stage.path(), "mallory", &["init", "-q"]);
    fs::write(stage.path().join(".gitignore"), "*\n").unwrap();
    git(stage.path(), "mallory", &["add", "-f", ".gitignore"]);
    git(stage.path(), "mallory", &["commit", "-qm", "the surroundings"]);
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!(last(&stage).await["revision"], Value::Null);
    let check = doctor(&stage, None).await;
    assert!(
        check["verdict"] == "warn"
            && check["finding"].as_str().unwrap().contains("does not hold the manifests"),
        "{check}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_why_the_revision_is_unknown() {
    let stage = Stage::drifted().await;
    let none = doctor(&stage, None).await;
    assert!(none["finding"].as_str().unwrap().contains("in no git repository"), "{none}");
    let stage = committed("ann").await;
    let known = doctor(&stage, None).await;
    assert!(
        known["verdict"] == "pass"
            && known["finding"].as_str().unwrap().ends_with("by ann <ann@example.org>"),
        "{known}"
    );
    let empty = tempfile::tempdir().unwrap();
    let absent = doctor(&stage, Some(empty.path())).await;
    assert!(
        absent["verdict"] == "warn"
            && absent["finding"].as_str().unwrap().contains("no program `git`"),
        "{absent}"
    );
    // What cannot be told in time is unknown, and holds nothing up for long.
    let slow = empty.path().join("git");
    script(&slow, "#!/bin/sh\nexec /bin/sleep 600\n");
    let late = doctor(&stage, Some(empty.path())).await;
    assert!(late["finding"].as_str().unwrap().contains("did not answer within"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_of_another_user_is_read_and_nothing_of_it_is_run() {
    let stage = committed("ann").await;
    let manifests = stage.path().join("manifests");
    // Its owner would like the reader to run something.
    let marker = stage.path().join("was-run");
    let touch = format!("touch {}; cat", marker.display());
    for (key, value) in [
        ("filter.a=b.clean", touch.as_str()),
        ("filter.a=b.required", "true"),
        ("core.fsmonitor", &touch),
    ] {
        git(&manifests, "ann", &["config", key, value]);
    }
    fs::write(manifests.join(".git/info/attributes"), "*.yaml filter=a=b\n").unwrap();
    let text = fs::read_to_string(stage.manifest()).unwrap();
    fs::write(stage.manifest(), text).unwrap();
    // As git itself tests this: every repository belongs to somebody else.
    let beside = tempfile::tempdir().unwrap();
    let wrapper = beside.path().join("git");
    let real = std::env::var_os("PATH").unwrap();
    let real = std::env::split_paths(&real)
        .map(|folder| folder.join("git"))
        .find(|path| path.exists())
        .unwrap();
    let text =
        format!("#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {} \"$@\"\n", real.display());
    script(&wrapper, &text);
    let path =
        std::env::join_paths([beside.path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let refused =
        child(&wrapper, &manifests).args(["log", "-1"]).env("LC_ALL", "C").output().unwrap();
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("dubious ownership"),
        "git refuses it when it is simply asked"
    );
    let check = doctor(&stage, Some(Path::new(&path))).await;
    assert!(
        check["verdict"] == "pass" && check["finding"].as_str().unwrap().contains("by ann <"),
        "{check}"
    );
    assert!(!marker.exists(), "something of the repository was run");
}
