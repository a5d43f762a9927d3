//! Plain and full reader on the same texts: both read the same, or the plain one steps back.

use std::{fmt, fs, path::Path};

use proptest::prelude::*;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_yaml::Value;

use super::{CurrentLine, Document, plainly};
use crate::yaml::{disagreement, documents, unreadable, without_marks};

/// Texts below a folder of the repository.
pub(crate) fn texts(folder: &str) -> Vec<String> {
    fn collect(folder: &Path, texts: &mut Vec<String>) {
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                collect(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    assert!(!texts.is_empty(), "{folder} is empty");
    texts
}

/// Pieces that change what a text means.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "    ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "- ",
    "-",
    "--- ",
    "---\n",
    "\n---\n",
    "...\n",
    "%",
    ":",
    ": ",
    " :",
    "#",
    " # b",
    "'",
    "\"",
    "''",
    "\\",
    "{",
    "}",
    "{a: b}",
    "{ a: 1, b: c }",
    "[",
    "]",
    "[]",
    "{}",
    "[a, b]",
    ",",
    ", ",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">-\n",
    "?",
    "? ",
    "@",
    "`",
    "~",
    "null",
    "true",
    "True",
    "yes",
    "no",
    "on",
    "1",
    "007",
    "0x1F",
    "1e3",
    ".inf",
    "1_0",
    "12:30",
    "+1",
    "-1",
    "2026-01-01",
    "é",
    "東京",
    "\u{a0}",
    "\u{200c}",
    "\u{feff}",
    "\u{1}",
    "=",
    "<<: *a\n",
    "a: b\n",
    "- a\n",
    "  a: b\n",
    "key:\n",
    "$",
    "%a\n",
    "a",
    "z: ",
];

/// A text with some edits, by a seed.
pub(crate) fn edited(text: &str, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = text.to_owned();
    for _ in 0..random.usize(0..4) {
        let bound = |text: &str, at: usize| {
            (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
        };
        let at = bound(&text, random.usize(0..=text.len()));
        let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let end = text[line..].find('\n').map_or(text.len(), |at| line + at + 1);
        match random.u8(0..9) {
            0..4 => text.insert_str(at, random.choice(PIECES).unwrap()),
            4 => text.insert_str(line, random.choice(PIECES).unwrap()),
            5 => drop(text.drain(bound(&text, at.saturating_sub(random.usize(1..6)))..at)),
            6 => drop(text.drain(line..end)),
            7 => {
                let copy = text[line..end].to_owned();
                text.insert_str(end, &copy);
            }
            _ => text.insert(line, ' '),
        }
    }
    if random.u8(0..16) == 0 { text.replace('\n', "\r\n") } else { text }
}

/// How many documents the plain reader reads, after it was held against the full one.
fn compare(text: &str) -> usize {
    let text = without_marks(text);
    if !unreadable(&text).is_empty() {
        return 0;
    }
    let Some(plain) = plainly(&text, |source| Value::deserialize(source)) else { return 0 };
    let rest = plain.rest.as_deref().map(documents);
    let full = match (documents(&text), &rest) {
        (Ok(full), _) => full,
        (Err(told), Some(Err(of_rest))) => {
            assert_eq!(told, *of_rest, "{text}");
            return 0;
        }
        (Err(told), _) => panic!("only the plain reader reads this: {told:?}\n{text}"),
    };
    let rest = rest.map(|rest| rest.unwrap());
    let other = plain.rest.as_deref().zip(rest.as_deref());
    let other = other.and_then(|(text, documents)| disagreement(text, documents));
    assert_eq!(disagreement(&text, &full), other, "{text}");
    let same = rest.is_none_or(|rest| rest.len() == plain.documents.len());
    if !same {
        return 0;
    }
    assert_eq!(plain.documents.len(), full.len(), "{text}");
    let mut read = 0;
    for (number, document) in plain.documents.into_iter().enumerate() {
        let value = match document {
            Document::Null => Value::Null,
            Document::Full => continue,
            Document::Read(value) => value,
        };
        read += usize::from(!value.is_null());
        assert_eq!(value, full[number], "{text}");
    }
    read
}

#[test]
fn both_readers_read_the_same_of_what_people_write() {
    let read = texts("manifests").iter().map(|text| compare(text)).sum::<usize>();
    assert!(read > 10, "{read} documents are plain");
    for text in texts("tests/it/mistakes").into_iter().chain(texts("examples")) {
        compare(&text);
    }
}

#[test]
fn both_readers_read_the_same_of_all_that_is_yaml() {
    let suite = texts("tests/it/suites/yaml");
    let read = suite.iter().map(|text| compare(text)).sum::<usize>();
    assert!(suite.len() > 400 && read > 10, "{read} documents of {} are plain", suite.len());
}

#[test]
fn a_document_that_is_not_plain_costs_only_itself() {
    let text = "a: é\n---\n# so\nb: |\n  c\n---\nd: [1, x]\n";
    let plain = plainly(text, |source| Value::deserialize(source)).unwrap();
    assert_eq!(plain.rest.as_deref(), Some("~    \n---\n# so\nb: |\n  c\n---\n~        \n"));
    assert!(matches!(
        plain.documents.as_slice(),
        [Document::Read(_), Document::Full, Document::Read(_)]
    ));
    assert_eq!(compare(text), 2);
}

#[test]
fn a_line_is_known_while_its_element_is_read() {
    struct Items(CurrentLine, Vec<u32>);

    impl<'t> Visitor<'t> for &mut Items {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping with a list")
        }

        fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
            while map.next_key::<&str>()?.is_some() {
                map.next_value_seed(&mut *self)?;
            }
            Ok(())
        }

        fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
            while list.next_element_seed(Item(self))?.is_some() {}
            Ok(())
        }
    }

    impl<'t> DeserializeSeed<'t> for &mut Items {
        type Value = ();

        fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_any(self)
        }
    }

    struct Item<'i>(&'i mut Items);

    impl<'t> DeserializeSeed<'t> for Item<'_> {
        type Value = ();

        fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
            self.0.1.push(self.0.0.line());
            IgnoredAny::deserialize(deserializer).map(drop)
        }
    }

    let text = "# first\na:\n  - b: 1\n    c: 2\n\n  # so\n  - d\n  - [e]\n";
    let plain = plainly(text, |source| {
        let mut items = Items(source.here(), Vec::new());
        source.deserialize_any(&mut items).map(|()| items.1)
    });
    assert_eq!(plain.unwrap().documents, [Document::Read(vec![3, 7, 8])]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_read_the_same_of_an_edited_text(seed in any::<u64>(), which in any::<prop::sample::Index>()) {
        let texts = [
            "kind: A\nspec:\n  users:\n  - a: b c\n    d: \"e\"\n  - a: 'f' # g\n---\nb: {c: 1, d: [e, f]}\n",
            "a:\n    - b\n    - c: d\n      e:\n        f: true\n    # g\n    - {h: i}\nj: 12\n",
            "# a\n\n---\na: b\n---\n---\nc:\n- d: e\n  f:\n  - g\n  h: i j, k\nl: m:n\n",
        ];
        compare(&edited(texts[which.index(texts.len())], seed));
    }
}
