//! The plain reader beside that of trees: it says the same, or nothing.

use std::fmt::Write as _;

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::{super::tests::tenant, skim::MAX_OTHERS, *};
use crate::{
    api::{connecttoteams::page, http::answer, user_list::Entry},
    config::ListUsers,
};

/// What the reader of trees makes of an answer; nothing if it refuses it.
fn full(body: &[u8], row: &ListUsersRow<'_>) -> Option<ParsedPage> {
    let tree = answer::json(body).ok()?;
    answer::error_inside(&tree).is_none().then(|| page::full(&tree, row, &tenant()))
}

/// Whether the plain reader reads it; then the other does, and reads the same.
fn is_plain(body: &[u8], list: &ListUsers) -> bool {
    let row = ListUsersRow::new(list);
    let Some(plain) = read(body, &row, &tenant()) else { return false };
    assert_eq!(Some(plain), full(body, &row), "{}", String::from_utf8_lossy(body));
    true
}

fn row(items: &str, rest: serde_json::Value) -> ListUsers {
    let mut row = json!({
        "call": {"method": "GET", "path": "/users"}, "paging": "datatables", "items": items,
        "user": "/u", "id": "/id", "pages": {"total": "/page/total"},
        "calling": {"at": "/c", "enabled": ["on", "true", "1"], "disabled": ["OFF", "\u{212a}"]},
        "fields": {
            "phoneNumber": "/n", "sbcGatewayId": "/g", "useTeamsVoicemail": "/v/on",
            "callPolicy.name": "/p/name", "userTag": "/a~1b",
        },
    });
    let serde_json::Value::Object(rest) = rest else { panic!("{rest}") };
    row.as_object_mut().unwrap().extend(rest);
    serde_json::from_value(row).unwrap()
}

/// Rows of every kind: bare lists and deep ones, shared pointers, pointers into one another.
fn rows() -> Vec<ListUsers> {
    vec![
        row("", json!({})),
        row("/d", json!({"tenant": "/t", "omitsUnset": true})),
        row("/d/l", json!({"id": "/u", "pages": {"total": "/d/total"}})),
        row("/d", json!({"paging": "page", "pages": {"total": "/recordsTotal"}})),
        row("/d", json!({"user": "", "id": null})),
        row("/d", json!({"user": "/p", "fields": {"phoneNumber": "/p/name", "userTag": "/0"}})),
        row("/d", json!({"pages": {"total": "/d"}})),
        row("/userData", json!({})),
        row("/0", json!({"fields": {"phoneNumber": "/v/0/n"}})),
    ]
}

const VALUES: [&str; 36] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "805",
    "493012345678",
    "9223372036854775808",
    "1.0",
    "1e400",
    "-0",
    "01",
    "\"\"",
    "\" \"",
    "\"on\"",
    "\" Off \"",
    "\"\u{212a}\"",
    "\"k\"",
    "\"adele@contoso.com\"",
    "\"bert@contoso.com\"",
    "\"nobody\"",
    "\"+493012345678\"",
    "\"805.0\"",
    "\"\\u0061@contoso.com\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{200b}\"",
    "[]",
    "{}",
    "[1,{\"x\":1}]",
    "{\"on\":true,\"name\":\"gold\",\"x\":[{}]}",
    "\"7\"",
    "{\"next\":{\"href\":\"/x\"},\"total\":7}",
    "\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\"",
    "\"00000000-0000-0000-0000-000000000000\"",
];
const KEYS: [&str; 14] =
    ["u", "id", "c", "n", "g", "v", "p", "a/b", "t", "0", "x", "y", "\\u0075", "name"];
const AROUND: [&str; 23] = [
    "recordsTotal",
    "recordsFiltered",
    "draw",
    "page",
    "d",
    "l",
    "total",
    "x",
    "error",
    "status",
    "success",
    "hasErrors",
    "errors",
    "message",
    "userData",
    "0",
    "hasMore",
    "next",
    "_links",
    "last",
    "totalElements",
    "Success",
    "code",
];

fn object(
    keys: &'static [&'static str],
    value: impl Strategy<Value = String>,
    most: usize,
) -> impl Strategy<Value = String> {
    vec((select(keys), value), 0..most).prop_map(|entries| {
        let entries: Vec<String> =
            entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", entries.join(","))
    })
}

fn value() -> impl Strategy<Value = String> {
    select(&VALUES[..]).prop_map(str::to_owned)
}

/// An item: mostly one as it should be, with something odd in its midst.
fn item() -> impl Strategy<Value = String> {
    let usual = (select(&KEYS[..]), value(), 0..99_u32).prop_map(|(key, odd, n)| {
        format!(
            "{{\"u\":\"u{n}@contoso.com\",\"id\":\"{n}\",\"c\":\"on\",\"n\":\"+4930123456{n:02}\",\
                \"g\":805,\"v\":{{\"on\":true}},\"z{key}\":{odd},\"p\":{{\"name\":\"gold\"}}}}"
        )
    });
    prop_oneof![6 => usual, 3 => object(&KEYS, value(), 8), 1 => value()]
}

fn list() -> impl Strategy<Value = String> {
    vec(item(), 0..5).prop_map(|items| format!("[{}]", items.join(",")))
}

