//! Numbers: who holds which, and that one is released before it is taken.
//!
//! A disabled user still holds its number in the platform (contract 8), and so does one whom no manifest names. A wanted
//! number that is held is taken only after a step of the same tenant that gives it up; else the taker is held, with the
//! holder's name. The service refuses a held number as well: the holders seen here make the reason known beforehand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Action, Hold, HoldKind, Patience, Step};
use crate::model::{
    Calling, DesiredTenant, Field, LiveCalling, LiveTenant, Memory, NumberKey, Observed, PhoneNumber, TenantName, Upn, Value,
};

/// Who holds which number, over all tenants that were observed.
#[derive(Debug, Default)]
pub(super) struct Holders<'a>(BTreeMap<NumberKey, Vec<Holder<'a>>>);

#[derive(Debug, Clone, Copy)]
struct Holder<'a> {
    tenant: &'a TenantName,
    user: &'a Upn,
    calling: &'a LiveCalling,
}

impl<'a> Holders<'a> {
    /// Gathers them: what is shown, and what was written and is not shown yet.
    pub(super) fn of(
        tenants: impl Iterator<Item = (&'a TenantName, &'a LiveTenant, &'a Memory)>,
        now: Timestamp,
        patience: Patience,
    ) -> Self {
        let mut holders: BTreeMap<NumberKey, Vec<Holder<'a>>> = BTreeMap::new();
        for (tenant, live, memory) in tenants {
            for user in live.users.values() {
                let shown = match user.details.get(&Field::PhoneNumber) {
                    Some(Observed::Set(Value::Phone(number))) => Some(number),
                    _ => None,
                };
                let write = memory.written.get(&user.upn).and_then(|written| written.details.get(&Field::PhoneNumber));
                let open = write.filter(|write| !write.landed && patience.is_open(memory, write, now));
                let written = open.and_then(|write| match &write.value {
                    Value::Phone(number) => Some(number),
                    _ => None,
                });
                for number in shown.into_iter().chain(written.filter(|number| shown != Some(number))) {
                    let holder = Holder { tenant, user: &user.upn, calling: &user.calling };
                    holders.entry(NumberKey::new(tenant, number)).or_default().push(holder);
                }
            }
        }
        Self(holders)
    }

    fn others(&self, tenant: &TenantName, number: &PhoneNumber, taker: &Upn) -> impl Iterator<Item = Holder<'a>> {
        let holders = self.0.get(&NumberKey::new(tenant, number)).map(Vec::as_slice).unwrap_or_default();
        holders.iter().copied().filter(move |holder| holder.tenant != tenant || holder.user != taker)
    }
}

/// Puts each taking step after the step that releases its number, or holds it.
pub(super) fn release_before_take(steps: &mut [Step], desired: &DesiredTenant, live: &LiveTenant, holders: &Holders<'_>) {
    let takes: Vec<(usize, PhoneNumber)> = steps.iter().enumerate().filter_map(|(id, step)| Some((id, taken(step)?))).collect();
    let releases: BTreeMap<Upn, usize> =
        steps.iter().enumerate().filter(|(_, step)| sends_number(step)).map(|(id, step)| (step.user.clone(), id)).collect();
    for (id, number) in takes {
        let Some(taker) = steps.get(id).map(|step| step.user.clone()) else { continue };
        let (mut after, mut holds) = (Vec::new(), Vec::new());
        if !live.sees.contains(&Field::PhoneNumber) {
            holds.push(Hold::new(
                HoldKind::NumberTaken,
                format!("nobody can see who holds {number}: live state has no phone numbers"),
                "map `phoneNumber` in `connectToTeams.endpoints.listUsers.fields`",
            ));
        }
        for holder in holders.others(&desired.name, &number, &taker) {
            match releases.get(holder.user).filter(|_| *holder.tenant == desired.name) {
                Some(release) => after.push(*release),
                None => holds.push(taken_by(&number, holder, desired)),
            }
        }
        if let Some(step) = steps.get_mut(id) {
            step.after.extend(after);
            step.holds.extend(holds);
        }
    }
    hold_rings(steps);
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
    matches!(step.action, Action::Update(_)) && step.changes.iter().any(|change| change.field == Field::PhoneNumber)
}

fn taken_by(number: &PhoneNumber, holder: Holder<'_>, desired: &DesiredTenant) -> Hold {
    let state = match holder.calling {
        LiveCalling::Enabled => "enabled",
        LiveCalling::Disabled => "disabled",
        LiveCalling::Unclear(_) => "in an unclear state",
    };
    let user = holder.user;
    if *holder.tenant != desired.name {
        return Hold::new(
            HoldKind::NumberTaken,
            format!("{number} is held by {user} ({state}) in tenant {}", holder.tenant),
            format!("let {} give it up; it is taken here once the service shows it free", holder.tenant),
        );
    }
    let wanted = desired.users.get(user);
    let gives_up = wanted.is_some_and(|user| match user.details.get(Field::PhoneNumber) {
        Some(Value::NoPhone) => true,
        Some(other) => user.calling == Calling::Enabled && *other != Value::Phone(number.clone()),
        None => false,
    });
    let remedy = match wanted.map(|user| user.calling) {
        _ if user.is_platform_account() => "choose another number: the platform needs this one".to_owned(),
        // What keeps the holder from giving it up now, such as a write that is not visible yet, is said elsewhere.
        _ if gives_up => format!("the manifests take it from {user} already: it is taken here once the service shows it free"),
        Some(Calling::Disabled) => {
            format!("a disabled user keeps its number: write `phoneNumber: none` for {user} to release it")
        }
        Some(Calling::Enabled) => format!("give {user} another number, or `phoneNumber: none`"),
        None => format!("no manifest names {user}: add it with `phoneNumber: none`, or release the number in the portal"),
    };
    Hold::new(HoldKind::NumberTaken, format!("{number} is held by {user} ({state})"), remedy)
}

/// Steps that wait for each other in a ring could wait for ever: each is held, with the ring.
fn hold_rings(steps: &mut [Step]) {
    for ring in super::order::rings(steps) {
        let names: Vec<String> = ring.iter().filter_map(|id| steps.get(*id)).map(|step| step.user.to_string()).collect();
        let first = names.first().cloned().unwrap_or_default();
        for id in ring {
            if let Some(step) = steps.get_mut(id) {
                step.holds.push(Hold::new(
                    HoldKind::NumberRing,
                    format!("numbers go round in a ring: {}", names.join(", ")),
                    format!("write `phoneNumber: none` for {first} first; once that is applied, give {first} its new number"),
                ));
            }
        }
    }
}
