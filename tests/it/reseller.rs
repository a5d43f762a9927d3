//! Which reseller a write names: that of the tenant's enterprise, and nothing is written where that
//! is not certain.

use dialplane::{
    model::{TenantId, TenantName},
    sandbox::{FaultRule, InjectedFault, Route},
};

use crate::stage::Stage;

/// An account of a master reseller: contoso belongs to reseller 77, the others to 124, and none to
/// the master, 123.
async fn of_a_master() -> Stage {
    let stage = Stage::drifted().await;
    stage.sandbox.faults(|faults| faults.master_reseller = true);
    stage.sandbox.world(|world| {
        world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap().reseller_id = 77;
        world
            .tenants
            .values_mut()
            .for_each(|tenant| (tenant.consent_flag, tenant.consent_listed) = (true, true));
    });
    stage
}

fn writes(stage: &Stage) -> Vec<(TenantId, Option<u16>)> {
    let of = |tenant: Option<String>| TenantId::parse(&tenant.unwrap()).unwrap();
    stage.sandbox.writes().into_iter().map(|call| (of(call.tenant), call.status)).collect()
}

async fn all_is_done(stage: &Stage) {
    let done = stage.run(&["apply"]).await;
    assert!(matches!(done.code, 0 | 3), "{}{}", done.stdout, done.stderr);
    let writes = writes(stage);
    assert!(
        writes.len() > 5 && writes.iter().all(|(_, status)| *status == Some(200)),
        "{writes:?}\n{}",
        done.stdout
    );
    let again = stage.run(&["plan"]).await;
    assert!(
        !again.stdout.contains("update ") && !again.stdout.contains("held"),
        "{}",
        again.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_names_the_reseller_below_a_master() {
    let stage = of_a_master().await;
    all_is_done(&stage).await;
    let doctor = stage.run(&["doctor"]).await;
    assert!(doctor.stdout.contains(", 0 failed"), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_names_itself_says_nothing_of_its_tenants() {
    let stage = of_a_master().await;
    stage.configure("  endpoints:", "  resellerId: 123\n  endpoints:");
    all_is_done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_tell_where_the_enterprise_does_not() {
    let stage = of_a_master().await;
    stage.sandbox.faults(|faults| faults.hide_reseller = true);
    all_is_done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_tells_nothing_is_written_until_the_settings_do() {
    let stage = of_a_master().await;
    stage.sandbox.faults(|faults| {
        faults.hide_reseller = true;
        faults.rules.push(FaultRule::new(InjectedFault::Forbidden).on(Route::Enterprises));
    });
    let held = stage.run(&["apply"]).await;
    assert_eq!(writes(&stage), [], "{}", held.stdout);
    assert_eq!(held.stdout.matches("[reseller-unclear]").count(), 3, "{}", held.stdout);
    stage.configure(
        "  endpoints:",
        "  resellerOf: { adatum: 124, contoso: 77, fabrikam: 124 }\n  endpoints:",
    );
    all_is_done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_disagrees_is_told_before_the_first_write() {
    for (setting, concerned) in [("resellerOf: { contoso: 99 }", 1), ("resellerId: 99", 3)] {
        let stage = of_a_master().await;
        stage.configure("  endpoints:", &format!("  {setting}\n  endpoints:"));
        let plan = stage.run(&["plan"]).await;
        assert_eq!(plan.stdout.matches("[reseller-unclear]").count(), concerned, "{}", plan.stdout);
        assert!(
            plan.stdout.contains("77 by the service's answer about its enterprise"),
            "{}",
            plan.stdout
        );
        let json = stage.run(&["plan", "--output", "json"]).await;
        assert!(json.stdout.contains("\"reseller-unclear\""), "{}", json.stdout);
        let doctor = stage.run(&["doctor"]).await;
        assert_eq!(doctor.code, 1, "{}", doctor.stdout);
        assert!(
            doctor.stdout.contains("fail  contoso         reseller       it is not certain"),
            "{}",
            doctor.stdout
        );
        stage.run(&["apply"]).await;
        let contoso = TenantId::parse("00000000-0000-4000-8000-000000000001").unwrap();
        assert!(
            writes(&stage)
                .iter()
                .all(|(tenant, status)| *tenant != contoso && *status == Some(200))
        );
    }
    // A plain reseller that is told of an enterprise of another.
    let stage = of_a_master().await;
    stage.sandbox.faults(|faults| faults.master_reseller = false);
    let plan = stage.run(&["plan"]).await;
    assert_eq!(
        plan.stdout.matches("held: it is not certain which reseller").count(),
        1,
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.contains("123 by the account sandbox-admin"), "{}", plan.stdout);
}
