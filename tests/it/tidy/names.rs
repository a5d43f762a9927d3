//! What types are called: a name that many modules give to their own things says nothing where it is
//! read.

use std::collections::{BTreeMap, BTreeSet};

use super::{code, files, room, root};

/// Modules that may define a type of one name, at most.
const MOST: usize = 2;

/// The arguments of a command: each command has its own, and nobody else names them.
const OF_EACH_COMMAND: &str = "Arguments";

/// The name of the type that a line of code defines. The types that an `impl` has to name for a
/// trait are called as the trait says.
fn defined(line: &str) -> Option<&str> {
    let own = line.trim_start();
    let is_inside = own.len() < line.len();
    let item = match own.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.trim_start(),
        None => own,
    };
    let (kind, rest) = item.split_once(' ')?;
    let is_type = match kind {
        "struct" | "enum" | "trait" => true,
        "type" => !is_inside,
        _ => false,
    };
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    (is_type && end > 0).then(|| &rest[..end])
}

#[test]
fn a_name_stands_for_two_things_at_most() {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&root().join("src")) {
        let below = path.strip_prefix(root()).unwrap().display().to_string();
        if below.contains("/tests") {
            continue;
        }
        let text = code(&std::fs::read_to_string(&path).unwrap());
        for name in text.lines().filter_map(defined) {
            let is_own = name == OF_EACH_COMMAND && room(&path) == "cli";
            if !is_own {
                modules.entry(name.to_owned()).or_default().insert(below.clone());
            }
        }
    }
    assert!(modules.len() > 1000, "only {} names were looked at", modules.len());
    let many: Vec<String> = modules
        .iter()
        .filter(|(_, modules)| modules.len() > MOST)
        .map(|(name, modules)| format!("{name}: {modules:?}"))
        .collect();
    assert!(many.is_empty(), "say what each is:\n{}", many.join("\n"));
}

#[test]
fn every_form_of_definition_is_seen() {
    for (line, name) in [
        ("struct Row;", Some("Row")),
        ("pub struct Row<'r> {", Some("Row")),
        ("pub(in crate::api) enum Row {", Some("Row")),
        ("    pub(super) trait Row: Send {", Some("Row")),
        ("type Row = Vec<u8>;", Some("Row")),
        ("    type Item = u8;", None),
        ("publish(struct_of(x));", None),
        ("pub fn row() {}", None),
        ("let enumerated = 1;", None),
    ] {
        assert_eq!(defined(line), name, "{line}");
    }
}
