//! `why`: what it says comes from the manifests, the journal and the last plan, and what it cannot
//! know it does not say.

use std::fs;

use dialplane::{
    model::Calling,
    sandbox::{FaultRule, InjectedFault, Route, World},
};
use serde_json::Value;

use crate::stage::{Stage, fleet};

async fn text(stage: &Stage, who: &str) -> String {
    let ended = stage.run(&["why", who]).await;
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    ended.stdout
}

/// A fleet that is right but for one user who is not shown, one tenant without consent, and four of
/// contoso's people who are to leave, which is more than its limit.
async fn troubled() -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| {
        let of = |name: &str| crate::support::name(name);
        let hidden = crate::support::upn("user3@adatum.example");
        world.tenant_mut(&of("adatum")).unwrap().users.get_mut(&hidden).unwrap().hidden = true;
        let fabrikam = world.tenant_mut(&of("fabrikam")).unwrap();
        (fabrikam.consent_flag, fabrikam.consent_listed) = (false, false);
    });
    let over = (0..4).fold(fleet(), |text, user| {
        let before = format!("user{user}@contoso.example\n      calling: enabled");
        text.replace(&before, &before.replace("enabled", "disabled"))
    });
    fs::write(stage.manifest(), over).unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_held_a_user_at_the_last_look() {
    let stage = troubled().await;
    // Before anybody has looked it promises nothing.
    for who in ["user0@contoso.example", "user3@adatum.example", "user5@fabrikam.example"] {
        let told = text(&stage, who).await;
        assert!(
            told.contains(
                "next     that depends on live state, and no look at it is on record here"
            ),
            "{told}"
        );
    }
    let mut service = stage.start(&["run"]);
    let kept = || {
        fs::read_dir(stage.path().join(".dialplane/sandbox/last")).map_or(0, |folder| {
            folder
                .filter(|file| {
                    file.as_ref().unwrap().path().extension().is_some_and(|of| of == "json")
                })
                .count()
        })
    };
    service.until("each tenant was looked at", || kept() == 3).await;
    assert_eq!(service.stop().await, Some(0));
    let held = "next     nothing, until what holds it is lifted; the look after that goes on";
    for (who, told) in [
        (
            "user0@contoso.example",
            &["disable held", "the limit is 2", "raised `limits.disable`", held][..],
        ),
        ("user3@adatum.example", &["held     the service does not show this user", held]),
        ("user5@fabrikam.example", &["held     the customer has not allowed", held]),
        (
            "user5@contoso.example",
            &["nothing to do for this user", "next     nothing, if all is as at that look"],
        ),
    ] {
        let text = text(&stage, who).await;
        assert!(text.contains("  planned  ") && text.contains(" UTC ("), "{text}");
        for told in told {
            assert!(text.contains(told), "{who}: {told}\n{text}");
        }
    }
    let json: Value = serde_json::from_str(
        &stage.run(&["why", "user0@contoso.example", "--output", "json"]).await.stdout,
    )
    .unwrap();
    let planned = &json["users"][0]["planned"];
    assert_eq!(
        (&planned["steps"][0]["action"], planned["holds"].as_array().unwrap().len()),
        (&"disable".into(), 1),
        "{json}"
    );
    // What cannot be read is as good as absent.
    for file in fs::read_dir(stage.path().join(".dialplane/sandbox/last")).unwrap() {
        fs::write(file.unwrap().path(), "{").unwrap();
    }
    assert!(
        text(&stage, "user0@contoso.example").await.contains("no look at it is on record here")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_by_hand_is_a_look_as_well() {
    let stage = Stage::drifted().await;
    let before = text(&stage, "user7@adatum.example").await;
    assert!(!before.contains("planned"), "{before}");
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    let after = text(&stage, "user7@adatum.example").await;
    assert!(after.contains("): disable accepted\n"), "{after}");
    assert!(!after.contains("corrects"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_the_beginning_of_a_name_and_a_slip_of_the_pen_are_understood() {
    let stage = Stage::drifted().await;
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    for number in
        ["+14255550004", "14255550004", "0014255550004", "tel:+14255550004", "+1 425 555-0004"]
    {
        let told = text(&stage, number).await;
        assert!(
            told.starts_with("+14255550004\n  wanted   by user4@adatum.example in adatum\n"),
            "{number}: {told}"
        );
        assert!(
            told.contains("  sent     last to user4@adatum.example in adatum\n"),
            "{number}: {told}"
        );
        assert!(
            told.contains("user4@adatum.example in adatum\n  wanted   calling enabled"),
            "{number}: {told}"
        );
    }
    let begin = text(&stage, "user10").await;
    assert!(begin.matches("user10@").count() >= 3, "{begin}");
    for (who, told) in [
        ("user", "36 users begin with `user`"),
        ("user3@contoso.exampel", "did you mean user3@contoso.example?"),
        ("usr10", "no manifest names usr10"),
        (
            "+19995550000",
            "no manifest wants +19995550000, and the journal has not sent it to anybody",
        ),
        ("+1", "error: "),
    ] {
        let ended = stage.run(&["why", who]).await;
        assert!(
            ended.code == 1 && ended.stderr.contains(told),
            "{who}: {}{}",
            ended.stdout,
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_user_whom_no_manifest_names_it_knows_whether_the_tenant_prunes() {
    for (prune, told) in
        [("never", "are left alone here (prune: never)"), ("disable", "disable held")]
    {
        let text_before = fleet().replace("prune: never", &format!("prune: {prune}"));
        let stage =
            Stage::with(text_before.clone(), |desired| World::from_desired(desired, 1)).await;
        assert_eq!(stage.run(&["apply"]).await.code, 0);
        let begin = text_before.find("    - userPrincipalName: user5@contoso.example").unwrap();
        let end = begin + text_before[begin..].match_indices('\n').nth(2).unwrap().0 + 1;
        fs::write(stage.manifest(), text_before[..begin].to_owned() + &text_before[end..]).unwrap();
        let stop = stage.path().join(".dialplane/sandbox/stop");
        fs::write(&stop, "").unwrap();
        assert!(matches!(stage.run(&["apply"]).await.code, 0 | 3));
        let stopped = text(&stage, "user5@contoso.example").await;
        assert!(
            stopped.contains("next     nothing is written while everything is stopped"),
            "{stopped}"
        );
        fs::remove_file(&stop).unwrap();
        let said = text(&stage, "user5@contoso.example").await;
        if prune == "never" {
            assert!(said.contains(told), "{said}");
        } else {
            // It would be disabled; what kept it was the switch alone.
            assert!(
                said.contains("disable did not run")
                    && said.contains("next     the next look tries again"),
                "{said}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_what_was_refused_and_what_had_no_effect() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("settle: 10m, firstSettle: 10m", "settle: 1ms, firstSettle: 1ms");
    let user = "user3@contoso.example";
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&crate::support::name("contoso")).unwrap();
        let user = contoso.users.get_mut(&crate::support::upn(user)).unwrap();
        user.calling = Calling::Disabled;
        user.push();
    });
    let rule = FaultRule::new(InjectedFault::Refused).on(Route::Enable).times(1);
    stage.sandbox.faults(|faults| faults.rules.push(rule));
    stage.run(&["apply"]).await;
    let told = text(&stage, user).await;
    assert!(told.contains("  waits    the service refused the enable of "), "{told}");
    assert!(told.contains("hint: it is tried again as long as the manifests want it"), "{told}");
    // From now on the service says yes, and shows what was before.
    stage.sandbox.faults(|faults| {
        faults.rules.clear();
        let shown = ["\"+14255551003\"", "\"+14255551903\""].map(str::to_owned);
        let [ours, theirs] = shown;
        faults.respell = vec![(ours, theirs)];
    });
    for _ in 0..4 {
        stage.run(&["apply"]).await;
    }
    let told = text(&stage, user).await;
    assert!(!told.contains("the service refused"), "{told}");
    for part in [
        "  waits    phoneNumber was sent as +14255551003 3 times and accepted, last on ",
        "and no look has shown it",
        "  held     phoneNumber was sent as +14255551003 3 times and accepted",
        "is still shown as +14255551903",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let json = stage.run(&["why", user, "--output", "json"]).await.stdout;
    assert!(json.contains("and no look has shown it"), "{json}");
    // Without the last look it says what the journal knows.
    fs::remove_dir_all(stage.path().join(".dialplane/sandbox/last")).unwrap();
    let told = text(&stage, user).await;
    assert!(told.contains("  next     nothing of what had no effect, until "), "{told}");
}
