//! The client over a real socket, against a service that does one thing at a time; and its pure
//! parts. The sandbox does the rest.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request as Incoming,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value as Json, json};

use super::{item, listing::Listing, *};
use crate::{
    api::roll::{Entry, Item, Odd},
    model::{
        Coverage, ExtensionPrefix, LiveCalling, LiveSource, LiveUser, Observed, PhoneNumber,
        TenantId, TenantName, UserId, Value,
    },
};

const TENANT: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

fn tenant() -> TenantRef {
    TenantRef {
        name: TenantName::parse("contoso").unwrap(),
        id: TenantId::parse(TENANT).unwrap(),
        extension_prefix: None,
        account: None,
        live: LiveSource::Graph,
        confirm: false,
    }
}

fn user(name: &str) -> Json {
    json!({
        "id": format!("id-of-{name}"), "userPrincipalName": format!("{name}@contoso.com"), "tenantId": TENANT,
        "accountType": "user", "isEnterpriseVoiceEnabled": true, "telephoneNumbers": [], "effectivePolicyAssignments": [],
    })
}

/// A user with something else in place of a field.
fn odd(name: &str, field: &str, value: Json) -> Json {
    let mut user = user(name);
    user[field] = value;
    user
}

fn entry(item: &Json) -> Entry {
    item::read(item, &tenant()).entry
}

