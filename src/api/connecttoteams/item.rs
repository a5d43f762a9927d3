//! One item of a list of users, read as the configuration says (contract 3): JSON Pointers and a
//! value map.
//!
//! **Invariant:** total: whatever an item holds becomes a user, or the word that it is none.
//! Nothing is guessed: a value of a wrong kind is unreadable, not converted.

use super::{
    redact,
    row::{Leaf, Leaves, ListUsersRow},
};
use crate::{
    api::{
        user_list::{Entry, OddEntry, UserListItem},
        value,
    },
    model::{
        Field, FieldMap, HeldNumber, LiveCalling, LiveUser, ObservedValue, TenantId, TenantRef,
        UnreadableValue, Upn, UserId, Value, is_blank,
    },
};

/// Who holds the number of an item that names nobody.
const NOBODY: &str = "an entry without a name";

/// What an item is. One that should name its tenant and does not is unreadable: whose user it is,
/// nobody knows.
pub(super) fn read(
    item: &Leaves<'_, '_>,
    row: &ListUsersRow<'_>,
    tenant: &TenantRef,
) -> UserListItem {
    let entry = entry(item, row, tenant);
    let held_as = match &entry {
        // Its number is that of the user.
        Entry::User(_) | Entry::CallApp(_) => return UserListItem { entry, numbers: Vec::new() },
        Entry::NotSetUp(_) => "not set up",
        Entry::Foreign => "of another tenant",
        Entry::NoPerson | Entry::Nameless | Entry::Unreadable(_) => "not a user that can be read",
    };
    let number = match number(item, row, tenant) {
        Some(ObservedValue::Set(Value::Phone(number))) => Ok(number),
        Some(ObservedValue::Unreadable(unread)) => Err(unread),
        Some(ObservedValue::Set(_) | ObservedValue::Unset) | None => {
            return UserListItem { entry, numbers: Vec::new() };
        }
    };
    let name = item
        .text(row.user)
        .filter(|name| !is_blank(name))
        .map_or_else(|| NOBODY.to_owned(), redact::value);
    let held = HeldNumber { holder: name.into(), held_as: held_as.into(), number };
    UserListItem { entry, numbers: vec![held] }
}

fn entry(item: &Leaves<'_, '_>, row: &ListUsersRow<'_>, tenant: &TenantRef) -> Entry {
    if let Some(slot) = row.tenant {
        match item.text(slot) {
            Some(id) if tenant.id.is_spelled(id) => {}
            Some(id) if TenantId::parse(id).is_ok() => return Entry::Foreign,
            Some(_) | None => return Entry::Unreadable(OddEntry::Tenant),
        }
    }
    let Some(upn) = item.text(row.user).and_then(|upn| Upn::parse(upn).ok()) else {
        return if is_no_user(item, row, tenant) {
            Entry::Nameless
        } else {
            Entry::Unreadable(OddEntry::Name)
        };
    };
    let id = row.id.and_then(|slot| item.text(slot)).and_then(UserId::observed);
    let not_set_up = has_sign(item, row.not_set_up.as_ref());
    let calling = match calling(item, row) {
        // One of the two is not so.
        LiveCalling::Enabled if not_set_up => {
            LiveCalling::Unclear("enabled, and not set up".to_owned())
        }
        _ if not_set_up => return Entry::NotSetUp(LiveUser::not_set_up(upn, id)),
        calling => calling,
    };
    let mut details = FieldMap::with_capacity(row.fields.len());
    for &(field, slot) in &row.fields {
        if let Some(observed) = observed(field, slot, item, row, tenant) {
            details.insert(field, observed);
        }
    }
    let user = LiveUser { upn, id, calling, details };
    if has_sign(item, row.call_app.as_ref()) { Entry::CallApp(user) } else { Entry::User(user) }
}

/// Whether an item has a sign that the settings name.
fn has_sign(item: &Leaves<'_, '_>, sign: Option<&(usize, Vec<String>)>) -> bool {
    let Some((slot, words)) = sign else { return false };
    item.get(*slot).is_some_and(|leaf| is_among(leaf.words().trim(), words))
}

/// Whether an item is an account without a user of Teams: nothing where the name should be, calling
/// off, no number.
fn is_no_user(item: &Leaves<'_, '_>, row: &ListUsersRow<'_>, tenant: &TenantRef) -> bool {
    let nameless = match item.get(row.user) {
        None | Some(Leaf::Null) => item.is_object,
        Some(Leaf::Text(text)) => is_blank(text),
        Some(Leaf::Flag(_) | Leaf::Whole(_) | Leaf::Other(_)) => false,
    };
    nameless
        && number(item, row, tenant) == Some(ObservedValue::Unset)
        && calling(item, row) == LiveCalling::Disabled
}

fn calling(item: &Leaves<'_, '_>, row: &ListUsersRow<'_>) -> LiveCalling {
    let Some(leaf) = item.get(row.calling) else {
        return LiveCalling::Unclear(format!("nothing at `{}`", row.pointer(row.calling)));
    };
    let words = leaf.words();
    let text = if matches!(leaf, Leaf::Text(_)) { words.trim() } else { &words };
    if is_among(text, &row.enabled) {
        LiveCalling::Enabled
    } else if is_among(text, &row.disabled) {
        LiveCalling::Disabled
    } else {
        LiveCalling::Unclear(redact::value(text))
    }
}

