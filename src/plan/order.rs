//! The order of steps: a graph, not phases. Pure index work on `after`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Cause, Hold, HoldKind, Step};
use crate::model::Upn;

/// The rings in `after`, each as the numbers of its steps in ascending order.
pub(super) fn rings(steps: &[Step]) -> Vec<Vec<usize>> {
    // What is left when steps without open predecessors, and then without open successors, are
    // taken away, is on a ring or between two rings; following predecessors from the smallest of it
    // closes a ring.
    let mut left: BTreeSet<usize> = (0..steps.len()).collect();
    peel(&mut left, |id| steps.get(id).map(|step| step.after.clone()).unwrap_or_default());
    let mut successors: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for id in &left {
        for before in steps.get(*id).map(|step| step.after.as_slice()).unwrap_or_default() {
            successors.entry(*before).or_default().push(*id);
        }
    }
    peel(&mut left, |id| successors.get(&id).cloned().unwrap_or_default());
    let mut rings = Vec::new();
    while let Some(start) = left.first().copied() {
        let mut way = vec![start];
        let mut on_way: BTreeSet<usize> = [start].into();
        let mut here = start;
        loop {
            let next = steps
                .get(here)
                .and_then(|step| step.after.iter().copied().find(|before| left.contains(before)));
            let Some(next) = next else { break };
            if !on_way.insert(next) {
                let begin = way.iter().position(|id| *id == next).unwrap_or(0);
                let mut ring = way.split_off(begin);
                ring.sort_unstable();
                rings.push(ring);
                break;
            }
            way.push(next);
            here = next;
        }
        for id in &on_way {
            left.remove(id);
        }
    }
    rings
}

/// Takes away, again and again, what has no neighbour left.
fn peel(left: &mut BTreeSet<usize>, neighbours: impl Fn(usize) -> Vec<usize>) {
    let mut open: BTreeMap<usize, usize> = BTreeMap::new();
    let mut depends: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for id in left.iter() {
        let near: Vec<usize> =
            neighbours(*id).into_iter().filter(|other| left.contains(other)).collect();
        open.insert(*id, near.len());
        for other in near {
            depends.entry(other).or_default().push(*id);
        }
    }
    let mut free: Vec<usize> =
        open.iter().filter(|(_, open)| **open == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        left.remove(&id);
        for dependent in depends.remove(&id).unwrap_or_default() {
            if let Some(count) = open.get_mut(&dependent) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push(dependent);
                }
            }
        }
    }
}

/// A step behind a held step is held itself, and nobody is parked who could not leave again.
pub(super) fn spread_holds(steps: &mut [Step]) {
    let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (id, step) in steps.iter().enumerate() {
        for before in &step.after {
            behind.entry(*before).or_default().push(id);
        }
    }
    let parked = parked(steps);
    let mut held: Vec<usize> = (0..steps.len())
        .filter(|id| steps.get(*id).is_some_and(|step| !step.holds.is_empty()))
        .collect();
    while let Some(id) = held.pop() {
        let Some((user, verb)) = steps.get(id).map(|step| (step.user.clone(), step.action.verb()))
        else {
            continue;
        };
        let mut hold = |next: usize, reason: String| {
            if let Some(step) = steps.get_mut(next).filter(|step| step.holds.is_empty()) {
                step.holds.push(Hold::new(
                    HoldKind::AfterHeld,
                    reason,
                    format!("lift the hold of {user}"),
                ));
                held.push(next);
            }
        };
        for next in behind.get(&id).map(Vec::as_slice).unwrap_or_default() {
            hold(*next, format!("it must come after the {verb} of {user}, which is held"));
        }
        if let Some(parking) = parked.get(&id) {
            hold(*parking, format!("it only makes way for the {verb} of {user}, which is held"));
        }
    }
}

/// For each step that leaves a parking place, the step that takes it.
fn parked(steps: &[Step]) -> BTreeMap<usize, usize> {
    let is_update = |step: &Step| matches!(step.action, Action::Update(_));
    let parking = steps.iter().enumerate().filter(|(_, step)| step.cause == Cause::Parking);
    let parking: BTreeMap<&Upn, usize> = parking.map(|(id, step)| (&step.user, id)).collect();
    let others = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.cause != Cause::Parking && is_update(step));
    others.filter_map(|(id, step)| Some((id, *parking.get(&step.user)?))).collect()
}

/// The steps in an order in which each stands behind those that it comes after; otherwise as they
/// were. Steps on a ring (all of them held) keep their order at the end.
pub(super) fn topological(steps: Vec<Step>) -> Vec<Step> {
    let mut placed: Vec<Option<usize>> = vec![None; steps.len()];
    let mut order: Vec<usize> = Vec::with_capacity(steps.len());
    let mut ready: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = steps.iter().map(|step| step.after.len()).collect();
    let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (id, step) in steps.iter().enumerate() {
        for before in &step.after {
            behind.entry(*before).or_default().push(id);
        }
        if step.after.is_empty() {
            ready.insert(id);
        }
    }
    while let Some(id) = ready.pop_first() {
        order.push(id);
        for next in behind.remove(&id).unwrap_or_default() {
            if let Some(count) = open.get_mut(next) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(next);
                }
            }
        }
    }
    let done: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..steps.len()).filter(|id| !done.contains(id)));
    for (position, id) in order.iter().enumerate() {
        if let Some(slot) = placed.get_mut(*id) {
            *slot = Some(position);
        }
    }
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(steps.len());
    for id in order {
        if let Some(mut step) = steps.get_mut(id).and_then(Option::take) {
            step.after = step
                .after
                .iter()
                .filter_map(|before| placed.get(*before).copied().flatten())
                .collect();
            step.after.sort_unstable();
            step.after.dedup();
            sorted.push(step);
        }
    }
    sorted
}
