//! A fleet that is kept between plans, against one that is made of the same tenants for each plan:
//! both must plan the same, whatever happened in between.

use std::{collections::BTreeMap, sync::Arc};

use dialplane::{
    config::Execution,
    manifest::{Keeper, ManifestFile, load},
    pass,
    plan::{Cause, Fleet, HoldKind, Step},
};

use super::truth::{Truth, minutes};
use crate::support::{contoso, name};

/// What the plans of a world have met, so that it is known that something was compared.
#[derive(Debug, Default)]
struct Met {
    plans: usize,
    hours: usize,
    taken: usize,
    unproven: usize,
    windows: usize,
    dated: usize,
    runnable: usize,
}

/// Worlds that few others are like: in them it matters that it changes who may hold a number unseen,
/// that a count ends by time alone, and that a clock was set back.
const RARE: [u64; 3] = [71, 85, 788];

/// How many worlds are tried; `FLEET_WORLDS` sets another count.
fn worlds() -> u64 {
    std::env::var("FLEET_WORLDS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

fn compare(mut truth: Truth, seed: u64, met: &mut Met) {
    let mut kept = Fleet::new(truth.rules);
    kept.take(truth.in_force.values().cloned(), &truth.broken);
    let mut story = Vec::new();
    for _ in 0..40 {
        match truth.rng.u8(0..10) {
            0 => {
                truth.edit();
                story.push("manifests changed".to_owned());
                kept.take(truth.in_force.values().cloned(), &truth.broken);
            }
            1..5 => {
                if let Some(name) = truth.any() {
                    truth.look(&name);
                    truth.tell(&mut kept, &name);
                    story.push(format!("{name} was looked at"));
                }
            }
            5..7 => {
                if let Some(name) = truth.any() {
                    truth.remember(&name);
                    truth.tell(&mut kept, &name);
                    story.push(format!("the memory of {name} moved"));
                }
            }
            _ => {
                let by = truth.rng.i64(-60..400);
                truth.now += minutes(by);
                story.push(format!("{by} minutes passed"));
            }
        }
        let now = truth.now;
        if truth.rng.u8(0..8) == 0 {
            assert_eq!(
                kept.plan_all(now),
                truth.anew().plan_all(now),
                "seed {seed}, all at {now}: {story:#?}"
            );
        }
        let Some(name) = truth.any() else { continue };
        let plan = kept.plan(&name, now);
        let anew = truth.anew().plan(&name, now);
        assert_eq!(plan, anew, "seed {seed}, {name} at {now}: {story:#?}");
        if truth.rng.u8(0..4) == 0 {
            let all = truth.anew().plan_all(now).tenants;
            let of = all.into_iter().find(|plan| plan.tenant == name);
            assert_eq!(Some(&plan), of.as_ref(), "seed {seed}, {name} among all: {story:#?}");
        }
        let holds = |kind| {
            plan.steps.iter().filter(|step| step.holds.iter().any(|hold| hold.kind == kind)).count()
        };
        met.plans += 1;
        met.hours += holds(HoldKind::HourLimit);
        met.taken += holds(HoldKind::NumberTaken);
        met.unproven += holds(HoldKind::NumberUnproven);
        met.windows += holds(HoldKind::Window);
        let wanted = truth.in_force.get(&name).map(|tenant| &tenant.desired.users);
        let waits = |step: &Step| {
            wanted
                .and_then(|users| users.get(&step.user))
                .is_some_and(|it| it.begins(now).is_some())
        };
        assert!(!plan.steps.iter().any(waits), "seed {seed}, {name}: not before `from`: {plan:#?}");
        let is_dated = |step: &&Step| matches!(step.cause, Cause::Dated(_));
        met.dated += plan.steps.iter().filter(is_dated).count();
        met.runnable += plan.steps.iter().filter(|step| plan.may_run(step)).count();
    }
}

#[test]
fn a_kept_fleet_plans_as_one_that_is_made_for_the_plan() {
    let mut met = Met::default();
    for seed in (0..worlds()).chain(RARE) {
        compare(Truth::draw(seed), seed, &mut met);
    }
    for seed in 0..worlds() / 2 {
        compare(Truth::draw_dated(seed), seed, &mut met);
    }
    let Met { plans, hours, taken, unproven, windows, dated, runnable } = met;
    assert!(plans > 1_500, "{met:?}");
    for some in [hours, taken, unproven, windows, dated, runnable] {
        assert!(some > 20, "{met:?}");
    }
}

/// A service reads its manifests again at each edit: of a fleet of a million users, two readings
/// would be as much again.
#[test]
fn a_reading_that_says_the_same_takes_the_place_of_the_former() {
    let text = contoso("", &["adele enabled"]);
    let read = || Keeper::default().take(load(&[ManifestFile::new("fleet.yaml", &text)]));
    let mut fleet = Fleet::new(pass::rules(&Execution::default()));
    fleet.take(read().tenants(), &BTreeMap::new());
    let again = read();
    fleet.take(again.tenants(), &BTreeMap::new());
    let contoso = name("contoso");
    let kept = &fleet.get(&contoso).unwrap().tenant.desired;
    assert!(Arc::ptr_eq(kept, &again.desired.tenants[&contoso]));
}
