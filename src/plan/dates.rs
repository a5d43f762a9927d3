//! Dates of users that are still ahead: what comes next, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{DesiredTenant, Upn};

/// Dates of users that are still ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpcomingDates {
    /// How many users have any.
    pub users: usize,
    /// When the next one comes.
    pub next: Timestamp,
    /// What becomes of whom then.
    pub turns: Vec<(Upn, DateTurn)>,
}

/// What a date changes for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateTurn {
    /// What is written counts from then on.
    Begins,
    /// Calling is off from then on.
    Ends,
    /// The number is the next one's.
    HandsOn,
}

/// What is ahead in a tenant, if anything is.
pub(super) fn ahead(desired: &DesiredTenant, now: Timestamp) -> Option<UpcomingDates> {
    let of_users = desired.users.values().flat_map(|user| {
        let dates = user.dates();
        let turns = [(dates.from, DateTurn::Begins), (dates.until, DateTurn::Ends)];
        turns.into_iter().filter_map(|(at, turn)| Some((at?, turn, &user.upn)))
    });
    let handed = desired.hands_on.iter().map(|(user, at)| (*at, DateTurn::HandsOn, user));
    let ahead: Vec<_> = of_users.chain(handed).filter(|(at, ..)| *at > now).collect();
    let next = ahead.iter().map(|(at, ..)| *at).min()?;
    let users: BTreeSet<&Upn> = ahead.iter().map(|(.., user)| *user).collect();
    let turns = ahead.iter().filter(|(at, ..)| *at == next);
    let mut turns: Vec<_> = turns.map(|(_, turn, user)| (Upn::clone(user), *turn)).collect();
    turns.sort_by(|(one, at), (other, then)| (at, one).cmp(&(then, other)));
    Some(UpcomingDates { users: users.len(), next, turns })
}
