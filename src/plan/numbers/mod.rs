//! Numbers: released before they are taken, never taken from somebody who keeps them, never lost.
//!
//! ```text
//! steps + Ledger --giving up--> release: manual holds, clear sends nothing, park sends a parking number
//!                --taking-----> after the step that frees the number, or held: who has it, how it is freed
//!                --cycles------> one of the cycle is parked first, or all of it is held
//! ```
//!
//! **Invariant:** a number is taken only after the step that frees it, and a number with nobody in
//! sight only if everybody who could have it was looked at. A cycle is opened by parking one user,
//! whose last step gives it the number that it is to have.
//!
//! Deliberately not here: steps that wait for a step of another tenant. Tenants run apart, so
//! none can stop another; the taker is held, and taken up by a later pass.

mod ledger;
mod parking;
mod view;
mod words;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use ledger::{Doubtful, Ledger, Tenants};
pub(super) use view::{Elsewhere, View};

use view::Holder;

use super::{Action, Step, StepId, Steps};
use crate::model::{
    DesiredTenant, Field, LiveTenant, NumberKey, PhoneNumber, TenantName, Upn, Value,
};

/// The numbers that [`arrange`] looks up in the ledger: those that steps take, and where numbers
/// can be parked. None if no step moves a number.
pub(super) fn asked(steps: &[Step], desired: &DesiredTenant) -> BTreeSet<NumberKey> {
    let moves = |step: &Step| step.changes.iter().any(|change| change.field == Field::PhoneNumber);
    if !steps.iter().any(moves) {
        return BTreeSet::new();
    }
    let taken = steps.iter().filter_map(taken);
    let asked = taken.chain(desired.parking.iter().cloned());
    asked.map(|number| NumberKey::new(&desired.name, &number)).collect()
}

/// Orders and holds the steps that move numbers. Returns the tenants whose next pass may lift such a
/// hold.
pub(super) fn arrange(
    steps: &mut Steps,
    desired: &DesiredTenant,
    live: &LiveTenant,
    ledger: &View<'_>,
) -> BTreeSet<TenantName> {
    let mut places = parking::Places::free(desired, ledger);
    parking::release(steps, desired, &mut places);
    let waits_for = release_before_take(steps, desired, live, ledger);
    parking::open_cycles(steps, desired, &mut places);
    waits_for
}

/// Puts each taking step after the step that releases its number, or holds it.
fn release_before_take(
    steps: &mut Steps,
    desired: &DesiredTenant,
    live: &LiveTenant,
    ledger: &View<'_>,
) -> BTreeSet<TenantName> {
    let mut waits_for = BTreeSet::new();
    let takes: Vec<(StepId, PhoneNumber)> =
        steps.numbered().filter_map(|(id, step)| Some((id, taken(step)?))).collect();
    let releases: BTreeMap<Upn, StepId> = steps
        .numbered()
        .filter(|(_, step)| sends_number(step))
        .map(|(id, step)| (step.user.clone(), id))
        .collect();
    for (id, number) in takes {
        let step = steps.at_mut(id);
        if !live.sees.contains(&Field::PhoneNumber) {
            step.holds.push(words::nobody_sees(&number));
        }
        let own =
            |holder: &Holder<'_>| *holder.tenant == desired.name && holder.user == Some(&step.user);
        let mut others = ledger.holders(&desired.name, &number);
        others.retain(|holder| !own(holder));
        let mut found = false;
        for holder in others {
            found = true;
            let release = holder.user.and_then(|user| releases.get(user));
            if let Some(release) = release.filter(|_| *holder.tenant == desired.name) {
                step.after.push(*release);
            } else {
                step.holds.push(words::taken_by(&number, holder, desired));
                waits_for.extend(Some(holder.tenant.clone()).filter(|name| *name != desired.name));
            }
        }
        let doubts = ledger.doubts(&number, &desired.name, Some(&step.user));
        // The user who is seen to hold it is the only one: the service gives a number to one user.
        if !found && !doubts.is_empty() {
            step.holds.push(words::unproven(&number, &doubts));
            waits_for
                .extend(doubts.tenants.into_iter().filter(|name| **name != desired.name).cloned());
        }
    }
    waits_for
}

/// The number that a step newly gives to its user.
fn taken(step: &Step) -> Option<PhoneNumber> {
    step.changes.iter().find_map(|change| match &change.desired {
        Value::Phone(number) => Some(number.clone()),
        _ => None,
    })
}

/// Whether a step takes the user's present number away.
fn sends_number(step: &Step) -> bool {
    matches!(step.action, Action::Update(_))
        && step.changes.iter().any(|change| change.field == Field::PhoneNumber)
}
