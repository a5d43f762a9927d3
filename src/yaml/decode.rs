//! From a YAML value to a type, collecting every error and not only the first.
//!
//! serde stops at the first error. Here the offending key is taken out and the rest is tried again, until it fits or cannot.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_path_to_error::Segment as Step;
use serde_yaml::Value;

use super::{Path, Segment};

/// Errors of one value, at most; behind that, more of the same helps nobody.
const MAX_ERRORS: usize = 50;

/// Something that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub path: Path,
    /// Whether the key or its value is wrong.
    pub at: At,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What of a path is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The key that leads there.
    Key,
    /// The value.
    Value,
}

impl Wrong {
    /// A wrong value.
    #[must_use]
    pub fn value(path: Path, message: impl Into<String>) -> Self {
        Self { path, at: At::Value, message: message.into(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A key that must be there and is not.
#[must_use]
pub fn missing(parent: &Path, key: &str, hint: &str) -> Wrong {
    Wrong { path: parent.clone(), at: At::Key, message: format!("`{key}` is missing"), hint: Some(hint.to_owned()) }
}

/// For `Option` fields: `null` is not the same as absent, so it goes to the type, which refuses it.
pub fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Decodes `value`, which stands at `base`. What does not fit is reported and left out of the result; the result is absent
/// only if leaving out does not help.
#[must_use]
pub fn decode<T: DeserializeOwned>(value: &Value, base: &Path) -> (Option<T>, Vec<Wrong>) {
    let mut wrong = Vec::new();
    let first = match serde_path_to_error::deserialize(value) {
        Ok(decoded) => return (Some(decoded), wrong),
        Err(error) => error,
    };
    let mut pruned = value.clone();
    let mut error = first;
    loop {
        let (steps, complete) = steps_of(error.path());
        wrong.push(explain(&steps, base, &error.into_inner().to_string()));
        if !complete || wrong.len() >= MAX_ERRORS || !prune(&mut pruned, &steps) {
            return (None, wrong);
        }
        error = match serde_path_to_error::deserialize(&pruned) {
            Ok(decoded) => return (Some(decoded), wrong),
            Err(next) => next,
        };
    }
}

fn steps_of(path: &serde_path_to_error::Path) -> (Vec<Segment>, bool) {
    let steps: Vec<Segment> = path
        .iter()
        .map_while(|step| match step {
            Step::Seq { index } => Some(Segment::Index(*index)),
            Step::Map { key } => Some(Segment::Key(key.clone())),
            Step::Enum { .. } | Step::Unknown => None,
        })
        .collect();
    let complete = steps.len() == path.iter().count();
    (steps, complete)
}

/// Takes the value at the end of `steps` out. False if there is no such key: then the same error would come again.
fn prune(value: &mut Value, steps: &[Segment]) -> bool {
    let Some((last, parents)) = steps.split_last() else { return false };
    let mut parent = value;
    for step in parents {
        let child = match step {
            Segment::Key(key) => parent.get_mut(key.as_str()),
            Segment::Index(index) => parent.get_mut(*index),
        };
        let Some(child) = child else { return false };
        parent = child;
    }
    match (last, parent) {
        (Segment::Key(key), Value::Mapping(mapping)) => mapping.remove(key.as_str()).is_some(),
        // Taking an element out would move the numbers of those behind it.
        _ => false,
    }
}

/// serde's sentence in the words of somebody who writes YAML.
fn explain(steps: &[Segment], base: &Path, sentence: &str) -> Wrong {
    let mut path = base.clone();
    path.segments.extend_from_slice(steps);
    let name = match steps.last() {
        Some(Segment::Key(key)) => format!("`{key}`"),
        _ => "this".to_owned(),
    };
    if let Some(rest) = sentence.strip_prefix("unknown field `") {
        return unknown_key(path, rest);
    }
    if let Some(key) = sentence.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return missing(&path, key, "add it");
    }
    if let Some(rest) = sentence.strip_prefix("unknown variant `") {
        let (given, rest) = rest.split_once('`').unwrap_or((rest, ""));
        let possible = quoted(rest);
        let wrong = Wrong::value(path, format!("{name} cannot be `{given}`"));
        return wrong.hint(suggest(given, &possible, "possible values"));
    }
    let Some(types) = sentence.strip_prefix("invalid type: ") else {
        return Wrong::value(path, sentence.to_owned());
    };
    let (given, expected) = types.split_once(", expected ").unwrap_or((types, "something else"));
    if given == "unit value" {
        return Wrong::value(path, format!("{name} has no value: `null` says nothing here"))
            .hint("leave the key out if it is not to be managed");
    }
    let hint = if expected.contains("string")
        && (given.starts_with("integer") || given.starts_with("float") || given.starts_with("bool"))
    {
        Some(format!("put it in quotes: \"{}\"", given.split('`').nth(1).unwrap_or("…")))
    } else if expected.contains("bool") {
        Some("write `true` or `false`".to_owned())
    } else {
        None
    };
    let expected = expected
        .replace("struct ", "")
        .replace("i64", "a whole number")
        .replace("u8", "a whole number")
        .replace("u32", "a whole number");
    Wrong { hint, ..Wrong::value(path, format!("{name} is {}: {expected} is expected", article(given))) }
}

fn article(given: &str) -> String {
    let given =
        given.replace("unit value", "nothing").replace("boolean", "bool").replace("sequence", "list").replace("map", "mapping");
    if given.starts_with(['i', 'a', 'e', 'o', 'u']) { format!("an {given}") } else { format!("a {given}") }
}

fn unknown_key(path: Path, rest: &str) -> Wrong {
    let (given, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let mut wrong = Wrong::value(path, format!("unknown key `{given}`")).hint(suggest(given, &quoted(rest), "known keys"));
    wrong.at = At::Key;
    wrong
}

/// The words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The nearest possible word, or all of them.
fn suggest(given: &str, possible: &[&str], all: &str) -> String {
    let distance = |word: &&&str| strsim::damerau_levenshtein(&word.to_lowercase(), &given.to_lowercase());
    let near = possible.iter().min_by_key(distance).filter(|word| distance(word) <= 1 + given.len() / 3);
    match near {
        Some(word) => format!("did you mean `{word}`?"),
        None if possible.is_empty() => format!("there are no {all} here"),
        None => possible.iter().enumerate().fold(format!("{all}: "), |mut text, (n, word)| {
            let _ = write!(text, "{}`{word}`", if n == 0 { "" } else { ", " });
            text
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default, deserialize_with = "some")]
        text: Option<String>,
        #[serde(default, deserialize_with = "some")]
        flag: Option<bool>,
        #[serde(default)]
        inner: Option<Box<Sample>>,
    }

    fn messages(text: &str) -> Vec<String> {
        let value = serde_yaml::from_str(text).unwrap();
        let (_, wrong) = decode::<Sample>(&value, &Path::root(0));
        wrong.iter().map(|wrong| format!("{} | {}", wrong.message, wrong.hint.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn every_error_is_found_not_only_the_first() {
        let found = messages("text: 12\nflg: true\ninner: {flag: yes please, text: ~, x: 1}\n");
        assert_eq!(
            found,
            [
                "`text` is an integer `12`: a string is expected | put it in quotes: \"12\"",
                "unknown key `flg` | did you mean `flag`?",
                "`flag` is a string \"yes please\": a bool is expected | write `true` or `false`",
                "`text` has no value: `null` says nothing here | leave the key out if it is not to be managed",
                "unknown key `x` | known keys: `text`, `flag`, `inner`",
            ]
        );
    }

    #[test]
    fn what_fits_is_kept() {
        let value = serde_yaml::from_str("text: kept\nflag: 3\n").unwrap();
        let (sample, wrong) = decode::<Sample>(&value, &Path::root(0));
        assert_eq!((sample.unwrap().text.as_deref(), wrong.len()), (Some("kept"), 1));
        assert!(decode::<Sample>(&Value::Null, &Path::root(0)).0.is_none());
    }
}
