//! The pulse of the loop: that it turns, and how late its turns are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Beats with each turn of the loop. Clones are of the same loop.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Beats>);

#[derive(Debug)]
struct Beats {
    began: Instant,
    /// When the last turn was, in milliseconds since then.
    last: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new(Beats { began: Instant::now(), last: AtomicU64::new(0) }))
    }
}

impl Pulse {
    /// The loop makes a turn.
    pub(super) fn beat(&self) {
        let since = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(since, Ordering::Relaxed);
    }

    /// How long ago the last turn was; since the pulse was made, if there was none.
    #[must_use]
    pub fn age(&self) -> Duration {
        let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        self.0.began.elapsed().saturating_sub(last)
    }
}
