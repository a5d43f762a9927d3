//! A value of an answer as a value of a field: what all readers of JSON have in common. Pure.

use serde_json::Value as Json;

use super::http::redact;
use crate::model::{
    ExtensionPrefix, FieldKind, ObservedValue, Raw, UnreadableValue, Value, is_blank,
};

/// What an answer says of a field of that kind; `place` tells where it is, as words.
pub(super) fn observed(
    kind: FieldKind,
    value: &Json,
    place: impl FnOnce() -> String,
    prefix: Option<&ExtensionPrefix>,
) -> ObservedValue {
    read(kind, Some(Raw::from(value)).filter(|_| !value.is_null()), prefix)
        .unwrap_or_else(|| ObservedValue::Unreadable(unread(value, &place())))
}

/// The same of a value that was read already, or of `null`; nothing if it is none of the field.
pub(super) fn read(
    kind: FieldKind,
    value: Option<Raw<'_>>,
    prefix: Option<&ExtensionPrefix>,
) -> Option<ObservedValue> {
    match value {
        None => Some(ObservedValue::Unset),
        Some(Raw::Text(text)) if is_blank(text) => Some(ObservedValue::Unset),
        Some(value) => Value::observed(kind, value, prefix).map(ObservedValue::Set),
    }
}

/// A value that is none of the field, as it is there.
pub(super) fn unread(value: &Json, place: &str) -> UnreadableValue {
    let text = match value {
        Json::String(text) => redact::value(text),
        other => redact::value(&other.to_string()),
    };
    UnreadableValue::new(text, place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: FieldKind, value: &Json) -> ObservedValue {
        observed(kind, value, || "at `/x`".to_owned(), None)
    }

    #[test]
    fn odd_values_are_unreadable_and_blank_ones_are_nothing() {
        for (kind, value) in [
            (FieldKind::Phone, json!("reception")),
            (FieldKind::Phone, json!(442_079_460_110.0)),
            (FieldKind::Gateway, json!(-2)),
            (FieldKind::Gateway, json!(8.5)),
            (FieldKind::Flag, json!("perhaps")),
            (FieldKind::Text, json!({"a": 1})),
            (FieldKind::Text, json!(["a"])),
        ] {
            assert!(matches!(read(kind, &value), ObservedValue::Unreadable(_)), "{value}");
        }
        for kind in [FieldKind::Phone, FieldKind::Gateway, FieldKind::Flag, FieldKind::Text] {
            for blank in [json!(null), json!(""), json!("  "), json!("\u{a0}\u{200b}")] {
                assert_eq!(read(kind, &blank), ObservedValue::Unset, "{blank}");
            }
        }
    }

    #[test]
    fn a_text_without_end_is_no_value() {
        assert_eq!(
            read(FieldKind::Text, &json!("x".repeat(10_000_000))),
            ObservedValue::Unreadable(UnreadableValue::new(
                format!("{}...", "x".repeat(80)),
                "at `/x`"
            ))
        );
    }
}
