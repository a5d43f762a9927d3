//! Numbers over all files: each is wanted once in the fleet, and nobody wants a parking number.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    draft::What,
    fleet::{Fleet, Spot},
};
use crate::{
    model::{Field, NumberKey, PhoneNumber, TenantName, Upn},
    yaml::{At, Wrong},
};

/// Who wants a number.
#[derive(Debug, Clone)]
struct Wish {
    user: Upn,
    tenant: TenantName,
}

/// A number is wanted once in the fleet, and parked in one place that nobody wants.
pub(super) fn check(fleet: &mut Fleet<'_>) {
    let mut wanted: BTreeMap<NumberKey, Wish> = BTreeMap::new();
    let mut collisions = Vec::new();
    for (name, (_, tenant)) in &fleet.tenants {
        for user in tenant.users.values() {
            let Some(number) = user.details.phone() else { continue };
            let wish = Wish { user: user.upn.clone(), tenant: name.clone() };
            match wanted.entry(NumberKey::new(name, number)) {
                Entry::Vacant(entry) => {
                    entry.insert(wish);
                }
                Entry::Occupied(first) => {
                    collisions.push((number.clone(), wish, first.get().clone()));
                }
            }
        }
    }
    for (number, wish, first) in collisions {
        let (Some(here), Some(there)) = (place_of(fleet, &wish), place_of(fleet, &first)) else {
            continue;
        };
        let wrong = Wrong::value(here.path, format!("{number} is wanted by two users"));
        let what = What::at(wrong.hint("give one of them another number, or `phoneNumber: none`"));
        let what =
            what.and(there.file, there.path, At::Value, format!("also wanted by {}", first.user));
        fleet.problem(here.file, what, &[&wish.tenant, &first.tenant]);
    }
    parking(fleet, &wanted);
}

fn parking(fleet: &mut Fleet<'_>, wanted: &BTreeMap<NumberKey, Wish>) {
    let mut parked: BTreeMap<NumberKey, (Spot, TenantName)> = BTreeMap::new();
    for (tenant, number, here) in parking_places(fleet) {
        let key = NumberKey::new(&tenant, &number);
        let wrong = |text: String| Wrong::value(here.path.clone(), text);
        if let Some(wish) = wanted.get(&key)
            && let Some(there) = place_of(fleet, wish)
        {
            let wrong = wrong(format!("{number} is a parking number, and {} wants it", wish.user));
            let what = What::at(wrong.hint("park with numbers that no user is to have"));
            let what = what.and(there.file, there.path, At::Value, "wanted here");
            fleet.problem(here.file, what, &[&tenant, &wish.tenant]);
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

fn place_of(fleet: &Fleet<'_>, wish: &Wish) -> Option<Spot> {
    let spot = fleet.spot_of(&wish.user, &wish.tenant)?;
    Some(Spot { file: spot.file, path: spot.path.key(Field::PhoneNumber.name()) })
}