/// A page: a bare list, or a list with something around it.
fn page_text() -> impl Strategy<Value = String> {
    let deep = list().prop_map(|list| format!("{{\"x\":1,\"l\":{list}}}"));
    let inner = prop_oneof![4 => list(), 2 => deep, 1 => value()].boxed();
    let usual = (inner.clone(), 0..9_u8, select(&AROUND[..]), value()).prop_map(
        |(inner, n, key, odd)| {
            format!("{{\"draw\":1,\"recordsTotal\":{n},\"d\":{inner},\"page\":{{\"total\":{n}}},\"{key}\":{odd}}}")
        },
    );
    prop_oneof![2 => list(), 4 => usual, 2 => object(&AROUND, inner, 6)]
}

/// Bytes taken out, put in, or repeated.
type Edit = (prop::sample::Index, u8, u8, u8);

fn edited(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, kind, byte, length) in edits {
        let at = at.index(bytes.len() + 1);
        let end = bytes.len().min(at + usize::from(*length % 40));
        let part = bytes.get(at..end).unwrap_or_default().to_vec();
        match kind % 3 {
            0 => drop(bytes.splice(at..end, [])),
            1 => bytes.insert(at, *byte),
            _ => drop(bytes.splice(at..at, part)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_plainly_is_what_the_tree_says(
        text in page_text(),
        edits in prop_oneof![vec(any::<Edit>(), 0..=0), vec(any::<Edit>(), 1..4)],
    ) {
        let body = edited(&text, &edits);
        for row in rows() {
            is_plain(&body, &row);
        }
    }
}

/// Texts of a public suite, by name.
fn suite() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let lines = include_str!("suite.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let (name, hex) = line.split_once(' ').unwrap();
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (name, (0..hex.len()).step_by(2).map(digit).collect())
    })
}

#[test]
fn a_public_suite_is_read_as_the_tree_says() {
    let mut plain = 0;
    for (name, text) in suite() {
        for (before, after) in [
            ("", ""),
            ("[", "]"),
            ("[{\"u\":", "}]"),
            ("{\"recordsTotal\":1,\"d\":[{\"u\":\"a@contoso.com\",\"x\":", "}]}"),
            ("{\"recordsTotal\":1,\"x\":", ",\"d\":[{\"u\":\"a@contoso.com\"}]}"),
        ] {
            let body = [before.as_bytes(), &text, after.as_bytes()].concat();
            // Nothing at all is not JSON, and an empty list with brackets around it.
            let is_broken = name.starts_with("n_") && !text.trim_ascii().is_empty();
            for row in rows() {
                let is_plain = is_plain(&body, &row);
                assert!(!is_plain || !is_broken, "{name} in {before}");
                plain += usize::from(is_plain);
            }
        }
    }
    assert!(plain > 300, "{plain}");
}

#[test]
fn usual_pages_are_plain() {
    let item = "{\"x\":[{\"y\":1.5}],\"u\":\"a@contoso.com\",\"c\":\"on\",\"n\":\"+4930 12345678\",\
        \"g\":805,\"v\":{\"on\":false,\"x\":null},\"p\":{\"name\":\"g\\u00f6ld\"},\"a/b\":null}";
    let [bare, enveloped, deep, ..] = &rows()[..] else { panic!("too few rows") };
    assert!(is_plain(format!("[{item}]").as_bytes(), bare));
    let page = format!("{{\"draw\":1,\"recordsTotal\":1,\"links\":[],\"d\":[{item}]}}");
    assert!(is_plain(page.as_bytes(), enveloped));
    let page = format!("{{\"d\":{{\"l\":[{item}],\"total\":1}},\"recordsTotal\":1}}");
    assert!(is_plain(page.as_bytes(), deep));
    let found =
        read(format!(" [{item}]\n").as_bytes(), &ListUsersRow::new(bare), &tenant()).unwrap();
    let PageList::Items(items) = found.list else { panic!("no list") };
    let [UserListItem { entry: Entry::User(user), .. }] = &items[..] else { panic!("{items:?}") };
    assert_eq!((user.upn.as_str(), user.details.len()), ("a@contoso.com", 5));
}

#[test]
fn odd_pages_are_left_to_the_reader_of_trees() {
    let [bare, enveloped, ..] = &rows()[..] else { panic!("too few rows") };
    let mut many = String::new();
    (0..=MAX_OTHERS).for_each(|n| write!(many, "\"k{n}\":1,").unwrap());
    for item in [
        "{\"u\":1.5}".to_owned(),
        "{\"u\":[]}".to_owned(),
        "{\"u\":{}}".to_owned(),
        "{\"v\":[]}".to_owned(),
        "{\"u\":1,\"u\":1}".to_owned(),
        "{\"u\":1,\"\\u0075\":1}".to_owned(),
        "{\"x\":1,\"x\":1}".to_owned(),
        "{\"x\":[{\"y\":{\"z\":1,\"z\":1}}]}".to_owned(),
        "{\"x\":\"\\ud83d\"}".to_owned(),
        "{\"x\":1e999}".to_owned(),
        "{\"n\":18446744073709551615}".to_owned(),
        format!("{{{many}\"u\":1}}"),
    ] {
        assert!(!is_plain(format!("[{item}]").as_bytes(), bare), "{item}");
    }
    for page in [
        "\u{feff}{\"d\":[]}",
        "{\"d\":[]} x",
        "{\"d\":[],\"d\":[]}",
        "{\"d\":[],\"error\":null}",
        "{\"d\":[],\"status\":\"OK\"}",
        "{\"d\":{}}",
        "{\"d\":null}",
        "{\"recordsTotal\":0}",
        "{\"d\":[],\"recordsTotal\":0.0}",
        "{\"d\":[],\"recordsTotal\":[]}",
        "{\"d\":[],\"page\":[]}",
        "<html>",
        "",
    ] {
        assert!(!is_plain(page.as_bytes(), enveloped), "{page}");
    }
}
