//! The fields of a user as they are written, read by the table of [`Field`]s, so a field added
//! there is at once part of manifests, defaults and the JSON Schema.

use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{
    choices::ServiceEntry,
    dates::{self, DateEntry},
    express::text_problem,
    keys::{CALLING, Key, REASON, SECRETS_FROM, Scope, UPN},
    names::parse_name,
    texts::Texts,
};
use crate::{
    model::{
        AccountName, Calling, ExtensionPrefix, Field, FieldMap, GatewayId, Kind, PhoneNumber,
        Service, Site, Upn, Value,
    },
    yaml::{self, HINT, SECRET, as_written, text, word},
};

/// What a person declares that no number is held.
const NO_NUMBER: &str = "none";

/// Fields without a user: defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) site: Option<Site>,
    pub(super) onboard: Option<bool>,
    pub(super) secrets_from: Option<Arc<str>>,
    pub(super) service: Option<Service>,
    pub(super) values: FieldMap<Written>,
}

/// One user of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UserEntry {
    pub(super) upn: Option<Upn>,
    pub(super) calling: Option<Calling>,
    pub(super) site: Option<Site>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) from: Option<DateEntry>,
    pub(super) until: Option<DateEntry>,
    pub(super) onboard: Option<bool>,
    pub(super) secrets_from: Option<Arc<str>>,
    pub(super) service: Option<Service>,
    pub(super) fields: FieldMap<Written>,
}

/// A value as written. A number waits for its tenant's extension prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Ready(Value),
    Number(Arc<str>),
}

impl Written {
    /// The value in a tenant with this prefix.
    pub(super) fn value(&self, prefix: Option<&ExtensionPrefix>) -> Result<Value, String> {
        match self {
            Self::Ready(value) => Ok(value.clone()),
            Self::Number(text) => PhoneNumber::of_text(Arc::clone(text), prefix).map(Value::Phone),
        }
    }
}

/// Reads one mapping into an entry; [`Scope`] says which keys it may have.
struct EntryReader<'e> {
    into: &'e mut UserEntry,
    scope: Scope,
    texts: &'e mut Texts,
}

impl<'de> Visitor<'de> for EntryReader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { into, scope, texts } = self;
        while let Some(key) = map.next_key_seed(scope)? {
            match key {
                Key::Upn => into.upn = Some(map.next_value::<UpnText>()?.0),
                Key::Calling => into.calling = Some(map.next_value::<CallingWord>()?.0),
                Key::Site => into.site = Some(map.next_value_seed(SiteText(texts))?),
                Key::Reason => into.reason = Some(map.next_value::<ReasonText>()?.0),
                Key::From => into.from = Some(map.next_value()?),
                Key::Until => into.until = Some(map.next_value()?),
                Key::Onboard => into.onboard = Some(map.next_value()?),
                Key::SecretsFrom => {
                    into.secrets_from = Some(map.next_value::<SourceName>()?.0);
                }
                Key::Service => into.service = Some(map.next_value::<ServiceEntry>()?.into()),
                Key::Policy => {
                    map.next_value_seed(EntryReader { into, scope: Scope::Policy, texts })?;
                }
                Key::Field(field) => {
                    let value = map.next_value_seed(Reading { field, texts })?;
                    into.fields.insert(field, value);
                }
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for EntryReader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// Reads a user; texts that many have in common are kept once.
pub(super) struct UserSeed<'e>(pub(super) &'e mut Texts);

impl<'de> DeserializeSeed<'de> for UserSeed<'_> {
    type Value = UserEntry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<UserEntry, D::Error> {
        let mut entry = UserEntry::default();
        EntryReader { into: &mut entry, scope: Scope::User, texts: self.0 }
            .deserialize(deserializer)?;
        Ok(entry)
    }
}

impl<'de> Deserialize<'de> for UserEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        UserSeed(&mut Texts::default()).deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entry = UserEntry::default();
        let texts = &mut Texts::default();
        EntryReader { into: &mut entry, scope: Scope::Defaults, texts }
            .deserialize(deserializer)?;
        let UserEntry { site, onboard, secrets_from, service, fields, .. } = entry;
        Ok(Self { site, onboard, secrets_from, service, values: fields })
    }
}

