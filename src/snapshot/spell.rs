//! How the domain types are written in a snapshot. Each is checked while it is read, so an
//! error has its place.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::{Value as Json, json};

use crate::model::{
    AccountName, Coverage, ExtensionPrefix, FaultKind, Field, FieldKind, FieldMap, LiveCalling,
    ObservedValue, PhoneNumber, Raw, TenantId, TenantName, UnreadableValue, Upn, UserId, Value,
};

/// A type that is written as text.
pub(super) struct AsText<T>(pub(super) T);

/// How it is spelt.
pub(super) trait Spelt: Sized {
    fn text(&self) -> &str;
    fn parse(text: &str) -> Result<Self, String>;
}

impl<T: Spelt> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text())
    }
}

impl<'de, T: Spelt> Deserialize<'de> for AsText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        T::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

macro_rules! spelt {
    ($($type:ty),*) => {$(
        impl Spelt for $type {
            fn text(&self) -> &str {
                self.as_str()
            }
            fn parse(text: &str) -> Result<Self, String> {
                <$type>::parse(text)
            }
        }
    )*};
}

spelt!(AccountName, TenantName, TenantId, ExtensionPrefix, Upn);

impl Spelt for UserId {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn parse(text: &str) -> Result<Self, String> {
        Self::observed(text).ok_or_else(|| format!("`{text}` is not the identity of a user"))
    }
}

impl Spelt for Field {
    fn text(&self) -> &str {
        self.name()
    }
    fn parse(text: &str) -> Result<Self, String> {
        Self::named(text).ok_or_else(|| format!("`{text}` is not a field of a user"))
    }
}

impl Spelt for FaultKind {
    fn text(&self) -> &str {
        match self {
            Self::Auth => "auth",
            Self::Rejected => "rejected",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "noAnswer",
            Self::Server => "server",
            Self::Garbled => "garbled",
            Self::NotConfigured => "notConfigured",
            Self::SecretMissing => "secretMissing",
            Self::Stopped => "stopped",
            Self::Failing => "failing",
        }
    }
    fn parse(text: &str) -> Result<Self, String> {
        let kind = Self::ALL.iter().find(|kind| kind.text() == text);
        kind.copied().ok_or_else(|| format!("`{text}` is not a kind of failure"))
    }
}

/// `"enabled"`, `"disabled"` or `{"unclear": TEXT}`.
pub(super) struct CallingEntry(pub(super) LiveCalling);

impl Serialize for CallingEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            LiveCalling::Enabled => serializer.serialize_str("enabled"),
            LiveCalling::Disabled => serializer.serialize_str("disabled"),
            LiveCalling::Unclear(text) => json!({ "unclear": text }).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CallingEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        let calling = match (value.as_str(), tagged(&value, "unclear")) {
            (Some("enabled"), _) => LiveCalling::Enabled,
            (Some("disabled"), _) => LiveCalling::Disabled,
            (_, Some(text)) => LiveCalling::Unclear(text.to_owned()),
            _ => {
                return Err(D::Error::custom(
                    "`enabled`, `disabled` or {\"unclear\": TEXT} is expected",
                ));
            }
        };
        Ok(Self(calling))
    }
}

/// `"complete"` or `{"suspect": TEXT}`.
pub(super) struct CoverageEntry(pub(super) Coverage);

impl Serialize for CoverageEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Coverage::Complete => serializer.serialize_str("complete"),
            Coverage::Suspect(what) => json!({ "suspect": what }).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CoverageEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        let coverage = match (value.as_str(), tagged(&value, "suspect")) {
            (Some("complete"), _) => Coverage::Complete,
            (_, Some(what)) => Coverage::Suspect(what.to_owned()),
            _ => return Err(D::Error::custom("`complete` or {\"suspect\": TEXT} is expected")),
        };
        Ok(Self(coverage))
    }
}

/// Fields by name; `null` is explicitly nothing, `{"unreadable": TEXT, "place": WORDS}` what is no
/// value of the field.
pub(super) struct DetailsEntry(pub(super) FieldMap<ObservedValue>);

