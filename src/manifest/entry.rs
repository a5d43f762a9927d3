//! The fields of a user as they are written, read by the table of [`Field`]s, so that a field added
//! there is at once part of manifests, defaults and the JSON Schema.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{
    express::text_problem,
    names::{parse_name, parse_site},
};
use crate::{
    model::{Calling, ExtensionPrefix, Field, GatewayId, Kind, PhoneNumber, Site, Upn, Value},
    yaml::{HINT, SECRET, as_written, word},
};

/// What a person declares that no number is held.
const NO_NUMBER: &str = "none";

/// Keys that hold secrets at the API (contract 4.3); refused with words of their own.
const SECRET_KEYS: [&str; 3] = ["password", "portalPassword", "provisioningPassword"];

/// Fields without a user: defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) site: Option<Site>,
    pub(super) fields: BTreeMap<Field, Written>,
}

/// One user of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UserEntry {
    pub(super) upn: Option<Upn>,
    pub(super) calling: Option<Calling>,
    pub(super) site: Option<Site>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) fields: BTreeMap<Field, Written>,
}

/// A value as written. A number waits for its tenant's extension prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Ready(Value),
    Number(String),
}

impl Written {
    /// The value in a tenant with this prefix.
    pub(super) fn value(&self, prefix: Option<&ExtensionPrefix>) -> Result<Value, String> {
        match self {
            Self::Ready(value) => Ok(value.clone()),
            Self::Number(text) => PhoneNumber::parse(text, prefix).map(Value::Phone),
        }
    }
}

/// What a key means.
#[derive(Debug, Clone, Copy)]
enum Key {
    Upn,
    Calling,
    Site,
    Reason,
    Policy,
    Field(Field),
}

/// Where keys are read: they differ in what they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    User,
    Defaults,
    Policy,
}

const POLICY: &str = "callPolicy";
const UPN: &str = "userPrincipalName";
const CALLING: &str = "calling";
const SITE: &str = "site";
const REASON: &str = "reason";

impl Scope {
    fn keys(self) -> Vec<(&'static str, Key)> {
        let own: &[(&'static str, Key)] = match self {
            Self::User => &[
                (UPN, Key::Upn),
                (CALLING, Key::Calling),
                (SITE, Key::Site),
                (REASON, Key::Reason),
                (POLICY, Key::Policy),
            ],
            Self::Defaults => &[(SITE, Key::Site), (POLICY, Key::Policy)],
            Self::Policy => &[],
        };
        let fields = Field::ALL.into_iter().filter_map(|field| {
            match (self, field.name().strip_prefix("callPolicy.")) {
                (Self::Policy, Some(name)) => Some((name, Key::Field(field))),
                (Self::User | Self::Defaults, None) => Some((field.name(), Key::Field(field))),
                _ => None,
            }
        });
        own.iter().copied().chain(fields).collect()
    }
}

impl<'de> DeserializeSeed<'de> for Scope {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        if SECRET_KEYS.contains(&text.as_ref()) {
            return Err(D::Error::custom(format!(
                "{SECRET}`{text}` is a secret: secrets do not belong in manifests and are not \
                    managed{HINT}remove the key, and change the secret: it is in the repository's history"
            )));
        }
        if self == Self::Defaults && text == Field::PhoneNumber.name() {
            return Err(D::Error::custom(format!(
                "`{text}` cannot be a default: every user would get the same number{HINT}give \
                    each user a number"
            )));
        }
        if self == Self::Defaults && text == CALLING {
            return Err(D::Error::custom(format!(
                "`{text}` cannot be a default{HINT}say `{text}` at each user"
            )));
        }
        let keys = self.keys();
        if let Some((_, key)) = keys.iter().find(|(name, _)| *name == text) {
            return Ok(*key);
        }
        let possible = keys
            .iter()
            .filter(|(name, _)| self != Self::Defaults || *name != Field::PhoneNumber.name());
        let known: Vec<String> = possible.map(|(name, _)| format!("`{name}`")).collect();
        // The wording is serde's own, so that unknown keys of all types are explained alike.
        Err(D::Error::custom(format!(
            "unknown field `{text}`, expected one of {}",
            known.join(", ")
        )))
    }
}

/// Reads one mapping into an entry; [`Scope`] says which keys it may have.
struct Entry<'e> {
    into: &'e mut UserEntry,
    scope: Scope,
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(self.scope)? {
            match key {
                Key::Upn => self.into.upn = Some(map.next_value::<UpnText>()?.0),
                Key::Calling => self.into.calling = Some(map.next_value::<CallingWord>()?.0),
                Key::Site => self.into.site = Some(map.next_value::<SiteText>()?.0),
                Key::Reason => self.into.reason = Some(map.next_value::<ReasonText>()?.0),
                Key::Policy => {
                    map.next_value_seed(Entry { into: self.into, scope: Scope::Policy })?;
                }
                Key::Field(field) => {
                    let value = map.next_value_seed(Reading(field))?;
                    self.into.fields.insert(field, value);
                }
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Deserialize<'de> for UserEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entry = Self::default();
        Entry { into: &mut entry, scope: Scope::User }.deserialize(deserializer)?;
        Ok(entry)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entry = UserEntry::default();
        Entry { into: &mut entry, scope: Scope::Defaults }.deserialize(deserializer)?;
        Ok(Self { site: entry.site, fields: entry.fields })
    }
}

