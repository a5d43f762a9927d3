//! Parking numbers: one user of a cycle waits on one until the others have moved, and users whose
//! number is given up stay on one if a tenant wants that.
//!
//! ```text
//! a wants b's number, b wants a's:    park a -> b takes a's -> a takes b's, and the place is free again
//! ```
//!
//! **Invariant:** a parking number is never desired for any user (the manifests are checked),
//! so a user that holds one after a crash simply has a step left: the cycle has become a chain.

use std::collections::VecDeque;

use super::{View, words};
use crate::{
    model::{DesiredTenant, Field, PhoneNumber, Release, Value},
    plan::{Action, Cause, FieldChange, Hold, LiveValue, Step, StepId, Steps, order},
};

/// The parking numbers of a tenant that nobody holds.
pub(super) struct Places {
    /// Each with the step that leaves it, if a cycle of this plan uses it already.
    free: VecDeque<(PhoneNumber, Option<StepId>)>,
    /// Why none is free.
    none: String,
}

impl Places {
    pub(super) fn free(desired: &DesiredTenant, ledger: &View<'_>) -> Self {
        let mut free = VecDeque::new();
        let mut none = None;
        for place in &desired.parking {
            let holders = ledger.holders(&desired.name, place);
            let doubts = ledger.doubts(place, &desired.name, None);
            match holders.first() {
                Some(holder) => {
                    none = none.or_else(|| {
                        Some(format!("parking number {place} is held by {}", holder.name))
                    });
                }
                None if !doubts.is_empty() => {
                    none = none.or_else(|| Some(words::unproven(place, &doubts).reason));
                }
                None => free.push_back((place.clone(), None)),
            }
        }
        let none = none.unwrap_or_else(|| {
            if desired.parking.is_empty() {
                format!("tenant {} has no parking number (`numbers.parking`)", desired.name)
            } else {
                format!("the parking numbers of tenant {} are all used in this plan", desired.name)
            }
        });
        Self { free, none }
    }
}

/// Numbers that are given up and replaced by none: as the tenant wants it.
pub(super) fn release(steps: &mut Steps, desired: &DesiredTenant, places: &mut Places) {
    for step in steps {
        let Some(change) = step.changes.iter_mut().find(|change| change.desired == Value::NoPhone)
        else {
            continue;
        };
        match desired.release {
            Release::Clear => {}
            Release::Manual => step.holds.push(words::by_hand(&step.user, desired)),
            Release::Park => {
                let place = places.free.pop_back();
                let parked =
                    place.and_then(|(place, _)| Some((sending(&step.action, &place)?, place)));
                let Some((action, place)) = parked else {
                    step.holds.push(words::nowhere_to_leave(&places.none, desired));
                    continue;
                };
                change.desired = Value::Phone(place);
                step.action = action;
            }
        }
    }
}

/// Opens each cycle of steps that wait for each other by parking one of its users, or holds it.
pub(super) fn open_cycles(steps: &mut Steps, desired: &DesiredTenant, places: &mut Places) {
    // A cycle with a held step does not move, and needs no parking number.
    let is_free =
        |steps: &Steps, cycle: &[StepId]| cycle.iter().all(|id| steps.at(*id).holds.is_empty());
    for cycle in order::cycles(steps) {
        if is_free(steps, &cycle) && !open(steps, &cycle, places) {
            let why = words::cycle(&users(steps, &cycle), &places.none, desired);
            hold(steps, &cycle, &why);
        }
    }
    // Where a number has several holders, a step can be on several cycles.
    for cycle in order::cycles(steps) {
        if is_free(steps, &cycle) {
            let why = words::cycle(
                &users(steps, &cycle),
                "more than one of them holds the same number",
                desired,
            );
            hold(steps, &cycle, &why);
        }
    }
}

fn users(steps: &Steps, cycle: &[StepId]) -> Vec<String> {
    cycle.iter().map(|id| steps.at(*id).user.to_string()).collect()
}

fn hold(steps: &mut Steps, cycle: &[StepId], hold: &Hold) {
    for id in cycle {
        steps.at_mut(*id).holds.push(hold.clone());
    }
}

/// Parks the user of the cycle's first step. Cycles use the same parking number
/// one after another.
fn open(steps: &mut Steps, cycle: &[StepId], places: &mut Places) -> bool {
    let Some((place, leaves)) = places.free.pop_front() else { return false };
    let Some((last, taker)) = ends(steps, cycle) else { return false };
    let step = steps.at_mut(last);
    let Some(action) = sending(&step.action, &place) else { return false };
    let Some(change) = step.changes.iter_mut().find(|change| change.field == Field::PhoneNumber)
    else {
        return false;
    };
    let there = LiveValue::Value(Value::Phone(place.clone()));
    let live = std::mem::replace(&mut change.live, there);
    let change = FieldChange {
        field: Field::PhoneNumber,
        live,
        desired: Value::Phone(place.clone()),
        did_not_land: None,
        is_drift: false,
    };
    let park = Step {
        changes: vec![change],
        after: leaves.into_iter().collect(),
        site: step.site.clone(),
        ..Step::new(step.user.clone(), action, Cause::Parking, step.origin.clone())
    };
    let parked = steps.push(park);
    steps.at_mut(last).after.push(parked);
    for before in steps.at_mut(taker).after.iter_mut().filter(|before| **before == last) {
        *before = parked;
    }
    places.free.push_back((place, Some(last)));
    true
}

/// The cycle's first step, which is to come last, and the step that takes its user's number.
fn ends(steps: &Steps, cycle: &[StepId]) -> Option<(StepId, StepId)> {
    let last = *cycle.first()?;
    let taker = cycle.iter().find(|id| steps.at(**id).after.contains(&last))?;
    Some((last, *taker))
}

/// The same update with another number.
fn sending(action: &Action, number: &PhoneNumber) -> Option<Action> {
    let Action::Update(update) = action else { return None };
    Some(Action::Update(update.clone().with_number(number.clone())))
}
