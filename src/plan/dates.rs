//! Dates of users that are still ahead: what comes next, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{DesiredTenant, Upn};

/// Dates of users that are still ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// How many users have any.
    pub users: usize,
    /// When the next one comes.
    pub next: Timestamp,
    /// What becomes of whom then.
    pub turns: Vec<(Upn, Turn)>,
}

/// What a date changes for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What is written counts from then on.
    Begins,
    /// Calling is off from then on.
    Ends,
    /// The number is the next one's.
    HandsOn,
}

/// What is ahead in a tenant, if anything is.
pub(super) fn ahead(desired: &DesiredTenant, now: Timestamp) -> Option<Ahead> {
    let of_users = desired.users.values().flat_map(|user| {
        let dates = user.dates();
        let turns = [(dates.from, Turn::Begins), (dates.until, Turn::Ends)];
        turns.into_iter().filter_map(|(at, turn)| Some((at?, turn, &user.upn)))
    });
    let handed = desired.hands_on.iter().map(|(user, at)| (*at, Turn::HandsOn, user));
    let ahead: Vec<_> = of_users.chain(handed).filter(|(at, ..)| *at > now).collect();
    let next = ahead.iter().map(|(at, ..)| *at).min()?;
    let users: BTreeSet<&Upn> = ahead.iter().map(|(.., user)| *user).collect();
    let turns = ahead.iter().filter(|(at, ..)| *at == next);
    let mut turns: Vec<_> = turns.map(|(_, turn, user)| (Upn::clone(user), *turn)).collect();
    turns.sort_by(|(one, at), (other, then)| (at, one).cmp(&(then, other)));
    Some(Ahead { users: users.len(), next, turns })
}
