//! Dates of users that are still ahead: what comes next, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{Confirmation, Coverage, DesiredTenant, LiveTenant, Upn};

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
    /// The same, and a whole list shows nobody with that name yet.
    BeginsUnseen,
    /// Calling is off from then on.
    Ends,
    /// The number is the next one's.
    HandsOn,
}

/// What is ahead in a tenant, if anything is.
pub(super) fn ahead(
    desired: &DesiredTenant,
    live: &LiveTenant,
    now: Timestamp,
) -> Option<UpcomingDates> {
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
    let turn = |user: &Upn, turn: DateTurn| match turn {
        DateTurn::Begins if !is_seen(live, user) => DateTurn::BeginsUnseen,
        turn => turn,
    };
    let mut turns: Vec<_> =
        turns.map(|(_, of, user)| (Upn::clone(user), turn(user, *of))).collect();
    turns.sort_by(|(one, at), (other, then)| (at, one).cmp(&(then, other)));
    Some(UpcomingDates { users: users.len(), next, turns })
}

/// Whether anybody shows the user, or may: a list that is cut short proves no absence.
fn is_seen(live: &LiveTenant, user: &Upn) -> bool {
    let in_teams = match &live.confirmation {
        Confirmation::Seen(users, coverage) => {
            users.contains_key(user) || *coverage != Coverage::Complete
        }
        Confirmation::NotAsked | Confirmation::Failed(_) => false,
    };
    live.coverage != Coverage::Complete
        || live.users.contains_key(user)
        || live.beside.not_set_up.contains_key(user)
        || in_teams
}
