//! What a change of the manifests does, through the real binary and real commits: as a check of a
//! pull request runs it.

use std::{fs, path::Path};

use dialplane::{
    model::{Calling, Field, GatewayId, PhoneNumber, TenantName, Upn, Value as Setting},
    sandbox::World,
};
use serde_json::Value;

use crate::stage::{self, Ended, Stage, fleet, is_here, script};

pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    stage::git(folder, ("ann", "ann@example.org"), arguments);
}

pub(crate) fn no_git() -> bool {
    !is_here("git", "--version")
}

/// The fleet, where contoso is pruned and may lose some people at once.
pub(crate) fn pruning() -> String {
    let text = fleet();
    let (before, after) = text.split_at(text.find("metadata: { name: contoso }").unwrap());
    let rules = "  prune: disable\n  limits: { disable: { percent: 50 } }\n";
    before.to_owned() + &after.replacen("  prune: never\n", rules, 1)
}

/// The lines of one user.
pub(crate) fn entry<'t>(text: &'t str, user: &str) -> &'t str {
    let begin = text.find(&format!("    - userPrincipalName: {user}\n")).unwrap();
    let end = text[begin..].match_indices('\n').nth(2).unwrap().0 + 1;
    &text[begin..begin + end]
}

pub(crate) fn commit(stage: &Stage, text: &str, subject: &str) {
    fs::write(stage.manifest(), text).unwrap();
    git(stage.path(), &["add", "manifests"]);
    git(stage.path(), &["commit", "-qm", subject]);
}

/// A stage whose manifests are committed to `main` and are live.
pub(crate) async fn committed() -> Stage {
    let text = pruning();
    let stage = Stage::with(text.clone(), |desired| World::from_desired(desired, 1)).await;
    git(stage.path(), &["init", "-q", "-b", "main"]);
    commit(&stage, &text, "the fleet");
    stage
}

/// Four changes on a branch: a tag, a gateway and a leaver, and somebody who is no longer named.
pub(crate) fn changed() -> String {
    let mut text = pruning();
    let change = |text: &mut String, user: &str, before: &str, after: &str| {
        let old = entry(text, user).to_owned();
        *text = text.replacen(&old, &old.replacen(before, after, 1), 1);
    };
    let number = |n: u8| format!("      phoneNumber: \"+1425555100{n}\"\n");
    let with = |n: u8, more: &str| format!("{}      {more}\n", number(n));
    change(&mut text, "user1@contoso.example", &number(1), &with(1, "userTag: north"));
    change(&mut text, "user2@contoso.example", &number(2), &with(2, "useTeamsVoicemail: false"));
    change(&mut text, "user4@contoso.example", "calling: enabled", "calling: disabled");
    let gone = entry(&text, "user3@contoso.example").to_owned();
    text.replacen(&gone, "", 1)
}

/// Another admin changes two users in the portal.
pub(crate) fn drift(stage: &Stage) {
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap();
        let tagged = contoso.users.get_mut(&Upn::parse("user5@contoso.example").unwrap()).unwrap();
        tagged.stored.set(Field::UseTeamsVoicemail, Setting::Flag(false));
        let adatum = world.tenant_mut(&TenantName::parse("adatum").unwrap()).unwrap();
        let off = adatum.users.get_mut(&Upn::parse("user6@adatum.example").unwrap()).unwrap();
        off.calling = Calling::Disabled;
    });
}

pub(crate) fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr))
}

/// Verb and user of each step of a part, in order.
pub(crate) fn steps(part: &Value) -> Vec<String> {
    let tenants = part["tenants"].as_array().unwrap();
    let steps = tenants.iter().flat_map(|tenant| tenant["steps"].as_array().unwrap());
    let mut named: Vec<String> = steps
        .map(|step| {
            let (action, user) = (step["action"].as_str().unwrap(), step["user"].as_str().unwrap());
            format!("{action} {}", user.split('@').next().unwrap())
        })
        .collect();
    named.sort();
    named
}

const CAUSED: [&str; 4] = ["disable user3", "disable user4", "update user1", "update user2"];

