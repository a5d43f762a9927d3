//! Waiting as the service asks (HTTP 429): one gate for all calls, because they are all made for
//! one account.
//!
//! **Invariant:** no answer can make a call wait longer than [`MAX_WAIT`] at a time, or come back
//! more than [`MAX_TRIES`] times for it; and no call comes back before the service said it may.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822};
use tokio::time::{Instant, sleep_until};

/// How often one call is sent before the service's "too many" is taken for an answer.
pub(in crate::api) const MAX_TRIES: u32 = 5;
/// The longest wait that a call sits out: a service that asks for more must not hang a run. The
/// call is given up, and the next run asks again.
pub(in crate::api) const MAX_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The wait where the service names none, or none that can be read.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// The shortest wait: "0 seconds" must not become a tight loop.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// The gate: closed until a moment that the service named.
#[derive(Debug, Default)]
pub(in crate::api) struct Throttle {
    closed_until: Mutex<Option<Instant>>,
}

impl Throttle {
    /// Waits until the gate is open, once: if it is closed again meanwhile, the call goes out and
    /// hears it from the service. `Err` is how long it stays closed, if that is longer than a call
    /// may wait.
    pub(in crate::api) async fn pass(&self, longest: Duration) -> Result<(), Duration> {
        let closed_until = *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(moment) = closed_until else { return Ok(()) };
        let remaining = moment.saturating_duration_since(Instant::now());
        if remaining > longest {
            return Err(remaining);
        }
        sleep_until(moment).await;
        Ok(())
    }

    /// Closes the gate for a while; a longer wait that is already under way stays.
    pub(in crate::api) fn close(&self, wait: Duration) {
        let moment = Instant::now() + wait;
        let mut closed_until = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed_until = (*closed_until).max(Some(moment));
    }
}

/// How long to wait according to a `Retry-After` header: seconds or an HTTP date (RFC 9110,
/// 10.2.3).
pub(in crate::api) fn wait(retry_after: Option<&str>, now: Timestamp) -> Duration {
    let told = retry_after.map(str::trim).and_then(|text| {
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let moment = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        // A moment that has passed means: now.
        Some(Duration::try_from(now.until(moment).ok()?).unwrap_or_default())
    });
    told.unwrap_or(DEFAULT_WAIT).clamp(MIN_WAIT, LONGEST)
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
            (Some("1.5"), DEFAULT_WAIT),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), seconds(7)),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), MIN_WAIT),
            (Some("Wed, 01 Jan 3000 00:00:00 GMT"), LONGEST),
        ] {
            assert_eq!(wait(header, now), expected, "{header:?}");
        }
    }
}
