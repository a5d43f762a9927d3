//! Two to five services that share one journal, in made-up worlds from seeds: machines that die,
//! stand still and have clocks of their own, a store that loses answers and takes appends late. The
//! passes are the program's own; the store is a double whose rules can be broken, one at a time.
//!
//! ```text
//! driver --polls one of--> machines --pass--> base (rows, chains)   judge: what was acknowledged, who
//!                             |                                     held which token
//!                             +------call---> vendor (shows late)   judge: what was sent twice
//! ```
//!
//! `SEVERAL_SEED=7` runs one world and tells of it, `SEVERAL_WORLDS=10000` many.

mod base;
mod machine;
mod vendor;

use std::{
    collections::BTreeSet,
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use base::{Base, Rule};
use machine::Machine;

/// Worlds in the ordinary tests.
const WORLDS: u64 = 300;
/// Worlds in which a broken rule has to show, at most.
const ENOUGH: u64 = 3_000;
/// Turns of a world.
const TURNS: usize = 600;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// One world, in which this rule does not hold. What is wrong is told with how it came to that.
fn live(seed: u64, broken: Option<Rule>) -> Result<usize, String> {
    let base = Base::new(seed, broken);
    let count = base.world().rng.usize(2..=5);
    let mut machines: Vec<Machine> = (0..count).map(|number| base.machine(number)).collect();
    for _ in 0..TURNS {
        let (which, what) = {
            let world = &mut *base.world();
            let wait = if world.rng.u8(0..20) == 0 { 200 } else { 8 };
            world.now += world.rng.i64(0..wait);
            world.somebody_else();
            (world.rng.usize(0..count), world.rng.u8(0..100))
        };
        match what {
            0 => machines[which].die(&base),
            1..3 => machines[which].stand_still(&base),
            _ => machines[which].turn(&base),
        }
    }
    base.judge();
    let world = base.world();
    match world.wrong.first() {
        None => Ok(world.sent()),
        Some(wrong) => Err(format!("seed {seed}: {wrong}\n{}", world.log.join("\n"))),
    }
}

#[test]
fn nothing_acknowledged_is_missing_no_two_hold_a_tenant_and_nothing_is_sent_twice() {
    if let Some(seed) = number("SEVERAL_SEED") {
        live(seed, None).unwrap_or_else(|wrong| panic!("{wrong}"));
        return;
    }
    let worlds = number("SEVERAL_WORLDS").unwrap_or(WORLDS);
    let next = AtomicU64::new(0);
    let work = || {
        let mut sent = 0;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= worlds {
                return sent;
            }
            sent += live(seed, None).unwrap_or_else(|wrong| panic!("{wrong}"));
        }
    };
    let sent: usize = thread::scope(|scope| {
        let hands = [scope.spawn(work), scope.spawn(work)];
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert!(sent as u64 > worlds, "hardly anything was sent: {sent}");
}

/// What the worlds find shows that they look: a rule that is broken is found out.
#[test]
fn each_rule_of_the_store_is_needed() {
    for rule in Rule::ALL {
        let seeds = 0..ENOUGH;
        let found: BTreeSet<u64> =
            seeds.filter(|seed| live(*seed, Some(rule)).is_err()).take(1).collect();
        assert!(!found.is_empty(), "nobody notices: {rule:?}");
    }
}
