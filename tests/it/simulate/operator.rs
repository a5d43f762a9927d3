//! The people of a made-up world: what operators write into manifests, and what happens at the
//! service without them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dialplane::model::{
    Calling, Consent, DesiredTenant, DesiredUser, Details, Field, Limit, Limits, Mode, Prune,
    TenantName, Upn, Value,
};

use super::{
    time::now,
    world::{Customer, Lagging, Person, Temper, World},
};
use crate::{
    properties::world::{is_as_wanted, phone, upn_of},
    support::{desired_tenant, desired_user, gateway, upn},
};

/// Numbers 0 and 1 are "not managed" and "none"; so few of the rest that users meet over them.
const NUMBERS: u8 = 8;

/// Some worlds live longer.
pub(super) fn is_long(seed: u64) -> bool {
    seed % 8 == 7
}

/// A made-up fleet, and a service that is not as it is wanted.
pub(super) fn draw(seed: u64) -> World {
    let mut world = World::new(seed);
    let rng = &mut world.rng;
    let mut of = |rates: &[u32]| rates[rng.usize(0..rates.len())];
    world.temper = Temper {
        faults: of(&[0, 50, 150, 400]),
        crashes: of(&[0, 10, 30, 80]),
        events: of(&[0, 10, 40, 100]),
        stale: of(&[0, 0, 50, 200]),
        short: of(&[0, 0, 50, 200]),
        lag: of(&[0, 300, 700, 1000]),
        strays: of(&[0, 300, 900]),
        jumps: of(&[0, 0, 0, 0, 0, 0, 0, 10]),
        rival: of(&[0, 0, 0, 0, 800]),
        aways: 0,
    };
    if is_long(seed) {
        // Somebody insists, and little else goes wrong: else it would hardly come to a fight.
        let Temper { faults, crashes, events, lag, rival, .. } = &mut world.temper;
        (*faults, *crashes, *events, *rival) =
            ((*faults).min(50), (*crashes).min(10), (*events).min(10), 900);
        *lag = if seed.is_multiple_of(3) { *lag } else { 0 };
    }
    if world.temper.jumps > 0 || world.temper.stale > 0 {
        // A request that comes late is told from lists of later and by its time; who has neither
        // cannot tell it.
        world.temper.strays = 0;
    }
    if seed % 5 == 1 {
        world.temper.aways = [5, 20, 60][world.store_dice.usize(0..3)];
    }
    for t in 0..world.rng.usize(1..3) {
        let users: Vec<Upn> = (0..world.rng.usize(2..6)).map(|n| upn_of(t, n)).collect();
        add(&mut world, t, &users);
    }
    for _ in 0..6 {
        let (tenant, user) = any(&mut world);
        give(&mut world, &tenant, &user);
    }
    if world.temper.rival > 0 {
        world.rival = Some(any(&mut world));
    }
    world.calm = false;
    world
}

/// A tenant with people and wishes.
pub(super) fn add(world: &mut World, t: usize, users: &[Upn]) {
    let wishes: Vec<_> = users.iter().map(|user| wish(world, user)).collect();
    let desired = DesiredTenant {
        prune: if world.rng.u8(0..4) == 0 { Prune::Disable } else { Prune::Never },
        limits: Limits { disable: Limit { percent: 100, count: 25, floor: 0 }, ..Limits::DEFAULT },
        ..desired_tenant(t, wishes)
    };
    let mut people = BTreeMap::new();
    for user in users {
        let calling = if world.rng.bool() { Calling::Enabled } else { Calling::Disabled };
        let wanted = phone(world.rng.u8(0..NUMBERS)).filter(|value| match value {
            Value::Phone(number) => {
                let mine = people
                    .values()
                    .any(|person: &Person| person.stored.truth().phone() == Some(number));
                !mine && world.holder(number).is_none()
            }
            _ => true,
        });
        let mut stored = details(world);
        stored.set(Field::PhoneNumber, wanted.unwrap_or(Value::NoPhone));
        people.insert(user.clone(), person(calling, stored));
    }
    people.insert(
        upn(&format!("callappservice@t{t}.example")),
        person(Calling::Enabled, Details::default()),
    );
    let mut sees: BTreeSet<Field> = Field::ALL.into_iter().collect();
    if world.rng.u8(0..4) == 0 {
        sees.remove(&Field::UserTag);
    }
    let clears = sees.len() == Field::ALL.len() && world.rng.bool();
    let customer = Customer { consent: Consent::Granted, sees, clears, people, unsynced: false };
    world.customers.insert(desired.name.clone(), customer);
    world.desired.insert(desired.name.clone(), Arc::new(desired));
}

pub(super) fn person(calling: Calling, stored: Details) -> Person {
    Person { calling: Lagging::new(calling), stored: Lagging::new(stored), hidden: false }
}

