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
    keys::{CALLING, KeyScope, ManifestKey, REASON, SECRETS_FROM, UPN},
    names::parse_name,
    texts::Texts,
};
use crate::{
    model::{
        AccountName, Calling, ExtensionPrefix, Field, FieldKind, FieldMap, GatewayId, PhoneNumber,
        Service, Site, Upn, Value,
    },
    yaml::{self, HINT, SECRET, as_written, text, word},
};

/// What a person declares that no number is held.
const NO_NUMBER: &str = "none";

/// Fields without a user: defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldDefaults {
    pub(super) site: Option<Site>,
    pub(super) onboard: Option<bool>,
    pub(super) secrets_from: Option<Arc<str>>,
    pub(super) service: Option<Service>,
    pub(super) values: FieldMap<ValueAsWritten>,
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
    pub(super) fields: FieldMap<ValueAsWritten>,
}

/// A value as written. A number waits for its tenant's extension prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValueAsWritten {
    Ready(Value),
    Number(Arc<str>),
}

impl ValueAsWritten {
    /// The value in a tenant with this prefix.
    pub(super) fn value(&self, prefix: Option<&ExtensionPrefix>) -> Result<Value, String> {
        match self {
            Self::Ready(value) => Ok(value.clone()),
            Self::Number(text) => PhoneNumber::of_text(Arc::clone(text), prefix).map(Value::Phone),
        }
    }
}

/// Reads one mapping into an entry; [`KeyScope`] says which keys it may have.
struct EntryReader<'e> {
    into: &'e mut UserEntry,
    scope: KeyScope,
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
                ManifestKey::Upn => into.upn = Some(map.next_value::<UpnText>()?.0),
                ManifestKey::Calling => into.calling = Some(map.next_value::<CallingWord>()?.0),
                ManifestKey::Site => into.site = Some(map.next_value_seed(SiteText(texts))?),
                ManifestKey::Reason => into.reason = Some(map.next_value::<ReasonText>()?.0),
                ManifestKey::From => into.from = Some(map.next_value()?),
                ManifestKey::Until => into.until = Some(map.next_value()?),
                ManifestKey::Onboard => into.onboard = Some(map.next_value()?),
                ManifestKey::SecretsFrom => {
                    into.secrets_from = Some(map.next_value::<SourceName>()?.0);
                }
                ManifestKey::Service => {
                    into.service = Some(map.next_value::<ServiceEntry>()?.into());
                }
                ManifestKey::Policy => {
                    map.next_value_seed(EntryReader { into, scope: KeyScope::Policy, texts })?;
                }
                ManifestKey::Field(field) => {
                    let value = map.next_value_seed(FieldReader { field, texts })?;
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
        EntryReader { into: &mut entry, scope: KeyScope::User, texts: self.0 }
            .deserialize(deserializer)?;
        Ok(entry)
    }
}

impl<'de> Deserialize<'de> for UserEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        UserSeed(&mut Texts::default()).deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for FieldDefaults {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entry = UserEntry::default();
        let texts = &mut Texts::default();
        EntryReader { into: &mut entry, scope: KeyScope::Defaults, texts }
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
struct FieldReader<'e> {
    field: Field,
    texts: &'e mut Texts,
}

