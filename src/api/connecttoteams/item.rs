//! One item of a list of users, read as the configuration says (contract 3): JSON Pointers and a
//! value map.
//!
//! **Invariant:** total: whatever an item holds becomes a user, or the word that it is none.
//! Nothing is guessed: a value of a wrong kind is unreadable, not converted.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::redact;
use crate::{
    api::{
        user_list::{Entry, Item, Odd},
        value,
    },
    config::{CallingMap, ListUsers},
    model::{
        Field, HeldNumber, LiveCalling, LiveUser, Observed, TenantId, TenantRef, Upn, UserId,
        Value, is_blank,
    },
};

/// Who holds the number of an item that names nobody.
const NOBODY: &str = "an entry without a name";

/// What an item is. One that should name its tenant and does not is unreadable: whose user it is,
/// nobody knows.
pub(super) fn read(item: &Json, row: &ListUsers, tenant: &TenantRef) -> Item {
    let entry = entry(item, row, tenant);
    let held_as = match &entry {
        // Its number is that of the user.
        Entry::User(_) => return Item { entry, numbers: Vec::new() },
        Entry::Foreign => "of another tenant",
        Entry::NoPerson | Entry::Nameless | Entry::Unreadable(_) => "not a user that can be read",
    };
    let number = match number(item, row, tenant) {
        Some(Observed::Set(Value::Phone(number))) => Ok(number),
        Some(Observed::Unreadable(unread)) => Err(unread),
        Some(Observed::Set(_) | Observed::Unset) | None => {
            return Item { entry, numbers: Vec::new() };
        }
    };
    let name = text(item, &row.user)
        .filter(|name| !is_blank(name))
        .map_or_else(|| NOBODY.to_owned(), redact::value);
    let held = HeldNumber { holder: name.into(), held_as: held_as.into(), number };
    Item { entry, numbers: vec![held] }
}

fn entry(item: &Json, row: &ListUsers, tenant: &TenantRef) -> Entry {
    if let Some(pointer) = &row.tenant {
        match text(item, pointer).and_then(|id| TenantId::parse(id).ok()) {
            None => return Entry::Unreadable(Odd::Tenant),
            Some(of) if of != tenant.id => return Entry::Foreign,
            Some(_) => {}
        }
    }
    let Some(upn) = text(item, &row.user).and_then(|upn| Upn::parse(upn).ok()) else {
        return if is_no_user(item, row, tenant) {
            Entry::Nameless
        } else {
            Entry::Unreadable(Odd::Name)
        };
    };
    let details: BTreeMap<Field, Observed> = row
        .mapped()
        .filter_map(|(field, pointer)| Some((field, observed(field, item, pointer, row, tenant)?)))
        .collect();
    let id = row.id.as_ref().and_then(|pointer| text(item, pointer)).and_then(UserId::observed);
    Entry::User(LiveUser { upn, id, calling: calling(item, &row.calling), details })
}

/// Whether an item is an account without a user of Teams: nothing where the name should be, calling
/// off, no number.
fn is_no_user(item: &Json, row: &ListUsers, tenant: &TenantRef) -> bool {
    let nameless = match item.pointer(&row.user) {
        None | Some(Json::Null) => item.is_object(),
        Some(Json::String(text)) => is_blank(text),
        Some(_) => false,
    };
    nameless
        && number(item, row, tenant) == Some(Observed::Unset)
        && calling(item, &row.calling) == LiveCalling::Disabled
}

fn text<'i>(item: &'i Json, pointer: &str) -> Option<&'i str> {
    item.pointer(pointer).and_then(Json::as_str).map(str::trim)
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

fn number(item: &Json, row: &ListUsers, tenant: &TenantRef) -> Option<Observed> {
    let pointer = row.fields.get(Field::PhoneNumber.name())?;
    observed(Field::PhoneNumber, item, pointer, row, tenant)
}

