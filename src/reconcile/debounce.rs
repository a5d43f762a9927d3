//! When files that move are read, and when what was read is believed.

use std::time::Duration;

use super::At;

/// Which part of the quiet while passes before a first look at files that have moved.
const EARLY: u32 = 10;

/// Waits until files are quiet, but not for ever.
#[derive(Debug, Clone)]
pub struct Debounce {
    quiet: Duration,
    ceiling: Duration,
    first: Option<At>,
    last: At,
    /// Something moved since the last look.
    unseen: bool,
    /// When that was.
    looked: Option<At>,
}

/// When a look is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookTiming {
    /// While files may still move: what it sees is read, and not yet believed.
    Early,
    /// After files were quiet, or have moved for too long.
    Quiet,
}

impl Debounce {
    /// Files must be quiet for `quiet`; after `ceiling` they are read all the same.
    #[must_use]
    pub fn new(quiet: Duration, ceiling: Duration) -> Self {
        Self { quiet, ceiling, first: None, last: At::ZERO, unseen: false, looked: None }
    }

    /// Something moved.
    pub fn news(&mut self, now: At) {
        self.first.get_or_insert(now);
        self.last = now;
        self.unseen = true;
    }

    /// What was seen must be seen once more, when files were quiet for a while from now on.
    pub fn again(&mut self, now: At) {
        if self.first.is_none() {
            self.first = Some(now);
            self.last = now;
        }
    }

    /// When to look, if something moved: as soon as it seems to be over, but no more often than
    /// each quiet while, and when it is.
    #[must_use]
    pub fn due(&self) -> Option<At> {
        let quiet = self.quiet_at()?;
        if !self.unseen {
            return Some(quiet);
        }
        let next = self.looked.map_or(At::ZERO, |looked| looked + self.quiet);
        Some((self.last + self.quiet / EARLY).max(next).min(quiet))
    }

    /// Somebody looks now.
    pub fn looked(&mut self, now: At) -> LookTiming {
        self.unseen = false;
        self.looked = Some(now);
        if self.quiet_at().is_some_and(|quiet| now < quiet) {
            return LookTiming::Early;
        }
        self.first = None;
        LookTiming::Quiet
    }

    fn quiet_at(&self) -> Option<At> {
        self.first.map(|first| (self.last + self.quiet).min(first + self.ceiling))
    }
}

/// Believes a tree when two looks agree: the first may have met half a checkout. If anything is
/// missing in it, or it may be half written, both must have met quiet files.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    taken: Option<[u8; 32]>,
    candidate: Option<([u8; 32], LookTiming)>,
}

/// How far one look can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It may have met half of what is being written.
    Little,
    /// It takes nothing away from anybody, so a look that met files too early could do no harm.
    Whole,
    /// What is new in it is whole by construction.
    Proven,
}

/// What to do with a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookDecision {
    /// It says what is in force already.
    Same,
    /// It is new: look once more after a quiet while.
    Again,
    /// It is new and was seen twice.
    Take,
}

impl Looks {
    /// The digest of what is in force.
    #[must_use]
    pub fn taken(&self) -> Option<[u8; 32]> {
        self.taken
    }

    /// Judges a look by its digest.
    pub fn judge(&mut self, digest: [u8; 32], sight: LookTiming, trust: Trust) -> LookDecision {
        if self.taken == Some(digest) {
            self.candidate = None;
            return LookDecision::Same;
        }
        let before = self.candidate.filter(|(candidate, _)| *candidate == digest);
        let before = before.map(|(_, sight)| sight);
        let is_whole = trust == Trust::Whole;
        let is_believed = sight == LookTiming::Quiet
            && (before == Some(LookTiming::Quiet) || before.is_some() && is_whole);
        if is_believed || trust == Trust::Proven {
            self.candidate = None;
            self.taken = Some(digest);
            return LookDecision::Take;
        }
        let kept = before.filter(|before| *before == LookTiming::Quiet).unwrap_or(sight);
        self.candidate = Some((digest, kept));
        LookDecision::Again
    }
}

#[cfg(test)]
mod tests {
    use super::{
        LookTiming::{Early, Quiet},
        *,
    };

    fn at(milliseconds: u64) -> At {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn files_that_never_rest_are_read_at_the_ceiling() {
        let mut debounce = Debounce::new(at(1000), at(5000));
        assert_eq!(debounce.due(), None);
        for tenths in 100..150 {
            debounce.news(at(tenths * 100 - 50));
            debounce.news(at(tenths * 100));
        }
        assert_eq!(debounce.due(), Some(at(14_950)), "the first news came at 9950");
        assert_eq!(debounce.looked(at(14_950)), Quiet);
        assert_eq!(debounce.due(), None);
    }

    #[test]
    fn a_first_look_comes_early_and_the_quiet_one_when_nothing_has_moved_for_long_enough() {
        let mut debounce = Debounce::new(at(500), at(5000));
        debounce.news(at(1000));
        assert_eq!(debounce.due(), Some(at(1050)));
        assert_eq!(debounce.looked(at(1050)), Early);
        debounce.again(at(1060));
        assert_eq!(debounce.due(), Some(at(1500)));
        debounce.news(at(1100));
        assert_eq!(debounce.due(), Some(at(1550)), "one look each quiet while");
        assert_eq!(debounce.looked(at(1550)), Early);
        debounce.again(at(1560));
        assert_eq!(debounce.due(), Some(at(1600)));
        assert_eq!(debounce.looked(at(1600)), Quiet);
        debounce.again(at(1620));
        assert_eq!(debounce.due(), Some(at(2120)));
        assert_eq!(debounce.looked(at(2120)), Quiet);
        assert_eq!(debounce.due(), None);
    }

    #[test]
    fn a_tree_is_believed_when_two_quiet_looks_agree() {
        let mut looks = Looks::default();
        let seen =
            [1, 1, 1, 2, 3, 3, 1, 3].map(|byte| looks.judge([byte; 32], Quiet, Trust::Little));
        assert_eq!(
            seen,
            [
                LookDecision::Again,
                LookDecision::Take,
                LookDecision::Same,
                LookDecision::Again,
                LookDecision::Again,
                LookDecision::Take,
                LookDecision::Again,
                LookDecision::Same
            ]
        );
    }

    #[test]
    fn an_early_look_counts_only_where_nothing_is_missing() {
        let judged = |sights: &[LookTiming], trust| {
            let mut looks = Looks::default();
            let judge = |sight: &LookTiming| looks.judge([1; 32], *sight, trust);
            sights.iter().map(judge).collect::<Vec<_>>()
        };
        assert_eq!(
            judged(&[Early, Early, Quiet], Trust::Whole),
            [LookDecision::Again, LookDecision::Again, LookDecision::Take]
        );
        assert_eq!(
            judged(&[Early, Quiet, Quiet], Trust::Little),
            [LookDecision::Again, LookDecision::Again, LookDecision::Take]
        );
        assert_eq!(
            judged(&[Quiet, Early, Early, Quiet], Trust::Little),
            [LookDecision::Again, LookDecision::Again, LookDecision::Again, LookDecision::Take]
        );
        assert_eq!(judged(&[Early], Trust::Proven), [LookDecision::Take]);
    }
}
