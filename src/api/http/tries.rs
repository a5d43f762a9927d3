//! How often a call is sent, and how long is waited in between: the one layer that repeats.
//!
//! | what came | a read | a write |
//! |---|---|---|
//! | 429 | again, as told | again, as told |
//! | never begun: no connection, or HTTP/2 said so | again | again |
//! | 408, 502, 503, 504 and their kin, a connection that broke, half an answer | again | the answer |
//! | no answer in time, anything else | the answer | the answer |
//!
//! **Invariant:** a write that may have begun goes out once.
//!
//! **Invariant:** it ends: [`MAX_TRIES`] for "too many", [`READ_TRIES`] for failures, and after
//! [`MAX_WAIT`] no failure is repeated.

use std::{error::Error, io, time::Duration};

use jiff::Timestamp;
use reqwest::StatusCode;
use tokio::time::Instant;

use super::{
    answer::{self, Reply},
    throttle::{self, LEAST_TOLD, MAX_TRIES, MAX_WAIT},
};
use crate::{config::Effort, model::Fault};

/// How often a call is sent before a failure is taken for an answer.
const READ_TRIES: u32 = 3;
/// The least pause before a write that HTTP/2 never began is sent again: the connection that said so
/// is closed by then.
const WRITE_PAUSE: Duration = Duration::from_millis(250);
/// The longest wait of what nothing depends on.
const BRIEF: Duration = Duration::from_secs(2);

/// A call that got no whole answer.
pub(super) struct LostAnswer {
    /// In words.
    pub fault: Fault,
    /// What may be done about it.
    pub again: Resendable,
}

/// Which calls may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resendable {
    /// None.
    No,
    /// Those that only read.
    Reads,
    /// All: it never reached the service.
    All,
}

impl Resendable {
    /// What a failure to get an answer allows. What took too long once is not waited for twice.
    pub(super) fn after(error: &reqwest::Error) -> Self {
        if error.is_timeout() || error.is_builder() {
            Self::No
        } else if causes(error).any(was_not_begun)
            || error.is_connect() && causes(error).any(is_passing)
        {
            Self::All
        } else if error.is_connect() {
            Self::No
        } else {
            Self::Reads
        }
    }
}

/// The causes of an error, the outermost first.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// HTTP/2 says so itself: a stream above the last one of a GOAWAY (RFC 9113, 6.8), or one that was
/// refused (8.7).
fn was_not_begun(cause: &(dyn Error + 'static)) -> bool {
    let Some(error) = cause.downcast_ref::<h2::Error>().filter(|error| error.is_remote()) else {
        return false;
    };
    error.is_go_away() || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
}

/// Whether a connection that could not be made may be made a moment later.
fn is_passing(cause: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
    };
    let kind = cause.downcast_ref::<io::Error>().map(innermost);
    kind.is_some_and(|kind| {
        matches!(
            kind,
            ConnectionRefused | ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof
        )
    })
}

/// The kind of an error that may be wrapped in another of its type, which `source` does not show.
fn innermost(error: &io::Error) -> io::ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or_else(|| error.kind(), innermost)
}

/// What follows an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextTry {
    /// What came is the answer.
    Done,
    /// It is sent again after this long.
    Again {
        /// How long.
        pause: Duration,
        /// Whether all other calls wait as well: the service has asked for it.
        all: bool,
    },
    /// The service has said "too many" too often.
    TooMany,
}

/// One call on its way.
pub(super) struct CallAttempts {
    effort: Effort,
    /// The pause before the first repetition; it doubles, and up to as much again is added by
    /// chance, so many do not come back at once.
    pause: Duration,
    begun: Instant,
    throttled: u32,
    failed: u32,
}

impl CallAttempts {
    /// Such a call, which waits so long before it is first repeated; a write never less than
    /// [`WRITE_PAUSE`].
    pub(super) fn of(effort: Effort, pause: Duration) -> Self {
        let pause = if effort == Effort::Write { pause.max(WRITE_PAUSE) } else { pause };
        Self { effort, pause, begun: Instant::now(), throttled: 0, failed: 0 }
    }

    fn is_read(&self) -> bool {
        matches!(self.effort, Effort::Read | Effort::Aside)
    }

    /// How long this call waits at a time for others' sake.
    pub(super) fn longest_wait(&self) -> Duration {
        if self.effort == Effort::Aside { BRIEF } else { MAX_WAIT }
    }

    /// What follows what came.
    pub(super) fn next(&mut self, came: &Result<(Reply, Option<String>), LostAnswer>) -> NextTry {
        match came {
            Ok((reply, told)) if reply.status == StatusCode::TOO_MANY_REQUESTS => {
                self.throttled += 1;
                if self.throttled == MAX_TRIES {
                    return NextTry::TooMany;
                }
                let pause = throttle::wait(told.as_deref(), Timestamp::now());
                NextTry::Again { pause, all: pause > LEAST_TOLD }
            }
            Ok((reply, told)) if self.is_read() && has_failed(reply) => {
                self.once_more(told.as_deref())
            }
            Err(lost)
                if lost.again == Resendable::All
                    || lost.again == Resendable::Reads && self.is_read() =>
            {
                self.once_more(None)
            }
            Ok(_) | Err(_) => NextTry::Done,
        }
    }

