//! Lines that are missing in the manifests, and from when on that counts.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::Upn;

/// Lines that are missing in the manifests of a tenant. Absent for a moment is not gone: a file may
/// be on its way back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Users who were named before, and the moment from which on their absence counts.
    pub users: BTreeMap<Upn, Timestamp>,
    /// The same for everybody else: nobody has looked at the manifests for long enough to know.
    pub others: Option<Timestamp>,
    /// What the manifests said to guard the tenant's people and do not say now, in words, and the
    /// moment from which on that counts.
    pub guards: Option<(Timestamp, String)>,
    /// Keys of users that are still named: what they said keeps something from being done, and is
    /// not said now. Each with the moment from which on that counts.
    pub keys: BTreeMap<Upn, BTreeMap<&'static str, Timestamp>>,
    /// The tenant's `timeZone` is missing, by which its users' dates were meant, and from when on that
    /// counts.
    pub clocks: Option<Timestamp>,
    /// Why no missing line counts at all, if so.
    pub doubt: Option<Doubt>,
}

impl Missing {
    /// From when on it counts that no manifest names this user; absent: at once.
    #[must_use]
    pub fn counts_from(&self, user: &Upn) -> Option<Timestamp> {
        self.users.get(user).copied().max(self.others)
    }

    /// Each moment from which on something counts.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let guards = self.guards.iter().map(|(counts, _)| *counts);
        let keys = self.keys.values().flat_map(|keys| keys.values().copied());
        let users = self.users.values().copied();
        users.chain(self.others).chain(guards).chain(keys).chain(self.clocks)
    }
}

/// Why a missing line says nothing: something in the folder may hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What is there.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
