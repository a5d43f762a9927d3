//! The connection to the database ends at each message in turn, before it arrives or before it is
//! answered: what was acknowledged is there, once, and nobody waits for a right that nobody has.

use std::future::Future;

use dialplane::{
    config::Postgres,
    journal::{PostgresHistory, PostgresJournal, PostgresLead, Retention},
    model::{Details, Entry, RunId, Verb},
    ports::{Journal as _, JournalError, Lead as _, Lease},
};
use futures_util::future::join_all;

use super::{began, entry_of, intent};
use crate::support::{
    postgres::{self, Database},
    wire::{Fault, Wire},
};

/// Messages that are tried side by side.
const TOGETHER: usize = 8;
/// More than any of this takes.
const MOST: usize = 1_000;

async fn open(database: &Database) -> PostgresJournal {
    PostgresJournal::open(&database.settings(), Retention::default()).await.unwrap()
}

/// Each message in turn, until none is left to strike at. `one` says whether it was struck.
async fn each_message<F: Future<Output = bool>>(one: impl Fn(usize, Fault) -> F) {
    for fault in [Fault::Lost, Fault::Unanswered] {
        for first in (0..MOST).step_by(TOGETHER) {
            let struck = join_all((first..first + TOGETHER).map(|message| one(message, fault)));
            let struck = struck.await;
            if struck.contains(&false) {
                assert!(first > 0, "nothing was struck");
                break;
            }
        }
    }
}

/// As the executor does with what has to be on record.
async fn record(journal: &PostgresJournal, lease: &Lease, entry: &Entry) {
    while let Err(error) = journal.record(lease, entry.clone()).await {
        assert!(matches!(error, JournalError::Away { .. }) && lease.is_good(), "{error:?}");
        journal.pause().await;
    }
}

async fn leased(journal: &PostgresJournal, tenant: &str) -> Lease {
    loop {
        match journal.lease(&crate::support::id(tenant)).await {
            Ok(lease) => return lease,
            Err(error) => assert!(matches!(error, JournalError::Away { .. }), "{error:?}"),
        }
        journal.pause().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once_wherever_the_connection_ends() {
    let Some(database) = postgres::database() else { return };
    drop(open(&database).await);
    each_message(|message, fault| {
        let database = &database;
        async move {
            let wire = Wire::to(database).await;
            let journal = open(&wire.database()).await;
            let number = 10 + message + if fault == Fault::Lost { 0 } else { MOST };
            let tenant = format!("t{number}");
            let run = format!("r{number}");
            let user = |user: &str| intent(user, Verb::Enable, Details::default());
            let entries = [
                entry_of(&tenant, 0, &run, began(2)),
                entry_of(&tenant, 1, &run, user("adele@contoso.com")),
                entry_of(&tenant, 2, &run, user("bert@contoso.com")),
            ];
            wire.strike(message, fault);
            let lease = leased(&journal, &tenant).await;
            for entry in &entries {
                record(&journal, &lease, entry).await;
            }
            // The next one knows all of it.
            drop(lease);
            let lease = leased(&journal, &tenant).await;
            let memory = journal.memory(&lease).await.unwrap();
            assert_eq!(memory.cut_off.len(), 2, "{fault:?} at {message}");
            drop((lease, journal));
            let seen = PostgresHistory::read(&database.settings()).await.unwrap();
            let kept = seen.entries(&RunId::new(&run)).await.unwrap();
            assert_eq!(kept, entries, "{fault:?} at {message}");
            wire.has_struck()
        }
    })
    .await;
    let checked = PostgresHistory::read(&database.settings()).await.unwrap().check().await.unwrap();
    assert_eq!(checked.problems, [""; 0]);
}

/// Nobody waits for it to lapse: its term is far longer than a test.
#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_lead_is_had_and_given_up_wherever_the_connection_ends() {
    let Some(shared) = postgres::database() else { return };
    drop(shared);
    each_message(|message, fault| async move {
        let Some(database) = postgres::database() else { return false };
        drop(open(&database).await);
        let wire = Wire::to(&database).await;
        let long = std::time::Duration::from_secs(600);
        let far = Postgres { takeover: long, ..wire.database().settings() };
        let near = Postgres { takeover: long, ..database.settings() };
        wire.strike(message, fault);
        let service = PostgresLead::start(&far);
        let mut refused = Vec::new();
        while let Err(error) = service.take().await {
            refused.push(error);
            assert!(refused.len() < 20, "{fault:?} at {message}: {refused:?}");
        }
        assert!(service.permit().check().is_ok(), "{fault:?} at {message}");
        let other = PostgresLead::start(&near);
        let held = other.take().await;
        assert!(matches!(held, Err(JournalError::Held { .. })), "{fault:?} at {message}: {held:?}");
        service.give_up().await;
        assert!(service.permit().check().is_err());
        let taken = other.take().await;
        assert!(taken.is_ok(), "{fault:?} at {message}: {taken:?}");
        wire.has_struck()
    })
    .await;
}

/// No answer comes, and no end either: the call has one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_after_an_append_is_left_and_asked_what_became_of_it() {
    let Some(database) = postgres::database() else { return };
    drop(open(&database).await);
    let wire = Wire::to(&database).await;
    let journal = open(&wire.database()).await;
    let lease = leased(&journal, "contoso").await;
    record(&journal, &lease, &entry_of("contoso", 0, "r1", began(1))).await;
    // The last message of a transaction of one statement: it says that all is to be durable.
    wire.strike(6, Fault::Silent);
    let step = intent("adele@contoso.com", Verb::Enable, Details::default());
    let step = entry_of("contoso", 1, "r1", step);
    record(&journal, &lease, &step).await;
    assert!(wire.has_struck());
    drop((lease, journal));
    let seen = PostgresHistory::read(&database.settings()).await.unwrap();
    assert_eq!(seen.entries(&RunId::new("r1")).await.unwrap().len(), 2);
}
