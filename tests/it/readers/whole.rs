//! The one promise that everything else stands on: a list that claims to be whole is whole,
//! whatever went wrong on its way.

use std::collections::BTreeSet;

use dialplane::{
    model::{Coverage, LiveSource, Upn},
    ports::LiveReader as _,
    sandbox::{Envelope, FaultRule, InjectedFault, Route},
};

use super::{
    contoso, readers,
    wrapped::{ENVELOPES, sandbox},
};

/// What may happen to a page. Nobody can tell a shorter list with a count to match, a bare array
/// with fewer elements, or a page of Graph that ends the list too early: Graph counts nothing. For
/// these there is the limit of users that may vanish at once.
const FAILURES: [InjectedFault; 17] = [
    InjectedFault::Unauthorized,
    InjectedFault::Throttled,
    InjectedFault::Server,
    InjectedFault::ServerAfter,
    InjectedFault::Unavailable,
    InjectedFault::ErrorInside,
    InjectedFault::Garbage,
    InjectedFault::Truncated,
    InjectedFault::Dropped,
    InjectedFault::Lost,
    InjectedFault::EmptyList,
    InjectedFault::ShortList,
    InjectedFault::DuplicateUser,
    InjectedFault::OtherTenant,
    InjectedFault::RepeatedPage,
    InjectedFault::OtherHost,
    InjectedFault::Redirect,
];

/// Every way to read, under seeded interleavings of every failure: some pages fail, some are odd,
/// some are well.
#[tokio::test]
async fn a_list_that_claims_to_be_whole_is_whole() {
    let rounds: u64 =
        std::env::var("READS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    let (mut whole, mut doubted, mut failed) = (0, 0, 0);
    let ways = ENVELOPES.map(|envelope| (envelope, LiveSource::ConnecttoTeams)).into_iter();
    for (way, (envelope, live)) in
        ways.chain([(Envelope::Datatables, LiveSource::Graph)]).enumerate()
    {
        let sandbox = sandbox(envelope).await;
        let everybody: BTreeSet<Upn> =
            sandbox.world(|world| world.users().map(|(_, upn, _)| upn.clone()).collect());
        let route = if live == LiveSource::Graph { Route::GraphUsers } else { Route::ListUsers };
        for round in 0..rounds {
            let mut rng = fastrand::Rng::with_seed(round * 4 + way as u64);
            let rules = (0..rng.usize(1..4)).map(|_| {
                let failure = FAILURES[rng.usize(..FAILURES.len())];
                let failure = match failure {
                    InjectedFault::ShortList if envelope == Envelope::Bare => {
                        InjectedFault::EmptyList
                    }
                    InjectedFault::EmptyList if live == LiveSource::Graph => {
                        InjectedFault::Truncated
                    }
                    detectable => detectable,
                };
                let probability = Some([0.1, 0.3, 0.6][rng.usize(..3)]);
                FaultRule {
                    probability,
                    retry_after_seconds: Some(0),
                    times: Some(rng.u32(1..3)),
                    ..FaultRule::new(failure).on(route)
                }
            });
            let rules: Vec<FaultRule> = rules.collect();
            sandbox.faults(|faults| (faults.seed, faults.rules) = (round, rules.clone()));
            let readers = readers(&sandbox, envelope, rng.u32(1..8));
            match readers.observe(&contoso(live)).await {
                Err(_) => failed += 1,
                Ok(seen) => {
                    assert!(
                        seen.users.keys().all(|upn| everybody.contains(upn)),
                        "{live:?} {envelope:?} {rules:?}"
                    );
                    match seen.coverage {
                        Coverage::Suspect(_) => doubted += 1,
                        Coverage::Complete => {
                            whole += 1;
                            let missing: Vec<_> = everybody
                                .iter()
                                .filter(|upn| !seen.users.contains_key(upn))
                                .collect();
                            assert!(
                                missing.is_empty(),
                                "{live:?} {envelope:?} round {round}: {missing:?} under {rules:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    println!("{whole} whole, {doubted} in doubt, {failed} failed");
    assert!(
        whole > 20 && doubted > 20 && failed > 20,
        "{whole} whole, {doubted} in doubt, {failed} failed: too few of a kind"
    );
}
