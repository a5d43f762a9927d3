//! The real binary, killed at random moments with SIGKILL and started again: the end is the same as
//! without.
//!
//! `KILLS=500 cargo test --test it kill -- --nocapture` kills more often than the ordinary run and
//! prints the figures.

use std::{collections::BTreeMap, time::Duration};

use dialplane::{
    model::{Calling, Details},
    sandbox::World,
};

use crate::stage::Stage;

/// Kills in the ordinary run.
const KILLS: u32 = 20;
/// Runs of one stage until it must be done. Each that is killed gets further than the one before or
/// waits for a lost answer.
const MAX_RUNS: u32 = 200;

/// Everybody's calling and details, by tenant and user.
pub(crate) type Everybody = BTreeMap<(String, String), (Calling, Details)>;

pub(crate) fn everybody(stage: &Stage) -> Everybody {
    stage.sandbox.world(|world| {
        let person = |(tenant, upn, user): (&_, &_, &dialplane::sandbox::User)| {
            ((format!("{tenant}"), format!("{upn}")), (user.calling, user.stored.clone()))
        };
        world.users().map(person).collect()
    })
}

/// A stage on which lost answers are decided soon, with calls that take a little while.
pub(crate) async fn stage(seed: u64) -> Stage {
    let stage = Stage::set(|desired| World::drifted(desired, seed)).await;
    stage.configure(
        "settle: 10m, firstSettle: 10m, syncSpacing: 0s",
        "settle: 200ms, firstSettle: 200ms, syncSpacing: 60ms",
    );
    stage.sandbox.faults(|faults| {
        faults.seed = seed;
        faults.latency.random_ms = 12;
    });
    stage
}

/// Runs until a run ends by itself and finds nothing left to do but what is held.
pub(crate) async fn finish(stage: &Stage) -> u32 {
    for run in 1..MAX_RUNS {
        let ended = stage.run(&["apply"]).await;
        assert!(matches!(ended.code, 3..=5), "{}{}", ended.stdout, ended.stderr);
        if ended.code == 3 && ended.stdout.contains("done: 0 steps accepted, 0 syncs accepted") {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come to rest");
}

/// Tenants that were written to after their last sync.
pub(crate) fn unsynced(stage: &Stage) -> Vec<String> {
    let mut dirty: BTreeMap<String, bool> = BTreeMap::new();
    for call in stage
        .sandbox
        .writes()
        .into_iter()
        .filter(|call| call.status == Some(200) || call.status.is_none())
    {
        dirty
            .insert(call.tenant.unwrap_or_default(), !call.path.contains("syncTeamsRegistrations"));
    }
    dirty.into_iter().filter(|(_, dirty)| *dirty).map(|(tenant, _)| tenant).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_ends_as_if_it_had_not_been() {
    let wanted = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let (mut kills, mut seed, mut extra) = (0, 0, 0);
    while kills < wanted {
        seed += 1;
        let calm = stage(seed).await;
        finish(&calm).await;
        let (right, calls) = (everybody(&calm), calm.sandbox.writes().len());

        let rough = stage(seed).await;
        let mut dice = fastrand::Rng::with_seed(seed);
        for _ in 0..dice.u32(1..6) {
            let mut run = rough.start(&["apply"]);
            tokio::time::sleep(Duration::from_micros(dice.u64(2_000..120_000))).await;
            kills += u32::from(run.child.try_wait().unwrap().is_none());
            run.child.kill().unwrap();
            run.child.wait().unwrap();
        }
        finish(&rough).await;
        assert_eq!(everybody(&rough), right, "seed {seed}");
        assert_eq!(unsynced(&rough), [""; 0], "seed {seed}: a sync was lost");
        extra += rough.sandbox.writes().len().saturating_sub(calls);
    }
    println!(
        "{kills} kills over {seed} fleets: all ended right, no sync lost; {extra} calls more than \
            without kills"
    );
}
