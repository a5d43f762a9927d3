//! Carrying out: how many go side by side.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dialplane::{
    execute::TenantReport,
    journal::VolatileJournal,
    model::{Call, Consent, Fault, Field, TenantRef, Value},
    plan::Plan,
    ports::{Permit, Provisioner},
};
use tokio::sync::Barrier;

use super::updates;
use crate::support::{House, fleet, store};

/// Counts the calls under way; each waits until as many are as there may be.
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
    barrier: Barrier,
}

impl Crowd {
    fn of(size: usize) -> Self {
        Self { now: AtomicUsize::new(0), most: AtomicUsize::new(0), barrier: Barrier::new(size) }
    }

    async fn call(&self) -> Result<(), Fault> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::timeout(Duration::from_secs(10), self.barrier.wait())
            .await
            .expect("fewer calls than may be");
        // Whoever is started too early comes in now.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Provisioner for Crowd {
    async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
        Ok(Consent::Granted)
    }
    async fn send(&self, _: &TenantRef, call: &Call, _: &Permit) -> Result<(), Fault> {
        if *call == Call::Sync { Ok(()) } else { self.call().await }
    }
}

#[tokio::test]
async fn as_many_users_side_by_side_as_may_be_and_no_more() {
    let mut house = updates(12).await;
    house.execution.users_per_tenant = 3;
    let plan = house.plan().await;
    let crowd = Crowd::of(3);
    let reports = house.apply_with(&plan, &crowd, &VolatileJournal::default()).await;
    assert!(reports[0].is_complete());
    assert_eq!(crowd.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn as_many_tenants_side_by_side_as_may_be_and_no_more() {
    let tenants =
        ["t1", "t2", "t3", "t4"].map(|name| (name, "", ["adele enabled useTeamsVoicemail=true"]));
    let tenants: Vec<(&str, &str, &[&str])> =
        tenants.iter().map(|(name, spec, users)| (*name, *spec, users.as_slice())).collect();
    let mut house = House::open(&fleet(&tenants), |world| {
        (1..=4).for_each(|n| {
            store(world, &format!("adele@t{n}.com"), Field::UseTeamsVoicemail, Value::Flag(false));
        });
    })
    .await;
    house.execution.tenants = 2;
    let plan: Plan = house.plan().await;
    let crowd = Crowd::of(2);
    let reports = house.apply_with(&plan, &crowd, &VolatileJournal::default()).await;
    assert!(reports.iter().all(TenantReport::is_complete));
    assert_eq!(crowd.most.load(Ordering::SeqCst), 2);
    let names: Vec<String> = reports.iter().map(|report| report.tenant.to_string()).collect();
    assert_eq!(names, ["t1", "t2", "t3", "t4"], "in the order of the plan");
}