fn details(world: &mut World) -> Details {
    let rng = &mut world.rng;
    let pairs = [
        (Field::SbcGatewayId, (rng.u8(0..20) > 0).then(|| gateway(805))),
        (Field::UseTeamsVoicemail, rng.bool().then(|| Value::Flag(rng.bool()))),
        (Field::UserTag, rng.bool().then(|| Value::Text(format!("tag {}", rng.u8(0..3)).into()))),
    ];
    pairs.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

fn wish(world: &mut World, user: &Upn) -> DesiredUser {
    let calling = if world.rng.u8(0..4) > 0 { Calling::Enabled } else { Calling::Disabled };
    desired_user(user.clone(), calling, details(world))
}

fn any(world: &mut World) -> (TenantName, Upn) {
    let users = world
        .customers
        .iter()
        .flat_map(|(name, customer)| customer.people.keys().map(move |user| (name, user)));
    let people: Vec<_> = users.filter(|(_, user)| !user.is_platform_account()).collect();
    let (tenant, user) = people[world.rng.usize(0..people.len())];
    (tenant.clone(), user.clone())
}

/// Somebody is to have another number; who was to have it gets the other one, or none.
fn give(world: &mut World, tenant: &TenantName, user: &Upn) {
    let number = phone(world.rng.u8(0..NUMBERS));
    let swap = world.rng.bool();
    let Some(old) = world.desired[tenant]
        .users
        .get(user)
        .map(|user| user.details.get(Field::PhoneNumber).cloned())
    else {
        return;
    };
    for desired in world.desired.values_mut().map(Arc::make_mut) {
        for wish in desired.users.values_mut() {
            if wish.upn == *user {
                set_number(wish, number.as_ref());
            } else if matches!(number, Some(Value::Phone(_)))
                && wish.details.get(Field::PhoneNumber) == number.as_ref()
            {
                set_number(wish, if swap { old.as_ref() } else { Some(&Value::NoPhone) });
            }
        }
    }
    let number = number.map_or("no number of ours".to_owned(), |number| number.to_string());
    world.say(format_args!(
        "EDIT {user} is to have {number}{}",
        if swap { ", swapped" } else { "" }
    ));
}

fn set_number(wish: &mut DesiredUser, number: Option<&Value>) {
    let others = wish.details.iter().filter(|(field, _)| *field != Field::PhoneNumber);
    let number = number.map(|number| (Field::PhoneNumber, number.clone()));
    wish.details = others.map(|(field, value)| (field, value.clone())).chain(number).collect();
}

/// An edit of the manifests. The service may notice while it is at work on the tenant.
pub(super) fn edit(world: &mut World) {
    let (tenant, user) = any(world);
    change(world, &tenant, &user);
    if world.desired[&tenant].mode == Mode::Enforce && world.rng.bool() {
        world.newer(&tenant).cancel();
    }
}

fn change(world: &mut World, tenant: &TenantName, user: &Upn) {
    let fresh = wish(world, user);
    let kind = world.rng.u8(0..20);
    if (5..10).contains(&kind) {
        return give(world, tenant, user);
    }
    let desired = Arc::make_mut(world.desired.get_mut(tenant).unwrap());
    let what = match (kind, desired.users.get_mut(user)) {
        (0..5, Some(wish)) => {
            wish.calling =
                if wish.calling == Calling::Enabled { Calling::Disabled } else { Calling::Enabled };
            format!("{:?}", wish.calling)
        }
        (10..13, Some(wish)) => {
            let number = wish.details.get(Field::PhoneNumber).cloned();
            wish.details = fresh.details;
            set_number(wish, number.as_ref());
            format!("{:?}", wish.details)
        }
        (13, Some(_)) => {
            desired.users.remove(user);
            "not named".to_owned()
        }
        (0..15, None) => {
            desired.users.insert(fresh);
            "named".to_owned()
        }
        (15, _) => {
            desired.prune =
                if desired.prune == Prune::Never { Prune::Disable } else { Prune::Never };
            format!("{:?}", desired.prune)
        }
        (16, _) => {
            let freed = desired.protect.users.remove(user);
            if !freed {
                desired.protect.users.insert(user.clone());
            }
            format!("protected {}", !freed)
        }
        (17, _) => {
            desired.incomplete =
                desired.incomplete.is_none().then(|| "a file could not be understood".to_owned());
            format!("incomplete {:?}", desired.incomplete)
        }
        (18, _) => {
            let other = if desired.mode == Mode::Report { Mode::Suspend } else { Mode::Report };
            desired.mode = if desired.mode == Mode::Enforce { other } else { Mode::Enforce };
            format!("{:?}", desired.mode)
        }
        (19, _) => {
            desired.limits.disable.percent =
                if desired.limits.disable.percent == 100 { 30 } else { 100 };
            format!("limit {}", desired.limits.disable.percent)
        }
        _ => return,
    };
    world.say(format_args!("EDIT {user}: {what}"));
}

/// Something happens while the program is at work.
pub(super) fn event(world: &mut World) {
    let (tenant, user) = any(world);
    let visible = world.visible();
    let what = match world.rng.u8(0..20) {
        0..11 => return edit(world),
        11..14 => {
            let customer = world.customers.get_mut(&tenant).unwrap();
            let no = if world.rng.bool() {
                Consent::Missing
            } else {
                Consent::Disagrees { flag: true, listed: false }
            };
            customer.consent =
                if customer.consent == Consent::Granted { no } else { Consent::Granted };
            format!("consent of {tenant}: {:?}", customer.consent)
        }
        14 => {
            world.outage = !world.outage;
            format!("outage {}", world.outage)
        }
        15 => {
            let person = world.customers.get_mut(&tenant).unwrap().people.get_mut(&user).unwrap();
            person.hidden = !person.hidden;
            format!("{user} hidden {}", person.hidden)
        }
        16 => {
            world.stop.cancel();
            "the program is asked to stop".to_owned()
        }
        17 => {
            world.disk_full = true;
            "the disk is full".to_owned()
        }
        kind => {
            meddled(world, &tenant, &user);
            let person = world.customers.get_mut(&tenant).unwrap().people.get_mut(&user).unwrap();
            if kind == 18 {
                let other = if *person.calling.truth() == Calling::Enabled {
                    Calling::Disabled
                } else {
                    Calling::Enabled
                };
                person.calling.set(other, visible);
                format!("somebody made {user} {other:?}")
            } else {
                let mut stored = person.stored.truth().clone();
                stored.set(Field::PhoneNumber, Value::NoPhone);
                stored.set(Field::UseTeamsVoicemail, Value::Flag(world.rng.bool()));
                person.stored.set(stored, visible);
                format!("somebody took the number of {user}")
            }
        }
    };
    world.say(format_args!("EVENT {what}"));
}

/// Somebody else changes a user. What is older and still on its way to the service comes to
/// nothing.
fn meddled(world: &mut World, tenant: &TenantName, user: &Upn) {
    world.judge.meddled(tenant, user);
    world.late.retain(|(.., call)| call.user() != Some(user));
}

/// Somebody insists on something else, once a list has shown what the program wrote.
pub(super) fn insist(world: &mut World) {
    let Some((tenant, user)) = world.rival.clone() else { return };
    if !world.chance(world.temper.rival) {
        return;
    }
    let (wish, person) =
        (world.desired[&tenant].users.get(&user), &world.customers[&tenant].people[&user]);
    let Some(wish) =
        wish.filter(|wish| is_as_wanted(wish, *person.calling.truth(), person.stored.truth()))
    else {
        return;
    };
    let of_calling = user.as_str().starts_with("u0");
    let voicemail = wish.details.get(Field::UseTeamsVoicemail) == Some(&Value::Flag(true));
    meddled(world, &tenant, &user);
    *world.changed_back.entry(user.clone()).or_default() += 1;
    let person = world.customers.get_mut(&tenant).unwrap().people.get_mut(&user).unwrap();
    if of_calling {
        let other = if *person.calling.truth() == Calling::Enabled {
            Calling::Disabled
        } else {
            Calling::Enabled
        };
        person.calling.set(other, now());
    } else {
        let mut stored = person.stored.truth().clone();
        stored.set(Field::UseTeamsVoicemail, Value::Flag(!voicemail));
        person.stored.set(stored, now());
    }
    world.say(format_args!("RIVAL changes {user} back"));
}

/// Faults and edits end. Most of what was taken away comes back; what does not, stays away.
pub(super) fn calm_down(world: &mut World) {
    world.say("CALM");
    (world.calm, world.outage, world.rival) = (true, false, None);
    let rng = &mut world.rng;
    for customer in world.customers.values_mut() {
        if rng.u8(0..8) > 0 {
            customer.consent = Consent::Granted;
        }
        for person in customer.people.values_mut() {
            person.hidden &= rng.u8(0..4) == 0;
            if person.hidden {
                // Nobody can know of a number that is held unseen: the service would refuse it for
                // ever.
                let mut stored = person.stored.truth().clone();
                stored.set(Field::PhoneNumber, Value::NoPhone);
                person.stored = Lagging::new(stored);
            }
        }
    }
    for desired in world.desired.values_mut().map(Arc::make_mut) {
        desired.incomplete = None;
        if desired.mode == Mode::Suspend || rng.u8(0..4) > 0 {
            desired.mode = Mode::Enforce;
        }
    }
}
