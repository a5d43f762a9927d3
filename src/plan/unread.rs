//! What live state shows and nobody understands: it may be anything, so it is told and never
//! overwritten for its own sake.
//!
//! | not understood | what becomes of it |
//! |---|---|
//! | the number of a user | a problem of the user; every update of the user is held, because it carries a number or leaves it out |
//! | another managed field | a problem of the user; it goes along with an update that has another reason |
//! | a field that is not managed | an update of the user is held: it would leave the field out |
//! | a field whose place is in no row at all | an update with no other reason is held |

use std::fmt;

use jiff::Timestamp;

use super::{FieldChange, Hold, HoldKind, LiveValue, Note, OddValue, ProblemKind, problem::NUMBER};
use crate::{
    model::{
        Calling, DesiredTenant, DesiredUser, Field, HeldNumber, LiveTenant, LiveUser, NumberList,
        ObservedValue, UnmatchedPlace, UnreadableValue, UpdateRequest, Value,
    },
    words::first,
};

/// A managed field that cannot be compared.
#[derive(Debug)]
pub(super) struct UncomparableField {
    pub(super) field: Field,
    /// What was read.
    pub(super) read: UnreadableValue,
    /// What is wanted was sent at this time, and this is what the service shows of it.
    pub(super) did_not_land: Option<Timestamp>,
}

impl UncomparableField {
    fn value(&self, may_be_wanted: bool) -> OddValue {
        let Self { field, read, did_not_land } = self;
        OddValue { field: *field, read: read.clone(), may_be_wanted, did_not_land: *did_not_land }
    }
}

/// Numbers that a note tells, at most.
const TOLD: usize = 5;

/// Whether a change is a reason to write: something is known of what it replaces.
pub(super) fn is_firm(live: &LiveTenant, change: &FieldChange) -> bool {
    !matches!(change.live, LiveValue::Unreadable(_)) && unmatched(live, change.field).is_none()
}

fn unmatched(live: &LiveTenant, field: Field) -> Option<&UnmatchedPlace> {
    live.beside.unmatched.iter().find(|unmatched| unmatched.field == Some(field))
}

/// What of a user cannot be compared. Details of a disabled user wait in any case, but for a number
/// that is to be released.
pub(super) fn problem(desired: &DesiredUser, odd: &[UncomparableField]) -> Option<ProblemKind> {
    let wants_number = desired.details.phone().is_some();
    let told: Vec<OddValue> = odd
        .iter()
        .filter(|odd| matters(desired, odd.field))
        .map(|odd| odd.value(odd.field == Field::PhoneNumber && wants_number))
        .collect();
    (!told.is_empty()).then_some(ProblemKind::NotUnderstood(told))
}

/// Why an update is not safe.
pub(super) fn unsure(
    tenant: &LiveTenant,
    live: &LiveUser,
    changes: &[FieldChange],
    request: &UpdateRequest,
) -> Vec<Hold> {
    let firm = changes.iter().any(|change| is_firm(tenant, change));
    let unmatched = changes.iter().filter_map(|change| unmatched(tenant, change.field));
    let nobody_sees =
        unmatched.filter(|unmatched| !firm || unmatched.field == Some(Field::PhoneNumber));
    let mut holds: Vec<Hold> = nobody_sees.map(hold_unmatched).collect();
    if let Some(read) = live.unread_number() {
        let reason =
            format!("the user's number is not understood ({read}), and an update could replace it");
        holds.push(Hold::new(HoldKind::Unread, reason, NUMBER));
    }
    for (field, observed) in live.details.iter() {
        if let ObservedValue::Unreadable(read) = observed
            && field != Field::PhoneNumber
            && request.details().get(field).is_none()
        {
            holds.push(left_out(field, read));
        }
    }
    holds
}

/// Another value than a number, which an update would take away without anybody knowing what it is.
fn left_out(field: Field, read: &UnreadableValue) -> Hold {
    let reason =
        format!("an update would leave {field} out, which is set and not understood ({read})");
    let remedy =
        format!("declare `{field}`, or take it out of what is read, if an update may leave it out");
    Hold::new(HoldKind::Unread, reason, remedy)
}

