//! Which pointers of the settings are in no item of a list: perhaps they are misspelt. Pure.

use super::row::ListUsersRow;
use crate::{
    config::ListUsers,
    model::{Field, UnmatchedPlace},
};

/// The key of the settings that says where users of the Call App are told apart.
const CALL_APP: &str = "callApp.at";

/// The pointers that were in no item so far.
pub(super) struct Pointers<'a>(Vec<Pointer<'a>>);

struct Pointer<'a> {
    key: String,
    field: Option<Field>,
    /// Its place among those of the row.
    slot: usize,
    at: &'a str,
    /// Whether an item without it is not a user at all.
    is_vital: bool,
}

impl<'a> Pointers<'a> {
    /// Those of a row. A field that is left out where it is not set may be in no item at all.
    pub(super) fn of(row: &ListUsersRow<'a>) -> Self {
        let one = |key: &str, slot: usize, is_vital: bool| Pointer {
            key: key.to_owned(),
            field: None,
            slot,
            at: row.pointer(slot),
            is_vital,
        };
        let vital = [one("user", row.user, true)]
            .into_iter()
            .chain(row.tenant.map(|slot| one("tenant", slot, true)));
        let others = row.id.map(|slot| one("id", slot, false)).into_iter();
        let signs = [("notSetUp.at", &row.not_set_up), (CALL_APP, &row.call_app)];
        let signs = signs.into_iter().filter_map(|(key, sign)| Some((key, sign.as_ref()?)));
        let signs = signs.map(|(key, (slot, _))| one(key, *slot, false));
        let others = others.chain([one("calling.at", row.calling, false)]).chain(signs);
        let fields = row.list.mapped().filter(|_| !row.list.omits_unset);
        let fields = fields.filter_map(|(field, _)| {
            let slot = row.field(field)?;
            Some(Pointer { field: Some(field), ..one(&format!("fields.{field}"), slot, false) })
        });
        Self(vital.chain(others).chain(fields).collect())
    }

    /// Takes in which pointers of the row were in an item of a page.
    pub(super) fn look_at(&mut self, seen: &[bool]) {
        self.0.retain(|pointer| seen.get(pointer.slot) != Some(&true));
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

    /// Whether the items say who has the Call App.
    pub(super) fn tell_the_call_app(&self, row: &ListUsers) -> bool {
        row.call_app.is_some() && !self.0.iter().any(|pointer| pointer.key == CALL_APP)
    }

    /// What is in no item.
    pub(super) fn unmatched(&self) -> Vec<UnmatchedPlace> {
        let unmatched = |pointer: &Pointer<'_>| UnmatchedPlace {
            field: pointer.field,
            key: format!("listUsers.{}", pointer.key).into(),
            place: pointer.at.into(),
            named: true,
        };
        self.0.iter().map(unmatched).collect()
    }
}