impl Serialize for DetailsEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = self.0.iter().map(|(field, observed)| (field.name(), value(observed)));
        serializer.collect_map(details)
    }
}

fn value(observed: &ObservedValue) -> Json {
    match observed {
        ObservedValue::Unset | ObservedValue::Set(Value::NoPhone) => Json::Null,
        ObservedValue::Unreadable(read) => unread(read),
        ObservedValue::Set(Value::Phone(number)) => spelling(number).into(),
        ObservedValue::Set(Value::Gateway(id)) => id.get().into(),
        ObservedValue::Set(Value::Flag(flag)) => (*flag).into(),
        ObservedValue::Set(Value::Text(text)) => text.as_ref().into(),
    }
}

impl<'de> Deserialize<'de> for DetailsEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Self)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = FieldMap<ObservedValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut details = FieldMap::default();
        while let Some(AsText(field)) = map.next_key::<AsText<Field>>()? {
            let value = map.next_value_seed(FieldSeed(field))?;
            if details.has(field) {
                return Err(A::Error::custom(format!("`{field}` is here twice")));
            }
            details.insert(field, value);
        }
        Ok(details)
    }
}

struct FieldSeed(Field);

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = ObservedValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ObservedValue, D::Error> {
        let value = Json::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(ObservedValue::Unset);
        }
        if let Some(read) = read_unread(&value) {
            return Ok(ObservedValue::Unreadable(read));
        }
        let kind = self.0.kind();
        match (Value::observed(kind, Raw::from(&value), None), kind, value.as_str()) {
            (Some(read), ..) => Ok(ObservedValue::Set(read)),
            // What an earlier version took for a number may be none that is certain.
            (None, FieldKind::Phone, Some(text)) => {
                Ok(ObservedValue::Unreadable(UnreadableValue::new(text, "")))
            }
            (None, ..) => {
                Err(D::Error::custom(format!("`{}` takes {}, or `null`", self.0, expected(kind))))
            }
        }
    }
}

fn expected(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Phone => "a phone number in quotes",
        FieldKind::Gateway => "a gateway above 0",
        FieldKind::Flag => "`true` or `false`",
        FieldKind::Text => "text",
    }
}

/// `{"unreadable": TEXT}`, with the place where that was read, if it is known.
fn unread(read: &UnreadableValue) -> Json {
    if read.place().is_empty() {
        json!({ "unreadable": read.text() })
    } else {
        json!({ "unreadable": read.text(), "place": read.place() })
    }
}

fn read_unread(value: &Json) -> Option<UnreadableValue> {
    let map = value.as_object()?;
    let known = map.keys().all(|key| key == "unreadable" || key == "place");
    let place = map.get("place").map_or(Some(""), Json::as_str)?;
    let text = map.get("unreadable")?.as_str()?;
    known.then(|| UnreadableValue::new(text, place))
}

/// A number that is not compared: its text, or what was read in its place.
pub(super) struct NumberEntry(pub(super) Result<PhoneNumber, UnreadableValue>);

impl Serialize for NumberEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(number) => serializer.serialize_str(spelling(number)),
            Err(read) => unread(read).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for NumberEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match FieldSeed(Field::PhoneNumber).deserialize(deserializer)? {
            ObservedValue::Set(Value::Phone(number)) => Ok(Self(Ok(number))),
            ObservedValue::Unreadable(read) => Ok(Self(Err(read))),
            ObservedValue::Set(_) | ObservedValue::Unset => {
                Err(D::Error::custom("a phone number in quotes is expected"))
            }
        }
    }
}

/// A number, written to read the same again, also in a tenant whose extension prefix has changed.
pub(super) fn spelling(number: &PhoneNumber) -> &str {
    if number.is_extension() { number.normal() } else { number.as_str() }
}

/// The text of `{KEY: TEXT}`.
fn tagged<'v>(value: &'v Json, key: &str) -> Option<&'v str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get(key)?.as_str()
}
