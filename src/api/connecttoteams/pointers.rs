//! Which pointers of the settings stand in no item of a list: perhaps they are misspelt. Pure.

use serde_json::Value as Json;

use crate::{
    config::ListUsers,
    model::{Field, Unmatched},
};

/// The pointers that were in no item so far.
pub(super) struct Pointers<'a>(Vec<Pointer<'a>>);

struct Pointer<'a> {
    key: String,
    field: Option<Field>,
    at: &'a str,
    /// Whether an item without it is no user at all.
    is_vital: bool,
}

impl<'a> Pointers<'a> {
    /// Those of a row. A field that is left out where it is not set may be in no item at all.
    pub(super) fn of(row: &'a ListUsers) -> Self {
        let one = |key: &str, at: &'a str, is_vital: bool| Pointer {
            key: key.to_owned(),
            field: None,
            at,
            is_vital,
        };
        let vital = [one("user", &row.user, true)]
            .into_iter()
            .chain(row.tenant.as_deref().map(|at| one("tenant", at, true)));
        let others = row.id.as_deref().map(|at| one("id", at, false)).into_iter();
        let others = others.chain([one("calling.at", &row.calling.at, false)]);
        let fields = row.mapped().filter(|_| !row.omits_unset);
        let fields = fields.map(|(field, at)| Pointer {
            field: Some(field),
            ..one(&format!("fields.{field}"), at, false)
        });
        Self(vital.chain(others).chain(fields).collect())
    }

    /// Takes an item in.
    pub(super) fn look_at(&mut self, item: &Json) {
        self.0.retain(|pointer| item.pointer(pointer.at).is_none());
    }

    /// Without these nobody is found.
    pub(super) fn doubts(&self) -> Vec<String> {
        let vital = self.0.iter().filter(|pointer| pointer.is_vital);
        vital
            .map(|pointer| {
                format!(
                    "no entry has anything at `{}`, where `listUsers.{}` looks",
                    pointer.at, pointer.key
                )
            })
            .collect()
    }

    /// What is in no item.
    pub(super) fn unmatched(&self) -> Vec<Unmatched> {
        let unmatched = |pointer: &Pointer<'_>| Unmatched {
            field: pointer.field,
            key: format!("listUsers.{}", pointer.key).into(),
            place: pointer.at.into(),
            named: true,
        };
        self.0.iter().map(unmatched).collect()
    }
}
