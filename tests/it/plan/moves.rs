//! Numbers that go round, are given up in each way, or may be held where nobody looked.

use dialplane::{
    model::{Calling, Field, TenantId, Value},
    pass,
    plan::{HoldKind, Plan},
    sandbox::{EmptyPhone, InjectedFault, Route, World},
};
use jiff::Timestamp;

use super::{carry_out, done, scenario};
use crate::support::{
    House, NOTHING, contoso, fleet, name, number, of, of_tenant, on, runnable, store, text,
};

const PARKING: &str = "numbers: { release: clear, parking: [\"+14255550190\"] }, limits: \
    { numbers: { percent: 100 }, changes: { percent: 100 } }";

fn phone(n: usize) -> String {
    format!("+1425556{n:04}")
}

/// As many users as there are numbers; user `n` holds number `n` and wants number `wants(n)`.
async fn circle(users: usize, spec: &str, wants: impl Fn(usize) -> usize) -> House {
    let lines: Vec<String> =
        (0..users).map(|n| format!("u{n:03} enabled {}", phone(wants(n)))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    House::open(&contoso(spec, &lines), |world| {
        (0..users).for_each(|n| {
            store(world, &format!("u{n:03}@contoso.com"), Field::PhoneNumber, Value::NoPhone);
        });
        (0..users).for_each(|n| {
            store(world, &format!("u{n:03}@contoso.com"), Field::PhoneNumber, number(&phone(n)));
        });
    })
    .await
}

fn is_parked(world: &World) -> bool {
    let parked = number("+14255550190");
    world.users().any(|(_, _, user)| user.stored.get(Field::PhoneNumber) == Some(&parked))
}

#[tokio::test]
async fn two_users_swap_their_numbers_through_a_parking_place() {
    let house = circle(2, PARKING, |n| 1 - n).await;
    scenario!(&house);
    assert_eq!(
        house.writes(),
        [
            "update u000@contoso.com",
            "update u001@contoso.com",
            "update u000@contoso.com",
            "sync contoso"
        ]
    );
    assert!(!house.sandbox.world(|world| is_parked(world)));
}

#[tokio::test]
async fn a_ring_of_fifty_turns_with_one_place() {
    let mut house = circle(50, PARKING, |n| (n + 1) % 50).await;
    house.execution.users_per_tenant = 4;
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await.len(),
        52,
        "fifty users, one of them twice, and a sync"
    );
    assert!(!house.sandbox.world(|world| is_parked(world)));
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn rings_share_one_place_one_after_the_other() {
    // Pairs swap: five rings.
    let mut house = circle(10, PARKING, |n| n ^ 1).await;
    house.execution.users_per_tenant = 4;
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await.len(), 16);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn whoever_was_left_parked_leaves_by_the_next_run() {
    let house = circle(3, PARKING, |n| (n + 1) % 3).await;
    // The second of the three is refused: the first stays parked, and no number is lost.
    house.fault(on(InjectedFault::Refused, Route::Update).user("u002@contoso.com").times(1));
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    assert!(house.sandbox.world(|world| is_parked(world)));
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    assert!(!house.sandbox.world(|world| is_parked(world)));
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn nobody_is_parked_for_a_ring_that_cannot_turn() {
    let spec = format!("{PARKING}, protect: [\"{}\"]", phone(2));
    let house = circle(3, &spec, |n| (n + 1) % 3).await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn a_place_that_is_taken_is_none() {
    let lines = ["a enabled +14255560001", "b enabled +14255560000", "c enabled"];
    let house = House::open(&contoso(PARKING, &lines), |world| {
        store(world, "c", Field::PhoneNumber, number("+14255550190"));
        store(world, "b", Field::PhoneNumber, Value::NoPhone);
        store(world, "a", Field::PhoneNumber, number("+14255560000"));
        store(world, "b", Field::PhoneNumber, number("+14255560001"));
    })
    .await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn a_number_is_given_up_as_the_tenant_wants_it() {
    for release in ["manual", "park"] {
        let spec = format!("numbers: {{ release: {release}, parking: [\"+14255550190\"] }}");
        let lines = [
            "adele enabled none useTeamsVoicemail=true",
            "bert disabled none",
            "carl enabled +14255550101",
        ];
        let house = House::open(&contoso(&spec, &lines), |world| {
            store(world, "adele", Field::PhoneNumber, number("+14255550101"));
            store(world, "bert", Field::PhoneNumber, number("+14255550102"));
            store(world, "carl", Field::PhoneNumber, Value::NoPhone);
        })
        .await;
        scenario!(release, &house);
        let (adele, carl) = (house.user("adele").stored, house.user("carl").stored);
        if release == "manual" {
            assert_eq!(
                (adele.phone().unwrap().as_str(), carl.phone()),
                ("+14255550101", None),
                "nothing moved"
            );
        } else {
            assert_eq!(carl.phone().unwrap().as_str(), "+14255550101");
        }
    }
}

#[tokio::test]
async fn whatever_the_service_makes_of_an_empty_number_none_is_lost() {
    for (empty, free) in
        [(EmptyPhone::Clears, true), (EmptyPhone::Refused, false), (EmptyPhone::Ignored, false)]
    {
        let lines = ["adele enabled +14255550102", "bert enabled none"];
        let house = House::open(&contoso("", &lines), |world| {
            store(world, "adele", Field::PhoneNumber, Value::NoPhone);
            store(world, "bert", Field::PhoneNumber, number("+14255550102"));
        })
        .await;
        house.sandbox.faults(|faults| faults.empty_phone = empty);
        let plan = house.plan().await;
        carry_out(&house, &plan).await;
        let holder = if free { "adele" } else { "bert" };
        assert_eq!(
            house.user(holder).stored.phone().unwrap().as_str(),
            "+14255550102",
            "{empty:?}"
        );
    }
}

#[tokio::test]
async fn a_number_with_nobody_in_sight_waits_until_everybody_could_be_looked_at() {
    let manifests = |mode: &str| {
        fleet(&[
            (
                "contoso",
                "",
                &["adele enabled +14255550100", "bert enabled +14255550102", "carl enabled none"],
            ),
            ("fabrikam", mode, &["dora enabled +14255550199"]),
        ])
    };
    let change = |world: &mut World| {
        store(world, "adele", Field::PhoneNumber, Value::NoPhone);
        // This one is in sight, so that nothing has to be proven.
        store(world, "bert", Field::PhoneNumber, Value::NoPhone);
        store(world, "carl", Field::PhoneNumber, number("+14255550102"));
    };
    let mut house = House::open(&manifests("mode: suspend"), change).await;
    scenario!(&house);
    assert_eq!(
        house.writes(),
        ["update carl@contoso.com", "update bert@contoso.com", "sync contoso"]
    );
    // The remedy that the plan names lifts it.
    house.edit(&[("fleet.yaml", &manifests("mode: report"))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    // The same if it cannot be read, or not with certainty.
    for (failure, words) in [
        (InjectedFault::Server, "tenant fabrikam could not be read"),
        (InjectedFault::EmptyList, "tenant fabrikam has a list that may be incomplete"),
    ] {
        let house = House::open(&manifests(""), change).await;
        house.fault(of_tenant(on(failure, Route::ListUsers), 1));
        unproven(&house.plan().await, words);
    }
    // Or if nobody knows how to look, or nobody has looked yet.
    let house = House::open(&manifests("").replace("+14255550199", "nobody"), change).await;
    unproven(&house.plan().await, "tenant fabrikam has broken manifests");
    let house = House::open(&manifests(""), change).await;
    let contoso = house.in_force.desired.tenants.get(&name("contoso")).into_iter();
    let observed = pass::observe(&house.readers, contoso, 1, |_| {}).await;
    let remembered = |tenant: &TenantId| house.journal.remembered(tenant);
    let now = Timestamp::now();
    let plan = pass::decide(&house.in_force, &observed, remembered, now, &house.execution);
    unproven(&plan, "tenant fabrikam was not looked at yet");
}

/// Whether contoso waits for a proof that a number is free, and is told why.
fn unproven(plan: &Plan, words: &str) {
    let mut holds = of(plan, "contoso").steps.iter().flat_map(|step| &step.holds);
    assert!(holds.any(|hold| hold.kind == HoldKind::NumberUnproven), "{words}: {}", text(plan));
    assert!(text(plan).contains(words), "{words}: {}", text(plan));
}

#[tokio::test]
async fn whoever_gives_up_a_number_is_parked_only_with_a_parking_number() {
    let park = "numbers: { release: park, parking: [\"+14255550190\"] }";
    let house = House::open(&contoso(park, &["adele enabled none"]), |world| {
        store(world, "adele", Field::PhoneNumber, number("+14255550100"));
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    assert_eq!(house.user("adele").stored.phone().unwrap().as_str(), "+14255550190");
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_swap_between_tenants_is_held_and_says_who_has_the_number() {
    let manifests = fleet(&[
        ("contoso", PARKING, &["adele enabled +14255550102"]),
        ("fabrikam", "", &["bert enabled +14255550101"]),
    ]);
    let house = House::open(&manifests, |world| {
        store(world, "bert@fabrikam.com", Field::PhoneNumber, Value::NoPhone);
        store(world, "adele", Field::PhoneNumber, number("+14255550101"));
        store(world, "bert@fabrikam.com", Field::PhoneNumber, number("+14255550102"));
    })
    .await;
    scenario!(&house);
    assert_eq!(runnable(&house.plan().await), []);
    assert_eq!(house.user("adele").calling, Calling::Enabled);
}
