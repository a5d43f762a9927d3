//! Absent for a moment is not gone: whom only a missing line would disable waits until that line
//! has been missing for long enough.
//!
//! **Invariant:** only steps with [`Cause::NotNamed`] are held; what a manifest says is no absence.

use jiff::Timestamp;

use super::{Cause, Hold, HoldKind, Step, TenantPlan};
use crate::{model::DesiredTenant, words::time};

impl TenantPlan {
    /// Whether somebody would lose calling now only because no manifest names the user.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.steps.iter().any(|step| step.cause == Cause::NotNamed && self.may_run(step))
    }
}

/// Holds removals that nothing but a missing line wants, each with the time from which on it
/// counts.
pub(super) fn hold(steps: &mut [Step], desired: &DesiredTenant, now: Timestamp) {
    let missing = &desired.missing;
    for step in steps.iter_mut().filter(|step| step.cause == Cause::NotNamed) {
        if let Some(doubt) = &missing.doubt {
            step.holds.push(Hold::new(
                HoldKind::Incomplete,
                doubt.reason.clone(),
                doubt.remedy.clone(),
            ));
        }
        if let Some(until) = missing.counts_from(&step.user).filter(|until| *until > now) {
            step.holds.push(not_yet(until));
        }
    }
}

fn not_yet(until: Timestamp) -> Hold {
    let hold = Hold::new(
        HoldKind::Absent,
        format!(
            "a line that is missing counts from {} on: until then its file may come back",
            time(until)
        ),
        "no action needed: it runs then; to let it run at once, name the user with `calling: \
            disabled`, or commit the removal",
    );
    Hold { until: Some(until), ..hold }
}
