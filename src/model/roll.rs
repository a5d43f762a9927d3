//! The users of a tenant whom a manifest has named while they were visible, at rest: there may be as
//! many as there are users, and they hardly ever change.
//!
//! **Invariant:** it says what a map by name would say after the same changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    Managed, RememberedUser, Upn, UserId,
    packed::{Pack, Packed, PackedColumn, PackedReader, PackedWriter},
};

/// Users who rest together, at most: to find one of them, all are read.
const MOST: usize = 128;

/// The users whom a manifest has named while they were visible.
#[derive(Clone, Default)]
pub struct Roll {
    /// Each is behind the one before it by name, and none is empty.
    parts: Vec<RollChunk>,
}

/// Some users in a row.
#[derive(Clone)]
struct RollChunk {
    first: Upn,
    rows: Packed<RollEntry>,
}

/// One user.
struct RollEntry(Upn, RememberedUser);

impl Roll {
    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (Upn, RememberedUser)> + '_ {
        self.parts.iter().flat_map(RollChunk::users)
    }

    /// What is known of a user.
    #[must_use]
    pub fn get(&self, user: &Upn) -> Option<RememberedUser> {
        let behind = self.parts.partition_point(|part| part.first <= *user);
        let mut rows = self.parts.get(behind.checked_sub(1)?)?.users();
        rows.find(|(upn, _)| upn == user).map(|(_, known)| known)
    }

    /// Whether a user is among them.
    #[must_use]
    pub fn contains(&self, user: &Upn) -> bool {
        self.get(user).is_some()
    }

    /// These users are managed from now on. The same person under an earlier name is forgotten there.
    pub fn enter(&mut self, users: &[Managed]) {
        let ids: BTreeSet<&str> =
            users.iter().filter_map(|user| user.id.as_ref()).map(UserId::as_str).collect();
        self.forget(&ids);
        let mut news = BTreeMap::new();
        for Managed { user, id } in users {
            news.insert(user.clone(), RememberedUser { id: id.clone(), vanished: false });
        }
        self.change(news);
    }

    /// These are no longer visible, whoever of them is here.
    pub fn vanish(&mut self, users: &[Upn]) {
        let vanished = |user: &Upn| {
            let known = RememberedUser { vanished: true, ..self.get(user)? };
            Some((user.clone(), known))
        };
        let news = users.iter().filter_map(vanished).collect();
        self.change(news);
    }

    /// Forgets those with one of these identities.
    fn forget(&mut self, ids: &BTreeSet<&str>) {
        if ids.is_empty() {
            return;
        }
        let is_meant =
            |known: &RememberedUser| known.id.as_ref().is_some_and(|id| ids.contains(id.as_str()));
        let mut kept = Vec::with_capacity(self.parts.len());
        for part in std::mem::take(&mut self.parts) {
            if part.rows.each(|eye| RollEntry::has_id(eye, ids)).any(|has| has) {
                kept.extend(RollChunk::of(part.users().filter(|(_, known)| !is_meant(known))));
            } else {
                kept.push(part);
            }
        }
        self.parts = kept;
    }

    /// Takes these in, each where its name belongs.
    fn change(&mut self, news: BTreeMap<Upn, RememberedUser>) {
        if news.is_empty() {
            return;
        }
        let mut news = news.into_iter().peekable();
        let mut former = std::mem::take(&mut self.parts).into_iter().peekable();
        if former.peek().is_none() {
            self.parts = RollChunk::of(news);
            return;
        }
        while let Some(part) = former.next() {
            let end = former.peek().map(|next| next.first.clone());
            let is_here = |upn: &Upn| end.as_ref().is_none_or(|end| upn < end);
            let mut own = Vec::new();
            while let Some(one) = news.next_if(|(upn, _)| is_here(upn)) {
                own.push(one);
            }
            if own.is_empty() {
                self.parts.push(part);
            } else {
                let mut users: BTreeMap<Upn, RememberedUser> = part.users().collect();
                users.extend(own);
                self.parts.extend(RollChunk::of(users.into_iter()));
            }
        }
    }
}

impl RollChunk {
    /// Users in a row as even parts, none of them too long.
    fn of(users: impl Iterator<Item = (Upn, RememberedUser)>) -> Vec<Self> {
        let rows: Vec<RollEntry> = users.map(|(upn, known)| RollEntry(upn, known)).collect();
        let even = rows.len().div_ceil(rows.len().div_ceil(MOST).max(1)).max(1);
        let part = |rows: &[RollEntry]| {
            Some(Self { first: rows.first()?.0.clone(), rows: rows.iter().collect() })
        };
        rows.chunks(even).filter_map(part).collect()
    }

    fn users(&self) -> impl Iterator<Item = (Upn, RememberedUser)> + '_ {
        self.rows.iter().map(|RollEntry(upn, known)| (upn, known))
    }
}

const HAS_ID: u8 = 1;
const VANISHED: u8 = 1 << 1;

impl RollEntry {
    /// Passes over one; whether it has one of these identities.
    fn has_id(eye: &mut PackedReader<'_>, ids: &BTreeSet<&str>) -> bool {
        let bits = eye.byte();
        eye.name(PackedColumn::Upn);
        bits & HAS_ID != 0 && ids.contains(&*eye.name(PackedColumn::Id))
    }
}

impl Pack for RollEntry {
    fn pack(&self, pen: &mut PackedWriter) {
        let Self(upn, RememberedUser { id, vanished }) = self;
        let has_id = if id.is_some() { HAS_ID } else { 0 };
        pen.byte(has_id | if *vanished { VANISHED } else { 0 });
        pen.name(PackedColumn::Upn, upn.as_str());
        if let Some(id) = id {
            pen.name(PackedColumn::Id, id.as_str());
        }
    }

    fn unpack(eye: &mut PackedReader<'_>) -> Self {
        let bits = eye.byte();
        let upn = Upn::known(eye.name(PackedColumn::Upn).as_ref());
        let id = (bits & HAS_ID != 0).then(|| UserId::known(eye.name(PackedColumn::Id).as_ref()));
        Self(upn, RememberedUser { id, vanished: bits & VANISHED != 0 })
    }
}

impl FromIterator<(Upn, RememberedUser)> for Roll {
    fn from_iter<I: IntoIterator<Item = (Upn, RememberedUser)>>(users: I) -> Self {
        let users: BTreeMap<Upn, RememberedUser> = users.into_iter().collect();
        Self { parts: RollChunk::of(users.into_iter()) }
    }
}

impl PartialEq for Roll {
    fn eq(&self, other: &Self) -> bool {
        let is_like = |(one, other): (&RollChunk, &RollChunk)| one.rows.is_like(&other.rows);
        let are_like = self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(is_like);
        are_like || self.iter().eq(other.iter())
    }
}

impl Eq for Roll {}

impl fmt::Debug for Roll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
