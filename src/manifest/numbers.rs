//! Numbers over all files: each is wanted once in the fleet, and nobody wants a parking number.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    claims::Claims,
    draft::What,
    fleet::{Fleet, Spot},
};
use crate::{
    model::{DesiredTenant, Field, NumberKey, NumberRef, PhoneNumber, TenantName, Upn},
    yaml::{At, Wrong},
};

/// Who wants a number.
#[derive(Debug, Clone, Copy)]
struct Claim<'n> {
    user: &'n Upn,
    tenant: &'n TenantName,
}

/// Who wants each number first.
type Wanted<'n> = Claims<NumberRef<'n>, Claim<'n>>;

/// Whether no number is wanted or parked twice, as far as that is plain.
pub(super) fn are_once(fleet: &mut Fleet<'_>) -> bool {
    for (tenant, number, _) in parking_places(fleet) {
        fleet.numbers.note(&NumberRef::new(&tenant, &number));
    }
    fleet.numbers.are_once()
}

/// A number is wanted once in the fleet, and parked in one place that nobody wants.
pub(super) fn check(fleet: &mut Fleet<'_>) {
    // Looked at in copies: the users themselves stay at rest.
    let tenants = fleet.tenants.iter().map(|(name, (_, tenant))| (name.clone(), tenant.clone()));
    let tenants: BTreeMap<TenantName, DesiredTenant> = tenants.collect();
    let wanted = wanted(fleet, &tenants);
    parking(fleet, &wanted);
}

fn wanted<'n>(
    fleet: &mut Fleet<'_>,
    tenants: &'n BTreeMap<TenantName, DesiredTenant>,
) -> Wanted<'n> {
    let users = tenants.values().map(|tenant| tenant.users.len()).sum();
    let mut wanted = Wanted::of(users);
    for (tenant, desired) in tenants {
        for user in desired.users.values() {
            let Some(number) = user.details.phone() else { continue };
            let wish = Claim { user: &user.upn, tenant };
            if let Some(first) = wanted.note(&NumberRef::new(tenant, number), wish) {
                twice(fleet, number, wish, first);
            }
        }
    }
    wanted
}

fn twice(fleet: &mut Fleet<'_>, number: &PhoneNumber, wish: Claim<'_>, first: Claim<'_>) {
    let Some(file) = fleet.file_of(wish.user) else { return };
    fleet.one_of_many(file, &[wish.tenant, first.tenant], |fleet| {
        let here = place_of(fleet, wish)?;
        let there = place_of(fleet, first)?;
        let wrong = Wrong::value(here.path, format!("{number} is wanted by two users"));
        let what = What::at(wrong.hint("give one of them another number, or `phoneNumber: none`"));
        let label = format!("also wanted by {}", first.user);
        Some(what.and(there.file, there.path, At::Value, label))
    });
}

fn parking(fleet: &mut Fleet<'_>, wanted: &Wanted<'_>) {
    let mut parked: BTreeMap<NumberKey, (Spot, TenantName)> = BTreeMap::new();
    for (tenant, number, here) in parking_places(fleet) {
        let key = NumberKey::new(&tenant, &number);
        let wrong = |text: String| Wrong::value(here.path.clone(), text);
        if let Some(wish) = wanted.get(&NumberRef::new(&tenant, &number))
            && let Some(there) = place_of(fleet, wish)
        {
            let wrong = wrong(format!("{number} is a parking number, and {} wants it", wish.user));
            let what = What::at(wrong.hint("park with numbers that no user is to have"));
            let what = what.and(there.file, there.path, At::Value, "wanted here");
            fleet.problem(here.file, what, &[&tenant, wish.tenant]);
        }
        match parked.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert((here, tenant));
            }
            Entry::Occupied(first) => {
                let (there, other) = first.get();
                let what = What::at(
                    wrong(format!("{number} is a parking number twice")).hint("keep one of them"),
                );
                let what = what.and(there.file, there.path.clone(), At::Value, "first here");
                fleet.problem(here.file, what, &[&tenant, other]);
            }
        }
    }
}

/// All parking numbers of tenants that are described once, with their places.
fn parking_places(fleet: &Fleet<'_>) -> Vec<(TenantName, PhoneNumber, Spot)> {
    let drafts = fleet
        .files
        .iter()
        .enumerate()
        .flat_map(|(file, read)| read.tenants.iter().map(move |draft| (file, draft)));
    let numbers = drafts.flat_map(|(file, draft)| {
        let list = draft.at.key("spec").key("numbers").key("parking");
        draft.parking.iter().map(move |(index, number)| {
            (draft.name.clone(), number.clone(), Spot { file, path: list.index(*index) })
        })
    });
    numbers.collect()
}

fn place_of(fleet: &Fleet<'_>, wish: Claim<'_>) -> Option<Spot> {
    let spot = fleet.spot_of(wish.user, wish.tenant)?;
    Some(Spot { file: spot.file, path: spot.path.key(Field::PhoneNumber.name()) })
}
