//! The program in the made-up world: passes as the service makes them, deaths, and the end, when
//! all must be well.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use dialplane::{
    config::Execution,
    execute::{Executor, SyncOutcome},
    manifest::InForce,
    model::{
        Calling, Consent, Desired, DesiredTenant, Field, Mode, Prune, RunId, TenantName, Upn, Value,
    },
    pass::{PassResult, SharedFleet, TenantPass},
    plan::{HoldKind, ProblemKind, Step, TenantPlan},
    ports::JournalError,
};
use futures_util::future::join_all;

use super::{
    disk::{Disk, Kind},
    operator,
    ports::Service,
    time::{HOUR, MINUTE, pass_time},
    world::{Tally, World},
};
use crate::properties::world::is_as_wanted;

/// Passes over the whole fleet until it must be quiet: numbers can go from hand to hand, one pass
/// each.
const ROUNDS: usize = 16;

pub(super) struct House {
    service: Service,
    disk: Disk,
    /// All tenants, as the program knows them.
    fleet: SharedFleet,
    plans: BTreeMap<TenantName, TenantPlan>,
    users: usize,
    runs: u32,
}

impl House {
    pub(super) fn new(world: World, users: usize, kind: Kind) -> Self {
        let service = Service(Arc::new(Mutex::new(world)));
        let disk = Disk::new(&service, kind);
        let fleet = SharedFleet::new(&Execution::default());
        Self { service, disk, fleet, plans: BTreeMap::new(), users, runs: 0 }
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.service.world()
    }

    /// The program starts anew and knows what the disk holds.
    fn restart(&mut self) {
        let killed = self.world().dead;
        {
            let world = &mut *self.world();
            world.dead = false;
            world.flights.clear();
            world.newer.clear();
            world.stop = tokio_util::sync::CancellationToken::new();
            world.say("START");
        }
        self.disk.reopen(killed);
        self.fleet = SharedFleet::new(&Execution::default());
        self.plans.clear();
    }

    /// A pass of each of these tenants, side by side.
    pub(super) fn passes(&mut self, tenants: &[TenantName]) {
        self.runs += 1;
        self.world().newer.clear();
        let tenants_in_force = self.world().desired.clone();
        self.fleet.take(&InForce {
            desired: Desired { tenants: tenants_in_force },
            ..InForce::default()
        });
        let mut passes = Vec::new();
        for tenant in tenants {
            let run = RunId::new(&format!("r{}-{tenant}", self.runs));
            let desired = Arc::clone(&self.world().desired[tenant]);
            self.world().tally.passes += 1;
            self.world().say(format_args!("PASS {run} of {tenant}, {:?}", desired.mode));
            self.world().judge.begins(run.clone(), &desired);
            passes.push(self.pass(desired, run));
        }
        let ended = {
            let mut all = pin!(join_all(passes));
            let mut context = Context::from_waker(Waker::noop());
            let mut polls = 0;
            loop {
                if let Poll::Ready(ended) = all.as_mut().poll(&mut context) {
                    break Some(ended);
                }
                if self.world().dead {
                    break None;
                }
                polls += 1;
                assert!(polls < 100_000, "a pass does not end");
            }
        };
        for (tenant, passed) in ended.into_iter().flatten() {
            let PassResult { plan, report, .. } = match passed {
                Ok(passed) => passed,
                Err(JournalError::Away { .. }) => continue,
                Err(error) => panic!("nobody else has the lease: {error}"),
            };
            let held = |kind| {
                plan.steps
                    .iter()
                    .flat_map(|step| &step.holds)
                    .filter(|hold| hold.kind == kind)
                    .count() as u64
            };
            {
                let tally = &mut self.world().tally;
                tally.flaps += held(HoldKind::Flap);
                tally.waits += u64::from(matches!(report.sync, SyncOutcome::Waits(_)));
            }
            self.plans.insert(tenant, plan);
        }
        let ends = {
            let world = self.world();
            world.dead || world.stop.is_cancelled() || world.disk_full
        };
        if ends {
            self.restart();
        }
    }

    async fn pass(
        &self,
        desired: Arc<DesiredTenant>,
        run: RunId,
    ) -> (TenantName, Result<PassResult, JournalError>) {
        let stop = self.world().stop.clone();
        let newer = self.world().newer(&desired.name);
        let name = desired.name.clone();
        let users = self.users.try_into().unwrap();
        let pass = TenantPass {
            reader: &self.service,
            executor: Executor {
                provisioner: &self.service,
                journal: &self.disk,
                users,
                sync_settings: 0,
                revision: None,
                by: None,
                part_of: None,
                stop,
                newer,
            },
            tenant: &desired.into(),
            first_look: None,
            fleet: &self.fleet,
            switch: None,
            run,
        };
        (name, pass.go(&|_| {}).await)
    }

