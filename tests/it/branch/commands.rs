//! Commands beside a branch: those that decide fetch it, those that look back do not.

use std::fs;

use serde_json::Value;

use super::repo::{Repo, can_serve, edited, follow, has_git, serve};
use crate::{
    completed::offered,
    stage::{Stage, fleet},
};

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
    // So do completions, which ask nobody.
    let calls = server.calls().len();
    assert_eq!(offered(stage.path(), &["plan", "--tenant", "f"]), ["fabrikam"]);
    fs::remove_dir_all(stage.path().join(".dialplane/sandbox/git")).unwrap();
    assert!(offered(stage.path(), &["plan", "--tenant", "f"]).is_empty());
    assert_eq!(server.calls().len(), calls);
}

/// Lets a stage take its manifests from several branches by these names.
fn follow_several(stage: &Stage, urls: [(&str, &str); 2]) {
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let source = |(name, url): (&str, &str)| format!("  {name}: {{ git: {{ url: '{url}' }} }}\n");
    fs::write(path, format!("{config}sources:\n{}{}", source(urls[0]), source(urls[1]))).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_source_can_be_read_a_command_says_why() {
    if !has_git() {
        return;
    }
    let stage = Stage::drifted().await;
    follow_several(
        &stage,
        [("one", "file:///nonexistent/one"), ("two", "file:///nonexistent/two")],
    );
    for command in [&["plan"][..], &["why", "user0@contoso.example"], &["validate"]] {
        let ended = stage.run(command).await;
        assert_eq!(ended.code, 1, "{}", ended.stdout);
        assert!(
            ended.stderr.contains("file:///nonexistent/one cannot be read"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("hint: "), "{}", ended.stderr);
    }
    // With one of them, what it says is shown, and so is the other.
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    follow_several(&stage, [("one", "file:///nonexistent/one"), ("two", &repo.url())]);
    for command in [&["validate"][..], &["why", "user0@contoso.example"]] {
        let ended = stage.run(command).await;
        assert_eq!(ended.code, 1, "{}", ended.stdout);
        assert!(
            ended.stderr.contains("file:///nonexistent/one cannot be read"),
            "{}",
            ended.stderr
        );
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_folder_is_told_because_a_checkout_would_have_its_manifests() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let manifests = repo.work().join("manifests");
    fs::create_dir(manifests.join(".kept")).unwrap();
    fs::write(manifests.join(".kept/more.yaml"), "# more\n").unwrap();
    for (target, link) in [(".kept", "more"), ("../other", "elsewhere"), ("../README.md", "README")]
    {
        std::os::unix::fs::symlink(target, manifests.join(link)).unwrap();
    }
    repo.commit(&fleet(), "links");
    follow(&stage, &repo.url(), "");
    let valid = stage.run(&["validate"]).await;
    assert_eq!(valid.code, 1, "{}", valid.stderr);
    for told in [
        "manifests/more",
        "it is a symbolic link to a folder, which is not followed in a commit",
        "manifests/elsewhere",
        "may lead to a folder with manifests",
    ] {
        assert!(valid.stderr.contains(told), "{told}: {}", valid.stderr);
    }
    assert!(!valid.stderr.contains("README"), "{}", valid.stderr);
}
