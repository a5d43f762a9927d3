//! What the call that stores a tenant's details has no place for, or types otherwise: told where it
//! is written, before anything is sent.

use super::{draft::SetDraft, entry::Written};
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

/// The same with the defaults of a set.
pub(super) fn of_set(set: &SetDraft, path: WritePath) -> Vec<Wrong> {
    wrongs(&set.defaults.fields, path, || set.at.key("spec").key("defaults"))
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
