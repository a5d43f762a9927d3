//! One item of a list of users, read as the configuration says (contract 3): JSON Pointers and a value map.
//!
//! **Invariant:** total: whatever an item holds becomes a user, or the word that it is none. Nothing is guessed: a value of a
//! wrong kind is unreadable, not converted.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::redact;
use crate::{
    config::{CallingMap, ListUsers},
    model::{ExtensionPrefix, Field, GatewayId, Kind, LiveCalling, LiveUser, Observed, PhoneNumber, Upn, Value},
};

/// The user of an item; `None` if it names none.
pub(super) fn user(item: &Json, row: &ListUsers, prefix: Option<&ExtensionPrefix>) -> Option<LiveUser> {
    let upn = Upn::parse(item.pointer(&row.user)?.as_str()?.trim()).ok()?;
    let details: BTreeMap<Field, Observed> = row
        .mapped()
        .filter_map(|(field, pointer)| Some((field, observed(field.kind(), item.pointer(pointer)?, prefix))))
        .collect();
    Some(LiveUser { upn, id: None, calling: calling(item, &row.calling), details })
}

fn calling(item: &Json, map: &CallingMap) -> LiveCalling {
    let text = match item.pointer(&map.at) {
        None => return LiveCalling::Unclear(format!("nothing at `{}`", map.at)),
        Some(Json::String(text)) => text.trim().to_owned(),
        Some(value) => value.to_string(),
    };
    let folded = text.to_lowercase();
    let among = |values: &[String]| values.iter().any(|value| value.to_lowercase() == folded);
    if among(&map.enabled) {
        LiveCalling::Enabled
    } else if among(&map.disabled) {
        LiveCalling::Disabled
    } else {
        LiveCalling::Unclear(redact::value(&text))
    }
}

fn observed(kind: Kind, value: &Json, prefix: Option<&ExtensionPrefix>) -> Observed {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Observed::Unset;
    }
    let read = match kind {
        Kind::Phone => value.as_str().and_then(|text| PhoneNumber::observed(text, prefix)).map(Value::Phone),
        Kind::Gateway => value.as_i64().and_then(|id| GatewayId::new(id).ok()).map(Value::Gateway),
        Kind::Flag => value.as_bool().map(Value::Flag),
        Kind::Text => value.as_str().map(|text| Value::Text(text.into())),
    };
    read.map_or_else(|| Observed::Unreadable(redact::value(&value.to_string())), Observed::Set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> ListUsers {
        serde_json::from_value(json!({
            "call": {"method": "GET", "path": "/users/{tenantId}"},
            "user": "/teamsUserId",
            "calling": {"at": "/state", "enabled": ["Active", "true", "1"], "disabled": ["off", "false", "0"]},
            "fields": {
                "phoneNumber": "/phone", "sbcGatewayId": "/gateway", "useTeamsVoicemail": "/voicemail",
                "userTag": "/tag", "callPolicy.name": "/policy/name",
            },
        }))
        .unwrap()
    }

    #[test]
    fn calling_is_compared_as_text_without_regard_to_case() {
        let read = |state: Json| calling(&json!({ "state": state }), &row().calling);
        for state in [json!("ACTIVE"), json!(" active "), json!(true), json!(1)] {
            assert_eq!(read(state), LiveCalling::Enabled);
        }
        for state in [json!("OFF"), json!(false), json!(0)] {
            assert_eq!(read(state), LiveCalling::Disabled);
        }
        assert_eq!(read(json!("pending")), LiveCalling::Unclear("pending".to_owned()));
        assert_eq!(read(json!(null)), LiveCalling::Unclear("null".to_owned()));
        assert_eq!(calling(&json!({}), &row().calling), LiveCalling::Unclear("nothing at `/state`".to_owned()));
    }

    #[test]
    fn fields_are_set_unset_unreadable_or_left_out() {
        let prefix = ExtensionPrefix::parse("+1").unwrap();
        let item = json!({
            "teamsUserId": "Adele@contoso.com", "state": "off", "phone": "1000", "gateway": "805", "voicemail": false, "tag": "",
        });
        let user = user(&item, &row(), Some(&prefix)).unwrap();
        assert_eq!(user.upn.as_str(), "Adele@contoso.com");
        let number = PhoneNumber::observed("+11000", None).unwrap();
        assert_eq!(user.details[&Field::PhoneNumber], Observed::Set(Value::Phone(number)));
        assert_eq!(user.details[&Field::SbcGatewayId], Observed::Unreadable("\"805\"".to_owned()));
        assert_eq!(user.details[&Field::UseTeamsVoicemail], Observed::Set(Value::Flag(false)));
        assert_eq!(user.details[&Field::UserTag], Observed::Unset);
        assert!(!user.details.contains_key(&Field::CallPolicyName), "absent in the item");
    }

    #[test]
    fn odd_values_are_unreadable_and_odd_items_are_no_users() {
        for (kind, value) in [
            (Kind::Phone, json!(14_255_550_100_i64)),
            (Kind::Phone, json!("reception")),
            (Kind::Gateway, json!(-1)),
            (Kind::Gateway, json!(8.5)),
            (Kind::Flag, json!("true")),
            (Kind::Text, json!({"a": 1})),
        ] {
            assert!(matches!(observed(kind, &value, None), Observed::Unreadable(_)), "{value}");
        }
        for kind in [Kind::Phone, Kind::Gateway, Kind::Flag, Kind::Text] {
            assert_eq!(observed(kind, &json!(null), None), Observed::Unset);
            assert_eq!(observed(kind, &json!(""), None), Observed::Unset);
        }
        for item in
            [json!(null), json!("adele@contoso.com"), json!({}), json!({"teamsUserId": "adele"}), json!({"teamsUserId": 7})]
        {
            assert!(user(&item, &row(), None).is_none(), "{item}");
        }
    }
}
