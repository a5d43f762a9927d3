//! What is waited for and what is not fought: syncs that come too soon, lost answers, somebody who
//! changes things back.

use std::time::Duration;

use dialplane::{
    execute::SyncOutcome,
    model::{Calling, Field, Value},
    plan::HoldKind,
    sandbox::{InjectedFault, Route},
};

use super::{carry_out, done};
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, id, of, on, runnable, store, stranger, switch, text,
};

fn voicemail(flag: bool) -> (Field, Value) {
    (Field::UseTeamsVoicemail, Value::Flag(flag))
}

async fn with_spacing(manifests: &str) -> House {
    let spaced = |settings: &mut dialplane::config::Settings| {
        settings.execution.sync_spacing = Duration::from_secs(300);
    };
    House::configured(manifests, spaced, |world| {
        store(world, "adele", voicemail(false).0, voicemail(false).1);
    })
    .await
}

#[tokio::test]
async fn a_sync_that_comes_too_soon_waits_and_stays_owed() {
    let wants = |flag: bool| contoso("", &[&format!("adele enabled useTeamsVoicemail={flag}")]);
    let mut house = with_spacing(&wants(true)).await;
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    // Two more revisions, back to back: both are written at once, and one sync will do for both.
    for flag in [false, true] {
        house.edit(&[("fleet.yaml", &wants(flag))]);
        let plan = house.plan().await;
        if flag {
            snapshot!("after_steps", text(&plan));
        }
        let report = house.apply(&plan).await.remove(0);
        assert!(
            matches!(report.sync, SyncOutcome::Waits(_)) && report.waits().is_some(),
            "{report:?}"
        );
        assert!(!report.is_complete());
    }
    let plan = house.plan().await;
    snapshot!("alone", text(&plan));
    let before = house.sandbox.calls().len();
    assert_eq!(carry_out(&house, &plan).await, NOTHING);
    assert_eq!(house.sandbox.calls().len(), before, "not even consent is asked for");
    assert_eq!((house.syncs("contoso"), house.writes().len()), (1, 4));
    // Its time comes.
    let plan = house.plan_in(1).await;
    assert_eq!(carry_out(&house, &plan).await, ["sync contoso"]);
    assert_eq!(house.journal.remembered(&id("contoso")).sync_owed, None);
}

#[tokio::test]
async fn a_sync_that_may_be_running_is_waited_for_and_one_that_was_refused_is_not() {
    for (failure, waits) in [
        (InjectedFault::ServerAfter, true),
        (InjectedFault::ErrorInside, true),
        (InjectedFault::Refused, false),
    ] {
        let house = with_spacing(&contoso("", &["adele enabled useTeamsVoicemail=true"])).await;
        house.fault(on(failure, Route::Sync).times(1));
        let plan = house.plan().await;
        house.apply(&plan).await;
        let plan = house.plan().await;
        let report = house.apply(&plan).await.remove(0);
        assert_eq!(report.waits().is_some(), waits, "{failure:?}: {report:?}");
        assert_eq!(report.sync == SyncOutcome::Accepted, !waits, "{failure:?}: {report:?}");
    }
}

