//! Keys, and values that nobody looks for. Pure.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The most keys of one object that nobody looks for.
pub(super) const MAX_OTHERS: usize = 64;

/// The keys of all objects that are being read and that nobody looks for.
pub(super) type SkippedKeys<'de> = Vec<Cow<'de, str>>;

/// Notes a key that nobody looks for; whether it is new in its object, whose keys begin at `from`.
pub(super) fn is_new<'de>(keys: &mut SkippedKeys<'de>, from: usize, key: Cow<'de, str>) -> bool {
    let known = keys.get(from..).unwrap_or_default();
    if known.len() == MAX_OTHERS || known.contains(&key) {
        return false;
    }
    keys.push(key);
    true
}

/// Why a page is not plain. Nobody reads it.
pub(super) fn odd<E: Error>() -> E {
    E::custom("not plain")
}

/// A key of an object.
pub(super) struct ObjectKey;

impl<'de> DeserializeSeed<'de> for ObjectKey {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, bytes: D) -> Result<Self::Value, D::Error> {
        bytes.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for ObjectKey {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// A value that nobody looks for: read all the same, because the reader of trees would refuse a
/// page in which it is broken.
pub(super) struct SkippedValue<'s, 'de>(pub(super) &'s mut SkippedKeys<'de>);

impl<'de> DeserializeSeed<'de> for SkippedValue<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, bytes: D) -> Result<(), D::Error> {
        bytes.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SkippedValue<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(SkippedValue(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let from = self.0.len();
        while let Some(key) = fields.next_key_seed(ObjectKey)? {
            if !is_new(self.0, from, key) {
                return Err(odd());
            }
            fields.next_value_seed(SkippedValue(self.0))?;
        }
        self.0.truncate(from);
        Ok(())
    }
}
