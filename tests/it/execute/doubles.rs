//! Carrying out, over a service and a journal that are made for one question: what stands on
//! record.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dialplane::{
    execute::{Stop, SyncOutcome},
    journal::VolatileJournal,
    model::{
        Call, Calling, Consent, Entry, Event, Fault, Field, Memory, TenantId, TenantRef, Value,
    },
    ports::{Journal, JournalError, Lease, Permit, Provisioner, Recall},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::support::{House, NOTHING, contoso, id, number, store, switch};

use super::{kinds, updates};

/// A service and a journal in one, so that what is recorded and what is sent stand in one log.
#[derive(Default)]
pub(super) struct Both {
    pub(super) log: Mutex<Vec<String>>,
    pub(super) journal: VolatileJournal,
    /// From this record on, the journal fails.
    pub(super) fails_from: Option<usize>,
    pub(super) records: AtomicUsize,
    /// What consent says, one answer after the other; then it is granted.
    pub(super) consents: Mutex<Vec<Consent>>,
    /// Cancelled by the first call.
    pub(super) cancel: Option<CancellationToken>,
    /// Cancelled while the journal is away.
    pub(super) cancel_when_away: Option<CancellationToken>,
    /// Cancelled while a call waits for its turn.
    pub(super) cancel_in_line: Option<CancellationToken>,
    /// The lease counts no more once a call waits for its turn.
    pub(super) lapses_in_line: bool,
    /// From this record on the journal is away, for so many tries.
    pub(super) away: Option<(usize, usize)>,
    pub(super) tries: AtomicUsize,
    /// After so many tries the lease counts no more.
    pub(super) lapses_after: Option<usize>,
    /// Once this is on record, the lease counts no more.
    pub(super) lapses_at: Option<&'static str>,
    pub(super) lapsed: Arc<AtomicBool>,
    /// This takes long to record.
    pub(super) slow: Option<&'static str>,
    /// How often an outcome and an intent were recorded at once.
    pub(super) at_once: AtomicUsize,
}

impl Both {
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.log().into_iter().filter(|line| line.starts_with("call ")).collect()
    }

    fn call(&self, what: &str) {
        self.log.lock().unwrap().push(format!("call {what}"));
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
    }
}

impl Provisioner for Both {
    async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
        let mut answers = self.consents.lock().unwrap();
        Ok(if answers.is_empty() { Consent::Granted } else { answers.remove(0) })
    }
    async fn send(&self, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
        if let Some(cancel) = &self.cancel_in_line {
            cancel.cancel();
        }
        self.lapsed.fetch_or(self.lapses_in_line, Ordering::SeqCst);
        permit.check()?;
        match call {
            Call::Sync => self.call(&format!("sync {}", tenant.name)),
            call => self.call(&call.to_string()),
        }
        Ok(())
    }
}

impl Recall for Both {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        self.journal.recall(tenant).await
    }
}

