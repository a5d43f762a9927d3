//! Commands beside a branch: those that decide fetch it, those that look back do not.

use std::fs;

use serde_json::Value;

use super::repo::{Repo, can_serve, edited, follow, has_git, serve};
use crate::stage::{Stage, fleet};

#[tokio::test(flavor = "multi_thread")]
async fn commands_read_the_branch_and_a_folder_that_is_named_goes_before_it() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    follow(&stage, &url, "");
    let valid = stage.run(&["validate"]).await;
    assert_eq!(valid.code, 0, "{}{}", valid.stdout, valid.stderr);
    assert!(valid.stdout.contains("1 file, 3 valid tenants, 36 users"), "{}", valid.stdout);
    let head = repo.commit(&edited(806), "one more");
    let applied = stage.run(&["apply"]).await;
    assert_eq!(applied.code, 3, "{}{}", applied.stdout, applied.stderr);
    let told = stage.run(&["history", "--limit", "1"]).await.stdout;
    assert!(told.contains(&head[..12]) && told.contains("ann@example.org"), "{told}");
    // A mistake is told at its place in the commit.
    repo.commit(&fleet().replacen("mode: enforce", "mode: enfroce", 1), "oops");
    let valid = stage.run(&["validate"]).await;
    assert_eq!(valid.code, 1);
    assert!(valid.stderr.contains("manifests/fleet.yaml:7"), "{}", valid.stderr);
    // Whoever has a checkout names it.
    let checkout = repo.work().join("manifests");
    fs::write(checkout.join("fleet.yaml"), fleet()).unwrap();
    let valid = stage.run(&["validate", checkout.to_str().unwrap()]).await;
    assert_eq!(valid.code, 0, "{}{}", valid.stdout, valid.stderr);
    // Without the server nothing is decided, and it can be looked back.
    server.set(|manner| manner.away = true);
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 1, "{}", plan.stdout);
    assert!(plan.stderr.contains("or name the folder of a checkout"), "{}", plan.stderr);
    let why = stage.run(&["why", "user0@contoso.example"]).await;
    assert!(why.stdout.contains("wanted"), "{}{}", why.stdout, why.stderr);
}

/// What `doctor` says of a check.
async fn doctor(stage: &Stage, check: &str) -> Value {
    let ended = stage.run(&["doctor", "--output", "json"]).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = json["checks"].as_array().unwrap();
    checks.iter().find(|found| found["check"] == check).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_git_the_server_the_branch_and_the_folder() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    follow(&stage, &repo.url(), "");
    let git = doctor(&stage, "git").await;
    assert!(git["finding"].as_str().unwrap().starts_with("git version"), "{git}");
    let source = doctor(&stage, "source").await;
    assert!(
        source["verdict"] == "pass"
            && source["finding"].as_str().unwrap().contains("branch `main`"),
        "{source}"
    );
    for (before, after, told) in [
        ("interval: 1s", "interval: 1s, folder: elsewhere", "no manifest in folder `elsewhere`"),
        (", folder: elsewhere", ", branch: release", "has no branch `release`"),
        ("origin.git', interval: 1s, branch: release", "gone.git', interval: 1s", "cannot be read"),
    ] {
        stage.configure(before, after);
        let source = doctor(&stage, "source").await;
        assert_eq!(source["verdict"], "fail", "{source}");
        assert!(source["finding"].as_str().unwrap().contains(told), "{source}");
        assert!(doctor(&stage, "manifests").await.is_null(), "it is told once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_commit_and_no_file_is_refused_by_its_name() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    std::os::unix::fs::symlink("/etc/passwd", repo.work().join("manifests/link.yaml")).unwrap();
    fs::write(
        repo.work().join("manifests/large.yaml"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    )
    .unwrap();
    repo.commit(&fleet(), "odd ones");
    follow(&stage, &repo.url(), "");
    let valid = stage.run(&["validate"]).await;
    assert_eq!(valid.code, 1);
    for told in ["manifests/link.yaml", "symbolic link", "manifests/large.yaml", "Git LFS"] {
        assert!(valid.stderr.contains(told), "{told}: {}", valid.stderr);
    }
}
