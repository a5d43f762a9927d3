//! JSON as services write it, read in a way that no two readers of it can differ (RFC 8259, 4 and
//! 8.2).
//!
//! **Invariant:** a key that appears twice with two values is an error: parsers differ on which one
//! counts.
//!
//! Half of a surrogate pair, as it is left where a service cuts a text after so many UTF-16 units,
//! becomes U+FFFD: one odd name must not hide a whole list.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a whole text.
pub(super) fn read(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(body)
        .or_else(|error| match without_half_pairs(body) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        })
        .map(|Unambiguous(value)| value)
}

/// The text with U+FFFD in place of each half of a surrogate pair; nothing if there is none.
fn without_half_pairs(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let escape = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut mended = Vec::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(next) =
        body.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\'))
    {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.extend_from_slice(body.get(done..at)?);
                mended.extend_from_slice(b"\\ufffd");
                done = at + 6;
                6
            }
            _ => 2,
        };
    }
    mended.extend_from_slice(body.get(done..)?);
    (done > 0).then_some(mended)
}

/// A value in which no key means two things.
pub(in crate::api) struct Unambiguous(pub(in crate::api) Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonReader).map(Self)
    }
}

struct JsonReader;

impl<'de> Visitor<'de> for JsonReader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((key, Unambiguous(value))) = fields.next_entry::<String, _>()? {
            if all.get(&key).is_some_and(|earlier| *earlier != value) {
                let key = crate::api::http::redact::value(&key);
                return Err(A::Error::custom(format!(
                    "`{key}` is twice in one object, with two values"
                )));
            }
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_key_means_two_things() {
        assert_eq!(
            read(br#"{"a": 1, "b": {"a": 2}, "a": 1}"#).unwrap(),
            json!({"a": 1, "b": {"a": 2}})
        );
        for bad in [
            r#"{"a": 1, "a": 2}"#,
            r#"[{"b": {"on": true, "\u006fn": false}}]"#,
            r#"{"a": [], "a": [1]}"#,
        ] {
            let why = read(bad.as_bytes()).unwrap_err().to_string();
            assert!(why.contains("is twice"), "{bad}: {why}");
        }
    }

    #[test]
    fn half_a_pair_hides_nothing_else() {
        for (text, expected) in [
            (r#"["\ud83d\ude00"]"#, "\u{1f600}"),
            (r#"["Ada \ud83d"]"#, "Ada \u{fffd}"),
            (r#"["\ude00\ud83d\ude00 \uD83D"]"#, "\u{fffd}\u{1f600} \u{fffd}"),
            (r#"["\\ud83d"]"#, "\\ud83d"),
            (r#"["\\\ud83d"]"#, "\\\u{fffd}"),
            (r#"["\ud83d\u0041"]"#, "\u{fffd}A"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), json!([expected]), "{text}");
        }
    }

    #[test]
    fn odd_numbers_texts_and_nests_are_read_or_refused() {
        for good in ["1e300", "18446744073709551616", "-0", "1.5", r#""\u0000""#, "null"] {
            assert!(read(good.as_bytes()).is_ok(), "{good}");
        }
        let deep = "[".repeat(100_000);
        for bad in
            ["1e400", "01", "NaN", "[1,]", "{\"a\"}", "\"\\x\"", "[1] 2", "\"\\ud8", deep.as_str()]
        {
            assert!(read(bad.as_bytes()).is_err(), "{}", &bad[..bad.len().min(20)]);
        }
        assert!(read(b"[\"\xff\"]").is_err());
    }
}