/// The numbers that are not compared, as `number (holder, held as)`.
fn held(item: &Json) -> Vec<String> {
    let Item { numbers, .. } = item::read(item, &tenant());
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
        (adele.calling, adele.details.get(&Field::CallPolicyName)),
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
    let number = |text| Observed::Set(Value::Phone(PhoneNumber::observed(text, None).unwrap()));
    for (value, seen) in [
        (numbers(&[]), Observed::Unset),
        (json!(null), Observed::Unset),
        (numbers(&[("+14255550100", "primary")]), number("+14255550100")),
        (
            numbers(&[("14255550100", "primary"), ("+14255550101", "private")]),
            number("+14255550100"),
        ),
        (numbers(&[("+14255550101", "alternate")]), Observed::Unset),
        (
            json!([{"telephoneNumber": "+14255550101"}, {"telephoneNumber": "+14255550100", "assignmentCategory": "primary"}]),
            number("+14255550100"),
        ),
        (numbers(&[("+11000", "primary")]), number("+11000")),
    ] {
        assert_eq!(
            read(&odd("a", "telephoneNumbers", value.clone())).details[&Field::PhoneNumber],
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
        let seen = &read(&odd("a", "telephoneNumbers", value.clone())).details[&Field::PhoneNumber];
        assert!(matches!(seen, Observed::Unreadable(_)), "{value}: {seen:?}");
    }
    let named = |name| {
        read(&odd("a", "effectivePolicyAssignments", policy(name))).details[&Field::CallPolicyName]
            .clone()
    };
    assert_eq!(named(json!("AllowCalling")), Observed::Set(Value::Text("AllowCalling".into())));
    for name in [json!(null), json!(""), json!(7), json!("x".repeat(10_000_000))] {
        assert!(matches!(named(name), Observed::Unreadable(_)));
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
        assert_eq!(entry(&item), Entry::Unreadable(Odd::Name), "{item}");
    }
    for item in [odd("a", "tenantId", json!(null)), json!(null), json!("a@contoso.com"), json!([])]
    {
        assert_eq!(entry(&item), Entry::Unreadable(Odd::Tenant), "{item}");
    }
}

#[test]
fn an_account_of_an_unknown_kind_is_passed_over_or_doubted_by_its_name() {
    for kind in [json!("unknown"), json!("unknownFutureValue"), json!("robot"), json!(null)] {
        let on = odd("a", "accountType", kind.clone());
        let mut off = on.clone();
        off["isEnterpriseVoiceEnabled"] = json!(false);
        assert_eq!(entry(&off), Entry::NoPerson, "{kind}");
        let Entry::Unreadable(Odd::Account(words)) = entry(&on) else { panic!("{kind}") };
        assert!(
            words.starts_with("a@contoso.com ") && words.ends_with("with calling on"),
            "{words}"
        );
        assert!(
            kind.as_str().is_none_or(|kind| words.contains(&format!("account type {kind:?}"))),
            "{words}"
        );
        off["isEnterpriseVoiceEnabled"] = json!(null);
        assert!(matches!(entry(&off), Entry::Unreadable(Odd::Account(_))), "{kind}");
    }
}

#[test]
fn an_account_without_a_name_calling_and_number_is_passed_over() {
    let mut nobody = odd("a", "userPrincipalName", json!(null));
    assert_eq!(entry(&nobody), Entry::Unreadable(Odd::Name));
    nobody["isEnterpriseVoiceEnabled"] = json!(false);
    assert_eq!(entry(&nobody), Entry::Nameless);
    nobody["telephoneNumbers"] =
        json!([{"telephoneNumber": "+14255550100", "assignmentCategory": "private"}]);
    assert_eq!(entry(&nobody), Entry::Unreadable(Odd::Name));
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

fn page(users: &[Json], next: Option<&str>) -> Json {
    let mut page = json!({ "value": users });
    if let Some(next) = next {
        page["@odata.nextLink"] = json!(next);
    }
    page
}

#[test]
fn a_list_ends_whole_or_in_doubt() {
    let run = |pages: &[Json]| {
        let of = tenant();
        let mut listing = Listing::new(&of);
        let wanted: Vec<bool> =
            pages.iter().map(|page| listing.take(page).unwrap().is_some()).collect();
        (listing.finish(), wanted)
    };
    let (listed, wanted) =
        run(&[page(&[user("a")], Some("x")), page(&[], Some("y")), page(&[user("b")], None)]);
    assert_eq!(
        (listed.users.len(), listed.coverage(), wanted),
        (2, Coverage::Complete, vec![true, true, false])
    );
    let again = odd("b", "id", json!("id-of-a"));
    for (pages, words) in [
        (vec![page(&[], None)], "no users at all"),
        (vec![page(&[odd("a", "accountType", json!("guest"))], None)], "no users at all"),
        (vec![page(&[user("a"), user("A")], None)], "1 entry is listed more than once"),
        (vec![page(&[user("a"), again], None)], "1 entry is listed more than once"),
        (vec![page(&[user("a"), json!(7)], None)], "1 entry does not say of which tenant it is"),
        (
            vec![page(&[user("a"), odd("b", "accountType", json!("robot"))], None)],
            "b@contoso.com is of the account type \"robot\"",
        ),
        (vec![page(&[user("a")], Some("x")), page(&[user("b")], Some("x"))], "round in a circle"),
    ] {
        let (listed, wanted) = run(&pages);
        let coverage = listed.coverage();
        assert!(
            matches!(&coverage, Coverage::Suspect(text) if text.contains(words)),
            "{coverage:?} instead of {words}"
        );
        assert_eq!(wanted.last(), Some(&false));
    }
    let of = tenant();
    let mut listing = Listing::new(&of);
    let endless = (0..1_000_000)
        .position(|n: i32| listing.take(&page(&[], Some(&n.to_string()))).unwrap().is_none());
    assert!(endless.is_some_and(|pages| pages < 100), "{endless:?}");
    for bad in
        [json!([]), json!({}), json!({"value": {}}), json!({"value": [], "@odata.nextLink": 7})]
    {
        assert!(Listing::new(&of).take(&bad).is_err(), "{bad}");
    }
    let foreign = odd("b", "tenantId", json!("00000000-0000-0000-0000-000000000000"));
    assert!(
        Listing::new(&of)
            .take(&page(&[user("a"), foreign], None))
            .unwrap_err()
            .contains("another tenant")
    );
}

/// A service whose token call works and whose other calls do what `answer` says of the n-th one,
/// from 0; and all paths so far.
async fn serve(
    answer: impl Fn(usize, &str) -> Response + Clone + Send + Sync + 'static,
) -> (Reader, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let here = base.clone();
    let router = Router::new().fallback(move |request: Incoming| {
        let (log, answer, here) = (Arc::clone(&log), answer.clone(), here.clone());
        async move {
            let mut log = log.lock().unwrap();
            log.push(request.uri().to_string());
            if request.uri().path().ends_with("/oauth2/v2.0/token") {
                return json!({"access_token": format!("token-{}", log.len()), "expires_in": 3600})
                    .to_string()
                    .into_response();
            }
            // Without it, kinds of account that were added later are not named.
            if request
                .headers()
                .get("prefer")
                .is_none_or(|prefer| prefer != "include-unknown-enum-members")
            {
                return StatusCode::BAD_REQUEST.into_response();
            }
            let n = log.iter().filter(|path| path.starts_with("/v1.0/")).count() - 1;
            answer(n, &here)
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (reader(&base), seen)
}

fn reader(base: &str) -> Reader {
    let settings = json!({
        "clientId": "app", "clientSecret": {"command": ["echo", "hunter2-hunter2"]}, "baseUrl": base, "loginUrl": base,
        "pageSize": 2, "timeout": "5s",
    });
    Reader::new(&serde_json::from_value(settings).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_that_ends_on_the_way_costs_one_page() {
    let (reader, seen) = serve(|n, here| match n {
        0 => page(&[user("a")], Some(&format!("{here}/v1.0/next?page=2")))
            .to_string()
            .into_response(),
        1 => StatusCode::UNAUTHORIZED.into_response(),
        _ => page(&[user("b")], None).to_string().into_response(),
    })
    .await;
    let listed = reader.users(&tenant()).await.unwrap();
    assert_eq!((listed.users.len(), listed.coverage()), (2, Coverage::Complete));
    let token = format!("/{TENANT}/oauth2/v2.0/token");
    let first = "/v1.0/admin/teams/userConfigurations?$top=2";
    assert_eq!(
        *seen.lock().unwrap(),
        [&token, first, "/v1.0/next?page=2", &token, "/v1.0/next?page=2"]
    );
}

#[tokio::test]
async fn whatever_is_no_page_is_a_fault_that_says_what_came() {
    type Answer = fn(usize, &str) -> Response;
    let cases: [(Answer, FaultKind, &str); 9] = [
        (
            |_, _| "<html>sign in</html>".into_response(),
            FaultKind::Garbled,
            "a web page instead of JSON",
        ),
        (|_, _| "{\"value\": [{\"id\"".into_response(), FaultKind::Garbled, "breaks off"),
        (|_, _| "".into_response(), FaultKind::Garbled, "an empty answer"),
        (|_, _| "[]".into_response(), FaultKind::Garbled, "no list at `value`"),
        (
            |_, _| StatusCode::BAD_GATEWAY.into_response(),
            FaultKind::Server,
            "the service failed (HTTP 502)",
        ),
        (
            |_, _| StatusCode::FORBIDDEN.into_response(),
            FaultKind::Auth,
            "may not read it (HTTP 403)",
        ),
        (
            |_, _| StatusCode::NOT_FOUND.into_response(),
            FaultKind::Rejected,
            "there is no such list",
        ),
        (
            |_, _| {
                (StatusCode::FOUND, [(header::LOCATION, "https://evil.example/x?secret=1")])
                    .into_response()
            },
            FaultKind::Garbled,
            "pointed to https://evil.example",
        ),
        (
            |_, _| {
                page(&[user("a")], Some("https://evil.example/x?secret=1"))
                    .to_string()
                    .into_response()
            },
            FaultKind::Garbled,
            "the next page is refused: it is at https://evil.example and not at http://127.0.0.1",
        ),
    ];
    for (answer, kind, words) in cases {
        let (reader, seen) = serve(answer).await;
        let fault = reader.users(&tenant()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault:?}");
        assert!(fault.message.contains(words), "{fault:?}");
        assert!(!format!("{fault:?}").contains("secret=1"), "{fault:?}");
        // The token, and the page: three times where that may help.
        let passing = words == "breaks off" || words.contains("502");
        assert_eq!(seen.lock().unwrap().len(), if passing { 4 } else { 2 }, "{words}");
    }
}

#[tokio::test]
async fn one_item_of_ten_megabytes_is_a_user_with_one_odd_field() {
    let (reader, _) = serve(|_, _| {
        let large = odd("a", "telephoneNumbers", json!("9".repeat(10_000_000)));
        page(&[large, user("b")], None).to_string().into_response()
    })
    .await;
    let listed = reader.users(&tenant()).await.unwrap();
    assert_eq!((listed.users.len(), listed.coverage()), (2, Coverage::Complete));
    let told: usize = listed.users.values().map(|user| format!("{user:?}").len()).sum();
    assert!(told < 2000, "{told}");

    let (reader, _) = serve(|_, _| {
        page(&[odd("a", "x", json!("9".repeat(20_000_000)))], None).to_string().into_response()
    })
    .await;
    assert!(reader.users(&tenant()).await.unwrap_err().message.contains("larger than 16384 KiB"));
}

#[tokio::test]
async fn a_service_without_tls_where_tls_is_expected_is_not_talked_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().fallback(|| async { "hello" })).await
    });
    let fault = reader(&format!("https://{address}")).users(&tenant()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
    assert!(fault.hint.unwrap().contains("graph.loginUrl") && !fault.message.contains("hunter2"));
}
