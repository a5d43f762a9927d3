//! Who said something first: what must be there once is found out with a look at each, not by
//! comparing all.

#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
use std::collections::{HashMap, hash_map::Entry};
use std::{borrow::Borrow, hash::Hash};

use foldhash::fast::RandomState;

/// The first value of each key. Keys are texts from git, so the quickest of hashes will do.
#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
pub(super) struct FirstClaims<K, V>(HashMap<K, V, RandomState>);

impl<K: Hash + Eq, V: Copy> FirstClaims<K, V> {
    /// Room for so many keys.
    #[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
    pub(super) fn of(count: usize) -> Self {
        Self(HashMap::with_capacity_and_hasher(count, RandomState::default()))
    }

    /// Notes a value; the first one, if there is one already, which stays.
    pub(super) fn note(&mut self, key: K, value: V) -> Option<V> {
        match self.0.entry(key) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(entry) => {
                entry.insert(value);
                None
            }
        }
    }

    /// The first value of a key.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_stays() {
        let mut firsts = FirstClaims::of(2);
        assert_eq!(
            [firsts.note("a", 1), firsts.note("b", 2), firsts.note("a", 3)],
            [None, None, Some(1)]
        );
        assert_eq!([firsts.get("a"), firsts.get("b"), firsts.get("c")], [Some(1), Some(2), None]);
    }
}
