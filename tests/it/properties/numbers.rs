//! Fleets whose numbers are shuffled at random: up to 200 users in 5 tenants, holders who are
//! disabled, unmanaged or elsewhere.
//!
//! **Invariant:** the service never has to refuse a number, no number is lost, nobody is left
//! parked, and whatever does not end as wanted is held for a blocker that is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use dialplane::{
    config::Execution,
    execute::Executor,
    journal::VolatileJournal,
    manifest::InForce,
    model::{
        Adopt, Calling, Consent, Desired, DesiredTenant, Details, Field, Limit, Limits, PerHour,
        PhoneNumber, Release, RunId, Upn, Value,
    },
    pass,
    plan::{HoldKind, Plan},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    model::{Customer, Model, Person},
    world::upn_of,
};
use crate::support::{desired_tenant, desired_user, gateway, text, under_leases};

fn nth(n: usize) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1425{n:07}"), None).unwrap()
}

fn parking(tenant: usize, n: usize) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1999{tenant:03}{n:04}"), None).unwrap()
}

/// A fleet and the service that it is to change.
fn draw(seed: u64) -> (InForce, Model) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (tenants, users) = (rng.usize(1..6), rng.usize(2..200));
    let count = users + rng.usize(0..20);
    let (mut held, mut wanted): (Vec<usize>, Vec<usize>) =
        ((0..count).collect(), (0..count).collect());
    rng.shuffle(&mut held);
    rng.shuffle(&mut wanted);
    // In some fleets numbers stay in their tenant, so that all of them can move at once.
    let at_home = rng.bool();
    if at_home {
        wanted.clone_from(&held);
        for tenant in 0..tenants {
            let mine: Vec<usize> = (0..users).filter(|user| user % tenants == tenant).collect();
            let mut shuffled = mine.clone();
            rng.shuffle(&mut shuffled);
            mine.iter().zip(&shuffled).for_each(|(to, from)| wanted[*to] = held[*from]);
        }
    }
    let mut desired = BTreeMap::new();
    let mut customers = BTreeMap::new();
    for t in 0..tenants {
        let mut wishes = Vec::new();
        let mut people = BTreeMap::new();
        for user in (0..users).filter(|user| user % tenants == t) {
            let upn = upn_of(t, user);
            let odd = if at_home { 0 } else { rng.u8(0..20) };
            let holds = if odd == 1 { Value::NoPhone } else { Value::Phone(nth(held[user])) };
            let stored: Details =
                [(Field::PhoneNumber, holds), (Field::SbcGatewayId, gateway(805))]
                    .into_iter()
                    .collect();
            let calling = if odd == 2 { Calling::Disabled } else { Calling::Enabled };
            people.insert(upn.clone(), Person { calling, stored, hidden: false, unclear: false });
            let wants = if odd == 3 { Value::NoPhone } else { Value::Phone(nth(wanted[user])) };
            let details: Details =
                [(Field::PhoneNumber, wants), (Field::SbcGatewayId, gateway(805))]
                    .into_iter()
                    .collect();
            if odd != 4 {
                wishes.push(desired_user(upn, calling, details));
            }
        }
        let all = Limit { percent: 100, count: 1000, floor: 0 };
        let tenant = DesiredTenant {
            adopt: Adopt::Named,
            limits: Limits { disable: all, numbers: all, changes: all },
            release: [Release::Manual, Release::Clear, Release::Park][rng.usize(0..3)],
            parking: (0..rng.usize(0..3)).map(|n| parking(t, n)).collect(),
            ..desired_tenant(t, wishes)
        };
        let sees = Field::ALL.into_iter().collect();
        let customer =
            Customer { consent: Consent::Granted, suspect: false, unreadable: false, sees, people };
        customers.insert(tenant.name.clone(), customer);
        desired.insert(tenant.name.clone(), Arc::new(tenant));
    }
    let model = Model {
        customers: Mutex::new(customers),
        shown: Mutex::default(),
        log: Mutex::default(),
        refused: Mutex::default(),
    };
    (InForce { desired: Desired { tenants: desired }, ..InForce::default() }, model)
}

async fn plan(in_force: &InForce, model: &Model, journal: &VolatileJournal) -> Plan {
    let observed = pass::observe(model, in_force.desired.tenants.values(), 4, |_| {}).await;
    let per_hour = PerHour { disable: 9999, numbers: 9999, changes: 9999 };
    // Runs follow each other at once.
    let execution = Execution { sync_spacing: Duration::ZERO, per_hour, ..Execution::default() };
    pass::decide(
        in_force,
        &observed,
        |tenant| journal.remembered(tenant),
        Timestamp::now(),
        &execution,
    )
}

async fn apply(plan: &Plan, model: &Model, journal: &VolatileJournal) {
    let (stop, newer) = (CancellationToken::new(), CancellationToken::new());
    let executor = Executor {
        provisioner: model,
        journal,
        users: 4.try_into().unwrap(),
        sync_settings: 0,
        revision: None,
        by: None,
        part_of: None,
        stop,
        newer,
    };
    let (plan, leases) = under_leases(journal, plan).await;
    pass::carry_out(
        &plan,
        leases,
        &executor,
        3,
        |name| RunId::new(&format!("run-{name}")),
        &|_, _| {},
    )
    .await;
}

