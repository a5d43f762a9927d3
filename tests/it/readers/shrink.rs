//! A list that has lost many users since the last whole one: it is doubted until somebody says that
//! this is right.

use dialplane::{
    model::{Calling, Upn},
    sandbox::World,
};

use crate::snapshot::snapshot;
use crate::support::{House, contoso, stranger, text, upn, user};

/// Twelve people; with the platform's own two a list of 14, of which five may vanish.
fn users() -> Vec<String> {
    (0..12).map(|n| format!("user{n:02} enabled +142555501{n:02}")).collect()
}

fn manifests(spec: &str) -> String {
    let users = users();
    contoso(spec, &users.iter().map(String::as_str).collect::<Vec<_>>())
}

const PRUNES: &str = "prune: disable, limits: { disable: { percent: 100 } }";

fn hide(world: &mut World, count: usize, hidden: bool) {
    for n in 0..count {
        user(world, &format!("user{n:02}")).hidden = hidden;
    }
}

/// A house that has seen the whole list, and in which then somebody is to be disabled.
async fn house() -> House {
    let house = House::open(&manifests(PRUNES), |_| {}).await;
    house.apply(&house.plan().await).await;
    house
        .sandbox
        .world(|world| stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]));
    house
}

#[tokio::test]
async fn a_list_that_lost_many_is_doubted_until_that_is_said_to_be_right() {
    let mut house = house().await;
    house.sandbox.world(|world| hide(world, 7, true));
    let plan = house.plan().await;
    snapshot!(text(&plan));
    house.apply(&plan).await;
    assert_eq!(house.user("visitor").calling, Calling::Enabled);
    assert!(
        text(&house.plan().await).contains("14 were on"),
        "what is doubted is not believed the next time either"
    );

    house.edit(&[(
        "fleet.yaml",
        &manifests(
            "prune: disable, limits: { disable: { percent: 100 }, shrink: { percent: 60 } }",
        ),
    )]);
    house.apply(&house.plan().await).await;
    assert_eq!(house.user("visitor").calling, Calling::Disabled);
    house.edit(&[("fleet.yaml", &manifests(PRUNES))]);
    assert!(
        !text(&house.plan().await).contains("may be incomplete"),
        "the new list is the one that counts now"
    );
}

#[tokio::test]
async fn a_few_may_leave_and_all_may_come_back() {
    let house = house().await;
    house.sandbox.world(|world| hide(world, 6, true));
    let visitor: Upn = upn("visitor@contoso.com");
    let disables = |plan: &dialplane::plan::Plan| {
        let steps = plan.tenants.iter().flat_map(|tenant| &tenant.steps);
        steps.filter(|step| step.user == visitor && step.holds.is_empty()).count()
    };
    // The visitor came as six went.
    assert_eq!(disables(&house.plan().await), 1);
    house.sandbox.world(|world| hide(world, 6, false));
    assert_eq!(disables(&house.plan().await), 1);
}

#[tokio::test]
async fn another_reader_shows_other_people() {
    let mut house =
        House::open(&manifests("live: graph, defaults: {}"), |world| hide(world, 8, true)).await;
    house.apply(&house.plan().await).await;
    house.edit(&[("fleet.yaml", &manifests("defaults: {}"))]);
    let said = text(&house.plan().await);
    assert!(
        !said.contains("may be incomplete") && said.contains("does not show this user"),
        "{said}"
    );
}
