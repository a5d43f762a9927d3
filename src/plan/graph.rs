//! Which step comes after which: the one place that walks along `after`.
//!
//! ```text
//! take -> 0, 1 (they come after nothing) -> done(0) -> take -> 2 (came after 0) -> ...
//! ```
//!
//! The planner walks it to put steps in order and to find cycles, the executor to send them.

use std::collections::{BTreeMap, BTreeSet};

use super::{StepId, Steps};

/// For each step, those that it comes after and those that come after it.
#[derive(Debug, Clone)]
pub struct StepGraph {
    before: BTreeMap<StepId, Vec<StepId>>,
    behind: BTreeMap<StepId, Vec<StepId>>,
}

/// A walk over a graph: a step is ready once all that it comes after are done.
#[derive(Debug)]
pub struct GraphWalk<'g> {
    graph: &'g StepGraph,
    /// How many are to be done before each step that is not ready.
    open: BTreeMap<StepId, usize>,
    ready: BTreeSet<StepId>,
}

impl StepGraph {
    /// That of all steps.
    #[must_use]
    pub fn of(steps: &Steps) -> Self {
        let before: BTreeMap<StepId, Vec<StepId>> =
            steps.numbered().map(|(id, step)| (id, step.after.clone())).collect();
        let mut behind: BTreeMap<StepId, Vec<StepId>> =
            before.keys().map(|id| (*id, Vec::new())).collect();
        for (id, after) in &before {
            for earlier in after {
                behind.entry(*earlier).or_default().push(*id);
            }
        }
        Self { before, behind }
    }

    /// The steps that come right after this one.
    #[must_use]
    pub fn successors(&self, id: StepId) -> &[StepId] {
        self.behind.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// All steps that come after this one, right after it or later.
    #[must_use]
    pub fn all_behind(&self, id: StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let mut next = self.successors(id).to_vec();
        while let Some(id) = next.pop() {
            if found.insert(id) {
                next.extend(self.successors(id));
            }
        }
        found
    }

    /// Begins a walk.
    #[must_use]
    pub fn walk(&self) -> GraphWalk<'_> {
        let (free, waiting): (Vec<_>, Vec<_>) =
            self.before.iter().partition(|(_, before)| before.is_empty());
        GraphWalk {
            graph: self,
            open: waiting.into_iter().map(|(id, before)| (*id, before.len())).collect(),
            ready: free.into_iter().map(|(id, _)| *id).collect(),
        }
    }

    /// The steps in an order in which each follows those that it comes after; otherwise by
    /// number. Those that no walk reaches are at the end.
    pub(super) fn order(&self) -> Vec<StepId> {
        let mut order = self.reached();
        order.extend(self.unreached());
        order
    }

    /// The steps on a cycle, and those on a way from one cycle to another.
    pub(super) fn on_cycles(&self) -> BTreeSet<StepId> {
        // No walk reaches a cycle, nor what is behind one; turned round, nor what is before one.
        self.among(&self.unreached()).turned().unreached()
    }

    fn reached(&self) -> Vec<StepId> {
        let mut walk = self.walk();
        let mut order = Vec::with_capacity(self.before.len());
        while let Some(id) = walk.take() {
            order.push(id);
            walk.done(id);
        }
        order
    }

    fn unreached(&self) -> BTreeSet<StepId> {
        let reached: BTreeSet<StepId> = self.reached().into_iter().collect();
        self.before.keys().copied().filter(|id| !reached.contains(id)).collect()
    }

    /// The graph of these steps alone.
    fn among(&self, steps: &BTreeSet<StepId>) -> Self {
        let only = |edges: &BTreeMap<StepId, Vec<StepId>>| {
            let edges = edges.iter().filter(|(id, _)| steps.contains(id));
            edges.map(|(id, ends)| (*id, within(ends, steps))).collect()
        };
        Self { before: only(&self.before), behind: only(&self.behind) }
    }

    /// The same with each arrow the other way round.
    fn turned(self) -> Self {
        Self { before: self.behind, behind: self.before }
    }
}

fn within(ids: &[StepId], steps: &BTreeSet<StepId>) -> Vec<StepId> {
    ids.iter().copied().filter(|id| steps.contains(id)).collect()
}

impl GraphWalk<'_> {
    /// Takes the ready step with the lowest number, if one is ready.
    pub fn take(&mut self) -> Option<StepId> {
        self.ready.pop_first()
    }

    /// The same among the ready ones and those that wait for this step alone: for who does the next
    /// thing right behind it, before it counts as done for everybody.
    pub fn take_after(&mut self, id: StepId) -> Option<StepId> {
        let waits = |next: &&StepId| self.open.get(next) == Some(&1);
        let behind = self.graph.successors(id).iter().filter(waits).min().copied();
        let Some(behind) = behind.filter(|next| self.ready.first().is_none_or(|it| next < it))
        else {
            return self.take();
        };
        self.open.remove(&behind);
        Some(behind)
    }

    /// A step is done: what waited for it alone is ready.
    pub fn done(&mut self, id: StepId) {
        for next in self.graph.successors(id) {
            if let Some(open) = self.open.get_mut(next) {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    self.ready.insert(*next);
                }
            }
        }
    }
}
