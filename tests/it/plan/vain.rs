//! What is accepted again and again and never becomes visible is told, and no longer sent.

use std::time::Duration;

use dialplane::{
    model::{Calling, Field, Value},
    plan::{HoldKind, Plan, ProblemCode, render},
    sandbox::{EmptyPhone, InjectedFault, Route, World},
};
use jiff::Timestamp;

use super::{carry_out, done};
use crate::snapshot::snapshot;
use crate::support::{
    House, contoso, id, number, of, on, runnable, store, stranger, switch, text, upn,
};

const FLEET: &str = "fleet.yaml";

/// A house where whatever is not visible at once is late.
async fn house(manifests: &str, change: impl FnOnce(&mut World)) -> House {
    let at_once = |settings: &mut dialplane::config::Settings| {
        (settings.execution.settle, settings.execution.first_settle) =
            (Duration::ZERO, Duration::ZERO);
    };
    House::configured(manifests, at_once, change).await
}

fn respelt(house: &House, ours: &str, theirs: &str) {
    house.sandbox.faults(|faults| faults.respell = vec![(ours.to_owned(), theirs.to_owned())]);
}

fn problems(plan: &Plan) -> Vec<ProblemCode> {
    of(plan, "contoso").remarks.problems.iter().map(|problem| problem.kind.code()).collect()
}

fn holds(plan: &Plan) -> Vec<HoldKind> {
    of(plan, "contoso").steps.iter().flat_map(|step| &step.holds).map(|hold| hold.kind).collect()
}

/// Three passes send it; after them it is a problem.
async fn three_times(house: &House, call: &str) {
    for round in 0..3 {
        let plan = house.plan().await;
        assert_eq!(problems(&plan), [], "{round}: {}", text(&plan));
        assert_eq!(carry_out(house, &plan).await, [call, "sync contoso"], "{round}");
    }
    let plan = house.plan().await;
    assert_eq!(problems(&plan), [ProblemCode::NoEffect], "{}", text(&plan));
    assert_eq!(holds(&plan), [HoldKind::NoEffect], "{}", text(&plan));
    done(house, &plan).await;
    assert_eq!(runnable(&house.plan_in(1000).await), [], "nor ever after");
}

