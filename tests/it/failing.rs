//! A service that fails in mid-run: few users are frozen by it, and nobody else is sent to it.

use std::time::Duration;

use dialplane::{
    config::Settings,
    execute::{Stop, TenantReport},
    model::{FaultKind, Field, StepOutcome, Value},
    sandbox::{InjectedFault, Route},
};

use crate::support::{House, fleet, on, store};

const TENANTS: usize = 12;
const USERS: usize = 6;
/// Tenants, and users of each, side by side.
const SIDE_BY_SIDE: usize = 2;

/// Many tenants of one account, each with users to update. After a failure it waits for `pause`
/// times 40.
async fn house(pause: Duration) -> House {
    let names: Vec<String> = (0..TENANTS).map(|tenant| format!("t{tenant}")).collect();
    let lines: Vec<String> =
        (0..USERS).map(|user| format!("u{user} enabled useTeamsVoicemail=true")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let tenants: Vec<(&str, &str, &[&str])> =
        names.iter().map(|name| (name.as_str(), "", lines.as_slice())).collect();
    let configure = |settings: &mut Settings| {
        settings.execution.tenants = SIDE_BY_SIDE;
        settings.execution.users_per_tenant = SIDE_BY_SIDE;
        settings.connect_to_teams.as_mut().unwrap().retry_pause = pause;
    };
    House::configured(&fleet(&tenants), configure, |world| {
        for name in &names {
            for user in 0..USERS {
                let who = format!("u{user}@{name}.com");
                store(world, &who, Field::UseTeamsVoicemail, Value::Flag(false));
            }
        }
    })
    .await
}

fn count(reports: &[TenantReport], what: impl Fn(&StepOutcome) -> bool) -> usize {
    reports.iter().flat_map(|report| report.steps.iter().flatten()).filter(|o| what(o)).count()
}

fn unknown(outcome: &StepOutcome) -> bool {
    matches!(outcome, StepOutcome::Unknown(_))
}

#[tokio::test]
async fn a_service_that_fails_freezes_few_users_and_hears_of_nobody_else() {
    for failure in [InjectedFault::Server, InjectedFault::Lost, InjectedFault::Garbage] {
        let house = house(Duration::from_secs(3600)).await;
        house.fault(on(failure, Route::Update));
        let reports = house.apply(&house.plan().await).await;
        let frozen = count(&reports, unknown);
        // Five in a row, and what was on its way then.
        assert!((5..5 + SIDE_BY_SIDE * SIDE_BY_SIDE).contains(&frozen), "{frozen}");
        let sent = house.writes().iter().filter(|write| write.starts_with("update")).count();
        assert_eq!(sent, frozen, "whoever was sent counts");
        let held = reports.iter().filter_map(|report| match &report.stopped {
            Some(Stop::Fault(fault)) if fault.kind == FaultKind::Failing => Some(fault),
            _ => None,
        });
        let held: Vec<_> = held.collect();
        assert!(held.len() >= TENANTS - 4, "{}", held.len());
        assert!(held[0].message.contains("writes in a row got no clear answer"), "{:?}", held[0]);
        // It works again, and is not believed yet.
        house.no_faults();
        let before = house.writes().len();
        let reports = house.apply(&house.plan().await).await;
        assert_eq!(
            (count(&reports, |o| *o == StepOutcome::Accepted), house.writes().len()),
            (0, before)
        );
    }
}

#[tokio::test]
async fn a_service_that_works_again_gets_everybody_who_was_not_sent() {
    // The wait is over at once: one write at a time goes out.
    let house = house(Duration::ZERO).await;
    house.fault(on(InjectedFault::Server, Route::Update));
    let frozen = count(&house.apply(&house.plan().await).await, unknown);
    assert!(frozen >= 5, "{frozen}");
    house.no_faults();
    let reports = house.apply(&house.plan().await).await;
    let accepted = count(&reports, |outcome| *outcome == StepOutcome::Accepted);
    assert_eq!(accepted, TENANTS * USERS - frozen);
    assert!(reports.iter().all(|report| report.stopped.is_none()));
}