impl<'de> DeserializeSeed<'de> for FieldReader<'_> {
    type Value = ValueAsWritten;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<ValueAsWritten, D::Error> {
        let Self { field, texts } = self;
        match field.kind() {
            FieldKind::Phone => deserializer.deserialize_any(PhoneText),
            FieldKind::Gateway => {
                let id = i64::deserialize(deserializer)?;
                GatewayId::of_user(id)
                    .map(|id| ValueAsWritten::Ready(Value::Gateway(id)))
                    .map_err(D::Error::custom)
            }
            FieldKind::Flag => {
                bool::deserialize(deserializer).map(|flag| ValueAsWritten::Ready(Value::Flag(flag)))
            }
            FieldKind::Text => text(deserializer, |text| match text_problem(field, text) {
                Some(problem) => Err(problem),
                None => Ok(ValueAsWritten::Ready(Value::Text(texts.of(field, text)))),
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
    type Value = ValueAsWritten;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a phone number in quotes, or `none`,")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ValueAsWritten, E> {
        if text.is_empty() || (text != NO_NUMBER && text.eq_ignore_ascii_case(NO_NUMBER)) {
            return Err(E::custom(format!(
                "\"{text}\" is not a phone number{HINT}write `none` if no number is to be held"
            )));
        }
        Ok(if text == NO_NUMBER {
            ValueAsWritten::Ready(Value::NoPhone)
        } else {
            ValueAsWritten::Number(text.into())
        })
    }

    fn visit_u64<E: Error>(self, digits: u64) -> Result<ValueAsWritten, E> {
        Err(Self::number(digits, true))
    }

    fn visit_i64<E: Error>(self, digits: i64) -> Result<ValueAsWritten, E> {
        Err(Self::number(digits, true))
    }

    fn visit_f64<E: Error>(self, digits: f64) -> Result<ValueAsWritten, E> {
        Err(Self::number(digits, false))
    }
}

fn properties(scope: KeyScope) -> serde_json::Map<String, serde_json::Value> {
    let all = scope.keys().iter();
    all.map(|(name, key)| ((*name).to_owned(), property(*key).to_value())).collect()
}

fn property(key: ManifestKey) -> Schema {
    match key {
        ManifestKey::Upn => {
            json_schema!({"type": "string", "pattern": "^[^@/\\\\\\s]+@[^@/\\\\\\s]+$", "description": "The user's sign-in name, the service's `teamsUserId`."})
        }
        ManifestKey::Calling => {
            json_schema!({"enum": ["enabled", "disabled"], "description": "Whether the person \
                    can make and receive calls."})
        }
        ManifestKey::Site => {
            json_schema!({"type": "string", "minLength": 1, "description": "Where the phone \
                    is. Told and guarded, never sent."})
        }
        ManifestKey::Reason => {
            json_schema!({"type": "string", "minLength": 1, "description": "Why a protected \
                    user is to be disabled."})
        }
        ManifestKey::From => {
            json_schema!({"type": "string", "pattern": dates::PATTERN, "description": "Nothing is done \
                    for the user before this day, or time."})
        }
        ManifestKey::Until => {
            json_schema!({"type": "string", "pattern": dates::PATTERN, "description": "From this day, or \
                    time, on calling is off."})
        }
        ManifestKey::Onboard => {
            json_schema!({"type": "boolean", "description": "Whether the user is set up at the \
                    service, if the directory knows the user and the service has not."})
        }
        ManifestKey::SecretsFrom => {
            json_schema!({"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$", "description": "Which \
                    of `userSecrets` in the settings gives the user's passwords for a set-up."})
        }
        ManifestKey::Service => {
            json_schema!({"enum": ["phone", "callApp"], "description": "Whether it is about calling \
                    in Teams or about the Call App."})
        }
        ManifestKey::Policy => object(&properties(KeyScope::Policy), &[]),
        ManifestKey::Field(field) => match field.kind() {
            FieldKind::Phone => {
                json_schema!({"type": "string", "pattern": "^(none|\\+[1-9][0-9]{6,14}(;ext=[0-9]{1,8})?|[0-9]{2,6})$", "description": "`+` and digits, an extension, or `none`."})
            }
            FieldKind::Gateway => {
                json_schema!({"type": "integer", "minimum": -1, "not": {"const": 0}, "description": "The id of a \
                        gateway, or -1 for users of the Call App."})
            }
            FieldKind::Flag => json_schema!({"type": "boolean"}),
            FieldKind::Text => json_schema!({"type": "string", "minLength": 1}),
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
        object(&properties(KeyScope::User), &[UPN, CALLING])
    }
}

impl JsonSchema for FieldDefaults {
    fn schema_name() -> Cow<'static, str> {
        "Defaults".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = properties(KeyScope::Defaults);
        properties.remove(Field::PhoneNumber.name());
        object(&properties, &[])
    }
}
