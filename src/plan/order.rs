//! The order of steps: a graph, not phases.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Cause, Hold, HoldKind, Step, StepGraph, StepId, Steps};
use crate::model::Upn;

/// The cycles in `after`, each as the numbers of its steps in ascending order.
pub(super) fn cycles(steps: &Steps) -> Vec<Vec<StepId>> {
    let mut left = StepGraph::of(steps).on_cycles();
    let mut cycles = Vec::new();
    // Following predecessors from the smallest of what is left closes a cycle.
    while let Some(start) = left.first().copied() {
        let mut way = vec![start];
        let mut on_way: BTreeSet<StepId> = [start].into();
        let mut here = start;
        while let Some(next) = steps.at(here).after.iter().copied().find(|id| left.contains(id)) {
            if !on_way.insert(next) {
                let begin = way.iter().position(|id| *id == next).unwrap_or(0);
                let mut cycle = way.split_off(begin);
                cycle.sort_unstable();
                cycles.push(cycle);
                break;
            }
            way.push(next);
            here = next;
        }
        for id in &on_way {
            left.remove(id);
        }
    }
    cycles
}

/// A step behind a held step is held itself, and nobody is parked who could not leave again.
pub(super) fn spread_holds(steps: &mut Steps) {
    let graph = StepGraph::of(steps);
    let parked = parked(steps);
    let is_held = |(id, step): (StepId, &Step)| (!step.holds.is_empty()).then_some(id);
    let mut held: Vec<StepId> = steps.numbered().filter_map(is_held).collect();
    while let Some(id) = held.pop() {
        let user = steps.at(id).user.clone();
        let verb = steps.at(id).action.verb();
        let after = format!("it must come after the {verb} of {user}, which is held");
        let for_it = format!("it only makes way for the {verb} of {user}, which is held");
        let behind = graph.successors(id).iter().map(|next| (*next, &after));
        for (next, reason) in behind.chain(parked.get(&id).map(|parking| (*parking, &for_it))) {
            let step = steps.at_mut(next);
            if step.holds.is_empty() {
                let remedy = format!("lift the hold of {user}");
                step.holds.push(Hold::new(HoldKind::AfterHeld, reason.clone(), remedy));
                held.push(next);
            }
        }
    }
}

/// For each step that leaves a parking place, the step that takes it.
fn parked(steps: &Steps) -> BTreeMap<StepId, StepId> {
    let is_update = |step: &Step| matches!(step.action, Action::Update(_));
    let parking = steps.numbered().filter(|(_, step)| step.cause == Cause::Parking);
    let parking: BTreeMap<&Upn, StepId> = parking.map(|(id, step)| (&step.user, id)).collect();
    let others =
        steps.numbered().filter(|(_, step)| step.cause != Cause::Parking && is_update(step));
    others.filter_map(|(id, step)| Some((id, *parking.get(&step.user)?))).collect()
}

/// The steps in an order in which each follows those that it comes after; otherwise as they
/// were. Steps on a cycle (all of them held) keep their order at the end.
pub(super) fn topological(steps: Steps) -> Steps {
    let order = StepGraph::of(&steps).order();
    steps.in_order(&order)
}
