//! What ends a run early: a stop, or a newer plan. Which calls may still be sent then is the policy's to
//! say.

use tokio_util::sync::CancellationToken;

use super::report::Stop;

/// What ends a run early.
pub(super) struct Interrupt<'w> {
    pub(super) stop: &'w CancellationToken,
    pub(super) newer: &'w CancellationToken,
}

impl Interrupt<'_> {
    /// Why no new step may begin, if so.
    pub(super) fn asked(&self) -> Option<Stop> {
        if self.stop.is_cancelled() {
            return Some(Stop::Asked);
        }
        self.newer.is_cancelled().then_some(Stop::Newer)
    }
}
