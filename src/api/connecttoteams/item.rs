//! One item of a list of users, read as the configuration says (contract 3): JSON Pointers and a value map.
//!
//! **Invariant:** total: whatever an item holds becomes a user, or the word that it is none. Nothing is guessed: a value of a
//! wrong kind is unreadable, not converted.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::redact;
use crate::{
    api::roll::Entry,
    config::{CallingMap, ListUsers},
    model::{
        ExtensionPrefix, Field, GatewayId, Kind, LiveCalling, LiveUser, Observed, PhoneNumber, TenantId, TenantRef, Upn, UserId,
        Value,
    },
};

/// The longest text that is taken for the value of a field, in bytes: some are not what the pointer meant.
const MAX_TEXT: usize = 4096;

/// What an item is. One that should name its tenant and does not is unreadable: whose user it is, nobody knows.
pub(super) fn entry(item: &Json, row: &ListUsers, tenant: &TenantRef) -> Entry {
    let text = |pointer: &str| item.pointer(pointer).and_then(Json::as_str).map(str::trim);
    if let Some(pointer) = &row.tenant {
        match text(pointer).and_then(|id| TenantId::parse(id).ok()) {
            None => return Entry::Unreadable,
            Some(of) if of != tenant.id => return Entry::Foreign,
            Some(_) => {}
        }
    }
    let Some(upn) = text(&row.user).and_then(|upn| Upn::parse(upn).ok()) else { return Entry::Unreadable };
    let prefix = tenant.extension_prefix.as_ref();
    let details: BTreeMap<Field, Observed> = row
        .mapped()
        .filter_map(|(field, pointer)| Some((field, observed(field.kind(), item.pointer(pointer)?, prefix))))
        .collect();
    let id = row.id.as_ref().and_then(|pointer| text(pointer)).and_then(UserId::observed);
    Entry::User(LiveUser { upn, id, calling: calling(item, &row.calling), details })
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
        Kind::Text => value.as_str().filter(|text| text.len() <= MAX_TEXT).map(|text| Value::Text(text.into())),
    };
    read.map_or_else(|| Observed::Unreadable(redact::value(&value.to_string())), Observed::Set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{LiveSource, TenantName};

    fn tenant() -> TenantRef {
        TenantRef {
            name: TenantName::parse("contoso").unwrap(),
            id: TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
            extension_prefix: None,
            account: None,
            live: LiveSource::ConnecttoTeams,
            confirm: false,
        }
    }

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
        let tenant = TenantRef { extension_prefix: Some(prefix), ..tenant() };
        let Entry::User(user) = entry(&item, &row(), &tenant) else { panic!("no user") };
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
            assert_eq!(entry(&item, &row(), &tenant()), Entry::Unreadable, "{item}");
        }
    }

    #[test]
    fn an_item_that_should_name_its_tenant_is_of_that_tenant_or_of_nobody() {
        let row = ListUsers { tenant: Some("/of".to_owned()), id: Some("/id".to_owned()), ..row() };
        let item = |of: Json| json!({"teamsUserId": "adele@contoso.com", "state": "off", "of": of, "id": "A-1"});
        let Entry::User(user) = entry(&item(json!("87D349ED-44d7-43e1-9a83-5f2406dee5bd")), &row, &tenant()) else {
            panic!("no user")
        };
        assert_eq!(user.id, UserId::observed("a-1"));
        assert_eq!(entry(&item(json!("00000000-0000-0000-0000-000000000000")), &row, &tenant()), Entry::Foreign);
        for odd in [json!(null), json!(7), json!("contoso"), json!("")] {
            assert_eq!(entry(&item(odd.clone()), &row, &tenant()), Entry::Unreadable, "{odd}");
        }
    }

    #[test]
    fn a_text_without_end_is_no_value() {
        assert_eq!(
            observed(Kind::Text, &json!("x".repeat(10_000_000)), None),
            Observed::Unreadable(format!("\"{}...", "x".repeat(79)))
        );
    }
}
