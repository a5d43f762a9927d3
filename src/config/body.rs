//! What the body of a call carries: one of five words, or a template of its own.
//!
//! A template is the JSON that is sent, written as YAML, with places in its texts. A place that is
//! a whole text becomes the value itself, so `"{start}"` is the number; inside of a longer
//! text it becomes text. `{{` and `}}` are braces.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{EnumAccess, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use crate::yaml::HINT;

/// The place for who authorises a call, in templates alone: the consent object or the Microsoft
/// token set.
pub const AUTHORISATION: &str = "authorisation";

/// What the body of a call carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// Nothing.
    #[default]
    None,
    /// The tenant id as bare text.
    Text,
    /// The tenant id, as `tenantId`.
    Tenant,
    /// Who authorises it, at top level (contract 2.4): the consent object, or the Microsoft token
    /// set of the tenant.
    Flat,
    /// The same under `authenticationResult` (contract 2.4).
    Wrapped,
    /// This JSON.
    Template(Template),
}

/// JSON with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Map<String, Value>);

/// A part of a text in a template.
enum Piece {
    Plain(String),
    Place(String),
}

impl BodyFormat {
    /// Whether a template names this place.
    #[must_use]
    pub fn names(&self, place: &str) -> bool {
        matches!(self, Self::Template(template) if template.places().iter().any(|(_, found)| found == place))
    }
}

impl Template {
    /// The places with the keys that lead to them. A text that cannot be read has none.
    fn places(&self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        visit(&self.0, &mut Vec::new(), &mut |at, text| {
            let pieces = pieces(text).unwrap_or_default();
            found.extend(pieces.into_iter().filter_map(|piece| match piece {
                Piece::Place(name) => Some((at.to_vec(), name)),
                Piece::Plain(_) => None,
            }));
        });
        found
    }

    /// What is wrong with it where these places are known, each with the keys that lead there.
    pub(super) fn problems(&self, known: &[&str]) -> Vec<(Vec<String>, String)> {
        let mut problems = Vec::new();
        visit(&self.0, &mut Vec::new(), &mut |at, text| match pieces(text) {
            Err(why) => problems.push((at.to_vec(), why)),
            Ok(pieces) => {
                let alone = pieces.len() == 1;
                for piece in pieces {
                    let Piece::Place(name) = piece else { continue };
                    if !known.contains(&name.as_str()) {
                        let all = known.join("}, {");
                        problems.push((
                            at.to_vec(),
                            format!("{{{name}}} is not known here; there are {{{all}}}"),
                        ));
                    } else if name == AUTHORISATION && !alone {
                        problems.push((
                            at.to_vec(),
                            "{authorisation} is an object, and must be the whole value".to_owned(),
                        ));
                    }
                }
            }
        });
        problems
    }

    /// The JSON with its places filled. The error names what cannot be.
    pub fn fill(
        &self,
        value: &impl Fn(&str) -> Option<Value>,
    ) -> Result<Map<String, Value>, String> {
        filled_map(&self.0, value)
    }
}

fn filled_map(
    map: &Map<String, Value>,
    value: &impl Fn(&str) -> Option<Value>,
) -> Result<Map<String, Value>, String> {
    map.iter().map(|(key, inner)| Ok((key.clone(), filled(inner, value)?))).collect()
}

fn filled(template: &Value, value: &impl Fn(&str) -> Option<Value>) -> Result<Value, String> {
    match template {
        Value::Object(map) => filled_map(map, value).map(Value::Object),
        Value::Array(items) => items.iter().map(|item| filled(item, value)).collect(),
        Value::String(text) => filled_text(text, value),
        plain => Ok(plain.clone()),
    }
}

fn filled_text(text: &str, value: &impl Fn(&str) -> Option<Value>) -> Result<Value, String> {
    let pieces = pieces(text)?;
    let known = |name: &str| value(name).ok_or_else(|| format!("this call cannot fill {{{name}}}"));
    if let [Piece::Place(name)] = pieces.as_slice() {
        return known(name);
    }
    let mut whole = String::new();
    for piece in pieces {
        match piece {
            Piece::Plain(plain) => whole.push_str(&plain),
            Piece::Place(name) => match known(&name)? {
                Value::String(text) => whole.push_str(&text),
                other => whole.push_str(&other.to_string()),
            },
        }
    }
    Ok(Value::String(whole))
}

