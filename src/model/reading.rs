//! Values as readers find them: which of them are values of a field, and what is there if they
//! are none.
//!
//! **Invariant:** nothing is lost and nothing is guessed. Text that is exactly a number or a flag
//! is one; everything else that is not of the field's kind stays as it was read, with its place.

use std::{fmt, sync::Arc};

use serde_json::Value as Json;

use super::{ExtensionPrefix, FieldKind, GatewayId, PhoneNumber, Value, spelling};

/// The longest text that is taken for the value of a field, in bytes: some are not what a pointer
/// meant.
const MAX_TEXT: usize = 4096;
/// Whole numbers above it may not be what they were before they went through a float.
const MAX_FLOAT: f64 = 9_007_199_254_740_992.0;

/// What is in the place of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Raw<'r> {
    /// Text.
    Text(&'r str),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// A list, an object, nothing.
    Other,
}

impl<'r> From<&'r Json> for Raw<'r> {
    fn from(value: &'r Json) -> Self {
        match value {
            Json::String(text) => Self::Text(text),
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Whole(whole),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Other,
            },
            Json::Null | Json::Array(_) | Json::Object(_) => Self::Other,
        }
    }
}

/// What was read where a value should be, and is none: it may be any.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnreadableValue(Arc<(String, String)>);

impl UnreadableValue {
    /// What was read, and where.
    #[must_use]
    pub fn new(text: impl Into<String>, place: &str) -> Self {
        Self(Arc::new((text.into(), place.to_owned())))
    }

    /// What, cut to a readable length.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.0
    }

    /// Where it was, as words that follow it, such as "at `/phoneNumber`"; empty if that is not
    /// known.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Debug for UnreadableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").field("text", &self.text()).field("place", &self.place()).finish()
    }
}

impl fmt::Display for UnreadableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())?;
        if self.place().is_empty() { Ok(()) } else { write!(f, " {}", self.place()) }
    }
}

/// Whether there is nothing in a text that anybody could see.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || spelling::is_unseen(c))
}

impl Value {
    /// The value of a kind that `raw` says, if it says one.
    #[must_use]
    pub fn observed(
        kind: FieldKind,
        raw: Raw<'_>,
        prefix: Option<&ExtensionPrefix>,
    ) -> Option<Self> {
        match (kind, raw) {
            (FieldKind::Phone, Raw::Text(text)) => {
                PhoneNumber::observed(text, prefix).map(Self::Phone)
            }
            (FieldKind::Phone, Raw::Whole(number)) => whole_number(number).map(Self::Phone),
            (FieldKind::Gateway, Raw::Text(text)) => whole(text).and_then(gateway),
            (FieldKind::Gateway, Raw::Whole(id)) => gateway(id),
            (FieldKind::Gateway, Raw::Float(id)) => whole_float(id).and_then(gateway),
            (FieldKind::Flag, Raw::Text(text)) => flag(text).map(Self::Flag),
            (FieldKind::Flag, Raw::Flag(flag)) => Some(Self::Flag(flag)),
            (FieldKind::Text, Raw::Text(text)) if text.len() <= MAX_TEXT => {
                Some(Self::Text(text.into()))
            }
            _ => None,
        }
    }
}

/// A telephone number that came as a number. Full ones have no zero in front that could be lost;
/// extensions may.
fn whole_number(number: i64) -> Option<PhoneNumber> {
    PhoneNumber::observed(&number.to_string(), None).filter(|_| number >= 1_000_000)
}

fn gateway(id: i64) -> Option<Value> {
    GatewayId::of_user(id).ok().map(Value::Gateway)
}

/// What is seen of a text, without blanks and invisible marks around it.
fn seen(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || spelling::is_unseen(c))
}

/// A whole number as text, such as `805`; and as a tool for tables writes it, `805.0`.
fn whole(text: &str) -> Option<i64> {
    let text = seen(text);
    let digits = match text.split_once('.') {
        Some((whole, fraction))
            if !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0') =>
        {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    if spelling::all_digits(digits) { digits.parse().ok() } else { None }
}

fn whole_float(number: f64) -> Option<i64> {
    let whole = number.fract() == 0.0 && (1.0..=MAX_FLOAT).contains(&number);
    // Within the range of whole floats the text of one is digits alone.
    if whole { format!("{number:.0}").parse().ok() } else { None }
}

fn flag(text: &str) -> Option<bool> {
    match seen(text) {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: FieldKind, raw: Raw<'_>) -> Option<String> {
        Value::observed(kind, raw, None).map(|value| value.to_string())
    }

    #[test]
    fn text_that_is_exactly_the_value_is_read_as_it() {
        for (kind, raw, value) in [
            (FieldKind::Gateway, Raw::Text("805"), "805"),
            (FieldKind::Gateway, Raw::Text(" 805 "), "805"),
            (FieldKind::Gateway, Raw::Text("\u{feff}805\u{a0}\u{200b}"), "805"),
            (FieldKind::Gateway, Raw::Text("805.0"), "805"),
            (FieldKind::Gateway, Raw::Whole(805), "805"),
            (FieldKind::Gateway, Raw::Float(805.0), "805"),
            (FieldKind::Flag, Raw::Text("true"), "true"),
            (FieldKind::Flag, Raw::Text("False"), "false"),
            (FieldKind::Flag, Raw::Text("\u{200e}TRUE\u{200e}"), "true"),
            (FieldKind::Phone, Raw::Whole(493_012_345_678), "+493012345678"),
            (FieldKind::Text, Raw::Text("805"), "\"805\""),
        ] {
            assert_eq!(read(kind, raw).as_deref(), Some(value), "{raw:?}");
        }
    }

    #[test]
    fn what_is_not_certain_is_no_value() {
        for (kind, raw) in [
            (FieldKind::Gateway, Raw::Text("+805")),
            (FieldKind::Gateway, Raw::Text("8\u{200b}5")),
            (FieldKind::Gateway, Raw::Text("8.5")),
            (FieldKind::Gateway, Raw::Text("805.")),
            (FieldKind::Gateway, Raw::Text("8e2")),
            (FieldKind::Gateway, Raw::Text("0")),
            (FieldKind::Gateway, Raw::Text("1,000")),
            (FieldKind::Gateway, Raw::Text("99999999999999999999")),
            (FieldKind::Gateway, Raw::Whole(-2)),
            (FieldKind::Gateway, Raw::Float(8.5)),
            (FieldKind::Gateway, Raw::Float(1e300)),
            (FieldKind::Gateway, Raw::Float(f64::NAN)),
            (FieldKind::Gateway, Raw::Flag(true)),
            (FieldKind::Flag, Raw::Text("yes")),
            (FieldKind::Flag, Raw::Text("1")),
            (FieldKind::Flag, Raw::Whole(1)),
            (FieldKind::Phone, Raw::Whole(1000)),
            (FieldKind::Phone, Raw::Whole(-493_012_345_678)),
            (FieldKind::Phone, Raw::Whole(4_930_123_456_789_012)),
            (FieldKind::Phone, Raw::Float(493_012_345_678.0)),
            (FieldKind::Phone, Raw::Flag(true)),
            (FieldKind::Text, Raw::Whole(7)),
            (FieldKind::Text, Raw::Flag(true)),
            (FieldKind::Text, Raw::Other),
        ] {
            assert_eq!(read(kind, raw), None, "{kind:?} {raw:?}");
        }
    }
}
