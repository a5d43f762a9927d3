//! A value of an answer as a value of a field: what all readers of JSON have in common. Pure.

use serde_json::Value as Json;

use super::http::redact;
use crate::model::{ExtensionPrefix, Kind, Observed, Raw, Unread, Value, is_blank};

/// What an answer says of a field of that kind; `place` tells where it is, as words.
pub(super) fn observed(
    kind: Kind,
    value: &Json,
    place: impl FnOnce() -> String,
    prefix: Option<&ExtensionPrefix>,
) -> Observed {
    read(kind, Some(Raw::from(value)).filter(|_| !value.is_null()), prefix)
        .unwrap_or_else(|| Observed::Unreadable(unread(value, &place())))
}

/// The same of a value that was read already, or of `null`; nothing if it is none of the field.
pub(super) fn read(
    kind: Kind,
    value: Option<Raw<'_>>,
    prefix: Option<&ExtensionPrefix>,
) -> Option<Observed> {
    match value {
        None => Some(Observed::Unset),
        Some(Raw::Text(text)) if is_blank(text) => Some(Observed::Unset),
        Some(value) => Value::observed(kind, value, prefix).map(Observed::Set),
    }
}

/// A value that is none of the field, as it is there.
pub(super) fn unread(value: &Json, place: &str) -> Unread {
    let text = match value {
        Json::String(text) => redact::value(text),
        other => redact::value(&other.to_string()),
    };
    Unread::new(text, place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: Kind, value: &Json) -> Observed {
        observed(kind, value, || "at `/x`".to_owned(), None)
    }

    #[test]
    fn odd_values_are_unreadable_and_blank_ones_are_nothing() {
        for (kind, value) in [
            (Kind::Phone, json!("reception")),
            (Kind::Phone, json!(442_079_460_110.0)),
            (Kind::Gateway, json!(-2)),
            (Kind::Gateway, json!(8.5)),
            (Kind::Flag, json!("perhaps")),
            (Kind::Text, json!({"a": 1})),
            (Kind::Text, json!(["a"])),
        ] {
            assert!(matches!(read(kind, &value), Observed::Unreadable(_)), "{value}");
        }
        for kind in [Kind::Phone, Kind::Gateway, Kind::Flag, Kind::Text] {
            for blank in [json!(null), json!(""), json!("  "), json!("\u{a0}\u{200b}")] {
                assert_eq!(read(kind, &blank), Observed::Unset, "{blank}");
            }
        }
    }

    #[test]
    fn a_text_without_end_is_no_value() {
        assert_eq!(
            read(Kind::Text, &json!("x".repeat(10_000_000))),
            Observed::Unreadable(Unread::new(format!("{}...", "x".repeat(80)), "at `/x`"))
        );
    }
}