fn visit(map: &Map<String, Value>, at: &mut Vec<String>, heard: &mut impl FnMut(&[String], &str)) {
    for (key, value) in map {
        at.push(key.clone());
        visit_value(value, at, heard);
        at.pop();
    }
}

fn visit_value(value: &Value, at: &mut Vec<String>, heard: &mut impl FnMut(&[String], &str)) {
    match value {
        Value::Object(map) => visit(map, at, heard),
        // The list is place enough.
        Value::Array(items) => items.iter().for_each(|item| visit_value(item, at, heard)),
        Value::String(text) => heard(at, text),
        _ => {}
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push(c);
            2
        } else if c == '{' {
            let (name, _) = rest[1..].split_once('}').ok_or_else(|| {
                format!("`{text}` has a `{{` without its `}}`; `{{{{` is a brace")
            })?;
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Place(name.to_owned()));
            name.len() + 2
        } else if c == '}' {
            return Err(format!("`{text}` has a `}}` without its `{{`; `}}}}` is a brace"));
        } else {
            plain.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Plain(plain));
    }
    Ok(pieces)
}

/// Reads a body.
struct BodyVisitor;

impl BodyVisitor {
    const WORDS: &str = "possible are `none`, `text`, `tenant`, `flat`, `wrapped`, or a mapping: \
        the JSON that is sent, with places such as \"{tenantId}\"";

    fn odd<E: Error>(what: &str) -> E {
        E::custom(format!("{what} is not a body{HINT}{}", Self::WORDS))
    }
}

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = BodyFormat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of `none`, `text`, `tenant`, `flat` and `wrapped`, or a mapping")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<BodyFormat, E> {
        match word {
            "none" => Ok(BodyFormat::None),
            "text" => Ok(BodyFormat::Text),
            "tenant" => Ok(BodyFormat::Tenant),
            "flat" => Ok(BodyFormat::Flat),
            "wrapped" => Ok(BodyFormat::Wrapped),
            other => Err(Self::odd(&format!("`{}`", super::plain::shown(other)))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<BodyFormat, A::Error> {
        Err(Self::odd("a list"))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<BodyFormat, A::Error> {
        Err(Self::odd("a value with a tag (`!...`)"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BodyFormat, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(map))
            .map(|map| BodyFormat::Template(Template(map)))
    }
}

impl<'de> Deserialize<'de> for BodyFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(json: Value) -> Template {
        match serde_json::from_value(json).unwrap() {
            BodyFormat::Template(template) => template,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_become_values_or_text() {
        let template = template(json!({
            "filter": "ALL", "deep": {"start": "{start}", "list": ["{tenantId}", 7, null, true]},
            "text": "from {start} of {tenantId}", "braces": "{{start}}", "empty": "",
        }));
        let value = |name: &str| match name {
            "start" => Some(json!(200)),
            "tenantId" => Some(json!("t-1")),
            _ => None,
        };
        let filled = template.fill(&value).unwrap();
        assert_eq!(
            Value::Object(filled),
            json!({
                "filter": "ALL", "deep": {"start": 200, "list": ["t-1", 7, null, true]},
                "text": "from 200 of t-1", "braces": "{start}", "empty": "",
            })
        );
        assert!(template.fill(&|_| None).unwrap_err().starts_with("this call cannot fill {"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let template = template(json!({"a": {"b": "{tenant}"}, "c": "x{", "d": "}", "e": "by \
            {authorisation}", "f": "{tenantId}"}));
        let problems = template.problems(&["tenantId", AUTHORISATION]);
        let told: Vec<String> =
            problems.iter().map(|(at, what)| format!("{}: {what}", at.join("."))).collect();
        assert_eq!(
            told,
            [
                "a.b: {tenant} is not known here; there are {tenantId}, {authorisation}",
                "c: `x{` has a `{` without its `}`; `{{` is a brace",
                "d: `}` has a `}` without its `{`; `}}` is a brace",
                "e: {authorisation} is an object, and must be the whole value",
            ]
        );
    }
}
