//! How fast the calls of one account go out: as fast as they are asked for, until the service says
//! "too many calls" (HTTP 429), and evenly at the rate that it let through from then on.
//!
//! ```text
//! free --429--> searching: half of what the last second let through, doubled each 100 ms
//!      --429--> steady: what was let through since the last 429, up by a fiftieth in a second,
//!                       by twice as much in the next one
//! ```
//!
//! Pure: the time is handed in. Nothing here says how long a refused call itself has to wait; that
//! is what the service tells it, see [`super::throttle`].
//!
//! **Invariant:** a service that never says "too many calls" slows nothing down.
//!
//! **Invariant:** it never slows down below [`SLOWEST`], and by half at most for one refusal, so
//! that no answer can stop a run by making it slow.

use std::time::Duration;

use tokio::time::Instant;

/// The slowest rate, in calls a second.
const SLOWEST: f64 = 1.0;
/// The slowest rate that a limit is searched from: what the last second let through may have been a
/// single call.
const SLOWEST_SEARCH: f64 = 10.0;
/// The fastest rate that is told from none, in calls a second.
const FASTEST: f64 = 100_000.0;
/// The time in which the rate doubles while only one refusal is known: short, because a service
/// that allows bursts saves up what is not used of its rate only until a burst is full.
const DOUBLING: Duration = Duration::from_millis(100);
/// By how much a steady rate grows within a second that is not refused; in the next one by twice as
/// much, so a limit that was raised is found.
const GROWTH: f64 = 0.02;
/// A turn that was missed by less than this is made up for: timers are late, and each delay would
/// add to the next.
const MISSED: Duration = Duration::from_millis(10);
/// How long calls are counted for the rate that is begun with.
const SECOND: Duration = Duration::from_secs(1);

/// The rate of one account.
#[derive(Debug, Default)]
pub(super) struct Rate {
    seen: LetThrough,
    paced: Option<LearnedRate>,
}

/// A rate that was learned.
#[derive(Debug)]
struct LearnedRate {
    /// Calls a second when it was set.
    base: f64,
    /// Whether the limit was met only once: then it is known only that it is lower than what was
    /// tried.
    searching: bool,
    /// The time that calls have kept to it since it was set; it grows with that.
    kept: Duration,
    /// When the next call may go.
    next: Instant,
    /// When it was set. Calls that were on their way then say nothing of it.
    since: Instant,
    /// The calls since then that were let through.
    let_through: u32,
}

impl Rate {
    /// Takes the turn of one call. `Err` is when to ask for it again.
    pub(super) fn turn(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(paced) = &mut self.paced else { return Ok(()) };
        if now < paced.next {
            return Err(paced.next);
        }
        let gap = Duration::from_secs_f64(1.0 / paced.rate());
        if now - paced.next <= MISSED.max(gap) {
            // Only a rate that is made use of may grow.
            paced.kept += gap;
        }
        paced.next = paced.next.max(now.checked_sub(MISSED).unwrap_or(now)) + gap;
        Ok(())
    }

    /// The service did not say "too many calls" to a call that went out at `begun`.
    pub(super) fn let_through(&mut self, begun: Instant, now: Instant) {
        self.seen.count(now);
        if let Some(paced) = &mut self.paced
            && begun >= paced.since
        {
            paced.let_through += 1;
        }
    }

    /// The service said "too many calls" to a call that went out at `begun`.
    pub(super) fn refused(&mut self, begun: Instant, now: Instant) {
        let (base, searching) = match &self.paced {
            None => {
                let half = f64::from(self.seen.in_a_second(now)) / 2.0;
                (half.max(SLOWEST_SEARCH), true)
            }
            Some(paced) if begun < paced.since => return,
            Some(paced) => {
                let rate = paced.rate();
                let time = (now - paced.since).as_secs_f64();
                let measured = f64::from(paced.let_through) / time.max(f64::EPSILON);
                (measured.clamp(rate / 2.0, rate * 0.9), false)
            }
        };
        let base = base.clamp(SLOWEST, FASTEST);
        let next = now + Duration::from_secs_f64(1.0 / base);
        self.paced = Some(LearnedRate {
            base,
            searching,
            kept: Duration::ZERO,
            next,
            since: now,
            let_through: 0,
        });
    }
}

impl LearnedRate {
    /// Calls a second, now.
    fn rate(&self) -> f64 {
        let growth = if self.searching {
            (self.kept.as_secs_f64() / DOUBLING.as_secs_f64()).exp2()
        } else {
            1.0 + GROWTH * (self.kept.as_secs_f64().exp2() - 1.0)
        };
        (self.base * growth).min(FASTEST)
    }
}

/// How many calls were let through lately.
#[derive(Debug, Default)]
struct LetThrough {
    began: Option<Instant>,
    now: u32,
    before: u32,
}

impl LetThrough {
    fn count(&mut self, now: Instant) {
        match self.began {
            Some(began) if now - began < SECOND => self.now += 1,
            Some(began) if now - began < 2 * SECOND => {
                *self = Self { began: Some(began + SECOND), now: 1, before: self.now };
            }
            _ => *self = Self { began: Some(now), now: 1, before: 0 },
        }
    }

    fn in_a_second(&self, now: Instant) -> u32 {
        match self.began {
            Some(began) if now - began < 2 * SECOND => self.now.max(self.before),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
