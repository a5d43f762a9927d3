//! Rounds: what tenants have in common that the service works on at one time, so that people can
//! look back at it, and take it back, as one thing.

use std::time::Duration;

use crate::{model::PassId, pass, reconcile::At};

/// The longest a round takes in new tenants: in a large fleet some tenant is always worked on.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The round under way.
#[derive(Debug, Default)]
pub(super) struct Rounds(Option<(PassId, At)>);

impl Rounds {
    /// The round of a tenant whose turn begins now. `busy`: others are worked on.
    pub(super) fn now(&mut self, busy: bool, now: At) -> PassId {
        match &self.0 {
            Some((round, began)) if busy && now.saturating_sub(*began) < LONGEST => round.clone(),
            _ => {
                let round = pass::pass_id();
                self.0 = Some((round.clone(), now));
                round
            }
        }
    }

    /// What begins from now on is another round: other manifests are in force.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_ends_when_nobody_is_worked_on_or_manifests_change_or_after_a_while() {
        let mut rounds = Rounds::default();
        let at = Duration::from_secs;
        let first = rounds.now(false, at(0));
        assert_eq!(rounds.now(true, at(10)), first);
        let second = rounds.now(false, at(20));
        assert_ne!(second, first, "nobody was worked on any more");
        rounds.end();
        let third = rounds.now(true, at(30));
        assert_ne!(third, second, "other manifests");
        assert_eq!(rounds.now(true, at(31)), third);
        assert_ne!(rounds.now(true, at(30) + LONGEST), third, "not for ever");
    }
}