    fn once_more(&mut self, told: Option<&str>) -> NextTry {
        self.failed += 1;
        let grown = self.pause * 2_u32.saturating_pow(self.failed - 1);
        let pause = told.map_or_else(
            || grown + grown.mul_f64(fastrand::f64()),
            |told| throttle::wait(Some(told), Timestamp::now()),
        );
        let in_time = self.begun.elapsed() + pause <= self.longest_wait();
        if self.failed == READ_TRIES || !in_time {
            NextTry::Done
        } else {
            NextTry::Again { pause, all: told.is_some() }
        }
    }
}

/// Whether an answer speaks of a failure that passes, or is only half of one.
fn has_failed(reply: &Reply) -> bool {
    // Those of gateways; from 520 on in the dialect of one that is widely used.
    let passes = matches!(reply.status.as_u16(), 408 | 425 | 502..=504 | 520..=524);
    passes || reply.status.is_success() && answer::breaks_off(&reply.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    const PAUSE: Duration = Duration::from_millis(250);

    type AttemptResult = Result<(Reply, Option<String>), LostAnswer>;

    fn came(status: u16, body: &str, told: Option<&str>) -> AttemptResult {
        let status = StatusCode::from_u16(status).map_err(|_| LostAnswer {
            fault: Fault::new(FaultKind::Garbled, "no status"),
            again: Resendable::No,
        })?;
        Ok((Reply { status, body: body.as_bytes().to_vec() }, told.map(str::to_owned)))
    }

    fn lost(again: Resendable) -> AttemptResult {
        Err(LostAnswer { fault: Fault::new(FaultKind::NoAnswer, "gone"), again })
    }

    /// How often such a call is sent when this comes each time.
    fn sent(effort: Effort, came: &AttemptResult) -> usize {
        let mut tries = CallAttempts::of(effort, PAUSE);
        std::iter::repeat_with(|| tries.next(came))
            .take(100)
            .take_while(|next| matches!(next, NextTry::Again { .. }))
            .count()
            + 1
    }

    #[test]
    fn reads_are_repeated_and_writes_are_not() {
        for (came, reads, writes) in [
            (came(200, "{}", None), 1, 1),
            (came(200, r#"{"data": [{"a": 1}, {"#, None), 3, 1),
            (came(200, "", None), 1, 1),
            (came(400, "{", None), 1, 1),
            (came(404, "", None), 1, 1),
            (came(500, "", None), 1, 1),
            (came(501, "", None), 1, 1),
            (came(408, "", None), 3, 1),
            (came(522, "", None), 3, 1),
            (came(502, "", None), 3, 1),
            (came(503, "", None), 3, 1),
            (came(503, "", Some("1")), 3, 1),
            (came(503, "", Some("61")), 1, 1),
            (came(504, "<html>", None), 3, 1),
            (came(429, "", Some("0")), 5, 5),
            (lost(Resendable::No), 1, 1),
            (lost(Resendable::Reads), 3, 1),
            (lost(Resendable::All), 3, 3),
        ] {
            let told = came
                .as_ref()
                .map(|(reply, told)| (reply.status, told.clone()))
                .map_err(|lost| lost.again);
            assert_eq!(sent(Effort::Read, &came), reads, "{told:?}");
            assert_eq!(sent(Effort::Write, &came), writes, "{told:?}");
        }
    }

    #[test]
    fn a_write_that_never_began_waits_until_the_old_connection_is_closed() {
        let mut tries = CallAttempts::of(Effort::Write, Duration::ZERO);
        let next = tries.next(&lost(Resendable::All));
        assert!(matches!(next, NextTry::Again { pause, all: false } if pause >= WRITE_PAUSE));
    }

    #[test]
    fn pauses_grow_and_what_nothing_depends_on_is_not_waited_for() {
        let pause = |tries: &mut CallAttempts, came| match tries.next(&came) {
            NextTry::Again { pause, all } => (pause, all),
            other => panic!("{other:?}"),
        };
        let mut tries = CallAttempts::of(Effort::Read, PAUSE);
        let (first, _) = pause(&mut tries, came(503, "", None));
        let (second, all) = pause(&mut tries, came(502, "", None));
        assert!(
            (PAUSE..PAUSE * 2).contains(&first) && (PAUSE * 2..PAUSE * 4).contains(&second) && !all
        );
        assert_eq!(
            pause(&mut CallAttempts::of(Effort::Read, PAUSE), came(503, "", Some("7"))),
            (Duration::from_secs(7), true)
        );
        for (told, expected) in [("1", (1, false)), ("2", (2, true))] {
            let (pause, all) =
                pause(&mut CallAttempts::of(Effort::Write, PAUSE), came(429, "", Some(told)));
            assert_eq!(
                (pause.as_secs(), all),
                expected,
                "the least that can be told tells nothing of others"
            );
        }
        assert_eq!(
            CallAttempts::of(Effort::Aside, PAUSE).next(&came(503, "", Some("7"))),
            NextTry::Done
        );
        assert_eq!(
            (
                CallAttempts::of(Effort::Aside, PAUSE).longest_wait(),
                CallAttempts::of(Effort::Write, PAUSE).longest_wait()
            ),
            (BRIEF, MAX_WAIT)
        );
    }
}
