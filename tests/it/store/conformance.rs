//! What every store does, whatever it is made of.

use std::sync::Arc;

use dialplane::{
    journal::{LEASE_TERM, PostgresJournal, Retention, SqliteJournal, Store, VolatileJournal},
    model::{Details, Memory, RecentCalls, Verb},
    ports::{Journal as _, JournalError, Recall as _},
};
use tempfile::TempDir;

use super::{TestClock, at, began, entry, entry_of, history, intent, outcome, record};
use crate::support::{
    id,
    postgres::{self, Database},
};

/// A place where a store can be opened again and again.
struct Place {
    clock: TestClock,
    kind: Kind,
}

enum Kind {
    Volatile(VolatileJournal),
    File(TempDir),
    Shared(Database),
}

impl Place {
    /// One of each kind; the third where there is a PostgreSQL.
    fn all() -> Vec<Self> {
        let clock = TestClock::default();
        let volatile = Kind::Volatile(VolatileJournal::with_clock(clock.clock()));
        let place = |kind| Self { clock: TestClock::default(), kind };
        let shared = postgres::database().map(|database| place(Kind::Shared(database)));
        let kept = [Self { clock, kind: volatile }, place(Kind::File(crate::folder::folder()))];
        kept.into_iter().chain(shared).collect()
    }

    /// The store, as the next process finds it. What forgets with its process stays open.
    async fn open(&self) -> Store {
        let clock = self.clock.clock();
        match &self.kind {
            Kind::Volatile(journal) => Store::Volatile(journal.clone()),
            Kind::File(folder) => {
                let opened = SqliteJournal::with_clock(folder.path(), Retention::default(), clock);
                Store::File(opened.unwrap())
            }
            Kind::Shared(database) => {
                let settings = database.settings();
                let opened =
                    PostgresJournal::with_clock(&settings, Retention::default(), clock).await;
                Store::Shared(opened.unwrap())
            }
        }
    }
}

/// What a store remembers of a tenant.
async fn remembered(store: &Store, tenant: &str) -> Arc<Memory> {
    store.recall(&id(tenant)).await.unwrap()
}

fn term() -> i64 {
    i64::try_from(LEASE_TERM.as_secs()).unwrap()
}

#[tokio::test]
async fn the_same_is_remembered_at_every_point_of_a_run() {
    let history = history();
    for length in 0..=history.len() {
        let right = VolatileJournal::of(history[..length].to_vec()).remembered(&id("contoso"));
        for place in Place::all() {
            let store = place.open().await;
            record(&store, &history[..length]).await;
            assert_eq!(remembered(&store, "contoso").await, right, "{length}: {store:?}");
            drop(store);
            assert_eq!(
                remembered(&place.open().await, "contoso").await,
                right,
                "{length}, opened again"
            );
        }
    }
}

#[tokio::test]
async fn tenants_do_not_share_memory() {
    for place in Place::all() {
        let store = place.open().await;
        record(&store, &[entry(0, "r1", began(1))]).await;
        assert_eq!(remembered(&store, "fabrikam").await, Arc::default());
    }
}

#[tokio::test]
async fn a_tenant_has_one_writer_and_others_hear_who_it_is() {
    for place in Place::all() {
        let store = place.open().await;
        let lease = store.lease(&id("contoso")).await.unwrap();
        let error = store.lease(&id("contoso")).await.expect_err("it is held");
        let JournalError::Held { holder, until } = &error else { panic!("{error:?}") };
        assert!(holder.starts_with(&format!("process {} on ", std::process::id())), "{holder}");
        assert_eq!(*until, at(term()));
        // Other tenants are free, and so is this one once the lease is given back.
        store.lease(&id("fabrikam")).await.unwrap();
        let token = lease.token();
        drop(lease);
        assert!(store.lease(&id("contoso")).await.unwrap().token() > token);
    }
}

#[tokio::test]
async fn tokens_rise_from_one_process_to_the_next() {
    for place in Place::all() {
        let mut last = 0;
        for _ in 0..3 {
            let token = place.open().await.lease(&id("contoso")).await.unwrap().token();
            assert!(token > last, "{token} after {last}");
            last = token;
        }
    }
}

#[tokio::test]
async fn whoever_lost_its_lease_stops_before_anybody_else_starts() {
    for place in Place::all() {
        let store = place.open().await;
        let first = store.lease(&id("contoso")).await.unwrap();
        store.record(&first, entry(0, "r1", began(1))).await.unwrap();
        assert!(first.is_good());
        // Its holder is not heard of for as long as a lease counts: somebody else goes on.
        place.clock.pass(term());
        let second = store.lease(&id("contoso")).await.unwrap();
        assert!(!first.is_good() && second.is_good());
        let late = entry(1, "r1", intent("adele@contoso.com", Verb::Enable, Details::default()));
        assert_eq!(store.record(&first, late.clone()).await, Err(JournalError::Lost));
        assert!(
            remembered(&store, "contoso").await.written.is_empty(),
            "nothing of it is remembered"
        );
        store.record(&second, late).await.unwrap();
        // The first one ends, and takes nothing away from the second.
        drop(first);
        assert!(second.is_good());
        assert!(matches!(store.lease(&id("contoso")).await, Err(JournalError::Held { .. })));
    }
}

