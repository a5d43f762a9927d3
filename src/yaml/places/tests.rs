//! Places of keys and values in texts.

use super::*;
use crate::yaml::duplicate_keys;

const TEXT: &str = "kind: A\n---\nspec:\n  users:\n    - ümlaut: [1, 2]\n      b: x\n    - b: \
    {c: \"two words\"}\n";

fn spot(path: &Path, at: At) -> (usize, usize, &'static str) {
    let found = locate(TEXT, &[path.clone()].into());
    let place = found.get(path, at).unwrap().clone();
    (place.line, place.column, &TEXT[place.bytes])
}

#[test]
fn keys_and_values_are_found_by_their_path() {
    let users = Path::root(1).key("spec").key("users");
    assert_eq!(spot(&users.index(0).key("b"), At::Value), (6, 10, "x"));
    assert_eq!(spot(&users.index(0).key("ümlaut").index(1), At::Value), (5, 19, "2"));
    assert_eq!(spot(&users.index(1).key("b").key("c"), At::Key), (7, 11, "c"));
    assert_eq!(spot(&users.index(1).key("b").key("c"), At::Value), (7, 14, "\"two words\""));
    assert_eq!(spot(&users, At::Key), (4, 3, "users"));
    assert_eq!(spot(&users.index(1), At::Value), (7, 7, "b: {c: \"two words\"}"));
}

#[test]
fn what_is_not_there_is_shown_at_what_leads_to_it() {
    let users = Path::root(1).key("spec").key("users");
    assert_eq!(
        spot(&users.index(0).key("absent").key("deep"), At::Value),
        (5, 7, "ümlaut: [1, 2]")
    );
    assert_eq!(spot(&Path::root(0).key("metadata").key("name"), At::Value), (1, 1, "kind: A"));
}

#[test]
fn a_key_that_is_a_list_moves_nothing() {
    let text = "? [a, b]\n: {c: 1}\nd: e\n";
    let path = Path::root(0).key("d");
    assert_eq!(
        &text[locate(text, &[path.clone()].into()).get(&path, At::Value).unwrap().bytes.clone()],
        "e"
    );
}

#[test]
fn two_keys_that_differ_in_their_tag_do_not_mix_their_lines() {
    assert_eq!(item_lines("spec:\n  users: [a]\n  !x users: [b]\n", ["spec", "users"]), [[2]]);
}

#[test]
fn elements_have_lines_and_double_keys_two_places() {
    assert_eq!(item_lines(TEXT, ["spec", "users"]), [vec![], vec![5, 7]]);
    let twice = duplicate_keys("a: 1\nb: {c: 1, c: 2}\na: 3\n", 9);
    let lines: Vec<_> = twice
        .iter()
        .map(|(key, first, other)| (key.as_str(), first.line, other.line, other.column))
        .collect();
    assert_eq!(lines, [("c", 2, 2, 11), ("a", 1, 3, 1)]);
    assert_eq!(duplicate_keys("a: 1\nb: {c: 1, c: 2}\na: 3\n", 1), twice[..1]);
}
