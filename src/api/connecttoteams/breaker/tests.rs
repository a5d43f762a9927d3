//! When the breaker opens, and when it closes again.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const FIRST: Duration = Duration::from_secs(10);

fn lost() -> Result<(), Fault> {
    Err(Fault::new(FaultKind::Server, "HTTP 500"))
}

fn count() -> BreakerState {
    BreakerState { first: FIRST, lost: 0, open: None }
}

/// So many writes in a row that were lost.
fn lose(count: &mut BreakerState, times: u32, now: Instant) {
    for _ in 0..times {
        count.answered(&lost(), false, now, now);
    }
}

#[test]
fn it_opens_after_so_many_in_a_row_and_a_clear_answer_begins_anew() {
    let now = Instant::now();
    let mut count = count();
    for clear in [Ok(()), Err(Fault::new(FaultKind::Rejected, "no such user"))] {
        lose(&mut count, MOST - 1, now);
        count.answered(&clear, false, now, now);
        assert_eq!((count.lost, count.turn(now)), (0, WriteAdmission::Free));
    }
    lose(&mut count, MOST - 1, now);
    // What never reached it says nothing.
    for kind in [FaultKind::Unreachable, FaultKind::Stopped, FaultKind::Failing] {
        count.answered(&Err(Fault::new(kind, "not sent")), false, now, now);
    }
    assert_eq!(count.turn(now), WriteAdmission::Free);
    lose(&mut count, 1, now);
    let WriteAdmission::Shut(fault) = count.turn(now) else { panic!("{count:?}") };
    assert_eq!(fault.kind, FaultKind::Failing);
    assert!(fault.message.contains("5 writes in a row"), "{fault:?}");
    assert!(fault.hint.is_some_and(|hint| hint.contains("10s")));
}

#[test]
fn it_is_tried_again_after_waits_that_grow() {
    let mut now = Instant::now();
    let mut count = count();
    lose(&mut count, MOST, now);
    // Those that were on their way when it opened neither close it nor make it wait longer.
    lose(&mut count, 3, now);
    count.answered(&Ok(()), false, now - FIRST, now);
    for seconds in [10, 20, 40, 80, 160, 320, 600, 600] {
        let wait = Duration::from_secs(seconds);
        assert!(matches!(
            count.turn(now + wait - Duration::from_millis(1)),
            WriteAdmission::Shut(_)
        ));
        now += wait;
        assert_eq!(count.turn(now), WriteAdmission::Probe, "{seconds}");
        count.answered(&lost(), true, now, now);
    }
    now += LONGEST;
    count.answered(&Ok(()), true, now, now);
    assert_eq!((count.lost, count.turn(now)), (0, WriteAdmission::Free));
}

async fn broken(retry_pause: Duration) -> Breaker {
    let breaker = Breaker::new(retry_pause);
    for _ in 0..MOST {
        let _ = breaker.send(async { lost() }).await;
    }
    breaker
}

#[tokio::test]
async fn while_it_is_open_nothing_is_sent() {
    let breaker = broken(LONGEST).await;
    assert_eq!(breaker.check().map_err(|fault| fault.kind), Err(FaultKind::Failing));
    let sent = AtomicU32::new(0);
    let write = async {
        sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    assert_eq!(breaker.send(write).await.map_err(|fault| fault.kind), Err(FaultKind::Failing));
    assert_eq!(sent.into_inner(), 0);
}

#[tokio::test]
async fn one_write_finds_out_and_all_others_wait_for_it() {
    for works in [false, true] {
        // Its wait is over at once.
        let breaker = broken(Duration::ZERO).await;
        assert_eq!(breaker.check(), Ok(()));
        let running = AtomicU32::new(0);
        let most = AtomicU32::new(0);
        let write = async || {
            let now = running.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(now, Ordering::Relaxed);
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::Relaxed);
            if works { Ok(()) } else { lost() }
        };
        let answers = futures_util::future::join_all((0..4).map(|_| breaker.send(write()))).await;
        assert!(answers.iter().all(|answer| answer.is_ok() == works));
        if !works {
            assert_eq!(most.into_inner(), 1, "one at a time");
        }
        assert_eq!(breaker.check(), Ok(()));
    }
}
