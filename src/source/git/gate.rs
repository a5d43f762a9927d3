//! How many servers are asked side by side.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// As many processes of git as a small machine bears.
const MOST: usize = 8;

/// Lets so many in at a time.
#[derive(Debug)]
pub(super) struct FetchGate {
    inside: Mutex<usize>,
    left: Condvar,
}

/// Somebody inside; leaves when this goes.
pub(super) struct GateGuard<'g>(&'g FetchGate);

impl FetchGate {
    pub(super) const fn new() -> Self {
        Self { inside: Mutex::new(0), left: Condvar::new() }
    }

    fn inside(&self) -> MutexGuard<'_, usize> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room.
    pub(super) fn enter(&self) -> GateGuard<'_> {
        let mut inside = self.inside();
        while *inside >= MOST {
            inside = self.left.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        *inside += 1;
        GateGuard(self)
    }
}

impl Drop for GateGuard<'_> {
    fn drop(&mut self) {
        *self.0.inside() -= 1;
        self.0.left.notify_one();
    }
}
