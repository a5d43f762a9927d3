//! A part of a review: some tenants and some users are shown, numbers are compared over the whole
//! fleet, and what is left out is counted.

use std::fs;

use dialplane::sandbox::{FaultRule, InjectedFault, Route};
use serde_json::Value;

use crate::{
    reviewed::{changed, commit, committed, drift, entry, json, no_git, pruning, steps},
    stage::{Ended, Stage},
};

/// Four changes in contoso, one in adatum, and drift in both.
async fn two_tenants() -> Stage {
    let stage = committed().await;
    let text = changed();
    let old = entry(&text, "user2@adatum.example").to_owned();
    let text = text.replacen(&old, &format!("{old}      userTag: south\n"), 1);
    fs::write(stage.manifest(), text).unwrap();
    drift(&stage);
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    stage
}

const CHECK: [&str; 4] = ["plan", "--base=main", "--live=live.json", "--all"];

async fn check(stage: &Stage, more: &[&str]) -> Ended {
    stage.run(&[&CHECK[..], more].concat()).await
}

async fn as_json(stage: &Stage, more: &[&str]) -> Value {
    json(&check(stage, &[more, &["--output=json"]].concat()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_or_a_user_is_shown_and_the_rest_is_counted() {
    if no_git() {
        return;
    }
    let stage = two_tenants().await;
    let whole = as_json(&stage, &[]).await;
    assert_eq!(whole["compared"]["leftOut"], Value::Null);
    for (more, caused, drift, left_out) in [
        (
            &["--tenant=adatum"][..],
            &["update user2"][..],
            &["enable user6"][..],
            // Of fabrikam there is nothing to say.
            "left out by --tenant and --user: 2 people would lose calling, 4 steps, 1 step of \
                drift, 1 tenant as a whole",
        ),
        (
            &["--user=user1@*"],
            &["update user1"],
            &[],
            "left out by --tenant and --user: 2 people would lose calling, 4 steps, 2 steps of \
                drift, 1 tenant as a whole",
        ),
        (
            &["--tenant=contoso", "--user=USER4@contoso.example", "--user=user5@*"],
            &["disable user4"],
            &["update user5"],
            "left out by --tenant and --user: 1 person would lose calling, 4 steps, 1 step of \
                drift, 1 tenant as a whole",
        ),
        (
            &["--user=*"],
            &["disable user3", "disable user4", "update user1", "update user2", "update user2"],
            &["enable user6", "update user5"],
            "nothing is left out by --tenant and --user",
        ),
    ] {
        let text = check(&stage, more).await;
        assert_eq!(text.code, 2, "{more:?}: {}{}", text.stdout, text.stderr);
        assert!(text.stdout.contains(left_out), "{more:?}: {}", text.stdout);
        let review = as_json(&stage, more).await;
        assert_eq!(steps(&review["caused"]), caused, "{more:?}");
        assert_eq!(steps(&review["drift"]), drift, "{more:?}");
        assert!(review["compared"]["leftOut"].is_object() && review["fingerprint"].is_null());
        for output in ["markdown", "github"] {
            let shown = check(&stage, &[more, &["--output", output]].concat()).await;
            let told = shown.stdout.replace("%2C", ",");
            assert!(shown.code == 2 && told.contains(left_out), "{output}: {told}");
        }
    }
    // What is shown decides: nobody of fabrikam changes, and one person of contoso only drifts.
    for (more, code) in [
        (&["--tenant=fabrikam"][..], 0),
        (&["--user=user5@contoso.example"], 0),
        (&["--user=user5@contoso.example", "--strict"], 2),
        (&["--user=user0@*", "--strict"], 0),
    ] {
        let ended = check(&stage, more).await;
        assert_eq!(ended.code, code, "{more:?}: {}", ended.stdout);
        assert!(ended.stdout.contains("2 people would lose calling"), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_nobody_names_is_refused_with_who_was_meant() {
    if no_git() {
        return;
    }
    let stage = two_tenants().await;
    // Named before the change is enough.
    let gone = check(&stage, &["--user=user3@contoso.example"]).await;
    assert!(gone.code == 2 && gone.stdout.contains("disable  user3@contoso"), "{}", gone.stdout);
    let unknown = check(&stage, &["--user=user3@contso.example"]).await;
    assert_eq!(unknown.code, 1);
    for told in [
        "neither version of the manifests names a user `user3@contso.example`",
        "did you mean `user3@contoso.example`?",
    ] {
        assert!(unknown.stderr.contains(told), "{}", unknown.stderr);
    }
    let unknown = check(&stage, &["--user=adele*"]).await;
    assert!(unknown.code == 1 && unknown.stderr.contains("a user like `adele*`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_compared_with_every_holder_whatever_is_shown() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    // Two people swap a number with a third tenant's person: the taker alone is asked for.
    let text = pruning();
    let number = |tenant: u8, user: u8| format!("+1425555{tenant}{user:03}");
    let taker = entry(&text, "user1@adatum.example").to_owned();
    let text = text.replacen(&taker, &taker.replace(&number(0, 1), &number(1, 1)), 1);
    let giver = entry(&text, "user1@contoso.example").to_owned();
    let text = text.replacen(&giver, &giver.replace(&number(1, 1), "+14255559999"), 1);
    fs::write(stage.manifest(), &text).unwrap();
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let held = check(&stage, &["--user=user1@adatum.example"]).await;
    assert_eq!(held.code, 3, "{}{}", held.stdout, held.stderr);
    assert!(held.stdout.contains("user1@contoso.example"), "{}", held.stdout);
    assert!(held.stdout.contains("left out by --tenant and --user: 1 step,"), "{}", held.stdout);

    // Within a tenant the two parts of a move are shown together.
    let giver = entry(&pruning(), "user2@contoso.example").to_owned();
    let text = pruning().replacen(&giver, &giver.replace(&number(1, 2), "+14255559999"), 1);
    let taker = entry(&text, "user1@contoso.example").to_owned();
    let text = text.replacen(&taker, &taker.replace(&number(1, 1), &number(1, 2)), 1);
    fs::write(stage.manifest(), &text).unwrap();
    for user in ["user1", "user2"] {
        let of_one = as_json(&stage, &[&format!("--user={user}@contoso.example")]).await;
        assert_eq!(steps(&of_one["caused"]), ["update user1", "update user2"]);
    }
}

/// The check that says nothing to do, and the merge that disables somebody.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_deleted_is_told_also_if_nobody_can_look() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    let text = pruning();
    let gone = entry(&text, "user3@contoso.example").to_owned();
    commit(&stage, &text.replacen(&gone, "", 1), "a leaver");
    let rule = FaultRule::new(InjectedFault::Unavailable).on(Route::ListUsers);
    let rule =
        FaultRule { tenant: Some("00000000-0000-4000-8000-000000000001".to_owned()), ..rule };
    stage.sandbox.faults(|faults| faults.rules.push(rule));
    stage.run(&["observe", "--out", "live.json"]).await;
    let base = ["plan", "--base=HEAD^1", "--live=live.json"];
    for more in [&[][..], &["--tenant=contoso"], &["--user=user3@*"]] {
        let review = stage.run(&[&base[..], more].concat()).await;
        assert_eq!(review.code, 1, "{more:?}: {}{}", review.stdout, review.stderr);
        let told = "calling: disabled (named no longer)";
        assert!(review.stdout.contains(told), "{more:?}: {}", review.stdout);
        assert!(!review.stdout.contains("nothing to do because of it"), "{}", review.stdout);
    }
    // Somebody else of that tenant is not concerned.
    let other = stage.run(&[&base[..], &["--user=user4@*"]].concat()).await;
    assert_eq!(other.code, 0, "{}", other.stdout);
}
