//! Lists page by page: whole ones, and all that may be odd about them.

use serde_json::{Value, json};

use super::{super::page, *};
use crate::model::{Coverage, LiveCalling, TenantId, TenantName, TenantRef, Upn};

/// Takes a page in that came as this.
fn take(listing: &mut Listing<'_>, page: &Value) -> Result<Option<Page>, String> {
    listing.take(page::full(page, &ListUsersRow::new(listing.row), &tenant()))
}

fn row(paging: &str, items: &str) -> ListUsers {
    serde_json::from_value(json!({
        "call": {"method": "GET", "path": "/users"}, "paging": paging, "pageSize": 2, "items": items, "user": "/u",
        "tenant": null, "pages": {"total": "/meta/count"},
        "calling": {"at": "/c", "enabled": ["on"], "disabled": ["off"]},
    }))
    .unwrap()
}

fn tenant() -> TenantRef {
    TenantRef::new(
        TenantName::parse("contoso").unwrap(),
        TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
    )
}

fn users(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"u": format!("{name}@c.com"), "c": "on"})).collect()
}

/// Feeds pages until no more are wanted; the users' count, the coverage, and how many pages
/// were taken.
fn run(row: &ListUsers, pages: &[Value]) -> (usize, Coverage, usize) {
    let mut listing = Listing::new(&ListUsersRow::new(row));
    let mut taken = 0;
    for page in pages {
        taken += 1;
        if take(&mut listing, page).unwrap().is_none() {
            break;
        }
    }
    let listed = listing.finish();
    (listed.users.len(), listed.coverage(), taken)
}

fn doubt(row: &ListUsers, pages: &[Value], words: &str) {
    match run(row, pages).1 {
        Coverage::Suspect(text) if text.contains(words) => {}
        other => panic!("{other:?} instead of {words}"),
    }
}

fn page(draw: u64, total: u64, names: &[&str]) -> Value {
    json!({"draw": draw, "recordsTotal": total, "recordsFiltered": total, "data": {"l": users(names)}})
}

#[test]
fn whole_lists_are_complete() {
    assert_eq!(run(&row("none", ""), &[users(&["a", "b"])]), (2, Coverage::Complete, 1));
    let paged = row("datatables", "/data/l");
    let answers =
        [page(1, 5, &["a", "b"]), page(2, 5, &["c", "d"]), page(3, 5, &["e"]), page(4, 5, &[])];
    assert_eq!(run(&paged, &answers), (5, Coverage::Complete, 3));
    // A service that caps the page size: the next page starts behind what came, not behind what
    // was asked for.
    let mut listing = Listing::new(&ListUsersRow::new(&paged));
    assert_eq!(take(&mut listing, &page(1, 3, &["a"])), Ok(Some(Page { number: 2, start: 1 })));
    let next = Page { number: 2, start: 1 };
    let foreseen: Vec<Page> = listing.foreseen(next).collect();
    assert_eq!(foreseen, [next, Page { number: 3, start: 2 }]);
}

#[test]
fn whatever_is_odd_is_a_doubt_and_never_an_error() {
    let bare = row("none", "");
    let paged = row("datatables", "/data/l");
    doubt(&bare, &[users(&[])], "no users at all");
    doubt(&bare, &[users(&["a", "A"])], "1 entry is listed more than once");
    doubt(&bare, &[json!([{"u": "nobody"}, 7])], "2 entries are without a readable");
    doubt(&row("none", "/data/l"), &[page(1, 3, &["a"])], "counts 3 users and sent 1");
    doubt(&paged, &[page(1, 0, &[])], "no users at all");
    doubt(&paged, &[json!({"recordsTotal": 0, "data": {}})], "no users at all");
    doubt(&paged, &[page(1, 4, &["a", "b"]), page(2, 4, &[])], "counts 4 users and sent 2");
    doubt(
        &paged,
        &[page(1, 4, &["a", "b"]), json!({"draw": 2, "recordsTotal": 4})],
        "counts 4 users and sent 2",
    );
    doubt(&paged, &[page(1, 4, &["a", "b"]), json!("busy")], "counts 4 users and sent 2");
    doubt(&paged, &[page(1, 4, &["a", "b"]), page(2, 3, &["c"])], "changed from 4 to 3");
    doubt(&paged, &[page(7, 1, &["a"])], "page 1 was answered with page 7");
    doubt(
        &paged,
        &[json!({"recordsTotal": 9, "recordsFiltered": 1, "data": {"l": users(&["a"])}})],
        "left 8 of 9",
    );
    doubt(
        &paged,
        &[json!({"data": {"l": users(&["a"])}}), json!({"data": {"l": []}})],
        "does not say how many",
    );
}