/// Whether a text is one of those, which are in small letters.
fn is_among(text: &str, folded: &[String]) -> bool {
    if text.is_ascii() {
        return folded.iter().any(|value| value.eq_ignore_ascii_case(text));
    }
    folded.contains(&text.to_lowercase())
}

fn number(
    item: &Leaves<'_, '_>,
    row: &ListUsersRow<'_>,
    tenant: &TenantRef,
) -> Option<ObservedValue> {
    observed(Field::PhoneNumber, row.field(Field::PhoneNumber)?, item, row, tenant)
}

/// What an item says of a field; nothing if it has no such key, unless that means that nothing is
/// set.
fn observed(
    field: Field,
    slot: usize,
    item: &Leaves<'_, '_>,
    row: &ListUsersRow<'_>,
    tenant: &TenantRef,
) -> Option<ObservedValue> {
    let Some(leaf) = item.get(slot) else {
        return row.list.omits_unset.then_some(ObservedValue::Unset);
    };
    let read = value::read(field.kind(), leaf.raw(), tenant.extension_prefix.as_ref());
    Some(read.unwrap_or_else(|| {
        let place = format!("at `{}`", row.pointer(slot));
        ObservedValue::Unreadable(UnreadableValue::new(redact::value(&leaf.words()), &place))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{
        config::ListUsers,
        model::{ExtensionPrefix, PhoneNumber, TenantName},
    };

    /// What an item is read as.
    fn read(item: &Json, row: &ListUsers, tenant: &TenantRef) -> UserListItem {
        let row = ListUsersRow::new(row);
        let at: Vec<Option<Leaf<'_>>> =
            row.pointers.iter().map(|pointer| item.pointer(pointer).map(Leaf::from)).collect();
        super::read(&Leaves { is_object: item.is_object(), at: &at }, &row, tenant)
    }

    fn entry(item: &Json, row: &ListUsers, tenant: &TenantRef) -> Entry {
        read(item, row, tenant).entry
    }

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
        let seen = |item: Json| match entry(&item, &row(), &tenant()) {
            Entry::User(user) => user.calling,
            other => panic!("{other:?}"),
        };
        let read = |state: Json| seen(json!({"teamsUserId": "adele@contoso.com", "state": state}));
        for state in [json!("ACTIVE"), json!(" active "), json!(true), json!(1)] {
            assert_eq!(read(state), LiveCalling::Enabled);
        }
        for state in [json!("OFF"), json!(false), json!(0)] {
            assert_eq!(read(state), LiveCalling::Disabled);
        }
        assert_eq!(read(json!("pending")), LiveCalling::Unclear("pending".to_owned()));
        assert_eq!(read(json!(null)), LiveCalling::Unclear("null".to_owned()));
        assert_eq!(
            seen(json!({"teamsUserId": "adele@contoso.com"})),
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
        let seen = |field| user.details.get(field).unwrap().clone();
        assert_eq!(seen(Field::PhoneNumber), ObservedValue::Set(Value::Phone(number)));
        assert_eq!(
            seen(Field::SbcGatewayId),
            ObservedValue::Unreadable(UnreadableValue::new("main", "at `/gateway`"))
        );
        assert_eq!(seen(Field::UseTeamsVoicemail), ObservedValue::Set(Value::Flag(false)));
        assert_eq!(seen(Field::UserTag), ObservedValue::Unset);
        assert!(!user.details.has(Field::CallPolicyName), "absent in the item");
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
        assert!(seen(&sparse).iter().all(|(_, value)| *value == ObservedValue::Unset));
        assert_eq!(seen(&sparse).len(), row().fields.len());
    }

    #[test]
    fn who_is_not_set_up_holds_the_number_that_is_shown_and_has_no_calling() {
        let status = json!({"at": "/status", "values": ["LICENSED"]});
        let not_set_up = Some(serde_json::from_value(status).unwrap());
        let row = ListUsers { not_set_up, ..row() };
        let item = |state: &str, phone: Json| json!({"teamsUserId": "adele@contoso.com", "status": "LICENSED", "state": state, "phone": phone});
        for (phone, held) in
            [(json!(null), 0), (json!("+493012345678"), 1), (json!("reception"), 1)]
        {
            let UserListItem { entry, numbers } =
                read(&item("off", phone.clone()), &row, &tenant());
            assert!(matches!(entry, Entry::NotSetUp(_)), "{phone}: {entry:?}");
            assert_eq!(numbers.len(), held, "{phone}");
            assert!(numbers.iter().all(|held| &*held.holder == "adele@contoso.com"), "{phone}");
        }
        let both = read(&item("active", json!("+493012345678")), &row, &tenant());
        let Entry::User(user) = both.entry else { panic!("{:?}", both.entry) };
        assert_eq!(user.calling, LiveCalling::Unclear("enabled, and not set up".to_owned()));
        assert!(user.number().is_some(), "the ledger has it");
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
            assert_eq!(
                entry(&item, &row(), &tenant()),
                Entry::Unreadable(OddEntry::Name),
                "{item}"
            );
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
                Entry::Unreadable(OddEntry::Tenant),
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
                UserListItem { entry: Entry::Nameless, numbers: Vec::new() },
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
            let UserListItem { entry, numbers } = read(&item, &row(), &tenant());
            assert_eq!(
                (entry, numbers.len()),
                (Entry::Unreadable(OddEntry::Name), holds),
                "{item}"
            );
        }
    }
}
