//! What a plan says of what it cannot carry out or cannot know, through the real binary: the last
//! line, JSON, the table, the exit code and `status` say the same.

use std::fs;

use dialplane::{model::Calling, sandbox::World};
use serde_json::Value;

use crate::{
    reviewed::{commit, committed, entry, no_git, pruning},
    stage::{Ended, Stage, fleet},
};

/// The fleet with other words in contoso's document.
fn contoso(spec: &str) -> String {
    let text = fleet();
    let begin = text.find("metadata: { name: contoso }").unwrap();
    let (before, after) = text.split_at(begin);
    before.to_owned() + &after.replacen("  mode: enforce\n  prune: never\n", spec, 1)
}

/// Without the lines of one user.
fn without(text: &str, user: &str) -> String {
    let begin = text.find(&format!("    - userPrincipalName: {user}")).unwrap();
    let entry = text[begin..].match_indices('\n').nth(2).unwrap().0 + 1;
    text[..begin].to_owned() + &text[begin + entry..]
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_that_only_the_journal_can_foresee_is_not_nothing_to_do() {
    let text =
        contoso("  mode: enforce\n  prune: disable\n  limits: { disable: { percent: 50 } }\n");
    let stage = Stage::with(text.clone(), |desired| World::from_desired(desired, 1)).await;
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    fs::write(stage.manifest(), without(&text, "user3@contoso.example")).unwrap();

    // Where the journal is, the plan knows.
    let known = stage.run(&["plan"]).await;
    assert_eq!(known.code, 2, "{}", known.stdout);
    assert!(known.stdout.contains("1 person would lose calling: contoso 1"), "{}", known.stdout);

    // On a fresh machine, or with a journal that has never looked, it says what it cannot know,
    // everywhere.
    let state = stage.path().join(".dialplane");
    fs::rename(&state, stage.path().join("elsewhere")).unwrap();
    for journal in ["none", "of another tenant"] {
        if journal != "none" {
            assert_eq!(stage.run(&["apply", "--tenant", "adatum"]).await.code, 0);
        }
        let text = stage.run(&["plan"]).await;
        assert_eq!(text.code, 3, "{journal}: {}", text.stdout);
        assert!(
            !text.stdout.contains("plan: nothing to do\n") && !text.stdout.contains("ever named"),
            "{}",
            text.stdout
        );
        for told in [
            "whether 1 person would lose calling cannot be foreseen without the journal",
            "1 user with calling is named by no manifest",
            "may disable them (prune: disable): user3@contoso.example",
            "plan: no difference is seen; 1 user may be disabled, which cannot be foreseen here",
        ] {
            assert!(text.stdout.contains(told), "{journal}: {told}\n{}", text.stdout);
        }
        let saved = stage.run(&["plan", "--output", "json"]).await;
        let tenants = json(&saved)["tenants"].clone();
        let contoso = tenants
            .as_array()
            .unwrap()
            .iter()
            .find(|tenant| tenant["tenant"] == "contoso")
            .unwrap();
        assert_eq!((saved.code, &json(&saved)["summary"]["unforeseen"]), (3, &1.into()));
        assert_eq!(contoso["unforeseen"], serde_json::json!(["user3@contoso.example"]));
        let page = stage.run(&["plan", "--output", "markdown"]).await;
        assert!(
            page.code == 3
                && page.stdout.contains("| contoso | 0 | 0 | 0 (or 1: cannot be foreseen) |"),
            "{}",
            page.stdout
        );
    }

    // Its own journal back, it is done, and then there is nothing to do.
    fs::remove_dir_all(&state).unwrap();
    fs::rename(stage.path().join("elsewhere"), &state).unwrap();
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    assert_eq!(stage.calling("contoso", "user3@contoso.example"), Calling::Disabled);
    assert_eq!(stage.run(&["plan"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_prunes_and_that_nobody_is_missing_from_is_as_wanted() {
    let text = contoso("  mode: enforce\n  prune: disable\n");
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    let plan = stage.run(&["plan"]).await;
    let told = "plan: no difference is seen; what a run would do is not known without the \
        journal\n";
    assert!(plan.code == 3 && plan.stdout.contains(told), "{}", plan.stdout);
    assert!(
        plan.stdout
            .contains("the journal here has never looked at 3 tenants (adatum, contoso, fabrikam)"),
        "{}",
        plan.stdout
    );
    // Once it has, there is nothing more to say.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let plan = stage.run(&["plan"]).await;
    assert!(plan.code == 0 && plan.stdout.contains("plan: nothing to do\n"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("has never looked"), "{}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_report_mode_shows_is_counted_as_drift() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let report = contoso("  mode: report\n  prune: never\n");
    let leaves = "user2@contoso.example\n      calling: enabled";
    let text = report.replace(leaves, &leaves.replace("enabled", "disabled"));
    // From here on the journal knows.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    fs::write(stage.manifest(), &text).unwrap();

    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 0, "{}", plan.stdout);
    assert!(
        plan.stdout.contains("plan: nothing to carry out; would: 1 to disable (report)\n"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout.contains("  mode is `report`: differences are only shown\n"),
        "{}",
        plan.stdout
    );
    assert!(!plan.stdout.contains("held: mode"), "{}", plan.stdout);
    let saved = stage.run(&["plan", "--output", "json", "--fail-on", "drift"]).await;
    assert_eq!((saved.code, &json(&saved)["summary"]["drift"]["disable"]), (2, &1.into()));
    assert_eq!(
        (&json(&saved)["summary"]["heldTenants"], &json(&saved)["summary"]["disable"]),
        (&0.into(), &0.into())
    );
    let page = stage.run(&["plan", "--output", "markdown"]).await;
    assert!(page.stdout.contains("| contoso | 0 | 0 | 1 (report) |  | 0 |"), "{}", page.stdout);

    let mut service = stage.start(&["run"]);
    let status = || {
        fs::read_to_string(stage.path().join(".dialplane/sandbox/status.json")).unwrap_or_default()
    };
    service
        .until("every tenant was looked at", || status().matches("\"last\": \"done\"").count() == 3)
        .await;
    let said = stage.run(&["status"]).await;
    assert!(said.code == 0 && said.stdout.contains("    drift 1 (report) for "), "{}", said.stdout);
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.writes(), [""; 0]);

    // As wanted again, nothing is left to fail on.
    fs::write(stage.manifest(), report).unwrap();
    let right = stage.run(&["plan", "--fail-on", "drift"]).await;
    assert!(right.code == 0 && right.stdout.contains("plan: nothing to do\n"), "{}", right.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_means_the_same_in_the_plan_and_in_the_status() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| {
        let of = |name: &str| crate::support::name(name);
        let hidden = crate::support::upn("user3@adatum.example");
        world.tenant_mut(&of("adatum")).unwrap().users.get_mut(&hidden).unwrap().hidden = true;
        world.tenant_mut(&of("fabrikam")).unwrap().consent_flag = false;
    });
    let over = (0..4).fold(fleet(), |text, user| {
        let before = format!("user{user}@contoso.example\n      calling: enabled");
        text.replace(&before, &before.replace("enabled", "disabled"))
    });
    fs::write(stage.manifest(), over).unwrap();
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 3, "{}", plan.stdout);
    assert!(
        plan.stdout.contains("; held: 1 tenant and 4 steps; 1 user in need of attention; "),
        "{}",
        plan.stdout
    );

    let mut service = stage.start(&["run"]);
    let file = || {
        fs::read_to_string(stage.path().join(".dialplane/sandbox/status.json")).unwrap_or_default()
    };
    service
        .until("every tenant was looked at", || file().matches("\"lastAt\": \"").count() == 3)
        .await;
    let said = stage.run(&["status"]).await.stdout;
    let line = |tenant: &str| {
        said.lines().position(|line| line.starts_with(&format!("  {tenant}"))).unwrap()
    };
    let (adatum, contoso, fabrikam) = (line("adatum"), line("contoso"), line("fabrikam"));
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[adatum].contains("attention")
            && lines[adatum + 1].starts_with("    1 user in need of attention: "),
        "{said}"
    );
    assert!(
        lines[contoso].contains("held") && lines[contoso + 1].starts_with("    held: 4 steps: "),
        "{said}"
    );
    assert!(
        lines[fabrikam].contains("held") && lines[fabrikam + 1].starts_with("    held: the "),
        "{said}"
    );
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stays_off_and_who_was_taken_out_before_is_in_doubt_without_the_journal() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    // An earlier change took somebody out, and nobody has run since.
    let text = pruning();
    let three = entry(&text, "user3@contoso.example").to_owned();
    let text = text.replacen(&three, "", 1);
    commit(&stage, &text, "one leaves");
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let check = ["plan", "--base", "HEAD", "--live", "live.json"];
    let strict = stage.run(&[&check[..], &["--strict"]].concat()).await;
    let beside = "beside it 1 user may be disabled, which cannot be foreseen without the journal";
    assert!(strict.code == 3 && strict.stdout.contains(beside), "{}", strict.stdout);

    let one = entry(&text, "user1@contoso.example").to_owned();
    let tagged = text.replacen(&one, &format!("{one}      userTag: north\n"), 1);
    fs::write(stage.manifest(), tagged).unwrap();
    let told = stage.run(&check).await;
    assert_eq!(told.code, 2, "{}", told.stdout);
    for part in [
        "contoso: disabled with and without the change, as far as is seen: user7@contoso.example; \
            a run whose journal has enabled one of them lately disables that user again",
        "  in doubt user3@contoso.example",
        beside,
    ] {
        assert!(told.stdout.contains(part), "{part}:\n{}", told.stdout);
    }
    let review = json(&stage.run(&[&check[..], &["--output", "json"]].concat()).await);
    let off = |review: &Value| review["touched"]["contoso"]["offUnproven"].clone();
    assert_eq!(off(&review), serde_json::json!(["user7@contoso.example"]));
    let page = stage.run(&[&check[..], &["--output", "markdown"]].concat()).await.stdout;
    assert!(page.contains("In doubt without the journal: `contoso: disabled with"), "{page}");
    assert!(page.contains("in doubt  user3@contoso.example  contoso"), "{page}");
    fs::write(stage.path().join("mask.key"), "a key of thirty-two letters and more\n").unwrap();
    let masked = [&check[..], &["--output", "json", "--mask", "file:mask.key"]].concat();
    let masked = stage.run(&masked).await;
    assert!(masked.code == 2 && !masked.stdout.contains("user7@"), "{}", masked.stdout);

    // A journal that has looked knows both.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let review = json(&stage.run(&[&check[..], &["--output", "json"]].concat()).await);
    assert!(review["touched"]["contoso"].is_object(), "{review}");
    assert!(off(&review).as_array().is_none_or(Vec::is_empty), "{review}");
}
