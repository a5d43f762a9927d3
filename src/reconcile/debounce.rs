//! When files that move are read, and when what was read is believed.

use std::time::Duration;

use super::At;

/// Waits until files are quiet, but not for ever.
#[derive(Debug, Clone)]
pub struct Debounce {
    quiet: Duration,
    ceiling: Duration,
    first: Option<At>,
    last: At,
}

impl Debounce {
    /// Files must be quiet for `quiet`; after `ceiling` they are read all the same.
    #[must_use]
    pub fn new(quiet: Duration, ceiling: Duration) -> Self {
        Self { quiet, ceiling, first: None, last: At::ZERO }
    }

    /// Something moved.
    pub fn news(&mut self, now: At) {
        self.first.get_or_insert(now);
        self.last = now;
    }

    /// When to look, if something moved.
    #[must_use]
    pub fn due(&self) -> Option<At> {
        self.first.map(|first| (self.last + self.quiet).min(first + self.ceiling))
    }

    /// Somebody looks now.
    pub fn looked(&mut self) {
        self.first = None;
    }
}

/// Believes a tree when two looks agree: the first may have met half a checkout.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    taken: Option<[u8; 32]>,
    candidate: Option<[u8; 32]>,
}

/// What to do with a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It says what is in force already.
    Same,
    /// It is new: look once more after a quiet while.
    Again,
    /// It is new and was seen twice.
    Take,
}

impl Looks {
    /// Judges a look by its digest.
    pub fn judge(&mut self, digest: [u8; 32]) -> Look {
        if self.taken == Some(digest) {
            self.candidate = None;
            return Look::Same;
        }
        if self.candidate.replace(digest) == Some(digest) {
            self.candidate = None;
            self.taken = Some(digest);
            return Look::Take;
        }
        Look::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_never_rest_are_read_at_the_ceiling() {
        let second = Duration::from_secs;
        let mut debounce = Debounce::new(second(1), second(5));
        assert_eq!(debounce.due(), None);
        debounce.news(second(10));
        assert_eq!(debounce.due(), Some(second(11)));
        for now in 10..20 {
            debounce.news(second(now));
        }
        assert_eq!(debounce.due(), Some(second(15)));
        debounce.looked();
        assert_eq!(debounce.due(), None);
    }

    #[test]
    fn a_tree_is_believed_when_two_looks_agree() {
        let mut looks = Looks::default();
        let seen = [1, 1, 1, 2, 3, 3, 1, 3].map(|byte| looks.judge([byte; 32]));
        assert_eq!(
            seen,
            [
                Look::Again,
                Look::Take,
                Look::Same,
                Look::Again,
                Look::Again,
                Look::Take,
                Look::Again,
                Look::Same
            ]
        );
    }
}
