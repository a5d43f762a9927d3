//! The breaker of an account: while the service fails, nothing more is sent to it, because each
//! answer that is lost freezes a user until a list shows what became of it.
//!
//! ```text
//! closed --[`MOST`] writes in a row without a clear answer--> open: nothing is sent, for a while
//!   open --the while is over--> one write goes out, all others wait for its answer
//!             clear answer--> closed          none--> open, for twice as long
//! ```
//!
//! It counts over all tenants of the account: what fails for all of them would otherwise have to be
//! learned by each. A single tenant that fails is given up by its run (`execute`).
//!
//! **Invariant:** what it stops was not sent, so it can be sent by any later run.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::{Fault, FaultKind, WriteVerdict},
    words::duration,
};

/// Writes in a row without a clear answer after which no more are sent.
const MOST: u32 = 5;
/// How many times the pause before a repeated read the first wait is.
const PAUSES: u32 = 40;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(600);

/// The breaker of one account.
#[derive(Debug)]
pub(super) struct Breaker {
    count: Mutex<BreakerState>,
    /// Held by the one write that goes out while it is open.
    probe: tokio::sync::Mutex<()>,
}

impl Breaker {
    /// One that waits longer where repeated reads wait longer.
    pub(super) fn new(retry_pause: Duration) -> Self {
        let first = retry_pause.saturating_mul(PAUSES).min(LONGEST);
        Self {
            count: Mutex::new(BreakerState { first, lost: 0, open: None }),
            probe: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a run may begin.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match self.count().turn(Instant::now()) {
            WriteAdmission::Shut(fault) => Err(fault),
            WriteAdmission::Free | WriteAdmission::Probe => Ok(()),
        }
    }

    /// Sends a write, unless the service fails.
    pub(super) async fn send(
        &self,
        write: impl Future<Output = Result<(), Fault>>,
    ) -> Result<(), Fault> {
        let turn = self.count().turn(Instant::now());
        let probe = match turn {
            WriteAdmission::Free => None,
            WriteAdmission::Shut(fault) => return Err(fault),
            WriteAdmission::Probe => {
                let probe = self.probe.lock().await;
                // Another one may have been it meanwhile.
                let turn = self.count().turn(Instant::now());
                match turn {
                    WriteAdmission::Free => None,
                    WriteAdmission::Shut(fault) => return Err(fault),
                    WriteAdmission::Probe => Some(probe),
                }
            }
        };
        let begun = Instant::now();
        let answer = write.await;
        self.count().answered(&answer, probe.is_some(), begun, Instant::now());
        answer
    }

    fn count(&self) -> MutexGuard<'_, BreakerState> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a write may do.
#[derive(Debug, PartialEq, Eq)]
enum WriteAdmission {
    /// Go out.
    Free,
    /// Go out alone.
    Probe,
    /// Not go out.
    Shut(Fault),
}

/// The breaker as a value; the time is handed in.
#[derive(Debug)]
struct BreakerState {
    /// The first wait.
    first: Duration,
    /// Writes in a row without a clear answer.
    lost: u32,
    open: Option<OpenBreaker>,
}

#[derive(Debug, Clone, Copy)]
struct OpenBreaker {
    since: Instant,
    wait: Duration,
    last: FaultKind,
}

impl BreakerState {
    fn turn(&self, now: Instant) -> WriteAdmission {
        let Some(OpenBreaker { since, wait, last }) = self.open else {
            return WriteAdmission::Free;
        };
        let remaining = (since + wait).saturating_duration_since(now);
        if remaining.is_zero() {
            return WriteAdmission::Probe;
        }
        let up = u64::from(remaining.subsec_nanos() > 0);
        let remaining = Duration::from_secs(remaining.as_secs() + up);
        WriteAdmission::Shut(failing(self.lost, last, remaining))
    }

    fn answered(&mut self, answer: &Result<(), Fault>, probe: bool, begun: Instant, now: Instant) {
        let verdict = answer.as_ref().map_err(|fault| (fault.kind, fault.kind.of_write()));
        match verdict {
            Err((last, WriteVerdict::Unknown)) => {
                self.lost += 1;
                self.open = match self.open {
                    Some(OpenBreaker { wait, .. }) if probe => {
                        Some(OpenBreaker { since: now, wait: (2 * wait).min(LONGEST), last })
                    }
                    None if self.lost >= MOST => {
                        Some(OpenBreaker { since: now, wait: self.first, last })
                    }
                    unchanged => unchanged,
                };
            }
            // What was on its way when the service began to fail says nothing of it.
            Ok(()) | Err((_, WriteVerdict::Failed))
                if self.open.is_none_or(|open| begun >= open.since) =>
            {
                (self.lost, self.open) = (0, None);
            }
            // It was never asked, or says nothing of whether it works.
            Ok(()) | Err(_) => {}
        }
    }
}

fn failing(lost: u32, last: FaultKind, remaining: Duration) -> Fault {
    let message = format!(
        "the service is failing: {lost} writes in a row got no clear answer, the last of them \
            `{}`; nothing more is sent to it",
        last.code()
    );
    Fault::new(FaultKind::Failing, message).hint(format!(
        "what was not sent is sent by a later run; from {} on one write at a time finds out \
            whether the service works again",
        duration(remaining)
    ))
}

#[cfg(test)]
mod tests;
