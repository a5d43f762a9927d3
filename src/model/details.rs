//! The settings of a user that manifests can manage, in one table, so comparing, sending and
//! showing cannot forget one.

use std::{fmt, sync::Arc};

use super::{Field, FieldKind, FieldMap, GatewayId, PhoneNumber, Upn, WritePath};

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

const _: () = assert!(size_of::<Value>() <= 24, "there are very many of them");

impl Value {
    /// What kind of value this is.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Phone(_) | Self::NoPhone => FieldKind::Phone,
            Self::Gateway(_) => FieldKind::Gateway,
            Self::Flag(_) => FieldKind::Flag,
            Self::Text(_) => FieldKind::Text,
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

/// The type of users of the Call App, as the vendor's sample has it (contract 5.5).
const CALL_APP_TYPE: &str = "Service";

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

    /// Makes them what a user of the Call App has (contract 5.5): mailboxes of the PBX only, and a
    /// type of its own where none is named.
    fn suit_the_call_app(&mut self) {
        self.set(Field::UseTeamsVoicemail, Value::Flag(false));
        if self.get(Field::UserType).is_none() {
            self.set(Field::UserType, Value::Text(CALL_APP_TYPE.into()));
        }
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

/// One change of stored details, complete: the service demands the gateway even for a change of
/// voicemail (contract 4.3), and what it does with an omitted field is unknown (contract 10 #11),
/// so all that is known is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    user: Upn,
    gateway: GatewayId,
    details: Details,
    path: WritePath,
    keeps_calling_on: bool,
}

impl UpdateRequest {
    /// An update of `user` that sends `details` by `path`; those that its call has no place for are
    /// left out. The error is a field that the call demands and that they do not name: the service
    /// would refuse it.
    pub fn new(user: Upn, mut details: Details, path: WritePath) -> Result<Self, Field> {
        details.0.retain(|field, _| path.carries(field));
        let is_call_app = path == WritePath::ConfigureValetUser;
        if is_call_app {
            details.suit_the_call_app();
        }
        let absent = |field: &&Field| match details.get(**field) {
            // Users of the Call App need a number (contract 7), and nobody else has that gateway.
            Some(Value::NoPhone) => is_call_app,
            Some(Value::Gateway(id)) => *id == GatewayId::CALL_APP && !is_call_app,
            named => named.is_none(),
        };
        match (details.get(Field::SbcGatewayId), path.demands().iter().find(absent)) {
            (Some(Value::Gateway(gateway)), None) => {
                Ok(Self { user, gateway: *gateway, details, path, keeps_calling_on: false })
            }
            (_, absent) => Err(absent.copied().unwrap_or(Field::SbcGatewayId)),
        }
    }

    /// The same for a user whose calling is on and stays on, if it is.
    #[must_use]
    pub fn keeping_calling_on(self, on: bool) -> Self {
        // The other call does not switch calling, and is the same for everybody.
        Self { keeps_calling_on: on && self.path == WritePath::ConfigureUser, ..self }
    }

    /// The same with another number.
    #[must_use]
    pub fn with_number(mut self, number: PhoneNumber) -> Self {
        self.details.set(Field::PhoneNumber, Value::Phone(number));
        self
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

    /// The call that it is sent by.
    #[must_use]
    pub fn path(&self) -> WritePath {
        self.path
    }

    /// Whether a call that also switches calling on changes nothing about the user's calling
    /// (contract 5.3).
    #[must_use]
    pub fn keeps_calling_on(&self) -> bool {
        self.keeps_calling_on
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
    fn an_update_without_what_its_call_demands_cannot_be_made() {
        let user = Upn::parse("a@b.c").unwrap();
        let mut details: Details =
            [(Field::UseTeamsVoicemail, Value::Flag(true))].into_iter().collect();
        let made = |details: &Details, path| {
            UpdateRequest::new(user.clone(), details.clone(), path).map(|made| made.details)
        };
        let update = WritePath::UpdateUserDetails;
        let configure = WritePath::ConfigureUser;
        assert_eq!(made(&details, update), Err(Field::SbcGatewayId));
        details.set(Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap()));
        assert_eq!(made(&details, update), Ok(details.clone()));
        assert_eq!(made(&details, configure), Err(Field::PbxLocation));
        let bare = details.clone();
        details.set(Field::PbxLocation, Value::Text("7".into()));
        assert_eq!(made(&details, configure), Err(Field::PbxUserId));
        details.set(Field::PbxUserId, Value::Text("1001".into()));
        assert_eq!(made(&details, configure), Ok(details.clone()));
        assert_eq!(made(&details, update), Ok(bare), "that call has no place for the others");
    }
}
