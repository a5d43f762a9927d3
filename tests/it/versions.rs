//! Which versions of the manifests a review compares, and what it says of them: wherever they come
//! from, whatever is wrong with them.

use std::{fs, path::Path};

use dialplane::{model::Calling, sandbox::World};

use crate::{
    reviewed::{changed, commit, committed, drift, git, json, no_git},
    stage::{Ended, Stage, fleet},
};

fn assert_ended(ended: &Ended, code: i32, told: &[&str]) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    for told in told {
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains(told), "{told}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_what_is_wrong_in_the_manifests_is_not_shown_as_the_whole() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let stray = stage.path().join("manifests/new.yaml");
    fs::write(&stray, "kind: Nonsense\n").unwrap();
    let check = ["plan", "--base", "main"];
    let show = async |output: &str| stage.run(&[&check[..], &["--output", output]].concat()).await;
    let verdict = "1 error in the manifests, so this is not the whole plan; nothing to do";
    assert_ended(&show("text").await, 1, &[verdict]);
    let page = "manifests/new.yaml:1:7  there is no kind `Nonsense`\n    hint: `kind: Tenant`";
    assert_ended(&show("markdown").await, 1, &[verdict, "**1 error in the manifests**", page]);
    let annotations = show("github").await;
    let error = "::error file=manifests/new.yaml,line=1,col=7::there is no kind `Nonsense`";
    assert_ended(&annotations, 1, &[error, verdict]);
    let review = json(&show("json").await);
    let mistake = &review["compared"]["mistakes"][0];
    assert_eq!((&mistake["line"], &mistake["column"]), (&1.into(), &7.into()));
    assert_eq!(mistake["file"], "manifests/new.yaml");
    // What is masked repeats none of the text.
    let mask = ["--mask", "a key that nobody finds", "--output", "markdown"];
    let masked = stage.run(&[&check[..], &mask].concat()).await;
    assert!(masked.stdout.contains("the log has it"), "{}", masked.stdout);
    assert!(!masked.stdout.contains("Nonsense"), "{}", masked.stdout);

    // Nor is a plan that compares no versions.
    let page = stage.run(&["plan", "--output", "markdown"]).await;
    let told =
        "### Dialplane: errors in the manifests\n\n**1 error in the manifests, so this is not";
    assert_ended(
        &page,
        1,
        &[told, "manifests/new.yaml:1:7  there is no kind", "### Dialplane plan"],
    );
    let annotations = stage.run(&["plan", "--output", "github"]).await;
    let sum =
        "::notice title=dialplane::plan: 1 error in the manifests, so this is not the whole plan";
    assert_ended(&annotations, 1, &[error, sum]);

    // Without the change it is one of those that the service has: it was described all the same.
    let broken = fs::read_to_string(stage.manifest()).unwrap().replacen("calling:", "caling:", 1);
    fs::remove_file(&stray).unwrap();
    commit(&stage, &broken, "broken");
    let mended = stage.run(&["plan", "--base", "HEAD", "--head", "HEAD~1"]).await;
    assert_ended(&mended, 2, &["wrong before the change"]);
    assert!(!mended.stdout.contains("for the first time"), "{}", mended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_plan_the_page_says_why() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let show =
        async |more: &[&str]| stage.run(&[&["plan", "--base", "nowhere"], more].concat()).await;
    let page = show(&["--output", "markdown"]).await;
    let told = "### Dialplane: there is no plan\n\n```\ngit knows no commit `nowhere`";
    assert_ended(&page, 1, &[told, "\nhint: name a branch, a tag or a commit"]);
    let annotation = "::error title=dialplane%3A there is no plan::git knows no commit `nowhere`";
    assert_ended(&show(&["--output", "github"]).await, 1, &[annotation]);
    assert_eq!(show(&["--output", "json"]).await.stdout, "");
    let key = ["--mask", "a key that nobody finds", "--output", "markdown"];
    let masked = show(&key).await;
    assert_eq!(masked.stdout, "### Dialplane: there is no plan\n\n```\nthe log has it\n```\n\n");
    let plan = stage.run(&["plan", "elsewhere", "--output", "markdown"]).await;
    let told = "### Dialplane: there is no plan\n\n```\nthere are no manifests: `elsewhere`";
    assert_ended(&plan, 1, &[told]);
    // Kept live state that cannot be read is told at its place.
    fs::write(stage.path().join("live.json"), "{ \"version\": 1 }").unwrap();
    let broken = ["plan", "--base", "main", "--live", "live.json", "--output", "markdown"];
    let page = stage.run(&broken).await;
    assert_ended(&page, 1, &["live.json cannot be used: "]);
    assert!(page.stdout.starts_with("### Dialplane: there is no plan"), "{}", page.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_lacks_commits_is_told_that_a_merge_would_keep_them() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let text = fs::read_to_string(stage.manifest()).unwrap();
    git(stage.path(), &["checkout", "-q", "-b", "feature"]);
    commit(&stage, &changed(), "four people");
    git(stage.path(), &["checkout", "-q", "main"]);
    commit(&stage, &text.replacen("1425555000", "1425555990", 1), "another number");
    let told = "the change lacks 1 commit of main";
    let check = ["plan", "--base", "main", "--head", "feature"];
    let lacks = stage.run(&check).await;
    assert_ended(
        &lacks,
        2,
        &[told, "what it says counts as taken back here, and a merge keeps it"],
    );
    let page = stage.run(&[&check[..], &["--output", "markdown"]].concat()).await;
    assert_ended(&page, 2, &["Note: the change lacks 1 commit of `main ("]);
    let review = json(&stage.run(&[&check[..], &["--output", "json"]].concat()).await);
    assert_eq!(review["compared"]["lacks"], 1);
    // So does a working tree that was checked out before.
    git(stage.path(), &["checkout", "-q", "feature"]);
    assert_ended(&stage.run(&["plan", "--base", "main"]).await, 2, &[told]);
    // Nothing is lacking from where it began, or once it is merged.
    for base in ["feature~1", "main~1"] {
        let base = stage.run(&["plan", "--base", base, "--head", "feature"]).await;
        assert!(!base.stdout.contains("lacks"), "{}", base.stdout);
    }
    // A shallow clone knows what the commit itself says, and no more.
    let clone = |depth: &str, name: &str, branch: &str| {
        let from = format!("file://{}", stage.path().display());
        git(stage.path(), &["clone", "-q", "--depth", depth, "-b", branch, &from, name]);
        stage.path().join(name)
    };
    let shallow = clone("1", "shallow", "feature");
    fs::copy(stage.path().join("dialplane.yaml"), shallow.join("dialplane.yaml")).unwrap();
    git(&shallow, &["fetch", "-q", "--depth", "1", "origin", "main:main"]);
    let ended = stage.run_in(&shallow, &["plan", "--base", "main"]).await;
    assert_ended(&ended, 2, &["cannot be told in a shallow clone"]);
    let unknown = stage.run_in(&shallow, &["plan", "--base", "HEAD~1"]).await;
    assert_ended(&unknown, 1, &[", a shallow clone", "git fetch --unshallow"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_when_live_state_was_observed_and_which_plan_would_be_applied() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    // The service knows who is managed; the check runs where no journal is.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let [journal, away] = [".dialplane", "elsewhere"].map(|name| stage.path().join(name));
    fs::rename(&journal, &away).unwrap();
    fs::write(stage.manifest(), changed()).unwrap();
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let check = ["plan", "--base", "main", "--live", "live.json"];
    let text = stage.run(&check).await;
    assert_ended(&text, 2, &["against live.json, observed at 20"]);
    let page = stage.run(&[&check[..], &["--output", "markdown"]].concat()).await;
    let review = json(&stage.run(&[&check[..], &["--output", "json"]].concat()).await);
    assert!(review["compared"]["observed"].as_str().unwrap().starts_with("20"));
    let fingerprint = review["fingerprint"].as_str().unwrap();
    assert_ended(&page, 2, &["observed at 20", &format!("apply --expect {fingerprint}` does")]);
    // A part of a plan is nothing that anybody could ask for.
    assert!(review["caused"]["fingerprint"].is_null() && review["drift"]["fingerprint"].is_null());
    let offline = stage.run(&["plan", "--base", "main", "--output", "json"]).await;
    assert!(json(&offline)["fingerprint"].is_null(), "nothing was looked at");
    // Merged, that is the plan.
    let _ = fs::remove_dir_all(&journal);
    fs::rename(&away, &journal).unwrap();
    let done = stage.run(&["apply", "--expect", fingerprint]).await;
    assert_ended(&done, 0, &[]);
    assert!(stage.writes().len() > 4, "{:?}", stage.writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_for_a_tenant_as_a_whole_is_in_the_verdict() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let text = fs::read_to_string(stage.manifest()).unwrap();
    let first = text.find("metadata: { name: contoso }").unwrap();
    let last = text.find("metadata: { name: fabrikam }").unwrap();
    let contoso = text[first..last].replacen("mode: enforce", "mode: report", 1);
    let less = text[..first].to_owned() + contoso.rsplit_once("---").unwrap().0;
    fs::write(stage.manifest(), less).unwrap();
    let ended = stage.run(&["plan", "--base", "main"]).await;
    assert_ended(&ended, 0, &["; settings of 1 tenant change; 1 tenant no longer described"]);
}

/// A repository without files beside it, a path with a space, a tag, a commit that is not on a
/// branch, a branch whose name begins with a hyphen, and what is no commit.
#[tokio::test(flavor = "multi_thread")]
async fn versions_are_read_wherever_git_keeps_them() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    git(stage.path(), &["checkout", "-q", "-b", "feature"]);
    commit(&stage, &changed(), "four people");
    git(stage.path(), &["tag", "-a", "v1", "-m", "the first", "main"]);
    git(stage.path(), &["update-ref", "refs/heads/-x", "main"]);
    let two = "2 to update, 2 to disable in 1 tenant";
    for base in ["v1", "main~0", "HEAD^1", "refs/heads/-x"] {
        let ended = stage.run(&["plan", "--base", base, "--head", "feature"]).await;
        assert_ended(&ended, 2, &[two]);
    }
    git(stage.path(), &["checkout", "-q", "--detach"]);
    assert_ended(&stage.run(&["plan", "--base", "main"]).await, 2, &[two]);
    let hyphen = stage.run(&["plan", "--base=-x"]).await;
    assert_ended(&hyphen, 1, &["git knows no commit `-x`", "is `refs/heads/NAME`"]);
    git(stage.path(), &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let tree = stage.run(&["plan", "--base", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]).await;
    assert_ended(&tree, 1, &["is a tree and not a commit", "an empty folder"]);

    let from = stage.path().to_str().unwrap().to_owned();
    git(stage.path(), &["clone", "-q", "--bare", &from, "a bare one.git"]);
    let bare = stage.path().join("a bare one.git");
    fs::copy(stage.path().join("dialplane.yaml"), bare.join("dialplane.yaml")).unwrap();
    let check = ["plan", "--base", "main", "--head", "feature"];
    assert_ended(&stage.run_in(&bare, &check).await, 2, &[two]);
    let outside = [&check[..], &["a bare one.git/manifests"]].concat();
    assert_ended(&stage.run(&outside).await, 2, &[two]);
    git(stage.path(), &["clone", "-q", &from, "a clone"]);
    let clone = stage.path().join("a clone");
    fs::copy(stage.path().join("dialplane.yaml"), clone.join("dialplane.yaml")).unwrap();
    let check = ["plan", "--base", "origin/main", "--head", "origin/feature"];
    assert_ended(&stage.run_in(&clone, &check).await, 2, &[two]);
}

/// Objects that come from elsewhere, or that are said to be others.
#[tokio::test(flavor = "multi_thread")]
async fn no_commit_is_taken_for_another_and_no_other_repository_is_entered() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let folder = stage.path();
    git(folder, &["checkout", "-q", "-b", "feature"]);
    commit(&stage, &changed(), "four people");
    git(folder, &["checkout", "-q", "main"]);
    // Said to be the base: then nothing would change.
    git(folder, &["replace", "feature", "main"]);
    let told = "2 to update, 2 to disable in 1 tenant";
    let check = ["plan", "--base", "main", "--head", "refs/heads/feature"];
    assert_ended(&stage.run(&check).await, 2, &[told]);
    git(folder, &["replace", "-d", "feature"]);
    // Said to have no parents.
    let id = fs::read_to_string(folder.join(".git/refs/heads/feature")).unwrap();
    fs::write(folder.join(".git/info/grafts"), id).unwrap();
    let check = ["plan", "--base", "feature~1", "--head", "feature"];
    assert_ended(&stage.run(&check).await, 2, &[told]);
    fs::remove_file(folder.join(".git/info/grafts")).unwrap();
    // Objects of a repository beside this one are read as objects, and nothing of it is run.
    let sentinel = folder.join("sentinel");
    git(folder, &["clone", "-q", "--shared", folder.to_str().unwrap(), "shared"]);
    let shared = folder.join("shared");
    fs::copy(folder.join("dialplane.yaml"), shared.join("dialplane.yaml")).unwrap();
    git(folder, &["config", "core.fsmonitor", &format!("touch '{}'", sentinel.display())]);
    git(
        &shared,
        &["config", "core.alternateRefsCommand", &format!("touch '{}'", sentinel.display())],
    );
    let check = ["plan", "--base", "origin/main", "--head", "origin/feature"];
    let _ = fs::remove_file(&sentinel);
    assert_ended(&stage.run_in(&shared, &check).await, 2, &[told]);
    assert!(!sentinel.exists(), "something of a repository was run");
    // A folder that is another repository in the commit.
    git(folder, &["config", "--unset", "core.fsmonitor"]);
    git(folder, &["checkout", "-q", "-b", "sub", "main"]);
    let head = Path::new(".git/refs/heads/main");
    let id = fs::read_to_string(folder.join(head)).unwrap();
    let entry = format!("160000,{},manifests/other", id.trim());
    git(folder, &["update-index", "--add", "--cacheinfo", &entry]);
    git(folder, &["commit", "-qm", "a submodule"]);
    let ended = stage.run(&["plan", "--base", "main", "--head", "sub"]).await;
    let told = ["manifests/other", "it is another repository (a submodule), which is not read"];
    assert_ended(&ended, 1, &told);
}

/// What moves without anything being asked for otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn files_and_tenants_may_move_and_nothing_is_caused() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    git(stage.path(), &["checkout", "-q", "-b", "moved"]);
    fs::create_dir(stage.path().join("manifests/all")).unwrap();
    git(stage.path(), &["mv", "manifests/fleet.yaml", "manifests/all/customers.yaml"]);
    git(stage.path(), &["commit", "-qm", "another folder"]);
    let ended = stage.run(&["plan", "--base", "main", "--head", "moved"]).await;
    assert_ended(&ended, 0, &["change: nothing to do because of it\n"]);
    // A tenant under another name is the same tenant.
    let file = stage.path().join("manifests/all/customers.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("name: contoso }", "name: contoso-ag }");
    fs::write(&file, text.replace("tenant: contoso }", "tenant: contoso-ag }")).unwrap();
    let renamed = stage.run(&["plan", "--base", "main"]).await;
    assert_ended(&renamed, 0, &["contoso-ag changes its settings: metadata.name"]);
}

/// Nobody asks for calling, before or after, and somebody has switched it on in the portal.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_off_in_both_versions_and_has_calling_is_drift() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&crate::support::name("contoso")).unwrap();
        let user = contoso.users.get_mut(&crate::support::upn("user7@contoso.example")).unwrap();
        user.calling = Calling::Enabled;
        user.push();
    });
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let text = fs::read_to_string(stage.manifest()).unwrap();
    let entry = "    - userPrincipalName: user7@contoso.example\n      calling: disabled\n      \
        phoneNumber: \"+14255551007\"\n";
    let tag = format!("{entry}      userTag: north\n");
    // Named no longer, it is pruned, which is the same; another value waits until calling is on.
    for (after, told) in [
        ("", "change: nothing to do because of it; drift beside it: 1 to be reverted"),
        (&tag, "it waits until calling is enabled"),
    ] {
        assert!(text.contains(entry));
        fs::write(stage.manifest(), text.replacen(entry, after, 1)).unwrap();
        let check = ["plan", "--base", "main", "--live", "live.json", "--all"];
        let ended = stage.run(&check).await;
        assert_ended(&ended, 0, &["  reverted user7@contoso.example", told]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_review_is_shown_and_never_carried_out() {
    if no_git() {
        return;
    }
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    fs::create_dir(stage.path().join("before")).unwrap();
    fs::write(stage.path().join("before/fleet.yaml"), fleet()).unwrap();
    let rules = "prune: disable\n  limits: { disable: { percent: 50 } }";
    let off = fleet().replacen("calling: enabled", "calling: disabled", 1);
    fs::write(stage.manifest(), off.replacen("prune: never", rules, 1)).unwrap();
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let save = ["plan", "--base", "./before", "--live", "live.json", "--out", "review.json"];
    let saved = stage.run(&save).await;
    assert_ended(
        &saved,
        2,
        &["change: 1 to disable", "saved: `dialplane show review.json` shows it"],
    );
    let shown = stage.run(&["show", "review.json"]).await;
    for told in [
        "the change from ./before to the manifests here, against live.json, observed at 20",
        "  disable  user0@adatum.example",
        "adatum changes its settings: prune: never -> disable",
        "drift, whether the change is made or not",
        "saved: the change causes 1 step that may run; drift beside it: 2 steps",
    ] {
        assert!(shown.code == 0 && shown.stdout.contains(told), "{told}: {}", shown.stdout);
    }
    for apply in [&["apply", "review.json"][..], &["apply", "--plan", "review.json"]] {
        let refused = stage.run(apply).await;
        assert_ended(
            &refused,
            1,
            &[
                "review.json says what a change does, from ./before to the manifests here",
                "--expect",
            ],
        );
    }
    let wrong = stage.run(&["plan", "review.json"]).await;
    assert_ended(&wrong, 1, &["is a saved review of a change, and no manifest"]);
    assert_eq!(stage.writes(), [""; 0]);
}
