//! Who said something first: what must be there once is found out with a look at each, not by
//! comparing all.
//!
//! **Invariant:** hashes only ever prove that nothing is there twice. That something is, is said by
//! who compared it.

#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
use std::collections::{HashMap, hash_map::Entry};
use std::{
    borrow::Borrow,
    hash::{BuildHasher as _, Hash},
};

use foldhash::fast::RandomState;

/// The first value of each key. Keys are texts from git, so the quickest of hashes will do.
#[derive(Debug)]
pub(super) enum Claims<K, V> {
    /// Keys alone, to see whether any is there twice.
    Hashes(Hashes),
    /// The first value of each.
    #[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
    First(HashMap<K, V, RandomState>),
}

impl<K: Hash + Eq, V: Copy> Claims<K, V> {
    /// Keys alone.
    pub(super) fn hashes() -> Self {
        Self::Hashes(Hashes::default())
    }

    /// First values, with room for so many keys.
    #[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
    pub(super) fn of(count: usize) -> Self {
        Self::First(HashMap::with_capacity_and_hasher(count, RandomState::default()))
    }

    /// Notes a value; the first one, if there is one already and it is known, which stays.
    pub(super) fn note(&mut self, key: &K, value: V) -> Option<V>
    where
        K: Clone,
    {
        match self {
            Self::Hashes(hashes) => {
                hashes.note(key);
                None
            }
            Self::First(first) => match first.entry(key.clone()) {
                Entry::Occupied(first) => Some(*first.get()),
                Entry::Vacant(entry) => {
                    entry.insert(value);
                    None
                }
            },
        }
    }

    /// The first value of a key, if it is known.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Hashes(_) => None,
            Self::First(first) => first.get(key).copied(),
        }
    }

    /// Whether each key was noted once, as far as that is plain.
    pub(super) fn are_once(&mut self) -> bool {
        match self {
            Self::Hashes(hashes) => hashes.are_once(),
            Self::First(_) => false,
        }
    }
}

/// Keys of which nothing is kept but a hash.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    state: RandomState,
    hashes: Vec<u64>,
}

impl Hashes {
    /// Notes a key.
    pub(super) fn note(&mut self, key: &impl Hash) {
        self.hashes.push(self.hash(key));
    }

    /// What is kept of a key.
    pub(super) fn hash(&self, key: &impl Hash) -> u64 {
        self.state.hash_one(key)
    }

    /// Whether each key was noted once: no two have one hash.
    pub(super) fn are_once(&mut self) -> bool {
        self.hashes.sort_unstable();
        self.hashes.is_sorted_by(|one, next| one < next)
    }

    /// Whether a key with this hash may have been noted, after a look whether each was noted once.
    pub(super) fn has(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_stays() {
        let mut firsts = Claims::of(2);
        assert_eq!(
            [firsts.note(&"a", 1), firsts.note(&"b", 2), firsts.note(&"a", 3)],
            [None, None, Some(1)]
        );
        assert_eq!([firsts.get("a"), firsts.get("b"), firsts.get("c")], [Some(1), Some(2), None]);
    }

    #[test]
    fn hashes_tell_whether_anything_is_there_twice() {
        let mut hashes = Hashes::default();
        (0..1000).for_each(|number| hashes.note(&number));
        assert!(hashes.are_once());
        assert!(hashes.has(hashes.hash(&7)) && !hashes.has(hashes.hash(&1000)));
        hashes.note(&7);
        assert!(!hashes.are_once());
    }
}
