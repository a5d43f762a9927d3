//! What interrupts somebody's calls waits until its tenant's change window opens.

use super::context::Context;
use crate::plan::{
    Grounds, StepId, Steps,
    window::{interrupts, is_open, next_open, shown},
};

/// Holds what must wait for the window, each with the time at which it may run.
pub(super) fn closed(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    let desired = context.desired();
    let now = context.moment.now;
    let Some(windows) = desired.windows.as_ref().filter(|windows| !is_open(windows, now)) else {
        return Vec::new();
    };
    let opens = next_open(windows, now);
    let grounds = match opens {
        Some(at) => Grounds::new(
            format!("it waits for the change window, which opens {}", shown(windows, at)),
            format!(
                "no action needed: it runs then; to let it run earlier, change `windows` of \
                    tenant {}",
                desired.name
            ),
        ),
        None => Grounds::new(
            "it waits for a change window, and none opens within a year",
            format!("correct `windows` of tenant {}", desired.name),
        ),
    };
    let grounds = Grounds { until: opens, ..grounds };
    steps
        .numbered()
        .filter(|(_, step)| interrupts(step, context.live))
        .map(|(id, _)| (id, grounds.clone()))
        .collect()
}