    /// Nothing goes wrong any more, everything has become visible: the program must come to rest,
    /// and all must be well.
    pub(super) fn settle(&mut self) {
        self.restart();
        let tenants: Vec<TenantName> = self.world().desired.keys().cloned().collect();
        if self.world().judge.timeless {
            // What is dated by a clock that ran ahead must be past.
            pass_time(HOUR * 80);
        }
        // A number with nobody in sight is taken only when every tenant was looked at since the
        // start: at once, and again when what others did has become visible. Otherwise the last
        // tenant's look could free a number for the first one, a round too late.
        for wait in [Duration::ZERO, HOUR * 33] {
            pass_time(wait);
            for tenant in &tenants {
                self.passes(std::slice::from_ref(tenant));
            }
        }
        let mut quiet = 0;
        for round in 0..ROUNDS {
            pass_time(HOUR * 33);
            let before = self.done();
            for tenant in &tenants {
                self.passes(std::slice::from_ref(tenant));
            }
            self.world().judge.must_succeed = true;
            if self.done() == before {
                quiet += 1;
            } else {
                self.world().judge.check(quiet == 0, || {
                    format!("round {round} was not quiet, and the one before it was")
                });
                quiet = 0;
            }
            if quiet == 3 {
                break;
            }
        }
        self.world().judge.check(quiet == 3, || "it does not come to rest".to_owned());
        self.all_is_well();
        self.disk.prove();
    }

    fn done(&self) -> (u64, usize) {
        let world = self.world();
        (world.tally.calls, world.durable.len())
    }

    fn all_is_well(&self) {
        let world = &mut *self.world();
        let mut broken = Vec::new();
        for (name, customer) in &world.customers {
            let (desired, plan) = (&world.desired[name], &self.plans[name]);
            if desired.mode != Mode::Enforce || customer.consent != Consent::Granted {
                continue;
            }
            if customer.unsynced {
                broken.push(format!("{name}: A SYNC WAS LOST"));
            }
            let told = |user: &Upn| {
                let held =
                    plan.steps.iter().any(|step| step.user == *user && !step.holds.is_empty());
                held || plan.remarks.problems.iter().any(|problem| problem.user == *user)
            };
            for wish in desired.users.values() {
                let user = &wish.upn;
                if is_right(world, name, user) {
                    continue;
                }
                // What is changed back before a list shows it looks like a call without effect.
                let in_vain = world.changed_back.get(user).is_some_and(|times| *times >= 3)
                    && plan.remarks.problems.iter().any(|problem| {
                        problem.user == *user && matches!(problem.kind, ProblemKind::NoEffect(_))
                    });
                if in_vain {
                    continue;
                }
                match blocker(world, name, user) {
                    None => broken.push(format!(
                        "{user} is not as wanted, and nothing keeps it from that: {wish:?}\n  {:?}",
                        customer.people[user]
                    )),
                    Some(blocker) if !told(user) => {
                        broken.push(format!("nobody was told of {user}: {blocker}"));
                    }
                    Some(_) => {}
                }
            }
            if desired.prune == Prune::Disable && !over_limit(world, name) {
                let stays = |user: &&Upn| {
                    let person = &customer.people[*user];
                    let enabled = *person.calling.truth() == Calling::Enabled && !person.hidden;
                    let doubtful =
                        [HoldKind::EmptyDesired, HoldKind::Quarantined, HoldKind::Renamed];
                    let doubtful =
                        |step: &Step| step.holds.iter().any(|hold| doubtful.contains(&hold.kind));
                    let held = plan.steps.iter().any(|step| step.user == **user && doubtful(step));
                    enabled
                        && !held
                        && !user.is_platform_account()
                        && !desired.protect.users.contains(*user)
                };
                let unnamed =
                    customer.people.keys().filter(|user| !desired.users.contains_key(user));
                broken.extend(
                    unnamed
                        .filter(stays)
                        .map(|user| format!("{user} is not named and was not pruned")),
                );
            }
        }
        for person in world.customers.values().flat_map(|customer| customer.people.values()) {
            let number = person.stored.truth().phone();
            let holders = world.customers.values().flat_map(|customer| customer.people.values());
            let holders = holders
                .filter(|other| number.is_some() && other.stored.truth().phone() == number)
                .count();
            if holders > 1 {
                broken.push(format!("{number:?} is held by {holders}"));
            }
        }
        world.judge.broken.extend(broken);
    }
}

