//! What users have in common becomes a default; and users are spread over files.
//!
//! A default holds for everybody below it, and nobody can take a field back that a default gives:
//! so a field becomes one only where every user has a value of it, and users who lack one that most
//! have get a file of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, ManifestUser, NewUserSet, SplitBy, names};
use crate::model::{Field, TenantName, Value};

/// The longest name of a set before a number is put behind it; the same as of a tenant, with some
/// room.
const MAX_NAME: usize = TenantName::MAX - 8;
/// Users without the value that others are split by.
const OTHER: &str = "other";
/// Why they have a file of their own.
const APART: &str =
    "These users lack a value that most of the others share: a default would give it to them.";

/// The most common value of each field that everybody has, if at least two share it.
pub(super) fn common(entries: &[ManifestUser]) -> BTreeMap<Field, Value> {
    let fields = Field::ALL.into_iter().filter(|field| *field != Field::PhoneNumber);
    fields.filter_map(|field| Some((field, shared(field, entries)?))).collect()
}

/// The most common value of a field that everybody has, if at least two share it.
fn shared(field: Field, entries: &[ManifestUser]) -> Option<Value> {
    let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
    for entry in entries {
        *counts.entry(entry.fields.get(&field)?).or_default() += 1;
    }
    // Of equally common ones the first in order, so the same users give the same files.
    let (value, count) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
    (count > 1).then(|| value.clone())
}

/// The users in files, each without what the defaults over it say.
pub(super) fn sets(
    entries: Vec<ManifestUser>,
    tenant: &BTreeMap<Field, Value>,
    choice: &Choice,
) -> Vec<NewUserSet> {
    let mut groups: BTreeMap<Option<String>, Vec<ManifestUser>> = BTreeMap::new();
    for entry in entries {
        groups.entry(key(&entry, choice.split_by)).or_default().push(entry);
    }
    // `tenant.yaml` is another file.
    let mut taken = BTreeSet::from(["tenant".to_owned()]);
    let mut sets = Vec::new();
    for (key, entries) in groups {
        let base = match (&key, choice.split_by) {
            (_, None) => "users".to_owned(),
            (None, Some(_)) => OTHER.to_owned(),
            (Some(text), Some(_)) => name(text),
        };
        let (alike, others) = alike(entries);
        for (base, entries, apart) in
            [(base.clone(), alike, None), (format!("{base}-{OTHER}"), others, Some(APART))]
        {
            let parts = entries.len().div_ceil(choice.users_per_file.max(1));
            let width = parts.to_string().len();
            for (number, part) in entries.chunks(choice.users_per_file.max(1)).enumerate() {
                let wanted =
                    if parts > 1 { format!("{base}-{:0width$}", number + 1) } else { base.clone() };
                sets.push(set(names::free(&wanted, &mut taken), apart, part, tenant));
            }
        }
    }
    sets
}

/// Users who have every field of which most share one value, and the others: among the first it can
/// be a default.
fn alike(entries: Vec<ManifestUser>) -> (Vec<ManifestUser>, Vec<ManifestUser>) {
    let most_share = |field: &Field| {
        let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
        for value in entries.iter().filter_map(|entry| entry.fields.get(field)) {
            *counts.entry(value).or_default() += 1;
        }
        counts.into_values().max().is_some_and(|count| count * 2 > entries.len())
    };
    let shared: Vec<Field> = Field::ALL.into_iter().filter(most_share).collect();
    entries
        .into_iter()
        .partition(|entry| shared.iter().all(|field| entry.fields.contains_key(field)))
}

/// What decides into which file a user goes.
fn key(entry: &ManifestUser, split_by: Option<SplitBy>) -> Option<String> {
    match split_by? {
        SplitBy::Domain => entry.upn.key().split_once('@').map(|(_, domain)| domain.to_owned()),
        SplitBy::Field(field) => entry.fields.get(&field).map(|value| match value {
            Value::Text(text) => text.to_string(),
            value => value.to_string(),
        }),
    }
}

/// A value as the name of a set and of its file.
fn name(text: &str) -> String {
    let mut name = String::new();
    for c in text.to_lowercase().chars() {
        let fine = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
        match c {
            c if fine && name.len() < MAX_NAME => name.push(c),
            _ if !name.is_empty() && !name.ends_with(['-', '.']) => name.push('-'),
            _ => {}
        }
    }
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { OTHER.to_owned() } else { name.to_owned() }
}

fn set(
    name: String,
    apart: Option<&'static str>,
    entries: &[ManifestUser],
    tenant: &BTreeMap<Field, Value>,
) -> NewUserSet {
    let have = |field: Field, value: Option<&Value>| {
        entries.iter().filter(|entry| value.is_some() && entry.fields.get(&field) == value).count()
    };
    let mut defaults = common(entries);
    defaults.retain(|field, value| have(*field, Some(value)) > have(*field, tenant.get(field)));
    let own = |entry: &ManifestUser| {
        let mut entry = entry.clone();
        entry.fields.retain(|field, value| {
            defaults.get(field).or_else(|| tenant.get(field)) != Some(value)
        });
        entry
    };
    let entries = entries.iter().map(own).collect();
    NewUserSet { name, apart, defaults, entries }
}