impl Journal for Both {
    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        self.journal.memory(lease).await
    }
    fn now(&self) -> Timestamp {
        self.journal.now()
    }
    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        let (lease, lapsed) = (self.journal.lease(tenant).await?, Arc::clone(&self.lapsed));
        let token = lease.token();
        let good = move || lease.is_good() && !lapsed.load(Ordering::SeqCst);
        Ok(Lease::new(tenant.clone(), token, good, || ()))
    }
    async fn record_both(
        &self,
        lease: &Lease,
        first: Entry,
        second: Entry,
    ) -> [Result<(), JournalError>; 2] {
        self.at_once.fetch_add(1, Ordering::SeqCst);
        let first = self.record(lease, first).await;
        match first {
            Ok(()) => [Ok(()), self.record(lease, second).await],
            Err(error) => [Err(error.clone()), Err(error)],
        }
    }
    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        // What an observation has shown is no step of a run.
        if matches!(entry.event, Event::Managed(_) | Event::Vanished(_)) {
            return self.journal.record(lease, entry).await;
        }
        if self.fails_from.is_some_and(|from| self.records.fetch_add(1, Ordering::SeqCst) >= from) {
            return Err(JournalError::Broken("the disk is full".to_owned()));
        }
        if let Some((from, tries)) = self.away
            && self.log().iter().filter(|line| !line.starts_with("call ")).count() == from
            && self.tries.fetch_add(1, Ordering::SeqCst) < tries
        {
            if let Some(cancel) = &self.cancel_when_away {
                cancel.cancel();
            }
            let lapses = self.lapses_after == Some(self.tries.load(Ordering::SeqCst));
            self.lapsed.fetch_or(lapses, Ordering::SeqCst);
            let reason = "the database is being restarted".to_owned();
            return Err(JournalError::Away { since: Timestamp::UNIX_EPOCH, reason });
        }
        let line = match &entry.event {
            Event::Began { .. } => "began".to_owned(),
            Event::Intent { user, verb, .. } => format!("intent {verb} {user}"),
            Event::Outcome { user, verb, .. } => format!("outcome {verb} {user}"),
            Event::Accepted => "accepted".to_owned(),
            Event::Syncing => "syncing".to_owned(),
            Event::Synced => "synced".to_owned(),
            Event::NotSynced { .. } => "not synced".to_owned(),
            Event::Decided(_) => "decided".to_owned(),
            Event::NothingSent => "nothing sent".to_owned(),
            Event::Landed(_) => "landed".to_owned(),
            Event::Approved { approval, .. } => format!("approved by {approval}"),
            Event::Managed(_) => "managed".to_owned(),
            Event::Vanished(_) => "vanished".to_owned(),
            Event::Counted { users, .. } => format!("counted {users}"),
            Event::Suspended { .. } => "suspended".to_owned(),
            Event::Resumed { .. } => "resumed".to_owned(),
        };
        self.lapsed.fetch_or(self.lapses_at == Some(&*line), Ordering::SeqCst);
        if self.slow == Some(&*line) {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        self.log.lock().unwrap().push(line);
        self.journal.record(lease, entry).await
    }
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_on_record() {
    let mut house = updates(3).await;
    house.execution.users_per_tenant = 2;
    let plan = house.plan().await;
    let whole = Both::default();
    house.apply_with(&plan, &whole, &whole).await;
    let records = whole.log().iter().filter(|line| !line.starts_with("call ")).count();
    assert_eq!(records, 10, "counted, began, three intents and outcomes, syncing, synced");
    for fails_from in 0..=records {
        let both = Both { fails_from: Some(fails_from), ..Both::default() };
        let report = house.apply_with(&plan, &both, &both).await.remove(0);
        let log = both.log();
        let mut recorded = BTreeSet::new();
        for line in &log {
            match line.strip_prefix("call ") {
                Some(call) if call.starts_with("sync") => {
                    assert!(recorded.contains("syncing"), "{fails_from}: {log:?}");
                }
                Some(call) => {
                    assert!(recorded.contains(&*format!("intent {call}")), "{fails_from}: {log:?}");
                }
                None => drop(recorded.insert(line.as_str())),
            }
        }
        assert!(
            log.first().is_none_or(|line| line.starts_with("counted")),
            "{fails_from}: {log:?}"
        );
        let broke = fails_from < records;
        assert_eq!(
            matches!(report.stopped, Some(Stop::Journal(_))),
            broke,
            "{fails_from}: {report:?}"
        );
        // Without a journal the sync that was promised stays owed, unless nothing was promised.
        let owed = both.journal.remembered(&id("contoso")).sync_owed.is_some();
        assert_eq!(owed, broke && fails_from > 1, "{fails_from}: {log:?}");
        assert_eq!(
            both.calls().contains(&"call sync contoso".to_owned()),
            fails_from >= records - 1,
            "{fails_from}: {log:?}"
        );
    }
}

#[tokio::test]
async fn a_journal_that_is_away_lets_what_began_end_and_nothing_new_begin() {
    let house = updates(2).await;
    let plan = house.plan().await;
    // Counted, began, intent, outcome, intent, outcome, syncing, synced.
    for (from, ends) in
        [(0, false), (1, false), (2, false), (3, true), (4, false), (6, false), (7, true)]
    {
        let both = Both { away: Some((from, if ends { 2 } else { 1 })), ..Both::default() };
        let report = house.apply_with(&plan, &both, &both).await.remove(0);
        let log = both.log();
        if ends {
            assert!(report.is_complete(), "{from}: {report:?}");
            assert_eq!(both.calls().len(), 3, "{from}: {log:?}");
            continue;
        }
        let stop = report.stopped.expect("nothing new begins");
        assert_eq!(
            stop.to_string(),
            "the journal has been out of reach since 1970-01-01T00:00:00Z: the database is being \
                restarted",
        );
        assert_eq!(log.iter().filter(|line| !line.starts_with("call ")).count(), from, "{log:?}");
        let memory = both.journal.remembered(&id("contoso"));
        assert_eq!(memory.sync_owed.is_some(), from >= 2, "{from}: what began is owed: {log:?}");
        assert!(memory.cut_off.is_empty(), "{from}: no call is without its outcome");
        // It is back: the next pass does what is left.
        let calls = both.calls().len();
        let again = house.apply_with(&plan, &both, &both).await.remove(0);
        assert!(again.is_complete(), "{from}: {again:?}");
        assert!(both.calls().len() > calls);
    }
}

