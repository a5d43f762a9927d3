//! The right to lead, of several services in one process.

use std::{future::Future, time::Duration};

use dialplane::{
    config::Postgres,
    journal::{PostgresJournal, PostgresLead, Retention},
    ports::{JournalError, Lead as _},
};
use futures_util::future::join_all;

use crate::support::postgres::{self, Database};

/// Settings whose right to lead runs out soon, in a database with tables.
async fn short(database: &Database) -> Postgres {
    let settings = Postgres { takeover: Duration::from_secs(4), ..database.settings() };
    drop(PostgresJournal::open(&settings, Retention::default()).await.unwrap());
    settings
}

/// Waits until something is so. Nothing is asserted of how long that takes.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..1200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to this: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_the_right_at_once_one_gets_it() {
    let Some(database) = postgres::database() else { return };
    let settings = Postgres { takeover: Duration::from_secs(600), ..short(&database).await };
    for round in 0..5 {
        let services: Vec<PostgresLead> = (0..8).map(|_| PostgresLead::start(&settings)).collect();
        let taken = join_all(services.iter().map(PostgresLead::take)).await;
        let winners: Vec<usize> = (0..8).filter(|one| taken[*one].is_ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}: {taken:?}");
        for (number, service) in services.iter().enumerate() {
            let may_begin = service.permit().check().is_ok();
            assert_eq!(may_begin, winners == [number], "round {round}: {number}");
        }
        // Who did not get it hears who has.
        let refused = taken.iter().filter_map(|one| one.as_ref().err());
        assert!(
            refused.clone().all(|error| matches!(error, JournalError::Held { .. })),
            "{taken:?}"
        );
        services[winners[0]].give_up().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_renew_its_right_begins_nothing_before_another_one_leads() {
    let Some(cluster) = postgres::cluster() else { return };
    let database = cluster.database();
    let settings = short(&database).await;
    let first = PostgresLead::start(&settings);
    first.take().await.unwrap();
    let permit = first.permit();
    assert!(permit.check().is_ok());
    cluster.stop_hard();
    until("nothing more begins", || std::future::ready(permit.check().is_err())).await;
    let refused = permit.check().unwrap_err().to_string();
    assert!(refused.contains("could not renew its right to lead"), "{refused}");
    first.give_up().await;
    cluster.start();
    let second = PostgresLead::start(&settings);
    until("another one leads", || async { second.take().await.is_ok() }).await;
    assert!(second.permit().check().is_ok());
    assert!(permit.check().is_err(), "two lead");
}
