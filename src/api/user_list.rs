//! Users as a list of them arrives, and what was odd about it: what all readers have in common.
//! Pure.
//!
//! **Invariant:** oddities are never errors and never lose anybody else: the users that were
//! understood are kept, and [`Coverage::Suspect`] says what was noticed.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    mem::take,
};

use super::identities::Identities;
use crate::{
    model::{
        Coverage, HeldNumber, ListExtras, LivePhone, LiveUser, Roster, UnmatchedPlace, Upn, UserId,
        packed::Packing,
    },
    words::clauses,
};

/// The most users of one tenant: beyond it, the service is thought to be repeating itself.
const MAX_USERS: usize = 200_000;
/// Doubts that are told; of more, only the count.
const SHOWN: usize = 4;

/// A list of users that has arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedUserList {
    /// The users.
    pub users: Roster<LiveUser>,
    /// What is beside them.
    pub beside: ListExtras,
    /// Why these may not be all; empty if they are.
    pub doubts: Vec<String>,
}

impl ReceivedUserList {
    /// Whether these are all.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        if self.doubts.is_empty() {
            Coverage::Complete
        } else {
            Coverage::Suspect(summary(&self.doubts))
        }
    }
}

/// An entry of a list, and the numbers that it holds otherwise than as the primary one of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserListItem {
    pub(super) entry: Entry,
    pub(super) numbers: Vec<HeldNumber>,
}

/// What an entry of a list turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A user of the tenant.
    User(LiveUser),
    /// A user of the tenant with the Call App.
    CallApp(LiveUser),
    /// A user of the tenant who is not set up at the service.
    NotSetUp(LiveUser),
    /// Somebody of another tenant, who does not belong in the list.
    Foreign,
    /// An account that is not a person: understood, and passed over.
    NoPerson,
    /// Nobody of Teams: without a name, with calling off and without a number.
    Nameless,
    /// Something that may be a user.
    Unreadable(OddEntry),
}

/// Why an entry may be a user and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OddEntry {
    /// It names nobody.
    Name,
    /// It should say of which tenant it is, and does not.
    Tenant,
    /// It is not known what it is; in words, with its name.
    Account(String),
}

/// The users so far.
#[derive(Debug, Default)]
pub(super) struct UserList {
    /// All of them, at rest, as long as they come in the order of their names, as most services list
    /// them.
    row: Packing<LiveUser>,
    /// The last of these.
    last: Option<LiveUser>,
    /// All of them otherwise.
    others: BTreeMap<Upn, LiveUser>,
    identities: Identities,
    /// Those of them with the Call App.
    call_app: BTreeSet<Upn>,
    beside: ListExtras,
    entries: usize,
    unnamed: usize,
    of_no_tenant: usize,
    accounts: Vec<String>,
    repeated: usize,
    foreign: usize,
    doubts: Vec<String>,
}

impl UserList {
    /// How many entries came, whatever they were.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// How many users there are.
    pub(super) fn users(&self) -> usize {
        self.row.len() + self.others.len()
    }

    /// Takes a page of entries in; whether there is room for more.
    pub(super) fn take(&mut self, items: impl Iterator<Item = UserListItem>) -> bool {
        for UserListItem { entry, numbers } in items {
            if self.users() == MAX_USERS {
                self.doubt(format!("the list was cut at {MAX_USERS} users"));
                return false;
            }
            self.entries += 1;
            match entry {
                Entry::User(user) => self.enter(user),
                Entry::CallApp(user) => {
                    self.call_app.insert(user.upn.clone());
                    self.enter(user);
                }
                Entry::NotSetUp(user) => drop(self.beside.not_set_up.insert(user)),
                Entry::Foreign => self.foreign += 1,
                Entry::NoPerson => {}
                Entry::Nameless => self.beside.nameless += 1,
                Entry::Unreadable(OddEntry::Name) => self.unnamed += 1,
                Entry::Unreadable(OddEntry::Tenant) => self.of_no_tenant += 1,
                Entry::Unreadable(OddEntry::Account(what)) => self.accounts.push(what),
            }
            self.beside.numbers.extend(numbers);
        }
        true
    }

