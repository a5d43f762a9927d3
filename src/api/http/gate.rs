//! When credentials that were refused may be tried again: portals lock accounts after a few wrong
//! passwords.
//!
//! ```text
//! refused -> shut: everybody hears the same answer, nobody asks again
//!              until its files have changed, or, in a service, a wait is over that doubles each time
//! ```

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::{Fault, FaultKind},
    words::duration,
};

/// The first wait and the longest. Without them, in a command that ends, nothing is tried twice.
#[derive(Clone, Default)]
pub(in crate::api) struct Pace(Arc<OnceLock<(Duration, Duration)>>);

impl Pace {
    /// Lets refused credentials be tried again: after `first`, and after twice as long each further
    /// time, `most` at the longest.
    pub(in crate::api) fn again(&self, first: Duration, most: Duration) {
        // The first word counts.
        let _ = self.0.set((first, most.max(first)));
    }

    fn wait(&self, last: Option<Duration>) -> Option<Duration> {
        let (first, most) = self.0.get()?;
        Some(last.map_or(*first, |last| last.saturating_mul(2).min(*most)))
    }
}

/// What keeps refused credentials from being tried again.
#[derive(Default)]
pub(in crate::api) struct Gate {
    /// Whose credentials these are, for the log.
    whose: String,
    pace: Pace,
    shut: Option<ShutGate>,
}

struct ShutGate {
    fault: Fault,
    /// What the files of the credentials looked like.
    stamp: String,
    wait: Option<Duration>,
    until: Option<Instant>,
}

impl Gate {
    pub(in crate::api) fn new(whose: &str, pace: Pace) -> Self {
        Self { whose: whose.to_owned(), pace, shut: None }
    }

    /// The answer that the credentials with this stamp have had, if it still counts.
    pub(in crate::api) fn answer(&self, stamp: &str, now: Instant) -> Option<Fault> {
        let shut = self.shut.as_ref().filter(|shut| shut.stamp == stamp)?;
        shut.until.is_none_or(|until| now < until).then(|| shut.fault.clone())
    }

    /// Takes an answer in. Only one that the next try would get as well shuts: the network may be
    /// back in a moment.
    pub(in crate::api) fn failed(&mut self, fault: &Fault, stamp: String, now: Instant) {
        if !matches!(fault.kind, FaultKind::Auth | FaultKind::NotConfigured) {
            return;
        }
        let last = self.shut.take().and_then(|shut| shut.wait);
        let wait = self.pace.wait(last);
        if let Some(wait) = wait {
            let wait = duration(wait);
            tracing::warn!(login = self.whose, %wait, "refused; not tried again before this is \
                over, unless the files of the credentials change");
        }
        let until = wait.and_then(|wait| now.checked_add(wait));
        self.shut = Some(ShutGate { fault: fault.clone(), stamp, wait, until });
    }

    /// The credentials are good.
    pub(in crate::api) fn open(&mut self) {
        self.shut = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_until_something_changes() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let refused = Fault::new(FaultKind::Auth, "wrong");
        let mut gate = Gate::default();
        assert_eq!(gate.answer("a", now), None);
        gate.failed(&Fault::new(FaultKind::Unreachable, "down"), "a".to_owned(), now);
        assert_eq!(gate.answer("a", now), None);
        gate.failed(&refused, "a".to_owned(), now);
        assert_eq!(gate.answer("a", now + seconds(100_000)), Some(refused.clone()));
        assert_eq!(gate.answer("b", now), None, "its files have changed");
        gate.open();
        assert_eq!(gate.answer("a", now), None);

        let pace = Pace::default();
        pace.again(seconds(60), seconds(200));
        let mut gate = Gate::new("account", pace);
        for (wait, at) in [(60, 0), (120, 1000), (200, 2000), (200, 3000)] {
            let at = now + seconds(at);
            gate.failed(&refused, "a".to_owned(), at);
            assert!(gate.answer("a", at + seconds(wait - 1)).is_some(), "{wait}");
            assert!(gate.answer("a", at + seconds(wait)).is_none(), "{wait}");
        }
    }
}
