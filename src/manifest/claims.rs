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
    fn add(&mut self, others: &Self) {
        self.hashes.extend_from_slice(&others.hashes);
    }

    /// Whether each key was noted once: no two have one hash.
    pub(super) fn are_once(&mut self) -> bool {
        self.hashes.sort_unstable();
        self.hashes.is_sorted_by(|one, next| one < next)
    }

    /// Whether a key with this hash may have been noted, after a look whether each was noted once.
    fn has(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }
}

/// Keys from many places. Those that were compared with each other before are only compared with the
/// new ones, so a change of few costs a look at all and no sorting of them.
#[derive(Debug, Default)]
pub(super) struct HashesTogether<'h> {
    compared: Vec<&'h Hashes>,
    new: Hashes,
}

impl<'h> HashesTogether<'h> {
    /// Adds keys that were noted once among all that are added so.
    pub(super) fn add_compared(&mut self, hashes: &'h Hashes) {
        self.compared.push(hashes);
    }

    /// Adds keys that nobody has compared.
    pub(super) fn add(&mut self, hashes: &Hashes) {
        self.new.add(hashes);
    }

    /// Notes a key that nobody has compared.
    pub(super) fn note(&mut self, key: &impl Hash) {
        self.new.note(key);
    }

    /// Whether each key was noted once.
    pub(super) fn are_once(&mut self) -> bool {
        self.new.are_once() && !self.compared().any(|hash| self.new.has(hash))
    }

    /// Whether a key with one of these hashes may have been noted.
    pub(super) fn have_any(&self, hashes: impl Iterator<Item = u64>) -> bool {
        let mut wanted: Vec<u64> = hashes.collect();
        wanted.sort_unstable();
        let new = self.new.hashes.iter().copied();
        !wanted.is_empty()
            && self.compared().chain(new).any(|hash| wanted.binary_search(&hash).is_ok())
    }

    fn compared(&self) -> impl Iterator<Item = u64> {
        self.compared.iter().flat_map(|hashes| &hashes.hashes).copied()
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

    fn hashes(keys: impl Iterator<Item = u32>) -> Hashes {
        let mut hashes = Hashes::default();
        keys.for_each(|key| hashes.note(&key));
        hashes
    }

    fn together<'h>(compared: &[&'h Hashes], new: &[&Hashes]) -> HashesTogether<'h> {
        let mut all = HashesTogether::default();
        for hashes in compared {
            all.add_compared(hashes);
        }
        for hashes in new {
            all.add(hashes);
        }
        all
    }

    #[test]
    fn hashes_tell_whether_anything_is_there_twice() {
        let [thousand, next] = [hashes(0..1000), hashes(1000..1010)];
        let of = |compared: &[&Hashes], new: &[&Hashes]| together(compared, new).are_once();
        assert!(of(&[], &[&thousand, &next]));
        assert!(of(&[&thousand], &[&next]));
        assert!(of(&[&thousand, &next], &[]));
        let seven = hashes(std::iter::once(7));
        assert!(!of(&[], &[&thousand, &seven]), "among new ones");
        assert!(!of(&[&next, &thousand], &[&seven]), "beside one that was compared before");
        assert!(!of(&[&next], &[&seven, &seven]));
    }

    #[test]
    fn hashes_are_found_among_all() {
        let [thousand, next] = [hashes(0..1000), hashes(1000..1010)];
        let mut all = together(&[&thousand], &[&next]);
        all.note(&2000);
        assert!(all.are_once());
        for key in [7, 1003, 2000] {
            assert!(all.have_any([hash(&key), hash(&3000)].into_iter()), "{key}");
        }
        assert!(!all.have_any([hash(&3000)].into_iter()));
        assert!(!all.have_any(std::iter::empty()));
    }
}
