//! Fields and their values, as the journal's lines and the sum of its entries have them.

use serde::{Deserialize, Serialize};

use crate::model::{
    Before, ExtensionPrefix, Field, FieldKind, GatewayId, LiveSource, PhoneNumber, Value,
};

/// A value of a field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum WrittenValue {
    Phone { number: String, prefix: Option<String> },
    NoPhone,
    Gateway(i64),
    Flag(bool),
    Text(String),
}

impl From<&Value> for WrittenValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Phone(number) => Self::Phone {
                number: number.as_str().to_owned(),
                prefix: number
                    .is_extension()
                    .then(|| number.normal().strip_suffix(number.as_str()).map(str::to_owned))
                    .flatten(),
            },
            Value::NoPhone => Self::NoPhone,
            Value::Gateway(id) => Self::Gateway(id.get()),
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Text(text) => Self::Text(text.to_string()),
        }
    }
}

pub(super) fn field(name: &str) -> Result<Field, String> {
    Field::named(name).ok_or_else(|| format!("there is no field `{name}`"))
}

pub(super) fn source(name: &str) -> Result<LiveSource, String> {
    let known = LiveSource::ALL.into_iter().find(|source| source.name() == name);
    known.ok_or_else(|| format!("there is no reader `{name}`"))
}

/// The image of a user before a step.
pub(super) type WrittenBefore = Vec<(String, Option<WrittenValue>)>;

pub(super) fn write_before(before: &Before) -> WrittenBefore {
    before
        .iter()
        .map(|(field, value)| (field.name().to_owned(), value.as_ref().map(Into::into)))
        .collect()
}

pub(super) fn read_before(before: WrittenBefore) -> Result<Before, String> {
    let was = |(name, value): (String, Option<WrittenValue>)| match value {
        Some(value) => pair(&name, value).map(|(field, value)| (field, Some(value))),
        None => Ok((field(&name)?, None)),
    };
    before.into_iter().map(was).collect()
}

pub(super) fn pair(name: &str, value: WrittenValue) -> Result<(Field, Value), String> {
    let field = field(name)?;
    let value = match value {
        WrittenValue::Phone { number, prefix } => {
            let prefix = prefix.as_deref().map(ExtensionPrefix::parse).transpose()?;
            let number = PhoneNumber::observed(&number, prefix.as_ref())
                .ok_or_else(|| format!("`{number}` is not a phone number"))?;
            Value::Phone(number)
        }
        WrittenValue::NoPhone => Value::NoPhone,
        WrittenValue::Gateway(id) => Value::Gateway(GatewayId::of_user(id)?),
        WrittenValue::Flag(flag) => Value::Flag(flag),
        WrittenValue::Text(text) => Value::Text(text.into()),
    };
    let kinds: (FieldKind, FieldKind) = (field.kind(), value.kind());
    if kinds.0 == kinds.1 {
        Ok((field, value))
    } else {
        Err(format!("`{name}` holds a value of another kind"))
    }
}
