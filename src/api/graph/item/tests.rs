//! What one item of a page says of a user.

use serde_json::{Value as Json, json};

use crate::{
    api::{
        graph::item,
        user_list::{Entry, OddEntry, UserListItem},
    },
    model::{
        ExtensionPrefix, Field, LiveCalling, LiveSource, LiveUser, ObservedValue, PhoneNumber,
        TenantId, TenantName, TenantRef, UserId, Value,
    },
};

pub(in crate::api::graph) const TENANT: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

pub(in crate::api::graph) fn tenant() -> TenantRef {
    TenantRef {
        live: LiveSource::Graph,
        ..TenantRef::new(TenantName::parse("contoso").unwrap(), TenantId::parse(TENANT).unwrap())
    }
}

pub(in crate::api::graph) fn user(name: &str) -> Json {
    json!({
        "id": format!("id-of-{name}"), "userPrincipalName": format!("{name}@contoso.com"), "tenantId": TENANT,
        "accountType": "user", "isEnterpriseVoiceEnabled": true, "telephoneNumbers": [], "effectivePolicyAssignments": [],
    })
}

/// A user with something else in place of a field.
pub(in crate::api::graph) fn odd(name: &str, field: &str, value: Json) -> Json {
    let mut user = user(name);
    user[field] = value;
    user
}

fn entry(item: &Json) -> Entry {
    item::read(item, &tenant()).entry
}

/// The numbers that are not compared, as `number (holder, held as)`.
fn held(item: &Json) -> Vec<String> {
    let UserListItem { numbers, .. } = item::read(item, &tenant());
    let number = |number| match number {
        Ok(number) => format!("{number:?}"),
        Err(read) => format!("{read}"),
    };
    numbers
        .into_iter()
        .map(|held| format!("{} ({}, {})", number(held.number), held.holder, held.held_as))
        .collect()
}

fn read(item: &Json) -> LiveUser {
    let prefix = Some(ExtensionPrefix::parse("+1").unwrap());
    match item::read(item, &TenantRef { extension_prefix: prefix, ..tenant() }).entry {
        Entry::User(user) => user,
        other => panic!("{other:?} for {item}"),
    }
}

#[test]
fn a_user_is_read_and_nothing_is_guessed() {
    let policy = |name: Json| json!([{"policyType": "TeamsCallingPolicy", "policyAssignment": {"displayName": name}}]);
    let numbers = |numbers: &[(&str, &str)]| -> Json {
        numbers
            .iter()
            .map(|(number, of)| json!({"telephoneNumber": number, "assignmentCategory": of}))
            .collect()
    };
    let adele = read(&user("Adele"));
    assert_eq!(
        (adele.upn.as_str(), adele.id),
        ("Adele@contoso.com", UserId::observed("id-of-adele"))
    );
    assert_eq!(
        (adele.calling, adele.details.get(Field::CallPolicyName)),
        (LiveCalling::Enabled, None)
    );
    for (value, calling) in [
        (json!(false), LiveCalling::Disabled),
        (json!("true"), LiveCalling::Enabled),
        (json!("on"), LiveCalling::Unclear("\"on\"".to_owned())),
        (json!(null), LiveCalling::Unclear("null".to_owned())),
    ] {
        assert_eq!(read(&odd("a", "isEnterpriseVoiceEnabled", value)).calling, calling);
    }
    let number =
        |text| ObservedValue::Set(Value::Phone(PhoneNumber::observed(text, None).unwrap()));
    for (value, seen) in [
        (numbers(&[]), ObservedValue::Unset),
        (json!(null), ObservedValue::Unset),
        (numbers(&[("+14255550100", "primary")]), number("+14255550100")),
        (
            numbers(&[("14255550100", "primary"), ("+14255550101", "private")]),
            number("+14255550100"),
        ),
        (numbers(&[("+14255550101", "alternate")]), ObservedValue::Unset),
        (
            json!([{"telephoneNumber": "+14255550101"}, {"telephoneNumber": "+14255550100", "assignmentCategory": "primary"}]),
            number("+14255550100"),
        ),
        (numbers(&[("+11000", "primary")]), number("+11000")),
    ] {
        assert_eq!(
            read(&odd("a", "telephoneNumbers", value.clone()))
                .details
                .get(Field::PhoneNumber)
                .unwrap()
                .clone(),
            seen,
            "{value}"
        );
    }
    for value in [
        json!("+14255550100"),
        numbers(&[("+14255550100", "primary"), ("+14255550101", "primary")]),
        numbers(&[("reception", "primary")]),
        json!([{"assignmentCategory": "primary"}]),
        json!([{"telephoneNumber": "+14255550100"}]),
        json!([7]),
    ] {
        let seen = read(&odd("a", "telephoneNumbers", value.clone()))
            .details
            .get(Field::PhoneNumber)
            .unwrap()
            .clone();
        assert!(matches!(seen, ObservedValue::Unreadable(_)), "{value}: {seen:?}");
    }
    let named = |name| {
        read(&odd("a", "effectivePolicyAssignments", policy(name)))
            .details
            .get(Field::CallPolicyName)
            .unwrap()
            .clone()
            .clone()
    };
    assert_eq!(
        named(json!("AllowCalling")),
        ObservedValue::Set(Value::Text("AllowCalling".into()))
    );
    for name in [json!(null), json!(""), json!(7), json!("x".repeat(10_000_000))] {
        assert!(matches!(named(name), ObservedValue::Unreadable(_)));
    }
}

