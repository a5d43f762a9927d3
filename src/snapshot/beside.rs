//! What a list shows beside its users, in a snapshot.

use serde::{Deserialize, Serialize};

use super::spell::{AsText, NumberEntry};
use crate::model::{
    CallAppCalls, Field, HeldNumber, ListExtras, LiveUser, NumberList, UnmatchedPlace, Upn, UserId,
};

/// Numbers that are not compared, places that are in no row, rows without a name, users who are not
/// set up.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct BesideEntry {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<HeldEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<UnmatchedEntry>,
    #[serde(skip_serializing_if = "is_zero")]
    nameless: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_set_up: Vec<NotSetUpEntry>,
    /// Which of the users have the Call App, where the list says that.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_app: Option<Vec<AsText<Upn>>>,
    /// How the account can switch those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    call_app_calls: Vec<SwitchEntry>,
    /// Why the numbers that Teams keeps may have holders that nobody sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers_in_doubt: Option<String>,
}

/// A way in which the Call App can be switched.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SwitchEntry {
    Enable,
    Disable,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NotSetUpEntry {
    user_principal_name: AsText<Upn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<AsText<UserId>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeldEntry {
    holder: String,
    held_as: String,
    number: NumberEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnmatchedEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<AsText<Field>>,
    key: String,
    place: String,
    named: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn switches(CallAppCalls { enable, disable }: CallAppCalls) -> Vec<SwitchEntry> {
    let enable = enable.then_some(SwitchEntry::Enable);
    enable.into_iter().chain(disable.then_some(SwitchEntry::Disable)).collect()
}

impl BesideEntry {
    /// Nothing, if there is nothing to say.
    pub(super) fn of(beside: &ListExtras) -> Option<Self> {
        if *beside == ListExtras::default() {
            return None;
        }
        let held = |number: &HeldNumber| HeldEntry {
            holder: number.holder.to_string(),
            held_as: number.held_as.to_string(),
            number: NumberEntry(number.number.clone()),
        };
        let unmatched = |place: &UnmatchedPlace| UnmatchedEntry {
            field: place.field.map(AsText),
            key: place.key.to_string(),
            place: place.place.to_string(),
            named: place.named,
        };
        let numbers = beside.numbers.iter().map(held).collect();
        let numbers_in_doubt = match &beside.number_list {
            NumberList::InDoubt(why) => Some(why.clone()),
            NumberList::NotAsked | NumberList::Seen | NumberList::NotRead(_) => None,
        };
        let not_set_up = |user: &LiveUser| NotSetUpEntry {
            user_principal_name: AsText(user.upn.clone()),
            id: user.id.clone().map(AsText),
        };
        Some(Self {
            numbers,
            unmatched: beside.unmatched.iter().map(unmatched).collect(),
            nameless: beside.nameless,
            not_set_up: beside.not_set_up.values().map(not_set_up).collect(),
            call_app: beside
                .call_app
                .as_ref()
                .map(|users| users.iter().cloned().map(AsText).collect()),
            call_app_calls: switches(beside.call_app_calls),
            numbers_in_doubt,
        })
    }

    pub(super) fn beside(self) -> ListExtras {
        let held = |HeldEntry { holder, held_as, number }| HeldNumber {
            holder: holder.into(),
            held_as: held_as.into(),
            number: number.0,
        };
        let unmatched = |UnmatchedEntry { field, key, place, named }| UnmatchedPlace {
            field: field.map(|field| field.0),
            key: key.into(),
            place: place.into(),
            named,
        };
        let not_set_up = |NotSetUpEntry { user_principal_name, id }| {
            LiveUser::not_set_up(user_principal_name.0, id.map(|id| id.0))
        };
        ListExtras {
            numbers: self.numbers.into_iter().map(held).collect(),
            unmatched: self.unmatched.into_iter().map(unmatched).collect(),
            nameless: self.nameless,
            not_set_up: self.not_set_up.into_iter().map(not_set_up).collect(),
            call_app: self.call_app.map(|users| users.into_iter().map(|user| user.0).collect()),
            call_app_calls: CallAppCalls {
                enable: self.call_app_calls.contains(&SwitchEntry::Enable),
                disable: self.call_app_calls.contains(&SwitchEntry::Disable),
            },
            // It was that of another moment, and perhaps of another machine.
            clock_ahead: None,
            number_list: self.numbers_in_doubt.map(NumberList::InDoubt).unwrap_or_default(),
        }
    }
}
