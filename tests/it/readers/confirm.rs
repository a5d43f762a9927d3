//! `confirm: graph`: Graph is asked beside the service, and tells whether Teams shows what the
//! service says. It never changes anything.

use std::fmt::Write as _;

use dialplane::{
    model::{Calling, Field},
    plan::render,
    sandbox::{InjectedFault, Route, World},
};

use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, gateway, number, on, runnable, store, switch, text, user,
};

const USERS: [&str; 3] = ["adele enabled +14255550100", "bert disabled", "carl enabled"];

async fn house(change: impl FnOnce(&mut World)) -> House {
    House::open(&contoso("confirm: graph", &USERS), change).await
}

/// What Teams was told of a user, as an admin changes it there by hand.
fn in_teams(world: &mut World, who: &str, change: impl FnOnce(&mut dialplane::model::Details)) {
    let mut pushed = user(world, who).pushed.clone().unwrap_or_default();
    change(&mut pushed);
    user(world, who).pushed = Some(pushed);
}

#[tokio::test]
async fn what_teams_shows_is_told_and_changes_nothing() {
    type Change = fn(&mut World);
    let cases: [(&str, Change, Option<InjectedFault>); 9] = [
        ("all is well", |_| {}, None),
        ("off in Teams", |world| user(world, "adele").pushed = None, None),
        (
            "on in Teams only",
            |world| in_teams(world, "bert", |pushed| pushed.set(Field::SbcGatewayId, gateway(805))),
            None,
        ),
        (
            "another number",
            |world| {
                in_teams(world, "adele", |pushed| {
                    pushed.set(Field::PhoneNumber, number("+14255550109"));
                });
            },
            None,
        ),
        (
            "a number in Teams only",
            |world| {
                in_teams(world, "carl", |pushed| {
                    pushed.set(Field::PhoneNumber, number("+14255550109"));
                });
            },
            None,
        ),
        ("Graph fails", |_| {}, Some(InjectedFault::Server)),
        ("Graph sends a user of another tenant", |_| {}, Some(InjectedFault::OtherTenant)),
        ("a doubtful list", |_| {}, Some(InjectedFault::DuplicateUser)),
        ("nobody in Graph", |_| {}, Some(InjectedFault::EmptyList)),
    ];
    let mut said = String::new();
    for (name, change, failure) in cases {
        let house = house(change).await;
        house.sandbox.faults(|faults| {
            faults.rules.extend(failure.map(|failure| on(failure, Route::GraphUsers)));
        });
        let plan = house.plan().await;
        let _ = write!(said, "# {name}\n{}\n", text(&plan));
        house.apply(&plan).await;
        assert_eq!(house.writes(), NOTHING, "{name}");
    }
    snapshot!(said);
}

#[tokio::test]
async fn what_was_sent_lately_is_waited_for_and_then_told() {
    let house = house(|world| switch(world, "adele", Calling::Disabled)).await;
    house.sandbox.faults(|faults| faults.teams_visible_after_ms = 3_600_000_000);
    house.apply(&house.plan().await).await;
    let soon = house.plan_in(1).await;
    let late = house.plan_in(48).await;
    snapshot!(format!("# an hour later\n{}\n# two days later\n{}", text(&soon), text(&late)));
    let json = render::json(&late);
    assert_eq!(
        json["tenants"][0]["confirmed"],
        serde_json::json!({ "confirmed": 2, "waiting": 0, "differ": 1 })
    );
    assert_eq!(
        (&json["summary"]["confirmed"], &json["summary"]["compared"]),
        (&2.into(), &3.into())
    );
}

#[tokio::test]
async fn without_graph_in_the_settings_the_tenant_is_read_all_the_same() {
    let house = House::configured(
        &contoso("confirm: graph", &USERS),
        |settings| settings.graph = None,
        |_| {},
    )
    .await;
    let said = text(&house.plan().await);
    assert!(
        said.contains("note: not confirmed in Teams: `graph` is not configured in dialplane.yaml"),
        "{said}"
    );
}

/// Somebody outside the customer's groups is for the service nobody, and keeps the number in Teams.
#[tokio::test]
async fn a_number_of_somebody_that_only_teams_shows_is_given_to_nobody() {
    let house = house(|world| {
        store(world, "carl", Field::PhoneNumber, number("+14255550100"));
        store(world, "adele", Field::PhoneNumber, number("+14255550177"));
        user(world, "carl").hidden = true;
    })
    .await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    snapshot!(text(&plan));
}
