//! Reader and writer over the made-up world. Each call has an instant before and one after it at
//! which the program can die; who is dead never goes on.

use std::{
    future::{pending, poll_fn},
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
};

use dialplane::{
    model::{Call, Consent, Coverage, Fault, FaultKind, LiveTenant, TenantRef},
    ports::{LiveReader, Permit, Provisioner},
};

use super::{
    operator,
    time::{HOUR, MINUTE, now},
    world::World,
};
use crate::support::live_tenant;

/// The world as the program meets it.
#[derive(Clone)]
pub(super) struct Service(pub(super) Arc<Mutex<World>>);

impl Service {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Others may come first; then the instant itself.
    pub(super) async fn point(&self, what: &str) {
        let others = if self.world().calm { 0 } else { self.world().rng.u8(0..3) };
        for _ in 0..others {
            let mut waited = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        if !self.world().dead {
            self.world().point(what);
        }
        if self.world().dead {
            pending::<()>().await;
        }
    }
}

impl LiveReader for Service {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        self.point("before a list").await;
        let world = &mut *self.world();
        if let (_, Some(kind)) = world.fate() {
            world.say(format_args!("{}: no list: {kind:?}", tenant.name));
            return Err(Fault::new(kind, "made up"));
        }
        let mut at = now();
        if world.chance(world.temper.stale) {
            at = at - MINUTE * world.rng.u32(1..60) - HOUR * world.rng.u32(0..6);
        }
        let customer = &world.customers[&tenant.name];
        let mut live = LiveTenant {
            consent: customer.consent.clone(),
            sees: customer.sees.clone(),
            ..live_tenant(customer.list(at))
        };
        if world.chance(world.temper.short) {
            live.coverage = Coverage::Suspect("the list is short".to_owned());
            let keep = world.rng.u8(0..4);
            live.users.retain(|_| world.rng.u8(0..4) < keep);
        }
        let calling =
            |user: &dialplane::model::LiveUser| format!("{} {:?}", user.upn, user.calling);
        let users: Vec<String> = live.users.values().map(calling).collect();
        let what = (at, &live.consent, &live.coverage, users.join(", "));
        world.say(format_args!(
            "{}: list of {}: {:?}, {:?}: {}",
            tenant.name, what.0, what.1, what.2, what.3
        ));
        world.judge.observed(&tenant.name, &live);
        operator::insist(world);
        Ok(live)
    }
}

impl Provisioner for Service {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        self.point("before consent is asked").await;
        let world = &mut *self.world();
        if let (_, Some(kind)) = world.fate() {
            world.say(format_args!("{}: no consent answer: {kind:?}", tenant.name));
            return Err(Fault::new(kind, "made up"));
        }
        let consent = world.customers[&tenant.name].consent.clone();
        world.judge.asked(&tenant.name, &consent);
        Ok(consent)
    }
    async fn send(&self, tenant: &TenantRef, call: &Call, _: &Permit) -> Result<(), Fault> {
        let name = &tenant.name;
        let (flight, (done, answer)) = {
            let world = &mut *self.world();
            world.tally.calls += 1;
            world.say(format_args!("{name}: {call}{}", carried(call)));
            world.judge.sends(name, call);
            let flight = world.tally.calls;
            let fate = world.fate();
            if fate.0 {
                world.flights.insert(flight, (name.clone(), call.clone()));
            }
            (flight, fate)
        };
        self.point(&format!("before {call} is handled")).await;
        let answer = {
            let world = &mut *self.world();
            world.flights.remove(&flight);
            let refusal = if done { world.handle(name, call).err() } else { None };
            let answer = answer.or(refusal.is_some().then_some(FaultKind::Rejected));
            if let (false, Some(FaultKind::NoAnswer | FaultKind::Server | FaultKind::Garbled)) =
                (done, answer)
            {
                world.stray(name, call);
            }
            if let Some(kind) = answer {
                world.say(format_args!("  answer to {call}: {kind:?}"));
                world.tally.lost += 1;
                let calm = world.calm && world.judge.must_succeed;
                world.judge.check(!calm, || {
                    format!("{call} was refused although nothing goes wrong: {refusal:?}")
                });
            }
            answer
        };
        self.point(&format!("after {call}, before its answer")).await;
        answer.map_or(Ok(()), |kind| Err(Fault::new(kind, "made up")))
    }
}

/// What an update carries, for the log.
fn carried(call: &Call) -> String {
    let Call::Update(update) = call else { return String::new() };
    let pairs: Vec<String> =
        update.details().iter().map(|(field, value)| format!("{field}={value}")).collect();
    format!(" {}", pairs.join(" "))
}