#[tokio::test]
async fn a_newer_plan_that_follows_at_once_gets_the_sync() {
    let house = House::open(&contoso("", &["adele enabled useTeamsVoicemail=true"]), |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    house.fault(dialplane::sandbox::FaultRule {
        delay_ms: 300,
        ..on(InjectedFault::Late, Route::Update)
    });
    let plan = house.plan().await;
    let newer = house.newer.clone();
    let (report, ()) = tokio::join!(house.apply(&plan), async {
        while house.writes().is_empty() {
            tokio::task::yield_now().await;
        }
        newer.cancel();
    });
    assert_eq!(house.writes(), ["update adele@contoso.com"], "{report:?}");
    assert!(matches!(report[0].sync, SyncOutcome::NotTried(_)), "{report:?}");
    assert!(house.journal.remembered(&id("contoso")).sync_owed.is_some());
}

#[tokio::test]
async fn a_lost_answer_that_is_decided_owes_a_sync_again() {
    let house = House::open(&contoso("", &["adele enabled", "bert enabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    // Not carried out yet: the request waits somewhere, and the sync overtakes it.
    house.fault(on(InjectedFault::Dropped, Route::Enable).times(1));
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["enable adele@contoso.com: no answer", "sync contoso"]
    );
    done(&house, &house.plan().await).await;
    house.sandbox.world(|world| switch(world, "adele", Calling::Enabled));
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["sync contoso"]);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_lost_value_that_no_list_can_show_is_sent_again_in_the_end() {
    let manifests = contoso("live: graph", &["adele enabled userTag=gold"]);
    let house = House::open(&manifests, |_| {}).await;
    house.fault(on(InjectedFault::Dropped, Route::Update).times(1));
    let plan = house.plan().await;
    let lost = ["update adele@contoso.com: no answer", "sync contoso"];
    assert_eq!(carry_out(&house, &plan).await, lost, "{}", text(&plan));
    assert_eq!(runnable(&house.plan().await), [], "it may still come");
    let plan = house.plan_in(30).await;
    let again = [("update".to_owned(), "adele@contoso.com".to_owned())];
    assert_eq!(runnable(&plan), again, "nobody knows whether it came: {}", text(&plan));
}

#[tokio::test]
async fn the_debt_of_a_decided_answer_survives_a_hold() {
    let house = House::open(&contoso("", &["adele enabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    house.fault(on(InjectedFault::Lost, Route::Enable).times(1));
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_listed = false);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, NOTHING);
    house.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_listed = true);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["sync contoso"]);
}

/// Somebody changes it back; the program corrects that, and sees that it landed.
async fn round(house: &House, rival: impl Fn(&mut dialplane::sandbox::World)) -> Vec<String> {
    house.sandbox.world(&rival);
    let plan = house.plan().await;
    let calls = carry_out(house, &plan).await;
    house.apply(&house.plan().await).await;
    calls
}

#[tokio::test]
async fn somebody_who_changes_a_value_back_again_and_again_is_not_fought() {
    let wants = |flag: bool| {
        contoso(
            "",
            &[&format!("adele enabled useTeamsVoicemail={flag} userTag=sales"), "bert enabled"],
        )
    };
    let mut house = House::open(&wants(true), |_| {}).await;
    let rival = |world: &mut dialplane::sandbox::World| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
    };
    // The first is drift like any other; then it was changed back once, and twice.
    for _ in 0..3 {
        assert_eq!(round(&house, rival).await, ["update adele@contoso.com", "sync contoso"]);
    }
    assert_eq!(round(&house, rival).await, NOTHING);
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(of(&plan, "contoso").steps[0].holds[0].kind, HoldKind::Flap);
    assert!(of(&plan, "contoso").is_held());
    // Another field of another user is none of that, and a new wish lifts it, as time does.
    house.sandbox.world(|world| switch(world, "bert", Calling::Disabled));
    assert_eq!(
        runnable(&house.plan().await),
        [("enable".to_owned(), "bert@contoso.com".to_owned())]
    );
    house.sandbox.world(|world| switch(world, "bert", Calling::Enabled));
    assert_eq!(runnable(&house.plan_in(25).await).len(), 1);
    house.edit(&[("fleet.yaml", &wants(false))]);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn another_wish_is_sent_however_often_the_last_one_was_changed_back() {
    let wants = |tag: &str| contoso("", &[&format!("adele enabled userTag={tag}")]);
    let mut house = House::open(&wants("ours"), |_| {}).await;
    let rival = |world: &mut dialplane::sandbox::World| {
        store(world, "adele", Field::UserTag, Value::Text("theirs".into()));
    };
    for _ in 0..3 {
        assert_eq!(round(&house, rival).await.len(), 2);
    }
    assert_eq!(round(&house, rival).await, NOTHING);
    house.edit(&[("fleet.yaml", &wants("new"))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
}

#[tokio::test]
async fn nor_is_somebody_who_switches_calling() {
    let limits = "prune: disable, limits: { disable: { percent: 100 } }";
    let house = House::open(&contoso(limits, &["adele enabled"]), |world| {
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    let rival = |world: &mut dialplane::sandbox::World| switch(world, "visitor", Calling::Enabled);
    for _ in 0..3 {
        assert_eq!(round(&house, rival).await, ["disable visitor@contoso.com", "sync contoso"]);
    }
    assert_eq!(round(&house, rival).await, NOTHING);
    snapshot!(text(&house.plan().await));
    // Nor over somebody whom the manifests name.
    let house = House::open(&contoso("", &["adele enabled"]), |_| {}).await;
    let rival = |world: &mut dialplane::sandbox::World| switch(world, "adele", Calling::Disabled);
    for _ in 0..3 {
        assert_eq!(round(&house, rival).await, ["enable adele@contoso.com", "sync contoso"]);
    }
    assert_eq!(round(&house, rival).await, NOTHING);
    // Fields that an update only repeats were not changed back.
    let house =
        House::open(&contoso("", &["adele enabled userTag=a useTeamsVoicemail=true"]), |_| {})
            .await;
    for n in 0..5 {
        let rival = |world: &mut dialplane::sandbox::World| {
            if n % 2 == 0 {
                store(world, "adele", Field::UserTag, Value::Text(format!("{n}").into()));
            } else {
                store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
            }
        };
        assert_eq!(round(&house, rival).await.len(), 2, "{n}");
    }
}