#[tokio::test(flavor = "multi_thread")]
async fn a_check_shows_what_a_branch_does_and_mentions_what_it_does_not() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    // The service knows who is managed; the check runs where no journal is.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let journal = stage.path().join(".dialplane");
    fs::rename(&journal, stage.path().join("elsewhere")).unwrap();
    git(stage.path(), &["checkout", "-q", "-b", "feature"]);
    commit(&stage, &changed(), "four people");
    git(stage.path(), &["checkout", "-q", "main"]);
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);

    let check = ["plan", "--base", "main", "--head", "feature", "--live", "live.json"];
    let text = stage.run(&check).await;
    assert_eq!(text.code, 2, "{}{}", text.stdout, text.stderr);
    for told in [
        "2 people would lose calling: contoso 2",
        "  disable  user3@contoso.example",
        "drift, whether the change is made or not",
        "  reverted user5@contoso.example",
        "in 1 tenant that it does not concern: 1 to be reverted",
        "change: 2 to update, 2 to disable in 1 tenant, then 1 sync; drift beside it: 2 to be \
            reverted",
    ] {
        assert!(text.stdout.contains(told), "{told}:\n{}", text.stdout);
    }
    let review = json(&stage.run(&[&check[..], &["--output", "json"]].concat()).await);
    assert_eq!(steps(&review["caused"]), CAUSED);
    assert_eq!(steps(&review["drift"]), ["enable user6", "update user5"]);
    let page = stage.run(&[&check[..], &["--output", "markdown"]].concat()).await;
    assert_eq!(page.code, 2);
    assert!(page.stdout.contains("- user3@contoso.example  contoso\n"), "{}", page.stdout);

    // Offline the same four, and nothing of the drift.
    let offline = stage.run(&["plan", "--base", "main", "--head", "feature"]).await;
    assert_eq!(offline.code, 2, "{}", offline.stdout);
    assert!(offline.stdout.contains("not compared with the service"), "{}", offline.stdout);
    let json_too = ["plan", "--base", "main", "--head", "feature", "--output", "json"];
    let review = json(&stage.run(&json_too).await);
    assert_eq!(
        (steps(&review["caused"]), steps(&review["drift"]).len()),
        (CAUSED.map(String::from).to_vec(), 0)
    );

    // The other way round nobody is disabled: they are enabled and named again.
    let back = ["plan", "--base", "feature", "--head", "main", "--output", "json"];
    let review = json(&stage.run(&back).await);
    let back = steps(&review["caused"]);
    assert!(back.contains(&"enable user3".into()) && back.contains(&"enable user4".into()));
    assert!(back.iter().all(|step| !step.starts_with("disable")), "{back:?}");

    // After the merge, the run of the service does those four, and corrects the two.
    git(stage.path(), &["merge", "-q", "feature"]);
    fs::rename(stage.path().join("elsewhere"), &journal).unwrap();
    let apply = stage.run(&["apply", "--output", "json"]).await;
    assert_eq!(apply.code, 0, "{}{}", apply.stdout, apply.stderr);
    for user in ["user3@contoso.example", "user4@contoso.example"] {
        assert_eq!(stage.calling("contoso", user), Calling::Disabled);
    }
    assert_eq!(stage.calling("adatum", "user6@adatum.example"), Calling::Enabled);
    let nothing = stage.run(&["plan"]).await;
    assert_eq!(nothing.code, 0, "{}", nothing.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_true_already_and_what_waits_is_told_beside_the_steps() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let text = pruning();
    // The portal was changed first, and git follows.
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap();
        let user = contoso.users.get_mut(&Upn::parse("user1@contoso.example").unwrap()).unwrap();
        user.stored.set(Field::SbcGatewayId, Setting::Gateway(GatewayId::new(806).unwrap()));
        let off = contoso.users.get_mut(&Upn::parse("user2@contoso.example").unwrap()).unwrap();
        off.calling = Calling::Disabled;
    });
    let one = entry(&text, "user1@contoso.example").to_owned();
    let two = entry(&text, "user2@contoso.example").to_owned();
    let seven = entry(&text, "user7@contoso.example").to_owned();
    let text = text
        .replacen(&one, &format!("{one}      sbcGatewayId: 806\n"), 1)
        .replacen(&two, &two.replace("calling: enabled", "calling: disabled"), 1)
        .replacen(&seven, &format!("{seven}      userTag: gone\n"), 1)
        + "    - userPrincipalName: new@fabrikam.example\n      calling: enabled\n";
    fs::write(stage.manifest(), text).unwrap();
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);

    let check = ["plan", "--base", "HEAD", "--live", "live.json"];
    let told = stage.run(&check).await;
    for part in [
        "contoso: true already\n  asked    user1@contoso.example",
        "      sbcGatewayId: 806\n",
        // Without the journal nobody knows whether the user was enabled a moment ago.
        "as far as is seen: a run whose journal has enabled the user lately disables it",
        "contoso: asked for, and no step is planned\n  asked    user7@contoso.example",
        "      it waits until calling is enabled\n",
        "fabrikam: asked for, and no step is planned\n  asked    new@fabrikam.example",
        "      the service does not show this user\n",
    ] {
        assert!(told.stdout.contains(part), "{part}:\n{}", told.stdout);
    }
    assert_eq!(told.code, 3, "{}", told.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_caused_decides_how_a_check_ends_unless_it_is_strict() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let check = ["plan", "--base", "main", "--live", "live.json"];
    let quiet = stage.run(&check).await;
    assert_eq!(quiet.code, 0, "{}", quiet.stdout);
    assert!(
        quiet.stdout.contains("change: nothing to do because of it; drift"),
        "{}",
        quiet.stdout
    );
    assert!(!quiet.stdout.contains("user5@contoso.example"), "{}", quiet.stdout);
    let all = stage.run(&[&check[..], &["--all"]].concat()).await;
    assert!(all.code == 0 && all.stdout.contains("reverted user5@contoso"), "{}", all.stdout);
    assert_eq!(stage.run(&[&check[..], &["--strict"]].concat()).await.code, 2);
    // Another configuration may lead to another plan anywhere.
    git(stage.path(), &["add", "dialplane.yaml"]);
    git(stage.path(), &["commit", "-qm", "the settings"]);
    let same = stage.run(&check).await;
    assert!(!same.stderr.contains("the configuration changes too"), "{}", same.stderr);
    stage.configure("debounce: 50ms", "debounce: 60ms");
    let moved = stage.run(&check).await;
    assert!(moved.stderr.contains("the configuration changes too"), "{}", moved.stderr);
    assert!(moved.stdout.contains("reverted user5@contoso"), "{}", moved.stdout);

    // A mistake is told at its place, and no change can be trusted with it.
    let wrong = pruning().replacen("calling: enabled", "calling: on", 1);
    fs::write(stage.manifest(), wrong).unwrap();
    let wrong = stage.run(&check).await;
    assert!(wrong.code == 1 && wrong.stderr.contains("manifests/fleet.yaml:"), "{}", wrong.stderr);
    assert!(!wrong.stdout.contains("no longer described"), "{}", wrong.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_move_are_told_together() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    // What one person holds by mistake is given back either way, and the change gives it on.
    let held = PhoneNumber::parse("+14255551999", None).unwrap();
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap();
        let user = contoso.users.get_mut(&Upn::parse("user1@contoso.example").unwrap()).unwrap();
        user.stored.set(Field::PhoneNumber, Setting::Phone(held));
    });
    let text = pruning();
    let two = entry(&text, "user2@contoso.example").to_owned();
    let text = text.replacen(&two, &two.replace("+14255551002", "+14255551999"), 1);
    fs::create_dir(stage.path().join("before")).unwrap();
    fs::copy(stage.manifest(), stage.path().join("before/fleet.yaml")).unwrap();
    fs::write(stage.manifest(), text).unwrap();
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let check = ["plan", "--base", "./before", "--live", "live.json", "--output", "json"];
    let review = json(&stage.run(&check).await);
    assert_eq!(steps(&review["caused"]), ["update user1", "update user2"]);
    assert_eq!(steps(&review["drift"]), [""; 0]);
}