#[test]
fn an_item_is_a_user_of_this_tenant_or_is_told_apart() {
    for kind in ["resourceAccount", "guest", "sfbOnPremUser", "ineligibleUser"] {
        assert_eq!(entry(&odd("a", "accountType", json!(kind))), Entry::NoPerson);
    }
    assert_eq!(
        entry(&odd("a", "tenantId", json!("00000000-0000-0000-0000-000000000000"))),
        Entry::Foreign
    );
    for item in [
        odd("a", "userPrincipalName", json!("nobody")),
        odd("a", "userPrincipalName", json!(["a@contoso.com"])),
    ] {
        assert_eq!(entry(&item), Entry::Unreadable(OddEntry::Name), "{item}");
    }
    for item in [odd("a", "tenantId", json!(null)), json!(null), json!("a@contoso.com"), json!([])]
    {
        assert_eq!(entry(&item), Entry::Unreadable(OddEntry::Tenant), "{item}");
    }
}

#[test]
fn an_account_of_an_unknown_kind_is_passed_over_or_doubted_by_its_name() {
    for kind in [json!("unknown"), json!("unknownFutureValue"), json!("robot"), json!(null)] {
        let on = odd("a", "accountType", kind.clone());
        let mut off = on.clone();
        off["isEnterpriseVoiceEnabled"] = json!(false);
        assert_eq!(entry(&off), Entry::NoPerson, "{kind}");
        let Entry::Unreadable(OddEntry::Account(words)) = entry(&on) else { panic!("{kind}") };
        assert!(
            words.starts_with("a@contoso.com ") && words.ends_with("with calling on"),
            "{words}"
        );
        assert!(
            kind.as_str().is_none_or(|kind| words.contains(&format!("account type {kind:?}"))),
            "{words}"
        );
        off["isEnterpriseVoiceEnabled"] = json!(null);
        assert!(matches!(entry(&off), Entry::Unreadable(OddEntry::Account(_))), "{kind}");
    }
}

#[test]
fn an_account_without_a_name_calling_and_number_is_passed_over() {
    let mut nobody = odd("a", "userPrincipalName", json!(null));
    assert_eq!(entry(&nobody), Entry::Unreadable(OddEntry::Name));
    nobody["isEnterpriseVoiceEnabled"] = json!(false);
    assert_eq!(entry(&nobody), Entry::Nameless);
    nobody["telephoneNumbers"] =
        json!([{"telephoneNumber": "+14255550100", "assignmentCategory": "private"}]);
    assert_eq!(entry(&nobody), Entry::Unreadable(OddEntry::Name));
    assert_eq!(held(&nobody).len(), 1);
}

#[test]
fn every_number_of_an_item_is_held_by_somebody() {
    let numbers = json!([
        {"telephoneNumber": "+14255550100", "assignmentCategory": "primary"},
        {"telephoneNumber": "+14255550101", "assignmentCategory": "private"},
        {"telephoneNumber": "tel:+1 425 555 0102", "assignmentCategory": "alternate"},
        {"telephoneNumber": "(425) 555-0103", "assignmentCategory": "alternate"},
        {"telephoneNumber": "+14255550104", "assignmentCategory": "unknownFutureValue"},
        {"telephoneNumber": "", "assignmentCategory": "private"},
    ]);
    let person = odd("ann", "telephoneNumbers", numbers.clone());
    assert_eq!(
        held(&person),
        [
            "+14255550101 (ann@contoso.com, private line)",
            "tel:+1 425 555 0102 (ann@contoso.com, alternate number)",
            "\"(425) 555-0103\" at `telephoneNumbers` (ann@contoso.com, alternate number)",
            "+14255550104 (ann@contoso.com, number of category \"unknownFutureValue\")",
        ]
    );
    for (kind, words) in [
        ("resourceAccount", "resource account"),
        ("guest", "guest"),
        ("robot", "account of an unknown type"),
    ] {
        let mut account = person.clone();
        account["accountType"] = json!(kind);
        let held = held(&account);
        assert_eq!(
            (held.len(), held[0].as_str()),
            (5, format!("+14255550100 (ann@contoso.com, {words})").as_str())
        );
    }
    let twice = json!([
        {"telephoneNumber": "+14255550100", "assignmentCategory": "primary"},
        {"telephoneNumber": "+14255550101", "assignmentCategory": "primary"},
    ]);
    assert_eq!(held(&odd("ann", "telephoneNumbers", twice)).len(), 2);
}
