//! Parking places: where a number's user waits while a ring turns, and where given-up numbers'
//! users stay if a tenant wants that.
//!
//! ```text
//! a wants b's number, b wants a's:    park a -> b takes a's -> a takes b's, and the place is free again
//! ```
//!
//! **Invariant:** a parking number is never wanted by anybody (the manifests are checked for it),
//! so that whoever holds one after a crash simply has a step left: the ring has become a chain.

use std::collections::VecDeque;

use super::{View, words};
use crate::{
    model::{DesiredTenant, Field, PhoneNumber, Release, UpdateRequest, Value},
    plan::{Action, Cause, Change, Hold, Seen, Step, StepId, Steps, order},
};

/// The parking places of a tenant that nobody holds.
pub(super) struct Places {
    /// Each with the step that leaves it, if a ring of this plan uses it already.
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

/// Opens each ring of steps that wait for each other by parking one of its users, or holds it.
pub(super) fn open_rings(steps: &mut Steps, desired: &DesiredTenant, places: &mut Places) {
    // A ring in which a step is held already stands still anyhow, and needs no place.
    let turns =
        |steps: &Steps, ring: &[StepId]| ring.iter().all(|id| steps.at(*id).holds.is_empty());
    for ring in order::rings(steps) {
        if turns(steps, &ring) && !open(steps, &ring, places) {
            let why = words::ring(&users(steps, &ring), &places.none, desired);
            hold(steps, &ring, &why);
        }
    }
    // Where a number has several holders, a step can be on several rings.
    for ring in order::rings(steps) {
        if turns(steps, &ring) {
            let why = words::ring(
                &users(steps, &ring),
                "more than one of them holds the same number",
                desired,
            );
            hold(steps, &ring, &why);
        }
    }
}

fn users(steps: &Steps, ring: &[StepId]) -> Vec<String> {
    ring.iter().map(|id| steps.at(*id).user.to_string()).collect()
}

fn hold(steps: &mut Steps, ring: &[StepId], hold: &Hold) {
    for id in ring {
        steps.at_mut(*id).holds.push(hold.clone());
    }
}

/// Parks the user of the ring's first step. Rings share a place one after the other.
fn open(steps: &mut Steps, ring: &[StepId], places: &mut Places) -> bool {
    let Some((place, leaves)) = places.free.pop_front() else { return false };
    let Some((last, taker)) = ends(steps, ring) else { return false };
    let step = steps.at_mut(last);
    let Some(action) = sending(&step.action, &place) else { return false };
    let Some(change) = step.changes.iter_mut().find(|change| change.field == Field::PhoneNumber)
    else {
        return false;
    };
    let there = Seen::Value(Value::Phone(place.clone()));
    let live = std::mem::replace(&mut change.live, there);
    let change = Change {
        field: Field::PhoneNumber,
        live,
        desired: Value::Phone(place.clone()),
        did_not_land: None,
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

/// The ring's first step, which is to come last, and the step that takes its user's number.
fn ends(steps: &Steps, ring: &[StepId]) -> Option<(StepId, StepId)> {
    let last = *ring.first()?;
    let taker = ring.iter().find(|id| steps.at(**id).after.contains(&last))?;
    Some((last, *taker))
}

/// The same update with another number.
fn sending(action: &Action, number: &PhoneNumber) -> Option<Action> {
    let Action::Update(update) = action else { return None };
    let mut details = update.details().clone();
    details.set(Field::PhoneNumber, Value::Phone(number.clone()));
    UpdateRequest::new(update.user().clone(), details).map(Action::Update)
}
