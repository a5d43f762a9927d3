//! Spans of time in which nothing changes by time alone: what was counted within one still counts.

use jiff::Timestamp;

/// From the first moment to just before the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    now: Timestamp,
    /// The first moment of the span.
    pub(super) from: Timestamp,
    /// The first moment after it.
    pub(super) until: Timestamp,
}

impl Validity {
    /// All time, seen from `now`.
    pub(super) fn around(now: Timestamp) -> Self {
        Self { now, from: Timestamp::MIN, until: Timestamp::MAX }
    }

    /// Whether a moment is in it.
    pub(super) fn holds(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }

    /// Something changes at a moment: the span that holds `now` ends or begins there.
    pub(super) fn cut(&mut self, at: Option<Timestamp>) {
        match at {
            Some(at) if at <= self.now => self.from = self.from.max(at),
            Some(at) => self.until = self.until.min(at),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_where_something_changes() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut span = Validity::around(at(10));
        for moment in [3, 7, 10, 15, 12, 20] {
            span.cut(Some(at(moment)));
        }
        assert_eq!((span.from, span.until), (at(10), at(12)));
        assert_eq!(
            [9, 10, 11, 12].map(|second| span.holds(at(second))),
            [false, true, true, false]
        );
    }
}
