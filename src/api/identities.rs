//! The identities that a list has shown, to notice one that comes twice. Pure.
//!
//! **Invariant:** a hash only ever proves that an identity is new. That one was there before is said
//! by a look at all of them, which are kept from the first time on that this may be so.

#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
use std::collections::HashSet;
use std::{collections::BTreeSet, hash::BuildHasher as _};

use foldhash::fast::RandomState;

use crate::model::UserId;

/// The identities so far.
#[derive(Debug, Default)]
#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
pub(super) struct Identities {
    state: RandomState,
    hashes: HashSet<u64, RandomState>,
    all: Option<BTreeSet<UserId>>,
}

impl Identities {
    /// Whether an identity may have been noted.
    pub(super) fn may_have(&self, id: &UserId) -> bool {
        self.hashes.contains(&self.state.hash_one(id))
    }

    /// Whether an identity was noted. `noted` are all that were, and is asked for them once at most.
    pub(super) fn has(&mut self, id: &UserId, noted: impl FnOnce() -> BTreeSet<UserId>) -> bool {
        self.may_have(id) && self.all.get_or_insert_with(noted).contains(id)
    }

    /// Notes an identity.
    pub(super) fn note(&mut self, id: &UserId) {
        self.hashes.insert(self.state.hash_one(id));
        if let Some(all) = &mut self.all {
            all.insert(id.clone());
        }
    }
}
