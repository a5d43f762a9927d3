//! Somebody who is called otherwise now is told as such, and keeps calling.

use dialplane::{
    model::UserId,
    pass,
    plan::{HoldKind, Note, Plan},
};
use jiff::Timestamp;

use crate::support::{House, contoso, name, of, runnable, tenant, text, upn};

const LOOSE: &str = "limits: { disable: { percent: 100 } }";

fn kinds(plan: &Plan, user: &str) -> Vec<HoldKind> {
    let steps = of(plan, "contoso").steps.iter().filter(|step| step.user == upn(user));
    steps.flat_map(|step| &step.holds).map(|hold| hold.kind).collect()
}

/// Plans with identities that the reader of the sandbox does not show.
async fn plan_with_ids(house: &House, ids: &[(&str, &str)]) -> Plan {
    let tenants = house.in_force.desired.tenants.values();
    let mut observed = pass::observe(&house.client.reader(), tenants, 1, |_| {}).await;
    for live in observed.values_mut().flatten() {
        let live = std::sync::Arc::make_mut(live);
        for (user, id) in ids {
            live.users.get_mut(&upn(user)).unwrap().id = UserId::observed(id);
        }
    }
    let memory = |tenant: &_| house.journal.remembered(tenant);
    pass::decide(&house.in_force, &observed, memory, Timestamp::now(), &house.execution)
}

#[tokio::test]
async fn a_renamed_user_is_told_as_such_and_keeps_calling() {
    let spec = format!("prune: disable, adopt: all, {LOOSE}");
    let before = contoso(&spec, &["adele enabled", "bert enabled"]);
    let mut house = House::open(&before, |_| {}).await;
    let first = plan_with_ids(&house, &[("adele@contoso.com", "id-of-adele")]).await;
    house.apply(&first).await;
    // An identity that is seen for the first time is news, and only once.
    let seen = plan_with_ids(
        &house,
        &[("adele@contoso.com", "id-of-adele"), ("bert@contoso.com", "id-of-bert")],
    )
    .await;
    let news: Vec<String> =
        of(&seen, "contoso").facts.managed.iter().map(|known| known.user.to_string()).collect();
    assert_eq!(news, ["bert@contoso.com"]);
    // The customer renames her.
    house.sandbox.world(|world| {
        let users = &mut tenant(world, "contoso").users;
        let adele = users.remove(&upn("adele@contoso.com")).unwrap();
        users.insert(upn("adele.vance@contoso.com"), adele);
    });
    let ids = [("adele.vance@contoso.com", "id-of-adele")];
    let plan = plan_with_ids(&house, &ids).await;
    assert_eq!(runnable(&plan), [], "{}", text(&plan));
    assert!(
        text(&plan).contains("this user is called adele.vance@contoso.com now"),
        "{}",
        text(&plan)
    );
    assert_eq!(of(&plan, "contoso").facts.vanished, [], "she is there");
    // In no manifest under either name: she may not be disabled for her new name.
    house.edit(&[("fleet.yaml", &contoso(&spec, &["bert enabled"]))]);
    let plan = plan_with_ids(&house, &ids).await;
    assert_eq!(kinds(&plan, "adele.vance@contoso.com"), [HoldKind::Renamed], "{}", text(&plan));
    // The manifests follow.
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele.vance enabled", "bert enabled"]))]);
    let plan = plan_with_ids(&house, &ids).await;
    assert_eq!(runnable(&plan), []);
    assert!(
        of(&plan, "contoso")
            .remarks
            .notes
            .contains(&Note::Renamed(upn("adele@contoso.com"), upn("adele.vance@contoso.com")))
    );
    house.apply(&plan).await;
    let memory = house.journal.remembered(&of(&plan, "contoso").reference.as_ref().unwrap().id);
    assert!(!memory.managed.contains(&upn("adele@contoso.com")), "one person, one name");
}

#[tokio::test]
async fn a_number_tells_a_rename_where_no_identity_does() {
    let spec = format!("prune: disable, {LOOSE}");
    let house = House::open(
        &contoso(&spec, &["adele.vance enabled +14255550100", "bert enabled"]),
        |world| {
            let users = &mut tenant(world, "contoso").users;
            let adele = users.remove(&upn("adele.vance@contoso.com")).unwrap();
            users.insert(upn("adele@contoso.com"), adele);
        },
    )
    .await;
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "adele@contoso.com"), [HoldKind::Renamed], "{}", text(&plan));
    assert!(house.sandbox.world(|world| world.tenant(&name("contoso")).is_some()));
}

#[tokio::test]
async fn a_new_name_of_one_user_says_nothing_of_another() {
    let spec = format!("prune: disable, adopt: all, {LOOSE}");
    let before = contoso(&spec, &["adele enabled", "bert enabled", "carl enabled"]);
    let mut house = House::open(&before, |_| {}).await;
    let ids = [("bert@contoso.com", "id-of-bert"), ("carl@contoso.com", "id-of-carl")];
    let of_adele = |name: &'static str| [(name, "id-of-adele"), ids[0], ids[1]];
    house.apply(&plan_with_ids(&house, &of_adele("adele@contoso.com")).await).await;
    house.sandbox.world(|world| {
        let users = &mut tenant(world, "contoso").users;
        let adele = users.remove(&upn("adele@contoso.com")).unwrap();
        users.insert(upn("adele.vance@contoso.com"), adele);
    });
    house.edit(&[("fleet.yaml", &contoso(&spec, &["carl enabled"]))]);
    let plan = plan_with_ids(&house, &of_adele("adele.vance@contoso.com")).await;
    assert_eq!(kinds(&plan, "adele.vance@contoso.com"), [HoldKind::Renamed], "{}", text(&plan));
    assert_eq!(
        runnable(&plan),
        [("disable".to_owned(), "bert@contoso.com".to_owned())],
        "{}",
        text(&plan)
    );
}
