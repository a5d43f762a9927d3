//! Waiting as the service asks (HTTP 429): one gate for all calls, because they are all made for
//! one account.
//!
//! | the service asks for | the call that it said it to | all other calls |
//! |---|---|---|
//! | more than a second | waits as told | wait as well, then go out at the rate that it let through |
//! | a second or less | waits as told | go out at the rate that it let through |
//!
//! `Retry-After` says no less than a second: it is what a service has to say that lets the next
//! call through in 5 ms. What the others may do is told by what becomes of them, see [`super::rate`].
//!
//! **Invariant:** no answer can make a call wait longer than [`MAX_WAIT`] at a time, nor others for
//! their turns longer than twice that, or come back more than [`MAX_TRIES`] times for it; and no call comes back before the service said it may.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::rate::Rate;

/// How often one call is sent before the service's "too many" is taken for an answer.
pub(in crate::api) const MAX_TRIES: u32 = 5;
/// The longest wait that a call sits out: a service that asks for more must not hang a run. The
/// call is given up, and the next run asks again.
pub(in crate::api) const MAX_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that says nothing of other calls.
pub(in crate::api) const LEAST_TOLD: Duration = Duration::from_secs(1);
/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The wait where the service names none, or none that can be read.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// The shortest wait: "0 seconds" must not become a tight loop.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// The gate: closed until a moment that the service named, and passed at its rate.
#[derive(Debug, Default)]
pub(in crate::api) struct Throttle {
    /// The first to come goes first.
    line: tokio::sync::Mutex<()>,
    state: Mutex<ThrottleState>,
}

#[derive(Debug, Default)]
struct ThrottleState {
    closed_until: Option<Instant>,
    rate: Rate,
}

/// Why a call does not wait for its turn.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) enum TooLong {
    /// The service asks everybody to wait this long.
    RetryAfter(Duration),
    /// So many calls wait for their turns that its own has not come within this time.
    Crowded(Duration),
}

impl Throttle {
    /// Waits until the gate is open, `longest` at most, and then for this call's turn, as long
    /// again at most.
    pub(in crate::api) async fn pass(&self, longest: Duration) -> Result<(), TooLong> {
        let latest = Instant::now() + longest;
        let last_turn = latest + longest;
        let crowded = |_| TooLong::Crowded(2 * longest);
        self.state().open_before(latest)?;
        let _first = timeout_at(last_turn, self.line.lock()).await.map_err(crowded)?;
        loop {
            let Some(wait_until) = self.state().turn(latest)? else { return Ok(()) };
            timeout_at(last_turn, sleep_until(wait_until)).await.map_err(crowded)?;
        }
    }

    /// Closes the gate for a while; a longer wait that is already under way stays.
    pub(in crate::api) fn close(&self, wait: Duration) {
        let moment = Instant::now() + wait;
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Some(moment));
    }

    /// Takes in whether the service said "too many" to a call that went out at `begun`.
    pub(in crate::api) fn answered(&self, begun: Instant, too_many: bool) {
        let mut state = self.state();
        let now = Instant::now();
        if too_many {
            state.rate.refused(begun, now);
        } else {
            state.rate.let_through(begun, now);
        }
    }

    fn state(&self) -> MutexGuard<'_, ThrottleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ThrottleState {
    /// Until when the gate is closed, if it is; an error if it opens too late.
    fn open_before(&self, latest: Instant) -> Result<Option<Instant>, TooLong> {
        let now = Instant::now();
        match self.closed_until.filter(|until| *until > now) {
            Some(until) if until > latest => Err(TooLong::RetryAfter(until - now)),
            closed_until => Ok(closed_until),
        }
    }

    /// Takes the turn of a call, or says when to ask again.
    fn turn(&mut self, latest: Instant) -> Result<Option<Instant>, TooLong> {
        match self.open_before(latest)? {
            Some(until) => Ok(Some(until)),
            None => Ok(self.rate.turn(Instant::now()).err()),
        }
    }
}

/// How long to wait according to a `Retry-After` header: seconds or an HTTP date (RFC 9110,
/// 10.2.3).
pub(in crate::api) fn wait(retry_after: Option<&str>, now: Timestamp) -> Duration {
    let told = retry_after.map(str::trim).and_then(|text| {
        if let Some(seconds) = seconds(text) {
            return Some(Duration::from_secs(seconds));
        }
        let moment = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        // A moment that has passed means: now.
        Some(Duration::try_from(now.until(moment).ok()?).unwrap_or_default())
    });
    told.unwrap_or(DEFAULT_WAIT).clamp(MIN_WAIT, LONGEST)
}

/// A number of seconds: more than can be counted are as many as can be, and a part of one is one.
fn seconds(text: &str) -> Option<u64> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    let whole = whole.parse().unwrap_or(u64::MAX);
    Some(whole.saturating_add(u64::from(part.bytes().any(|digit| digit != b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_too_long() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let seconds = Duration::from_secs;
        for (header, expected) in [
            (None, DEFAULT_WAIT),
            (Some("7"), seconds(7)),
            (Some(" 7 "), seconds(7)),
            (Some("0"), MIN_WAIT),
            (Some("600"), seconds(600)),
            (Some("86401"), LONGEST),
            (Some("18446744073709551615"), LONGEST),
            (Some("-5"), DEFAULT_WAIT),
            (Some("soon"), DEFAULT_WAIT),
            (Some("99999999999999999999999"), LONGEST),
            (Some("120.5"), seconds(121)),
            (Some("7.0"), seconds(7)),
            (Some(".5"), DEFAULT_WAIT),
            (Some("1e3"), DEFAULT_WAIT),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), seconds(7)),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), MIN_WAIT),
            (Some("Wed, 01 Jan 3000 00:00:00 GMT"), LONGEST),
        ] {
            assert_eq!(wait(header, now), expected, "{header:?}");
        }
    }
}
