//! How long people are expected to be without calls while a plan is carried out: an estimate for
//! the person who decides when.

use std::{collections::BTreeMap, time::Duration};

use super::{Note, Step, window};
use crate::model::{Field, LiveCalling, LiveTenant, Upn};

/// Users who are named as those who wait longest, at most.
const WORST: usize = 3;

/// How long each kind of change is expected to leave a user who could call without calls. Steps for
/// users who cannot call now interrupt nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimates {
    /// A number that is replaced or taken away.
    pub number: Duration,
    /// Another gateway.
    pub gateway: Duration,
    /// Any other detail.
    pub details: Duration,
}

/// Gives each step its estimate. A disable has none: it ends calling, which is counted otherwise.
pub(super) fn estimate(steps: &mut [Step], live: &LiveTenant, estimates: Estimates) {
    for step in steps {
        let works =
            live.users.get(&step.user).is_some_and(|user| user.calling == LiveCalling::Enabled);
        if !works || step.changes.is_empty() {
            continue;
        }
        let gateway = step.changes.iter().any(|change| change.field == Field::SbcGatewayId);
        let number = if window::interrupts(step, live) { estimates.number } else { Duration::ZERO };
        let gateway = if gateway { estimates.gateway } else { Duration::ZERO };
        step.interruption = number.max(gateway).max(estimates.details);
    }
}

/// The sum over the steps that may run, and those of them that interrupt longest.
pub(super) fn note(steps: &[Step]) -> Option<Note> {
    let mut waits: BTreeMap<&Upn, Duration> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.holds.is_empty() && !step.interruption.is_zero()) {
        *waits.entry(&step.user).or_default() += step.interruption;
    }
    let users = waits.len();
    let total = waits.values().sum();
    let mut worst: Vec<(&Upn, Duration)> = waits.into_iter().collect();
    worst.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let worst = worst.into_iter().take(WORST).map(|(user, wait)| (user.clone(), wait)).collect();
    (users > 0).then_some(Note::Interruption { users, total, worst })
}