#[test]
fn a_list_in_one_piece_is_whole_only_if_nothing_beside_it_says_otherwise() {
    let row = row("none", "/data/l");
    let beside = |more: Value| {
        let mut page = json!({"data": {"l": users(&["a"])}});
        let fields = more.as_object().unwrap().clone();
        page.as_object_mut().unwrap().extend(fields);
        page
    };
    for (more, words) in [
        (json!({"hasMore": true}), "says at `hasMore` that there is more"),
        (json!({"has_next_page": "True"}), "says at `has_next_page`"),
        (json!({"last": false}), "says at `last`"),
        (json!({"partial": true}), "says at `partial`"),
        (json!({"next": "https://api.example/users?page=2"}), "says at `next`"),
        (json!({"@odata.nextLink": "/users?$skip=1"}), "says at `@odata.nextLink`"),
        (
            json!({"_links": {"self": {"href": "/u"}, "next": {"href": "/u?page=1"}}}),
            "says at `_links.next`",
        ),
        (
            json!({"page": {"size": 1, "totalElements": 99, "number": 0}}),
            "counts 99 users and sent 1",
        ),
        (json!({"totalCount": "2"}), "counts 2 users and sent 1"),
    ] {
        doubt(&row, &[beside(more)], words);
    }
    let inside = json!({"data": {"l": users(&["a"]), "_links": {"next": {"href": "/u?page=1"}}}});
    doubt(&row, &[inside], "says at `_links.next`");
    for more in [
        json!({"hasMore": false, "next": null, "nextPage": 0, "nextToken": "", "partial": "false"}),
        json!({"last": true, "page": {"totalElements": 1}, "_links": {"self": {"href": "/u"}}}),
        json!({"totalCount": 1, "total": 0}),
    ] {
        assert_eq!(run(&row, &[beside(more)]).1, Coverage::Complete);
    }
}

#[test]
fn the_last_page_says_whether_there_is_more() {
    let paged = row("datatables", "/data/l");
    let with = |mut page: Value, more: bool| {
        page["hasMore"] = more.into();
        page
    };
    let answers = [with(page(1, 3, &["a", "b"]), true), with(page(2, 3, &["c"]), false)];
    assert_eq!(run(&paged, &answers), (3, Coverage::Complete, 2));
    doubt(&paged, &[page(1, 3, &["a", "b"]), with(page(2, 3, &["c"]), true)], "`hasMore`");
    let text = json!({"draw": "1", "recordsTotal": "2", "recordsFiltered": " 2", "data": {"l": users(&["a", "b"])}});
    assert_eq!(run(&paged, &[text]), (2, Coverage::Complete, 1));
}

#[test]
fn a_service_that_repeats_itself_is_not_asked_for_ever() {
    let paged = row("datatables", "/data/l");
    let same: Vec<Value> = (1..50).map(|draw| page(draw, 1000, &["a", "b"])).collect();
    let (count, coverage, taken) = run(&paged, &same);
    assert_eq!((count, taken), (2, 2));
    assert!(
        matches!(coverage, Coverage::Suspect(text) if text.contains("page 2 held no new user"))
    );
    let mut listing = Listing::new(&ListUsersRow::new(&paged));
    let mut count = 0;
    while take(&mut listing, &page(count + 1, u64::MAX, &[&format!("u{count}")])).unwrap().is_some()
    {
        count += 1;
    }
    assert_eq!(count + 1, MAX_PAGES as u64);
}

#[test]
fn an_answer_without_a_list_is_no_list() {
    for (row, page) in [
        (row("none", ""), json!({"data": []})),
        (row("datatables", "/data/l"), json!({"recordsTotal": 3})),
    ] {
        assert!(take(&mut Listing::new(&ListUsersRow::new(&row)), &page).is_err());
    }
}

#[test]
fn of_somebody_whose_rows_contradict_each_other_it_is_not_known_whether_there_is_calling() {
    let rows = |rows: &[(&str, &str)]| -> Value {
        let row =
            |(name, calling): &(&str, &str)| json!({"u": format!("{name}@c.com"), "c": calling});
        rows.iter().map(row).collect()
    };
    let bert = Upn::parse("bert@c.com").unwrap();
    for (list, calling) in [
        (rows(&[("adele", "on"), ("bert", "off"), ("bert", "on")]), "disabled and enabled"),
        (rows(&[("bert", "on"), ("adele", "on"), ("BERT", "off")]), "enabled and disabled"),
        (rows(&[("bert", "on"), ("bert", "away"), ("bert", "on")]), "enabled and away"),
        (rows(&[("bert", "away"), ("bert", "on")]), "away"),
    ] {
        let row = row("none", "");
        let mut listing = Listing::new(&ListUsersRow::new(&row));
        assert_eq!(take(&mut listing, &list), Ok(None));
        let listed = listing.finish();
        assert!(matches!(listed.coverage(), Coverage::Suspect(_)), "{list}");
        let seen = listed.users.get(&bert).map(|user| user.calling.clone());
        assert_eq!(seen, Some(LiveCalling::Unclear(calling.to_owned())), "{list}");
    }
    let row = row("none", "");
    let mut listing = Listing::new(&ListUsersRow::new(&row));
    take(&mut listing, &rows(&[("bert", "on"), ("bert", "on")])).unwrap();
    let seen = listing.finish().users.get(&bert).map(|user| user.calling.clone());
    assert_eq!(seen, Some(LiveCalling::Enabled), "twice the same");
}