struct CallingWord(Calling);

impl<'de> Deserialize<'de> for CallingWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word(deserializer).map(Self)
    }
}

struct SiteText(Site);

impl<'de> Deserialize<'de> for SiteText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_site(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

struct ReasonText(Arc<str>);

impl<'de> Deserialize<'de> for ReasonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() || text.trim().chars().any(char::is_control) {
            return Err(D::Error::custom(format!(
                "`{REASON}` is empty, or has more than one line{HINT}say why in one line"
            )));
        }
        Ok(Self(text.trim().into()))
    }
}

struct UpnText(Upn);

impl<'de> Deserialize<'de> for UpnText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_name(&text).map(Self).map_err(D::Error::custom)
    }
}

/// Reads the value of a field by its kind.
struct Reading(Field);

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Written;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        match self.0.kind() {
            Kind::Phone => deserializer.deserialize_any(PhoneText),
            Kind::Gateway => {
                let id = i64::deserialize(deserializer)?;
                GatewayId::new(id)
                    .map(|id| Written::Ready(Value::Gateway(id)))
                    .map_err(D::Error::custom)
            }
            Kind::Flag => {
                bool::deserialize(deserializer).map(|flag| Written::Ready(Value::Flag(flag)))
            }
            Kind::Text => {
                let text = String::deserialize(deserializer)?;
                if let Some(problem) = text_problem(self.0, &text) {
                    return Err(D::Error::custom(problem));
                }
                Ok(Written::Ready(Value::Text(text.into())))
            }
        }
    }
}

/// Refuses what YAML made of an unquoted number.
struct PhoneText;

impl PhoneText {
    fn number<E: Error>(digits: impl fmt::Display, is_whole: bool) -> E {
        let digits = digits.to_string();
        if !is_whole {
            return E::custom(format!(
                "without quotes, YAML reads this as the number {digits}, and not as a phone \
                    number{HINT}write `+` and all digits in quotes, such as \"+14255550100\""
            ));
        }
        // Few digits are an extension.
        let (plus, drops) = if digits.len() < 7 { ("", "") } else { ("+", " and drops a `+`") };
        E::custom(format!(
            "without quotes, YAML reads this as the number {digits}{drops}{HINT}write it in \
                quotes: \"{}\"",
            as_written(&format!("{plus}{digits}"))
        ))
    }
}

impl Visitor<'_> for PhoneText {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a phone number in quotes, or `none`,")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        if text.is_empty() || (text != NO_NUMBER && text.eq_ignore_ascii_case(NO_NUMBER)) {
            return Err(E::custom(format!(
                "\"{text}\" is not a phone number{HINT}write `none` if no number is to be held"
            )));
        }
        Ok(if text == NO_NUMBER {
            Written::Ready(Value::NoPhone)
        } else {
            Written::Number(text.to_owned())
        })
    }

    fn visit_u64<E: Error>(self, digits: u64) -> Result<Written, E> {
        Err(Self::number(digits, true))
    }

    fn visit_i64<E: Error>(self, digits: i64) -> Result<Written, E> {
        Err(Self::number(digits, true))
    }

    fn visit_f64<E: Error>(self, digits: f64) -> Result<Written, E> {
        Err(Self::number(digits, false))
    }
}

fn properties(scope: Scope) -> serde_json::Map<String, serde_json::Value> {
    let property = |(name, key): (&str, Key)| {
        let schema = match key {
            Key::Upn => {
                json_schema!({"type": "string", "pattern": "^[^@/\\\\\\s]+@[^@/\\\\\\s]+$", "description": "The user's sign-in name, the service's `teamsUserId`."})
            }
            Key::Calling => {
                json_schema!({"enum": ["enabled", "disabled"], "description": "Whether the person \
                    can make and receive calls."})
            }
            Key::Site => {
                json_schema!({"type": "string", "minLength": 1, "description": "Where the phone \
                    is. Told and guarded, never sent."})
            }
            Key::Reason => {
                json_schema!({"type": "string", "minLength": 1, "description": "Why a protected \
                    user is to be disabled."})
            }
            Key::Policy => object(&properties(Scope::Policy), &[]),
            Key::Field(field) => match field.kind() {
                Kind::Phone => {
                    json_schema!({"type": "string", "pattern": "^(none|\\+[1-9][0-9]{6,14}(;ext=[0-9]{1,8})?|[0-9]{2,6})$", "description": "`+` and digits, an extension, or `none`."})
                }
                Kind::Gateway => json_schema!({"type": "integer", "minimum": 1}),
                Kind::Flag => json_schema!({"type": "boolean"}),
                Kind::Text => json_schema!({"type": "string", "minLength": 1}),
            },
        };
        (name.to_owned(), schema.to_value())
    };
    scope.keys().into_iter().map(property).collect()
}

fn object(properties: &serde_json::Map<String, serde_json::Value>, required: &[&str]) -> Schema {
    json_schema!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

impl JsonSchema for UserEntry {
    fn schema_name() -> Cow<'static, str> {
        "User".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        object(&properties(Scope::User), &[UPN, CALLING])
    }
}

impl JsonSchema for Fields {
    fn schema_name() -> Cow<'static, str> {
        "Defaults".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = properties(Scope::Defaults);
        properties.remove(Field::PhoneNumber.name());
        object(&properties, &[])
    }
}
