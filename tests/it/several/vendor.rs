//! The service of the vendor: it shows late what it was told, loses answers, and remembers who sent
//! what.

use std::collections::BTreeMap;

use dialplane::{
    model::{
        Call, Calling, Consent, Fault, FaultKind, Field, LiveTenant, ObservedValue, TenantName,
        TenantRef, Upn,
    },
    ports::{LiveReader, Permit, Provisioner},
};
use fastrand::Rng;

use super::machine::Hands;
use crate::support::{gateway, live_calling, live_tenant, live_user, upn};

/// Users of a tenant.
pub(super) const USERS: usize = 3;
/// How late a change is shown, at most, in seconds.
const LAG: i64 = 200;

/// A change of somebody's calling.
#[derive(Debug, Clone, Copy)]
struct Change {
    shown_at: i64,
    is_on: bool,
}

/// A call that was accepted, or may have been.
#[derive(Debug, Clone, Copy)]
struct Sent {
    /// What had happened before.
    event: u64,
    shown_at: i64,
}

#[derive(Debug, Default)]
pub(super) struct Vendor {
    changes: BTreeMap<(TenantName, Upn), Vec<Change>>,
    sent: BTreeMap<(TenantName, Upn), Vec<Sent>>,
    events: u64,
}

pub(super) fn user(tenant: &TenantName, number: usize) -> Upn {
    upn(&format!("user{number}@{tenant}.example"))
}

impl Vendor {
    pub(super) fn sent(&self) -> usize {
        self.sent.values().map(Vec::len).sum()
    }

    fn is_on(&self, tenant: &TenantName, user: &Upn, now: i64) -> bool {
        let changes = self.changes.get(&(tenant.clone(), user.clone()));
        let shown = changes.into_iter().flatten().rfind(|change| change.shown_at <= now);
        shown.is_some_and(|change| change.is_on)
    }

    /// Somebody else switches a user off, where nobody has just been told otherwise.
    pub(super) fn switch_off(&mut self, rng: &mut Rng, now: i64) {
        let mut all: Vec<_> = self.changes.iter_mut().collect();
        if all.is_empty() {
            return;
        }
        let number = rng.usize(0..all.len());
        let (_, changes) = &mut all[number];
        if changes.last().is_some_and(|last| last.is_on && last.shown_at <= now) {
            changes.push(Change { shown_at: now, is_on: false });
        }
    }
}

impl LiveReader for Hands {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        self.point().await;
        let base = self.base.clone();
        let world = &mut *base.world();
        world.vendor.events += 1;
        self.looked(&tenant.name, world.vendor.events);
        let now = world.now;
        let users = (0..USERS).map(|number| {
            let upn = user(&tenant.name, number);
            let on = world.vendor.is_on(&tenant.name, &upn, now);
            let calling = if on { Calling::Enabled } else { Calling::Disabled };
            let gateway = [(Field::SbcGatewayId, ObservedValue::Set(gateway(805)))];
            live_user(upn, live_calling(calling, false), gateway)
        });
        Ok(live_tenant(users))
    }
}

impl Provisioner for Hands {
    async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
        self.point().await;
        Ok(Consent::Granted)
    }

    async fn send(&self, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
        self.point().await;
        permit.check()?;
        let is_lost = {
            let base = self.base.clone();
            let world = &mut *base.world();
            world.vendor.events += 1;
            let is_lost = world.rng.u8(0..20) == 0;
            if let (Call::Enable(_), Some(user)) = (call, call.user()) {
                let key = (tenant.name.clone(), user.clone());
                let event = world.vendor.events;
                let lag = world.rng.i64(0..LAG);
                let shown_at = world.now + lag;
                world.say(format_args!("{} enables {user}, shown after {lag}", self.who()));
                let looked = self.when_looked(&tenant.name);
                let before = world.vendor.sent.get(&key).and_then(|sent| sent.last()).copied();
                if let Some(before) = before {
                    let unseen = before.event > looked || before.shown_at > world.now;
                    if unseen {
                        let wrong = format!("{user} was enabled twice without a look between");
                        world.wrong.push(wrong);
                    }
                }
                world.vendor.sent.entry(key.clone()).or_default().push(Sent { event, shown_at });
                let change = Change { shown_at, is_on: true };
                world.vendor.changes.entry(key).or_default().push(change);
            }
            is_lost
        };
        self.point().await;
        if is_lost { Err(Fault::new(FaultKind::NoAnswer, "made up")) } else { Ok(()) }
    }
}
