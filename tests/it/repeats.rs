//! What passes by itself costs nothing: a read that failed is made again, by each reader and on
//! each call.

use dialplane::{
    model::{Field, Value},
    sandbox::{FaultRule, InjectedFault, Route},
};

use crate::support::{House, fleet, of, on, runnable, store, text};

/// Two tenants, each with an update: one is read from the platform in small pages, one from Graph.
async fn house() -> House {
    let manifests = fleet(&[
        ("contoso", "", &["adele enabled useTeamsVoicemail=true", "bert enabled", "carl enabled"]),
        ("fabrikam", "live: graph", &["hugo enabled +14255550123"]),
    ]);
    House::configured(
        &manifests,
        |settings| {
            let account = settings.connect_to_teams.as_mut().unwrap();
            account.endpoints.list_users.as_mut().unwrap().page_size = 2;
        },
        |world| {
            store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
            store(world, "hugo@fabrikam.com", Field::PhoneNumber, Value::NoPhone);
        },
    )
    .await
}

const READS: [Route; 6] = [
    Route::Token,
    Route::WhoAmI,
    Route::Enterprise,
    Route::ListUsers,
    Route::GraphToken,
    Route::GraphUsers,
];

fn passing() -> impl Iterator<Item = FaultRule> {
    let gateway = |status| FaultRule {
        retry_after_seconds: Some(0),
        ..FaultRule::new(InjectedFault::Unavailable).status(status)
    };
    let broken =
        [InjectedFault::Dropped, InjectedFault::Lost, InjectedFault::Truncated].map(FaultRule::new);
    [gateway(502), gateway(503), gateway(504), FaultRule::new(InjectedFault::Unavailable)]
        .into_iter()
        .chain(broken)
}

#[tokio::test]
async fn a_read_that_fails_twice_is_read() {
    for rule in passing() {
        let house = house().await;
        for route in READS {
            house.fault(FaultRule { route: Some(route), ..rule.clone() }.times(2));
        }
        let plan = house.plan().await;
        assert!(plan.tenants.iter().all(|tenant| !tenant.is_unread()), "{rule:?}: {}", text(&plan));
        assert_eq!(runnable(&plan).len(), 2, "{rule:?}: {}", text(&plan));
    }
}

#[tokio::test]
async fn a_read_that_goes_on_failing_is_given_up_and_told() {
    for rule in passing() {
        let house = house().await;
        house.fault(FaultRule { route: Some(Route::ListUsers), ..rule.clone() });
        let plan = house.plan().await;
        assert!(
            of(&plan, "contoso").is_unread() && !of(&plan, "fabrikam").is_unread(),
            "{rule:?}: {}",
            text(&plan)
        );
        let calls =
            house.sandbox.calls().iter().filter(|call| call.path.contains("listUsers")).count();
        assert_eq!(calls, 3, "{rule:?}");
    }
}

#[tokio::test]
async fn whoever_asks_to_wait_for_long_is_not_waited_for() {
    let house = house().await;
    house.fault(FaultRule {
        retry_after_seconds: Some(3600),
        ..on(InjectedFault::Unavailable, Route::ListUsers)
    });
    assert!(of(&house.plan().await, "contoso").is_unread());
    let calls = house.sandbox.calls().iter().filter(|call| call.path.contains("listUsers")).count();
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn what_nothing_depends_on_is_not_waited_for() {
    for route in [Route::Gateways, Route::Enterprises] {
        let house = house().await;
        house.fault(FaultRule {
            retry_after_seconds: Some(30),
            ..on(InjectedFault::Throttled, route)
        });
        let contoso = house.in_force.desired.tenants.values().next().unwrap().reference();
        let inventory = house.client.reader().inventory(&contoso).await.unwrap();
        assert!(inventory.gateways.is_err() || inventory.tenants.is_err(), "{inventory:?}");
        let throttled =
            house.sandbox.calls().iter().filter(|call| call.status == Some(429)).count();
        assert_eq!(throttled, 1, "{route:?}: whoever waits asks again");
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_an_answer_is_passed_over() {
    let house = house().await;
    house.fault(FaultRule::new(InjectedFault::Bom));
    let plan = house.plan().await;
    assert_eq!(runnable(&plan).len(), 2, "{}", text(&plan));
    let reports = house.apply(&plan).await;
    assert!(reports.iter().all(dialplane::execute::TenantReport::is_complete), "{reports:?}");
}