fn is_right(world: &World, tenant: &TenantName, user: &Upn) -> bool {
    let person = &world.customers[tenant].people[user];
    let wish = world.desired[tenant].users.get(user);
    wish.is_none_or(|wish| is_as_wanted(wish, *person.calling.truth(), person.stored.truth()))
}

/// More people are to lose calling than may.
fn over_limit(world: &World, tenant: &TenantName) -> bool {
    let desired = &world.desired[tenant];
    let enabled = world.customers[tenant].people.iter().filter(|(user, person)| {
        !person.hidden && *person.calling.truth() == Calling::Enabled && !user.is_platform_account()
    });
    let (mut all, mut leave) = (0, 0);
    for (user, _) in enabled {
        all += 1;
        let wanted = desired.users.get(user).map(|wish| wish.calling);
        let leaves = wanted == Some(Calling::Disabled)
            || wanted.is_none() && desired.prune == Prune::Disable;
        leave += usize::from(leaves && !desired.protect.users.contains(user));
    }
    leave > desired.limits.disable.allows(all)
}

/// What keeps a user of an enforced tenant from being as wanted, told from the world alone.
fn blocker(world: &World, tenant: &TenantName, user: &Upn) -> Option<String> {
    let (desired, person) = (&world.desired[tenant], &world.customers[tenant].people[user]);
    let wish = desired.users.get(user).unwrap();
    if person.hidden {
        return Some("hidden".to_owned());
    }
    if wish.calling == Calling::Disabled && *person.calling.truth() == Calling::Enabled {
        let why = [
            (desired.protect.users.contains(user), "protected"),
            (over_limit(world, tenant), "limit"),
        ];
        return why.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why.to_owned());
    }
    if [&wish.details, person.stored.truth()]
        .iter()
        .all(|details| details.get(Field::SbcGatewayId).is_none())
    {
        return Some("no gateway".to_owned());
    }
    let number = wish.details.phone()?;
    let suspended = |other: &DesiredTenant| other.name != *tenant && other.mode == Mode::Suspend;
    if world.holder(number).is_none() && world.desired.values().any(|other| suspended(other)) {
        return Some("a suspended tenant may hold the number".to_owned());
    }
    let (other, holder) = world.holder(number).filter(|(_, holder)| *holder != user)?;
    let gives_up = world.desired[other].users.get(holder).is_some_and(|wish| {
        match wish.details.get(Field::PhoneNumber) {
            Some(Value::NoPhone) => true,
            number => number.is_some() && wish.calling == Calling::Enabled,
        }
    });
    // Whether the holder rightly keeps what it is to give up is asked of the holder.
    let able = world.desired[other].mode == Mode::Enforce
        && world.customers[other].consent == Consent::Granted;
    (!gives_up || !able || !is_right(world, other, holder))
        .then(|| format!("the number is held by {holder}"))
}

/// One world from its beginning to its end. `Err` says what went wrong, and how it came to that.
pub(super) fn live(seed: u64, kind: Kind) -> Result<Tally, String> {
    let users = [1, 2, 4][usize::try_from(seed % 3).unwrap()];
    let mut house = House::new(operator::draw(seed), users, kind);
    let passes = if operator::is_long(seed) { 16..40 } else { 2..12 };
    let passes = house.world().rng.usize(passes);
    for _ in 0..passes {
        let tenants: Vec<TenantName> = {
            let world = &mut *house.world();
            let wait = match world.rng.u8(0..8) {
                0..2 => MINUTE / 60 * world.rng.u32(5..300),
                2..5 => MINUTE * world.rng.u32(1..30),
                5..7 => MINUTE * world.rng.u32(30..300),
                _ if operator::is_long(seed) => HOUR,
                _ => HOUR * world.rng.u32(5..30),
            };
            pass_time(wait + Duration::from_millis(world.rng.u64(0..1000)));
            let edits =
                if operator::is_long(seed) { world.rng.u8(0..8) / 7 } else { world.rng.u8(0..3) };
            for _ in 0..edits {
                operator::edit(world);
            }
            let which = world.rng.u8(1..4);
            let chosen = world.desired.keys().enumerate().filter(|(n, _)| which & (1 << n) != 0);
            chosen.map(|(_, tenant)| tenant.clone()).collect()
        };
        house.passes(&tenants);
    }
    operator::calm_down(&mut house.world());
    house.settle();
    let world = &*house.world();
    verdict(world).map_err(|wrong| format!("seed {seed}, {kind:?}\n{wrong}"))
}

pub(super) fn verdict(world: &World) -> Result<Tally, String> {
    if world.judge.broken.is_empty() {
        return Ok(world.tally);
    }
    Err(format!("{}\n\nwhat happened:\n{}", world.judge.broken.join("\n"), world.log.join("\n")))
}