    fn enter(&mut self, user: LiveUser) {
        let by_id = user.id.as_ref().is_some_and(|id| self.is_known(id));
        let order = self.last.as_ref().map(|last| last.upn.cmp(&user.upn));
        let is_next = self.others.is_empty() && order.is_none_or(Ordering::is_lt);
        if !is_next && order != Some(Ordering::Equal) {
            self.look_at_all();
        }
        let known = match order {
            _ if is_next => None,
            Some(Ordering::Equal) => self.last.as_ref(),
            _ => self.others.get(&user.upn),
        };
        let same = known.map(|known| known.phone() == user.phone());
        let contradicts = known.is_some_and(|known| known.calling != user.calling);
        if by_id || same.is_some() {
            self.repeated += 1;
            let number =
                if same == Some(true) { None } else { number_of(&user, "listed more than once") };
            self.beside.numbers.extend(number);
            if contradicts {
                self.contradict(&user);
            }
            return;
        }
        if let Some(id) = &user.id {
            self.identities.note(id);
        }
        if is_next {
            self.row.push_named(&user);
            self.last = Some(user);
        } else {
            self.others.insert(user.upn.clone(), user);
        }
    }

    /// Whether somebody with this identity is among the users.
    fn is_known(&mut self, id: &UserId) -> bool {
        if !self.identities.may_have(id) {
            return false;
        }
        self.look_at_all();
        let noted = self.others.values().filter_map(|user| user.id.clone());
        self.identities.has(id, || noted.collect())
    }

    /// Of somebody who is listed with calling and without it is not known which is so.
    fn contradict(&mut self, user: &LiveUser) {
        self.look_at_all();
        if let Some(known) = self.others.get_mut(&user.upn) {
            known.calling = known.calling.beside(&user.calling);
        }
    }

    /// Somebody came out of order: from now on each has to be found.
    fn look_at_all(&mut self) {
        self.last = None;
        let row = take(&mut self.row).finish();
        self.others.extend(row.iter().map(|user| (user.upn.clone(), user)));
    }

    /// Notes that users may be missing.
    pub(super) fn doubt(&mut self, what: impl Into<String>) {
        self.doubts.push(what.into());
    }

    /// Notes that the entries say who has the Call App.
    pub(super) fn tell_the_call_app(&mut self) {
        self.beside.call_app = Some(take(&mut self.call_app));
    }

    /// What arrived. `unmatched` are places of the settings that no entry had.
    pub(super) fn finish(mut self, unmatched: Vec<UnmatchedPlace>) -> ReceivedUserList {
        let odd = self.unnamed + self.of_no_tenant + self.accounts.len();
        if self.users() == 0 && odd == 0 && self.beside.not_set_up.is_empty() {
            self.doubt("the service returned no users at all");
        }
        for (count, one, several) in [
            (
                self.unnamed,
                "is without a readable user principal name",
                "are without a readable user principal name",
            ),
            (
                self.of_no_tenant,
                "does not say of which tenant it is",
                "do not say of which tenant they are",
            ),
            (self.repeated, "is listed more than once", "are listed more than once"),
            (self.foreign, "is of another tenant", "are of another tenant"),
        ] {
            match count {
                0 => {}
                1 => self.doubt(format!("1 entry {one}")),
                n => self.doubt(format!("{n} entries {several}")),
            }
        }
        self.doubts.append(&mut self.accounts);
        self.beside.unmatched = unmatched;
        for user in self.others.values() {
            self.row.push_named(user);
        }
        ReceivedUserList {
            users: Roster::at_rest(self.row.finish()),
            beside: self.beside,
            doubts: self.doubts,
        }
    }
}

/// The number of a user who is not among those that are compared.
pub(super) fn number_of(user: &LiveUser, held_as: &str) -> Option<HeldNumber> {
    let number = match user.phone() {
        LivePhone::Number(number) => Ok(number.clone()),
        LivePhone::Unread(unread) => Err(unread.clone()),
        LivePhone::Nothing | LivePhone::NotShown => return None,
    };
    Some(HeldNumber { holder: user.upn.as_str().into(), held_as: held_as.into(), number })
}

/// The doubts in one line. Ten thousand pages may each raise one.
fn summary(doubts: &[String]) -> String {
    clauses(SHOWN, doubts, "doubt")
}