#[tokio::test]
async fn an_outcome_that_no_journal_takes_while_the_lease_counts_is_unknown() {
    let house = updates(1).await;
    let plan = house.plan().await;
    let both = Both { away: Some((3, usize::MAX)), lapses_after: Some(3), ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(both.tries.load(Ordering::SeqCst), 3);
    assert!(matches!(report.stopped, Some(Stop::Journal(JournalError::Away { .. }))));
    assert_eq!(both.calls(), ["call update u00@contoso.com"], "no sync, and nothing twice");
    let memory = both.journal.remembered(&id("contoso"));
    assert!(memory.sync_owed.is_some() && memory.cut_off.len() == 1);
}

#[tokio::test]
async fn an_outcome_and_the_next_intent_are_recorded_at_once() {
    let house = updates(5).await;
    let plan = house.plan().await;
    let both = Both::default();
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(both.at_once.into_inner(), 4, "between five steps");
}

#[tokio::test]
async fn what_comes_after_a_step_begins_once_its_outcome_is_on_record() {
    let users =
        ["a enabled +14255550104", "b enabled useTeamsVoicemail=true", "c enabled +14255550103"];
    let mut house = House::open(&contoso("", &users), |world| {
        store(world, "a", Field::PhoneNumber, number("+14255550101"));
        store(world, "b", Field::UseTeamsVoicemail, Value::Flag(false));
        store(world, "c", Field::PhoneNumber, number("+14255550104"));
        switch(world, "c", Calling::Disabled);
    })
    .await;
    house.execution.users_per_tenant = 2;
    let plan = house.plan().await;
    for slow in [None, Some("outcome update c@contoso.com"), Some("outcome update b@contoso.com")] {
        let both = Both { slow, ..Both::default() };
        let report = house.apply_with(&plan, &both, &both).await.remove(0);
        assert!(report.is_complete(), "{slow:?}: {report:?}");
        let log = both.log();
        let place = |what: &str| log.iter().position(|line| line == what).unwrap();
        let released = place("outcome update c@contoso.com");
        for behind in ["intent update a@contoso.com", "intent enable c@contoso.com"] {
            assert!(released < place(behind), "{slow:?}: {log:#?}");
        }
    }
}

#[tokio::test]
async fn a_stop_begins_no_step_and_still_sends_the_sync() {
    let mut house = updates(3).await;
    let plan = house.plan().await;
    // Before anything: nothing is sent at all.
    house.stop.cancel();
    let report = house.apply(&plan).await.remove(0);
    assert_eq!((kinds(&report), &report.stopped), (vec!["not tried"; 3], &Some(Stop::Asked)));
    assert_eq!(house.writes(), NOTHING);
    assert_eq!(house.journal.remembered(&id("contoso")).sync_owed, None);
    // During the first call: that one ends, and its sync is sent.
    house.stop = CancellationToken::new();
    let both = Both { cancel: Some(house.stop.clone()), ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(kinds(&report), ["accepted", "not tried", "not tried"]);
    assert_eq!(both.calls(), ["call update u00@contoso.com", "call sync contoso"]);
    assert_eq!((report.sync, report.stopped), (SyncOutcome::Accepted, Some(Stop::Asked)));
}

#[tokio::test]
async fn a_newer_plan_begins_no_step_and_leaves_the_sync_to_the_plan_that_follows() {
    let house = updates(3).await;
    let plan = house.plan().await;
    let both = Both { cancel: Some(house.newer.clone()), ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(kinds(&report), ["accepted", "not tried", "not tried"]);
    assert_eq!(both.calls(), ["call update u00@contoso.com"]);
    assert!(matches!(report.sync, SyncOutcome::NotTried(_)), "{report:?}");
    assert_eq!(report.stopped, Some(Stop::Newer));
    assert!(both.journal.remembered(&id("contoso")).sync_owed.is_some());
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_before_the_sync_leaves_it_owed() {
    let house = updates(1).await;
    let plan = house.plan().await;
    let both =
        Both { consents: Mutex::new(vec![Consent::Granted, Consent::Missing]), ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(both.calls(), ["call update u00@contoso.com"]);
    assert!(matches!(report.sync, SyncOutcome::NotTried(_)), "{report:?}");
    assert_eq!(report.stopped, Some(Stop::Consent));
    assert!(both.journal.remembered(&id("contoso")).sync_owed.is_some());
}

#[tokio::test]
async fn whoever_loses_its_lease_sends_nothing_more_not_even_the_sync() {
    let house = updates(2).await;
    let plan = house.plan().await;
    let all = ["call update u00@contoso.com", "call update u01@contoso.com"];
    for (lapses_at, sent) in
        [("intent update u00@contoso.com", 0), ("intent update u01@contoso.com", 1), ("syncing", 2)]
    {
        let both = Both { lapses_at: Some(lapses_at), ..Both::default() };
        let report = house.apply_with(&plan, &both, &both).await.remove(0);
        assert_eq!(both.calls(), all[..sent], "{lapses_at}");
        assert_eq!(report.stopped, Some(Stop::Journal(JournalError::Lost)), "{lapses_at}");
        let memory = both.journal.remembered(&id("contoso"));
        assert!(memory.sync_owed.is_some(), "{lapses_at}: whoever has it now pays the sync");
        assert!(memory.cut_off.is_empty(), "{lapses_at}: what was not sent is on record as that");
    }
}
