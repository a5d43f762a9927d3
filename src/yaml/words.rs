//! serde's sentences in the words of somebody who writes YAML. Text to text; what serde cannot say,
//! types say with [`HINT`].

use std::fmt::Write as _;

use super::{At, HINT, Mismatch, Path, Segment, as_written, missing, source::cut};
use crate::words::nearest;

/// What a type's own error says first if the value must not be repeated, not even as part of its
/// line.
pub const SECRET: &str = "secret: ";

/// serde's sentence in the words of somebody who writes YAML.
pub(super) fn explain(steps: &[Segment], base: &Path, sentence: &str) -> Mismatch {
    let mut path = base.clone();
    path.segments.extend_from_slice(steps);
    let name = match steps.last() {
        Some(Segment::Key(key)) => format!("`{key}`"),
        _ => "this".to_owned(),
    };
    if let Some(rest) = sentence.strip_prefix("unknown field `") {
        return unknown_key(path, rest);
    }
    if let Some(key) =
        sentence.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
    {
        return missing(&path, key, "add it");
    }
    if let Some(rest) = sentence.strip_prefix("unknown variant `") {
        let (given, rest) = rest.split_once('`').unwrap_or((rest, ""));
        let wrong =
            Mismatch::value(path, format!("{name} cannot be `{}`", as_written(&cut(given))));
        return wrong.hint(suggest(given, &quoted(rest), "possible values"));
    }
    if let Some(types) =
        sentence.strip_prefix("invalid type: ").or_else(|| sentence.strip_prefix("invalid value: "))
    {
        let (given, expected) =
            types.split_once(", expected ").unwrap_or((types, "something else"));
        return misfit(path, &name, given, expected);
    }
    let (secret, sentence) = match sentence.strip_prefix(SECRET) {
        Some(rest) => (true, rest),
        None => (false, sentence),
    };
    let (message, hint) = match sentence.split_once(HINT) {
        Some((message, hint)) => (message, Some(hint.to_owned())),
        None => (sentence, None),
    };
    let at = if secret { At::Hidden } else { At::Value };
    Mismatch { at, hint, ..Mismatch::value(path, message) }
}

/// A value of another type than its key takes.
fn misfit(path: Path, name: &str, given: &str, expected: &str) -> Mismatch {
    let (expected, kind) = match expected {
        text if text.starts_with("struct ") => ("a mapping of keys and values", KeyKind::Section),
        "a mapping of keys and values" => ("a mapping of keys and values", KeyKind::Section),
        "a sequence" => ("a list", KeyKind::List),
        "a boolean" => ("`true` or `false`", KeyKind::Flag),
        "a string" | "path string" => ("text", KeyKind::Text),
        "i64" | "isize" => ("a whole number", KeyKind::Number),
        "u8" | "u16" | "u32" | "u64" | "usize" => ("a whole number, 0 or more,", KeyKind::Number),
        "a Value::Tagged enum" => ("one word", KeyKind::Other),
        text => (text, KeyKind::Other),
    };
    if given == "unit value" {
        let hint = match kind {
            KeyKind::Section => "write something below it, or leave the key out",
            KeyKind::List => "an empty list is `[]`",
            _ => "leave the key out if it is not to be managed",
        };
        return Mismatch::value(path, format!("{name} has no value; `null` is not accepted"))
            .hint(hint);
    }
    let (what, value) = given_words(given);
    let hint = match (kind, value) {
        (KeyKind::Text, Some(value)) if !given.starts_with("string") => {
            Some(format!("put it in quotes: \"{}\"", as_written(value)))
        }
        (KeyKind::Flag, Some(value)) => Some(match value.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" | "1" => "write `true`, without quotes".to_owned(),
            "no" | "off" | "n" | "false" | "0" => "write `false`, without quotes".to_owned(),
            _ => "write `true` or `false`".to_owned(),
        }),
        (KeyKind::Number, Some(value)) if is_whole(value) && given.starts_with("string") => {
            Some(format!("write it without quotes: {value}"))
        }
        (KeyKind::Number, Some(value))
            if given.starts_with("integer") && !value.starts_with('-') =>
        {
            Some("it is too large".to_owned())
        }
        (KeyKind::List, _) => Some("begin each element with `- `".to_owned()),
        _ => None,
    };
    Mismatch { hint, ..Mismatch::value(path, format!("{name} is {what}: {expected} is expected")) }
}

/// Whether a text is a whole number as everybody writes it: `010` is another one for some.
fn is_whole(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
enum KeyKind {
    Section,
    List,
    Flag,
    Text,
    Number,
    Other,
}

/// serde's words for a value in those of people, and the value if it is a plain one.
fn given_words(given: &str) -> (String, Option<&str>) {
    let inside = |open: char| given.split_once(open).and_then(|(_, rest)| rest.strip_suffix(open));
    match given.split([' ', '`']).next().unwrap_or("") {
        "integer" | "floating" => {
            (format!("the number {}", as_written(inside('`').unwrap_or(""))), inside('`'))
        }
        "boolean" => (format!("`{}`", as_written(inside('`').unwrap_or(""))), inside('`')),
        "string" => (format!("the text \"{}\"", cut(inside('"').unwrap_or(""))), inside('"')),
        "sequence" => ("a list".to_owned(), None),
        "map" => ("a mapping".to_owned(), None),
        "enum" => ("a value with a tag (`!…`)".to_owned(), None),
        _ => (cut(given), None),
    }
}

fn unknown_key(path: Path, rest: &str) -> Mismatch {
    let (given, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let hint = match given {
        "<<" => "merge keys are not read: use `defaults`, or write the values out".to_owned(),
        _ => suggest(given, &quoted(rest), "known keys"),
    };
    let mut wrong = Mismatch::value(path, format!("unknown key `{}`", cut(given))).hint(hint);
    wrong.at = At::Key;
    wrong
}

/// The words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The nearest possible word, or all of them.
fn suggest(given: &str, possible: &[&str], all: &str) -> String {
    match nearest(given, possible.iter().copied(), 1 + given.len() / 3) {
        Some(word) => format!("did you mean `{word}`?"),
        None if possible.is_empty() => format!("there are no {all} here"),
        None => possible.iter().enumerate().fold(format!("{all}: "), |mut text, (n, word)| {
            let _ = write!(text, "{}`{word}`", if n == 0 { "" } else { ", " });
            text
        }),
    }
}
