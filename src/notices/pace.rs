//! When a receiver may be sent something: not too often, and not at once after it failed.

use std::time::Duration;

use jiff::Timestamp;

/// A notice every so often on average.
const EACH: Duration = Duration::from_secs(10);
/// So many may come in a row.
const BURST: u32 = 5;
/// The waits after one failure, two and so on; the last one from then on.
const WAITS: [u64; 6] = [5, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600];

/// How one receiver is sent something.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReceiverPace {
    /// When the average would be kept again (the cell rate algorithm of traffic shapers).
    due: Option<Timestamp>,
    /// How often in a row it failed.
    failures: usize,
    /// Until when nothing is tried.
    until: Option<Timestamp>,
    /// Whether nothing is sent to it any more.
    over: bool,
}

impl ReceiverPace {
    /// From when on it may be sent something; nothing if never.
    pub(super) fn free_at(&self, at: Timestamp) -> Option<Timestamp> {
        let early = self.due.and_then(|due| due.checked_sub(EACH * (BURST - 1)).ok());
        (!self.over).then(|| [early, self.until].into_iter().flatten().fold(at, Ord::max))
    }

    /// It is sent something now.
    pub(super) fn sent(&mut self, at: Timestamp) {
        self.due = self.due.map_or(at, |due| due.max(at)).checked_add(EACH).ok();
    }

    /// It took it. Tells how often it had failed before.
    pub(super) fn took(&mut self) -> usize {
        self.until = None;
        std::mem::take(&mut self.failures)
    }

    /// It did not, and asks for a wait, if so; `jitter` is between 0 and 1. Tells how long nothing
    /// is tried.
    pub(super) fn failed(
        &mut self,
        at: Timestamp,
        asked: Option<Duration>,
        jitter: f64,
    ) -> Duration {
        let wait = WAITS[self.failures.min(WAITS.len() - 1)];
        let wait = Duration::from_secs(wait).mul_f64(0.9 + 0.2 * jitter);
        let wait = asked.map_or(wait, |asked| wait.max(asked));
        self.failures += 1;
        self.until = at.checked_add(wait).ok();
        wait
    }

    /// It is never sent anything again.
    pub(super) fn end(&mut self) {
        self.over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn seconds(pace: &ReceiverPace) -> i64 {
        pace.free_at(AT).unwrap().duration_since(AT).as_secs()
    }

    #[test]
    fn a_few_may_come_in_a_row_and_then_one_every_ten_seconds() {
        let mut pace = ReceiverPace::default();
        let waits: Vec<i64> = (0..8)
            .map(|_| {
                let wait = seconds(&pace);
                pace.sent(AT);
                wait
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 10, 20, 30]);
    }

    #[test]
    fn each_failure_waits_longer_and_one_success_forgets_them() {
        let mut pace = ReceiverPace::default();
        let waits: Vec<u64> = (0..7).map(|_| pace.failed(AT, None, 0.5).as_secs()).collect();
        assert_eq!(waits, [5, 60, 300, 1800, 7200, 21600, 21600]);
        assert_eq!(pace.took(), 7);
        assert_eq!(seconds(&pace), 0, "whatever clock it waited by");
        let asked = Some(Duration::from_secs(90));
        assert_eq!(pace.failed(AT, asked, 0.0), Duration::from_secs(90), "it asks for longer");
        assert_eq!(seconds(&pace), 90);
        pace.end();
        assert_eq!(pace.free_at(AT), None);
    }
}
