//! Few values by field, in one row: a user has half a dozen of them, and there are many users.

use std::{fmt, iter, vec};

use super::Field;

/// A bit for each field.
type Bits = u32;

const _: () = assert!(Field::ALL.len() <= Bits::BITS as usize, "each field has a bit");

/// Values of fields, in the order of [`Field::ALL`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldMap<V> {
    has: FieldSet,
    /// The values of these fields, in their order.
    values: Vec<V>,
}

/// Some fields, which are walked along in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FieldSet(Bits);

impl FieldSet {
    /// Those of which [`FieldSet::bits`] were these.
    pub(crate) fn of_bits(bits: u64) -> Self {
        Self(Bits::try_from(bits).unwrap_or_default())
    }

    /// One bit for each.
    pub(crate) fn bits(&self) -> u64 {
        self.0.into()
    }

    fn bit(field: Field) -> Bits {
        1 << field as Bits
    }

    fn has(&self, field: Field) -> bool {
        self.0 & Self::bit(field) != 0
    }

    /// How many are before this one.
    fn before(&self, field: Field) -> usize {
        (self.0 & (Self::bit(field) - 1)).count_ones() as usize
    }

    fn are_before(&self, field: Field) -> bool {
        self.0 < Self::bit(field)
    }

    fn add(&mut self, field: Field) {
        self.0 |= Self::bit(field);
    }
}

impl Iterator for FieldSet {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        let field = Field::ALL.get(self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(*field)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.0.count_ones() as usize;
        (count, Some(count))
    }
}

impl<V> FieldMap<V> {
    /// A value for each of these fields, which are asked for in order.
    pub(crate) fn of(has: FieldSet, value: impl FnMut(Field) -> V) -> Self {
        let values = has.clone().map(value).collect();
        Self { has, values }
    }

    /// None yet, with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { has: FieldSet::default(), values: Vec::with_capacity(count) }
    }

    /// Sets the value of a field, in the place of a former one.
    pub fn insert(&mut self, field: Field, value: V) {
        if self.has.are_before(field) {
            // As nearly all values come: in their order.
            self.has.add(field);
            return self.values.push(value);
        }
        let at = self.has.before(field);
        match self.values.get_mut(at) {
            Some(former) if self.has.has(field) => *former = value,
            _ => {
                self.values.insert(at, value);
                self.has.add(field);
            }
        }
    }

    /// The value of a field, if it has one.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&V> {
        if self.has.has(field) { self.values.get(self.has.before(field)) } else { None }
    }

    /// Whether a field has a value.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.has.has(field)
    }

    /// The fields that have a value.
    pub(crate) fn fields(&self) -> &FieldSet {
        &self.has
    }

    /// How many fields have one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Fields and values in order, the values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Field, &mut V)> {
        self.has.clone().zip(&mut self.values)
    }

    /// Fields and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &V)> {
        self.has.clone().zip(&self.values)
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What becomes of each value; those that become nothing are left out.
    #[must_use]
    pub fn filter_map<W>(self, mut becomes: impl FnMut(Field, V) -> Option<W>) -> FieldMap<W> {
        let mut fields = self.has;
        let mut has = FieldSet::default();
        // Where both kinds of values are of one size, they become so in their place.
        let values = self.values.into_iter().filter_map(|value| {
            let field = fields.next()?;
            let value = becomes(field, value)?;
            has.add(field);
            Some(value)
        });
        let values = values.collect();
        FieldMap { has, values }
    }

    /// Keeps those values of which this is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(Field, &V) -> bool) {
        let mut fields = self.has.clone();
        let mut kept = FieldSet::default();
        self.values.retain(|value| {
            let Some(field) = fields.next().filter(|field| keeps(*field, value)) else {
                return false;
            };
            kept.add(field);
            true
        });
        self.has = kept;
    }
}

impl<V> Default for FieldMap<V> {
    fn default() -> Self {
        Self { has: FieldSet::default(), values: Vec::new() }
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
    type IntoIter = iter::Zip<FieldSet, vec::IntoIter<V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.has.zip(self.values)
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
