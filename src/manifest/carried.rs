//! What the call that stores a tenant's details has no place for, or types otherwise: told where it
//! is written, before anything is sent.

use super::{
    entry::{FieldDefaults, ValueAsWritten},
    keys::ONBOARD,
};
use crate::{
    model::{Field, FieldMap, GatewayId, Value, WritePath},
    words::list,
    yaml::{Mismatch, Path},
};

/// The words of the call policy that the calls which set up know (contract 5.3, 5.5).
const POLICY_WORDS: [(Field, [&str; 2]); 2] = [
    (Field::CallPolicyCnam, ["TRANSPARENT", "OTHER"]),
    (Field::CallPolicyForwardedCallsCallerId, ["USER_CALLER_ID", "TRANSPARENT"]),
];

/// What is wrong with these fields, at `at`, where they are stored by `path`. Where is only asked
/// if something is: there may be very many users.
pub(super) fn wrongs(
    fields: &FieldMap<ValueAsWritten>,
    path: WritePath,
    at: impl Fn() -> Path,
) -> Vec<Mismatch> {
    fields.iter().filter_map(|(field, written)| wrong(field, written, path, &at)).collect()
}

/// The same with defaults.
pub(super) fn of_defaults(
    defaults: &FieldDefaults,
    path: WritePath,
    at: impl Fn() -> Path,
) -> Vec<Mismatch> {
    let mut wrongs = wrongs(&defaults.values, path, &at);
    wrongs.extend(onboard(defaults.onboard, path, at));
    wrongs
}

/// The same with whether somebody may be set up, which `updateUserDetails` does not.
pub(super) fn onboard(
    onboard: Option<bool>,
    path: WritePath,
    at: impl Fn() -> Path,
) -> Option<Mismatch> {
    if onboard != Some(true) || path.sets_up() {
        return None;
    }
    let message = format!("`{}` sets nobody up", path.name());
    let hint = "say `writes: configureUser` at the tenant, or leave the key out";
    Some(Mismatch::value(at().key(ONBOARD), message).hint(hint))
}

/// What users of one service have and those of the other cannot have (contract 5.5, 7).
fn of_a_service(field: Field, written: &ValueAsWritten, path: WritePath) -> Option<[String; 2]> {
    let ValueAsWritten::Ready(value) = written else { return None };
    let is_call_app = path == WritePath::ConfigureValetUser;
    let [message, hint] = match (field, value) {
        (Field::SbcGatewayId, Value::Gateway(GatewayId::CALL_APP)) if !is_call_app => [
            "gateway -1 does not exist: gateway ids are above 0, and only users of the Call App have -1",
            "write the id of a gateway, or `service: callApp` if it is about the Call App",
        ],
        (Field::UseTeamsVoicemail, Value::Flag(true)) if is_call_app => [
            "the Call App has no voicemail of Teams, only that of the PBX",
            "write `useTeamsVoicemail: false`, or leave the key out",
        ],
        (Field::PhoneNumber, Value::NoPhone) if is_call_app => [
            "users of the Call App need a number",
            "write the number, or leave the key out if it is not to be managed",
        ],
        _ => return None,
    };
    Some([message.to_owned(), hint.to_owned()])
}

fn wrong(
    field: Field,
    written: &ValueAsWritten,
    path: WritePath,
    at: &impl Fn() -> Path,
) -> Option<Mismatch> {
    let at = || field.name().split('.').fold(at(), |at, key| at.key(key));
    if !path.carries(field) {
        let message = format!("`{}` has no place for `{field}`", path.name());
        let hint = "say `writes: configureUser` at the tenant, or leave the key out";
        return Some(Mismatch::value(at(), message).hint(hint));
    }
    if let Some([message, hint]) = of_a_service(field, written, path) {
        return Some(Mismatch::value(at(), message).hint(hint));
    }
    let (_, words) = POLICY_WORDS.iter().find(|(typed, _)| *typed == field)?;
    match written {
        ValueAsWritten::Ready(Value::Text(text))
            if path != WritePath::UpdateUserDetails && !words.contains(&&**text) =>
        {
            let message = format!("`{}` knows no {text:?} for `{field}`", path.name());
            let known = list(words.iter().map(|word| format!("`{word}`")));
            Some(Mismatch::value(at(), message).hint(format!("possible are {known}")))
        }
        _ => None,
    }
}
