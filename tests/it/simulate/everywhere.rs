//! One small story, cut off at every record and every call, and told to its end each time.

use std::{collections::BTreeMap, sync::Arc};

use dialplane::model::{Calling, Details, Field, TenantName, Upn, Value};

use super::{
    disk::Kind,
    house::{House, verdict},
    operator::{add, person},
    time::{HOUR, MINUTE, pass_time},
    world::World,
};
use crate::{
    properties::world::upn_of,
    support::{gateway, name, number},
};

type People = BTreeMap<Upn, (Calling, Details)>;

/// One user is updated and enabled, one gives its number to another, one is disabled and gives its
/// own up.
fn story(lag: u32) -> World {
    let mut world = World::new(1);
    let users: Vec<Upn> = (0..4).map(|n| upn_of(0, n)).collect();
    add(&mut world, 0, &users);
    let is = [
        (Calling::Disabled, Value::NoPhone, "old"),
        (Calling::Enabled, number("+14255550001"), "same"),
        (Calling::Enabled, Value::NoPhone, "same"),
        (Calling::Enabled, number("+14255550003"), "same"),
    ];
    let wanted = [
        (Calling::Enabled, number("+14255550003"), "new"),
        (Calling::Enabled, Value::NoPhone, "same"),
        (Calling::Enabled, number("+14255550001"), "same"),
        (Calling::Disabled, Value::NoPhone, "same"),
    ];
    let details = |phone: &Value, tag: &str| -> Details {
        let tag = (Field::UserTag, Value::Text(tag.into()));
        [(Field::PhoneNumber, phone.clone()), (Field::SbcGatewayId, gateway(805)), tag]
            .into_iter()
            .collect()
    };
    let tenant = tenant();
    let desired = Arc::make_mut(world.desired.get_mut(&tenant).unwrap());
    let customer = world.customers.get_mut(&tenant).unwrap();
    customer.sees = Field::ALL.into_iter().collect();
    for (user, ((calling, phone, tag), wish)) in users.iter().zip(is.iter().zip(&wanted)) {
        customer.people.insert(user.clone(), person(*calling, details(phone, tag)));
        let wanted = desired.users.get_mut(user).unwrap();
        (wanted.calling, wanted.details) = (wish.0, details(&wish.1, wish.2));
    }
    world.fixed_lag = Some(MINUTE * lag);
    world
}

fn tenant() -> TenantName {
    name("t0")
}

/// Of the pairs of deaths, the ordinary run tries one in so many. Each moment and each distance
/// between two is among them; `SIMULATE_WORLDS` tries all.
const SHARE: u64 = 3;

/// Tells the story; the program dies at these points, counted from the start.
fn tell(users: usize, lag: u32, dies_at: &[u64]) -> (People, u64, u64) {
    let mut world = story(lag);
    world.dies_at = dies_at.to_vec();
    let mut house = House::new(world, users, Kind::Memory);
    for hours in [0, 1, 5, 30] {
        pass_time(HOUR * hours);
        house.passes(&[tenant()]);
        house.passes(&[tenant()]);
    }
    house.world().dies_at.clear();
    let points = house.world().tally.points;
    house.settle();
    let world = house.world();
    let tally = verdict(&world)
        .unwrap_or_else(|wrong| panic!("dies at {dies_at:?}, {users} users, lag {lag}\n{wrong}"));
    let people = world.customers[&tenant()].people.iter();
    let people = people
        .map(|(user, person)| {
            (user.clone(), (*person.calling.truth(), person.stored.truth().clone()))
        })
        .collect();
    (people, points, tally.crashes)
}

#[test]
fn a_death_at_any_point_changes_nothing_in_the_end() {
    for (users, lag) in [(1, 0), (3, 0), (1, 90), (3, 90), (3, 2000)] {
        let (whole, points, _) = tell(users, lag, &[]);
        assert!(points > 30, "{points}");
        for first in 1..=points {
            let (people, _, deaths) = tell(users, lag, &[first]);
            assert_eq!(people, whole, "dies at {first}, {users} users, lag {lag}");
            assert_eq!(deaths, 1, "{first} of {points}");
        }
    }
}

#[test]
fn nor_do_two_deaths() {
    let (whole, points, _) = tell(2, 0, &[]);
    let share = if super::number("SIMULATE_WORLDS").is_some() { 1 } else { SHARE };
    for first in 1..=points {
        for later in (1..=24).filter(|later| (first + later) % share == 0) {
            let (people, ..) = tell(2, 0, &[first, first + later]);
            assert_eq!(people, whole, "dies at {first} and {later} later");
        }
    }
}
