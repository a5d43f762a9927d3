//! Numbers over all files: each is wanted once in the fleet at a time, and nobody wants a parking
//! number.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    claims::{Claims, HashesTogether},
    draft::ProblemDetail,
    fleet::{FileSpot, ManifestFleet},
    former,
    glances::ByTenant,
    turns::{self, Claim, NumberClash},
};
use crate::{
    model::{DesiredTenant, Field, NumberKey, NumberRef, PhoneNumber, TenantName},
    words::time,
    yaml::{At, Mismatch},
};

/// Who wants each number first.
type NumberClaims<'n> = Claims<NumberRef<'n>, Claim<'n>>;
/// Numbers that several want one after another.
type InTurn<'n> = BTreeMap<NumberKey, Vec<Claim<'n>>>;

/// Whether no number is wanted or parked twice, as far as that is plain. Those who want one after
/// another take turns.
pub(super) fn are_once(fleet: &mut ManifestFleet<'_>) -> bool {
    let noted = std::mem::take(&mut fleet.glances);
    let mut numbers = former::together(&noted, fleet.unchanged, |noted| &noted.numbers);
    for (tenant, number, _) in parking_places(fleet) {
        numbers.note(&NumberRef::new(&tenant, &number));
    }
    let are_once = numbers.are_once() && are_taken(fleet, &numbers, &noted);
    fleet.glances = noted;
    are_once
}

/// Whether those who were noted at a glance take turns, as far as that is plain, each with numbers
/// that nobody wants always. If so, it is noted when each hands a number on.
fn are_taken(
    fleet: &mut ManifestFleet<'_>,
    numbers: &HashesTogether<'_>,
    noted: &ByTenant,
) -> bool {
    let wishes = || noted.values().flat_map(|noted| &noted.wishes);
    if numbers.have_any(wishes().map(|wish| wish.hash)) {
        return false;
    }
    let mut turns: BTreeMap<&NumberKey, Vec<Claim<'_>>> = BTreeMap::new();
    for wish in wishes() {
        turns.entry(&wish.number).or_default().push(wish.claim());
    }
    turns.retain(|_, turn| turn.len() > 1);
    let is_wrong = |turn: &Vec<Claim<'_>>| {
        let pairs = turn.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(at, one)| turn.iter().skip(at + 1).map(move |it| (one, it)));
        pairs.any(|(one, other)| turns::clash(&fleet.drafts, *one, *other).is_some())
    };
    if turns.values().any(is_wrong) {
        return false;
    }
    for turn in turns.values() {
        hand_on(fleet, turn);
    }
    true
}

/// Notes when each hands a number on.
fn hand_on(fleet: &mut ManifestFleet<'_>, turn: &[Claim<'_>]) {
    for (claim, next) in turns::handed_on(turn) {
        if let Some((_, tenant)) = fleet.tenants.get_mut(claim.tenant) {
            tenant.hands_on.insert(claim.user.clone(), next);
        }
    }
}

/// A number is wanted once in the fleet at a time, and parked in one place that nobody wants.
pub(super) fn check(fleet: &mut ManifestFleet<'_>) {
    // Looked at in copies: the users themselves stay at rest.
    let tenants = fleet.tenants.iter().map(|(name, (_, tenant))| (name.clone(), tenant.clone()));
    let tenants: BTreeMap<TenantName, DesiredTenant> = tenants.collect();
    let (wanted, in_turn) = wanted(fleet, &tenants);
    parking(fleet, &wanted);
    for turn in in_turn.values() {
        hand_on(fleet, turn);
    }
}

fn wanted<'n>(
    fleet: &mut ManifestFleet<'_>,
    tenants: &'n BTreeMap<TenantName, DesiredTenant>,
) -> (NumberClaims<'n>, InTurn<'n>) {
    let users = tenants.values().map(|tenant| tenant.users.len()).sum();
    let mut wanted = NumberClaims::of(users);
    let mut in_turn = InTurn::new();
    for (tenant, desired) in tenants {
        for user in desired.users.values() {
            let Some(number) = user.details.phone() else { continue };
            let wish = Claim { user: &user.upn, tenant, dates: user.dates() };
            let Some(first) = wanted.note(&NumberRef::new(tenant, number), wish) else { continue };
            let turn = in_turn.entry(NumberKey::new(tenant, number)).or_insert_with(|| vec![first]);
            let clashes =
                turn.iter().map(|other| (*other, turns::clash(&fleet.drafts, wish, *other)));
            let clash = clashes.into_iter().find_map(|(other, clash)| Some((other, clash?)));
            match clash {
                None => turn.push(wish),
                Some((other, NumberClash::AtOnce)) => twice(fleet, number, wish, other),
                Some((_, NumberClash::TooEarly { early, late, free })) => {
                    too_early(fleet, number, (early, late), free);
                }
            }
        }
    }
    (wanted, in_turn)
}

