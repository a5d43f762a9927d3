//! `undo --patch`: what it prints or writes is what `git apply` takes, in the repository that it names.

use std::{fs, path::Path};

use super::{
    repo::{Repo, has_git},
    several,
};
use crate::{
    snapshot::snapshot,
    stage::{Ended, Stage, fleet, git},
};
use dialplane::sandbox::World;

const ADA: (&str, &str) = ("Ada", "ada@example.com");

fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

/// What is in a clone.
fn in_clone(repo: &Repo) -> String {
    fs::read_to_string(repo.work().join("manifests/fleet.yaml")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_of_several_repositories_have_a_patch_each() {
    if !has_git() {
        return;
    }
    let (stage, mine, theirs) = several::set().await;
    let before = (in_clone(&mine), in_clone(&theirs));
    let renumbered = before.0.replace("+14255550004", "+14255550904");
    mine.commit(&renumbered, "another number");
    let off = before.1.replace(
        "user0@contoso.example\n      calling: enabled",
        "user0@contoso.example\n      calling: disabled",
    );
    theirs.commit(&off, "one less");
    assert_code(&stage.run(&["apply"]).await, 0);

    let told = |text: &str| {
        let root = |repo: &Repo| repo.root().display().to_string();
        let text = text.replace(&root(&mine), "/srv/mine").replace(&root(&theirs), "/srv/theirs");
        text.replace(&stage.path().display().to_string(), "/srv/here")
    };
    let refused = stage.run(&["undo", "--last", "--patch"]).await;
    assert_code(&refused, 1);
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    snapshot!("one patch for two repositories", told(&refused.stderr));

    let written = stage.run(&["undo", "--last", "--patch", "--out", "patches"]).await;
    assert_code(&written, 0);
    snapshot!("a patch for each", told(&written.stdout));
    for (repo, patch) in [(&mine, "fleet.patch"), (&theirs, "contoso.patch")] {
        let patch = stage.path().join("patches").join(patch);
        repo.in_work(&["apply", patch.to_str().unwrap()]);
        repo.in_work(&["commit", "--quiet", "--all", "--message", "undone"]);
        repo.push();
    }
    assert_eq!((in_clone(&mine), in_clone(&theirs)), before);
    let again = stage.run(&["undo", "--last", "--patch"]).await;
    assert_code(&again, 0);
    assert!(again.stderr.contains("already want"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_one_of_several_repositories_is_printed_and_applies_there() {
    if !has_git() {
        return;
    }
    let (stage, _mine, theirs) = several::set().await;
    let before = in_clone(&theirs);
    theirs.commit(&before.replace("+14255551001", "+14255551901"), "another number");
    assert_code(&stage.run(&["apply"]).await, 0);
    let patch = stage.run(&["undo", "--last", "--patch"]).await;
    assert_code(&patch, 0);
    assert!(patch.stdout.starts_with("diff --git a/manifests/fleet.yaml b/"), "{}", patch.stdout);
    let place = format!("in a checkout of {}, branch `main`", theirs.url());
    assert!(patch.stderr.contains(&place), "{}", patch.stderr);
    fs::write(stage.path().join("undo.patch"), &patch.stdout).unwrap();
    theirs.in_work(&["apply", stage.path().join("undo.patch").to_str().unwrap()]);
    assert_eq!(in_clone(&theirs), before);
}

/// An edit that was carried out, of a file with this name below a checkout; the patch that takes it
/// back, as it is printed elsewhere.
async fn printed_elsewhere(stage: &Stage, name: &str, elsewhere: &Path) -> (String, String) {
    let file = stage.path().join("manifests").join(name);
    fs::remove_file(stage.manifest()).unwrap();
    let before = fleet().replace('\n', "\r\n");
    fs::write(&file, before.replace("+14255551001", "+14255551901")).unwrap();
    git(stage.path(), ADA, &["add", "manifests"]);
    git(stage.path(), ADA, &["commit", "--quiet", "--message", "the fleet"]);
    assert_code(&stage.run(&["apply"]).await, 0);
    let config = stage.path().join("dialplane.yaml");
    let config = config.to_str().unwrap();
    let patch = stage.run_in(elsewhere, &["--config", config, "undo", "--last", "--patch"]).await;
    assert_code(&patch, 0);
    let here = fs::canonicalize(stage.path()).unwrap();
    assert!(patch.stderr.contains(&format!("in {}\n", here.display())), "{}", patch.stderr);
    (patch.stdout, before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_takes_the_patch_wherever_it_was_printed_and_whatever_its_files_are_called() {
    if !has_git() {
        return;
    }
    for name in ["the fleet.yaml", "größe \"x\" \\y.yaml"] {
        let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
        git(stage.path(), ADA, &["init", "--quiet"]);
        git(stage.path(), ADA, &["config", "core.autocrlf", "false"]);
        let elsewhere = crate::folder::folder();
        let (patch, before) = printed_elsewhere(&stage, name, elsewhere.path()).await;
        let file = elsewhere.path().join("undo.patch");
        fs::write(&file, patch).unwrap();
        // Below the top as well: paths are from there.
        let manifests = stage.path().join("manifests");
        git(&manifests, ADA, &["apply", file.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(manifests.join(name)).unwrap(), before, "{name}");
    }
}