struct CallingWord(Calling);

impl<'de> Deserialize<'de> for CallingWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word(deserializer).map(Self)
    }
}

struct SiteText<'e>(&'e mut Texts);

impl<'de> DeserializeSeed<'de> for SiteText<'_> {
    type Value = Site;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Site, D::Error> {
        text(deserializer, |text| self.0.site(text))
    }
}

struct ReasonText(Arc<str>);

impl<'de> Deserialize<'de> for ReasonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, |text| one_line(text).map(|text| Self(text.into())))
    }
}

/// The text of a reason, if it is one.
fn one_line(text: &str) -> Result<&str, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(yaml::ends_a_line) {
        return Err(format!(
            "`{REASON}` is empty, or has more than one line{HINT}say why in one line"
        ));
    }
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!("`{REASON}` holds {}{HINT}remove it", yaml::character(c)));
    }
    Ok(text)
}

/// What the settings call a source of secrets.
struct SourceName(Arc<str>);

impl<'de> Deserialize<'de> for SourceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, |text| match AccountName::parse(text) {
            Ok(_) => Ok(Self(text.into())),
            Err(_) => Err(format!(
                "{SECRET}`{SECRETS_FROM}` is not a name{HINT}it names one of `userSecrets` in the \
                    settings, in small letters, digits, `-` and `.`; never a secret"
            )),
        })
    }
}

struct UpnText(Upn);

impl<'de> Deserialize<'de> for UpnText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, |text| parse_name(text).map(Self))
    }
}

/// Reads the value of a field by its kind.
struct Reading<'e> {
    field: Field,
    texts: &'e mut Texts,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Written;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        let Self { field, texts } = self;
        match field.kind() {
            Kind::Phone => deserializer.deserialize_any(PhoneText),
            Kind::Gateway => {
                let id = i64::deserialize(deserializer)?;
                GatewayId::of_user(id)
                    .map(|id| Written::Ready(Value::Gateway(id)))
                    .map_err(D::Error::custom)
            }
            Kind::Flag => {
                bool::deserialize(deserializer).map(|flag| Written::Ready(Value::Flag(flag)))
            }
            Kind::Text => text(deserializer, |text| match text_problem(field, text) {
                Some(problem) => Err(problem),
                None => Ok(Written::Ready(Value::Text(texts.of(field, text)))),
            }),
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
            Written::Number(text.into())
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
    let all = scope.keys().iter();
    all.map(|(name, key)| ((*name).to_owned(), property(*key).to_value())).collect()
}

fn property(key: Key) -> Schema {
    match key {
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
        Key::From => {
            json_schema!({"type": "string", "pattern": dates::PATTERN, "description": "Nothing is done \
                    for the user before this day, or time."})
        }
        Key::Until => {
            json_schema!({"type": "string", "pattern": dates::PATTERN, "description": "From this day, or \
                    time, on calling is off."})
        }
        Key::Onboard => {
            json_schema!({"type": "boolean", "description": "Whether the user is set up at the \
                    service, if the directory knows the user and the service has not."})
        }
        Key::SecretsFrom => {
            json_schema!({"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$", "description": "Which \
                    of `userSecrets` in the settings gives the user's passwords for a set-up."})
        }
        Key::Service => {
            json_schema!({"enum": ["phone", "callApp"], "description": "Whether it is about calling \
                    in Teams or about the Call App."})
        }
        Key::Policy => object(&properties(Scope::Policy), &[]),
        Key::Field(field) => match field.kind() {
            Kind::Phone => {
                json_schema!({"type": "string", "pattern": "^(none|\\+[1-9][0-9]{6,14}(;ext=[0-9]{1,8})?|[0-9]{2,6})$", "description": "`+` and digits, an extension, or `none`."})
            }
            Kind::Gateway => {
                json_schema!({"type": "integer", "minimum": -1, "not": {"const": 0}, "description": "The id of a \
                        gateway, or -1 for users of the Call App."})
            }
            Kind::Flag => json_schema!({"type": "boolean"}),
            Kind::Text => json_schema!({"type": "string", "minLength": 1}),
        },
    }
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
