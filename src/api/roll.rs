//! Users as a list of them arrives, and what was odd about it: what all readers have in common. Pure.
//!
//! **Invariant:** oddities are never errors and never lose anybody else: the users that were understood are kept, and
//! [`Coverage::Suspect`] says what was noticed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Coverage, LiveUser, Upn, UserId};

/// The most users of one tenant: beyond it, the service is thought to be repeating itself.
const MAX_USERS: usize = 200_000;

/// What an entry of a list turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A user of the tenant.
    User(LiveUser),
    /// Somebody of another tenant, who does not belong into the list.
    Foreign,
    /// An account that is no person: understood, and passed over.
    NoPerson,
    /// Something that names no user.
    Unreadable,
}

/// The users so far.
#[derive(Debug, Default)]
pub(super) struct Roll {
    users: BTreeMap<Upn, LiveUser>,
    identities: BTreeSet<UserId>,
    entries: usize,
    unreadable: usize,
    repeated: usize,
    foreign: usize,
    doubts: Vec<String>,
}

impl Roll {
    /// How many entries came, whatever they were.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// How many users there are.
    pub(super) fn users(&self) -> usize {
        self.users.len()
    }

    /// Takes a page of entries in; whether there is room for more.
    pub(super) fn take(&mut self, entries: impl Iterator<Item = Entry>) -> bool {
        for entry in entries {
            if self.users.len() == MAX_USERS {
                self.doubt(format!("the list was cut at {MAX_USERS} users"));
                return false;
            }
            self.entries += 1;
            match entry {
                Entry::User(user) => self.enter(user),
                Entry::Foreign => self.foreign += 1,
                Entry::NoPerson => {}
                Entry::Unreadable => self.unreadable += 1,
            }
        }
        true
    }

    fn enter(&mut self, user: LiveUser) {
        let known = user.id.as_ref().is_some_and(|id| self.identities.contains(id));
        if known || self.users.contains_key(&user.upn) {
            self.repeated += 1;
            return;
        }
        self.identities.extend(user.id.clone());
        self.users.insert(user.upn.clone(), user);
    }

    /// Notes that users may be missing.
    pub(super) fn doubt(&mut self, what: impl Into<String>) {
        self.doubts.push(what.into());
    }

    /// The users, and whether these are all.
    pub(super) fn finish(mut self) -> (BTreeMap<Upn, LiveUser>, Coverage) {
        if self.users.is_empty() && self.unreadable == 0 {
            self.doubt("the service returned no users at all");
        }
        for (count, what) in [
            (self.unreadable, "without a readable user principal name"),
            (self.repeated, "listed more than once"),
            (self.foreign, "of another tenant"),
        ] {
            match count {
                0 => {}
                1 => self.doubt(format!("1 entry is {what}")),
                n => self.doubt(format!("{n} entries are {what}")),
            }
        }
        let coverage = if self.doubts.is_empty() { Coverage::Complete } else { Coverage::Suspect(summary(&self.doubts)) };
        (self.users, coverage)
    }
}

/// The doubts in one line. Ten thousand pages may each raise one.
fn summary(doubts: &[String]) -> String {
    const SHOWN: usize = 4;
    let mut shown: Vec<String> = doubts.iter().take(SHOWN).cloned().collect();
    if doubts.len() > SHOWN {
        shown.push(format!("and {} more doubts", doubts.len() - SHOWN));
    }
    shown.join("; ")
}
