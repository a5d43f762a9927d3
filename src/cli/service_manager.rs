//! What the manager of services (systemd, `Type=notify`) is told: ready, reloading, ending, how it
//! goes, and that the loop turns. Nothing where there is none.

use std::{
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sd_notify::{NotifyState, notify, watchdog_enabled};
use tracing::debug;

/// How long the manager may wait beyond the grace of the service until it ends.
const MARGIN: Duration = Duration::from_secs(10);

/// The service is up: its state is open and it takes orders. Not: it has reached anybody. An outage
/// of the vendor must not keep it from starting.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It reads its configuration; [`ready`] ends that.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => debug!(%error, "the clock of the manager cannot be read"),
    }
}

/// That it ends: told once, by the first to notice it. A service with nothing under way may be
/// over before anybody else has heard that it was asked to end.
pub(super) struct Ending {
    grace: Duration,
    told: Once,
}

impl Ending {
    /// Running calls may take this long.
    pub(super) fn within(grace: Duration) -> Self {
        Self { grace, told: Once::new() }
    }

    /// It ends.
    pub(super) fn tell(&self) {
        let longest = u32::try_from((self.grace + MARGIN).as_micros()).unwrap_or(u32::MAX);
        let longest = NotifyState::ExtendTimeoutUsec(longest);
        self.told.call_once(|| tell(&[NotifyState::Stopping, longest]));
    }
}

/// How the service is, in one line: told when it changes.
#[derive(Debug, Default)]
pub(super) struct StatusLine(Mutex<String>);

impl StatusLine {
    /// It is like this now.
    pub(super) fn say(&self, line: String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != line {
            tell(&[NotifyState::Status(&line)]);
            *last = line;
        }
    }
}

/// What each turn of the loop calls, if the manager watches: it is told a few times before it would
/// lose patience, and by nobody else, so a loop that hangs is noticed.
pub(super) fn watchdog() -> Option<Arc<dyn Fn() + Send + Sync>> {
    let patience = watchdog_enabled()?;
    let pause = u64::try_from((patience / 4).as_millis()).unwrap_or(u64::MAX);
    let began = Instant::now();
    // The time of the last word, and one more.
    let last = AtomicU64::new(0);
    Some(Arc::new(move || {
        let now = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = last.load(Ordering::Relaxed);
        if before == 0 || now.saturating_sub(before - 1) >= pause {
            last.store(now + 1, Ordering::Relaxed);
            tell(&[NotifyState::Watchdog]);
        }
    }))
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        debug!(%error, "the manager of services cannot be told");
    }
}
