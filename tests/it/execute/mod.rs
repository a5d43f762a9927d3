//! Carrying out: what a failure does to its user, its tenant and the sync, and that nothing is sent
//! that is not on record.

mod crowd;
mod doubles;
mod ends;
mod leased;
mod waits;

use std::time::Duration;

use dialplane::{
    execute::{Stop, SyncOutcome, TenantReport},
    model::{Calling, FaultKind, Field, Memory, StepOutcome, Value},
    plan::SyncPlan,
    sandbox::{FaultRule, InjectedFault, Route},
};

use crate::support::{
    House, contoso, fleet, id, number, of, on, runnable, store, switch, tenant, text,
};

/// `adele`, `bert`, ... whose voicemail is to be switched on.
pub(super) async fn updates(count: usize) -> House {
    let users: Vec<String> =
        (0..count).map(|n| format!("u{n:02} enabled useTeamsVoicemail=true")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    House::open(&contoso("", &users), |world| {
        (0..count).for_each(|n| {
            store(world, &format!("u{n:02}"), Field::UseTeamsVoicemail, Value::Flag(false));
        });
    })
    .await
}

pub(super) fn kinds(report: &TenantReport) -> Vec<&'static str> {
    let kind = |outcome: &Option<StepOutcome>| match outcome {
        None => "held",
        Some(StepOutcome::Accepted) => "accepted",
        Some(StepOutcome::Failed(_)) => "failed",
        Some(StepOutcome::Unknown(_)) => "unknown",
        Some(StepOutcome::NotTried(_)) => "not tried",
    };
    report.steps.iter().map(kind).collect()
}

async fn run(house: &House) -> TenantReport {
    let plan = house.plan().await;
    house.apply(&plan).await.remove(0)
}

#[tokio::test]
async fn a_refused_user_fails_alone() {
    let house = House::open(
        &contoso("", &["adele enabled sbcGatewayId=999", "bert enabled useTeamsVoicemail=true"]),
        |world| {
            // The manifests name a gateway that the reseller does not have.
            let missing = world.gateways.keys().copied().find(|id| id.get() == 999).unwrap();
            world.gateways.remove(&missing);
            store(world, "adele", Field::SbcGatewayId, crate::support::gateway(805));
            store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
        },
    )
    .await;
    let report = run(&house).await;
    assert_eq!(kinds(&report), ["failed", "accepted"]);
    assert_eq!((&report.sync, report.is_complete()), (&SyncOutcome::Accepted, false));
    let Some(StepOutcome::Failed(fault)) = &report.steps[0] else { panic!("{report:?}") };
    insta::assert_snapshot!(fault.message, @"update adele@contoso.com in contoso: refused (HTTP \
        400: sbcGatewayId is not a gateway of this reseller)");
    assert_eq!(
        house.writes(),
        ["update adele@contoso.com: HTTP 400", "update bert@contoso.com", "sync contoso"]
    );
}

