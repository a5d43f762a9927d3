//! A plan is carried out under the lease that it was made under, and under no other.

use std::sync::atomic::Ordering;

use dialplane::{
    execute::{Executor, Stop, TenantReport},
    model::RunId,
    plan::Plan,
    ports::{Journal as _, JournalError},
};
use tokio_util::sync::CancellationToken;

use super::{doubles::Both, updates};
use crate::support::{House, NOTHING, id, under_leases};

/// Carries a plan of one tenant out under a new lease, as it is.
async fn carry_out_as_it_is(house: &House, plan: &Plan, both: &Both) -> TenantReport {
    let executor = Executor {
        provisioner: both,
        journal: both,
        users: house.execution.users_per_tenant.try_into().unwrap(),
        sync_settings: 0,
        revision: None,
        by: None,
        part_of: None,
        stop: CancellationToken::new(),
        newer: CancellationToken::new(),
    };
    let lease = both.lease(&id("contoso")).await;
    executor.tenant(plan.tenants[0].work(), lease, RunId::new("run-1"), &|_, _| {}).await
}

#[tokio::test]
async fn a_plan_that_was_made_under_no_lease_or_another_is_refused() {
    let house = updates(2).await;
    let shown = house.plan().await;
    let both = Both::default();
    let (earlier, leases) = under_leases(&both, &shown).await;
    drop(leases);
    for plan in [&shown, &earlier] {
        let report = carry_out_as_it_is(&house, plan, &both).await;
        assert_eq!(report.stopped, Some(Stop::OtherLease), "{report:?}");
        assert_eq!(both.log(), NOTHING, "nothing is sent and nothing recorded");
    }
}

#[tokio::test]
async fn a_plan_whose_lease_has_ended_is_refused() {
    let house = updates(2).await;
    let plan = house.plan().await;
    let both = Both::default();
    both.lapsed.store(true, Ordering::SeqCst);
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(report.stopped, Some(Stop::Journal(JournalError::Lost)), "{report:?}");
    assert_eq!(both.log(), NOTHING, "nothing is sent and nothing recorded");
}
