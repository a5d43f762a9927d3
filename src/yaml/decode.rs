//! From a YAML value to a type, collecting every error and not only the first.
//!
//! serde stops at the first error. Here the offending key is taken out and the rest is tried again,
//! until it fits or cannot.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment as Step;
use serde_yaml::Value;

use super::{At, Mismatch, MismatchKind, Path, Segment, source::cut, words::explain};

/// Errors of one value, at most; behind that, more of the same helps nobody.
const MAX_ERRORS: usize = 50;

/// Decodes `value`, which is at `base`. What does not fit is reported and left out of the
/// result; the result is absent only if leaving out does not help.
#[must_use]
pub fn decode<T: DeserializeOwned>(value: &Value, base: &Path) -> (Option<T>, Vec<Mismatch>) {
    let mut wrong = Vec::new();
    let first = match serde_path_to_error::deserialize(value) {
        Ok(decoded) => return (Some(decoded), wrong),
        Err(error) => error,
    };
    let mut pruned = value.clone();
    let mut error = first;
    loop {
        let (steps, complete) = steps_of(error.path());
        let next = explain(&steps, base, &error.into_inner().to_string());
        // What was taken out here is missing from then on.
        let taken_out = |told: &Mismatch| match (&next.kind, told.path.segments.split_last()) {
            (MismatchKind::Missing(missing), Some((Segment::Key(key), above))) => {
                key == missing && above == next.path.segments
            }
            _ => false,
        };
        if !wrong.iter().any(taken_out) {
            wrong.push(next);
        }
        if !complete || wrong.len() >= MAX_ERRORS || !prune(&mut pruned, &steps) {
            return (None, wrong);
        }
        error = match serde_path_to_error::deserialize(&pruned) {
            Ok(decoded) => return (Some(decoded), wrong),
            Err(next) => next,
        };
    }
}

/// The same, and `null`, tags and keys that are not text are errors too: serde would take `users:`
/// without a value for an empty list, and `!secret name` for `name`.
#[must_use]
pub fn decode_strictly<T: DeserializeOwned>(
    value: &Value,
    base: &Path,
) -> (Option<T>, Vec<Mismatch>) {
    let mut odd = Vec::new();
    oddities(value, &mut base.clone(), At::Value, &mut odd);
    if odd.is_empty() {
        return decode(value, base);
    }
    let mut pruned = value.clone();
    let (decoded, wrong) =
        if clean(&mut pruned) { decode(&pruned, base) } else { (None, Vec::new()) };
    odd.extend(wrong);
    (decoded, odd)
}

/// Takes out what [`oddities`] finds. False if that is not possible.
fn clean(value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Tagged(_) => false,
        Value::Sequence(elements) => elements.iter_mut().all(clean),
        Value::Mapping(mapping) => {
            mapping.retain(|key, value| {
                key.is_string() && !matches!(value, Value::Null | Value::Tagged(_))
            });
            mapping.values_mut().all(clean)
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn oddities(value: &Value, path: &mut Path, at: At, odd: &mut Vec<Mismatch>) {
    if odd.len() >= MAX_ERRORS {
        return;
    }
    let name = match path.segments.last() {
        Some(Segment::Key(key)) => format!("`{}`", cut(key)),
        _ => "this".to_owned(),
    };
    match value {
        Value::Null => {
            let message = format!("{name} has no value; `null` is not accepted");
            let kind = MismatchKind::Null;
            let wrong = Mismatch { at, kind, ..Mismatch::value(path.clone(), message) };
            odd.push(wrong.hint("give it a value, or leave it out: what is absent is not managed"));
        }
        Value::Tagged(tagged) => {
            let message = format!(
                "{name} has the tag `{}`, and tags mean nothing here",
                cut(&tagged.tag.to_string())
            );
            odd.push(
                Mismatch::value(path.clone(), message)
                    .hint("write the value itself, without a tag"),
            );
        }
        Value::Sequence(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.segments.push(Segment::Index(index));
                oddities(element, path, At::Value, odd);
                path.segments.pop();
            }
        }
        Value::Mapping(mapping) => {
            for (key, value) in mapping {
                let text = match key {
                    Value::String(key) => {
                        path.segments.push(Segment::Key(key.clone()));
                        oddities(value, path, At::Key, odd);
                        path.segments.pop();
                        continue;
                    }
                    Value::Number(number) => number.to_string(),
                    Value::Bool(flag) => flag.to_string(),
                    Value::Null => "~".to_owned(),
                    Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => "?".to_owned(),
                };
                let wrong = Mismatch {
                    at: At::Key,
                    ..Mismatch::value(path.key(&text), "this key is not text")
                };
                odd.push(wrong.hint("keys are names, such as `phoneNumber`"));
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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

/// Takes the value at the end of `steps` out. False if there is no such key: then the same error
/// would come again.
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
        (Segment::Key(key), Value::Mapping(mapping)) => {
            mapping.shift_remove(key.as_str()).is_some()
        }
        // Taking an element out would move the numbers of those behind it.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::yaml::{in_source, some};

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
        wrong
            .iter()
            .map(|wrong| {
                in_source(
                    &format!("{} | {}", wrong.message, wrong.hint.as_deref().unwrap_or("-")),
                    None,
                )
            })
            .collect()
    }

    #[test]
    fn every_error_is_found_not_only_the_first() {
        let found = messages("text: 12\nflg: true\ninner: {flag: yes please, text: ~, x: 1}\n");
        assert_eq!(
            found,
            [
                "`text` is the number 12: text is expected | put it in quotes: \"12\"",
                "unknown key `flg` | did you mean `flag`?",
                "`flag` is the text \"yes please\": `true` or `false` is expected | write `true` \
                    or `false`",
                "`text` has no value; `null` is not accepted | leave the key out if it is not \
                    to be managed",
                "unknown key `x` | known keys: `text`, `flag`, `inner`",
            ]
        );
    }

    #[test]
    fn what_serde_would_pass_over_is_found() {
        let value = serde_yaml::from_str(
            "text: kept\nflag: !x true\ninner: {text: , 1: x, ? [a] : b, flag: 3}\n",
        )
        .unwrap();
        let (sample, wrong) = decode_strictly::<Sample>(&value, &Path::root(0).key("base"));
        let messages: Vec<_> = wrong.iter().map(|wrong| in_source(&wrong.message, None)).collect();
        assert_eq!(
            messages,
            [
                "`flag` has the tag `!x`, and tags mean nothing here",
                "`text` has no value; `null` is not accepted",
                "this key is not text",
                "this key is not text",
                "`flag` is the number 3: `true` or `false` is expected",
            ]
        );
        assert_eq!(wrong[1].path, Path::root(0).key("base").key("inner").key("text"));
        let sample = sample.unwrap();
        assert_eq!(
            (sample.text.as_deref(), sample.flag, sample.inner.unwrap().text),
            (Some("kept"), None, None)
        );
        assert!(decode_strictly::<Sample>(&Value::Null, &Path::root(0)).0.is_none());
    }

    #[test]
    fn what_fits_is_kept() {
        let value = serde_yaml::from_str("text: kept\nflag: 3\n").unwrap();
        let (sample, wrong) = decode::<Sample>(&value, &Path::root(0));
        assert_eq!((sample.unwrap().text.as_deref(), wrong.len()), (Some("kept"), 1));
        assert!(decode::<Sample>(&Value::from(3), &Path::root(0)).0.is_none());
    }
}