/// Everybody by the number that they hold.
fn holders(model: &Model) -> BTreeMap<PhoneNumber, Upn> {
    let customers = model.customers.lock().unwrap();
    let people = customers.values().flat_map(|customer| &customer.people);
    people.filter_map(|(upn, person)| Some((person.stored.phone()?.clone(), upn.clone()))).collect()
}

/// Everything is as wanted, or held for a blocker that is there.
fn judge(seed: u64, in_force: &InForce, model: &Model, last: &Plan) {
    let holders = holders(model);
    for (tenant, plan) in in_force.desired.tenants.values().zip(&last.tenants) {
        for wish in tenant.users.values().filter(|wish| wish.calling == Calling::Enabled) {
            let person = model.person(&wish.upn).unwrap();
            let has = person.stored.phone();
            let parked = has.is_some_and(|number| tenant.parking.contains(number));
            let given_up = wish.details.phone().is_none()
                && (has.is_none() || parked && tenant.release == Release::Park);
            if given_up || wish.details.phone().is_some() && has == wish.details.phone() {
                continue;
            }
            let holds: Vec<_> = plan
                .steps
                .iter()
                .filter(|step| step.user == wish.upn)
                .flat_map(|step| &step.holds)
                .collect();
            assert!(
                !holds.is_empty(),
                "seed {seed}: {} is not as wanted and not held\n{}",
                wish.upn,
                text(last)
            );
            assert!(
                !parked || wish.details.phone().is_none(),
                "seed {seed}: {} was left parked",
                wish.upn
            );
            for hold in holds.iter().filter(|hold| hold.kind == HoldKind::NumberTaken) {
                let holder = wish.details.phone().and_then(|number| holders.get(number));
                let names_it = holder.is_some_and(|holder| hold.reason.contains(holder.as_str()));
                assert!(
                    names_it,
                    "seed {seed}: {} blames {}, and it is {holder:?}",
                    wish.upn, hold.reason
                );
            }
        }
        let left = tenant.parking.iter().filter(|place| holders.contains_key(*place)).count();
        assert!(
            left == 0 || tenant.release == Release::Park,
            "seed {seed}: a parking number of {} is held",
            tenant.name
        );
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn shuffled_numbers_end_where_they_are_wanted_or_are_held_for_a_true_reason() {
    let seeds =
        std::env::var("NUMBER_FLEETS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let (mut swaps, mut held) = (0, 0);
    for seed in 0..seeds {
        block_on(async {
            let (in_force, model) = draw(seed);
            let journal = VolatileJournal::default();
            let before: BTreeSet<PhoneNumber> = holders(&model).into_keys().collect();
            let mut last = plan(&in_force, &model, &journal).await;
            swaps += last
                .tenants
                .iter()
                .flat_map(|tenant| &tenant.steps)
                .filter(|step| step.cause == dialplane::plan::Cause::Parking)
                .count();
            // Between tenants a number takes a run each; hardly any goes through more hands than
            // there are tenants.
            for _ in 0..60 {
                apply(&last, &model, &journal).await;
                assert_eq!(
                    model.refused.lock().unwrap().as_slice(),
                    crate::support::NOTHING,
                    "seed {seed}\n{}",
                    text(&last)
                );
                let next = plan(&in_force, &model, &journal).await;
                let rests = next.tenants.iter().all(|tenant| !tenant.writes());
                last = next;
                if rests {
                    break;
                }
            }
            assert!(
                last.tenants.iter().all(|tenant| !tenant.writes()),
                "seed {seed}: it does not come to rest\n{}",
                text(&last)
            );
            judge(seed, &in_force, &model, &last);
            // Whoever gave a number up left it to somebody, or nobody wants it.
            let after = holders(&model);
            let wanted = |number: &PhoneNumber| {
                let users =
                    in_force.desired.tenants.values().flat_map(|tenant| tenant.users.values());
                users
                    .filter(|user| user.calling == Calling::Enabled)
                    .any(|user| user.details.phone() == Some(number))
            };
            let lost = before.iter().find(|number| !after.contains_key(*number) && wanted(number));
            if let Some(number) = lost {
                let taker = last.tenants.iter().flat_map(|tenant| &tenant.steps).find(|step| {
                    step.changes
                        .iter()
                        .any(|change| change.desired == Value::Phone((*number).clone()))
                        && !step.holds.is_empty()
                });
                assert!(
                    taker.is_some(),
                    "seed {seed}: {number} is with nobody, and nobody is told why"
                );
            }
            held += last
                .tenants
                .iter()
                .flat_map(|tenant| &tenant.steps)
                .filter(|step| !step.holds.is_empty())
                .count();
        });
    }
    assert!(
        swaps > 0 && held > 0,
        "{swaps} rings were opened, {held} steps were held: the fleets are too tame"
    );
}