/// Why calling is not switched on, if what is stored of the user is not what is wanted as far as
/// anybody can tell.
pub(super) fn enable(odd: &[UncomparableField]) -> Option<Hold> {
    let number = odd.iter().find(|odd| odd.field == Field::PhoneNumber)?;
    let reason = format!(
        "the user's number is not understood ({}), and calling would begin with it",
        number.read
    );
    Some(Hold::new(HoldKind::Unread, reason, NUMBER))
}

/// Whether a difference in a field is told: details of a disabled user wait, but for a release.
pub(super) fn matters(desired: &DesiredUser, field: Field) -> bool {
    let released =
        field == Field::PhoneNumber && desired.details.get(field) == Some(&Value::NoPhone);
    desired.calling == Calling::Enabled || released
}

fn hold_unmatched(unmatched: &UnmatchedPlace) -> Hold {
    let (what, remedy) = nowhere(unmatched);
    Hold::new(HoldKind::Unmatched, format!("{what}: what it would replace is not visible"), remedy)
}

/// That a place of the settings is in no row, and what to do about it.
#[must_use]
pub fn nowhere(unmatched: &UnmatchedPlace) -> (String, String) {
    let UnmatchedPlace { field, key, place, named: _ } = unmatched;
    if key.starts_with("live.") {
        let what = format!("the list has no column `{place}`, where `{key}` looks");
        return (what, format!("export the list with it, or correct or remove `{key}`"));
    }
    let what = format!("no user of the tenant has anything at `{place}`, where `{key}` looks");
    let remedy = match field {
        Some(_) => format!(
            "correct `{key}`; if the service leaves out what is not set, say so with \
                `listUsers.omitsUnset: true`; if it never shows it, remove the pointer: then it \
                is compared with what was last written"
        ),
        None => format!("correct `{key}`"),
    };
    (what, remedy)
}

/// Every number of a tenant that is not understood: who holds it, and what was read.
#[must_use]
pub fn unread_numbers(live: &LiveTenant) -> Vec<(String, UnreadableValue)> {
    let mut numbers = Vec::new();
    live.users.each(|user| numbers.extend(unread_number(user)));
    numbers.extend(others(live));
    numbers
}

/// The number of a user, if it is not understood.
pub(super) fn unread_number(user: &LiveUser) -> Option<(String, UnreadableValue)> {
    Some((user.upn.as_str().to_owned(), user.unread_number()?.clone()))
}

/// Those that are held otherwise than by users.
fn others(live: &LiveTenant) -> impl Iterator<Item = (String, UnreadableValue)> {
    let unread = |held: &HeldNumber| {
        let read = held.number.as_ref().err()?;
        Some((held.holder.as_ref().to_owned(), read.clone()))
    };
    live.beside.numbers.iter().filter_map(unread)
}

/// What is told of a tenant's list as a whole, with the numbers of its users that are not
/// understood.
pub(super) fn notes(
    desired: &DesiredTenant,
    live: &LiveTenant,
    of_users: Vec<(String, UnreadableValue)>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let numbers: Vec<_> = of_users.into_iter().chain(others(live)).collect();
    if !numbers.is_empty() {
        notes.push(Note::UnreadNumbers(numbers));
    }
    if let NumberList::NotRead(why) | NumberList::InDoubt(why) = &live.beside.number_list {
        notes.push(Note::NumberList(why.clone()));
    }
    let managed =
        |field: Field| desired.users.values().any(|user| user.details.get(field).is_some());
    let told =
        |unmatched: &&UnmatchedPlace| unmatched.named || unmatched.field.is_some_and(managed);
    let unmatched: Vec<UnmatchedPlace> =
        live.beside.unmatched.iter().filter(told).cloned().collect();
    if !unmatched.is_empty() {
        notes.push(Note::Unmatched(unmatched));
    }
    if live.beside.nameless > 0 {
        notes.push(Note::Nameless(live.beside.nameless));
    }
    notes
}

/// Numbers that are not understood, as a note tells them.
pub(super) struct UnreadNumbers<'n>(pub(super) &'n [(String, UnreadableValue)]);

impl fmt::Display for UnreadNumbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.0.iter().map(|(holder, read)| format!("{holder} {read}"));
        match self.0.len() {
            1 => f.write_str("1 number is not understood, and may be any: ")?,
            count => write!(f, "{count} numbers are not understood, and each may be any: ")?,
        }
        f.write_str(&first(TOLD, told))
    }
}
