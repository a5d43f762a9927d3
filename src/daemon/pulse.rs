//! The pulse of the loop: that it turns, and how late its turns are.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Beats with each turn of the loop. Clones are of the same loop.
#[derive(Clone)]
pub struct Pulse(Arc<Beats>);

struct Beats {
    began: Instant,
    /// When the last turn was, in milliseconds since then.
    last: AtomicU64,
    /// Hears of each turn.
    heard: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new(None)
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("age", &self.age()).finish_non_exhaustive()
    }
}

impl Pulse {
    /// One of which somebody hears, in the loop: it must not take long.
    #[must_use]
    pub fn telling(heard: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self::new(Some(heard))
    }

    fn new(heard: Option<Arc<dyn Fn() + Send + Sync>>) -> Self {
        Self(Arc::new(Beats { began: Instant::now(), last: AtomicU64::new(0), heard }))
    }

    /// The loop makes a turn.
    pub(super) fn beat(&self) {
        let since = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(since, Ordering::Relaxed);
        if let Some(heard) = &self.0.heard {
            heard();
        }
    }

    /// How long ago the last turn was; since the pulse was made, if there was none.
    #[must_use]
    pub fn age(&self) -> Duration {
        let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        self.0.began.elapsed().saturating_sub(last)
    }
}