#[tokio::test]
async fn a_failed_release_leaves_only_its_taker_untried() {
    let users =
        ["a enabled +14255550102", "b enabled +14255550103", "c enabled useTeamsVoicemail=true"];
    let house = House::open(&contoso("", &users), |world| {
        store(world, "a", Field::PhoneNumber, number("+14255550101"));
        store(world, "b", Field::PhoneNumber, number("+14255550102"));
        store(world, "c", Field::UseTeamsVoicemail, Value::Flag(false));
        switch(world, "a", Calling::Disabled);
    })
    .await;
    house.fault(on(InjectedFault::Refused, Route::Update).user("b@contoso.com"));
    let report = run(&house).await;
    let plan = house.plan().await;
    assert_eq!(
        house.writes(),
        ["update b@contoso.com: HTTP 400", "update c@contoso.com", "sync contoso"]
    );
    let not_tried: Vec<&str> = report
        .steps
        .iter()
        .filter_map(|outcome| match outcome {
            Some(StepOutcome::NotTried(reason)) => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    // The taker's update, and its enable behind it.
    assert_eq!(not_tried, ["it comes after the update of b@contoso.com, which did not succeed"; 2]);
    assert_eq!(house.user("c").stored.get(Field::UseTeamsVoicemail), Some(&Value::Flag(true)));
    assert_eq!(runnable(&plan).len(), 3, "{}", text(&plan));
}

#[tokio::test]
async fn what_comes_after_a_lost_answer_is_not_tried() {
    let users =
        ["a enabled +14255550102", "b enabled +14255550103", "c enabled useTeamsVoicemail=true"];
    for failure in [InjectedFault::Lost, InjectedFault::Server, InjectedFault::Garbage] {
        let house = House::open(&contoso("", &users), |world| {
            store(world, "a", Field::PhoneNumber, number("+14255550101"));
            store(world, "b", Field::PhoneNumber, number("+14255550102"));
            store(world, "c", Field::UseTeamsVoicemail, Value::Flag(false));
            switch(world, "a", Calling::Disabled);
        })
        .await;
        house.fault(on(failure, Route::Update).user("b@contoso.com"));
        let report = run(&house).await;
        // Whether b has given its number up is not known: a does not take it, and nothing behind
        // that begins. Nobody else waits.
        let mut kinds = kinds(&report);
        kinds.sort_unstable();
        assert_eq!(kinds, ["accepted", "not tried", "not tried", "unknown"], "{failure:?}");
        let of_a = house.writes().into_iter().filter(|write| write.contains("a@contoso.com"));
        assert_eq!(of_a.collect::<Vec<_>>(), [""; 0], "{failure:?}");
        assert_eq!(house.user("c").stored.get(Field::UseTeamsVoicemail), Some(&Value::Flag(true)));
    }
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_unknown_and_not_sent_again() {
    for failure in [
        InjectedFault::Server,
        InjectedFault::ServerAfter,
        InjectedFault::Lost,
        InjectedFault::Dropped,
        InjectedFault::Garbage,
        InjectedFault::Truncated,
        InjectedFault::ErrorInside,
        InjectedFault::ErrorInsideAfter,
        InjectedFault::PageAfter,
        InjectedFault::Text,
    ] {
        let house = updates(2).await;
        house.fault(on(failure, Route::Update).user("u00@contoso.com"));
        let report = run(&house).await;
        assert_eq!(kinds(&report), ["unknown", "accepted"], "{failure:?}");
        assert_eq!((&report.sync, &report.stopped), (&SyncOutcome::Accepted, &None), "{failure:?}");
        let sent = house.writes().iter().filter(|write| write.starts_with("update u00")).count();
        assert_eq!((sent, house.syncs("contoso")), (1, 1), "{failure:?}");
        // The next pass does not send it again either. If it sees the change, it owes a sync that
        // cannot have come too early.
        let plan = house.plan().await;
        assert_eq!(runnable(&plan), [], "{failure:?}: {}", text(&plan));
        let undone = matches!(
            failure,
            InjectedFault::Server
                | InjectedFault::Dropped
                | InjectedFault::Garbage
                | InjectedFault::ErrorInside
        );
        let done = !undone;
        assert_eq!(matches!(of(&plan, "contoso").sync, SyncPlan::Again(_)), done, "{failure:?}");
    }
}

#[tokio::test]
async fn a_timeout_is_unknown() {
    let house = House::configured(
        &contoso("", &["adele enabled"]),
        |settings| {
            settings.connect_to_teams.as_mut().unwrap().timeout = Duration::from_millis(1500);
        },
        |world| switch(world, "adele", Calling::Disabled),
    )
    .await;
    let plan = house.plan().await;
    house.fault(FaultRule { delay_ms: 6000, ..on(InjectedFault::Late, Route::Enable) });
    let report = house.apply(&plan).await.remove(0);
    assert_eq!(kinds(&report), ["unknown"]);
    assert_eq!(house.writes().iter().filter(|write| write.starts_with("enable")).count(), 1);
    assert_eq!(report.sync, SyncOutcome::Accepted);
}

#[tokio::test]
async fn who_is_not_let_in_stops_and_what_was_written_is_synced() {
    let house = updates(3).await;
    house.fault(on(InjectedFault::Unauthorized, Route::Update).user("u01@contoso.com"));
    let report = run(&house).await;
    assert_eq!(kinds(&report), ["accepted", "failed", "not tried"]);
    assert!(
        matches!(&report.stopped, Some(Stop::Fault(fault)) if fault.kind == FaultKind::Auth),
        "{report:?}"
    );
    // One replay with a new token, and no more; the user who is refused for ever does not keep the
    // other unsynced.
    let sent = [
        "update u00@contoso.com",
        "update u01@contoso.com: HTTP 401",
        "update u01@contoso.com: HTTP 401",
        "sync contoso",
    ];
    assert_eq!(
        (report.sync, house.writes()),
        (SyncOutcome::Accepted, sent.map(str::to_owned).to_vec())
    );
    // Let in again: the rest.
    house.no_faults();
    let report = run(&house).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(
        house.writes()[4..],
        ["update u01@contoso.com", "update u02@contoso.com", "sync contoso"]
    );
    let plan = house.plan().await;
    assert_eq!(house.apply(&plan).await[0].sync, SyncOutcome::NotNeeded);
}

#[tokio::test]
async fn lost_answers_in_a_row_give_the_tenant_up_before_all_its_users_are_frozen() {
    let house = updates(8).await;
    house.fault(on(InjectedFault::Unavailable, Route::Update));
    let report = run(&house).await;
    assert_eq!(kinds(&report)[..4], ["unknown", "unknown", "unknown", "not tried"]);
    assert_eq!(house.writes().iter().filter(|write| write.starts_with("update")).count(), 3);
    house.no_faults();
    let report = run(&house).await;
    assert_eq!(kinds(&report), ["accepted"; 5], "what was not tried is tried at once");
}

#[tokio::test]
async fn who_is_let_in_again_owes_the_sync_only() {
    // All steps were accepted, and only the sync could not be sent.
    let house = updates(2).await;
    house.fault(on(InjectedFault::Unauthorized, Route::Sync));
    let report = run(&house).await;
    assert!(matches!(report.sync, SyncOutcome::Failed(_)), "{report:?}");
    house.no_faults();
    let before = house.writes().len();
    let report = run(&house).await;
    assert!(report.is_complete() && report.sync == SyncOutcome::Accepted, "{report:?}");
    assert_eq!(house.writes()[before..], ["sync contoso"]);
}

#[tokio::test]
async fn one_expired_token_is_replaced_without_a_word() {
    let house = updates(2).await;
    house.fault(on(InjectedFault::Unauthorized, Route::Update).times(1));
    assert!(run(&house).await.is_complete());
    assert_eq!(house.syncs("contoso"), 1);
}

#[tokio::test]
async fn too_many_calls_wait_as_told_and_succeed() {
    let house = updates(2).await;
    let throttled = |route, times| FaultRule {
        retry_after_seconds: Some(0),
        ..on(InjectedFault::Throttled, route).times(times)
    };
    house.fault(throttled(Route::Update, 2));
    house.fault(throttled(Route::Sync, 1));
    let report = run(&house).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(house.syncs("contoso"), 1);
    // Too many for ever: nothing was carried out, the tenant stops, and nothing is owed.
    let house = updates(2).await;
    house.fault(FaultRule {
        retry_after_seconds: Some(0),
        ..on(InjectedFault::Throttled, Route::Update)
    });
    let report = run(&house).await;
    assert_eq!(kinds(&report), ["failed", "not tried"]);
    assert_eq!(house.journal.remembered(&id("contoso")).sync_owed, None);
    assert_eq!(runnable(&house.plan().await).len(), 2);
}

#[tokio::test]
async fn a_success_with_an_error_inside_says_neither_yes_nor_no() {
    let house = updates(1).await;
    house.fault(on(InjectedFault::ErrorInside, Route::Update));
    let report = run(&house).await;
    let Some(StepOutcome::Unknown(fault)) = &report.steps[0] else { panic!("{report:?}") };
    insta::assert_snapshot!(fault.message, @"update u00@contoso.com in contoso: the service sent \
        HTTP 200 with an error inside (the operation could not be completed), so it is unknown \
        whether this was carried out");
    assert_eq!(house.user("u00").stored.get(Field::UseTeamsVoicemail), Some(&Value::Flag(false)));
}

#[tokio::test]
async fn a_refused_sync_stays_owed() {
    let house = updates(1).await;
    house.fault(on(InjectedFault::ErrorInside, Route::Sync).times(1));
    let report = run(&house).await;
    assert!(matches!(report.sync, SyncOutcome::Failed(_)), "{report:?}");
    assert!(house.journal.remembered(&id("contoso")).sync_owed.is_some());
    assert_eq!(run(&house).await.sync, SyncOutcome::Accepted);
    assert_eq!(run(&house).await.sync, SyncOutcome::NotNeeded);
    assert_eq!(house.syncs("contoso"), 1);
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_after_the_plan_stops_everything() {
    let manifests = fleet(&[
        ("contoso", "", &["adele enabled useTeamsVoicemail=true"]),
        ("fabrikam", "", &["hugo enabled useTeamsVoicemail=true"]),
    ]);
    let house = House::open(&manifests, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        store(world, "hugo@fabrikam.com", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    let plan = house.plan().await;
    house.sandbox.world(|world| tenant(world, "contoso").consent_listed = false);
    let reports = house.apply(&plan).await;
    assert_eq!(reports[0].stopped, Some(Stop::Consent));
    assert_eq!(kinds(&reports[0]), ["not tried"]);
    assert_eq!(house.writes(), ["update hugo@fabrikam.com", "sync fabrikam"]);
    // How many were listed and who is managed is known, and nothing else.
    let memory = house.journal.remembered(&id("contoso"));
    assert_eq!(
        *memory,
        Memory { counted: memory.counted, managed: memory.managed.clone(), ..Memory::default() }
    );
}
