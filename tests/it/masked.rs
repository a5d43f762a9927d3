//! Plans for eyes that may not see names and numbers.

use std::fs;

use dialplane::{model::Calling, sandbox::World};

use crate::stage::{Stage, fleet};

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
            let arguments = [&arguments[..], &["--mask", KEY]].concat();
            let masked = stage.run(&arguments).await;
            assert_eq!(masked.code, open.code, "{arguments:?}");
            for secret in secret {
                let told = &masked.stdout;
                assert!(!told.contains(secret), "{arguments:?} tells {secret}: {told}");
            }
            assert!(masked.stdout.contains("user-"), "{arguments:?}: {}", masked.stdout);
        }
    }
    let short = stage.run(&["plan", "--mask", "short"]).await;
    assert!(short.code == 1 && short.stderr.contains("at least 16 characters"), "{}", short.stderr);
}
