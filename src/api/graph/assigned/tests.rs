//! What the list of numbers adds to the list of users, and what it never does.

use serde_json::json;

use super::*;
use crate::{
    api::graph::{
        item::tests::{odd, tenant, user},
        listing::{Listing, tests::page},
    },
    model::Coverage,
};

/// A number as Graph sends it.
fn number(number: &str, target: Option<&str>, category: Option<&str>, status: &str) -> Json {
    json!({
        "telephoneNumber": number, "assignmentTargetId": target, "assignmentCategory": category,
        "assignmentStatus": status, "activationState": "activated", "numberType": "directRouting",
    })
}

/// Adele, and a resource account with a number, as the list of users shows them.
fn listed() -> ReceivedUserList {
    let of = tenant();
    let mut listing = Listing::new(&of);
    let mut queue = odd("queue", "accountType", json!("resourceAccount"));
    queue["telephoneNumbers"] =
        json!([{"telephoneNumber": "+14255550100", "assignmentCategory": "primary"}]);
    listing.take(&page(&[user("adele"), queue], None)).unwrap();
    listing.finish()
}

/// What is held beside the primary numbers of users, after these numbers.
fn held(numbers: &[Json]) -> (Vec<String>, NumberList) {
    let mut assigned = Assigned::default();
    assert_eq!(assigned.take(&json!({ "value": numbers }), 500), Ok(NextPage::Nowhere));
    let mut listed = listed();
    assigned.complete(&mut listed, &tenant());
    assert_eq!((listed.users.len(), listed.coverage()), (1, Coverage::Complete));
    let told = |held: HeldNumber| {
        let number = held.number.map_or_else(|read| read.to_string(), |number| number.to_string());
        format!("{number} {} ({})", held.holder, held.held_as)
    };
    (listed.beside.numbers.into_iter().map(told).collect(), listed.beside.number_list)
}

#[test]
fn what_others_hold_is_held_and_what_the_list_of_users_says_is_not_said_again() {
    let queue = "+14255550100 queue@contoso.com (resource account)".to_owned();
    for (entry, also) in [
        // Known from the list of users: the user's own, which may lag, and the queue's.
        (number("+14255550101", Some("ID-OF-ADELE"), Some("primary"), "userAssigned"), None),
        (number("+14255550101", Some("id-of-adele"), None, "userAssigned"), None),
        (number("+14255550100", Some("id-of-queue"), None, "voiceApplicationAssigned"), None),
        // Free.
        (number("+14255550101", None, None, "unassigned"), None),
        (json!({"telephoneNumber": "+14255550101"}), None),
        // Held by others.
        (
            number("+14255550101", Some("id-of-adele"), Some("private"), "userAssigned"),
            Some("+14255550101 adele@contoso.com (private line)"),
        ),
        (
            number("+14255550101", Some("1-2"), Some("primary"), "userAssigned"),
            Some("+14255550101 object 1-2 (account of Teams)"),
        ),
        (
            number("+14255550101", None, None, "conferenceAssigned"),
            Some("+14255550101 Teams (conference bridge)"),
        ),
        // Whatever a later version says, the number is not free.
        (
            number("+14255550101", None, None, "unknownFutureValue"),
            Some("+14255550101 Teams (\"unknownFutureValue\")"),
        ),
        (
            number("none of it", Some("1-2"), None, "policyAssigned"),
            Some("\"none of it\" at `telephoneNumber` object 1-2 (shared calling policy)"),
        ),
    ] {
        let told = entry.to_string();
        let expected: Vec<String> =
            [queue.clone()].into_iter().chain(also.map(str::to_owned)).collect();
        assert_eq!(held(&[entry]), (expected, NumberList::Seen), "{told}");
    }
    let (_, list) = held(&[json!({"assignmentStatus": "userAssigned"})]);
    assert_eq!(list, NumberList::InDoubt("an entry has no number".to_owned()));
}

#[test]
fn it_goes_on_while_pages_are_full_and_it_ends() {
    let entry = |n: usize| number(&format!("+1425555{n:04}"), None, None, "conferenceAssigned");
    let mut assigned = Assigned::default();
    let full: Vec<Json> = (0..2).map(entry).collect();
    // Without a link, a full page may not be the last.
    assert_eq!(assigned.take(&page(&full, None), 2), Ok(NextPage::Behind(2)));
    assert_eq!(assigned.take(&page(&full, None), 2), Ok(NextPage::Nowhere));
    assert!(assigned.doubt.is_some(), "the service does not go on, so there may be more");

    let mut assigned = Assigned::default();
    assert_eq!(assigned.take(&page(&full, Some("x")), 9), Ok(NextPage::Link("x".to_owned())));
    assert_eq!(assigned.take(&page(&[entry(3)], Some("x")), 9), Ok(NextPage::Nowhere));
    assert!(assigned.doubt.is_some(), "a circle");
    for wrong in [json!([]), json!({"value": {}}), json!({"value": [], "@odata.nextLink": 1})] {
        assert!(Assigned::default().take(&wrong, 2).is_err(), "{wrong}");
    }
}
