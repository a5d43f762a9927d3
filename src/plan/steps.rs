//! The steps of a plan, in an order.

use super::{ByStep, Step, StepId};

/// The steps of a plan.
pub type Steps = ByStep<Step>;

impl Steps {
    /// The steps in this order, which names each of them once, with new numbers.
    pub(super) fn in_order(self, order: &[StepId]) -> Self {
        let mut places = ByStep(vec![StepId(0); self.len()]);
        for (place, id) in order.iter().enumerate() {
            *places.at_mut(*id) = StepId(place);
        }
        let mut steps: Vec<(StepId, Step)> = places.iter().copied().zip(self.0).collect();
        steps.sort_by_key(|(place, _)| *place);
        for (_, step) in &mut steps {
            step.after = step.after.iter().map(|before| *places.at(*before)).collect();
            step.after.sort_unstable();
            step.after.dedup();
        }
        Self(steps.into_iter().map(|(_, step)| step).collect())
    }
}
