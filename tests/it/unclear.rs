//! Syncs whose answers say neither yes nor no: no list shows a sync, so that sending it again would
//! never end.

use dialplane::{
    config::{self, Accept, Settings},
    execute::SyncOutcome,
    model::{Field, Value},
    sandbox::{InjectedFault, Route},
};

use crate::support::{House, contoso, id, of, on, store, text};

/// Adele has an update; text is a yes to a sync, or not.
async fn house(accept: Option<Accept>) -> House {
    let configure = |settings: &mut Settings| {
        settings.connect_to_teams.as_mut().unwrap().endpoints.sync.accept = accept;
    };
    House::configured(&contoso("", &["adele enabled useTeamsVoicemail=true"]), configure, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await
}

fn sent(house: &House) -> usize {
    house.writes().iter().filter(|write| write.starts_with("sync")).count()
}

async fn passes(house: &House, count: usize) -> SyncOutcome {
    let mut last = SyncOutcome::NotNeeded;
    for _ in 0..count {
        last = house.apply(&house.plan().await).await.remove(0).sync;
    }
    last
}

#[tokio::test]
async fn text_is_a_yes_to_a_sync_unless_the_row_wants_json() {
    for (accept, yes) in [(None, true), (Some(Accept::Status), true), (Some(Accept::Json), false)] {
        let house = house(accept).await;
        house.fault(on(InjectedFault::Text, Route::Sync));
        assert_eq!(passes(&house, 1).await == SyncOutcome::Accepted, yes, "{accept:?}");
        assert_eq!(house.journal.remembered(&id("contoso")).sync_owed.is_none(), yes, "{accept:?}");
    }
}

#[tokio::test]
async fn after_three_answers_that_nobody_understands_people_are_asked() {
    let page = on(InjectedFault::Garbage, Route::Sync);
    let inside = on(InjectedFault::ErrorInsideAfter, Route::Sync);
    let gone = on(InjectedFault::RefusedAfter, Route::Sync).status(499);
    for (accept, rule) in [
        (Some(Accept::Json), on(InjectedFault::Text, Route::Sync)),
        (None, page),
        (None, inside),
        (None, gone),
    ] {
        let mut house = house(accept).await;
        house.fault(rule.clone());
        assert!(matches!(passes(&house, 6).await, SyncOutcome::Waits(_)), "{rule:?}");
        assert_eq!(sent(&house), 3, "{rule:?}");
        let plan = house.plan().await;
        let said = text(&plan);
        assert!(
            said.contains(
                "the answers to the last 3 syncs said neither yes nor no: sync the registrations"
            ),
            "{said}"
        );
        assert!(said.contains("`accept: status` in `connectToTeams.endpoints.sync`"), "{said}");
        assert!(of(&plan, "contoso").is_held(), "{said}");
        // Other settings are an answer; so is a day.
        house.execution.sync_settings = 7;
        passes(&house, 1).await;
        assert_eq!(sent(&house), 4, "{rule:?}");
        house.no_faults();
        let report = house.apply(&house.plan_in(25).await).await.remove(0);
        assert_eq!((report.sync, sent(&house)), (SyncOutcome::Accepted, 5), "{rule:?}");
        assert_eq!(house.journal.remembered(&id("contoso")).unclear_syncs, None);
    }
}

#[tokio::test]
async fn a_day_later_it_is_tried_once_more() {
    let house = house(None).await;
    house.fault(on(InjectedFault::Garbage, Route::Sync));
    passes(&house, 4).await;
    assert!(of(&house.plan_in(23).await, "contoso").sync_hold.is_some());
    assert!(of(&house.plan_in(25).await, "contoso").sync_hold.is_none());
}

#[tokio::test]
async fn failures_and_refusals_are_understood() {
    for rule in [
        on(InjectedFault::Unavailable, Route::Sync),
        on(InjectedFault::Refused, Route::Sync),
        on(InjectedFault::Lost, Route::Sync),
    ] {
        let house = house(None).await;
        house.fault(rule.clone());
        passes(&house, 4).await;
        assert_eq!(sent(&house), 4, "{rule:?}");
        let memory = house.journal.remembered(&id("contoso"));
        assert_eq!(
            (memory.unclear_syncs.clone(), memory.sync_owed.is_some()),
            (None, true),
            "{rule:?}"
        );
    }
}

#[tokio::test]
async fn text_is_unknown_for_a_user_unless_the_row_takes_it() {
    for (accept, outcome) in [(None, "unknown"), (Some(Accept::Status), "accepted")] {
        let configure = |settings: &mut Settings| {
            settings.connect_to_teams.as_mut().unwrap().endpoints.update.accept = accept;
        };
        let house = House::configured(
            &contoso("", &["adele enabled useTeamsVoicemail=true"]),
            configure,
            |world| {
                store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
            },
        )
        .await;
        house.fault(on(InjectedFault::Text, Route::Update));
        let report = house.apply(&house.plan().await).await.remove(0);
        assert_eq!(crate::execute::kinds(&report), [outcome], "{report:?}");
    }
}

#[test]
fn whoever_changes_how_syncs_are_sent_has_answered() {
    let of = |row: &str| {
        let account = "clientId: a, clientSecret: {env: B}, username: c, password: {env: D}";
        let text = format!("connectToTeams: {{{account}, endpoints: {{{row}}}}}");
        config::parse("t", &text, std::iter::empty()).unwrap().execution.sync_settings
    };
    let row = |more: &str| {
        of(&format!(
            "sync: {{method: POST, path: /provisioning/syncTeamsRegistrations, body: flat{more}}}"
        ))
    };
    assert_eq!((of(""), row("")), (0, 0));
    let [status, json] = [", accept: status", ", accept: json"].map(row);
    assert!(status != 0 && json != 0 && status != json);
}
