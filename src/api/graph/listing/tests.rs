//! Pages one after the other.

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    api::graph::item::tests::{odd, tenant, user},
    model::Coverage,
};

pub(in crate::api::graph) fn page(users: &[Json], next: Option<&str>) -> Json {
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
    let mut counted = page(&[user("a")], None);
    counted["@odata.count"] = json!(2);
    for (pages, words) in [
        (vec![page(&[], None)], "no users at all"),
        (vec![page(&[odd("a", "accountType", json!("guest"))], None)], "no users at all"),
        (vec![counted], "the service counts 2 users and sent 1"),
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
