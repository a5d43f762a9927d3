//! The users of one tenant in one sorted row: what is wanted and what is live are compared in one
//! walk along both.

use std::{cmp::Ordering, fmt, slice};

use super::Upn;

/// Somebody with a name.
pub trait HasUpn {
    /// The name.
    fn upn(&self) -> &Upn;
}

/// The users of one tenant, each once, by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Users<U>(Vec<U>);

impl<U> Users<U> {
    /// Nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All users by name.
    pub fn values(&self) -> slice::Iter<'_, U> {
        self.0.iter()
    }

    /// The same, to be changed; their names stay.
    pub fn values_mut(&mut self) -> slice::IterMut<'_, U> {
        self.0.iter_mut()
    }

    /// Keeps the users for which this is true.
    pub fn retain(&mut self, keeps: impl FnMut(&U) -> bool) {
        self.0.retain(keeps);
    }
}

impl<U: HasUpn> Users<U> {
    /// The names in order.
    pub fn keys(&self) -> impl Iterator<Item = &Upn> {
        self.0.iter().map(HasUpn::upn)
    }

    /// The user of that name.
    #[must_use]
    pub fn get(&self, upn: &Upn) -> Option<&U> {
        self.0.get(self.place(upn).ok()?)
    }

    /// The same, to be changed; the name stays.
    pub fn get_mut(&mut self, upn: &Upn) -> Option<&mut U> {
        let place = self.place(upn).ok()?;
        self.0.get_mut(place)
    }

    /// Whether there is a user of that name.
    #[must_use]
    pub fn contains_key(&self, upn: &Upn) -> bool {
        self.place(upn).is_ok()
    }

    /// Takes a user in, and gives back the former one of that name.
    pub fn insert(&mut self, user: U) -> Option<U> {
        match self.place(user.upn()) {
            Ok(place) => self.0.get_mut(place).map(|former| std::mem::replace(former, user)),
            Err(place) => {
                self.0.insert(place, user);
                None
            }
        }
    }

    /// Takes the user of that name out.
    pub fn remove(&mut self, upn: &Upn) -> Option<U> {
        self.place(upn).ok().map(|place| self.0.remove(place))
    }

    /// Each user of this row and of another by name, with what either has of it.
    #[must_use]
    pub fn beside<'a, 'b, V: HasUpn>(&'a self, others: &'b Users<V>) -> PairWalk<'a, 'b, U, V> {
        PairWalk { ours: &self.0, others: &others.0 }
    }

    fn place(&self, upn: &Upn) -> Result<usize, usize> {
        self.0.binary_search_by(|user| user.upn().cmp(upn))
    }
}

impl<U> Default for Users<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U: fmt::Debug + HasUpn> fmt::Debug for Users<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|user| (user.upn(), user))).finish()
    }
}

impl<U: HasUpn> FromIterator<U> for Users<U> {
    /// Of several users of one name the last one stays.
    fn from_iter<I: IntoIterator<Item = U>>(users: I) -> Self {
        let mut users: Vec<U> = users.into_iter().collect();
        // As most of them are written.
        let is_in_order = users.is_sorted_by(|a, b| a.upn() < b.upn());
        if !is_in_order {
            users.sort_by(|a, b| a.upn().cmp(b.upn()));
            users.dedup_by(is_same);
        }
        users.shrink_to_fit();
        Self(users)
    }
}

/// Whether both have one name: then the later one takes the place of the former.
fn is_same<U: HasUpn>(next: &mut U, kept: &mut U) -> bool {
    let is_same = next.upn() == kept.upn();
    if is_same {
        std::mem::swap(next, kept);
    }
    is_same
}

/// A walk along two rows.
#[derive(Debug)]
pub struct PairWalk<'a, 'b, U, V> {
    ours: &'a [U],
    others: &'b [V],
}

impl<'a, 'b, U: HasUpn, V: HasUpn> Iterator for PairWalk<'a, 'b, U, V> {
    type Item = (Option<&'a U>, Option<&'b V>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.ours.first(), self.others.first()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(other)) => ours.upn().cmp(other.upn()),
        };
        let ours = if order.is_le() { self.ours.split_off_first() } else { None };
        let other = if order.is_ge() { self.others.split_off_first() } else { None };
        Some((ours, other))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Somebody(Upn, u8);

    impl HasUpn for Somebody {
        fn upn(&self) -> &Upn {
            &self.0
        }
    }

    fn people() -> impl Strategy<Value = Vec<Somebody>> {
        let one = |(name, case, value): (u8, bool, u8)| {
            let name = format!("user{}@contoso.com", name % 16);
            Somebody(Upn::parse(&if case { name.to_uppercase() } else { name }).unwrap(), value)
        };
        vec(any::<(u8, bool, u8)>().prop_map(one), 0..24)
    }

    fn map(people: &[Somebody]) -> BTreeMap<Upn, &Somebody> {
        people.iter().map(|one| (one.0.clone(), one)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_row_holds_whom_a_map_holds(ours in people(), others in people(), gone in people()) {
            let mut row = Users::from_iter(ours.clone());
            let mut known = map(&ours);
            prop_assert!(row.values().eq(known.values().copied()));
            for one in &others {
                prop_assert_eq!(row.insert(one.clone()), known.insert(one.0.clone(), one).cloned());
            }
            for one in &gone {
                prop_assert_eq!(row.contains_key(&one.0), known.contains_key(&one.0));
                prop_assert_eq!(row.get(&one.0), known.get(&one.0).copied());
                prop_assert_eq!(row.remove(&one.0), known.remove(&one.0).cloned());
            }
            prop_assert!(row.values().eq(known.values().copied()));
            prop_assert_eq!((row.len(), row.is_empty()), (known.len(), known.is_empty()));
        }

        #[test]
        fn a_walk_meets_everybody_once_and_in_order(ours in people(), others in people()) {
            let left = map(&ours);
            let right = map(&others);
            let ours = Users::from_iter(ours.clone());
            let others = Users::from_iter(others.clone());
            let mut all: Vec<&Upn> = left.keys().chain(right.keys()).collect();
            all.sort();
            all.dedup();
            let met: Vec<_> = ours.beside(&others).collect();
            prop_assert_eq!(met.len(), all.len());
            for ((one, other), upn) in met.into_iter().zip(all) {
                prop_assert_eq!(one, left.get(upn).copied());
                prop_assert_eq!(other, right.get(upn).copied());
            }
        }
    }
}
