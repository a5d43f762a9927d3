//! What interrupts somebody's calls waits until its tenant's change window opens.

use jiff::Timestamp;

use super::context::Context;
use crate::{
    model::{DesiredTenant, Windows},
    plan::{
        Grounds, StepId, Steps,
        window::{interrupts, is_open, next_open, shown},
    },
};

/// Holds what must wait for the window, each with the time at which it may run.
pub(super) fn closed(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    let desired = context.desired();
    let now = context.moment.now;
    let Some(windows) = desired.windows.as_ref() else { return Vec::new() };
    let grounds = if is_open(windows, now) {
        let Some(there) = context.there().filter(|there| !is_open(windows, *there)) else {
            return Vec::new();
        };
        Grounds::new(
            format!(
                "the change window is open by the clock of this machine ({}), and not by the \
                    service's ({})",
                shown(windows, now),
                shown(windows, there)
            ),
            "set the clock of this machine right (NTP), and look again",
        )
    } else {
        waits(desired, windows, now)
    };
    steps
        .numbered()
        .filter(|(_, step)| interrupts(step, context.live))
        .map(|(id, _)| (id, grounds.clone()))
        .collect()
}

/// That it waits for the window, and until when.
fn waits(desired: &DesiredTenant, windows: &Windows, now: Timestamp) -> Grounds {
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
    Grounds { until: opens, ..grounds }
}
