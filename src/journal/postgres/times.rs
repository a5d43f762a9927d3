//! The time of the database, as this machine knows it, and how long a lease may be used.
//!
//! **Invariant:** a lease is good for a term that begins before it was asked for, by two clocks:
//! the one that only goes forward stands still while a machine sleeps, the other may be set back.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use jiff::{SignedDuration, Timestamp};

use crate::journal::lease::{Clock, LEASE_TERM};

/// How long before its end a holder stops to begin calls: those that are under way end in this
/// time.
const MARGIN: Duration = Duration::from_secs(60);

/// What time it is.
pub(super) struct Times {
    /// A clock that stands in for the database's, and for that of this machine.
    made_up: Option<Clock>,
    /// How far the database is ahead.
    ahead: Mutex<SignedDuration>,
}

/// A moment of this machine, by both of its clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockReading {
    steady: Instant,
    wall: Timestamp,
}

impl Times {
    pub(super) fn new(made_up: Option<Clock>) -> Self {
        Self { made_up, ahead: Mutex::default() }
    }

    /// What statements take for the time instead of their own clock.
    pub(super) fn given(&self) -> Option<SystemTime> {
        self.made_up.as_ref().and_then(|clock| SystemTime::try_from(clock()).ok())
    }

    /// The database's time.
    pub(super) fn now(&self) -> Timestamp {
        let wall = self.wall();
        if self.made_up.is_some() {
            return wall;
        }
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        wall.checked_add(ahead).unwrap_or(wall)
    }

    /// This moment.
    pub(super) fn moment(&self) -> ClockReading {
        ClockReading { steady: Instant::now(), wall: self.wall() }
    }

    fn wall(&self) -> Timestamp {
        self.made_up.as_ref().map_or_else(Timestamp::now, |clock| clock())
    }

    /// The database said its time in an answer to what was asked then: half way between.
    pub(super) fn heard(&self, asked: ClockReading, time: SystemTime) {
        let Ok(time) = Timestamp::try_from(time) else { return };
        let half = asked.steady.elapsed() / 2;
        let Ok(then) = asked.wall.checked_add(half) else { return };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = time.duration_since(then);
    }

    /// Whether a lease that was asked for then may still be used.
    pub(super) fn is_good(&self, since: ClockReading) -> bool {
        let most = LEASE_TERM.saturating_sub(MARGIN);
        let by_wall = self.wall().duration_since(since.wall);
        since.steady.elapsed() < most
            && Duration::try_from(by_wall).is_ok_and(|passed| passed < most)
    }
}
