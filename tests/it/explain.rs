//! Codes: each is explained, on a terminal, for machines and in the guide, and no other is shown.

use std::{collections::BTreeSet, env, fs, path::Path};

use dialplane::plan::codes::{CodeSubject, all, markdown};

use crate::stage::dialplane;

const PAGE: &str = "src/guide/codes.md";

/// What snapshots have in place of what differs from run to run.
const PLACEHOLDERS: [&str; 8] =
    ["fingerprint", "hash", "name", "pass", "run", "service", "span", "time"];

fn codes() -> BTreeSet<&'static str> {
    all().iter().map(|it| it.code).collect()
}

fn explain(arguments: &[&str]) -> (bool, String, String) {
    let mut command = dialplane(&env::temp_dir(), &["explain"]);
    let ended = command.args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.success(), text(&ended.stdout), text(&ended.stderr))
}

/// What stands in brackets and looks like a code at the end of a line, in text or its colours.
fn shown(text: &str) -> Vec<&str> {
    let code = |line: &&str| line.ends_with(']');
    let inside = |line| str::rsplit_once(line, " [").map(|(_, code)| code.trim_end_matches(']'));
    let is_code = |code: &&str| {
        code.starts_with(|c: char| c.is_ascii_lowercase())
            && code.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    let codes = text.lines().map(str::trim_end).filter(code).filter_map(inside).filter(is_code);
    codes.filter(|code| !PLACEHOLDERS.contains(code)).collect()
}

#[test]
fn each_code_is_unique_and_has_a_whole_text() {
    assert_eq!(codes().len(), all().len(), "a code is there twice");
    for it in all() {
        let kebab = it
            .code
            .split('-')
            .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
        assert!(kebab, "{}", it.code);
        let text = it.text;
        for (what, words) in [("arises", text.arises), ("remedy", text.remedy)] {
            assert!(words.ends_with('.') && words.len() > 5, "{}: {what}: {words}", it.code);
        }
        let clause = !text.means.is_empty() && !text.means.ends_with('.');
        assert!(clause && !text.example.is_empty(), "{}", it.code);
        assert_eq!(it.rule.is_some(), it.about == CodeSubject::Hold, "{}", it.code);
    }
}

/// `INSTA_UPDATE=always` writes the page again, as it does with snapshots.
#[test]
fn the_guide_has_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, markdown()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(page == markdown(), "{PAGE} is old: run this test with INSTA_UPDATE=always");
}

#[test]
fn no_snapshot_shows_a_code_that_is_not_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let codes = codes();
    let mut seen = BTreeSet::new();
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        // What is wrong with manifests shows their source, with lists in brackets.
        let manifests = path.to_string_lossy().contains("mistakes");
        if manifests || path.extension().is_none_or(|of| of != "snap") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for code in shown(&text) {
            assert!(codes.contains(code), "{}: [{code}] is not explained", path.display());
            seen.insert(code.to_owned());
        }
    }
    assert!(seen.len() > 20, "only {} codes are in snapshots: {seen:?}", seen.len());
}

#[test]
fn a_code_is_explained_as_people_copy_it() {
    for code in ["limit-disable", "[limit-disable]", "LIMIT-DISABLE"] {
        let (done, text, _) = explain(&[code]);
        assert!(done && text.starts_with("limit-disable  hold\n"), "{text}");
        for part in ["How it comes about", "What to do", "Lifted by", "Example", "--approve"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn all_codes_are_listed() {
    let (done, text, _) = explain(&[]);
    assert!(done && codes().iter().all(|code| text.contains(&format!("  {code} "))), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let (done, json, _) = explain(&["-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(done && json["codes"].as_array().unwrap().len() == all().len(), "{json}");
}

#[test]
fn an_unknown_code_is_told_with_the_nearest() {
    let (done, _, told) = explain(&["not-visble"]);
    assert!(!done && told.contains("there is no code `not-visble`"), "{told}");
    assert!(told.contains("did you mean `not-visible`?"), "{told}");
    for far in ["entirely-something-else", "nosuch"] {
        let (done, _, told) = explain(&[far]);
        assert!(!done && !told.contains("did you mean"), "{told}");
    }
}

#[test]
fn shells_complete_codes() {
    let mut command = dialplane(&env::temp_dir(), &["--", "dialplane", "explain", "limit-d"]);
    let offered = command.env("_DIALPLANE_COMPLETE", "fish").output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&offered).starts_with("limit-disable\t"));
}
