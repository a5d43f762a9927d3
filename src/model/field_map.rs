//! Few values by field, in one row: a user has half a dozen of them, and there are many users.

use std::fmt;

use super::Field;

/// Values of fields, in the order of [`Field::ALL`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldMap<V>(Vec<(Field, V)>);

impl<V> FieldMap<V> {
    /// No values yet, with room for some.
    pub(super) fn of_room(count: u32) -> Self {
        Self(Vec::with_capacity(usize::try_from(count).unwrap_or_default()))
    }

    /// Sets the value of a field, in the place of a former one.
    pub fn insert(&mut self, field: Field, value: V) {
        let at = self.0.partition_point(|(other, _)| *other < field);
        match self.0.get_mut(at) {
            Some((other, former)) if *other == field => *former = value,
            _ => self.0.insert(at, (field, value)),
        }
    }

    /// The value of a field, if it has one.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&V> {
        self.0.iter().find_map(|(other, value)| (*other == field).then_some(value))
    }

    /// Whether a field has a value.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.get(field).is_some()
    }

    /// How many fields have one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Fields and values in order, the values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Field, &mut V)> {
        self.0.iter_mut().map(|(field, value)| (*field, value))
    }

    /// Fields and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &V)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What becomes of each value; those that become nothing are left out.
    #[must_use]
    pub fn filter_map<W>(self, mut becomes: impl FnMut(Field, V) -> Option<W>) -> FieldMap<W> {
        let pairs = self.0.into_iter();
        FieldMap(pairs.filter_map(|(field, value)| Some((field, becomes(field, value)?))).collect())
    }

    /// Keeps those values of which this is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(Field, &V) -> bool) {
        self.0.retain(|(field, value)| keeps(*field, value));
    }
}

impl<V> Default for FieldMap<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: fmt::Debug> fmt::Debug for FieldMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V> FromIterator<(Field, V)> for FieldMap<V> {
    fn from_iter<I: IntoIterator<Item = (Field, V)>>(pairs: I) -> Self {
        let mut map = Self::default();
        map.extend(pairs);
        map
    }
}

impl<V> IntoIterator for FieldMap<V> {
    type Item = (Field, V);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V> Extend<(Field, V)> for FieldMap<V> {
    fn extend<I: IntoIterator<Item = (Field, V)>>(&mut self, pairs: I) {
        pairs.into_iter().for_each(|(field, value)| self.insert(field, value));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_row_holds_what_a_map_holds(
            pairs in prop::collection::vec((prop::sample::select(Field::ALL.to_vec()), any::<u8>()), 0..12)
        ) {
            let map: BTreeMap<Field, u8> = pairs.iter().copied().collect();
            let mut row = FieldMap::default();
            row.extend(pairs);
            prop_assert!(row.iter().eq(map.iter().map(|(field, value)| (*field, value))));
            for field in Field::ALL {
                prop_assert_eq!(row.get(field), map.get(&field));
            }
            prop_assert_eq!(format!("{row:?}"), format!("{map:?}"));
            let even = row.clone().filter_map(|_, value| (value % 2 == 0).then_some(value));
            row.retain(|_, value| value % 2 == 0);
            prop_assert!(row.iter().eq(map.iter().filter(|(_, value)| **value % 2 == 0).map(|(field, value)| (*field, value))));
            prop_assert_eq!(row, even);
        }
    }
}
