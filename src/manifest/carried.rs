//! What the call that stores a tenant's details has no place for, or types otherwise: told where it
//! is written, before anything is sent.

use super::{
    entry::{Fields, Written},
    keys::ONBOARD,
};
use crate::{
    model::{Field, FieldMap, Value, WritePath},
    words::list,
    yaml::{Path, Wrong},
};

/// The words of the call policy that `configureUser` knows (contract 5.3).
const POLICY_WORDS: [(Field, [&str; 2]); 2] = [
    (Field::CallPolicyCnam, ["TRANSPARENT", "OTHER"]),
    (Field::CallPolicyForwardedCallsCallerId, ["USER_CALLER_ID", "TRANSPARENT"]),
];

/// What is wrong with these fields, at `at`, where they are stored by `path`. Where is only asked
/// if something is: there may be very many users.
pub(super) fn wrongs(
    fields: &FieldMap<Written>,
    path: WritePath,
    at: impl Fn() -> Path,
) -> Vec<Wrong> {
    fields.iter().filter_map(|(field, written)| wrong(field, written, path, &at)).collect()
}

/// The same with defaults.
pub(super) fn of_defaults(defaults: &Fields, path: WritePath, at: impl Fn() -> Path) -> Vec<Wrong> {
    let mut wrongs = wrongs(&defaults.values, path, &at);
    wrongs.extend(onboard(defaults.onboard, path, at));
    wrongs
}

/// The same with whether somebody may be set up, which only `configureUser` does.
pub(super) fn onboard(
    onboard: Option<bool>,
    path: WritePath,
    at: impl Fn() -> Path,
) -> Option<Wrong> {
    if onboard != Some(true) || path == WritePath::ConfigureUser {
        return None;
    }
    let message = format!("`{}` sets nobody up", path.name());
    let hint = "say `writes: configureUser` at the tenant, or leave the key out";
    Some(Wrong::value(at().key(ONBOARD), message).hint(hint))
}

fn wrong(
    field: Field,
    written: &Written,
    path: WritePath,
    at: &impl Fn() -> Path,
) -> Option<Wrong> {
    let at = || field.name().split('.').fold(at(), |at, key| at.key(key));
    if !path.carries(field) {
        let message = format!("`{}` has no place for `{field}`", path.name());
        let hint = "say `writes: configureUser` at the tenant, or leave the key out";
        return Some(Wrong::value(at(), message).hint(hint));
    }
    let (_, words) = POLICY_WORDS.iter().find(|(typed, _)| *typed == field)?;
    match written {
        Written::Ready(Value::Text(text))
            if path == WritePath::ConfigureUser && !words.contains(&&**text) =>
        {
            let message = format!("`configureUser` knows no {text:?} for `{field}`");
            let known = list(words.iter().map(|word| format!("`{word}`")));
            Some(Wrong::value(at(), message).hint(format!("possible are {known}")))
        }
        _ => None,
    }
}
