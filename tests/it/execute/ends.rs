//! How a run ends by what the service answered, and what is on record of that.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use dialplane::{
    execute::{SyncOutcome, TenantReport},
    model::{Call, Consent, Entry, Event, Fault, FaultKind, Memory, RunId, TenantRef},
    ports::{Journal as _, Permit, Provisioner},
};

use super::updates;
use crate::support::{House, contoso, id, name};

/// A service whose answers are given, one after the other; then it accepts.
struct Answers {
    consent: Consent,
    given: Mutex<VecDeque<Option<FaultKind>>>,
    /// What it was asked for.
    asked: Mutex<Vec<String>>,
}

impl Answers {
    fn of(answers: impl IntoIterator<Item = Option<FaultKind>>) -> Self {
        let given = Mutex::new(answers.into_iter().collect());
        Self { consent: Consent::Granted, given, asked: Mutex::default() }
    }

    fn calls(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|what| *what != "consent").cloned().collect()
    }
}

impl Provisioner for Answers {
    async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
        self.asked.lock().unwrap().push("consent".to_owned());
        Ok(self.consent.clone())
    }
    async fn send(&self, _: &TenantRef, call: &Call, _: &Permit) -> Result<(), Fault> {
        self.asked.lock().unwrap().push(call.to_string());
        let answer = self.given.lock().unwrap().pop_front().flatten();
        answer.map_or(Ok(()), |kind| Err(Fault::new(kind, "made up")))
    }
}

/// Plans what there is to do and carries it out.
async fn apply(house: &House, service: &Answers) -> TenantReport {
    let plan = house.plan().await;
    house.apply_with(&plan, service, &house.journal).await.remove(0)
}

fn memory(house: &House) -> Memory {
    Memory::clone(&house.journal.remembered(&id("contoso")))
}

/// Puts on record what an earlier run did.
async fn earlier(house: &House, events: impl IntoIterator<Item = Event>) {
    let lease = house.journal.lease(&id("contoso")).await.unwrap();
    for event in events {
        let entry = Entry {
            at: house.journal.now(),
            run: RunId::new("earlier"),
            tenant: name("contoso"),
            tenant_id: id("contoso"),
            event,
        };
        house.journal.record(&lease, entry).await.unwrap();
    }
}

fn began() -> Event {
    Event::Began { steps: 1, revision: None, by: None, part_of: None, plan: String::new() }
}

#[tokio::test]
async fn what_would_befall_the_sync_as_well_leaves_it_owed() {
    for (kind, barred) in [
        (FaultKind::Unreachable, true),
        (FaultKind::Throttled, true),
        (FaultKind::NotConfigured, true),
        (FaultKind::Stopped, true),
        (FaultKind::Auth, false),
        (FaultKind::Rejected, false),
    ] {
        let house = updates(2).await;
        let service = Answers::of([None, Some(kind)]);
        let report = apply(&house, &service).await;
        assert_eq!(service.calls().len(), if barred { 2 } else { 3 }, "{kind:?}: {report:?}");
        assert_eq!(matches!(report.sync, SyncOutcome::NotTried(_)), barred, "{kind:?}: {report:?}");
        assert_eq!(memory(&house).sync_owed.is_some(), barred, "{kind:?}");
    }
}

#[tokio::test]
async fn what_became_of_a_sync_is_on_record() {
    for (kind, may_run, unclear) in [
        (FaultKind::Rejected, false, false),
        (FaultKind::Throttled, false, false),
        (FaultKind::NoAnswer, true, false),
        (FaultKind::Server, true, false),
        (FaultKind::Garbled, true, true),
    ] {
        let house = updates(1).await;
        let report = apply(&house, &Answers::of([None, Some(kind)])).await;
        assert!(matches!(report.sync, SyncOutcome::Failed(_)), "{kind:?}: {report:?}");
        let memory = memory(&house);
        assert!(memory.sync_owed.is_some(), "{kind:?}");
        assert_eq!(
            memory.sync_sent.is_some(),
            may_run,
            "{kind:?}: the next one keeps its distance"
        );
        assert_eq!(memory.unclear_syncs.is_some(), unclear, "{kind:?}");
    }
}

#[tokio::test]
async fn only_lost_answers_in_a_row_end_a_run() {
    let lost = Some(FaultKind::NoAnswer);
    let house = updates(6).await;
    let service = Answers::of([lost, lost, None, lost, lost, None]);
    let report = apply(&house, &service).await;
    assert_eq!((report.stopped, service.calls().len()), (None, 7), "six steps and the sync");
    let house = updates(6).await;
    let service = Answers::of([None, lost, lost, lost]);
    let report = apply(&house, &service).await;
    assert!(report.stopped.is_some(), "{report:?}");
    assert_eq!(service.calls().len(), 5, "what was written is synced");
}

#[tokio::test]
async fn a_sync_that_waits_and_nothing_else_asks_nobody_and_records_nothing() {
    let mut house = House::open(&contoso("", &["adele enabled"]), |_| {}).await;
    house.execution.sync_spacing = Duration::from_secs(300);
    apply(&house, &Answers::of([])).await;
    earlier(&house, [began(), Event::Syncing, Event::Synced, began()]).await;
    let before = memory(&house);
    let service = Answers::of([]);
    let report = apply(&house, &service).await;
    assert!(matches!(report.sync, SyncOutcome::Waits(_)), "{report:?}");
    assert_eq!(*service.asked.lock().unwrap(), [""; 0]);
    assert_eq!(memory(&house), before);
}

#[tokio::test]
async fn a_run_that_is_given_up_tells_of_the_sync_that_stays_owed() {
    let house = House::open(&contoso("", &["adele enabled"]), |_| {}).await;
    earlier(&house, [began()]).await;
    let service = Answers { consent: Consent::Missing, ..Answers::of([]) };
    let report = apply(&house, &service).await;
    assert!(matches!(report.sync, SyncOutcome::NotTried(_)), "{report:?}");
    assert_eq!(service.calls(), [""; 0]);
    assert!(memory(&house).sync_owed.is_some());
}