/// Everything in a commit that could be run, followed or taken for a setting.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_commit_is_run_or_followed() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let folder = stage.path();
    let sentinel = folder.join("sentinel");
    let touch = format!("#!/bin/sh\ntouch '{}'\ncat\n", sentinel.display());
    git(folder, &["checkout", "-q", "-b", "fork"]);
    fs::create_dir(folder.join("hooks")).unwrap();
    for hook in ["post-checkout", "fsmonitor", "textconv", "filter", "reference-transaction"] {
        script(&folder.join("hooks").join(hook), &touch);
    }
    let config = fs::read_to_string(folder.join("dialplane.yaml")).unwrap();
    let command = format!("{{ command: [touch, '{}'] }}", sentinel.display());
    let hostile = config.replace("{ command: [printf, sandbox-secret] }", &command);
    assert_ne!(hostile, config);
    fs::write(folder.join("dialplane.yaml"), hostile).unwrap();
    let attributes = "* filter=own diff=own text eol=crlf\n";
    fs::write(folder.join(".gitattributes"), attributes).unwrap();
    fs::write(folder.join("outside.yaml"), "kind: Secret\n").unwrap();
    std::os::unix::fs::symlink("../outside.yaml", folder.join("manifests/link.yaml")).unwrap();
    fs::write(
        folder.join("manifests/large.yaml"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    )
    .unwrap();
    fs::write(folder.join("manifests/fleet.yaml"), changed()).unwrap();
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "a fork"]);
    git(folder, &["checkout", "-q", "-f", "main"]);
    // The repository itself was set up by somebody who means harm.
    for (key, hook) in [
        ("core.fsmonitor", "fsmonitor"),
        ("filter.own.smudge", "filter"),
        ("filter.own.clean", "filter"),
        ("filter.own.process", "filter"),
        ("diff.own.textconv", "textconv"),
        ("diff.external", "textconv"),
        ("core.sshCommand", "textconv"),
        ("core.pager", "textconv"),
        ("credential.helper", "textconv"),
    ] {
        let hooks = folder.join("kept-hooks");
        fs::create_dir_all(&hooks).unwrap();
        script(&hooks.join(hook), &touch);
        git(folder, &["config", key, hooks.join(hook).to_str().unwrap()]);
    }
    git(folder, &["config", "core.hooksPath", folder.join("kept-hooks").to_str().unwrap()]);
    let _ = fs::remove_file(&sentinel);

    let review = stage.run(&["plan", "--base", "main", "--head", "fork", "--output", "json"]).await;
    // A link and a pointer are mistakes of the fork, each with its name.
    assert_eq!(review.code, 1, "{}", review.stderr);
    for told in [
        "manifests/link.yaml",
        "it is a symbolic link, which is not followed in a commit",
        "manifests/large.yaml",
        "Git LFS keeps it elsewhere",
    ] {
        assert!(review.stderr.contains(told), "{told}: {}", review.stderr);
    }
    assert!(!sentinel.exists(), "something of the fork was run");
    assert!(!review.stdout.contains("Secret") && !review.stderr.contains("Secret"));

    // Without those the four changes are shown, and still nothing is run.
    git(folder, &["checkout", "-q", "-b", "clean", "main"]);
    commit(&stage, &changed(), "four people");
    git(folder, &["checkout", "-q", "-f", "main"]);
    let _ = fs::remove_file(&sentinel);
    let review =
        json(&stage.run(&["plan", "--base", "main", "--head", "clean", "--output", "json"]).await);
    assert_eq!(steps(&review["caused"]), CAUSED);
    assert!(!sentinel.exists(), "something of the repository was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_be_read_says_why_and_what_to_do() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    for (base, told, hint) in [
        ("nowhere", "git knows no commit `nowhere`", "fetch-depth: 0"),
        ("--upload-pack=x", "git knows no commit", "refs/heads/NAME"),
        ("HEAD:manifests", "is a tree and not a commit", "an empty folder"),
    ] {
        let base = format!("--base={base}");
        let ended = stage.run(&["plan", &base]).await;
        assert_eq!(ended.code, 1, "{}", ended.stdout);
        assert!(ended.stderr.contains(told) && ended.stderr.contains(hint), "{}", ended.stderr);
    }
    // A folder and a branch of one name.
    git(stage.path(), &["branch", "manifests"]);
    let ended = stage.run(&["plan", "--base", "manifests"]).await;
    assert!(ended.stderr.contains("is a folder and the name of a commit"), "{}", ended.stderr);
    assert_eq!(stage.run(&["plan", "--base", "./manifests"]).await.code, 0);
    assert_eq!(stage.run(&["plan", "--base", "refs/heads/manifests"]).await.code, 0);
    // A commit before there were manifests: all is new.
    git(stage.path(), &["checkout", "-q", "--orphan", "empty"]);
    git(stage.path(), &["rm", "-rqf", "--cached", "."]);
    git(stage.path(), &["commit", "-qm", "nothing", "--allow-empty"]);
    let new = stage.run(&["plan", "--base", "empty", "--head", "main"]).await;
    assert!(new.stderr.contains("there are no manifests in empty"), "{}", new.stderr);
    assert!(new.stdout.contains("contoso is described for the first time"), "{}", new.stdout);
    let gone = stage.run(&["plan", "--base", "main", "--head", "empty"]).await;
    assert!(gone.code == 1 && gone.stderr.contains("there is no manifest in"), "{}", gone.stderr);
}