fn twice(fleet: &mut ManifestFleet<'_>, number: &PhoneNumber, wish: Claim<'_>, first: Claim<'_>) {
    let Some(file) = fleet.file_of(wish.user) else { return };
    let tenants = [wish.tenant, first.tenant];
    fleet.one_of_many(file, &tenants, |fleet| wanted_twice(fleet, number, wish, first));
}

fn wanted_twice(
    fleet: &ManifestFleet<'_>,
    number: &PhoneNumber,
    wish: Claim<'_>,
    first: Claim<'_>,
) -> Option<ProblemDetail> {
    let here = place_of(fleet, wish)?;
    let there = place_of(fleet, first)?;
    let wrong = Mismatch::value(here.path, format!("{number} is wanted by two users"));
    let next = |early, late| in_turn(fleet, early, late);
    let hint = next(first, wish).or_else(|| next(wish, first));
    let hint = hint
        .unwrap_or_else(|| "give one of them another number, or `phoneNumber: none`".to_owned());
    let label = format!("also wanted by {}", first.user);
    Some(ProblemDetail::at(wrong.hint(hint)).and(there.file, there.path, At::Value, label))
}

/// How one can have the number of another who has an end, and does not say from when on.
fn in_turn(fleet: &ManifestFleet<'_>, early: Claim<'_>, late: Claim<'_>) -> Option<String> {
    let free = turns::free(&fleet.drafts, early).filter(|_| late.dates.until.is_none())?;
    Some(format!(
        "it is free for {} from {} on: write `from` for that user, a time that is not before it",
        late.user,
        time(free)
    ))
}

fn too_early(
    fleet: &mut ManifestFleet<'_>,
    number: &PhoneNumber,
    (early, late): (Claim<'_>, Claim<'_>),
    free: jiff::Timestamp,
) {
    let Some(file) = fleet.file_of(late.user) else { return };
    let tenants = [late.tenant, early.tenant];
    fleet.one_of_many(file, &tenants, |fleet| kept_from_reuse(fleet, number, (early, late), free));
}

fn kept_from_reuse(
    fleet: &ManifestFleet<'_>,
    number: &PhoneNumber,
    (early, late): (Claim<'_>, Claim<'_>),
    free: jiff::Timestamp,
) -> Option<ProblemDetail> {
    let here = place_of(fleet, late)?;
    let there = place_of(fleet, early)?;
    let message = format!("{number} is kept from reuse until {}", time(free));
    let hint = format!(
        "let `from` of {} be later, or make `numbers.quarantine` of tenant `{}` shorter",
        late.user, early.tenant
    );
    let what = ProblemDetail::at(Mismatch::value(here.path, message).hint(hint));
    let label = format!("{} has it until {}", early.user, time(early.dates.until?));
    Some(what.and(there.file, there.path, At::Value, label))
}

fn parking(fleet: &mut ManifestFleet<'_>, wanted: &NumberClaims<'_>) {
    let mut parked: BTreeMap<NumberKey, (FileSpot, TenantName)> = BTreeMap::new();
    for (tenant, number, here) in parking_places(fleet) {
        let key = NumberKey::new(&tenant, &number);
        let wrong = |text: String| Mismatch::value(here.path.clone(), text);
        if let Some(wish) = wanted.get(&NumberRef::new(&tenant, &number))
            && let Some(there) = place_of(fleet, wish)
        {
            let wrong = wrong(format!("{number} is a parking number, and {} wants it", wish.user));
            let what = ProblemDetail::at(wrong.hint("park with numbers that no user is to have"));
            let what = what.and(there.file, there.path, At::Value, "wanted here");
            fleet.problem(here.file, what, &[&tenant, wish.tenant]);
        }
        match parked.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert((here, tenant));
            }
            Entry::Occupied(first) => {
                let (there, other) = first.get();
                let what = ProblemDetail::at(
                    wrong(format!("{number} is a parking number twice")).hint("keep one of them"),
                );
                let what = what.and(there.file, there.path.clone(), At::Value, "first here");
                fleet.problem(here.file, what, &[&tenant, other]);
            }
        }
    }
}

/// All parking numbers of tenants that are described once, with their places.
fn parking_places(fleet: &ManifestFleet<'_>) -> Vec<(TenantName, PhoneNumber, FileSpot)> {
    let drafts = fleet
        .files
        .iter()
        .enumerate()
        .flat_map(|(file, read)| read.tenants.iter().map(move |draft| (file, draft)));
    let numbers = drafts.flat_map(|(file, draft)| {
        let list = draft.at.key("spec").key("numbers").key("parking");
        draft.parking.iter().map(move |(index, number)| {
            (draft.name.clone(), number.clone(), FileSpot { file, path: list.index(*index) })
        })
    });
    numbers.collect()
}

fn place_of(fleet: &ManifestFleet<'_>, wish: Claim<'_>) -> Option<FileSpot> {
    let spot = fleet.spot_of(wish.user, wish.tenant)?;
    Some(FileSpot { file: spot.file, path: spot.path.key(Field::PhoneNumber.name()) })
}
