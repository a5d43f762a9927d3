//! What a list shows beside its users, in a snapshot.

use serde::{Deserialize, Serialize};

use super::spell::{NumberEntry, Text};
use crate::model::{Beside, Field, HeldNumber, Unmatched};

/// Numbers that are not compared, places that are in no row, rows without a name.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct BesideEntry {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<HeldEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<UnmatchedEntry>,
    #[serde(skip_serializing_if = "is_zero")]
    nameless: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeldEntry {
    holder: String,
    held_as: String,
    number: NumberEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnmatchedEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<Text<Field>>,
    key: String,
    place: String,
    named: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl BesideEntry {
    /// Nothing, if there is nothing to say.
    pub(super) fn of(beside: &Beside) -> Option<Self> {
        if *beside == Beside::default() {
            return None;
        }
        let held = |number: &HeldNumber| HeldEntry {
            holder: number.holder.to_string(),
            held_as: number.held_as.to_string(),
            number: NumberEntry(number.number.clone()),
        };
        let unmatched = |place: &Unmatched| UnmatchedEntry {
            field: place.field.map(Text),
            key: place.key.to_string(),
            place: place.place.to_string(),
            named: place.named,
        };
        let numbers = beside.numbers.iter().map(held).collect();
        Some(Self {
            numbers,
            unmatched: beside.unmatched.iter().map(unmatched).collect(),
            nameless: beside.nameless,
        })
    }

    pub(super) fn beside(self) -> Beside {
        let held = |HeldEntry { holder, held_as, number }| HeldNumber {
            holder: holder.into(),
            held_as: held_as.into(),
            number: number.0,
        };
        let unmatched = |UnmatchedEntry { field, key, place, named }| Unmatched {
            field: field.map(|field| field.0),
            key: key.into(),
            place: place.into(),
            named,
        };
        Beside {
            numbers: self.numbers.into_iter().map(held).collect(),
            unmatched: self.unmatched.into_iter().map(unmatched).collect(),
            nameless: self.nameless,
        }
    }
}
