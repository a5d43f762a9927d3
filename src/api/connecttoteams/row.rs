//! The `listUsers` row made ready for many items: each of its pointers once, with a number. Pure.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::shape::Shape;
use crate::{
    config::{ListUsers, Sign},
    model::{Field, Raw},
};

/// The `listUsers` row made ready for many items.
pub(super) struct ListUsersRow<'a> {
    /// The row itself.
    pub list: &'a ListUsers,
    /// All pointers into an item; the others name them by their place here.
    pub pointers: Vec<&'a str>,
    /// Where the name is.
    pub user: usize,
    /// Where the lasting identity is, if anywhere.
    pub id: Option<usize>,
    /// Where the tenant is, if anywhere.
    pub tenant: Option<usize>,
    /// Where calling is.
    pub calling: usize,
    /// The values that mean enabled, in small letters.
    pub enabled: Vec<String>,
    /// The values that mean disabled, in small letters.
    pub disabled: Vec<String>,
    /// Where it says that a user is not set up, if anywhere, and by which words, in small letters.
    pub not_set_up: Option<(usize, Vec<String>)>,
    /// The same of users of the Call App.
    pub call_app: Option<(usize, Vec<String>)>,
    /// Where the fields are, in their order.
    pub fields: Vec<(Field, usize)>,
    /// How pages are read straight from their bytes; nothing where these pointers do not allow it.
    pub shape: Option<Shape>,
}

impl<'a> ListUsersRow<'a> {
    pub(super) fn new(list: &'a ListUsers) -> Self {
        let mut pointers = Vec::new();
        let user = slot(&mut pointers, &list.user);
        let id = list.id.as_deref().map(|at| slot(&mut pointers, at));
        let tenant = list.tenant.as_deref().map(|at| slot(&mut pointers, at));
        let calling = slot(&mut pointers, &list.calling.at);
        let folded = |values: &[String]| values.iter().map(|value| value.to_lowercase()).collect();
        let mut sign = |sign: &'a Option<Sign>| {
            sign.as_ref().map(|it| (slot(&mut pointers, &it.at), folded(&it.values)))
        };
        let not_set_up = sign(&list.not_set_up);
        let call_app = sign(&list.call_app);
        let mut fields: Vec<(Field, usize)> =
            list.mapped().map(|(field, at)| (field, slot(&mut pointers, at))).collect();
        fields.sort_by_key(|(field, _)| *field);
        let shape = Shape::of(list, &pointers);
        let enabled = folded(&list.calling.enabled);
        let disabled = folded(&list.calling.disabled);
        Self {
            list,
            pointers,
            user,
            id,
            tenant,
            calling,
            enabled,
            disabled,
            not_set_up,
            call_app,
            fields,
            shape,
        }
    }

    /// The place of a field, if the row maps it.
    pub(super) fn field(&self, field: Field) -> Option<usize> {
        self.fields.iter().find_map(|(mapped, slot)| (*mapped == field).then_some(*slot))
    }

    /// The pointer of a place, for messages.
    pub(super) fn pointer(&self, slot: usize) -> &'a str {
        self.pointers.get(slot).copied().unwrap_or_default()
    }
}

/// The place of a pointer, which may be named more than once.
fn slot<'a>(pointers: &mut Vec<&'a str>, pointer: &'a str) -> usize {
    pointers.iter().position(|known| *known == pointer).unwrap_or_else(|| {
        pointers.push(pointer);
        pointers.len() - 1
    })
}

/// What is at one pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf<'i> {
    Null,
    Flag(bool),
    Whole(i64),
    Text(Cow<'i, str>),
    /// A number that is not whole or too large, a list, an object.
    Other(&'i Json),
}

impl<'i> From<&'i Json> for Leaf<'i> {
    fn from(value: &'i Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => number.as_i64().map_or(Self::Other(value), Self::Whole),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Other(value),
        }
    }
}

impl Leaf<'_> {
    /// Its text without blanks around it, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::Null | Self::Flag(_) | Self::Whole(_) | Self::Other(_) => None,
        }
    }

    /// It as it is written: text without quotes, anything else as JSON.
    pub(super) fn words(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed("null"),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Other(value) => Cow::Owned(value.to_string()),
        }
    }

    /// It as a value of a field may be written; nothing if it is `null`.
    pub(super) fn raw(&self) -> Option<Raw<'_>> {
        match self {
            Self::Null => None,
            Self::Flag(flag) => Some(Raw::Flag(*flag)),
            Self::Whole(number) => Some(Raw::Whole(*number)),
            Self::Text(text) => Some(Raw::Text(text)),
            Self::Other(value) => Some(Raw::from(*value)),
        }
    }
}

/// An item as the pointers of a row find it.
pub(super) struct Leaves<'l, 'i> {
    /// Whether it is an object at all.
    pub is_object: bool,
    /// What is at each pointer, if anything does.
    pub at: &'l [Option<Leaf<'i>>],
}

impl<'l, 'i> Leaves<'l, 'i> {
    pub(super) fn get(&self, slot: usize) -> Option<&'l Leaf<'i>> {
        self.at.get(slot)?.as_ref()
    }

    pub(super) fn text(&self, slot: usize) -> Option<&'l str> {
        self.get(slot)?.text()
    }
}
