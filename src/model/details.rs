//! The settings of a user that manifests can manage, in one table, so comparing, sending and
//! showing cannot forget one.

use std::{fmt, sync::Arc};

use super::{Field, FieldMap, GatewayId, Kind, PhoneNumber, Upn};

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Holds this number.
    Phone(PhoneNumber),
    /// Holds no number: declared, which is not the same as absent.
    NoPhone,
    /// Uses this gateway.
    Gateway(GatewayId),
    /// On or off.
    Flag(bool),
    /// Text as written.
    Text(Arc<str>),
}

impl Value {
    /// What kind of value this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Phone(_) | Self::NoPhone => Kind::Phone,
            Self::Gateway(_) => Kind::Gateway,
            Self::Flag(_) => Kind::Flag,
            Self::Text(_) => Kind::Text,
        }
    }
}

impl Value {
    /// Whether both are one value in one spelling: a number has many.
    pub(super) fn is_spelled_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Phone(number), Self::Phone(other)) => {
                number == other && number.as_str() == other.as_str()
            }
            (value, other) => value == other,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(number) => write!(f, "{number}"),
            Self::NoPhone => f.write_str("none"),
            Self::Gateway(id) => write!(f, "{}", id.get()),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// Fields and their values; a field that is absent is not managed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Details(FieldMap<Value>);

impl Details {
    /// Sets a field. A value of another kind than the field takes is a bug of the caller; it is
    /// refused, not stored.
    pub fn set(&mut self, field: Field, value: Value) {
        debug_assert_eq!(field.kind(), value.kind(), "{field} takes another kind of value");
        if field.kind() == value.kind() {
            self.0.insert(field, value);
        }
    }

    /// The value of a field, if it is managed.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0.get(field)
    }

    /// Fields and values in the order of [`Field::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter()
    }

    /// Whether nothing is managed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, with what is absent here taken from `lower`: a user over its set over its tenant.
    #[must_use]
    pub fn over(&self, lower: &Self) -> Self {
        self.clone().or(lower)
    }

    /// The same, without a copy.
    #[must_use]
    pub fn or(mut self, lower: &Self) -> Self {
        for (field, value) in lower.iter() {
            if self.get(field).is_none() {
                self.0.insert(field, value.clone());
            }
        }
        self
    }

    /// The number that is held according to these, if one is named.
    #[must_use]
    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self.0.get(Field::PhoneNumber) {
            Some(Value::Phone(number)) => Some(number),
            _ => None,
        }
    }
}

impl From<FieldMap<Value>> for Details {
    /// Takes the values that are of the kind that their field takes.
    fn from(mut values: FieldMap<Value>) -> Self {
        values.retain(|field, value| field.kind() == value.kind());
        Self(values)
    }
}

impl FromIterator<(Field, Value)> for Details {
    fn from_iter<I: IntoIterator<Item = (Field, Value)>>(pairs: I) -> Self {
        let mut details = Self::default();
        for (field, value) in pairs {
            details.set(field, value);
        }
        details
    }
}

/// One `updateUserDetails`, complete: the service demands the gateway even for a change of
/// voicemail (contract 4.3), and what it does with an omitted field is unknown (contract 10 #11),
/// so all that is known is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    user: Upn,
    gateway: GatewayId,
    details: Details,
}

impl UpdateRequest {
    /// An update of `user` that sends `details`. `None` if they name no gateway: the service would
    /// refuse it.
    #[must_use]
    pub fn new(user: Upn, details: Details) -> Option<Self> {
        match details.get(Field::SbcGatewayId) {
            Some(Value::Gateway(gateway)) => Some(Self { user, gateway: *gateway, details }),
            _ => None,
        }
    }

    /// The user that it updates.
    #[must_use]
    pub fn user(&self) -> &Upn {
        &self.user
    }

    /// The gateway that is sent.
    #[must_use]
    pub fn gateway(&self) -> GatewayId {
        self.gateway
    }

    /// All that is sent, the gateway included.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_fields_is_whole_and_in_order() {
        assert!(Field::ALL.is_sorted());
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(field));
        }
    }

    #[test]
    fn an_update_without_a_gateway_cannot_be_made() {
        let user = Upn::parse("a@b.c").unwrap();
        let mut details: Details =
            [(Field::UseTeamsVoicemail, Value::Flag(true))].into_iter().collect();
        assert!(UpdateRequest::new(user.clone(), details.clone()).is_none());
        details.set(Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap()));
        assert!(UpdateRequest::new(user, details).is_some());
    }
}
