//! Plans for eyes that may not see names and numbers.

use std::fs;

use dialplane::{model::Calling, sandbox::World};

use crate::stage::{Stage, dialplane, fleet};

const KEY: &str = "a key that nobody finds";

/// A fleet with sites, tags and a protected user with a reason.
fn words() -> String {
    let user = "    - userPrincipalName: user3@contoso.example\n      calling: enabled\n";
    let more = user.replace(
        "calling: enabled",
        "calling: disabled\n      site: Lobby of Ann\n      \
        userTag: secretary of Ann\n      reason: Ann leaves us",
    );
    assert!(fleet().contains(user));
    fleet().replace(user, &more).replacen("prune: never", "prune: disable", 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_holds_no_name_no_number_and_no_words() {
    let stage = Stage::with(words(), |desired| World::drifted(desired, 1)).await;
    stage.sandbox.world(|world| {
        let users = world.tenants.values_mut().flat_map(|tenant| tenant.users.values_mut());
        users.for_each(|user| user.calling = Calling::Enabled);
    });
    fs::create_dir(stage.path().join("before")).unwrap();
    fs::write(stage.path().join("before/fleet.yaml"), fleet()).unwrap();
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    fs::write(stage.path().join("mask.key"), format!("{KEY}\n")).unwrap();
    let secret = ["@contoso.example", "@adatum.example", "@fabrikam.example", "1425555", "Ann"];
    for arguments in [
        &["plan"][..],
        &["plan", "--base=./before", "--live=live.json", "--all"],
        &["plan", "--base=./before"],
    ] {
        for output in ["text", "json", "markdown", "github"] {
            let output = format!("--output={output}");
            let arguments = [arguments, &[&output]].concat();
            let open = stage.run(&arguments).await;
            assert!(secret.iter().any(|secret| open.stdout.contains(secret)), "{arguments:?}");
            let arguments = [&arguments[..], &["--mask", "file:mask.key"]].concat();
            let masked = stage.run(&arguments).await;
            assert_eq!(masked.code, open.code, "{arguments:?}");
            for secret in secret {
                let told = &masked.stdout;
                assert!(!told.contains(secret), "{arguments:?} tells {secret}: {told}");
            }
            assert!(masked.stdout.contains("user-"), "{arguments:?}: {}", masked.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_pseudonyms_is_no_argument_and_is_never_repeated() {
    let stage = Stage::set(|desired| World::drifted(desired, 1)).await;
    let file = stage.path().join("mask.key");
    let plan = ["plan", "--output", "markdown", "--mask"];
    // What is no place may be the key.
    for key in [KEY, "env:", "file:", "ENV:MASK", "a:b"] {
        let refused = stage.run(&[&plan[..], &[key]].concat()).await;
        assert_eq!(refused.code, 1);
        let told = "a key on the command line is seen by every process of this machine";
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
        assert!(refused.stderr.contains("make another one"), "{}", refused.stderr);
        assert!(!refused.stderr.contains(key) || key.ends_with(':'), "{}", refused.stderr);
        let page = "### Dialplane: there is no plan\n\n```\nthe log has it\n```\n";
        assert!(refused.stdout.starts_with(page), "{}", refused.stdout);
    }
    for (source, told) in [
        ("file:nowhere.key", "the key of --mask cannot be read: file nowhere.key"),
        ("env:DIALPLANE_NOT_SET", "the key of --mask cannot be read: environment variable"),
        ("file:mask.key", "the key of --mask has less than 16 characters"),
    ] {
        fs::write(&file, "short").unwrap();
        let refused = stage.run(&[&plan[..], &[source]].concat()).await;
        assert!(refused.code == 1 && refused.stderr.contains(told), "{}", refused.stderr);
        assert!(!refused.stderr.contains("short"), "{}", refused.stderr);
    }
    // The same key makes the same pseudonyms, wherever it is kept.
    fs::write(&file, KEY).unwrap();
    let of_file = stage.run(&[&plan[..], &["file:mask.key"]].concat()).await;
    let mut command = dialplane(stage.path(), &[&plan[..], &["env:MASK_KEY"]].concat());
    command.env("MASK_KEY", KEY);
    let of_variable = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(of_file.code, 2, "{}", of_file.stderr);
    assert_eq!(String::from_utf8(of_variable.stdout).unwrap(), of_file.stdout);
}