#[tokio::test]
async fn memory_comes_with_the_lease_and_goes_with_it() {
    for place in Place::all() {
        let store = place.open().await;
        let first = store.lease(&id("contoso")).await.unwrap();
        store.record(&first, entry(0, "r1", began(1))).await.unwrap();
        let memory = store.memory(&first).await.unwrap();
        assert!(memory.sync_owed.is_some());
        assert_eq!(store.recall(&id("contoso")).await, Ok(Arc::clone(&memory)));
        // What is recorded meanwhile changes nothing of what a plan is made of.
        store
            .record(
                &first,
                entry(1, "r1", intent("a@contoso.com", Verb::Enable, Details::default())),
            )
            .await
            .unwrap();
        assert_eq!((memory.sent.clone(), memory.cut_off.len()), (RecentCalls::default(), 0));
        // Lapsed, and nobody took it: nobody else has changed anything.
        place.clock.pass(2 * term());
        assert_eq!(store.memory(&first).await.unwrap().cut_off.len(), 1);
        let second = store.lease(&id("contoso")).await.unwrap();
        assert_eq!(store.memory(&first).await, Err(JournalError::Lost));
        assert!(store.memory(&second).await.is_ok());
    }
}

#[tokio::test]
async fn time_is_the_stores() {
    for place in Place::all() {
        let store = place.open().await;
        assert_eq!(store.now(), at(0));
        place.clock.pass(3600);
        assert_eq!(store.now(), at(3600));
    }
}

#[tokio::test]
async fn whoever_writes_keeps_its_lease() {
    for place in Place::all() {
        let store = place.open().await;
        let lease = store.lease(&id("contoso")).await.unwrap();
        for second in 0..5 {
            place.clock.pass(term() - 1);
            store.record(&lease, entry(second, "r1", began(1))).await.unwrap();
            assert!(lease.is_good());
            assert!(store.lease(&id("contoso")).await.is_err());
        }
        // Lapsed, and nobody took it: what became of a call can still be recorded.
        place.clock.pass(10 * term());
        store
            .record(&lease, entry(9, "r1", outcome("a@contoso.com", Verb::Enable, super::lost())))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_lease_is_good_for_its_tenant_only() {
    for place in Place::all() {
        let store = place.open().await;
        let lease = store.lease(&id("contoso")).await.unwrap();
        assert_eq!(
            store.record(&lease, entry_of("fabrikam", 0, "r1", began(1))).await,
            Err(JournalError::Lost)
        );
        assert_eq!(remembered(&store, "fabrikam").await, Arc::default());
    }
}

#[tokio::test]
async fn two_facts_are_recorded_in_their_order_or_neither_is() {
    for place in Place::all() {
        let store = place.open().await;
        let first = store.lease(&id("contoso")).await.unwrap();
        let history = [
            entry(0, "r1", began(2)),
            entry(1, "r1", intent("a@contoso.com", Verb::Enable, Details::default())),
            entry(2, "r1", outcome("a@contoso.com", Verb::Enable, super::lost())),
            entry(2, "r1", intent("b@contoso.com", Verb::Enable, Details::default())),
        ];
        let [began, intent, lost, next] = history.clone();
        store.record(&first, began.clone()).await.unwrap();
        store.record(&first, intent).await.unwrap();
        let both = store.record_both(&first, lost, next.clone()).await;
        assert_eq!(both, [Ok(()), Ok(())]);
        let right = VolatileJournal::of(history).remembered(&id("contoso"));
        assert_eq!(remembered(&store, "contoso").await, right);
        // Without the lease, or of another tenant: neither.
        let other = entry_of("fabrikam", 3, "r1", super::began(1));
        let lost = Err(JournalError::Lost);
        let both = store.record_both(&first, other.clone(), other).await;
        assert_eq!(both, [lost.clone(), lost.clone()]);
        place.clock.pass(term());
        let second = store.lease(&id("contoso")).await.unwrap();
        assert_eq!(store.record_both(&first, next.clone(), next).await, [lost.clone(), lost]);
        assert_eq!(remembered(&store, "contoso").await, right);
        drop((first, second, store));
        assert_eq!(remembered(&place.open().await, "contoso").await, right, "opened again");
    }
}

#[tokio::test]
async fn many_at_once_are_all_on_record() {
    for place in Place::all() {
        let store = place.open().await;
        let lease = store.lease(&id("contoso")).await.unwrap();
        let all = (0..500).map(|n| {
            let user = format!("u{n}@contoso.com");
            let (store, lease) = (&store, &lease);
            async move {
                store
                    .record(lease, entry(n, "r1", intent(&user, Verb::Enable, Details::default())))
                    .await
                    .unwrap();
                let accepted = dialplane::model::StepOutcome::Accepted;
                store
                    .record(lease, entry(n, "r1", outcome(&user, Verb::Enable, accepted)))
                    .await
                    .unwrap();
            }
        });
        futures_util::future::join_all(all).await;
        drop((lease, store));
        let memory = remembered(&place.open().await, "contoso").await;
        assert_eq!(memory.written.len(), 500);
        assert!(
            memory
                .written
                .values()
                .all(|written| written.unknown.is_none() && written.calling.is_some())
        );
    }
}
