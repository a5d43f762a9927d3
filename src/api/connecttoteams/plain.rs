//! Reads a page of a list of users straight from its bytes, without a tree of values. Pure.
//!
//! It reads what is plain and never reports: whatever is odd about a page, [`read`] leaves it to
//! the reader of trees ([`page::full`](super::page::full)), with all its words and refusals. Odd
//! are: anything that is not strictly JSON; a key that is there twice in one object, wherever; a key
//! beside the list that may tell of an error; a number with a fraction, a list or an object where
//! the row looks for a value; a list on the way to one; no list where it should be.
//!
//! **Invariant:** what it reads is what the reader of trees reads from the same bytes. The rules
//! for values are those of one file for both (`item`).

mod skim;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    answer,
    beyond::{self, OtherUsers},
    item,
    page::{PageList, ParsedPage, note},
    row::{Leaf, Leaves, ListUsersRow},
    shape::Node,
};
use crate::{
    api::{http::json::Unambiguous, user_list::UserListItem},
    model::TenantRef,
};
use skim::{ObjectKey, SkippedKeys, SkippedValue, is_new, odd};

/// Reads a page; nothing if it is not plain.
pub(super) fn read(body: &[u8], row: &ListUsersRow<'_>, tenant: &TenantRef) -> Option<ParsedPage> {
    let shape = row.shape.as_ref()?;
    let text = std::str::from_utf8(body).ok()?;
    let mut found = PageProgress {
        row,
        tenant,
        item: &shape.item,
        counts: [None; 4],
        items: None,
        seen: vec![false; row.pointers.len()],
        leaves: vec![None; row.pointers.len()],
        keys: Vec::new(),
        beyond: OtherUsers::default(),
    };
    let mut bytes = serde_json::Deserializer::from_str(text);
    Envelope { node: &shape.envelope, is_top: true, found: &mut found }
        .deserialize(&mut bytes)
        .and_then(|()| bytes.end())
        .ok()?;
    let PageProgress { counts, items, seen, beyond, .. } = found;
    Some(ParsedPage { counts, list: PageList::Items(items?), seen, beyond })
}

/// What was found so far.
struct PageProgress<'f, 'a, 'de> {
    row: &'f ListUsersRow<'a>,
    tenant: &'f TenantRef,
    item: &'f Node,
    counts: [Option<u64>; 4],
    items: Option<Vec<UserListItem>>,
    seen: Vec<bool>,
    /// The item that is being read.
    leaves: Vec<Option<Leaf<'de>>>,
    keys: SkippedKeys<'de>,
    beyond: OtherUsers,
}

/// What is around the list, and the list.
struct Envelope<'s, 'f, 'a, 'de> {
    node: &'s Node,
    is_top: bool,
    found: &'s mut PageProgress<'f, 'a, 'de>,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_, '_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, bytes: D) -> Result<(), D::Error> {
        bytes.deserialize_any(self)
    }
}

impl Envelope<'_, '_, '_, '_> {
    /// A value that is neither an object nor a list; a count if it is a number.
    fn value<E: Error>(self, count: Option<u64>) -> Result<(), E> {
        if self.node.is_list {
            return Err(odd());
        }
        for number in &self.node.wanted {
            if let Some(place) = self.found.counts.get_mut(*number) {
                *place = count;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Envelope<'_, '_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain page")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.value(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.value(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.value(None)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.value(Some(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.value(answer::count_in(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.node.is_list {
            return Err(odd());
        }
        let PageProgress { item, row, tenant, leaves, seen, keys, .. } = self.found;
        let mut all = Vec::new();
        loop {
            leaves.fill(None);
            let mut is_object = false;
            let part = NodeReader { node: item, leaves, keys, is_object: &mut is_object };
            if items.next_element_seed(part)?.is_none() {
                break;
            }
            note(seen, leaves);
            all.push(item::read(&Leaves { is_object, at: leaves }, row, tenant));
        }
        self.found.items = Some(all);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        if self.node.is_list || !self.node.wanted.is_empty() {
            return Err(odd());
        }
        let from = self.found.keys.len();
        let mut hint = 0;
        while let Some(key) = fields.next_key_seed(ObjectKey)? {
            if self.is_top && answer::may_tell(&key) {
                return Err(odd());
            }
            let named = beyond::is_named(&key).then(|| key.clone());
            let below = self.node.below(&key, &mut hint);
            if !is_new(&mut self.found.keys, from, key) {
                return Err(odd());
            }
            match below {
                Some((_, node)) => {
                    let found = &mut *self.found;
                    fields.next_value_seed(Envelope { node, is_top: false, found })?;
                }
                None => match named {
                    Some(key) => {
                        let Unambiguous(value) = fields.next_value()?;
                        self.found.beyond.look(&key, &value);
                    }
                    None => fields.next_value_seed(SkippedValue(&mut self.found.keys))?,
                },
            }
        }
        self.found.keys.truncate(from);
        Ok(())
    }
}

/// One place of an item.
struct NodeReader<'s, 'de> {
    node: &'s Node,
    leaves: &'s mut Vec<Option<Leaf<'de>>>,
    keys: &'s mut SkippedKeys<'de>,
    is_object: &'s mut bool,
}

impl<'de> DeserializeSeed<'de> for NodeReader<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, bytes: D) -> Result<(), D::Error> {
        bytes.deserialize_any(self)
    }
}

impl<'de> NodeReader<'_, 'de> {
    /// A value that is neither an object nor a list.
    fn value(self, leaf: &Leaf<'de>) {
        for number in &self.node.wanted {
            if let Some(place) = self.leaves.get_mut(*number) {
                *place = Some(leaf.clone());
            }
        }
    }
}

impl<'de> Visitor<'de> for NodeReader<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain item")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.value(&Leaf::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.value(&Leaf::Flag(flag));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.value(&Leaf::Whole(number));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.value(&Leaf::Whole(i64::try_from(number).map_err(|_| odd())?));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.value(&Leaf::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.value(&Leaf::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        if !self.node.wanted.is_empty() {
            return Err(odd());
        }
        *self.is_object = true;
        let from = self.keys.len();
        let mut known = 0_u64;
        let mut hint = 0;
        while let Some(key) = fields.next_key_seed(ObjectKey)? {
            let Some((index, node)) = self.node.below(&key, &mut hint) else {
                if !is_new(self.keys, from, key) {
                    return Err(odd());
                }
                fields.next_value_seed(SkippedValue(self.keys))?;
                continue;
            };
            // There are at most as many as this has bits.
            let bit = 1_u64.rotate_left(u32::try_from(index).unwrap_or_default());
            if known & bit != 0 {
                return Err(odd());
            }
            known |= bit;
            let leaves = &mut *self.leaves;
            let keys = &mut *self.keys;
            fields.next_value_seed(NodeReader { node, leaves, keys, is_object: &mut false })?;
        }
        self.keys.truncate(from);
        Ok(())
    }
}