#[tokio::test]
async fn a_value_that_the_service_spells_in_its_own_way_is_told_and_not_sent_for_ever() {
    let wants = |tag: &str, voicemail: bool| {
        contoso("", &[&format!("adele enabled userTag={tag} useTeamsVoicemail={voicemail}")])
    };
    let mut house = house(&wants("sales", true), |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    respelt(&house, "\"userTag\":\"sales\"", "\"userTag\":\"SALES\"");
    three_times(&house, "update adele@contoso.com").await;
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert!(of(&plan, "contoso").needs_attention());
    let json = render::json(&plan);
    let told = &json["tenants"][0]["problems"][0];
    assert_eq!(told["code"], "no-effect", "{json}");
    assert!(told["reason"].as_str().unwrap().contains("is still shown as \"SALES\""), "{json}");
    let page = render::markdown(&plan);
    assert!(page.contains("and is still shown as") && page.contains("SALES"), "{page}");
    // Another change of the user goes on, and carries it along.
    house.edit(&[(FLEET, &wants("sales", false))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    let plan = house.plan().await;
    assert_eq!(problems(&plan), [ProblemCode::NoEffect], "{}", text(&plan));
    // It ends with another wish: one that is there already, and one that is new.
    house.edit(&[(FLEET, &wants("SALES", false))]);
    let plan = house.plan().await;
    assert_eq!((problems(&plan), runnable(&plan)), (vec![], vec![]), "{}", text(&plan));
    house.edit(&[(FLEET, &wants("support", false))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    assert_eq!(problems(&house.plan().await), []);
}

#[tokio::test]
async fn it_ends_when_live_state_is_right() {
    let house = house(&contoso("", &["adele enabled userTag=sales"]), |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    respelt(&house, "\"userTag\":\"sales\"", "\"userTag\":\"SALES\"");
    three_times(&house, "update adele@contoso.com").await;
    house.no_faults();
    let plan = house.plan().await;
    assert_eq!(problems(&plan), [], "{}", text(&plan));
    house.apply(&plan).await;
    // It was seen: what somebody changes afterwards is drift like any other.
    house.sandbox.world(|world| store(world, "adele", Field::UserTag, Value::Text("other".into())));
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
}

#[tokio::test]
async fn a_switch_that_has_no_effect_is_told_and_an_approval_sends_it_once_more() {
    let limits = "limits: { disable: { percent: 100 } }, prune: disable";
    for (calling, verb) in [("enabled", "enable"), ("disabled", "disable"), ("", "disable")] {
        let adele = format!("adele {calling}");
        let users: &[&str] = if calling.is_empty() { &["bert enabled"] } else { &[&adele] };
        let wants = contoso(limits, users);
        let mut house = house(&wants, |world| match calling {
            "enabled" => switch(world, "adele", Calling::Disabled),
            "disabled" => switch(world, "adele", Calling::Enabled),
            _ => stranger(world, "contoso", "adele@contoso.com", Calling::Enabled, &[]),
        })
        .await;
        // The service says yes, and shows what was before.
        let (on, off) = ("\"callingStatus\":\"ENABLED\"", "\"callingStatus\":\"DISABLED\"");
        if calling == "enabled" {
            respelt(&house, on, off);
        } else {
            respelt(&house, off, on);
        }
        let call = format!("{verb} adele@contoso.com");
        three_times(&house, &call).await;
        let held = house.plan().await;
        if calling == "enabled" {
            snapshot!(text(&held));
        }
        let file = render::approvals(&held, "the licence is there now", Timestamp::now());
        assert!(file.contains("gates: [noEffect]"), "{file}");
        house.edit(&[(FLEET, &wants), ("approval.yaml", &file)]);
        let plan = house.plan().await;
        assert_eq!(carry_out(&house, &plan).await, [&*call, "sync contoso"], "{}", text(&plan));
        let plan = house.plan().await;
        assert_eq!(problems(&plan), [ProblemCode::NoEffect], "{}", text(&plan));
        done(&house, &plan).await;
    }
}

#[tokio::test]
async fn a_number_that_is_kept_although_it_was_released_is_told() {
    let house = house(&contoso("", &["adele disabled none", "bert enabled"]), |world| {
        let adele = crate::support::user(world, "adele");
        adele.stored.set(Field::PhoneNumber, number("+14255550100"));
        adele.push();
    })
    .await;
    house.sandbox.faults(|faults| faults.empty_phone = EmptyPhone::Ignored);
    three_times(&house, "update adele@contoso.com").await;
    assert!(text(&house.plan().await).contains("is still shown as +14255550100"));
}

#[tokio::test]
async fn a_text_in_vain_keeps_nobody_from_calling_and_a_number_does() {
    for (wanted, field, calls) in [
        ("userTag=sales", "userTag", &["enable adele@contoso.com", "sync contoso"][..]),
        ("+14255550100", "phoneNumber", &[]),
    ] {
        let house = house(&contoso("", &[&format!("adele enabled {wanted}")]), |world| {
            store(world, "adele", Field::UserTag, Value::Text("old".into()));
            store(world, "adele", Field::PhoneNumber, number("+14255550199"));
        })
        .await;
        let ours = wanted.trim_start_matches("userTag=");
        let theirs = if field == "userTag" { "SALES" } else { "+14255550199" };
        let spelt = |value: &str| format!("\"{field}\":\"{value}\"");
        respelt(&house, &spelt(ours), &spelt(theirs));
        three_times(&house, "update adele@contoso.com").await;
        house.sandbox.world(|world| switch(world, "adele", Calling::Disabled));
        let plan = house.plan().await;
        assert_eq!(carry_out(&house, &plan).await, calls, "{}", text(&plan));
    }
}

#[tokio::test]
async fn what_was_lost_or_not_synced_proves_nothing() {
    let house = house(&contoso("", &["adele enabled userTag=sales"]), |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    respelt(&house, "\"userTag\":\"sales\"", "\"userTag\":\"SALES\"");
    house.fault(on(InjectedFault::Server, Route::Sync).times(4));
    for round in 0..4 {
        let plan = house.plan().await;
        assert_eq!(problems(&plan), [], "{round}: {}", text(&plan));
        let calls = ["update adele@contoso.com", "sync contoso: HTTP 500"];
        assert_eq!(carry_out(&house, &plan).await, calls, "{round}");
    }
    let written = &house.journal.remembered(&id("contoso")).written;
    let write = &written[&upn("adele@contoso.com")].details[&Field::UserTag];
    assert_eq!((write.in_vain, write.tries_in_vain()), (0, 0));
}
