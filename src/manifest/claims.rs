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
    sync::LazyLock,
};

use foldhash::fast::RandomState;

/// The first value of each key. Keys are texts from git, so the quickest of hashes will do.
#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
pub(super) struct Claims<K, V>(HashMap<K, V, RandomState>);

impl<K: Hash + Eq, V: Copy> Claims<K, V> {
    /// With room for so many keys.
    #[expect(clippy::disallowed_types, reason = "it is only asked: nobody can walk over it")]
    pub(super) fn of(count: usize) -> Self {
        Self(HashMap::with_capacity_and_hasher(count, RandomState::default()))
    }

    /// Notes a value; the first one, if there is one already, which stays.
    pub(super) fn note(&mut self, key: &K, value: V) -> Option<V>
    where
        K: Clone,
    {
        match self.0.entry(key.clone()) {
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

/// All hashes of a process can be compared with each other, so they can be kept.
static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// What is kept of a key.
pub(super) fn hash(key: &impl Hash) -> u64 {
    STATE.hash_one(key)
}

/// Keys of which nothing is kept but a hash.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashes {
    hashes: Vec<u64>,
}

impl Hashes {
    /// Notes a key.
    pub(super) fn note(&mut self, key: &impl Hash) {
        self.hashes.push(hash(key));
    }

    /// Notes all keys of others.
    pub(super) fn add(&mut self, others: &Self) {
        self.hashes.extend_from_slice(&others.hashes);
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
        assert!(hashes.has(hash(&7)) && !hashes.has(hash(&1000)));
        let mut others = Hashes::default();
        others.note(&1000);
        hashes.add(&others);
        assert!(hashes.are_once() && hashes.has(hash(&1000)));
        hashes.note(&7);
        assert!(!hashes.are_once());
    }
}