/// What an item says of a field; nothing if it has no such key, unless that means that nothing is
/// set.
fn observed(
    field: Field,
    item: &Json,
    pointer: &str,
    row: &ListUsers,
    tenant: &TenantRef,
) -> Option<Observed> {
    let place = || format!("at `{pointer}`");
    match item.pointer(pointer) {
        Some(value) => {
            Some(value::observed(field.kind(), value, place, tenant.extension_prefix.as_ref()))
        }
        None => row.omits_unset.then_some(Observed::Unset),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ExtensionPrefix, PhoneNumber, TenantName, Unread};

    fn tenant() -> TenantRef {
        TenantRef::new(
            TenantName::parse("contoso").unwrap(),
            TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
        )
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
        assert_eq!(
            calling(&json!({}), &row().calling),
            LiveCalling::Unclear("nothing at `/state`".to_owned())
        );
    }

    #[test]
    fn fields_are_set_unset_unreadable_or_left_out() {
        let prefix = ExtensionPrefix::parse("+1").unwrap();
        let item = json!({
            "teamsUserId": "Adele@contoso.com", "state": "off", "phone": "1000", "gateway": "main", "voicemail": false, "tag": "",
        });
        let tenant = TenantRef { extension_prefix: Some(prefix), ..tenant() };
        let Entry::User(user) = entry(&item, &row(), &tenant) else { panic!("no user") };
        assert_eq!(user.upn.as_str(), "Adele@contoso.com");
        let number = PhoneNumber::observed("+11000", None).unwrap();
        assert_eq!(user.details[&Field::PhoneNumber], Observed::Set(Value::Phone(number)));
        assert_eq!(
            user.details[&Field::SbcGatewayId],
            Observed::Unreadable(Unread::new("main", "at `/gateway`"))
        );
        assert_eq!(user.details[&Field::UseTeamsVoicemail], Observed::Set(Value::Flag(false)));
        assert_eq!(user.details[&Field::UserTag], Observed::Unset);
        assert!(!user.details.contains_key(&Field::CallPolicyName), "absent in the item");
    }

    #[test]
    fn a_key_that_is_absent_is_not_visible_unless_the_service_omits_what_is_not_set() {
        let item = json!({"teamsUserId": "adele@contoso.com", "state": "off"});
        let seen = |row: &ListUsers| match entry(&item, row, &tenant()) {
            Entry::User(user) => user.details,
            other => panic!("{other:?}"),
        };
        assert!(seen(&row()).is_empty());
        let sparse = ListUsers { omits_unset: true, ..row() };
        assert!(seen(&sparse).values().all(|value| *value == Observed::Unset));
        assert_eq!(seen(&sparse).len(), row().fields.len());
    }

    #[test]
    fn odd_items_are_no_users() {
        for item in [
            json!(null),
            json!("adele@contoso.com"),
            json!({}),
            json!({"teamsUserId": "adele"}),
            json!({"teamsUserId": 7}),
        ] {
            assert_eq!(entry(&item, &row(), &tenant()), Entry::Unreadable(Odd::Name), "{item}");
        }
    }

    #[test]
    fn an_item_that_should_name_its_tenant_is_of_that_tenant_or_of_nobody() {
        let row = ListUsers { tenant: Some("/of".to_owned()), id: Some("/id".to_owned()), ..row() };
        let item = |of: Json| json!({"teamsUserId": "adele@contoso.com", "state": "off", "of": of, "id": "A-1"});
        let Entry::User(user) =
            entry(&item(json!("87D349ED-44d7-43e1-9a83-5f2406dee5bd")), &row, &tenant())
        else {
            panic!("no user")
        };
        assert_eq!(user.id, UserId::observed("a-1"));
        assert_eq!(
            entry(&item(json!("00000000-0000-0000-0000-000000000000")), &row, &tenant()),
            Entry::Foreign
        );
        for odd in [json!(null), json!(7), json!("contoso"), json!("")] {
            assert_eq!(
                entry(&item(odd.clone()), &row, &tenant()),
                Entry::Unreadable(Odd::Tenant),
                "{odd}"
            );
        }
    }

    #[test]
    fn an_account_without_a_name_calling_and_number_is_passed_over() {
        for name in [json!(null), json!(""), json!(" \u{200b}")] {
            let item = json!({"teamsUserId": name, "state": "off", "phone": null});
            assert_eq!(
                read(&item, &row(), &tenant()),
                Item { entry: Entry::Nameless, numbers: Vec::new() },
                "{item}"
            );
        }
        assert_eq!(
            entry(&json!({"state": "off", "phone": ""}), &row(), &tenant()),
            Entry::Nameless
        );
        for (item, holds) in [
            (json!({"teamsUserId": null, "state": "active", "phone": null}), 0),
            (json!({"teamsUserId": null, "state": "pending", "phone": null}), 0),
            (json!({"teamsUserId": null, "phone": null}), 0),
            (json!({"teamsUserId": null, "state": "off"}), 0),
            (json!({"teamsUserId": 7, "state": "off", "phone": null}), 0),
            (json!({"teamsUserId": null, "state": "off", "phone": "+493012345678"}), 1),
            (json!({"teamsUserId": "reception", "state": "off", "phone": "(030) 12345678"}), 1),
        ] {
            let Item { entry, numbers } = read(&item, &row(), &tenant());
            assert_eq!((entry, numbers.len()), (Entry::Unreadable(Odd::Name), holds), "{item}");
        }
    }
}
