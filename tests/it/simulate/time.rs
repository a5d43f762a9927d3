//! The made-up time of a world, and the program's clock, which can be set wrong. Each thread has a
//! world of its own at a time.

use std::{
    cell::Cell,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialplane::journal;
use jiff::{SignedDuration, Timestamp};

thread_local! {
    static NOW: Cell<Timestamp> = const { Cell::new(Timestamp::UNIX_EPOCH) };
    static OFFSET: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
    /// The program's clock, for the threads of its store.
    static CLOCK: Arc<Mutex<Timestamp>> = Arc::default();
}

/// Sets the world's time, and by how much the program's clock is off.
fn set_time(now: Timestamp, offset: SignedDuration) {
    NOW.set(now);
    OFFSET.set(offset);
    CLOCK.with(|clock| *clock.lock().unwrap() = now + offset);
}

/// The program's clock, as its store reads it.
pub(super) fn store_clock() -> journal::Clock {
    let clock = CLOCK.with(Arc::clone);
    Arc::new(move || *clock.lock().unwrap())
}

/// A world begins.
pub(super) fn begin() {
    set_time(Timestamp::from_second(1_800_000_000).unwrap(), SignedDuration::ZERO);
}

/// Whether the program's clock is right.
pub(super) fn is_right() -> bool {
    OFFSET.get().is_zero()
}

/// The program's clock is set wrong, or right again.
pub(super) fn set_off(hours: i64) {
    set_time(now(), SignedDuration::from_hours(hours));
}

/// The made-up time of this thread's world.
pub(super) fn now() -> Timestamp {
    NOW.get()
}

/// The time as the program's clock has it, which can be set wrong.
pub(super) fn clock() -> Timestamp {
    now() + OFFSET.get()
}

pub(super) fn pass_time(by: Duration) {
    set_time(now() + by, OFFSET.get());
}

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
