//! Which tenant is looked at when.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::At;
use crate::model::TenantName;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between passes of a tenant that is right or held.
    pub resync: Duration,
    /// After the first failure.
    pub backoff: Duration,
    /// After many.
    pub backoff_ceiling: Duration,
}

impl Timing {
    /// The wait after so many failures: doubled with each, up to the ceiling.
    #[must_use]
    pub fn after(&self, failures: u32) -> Duration {
        let factor = 2u32.checked_pow(failures.saturating_sub(1));
        factor
            .and_then(|factor| self.backoff.checked_mul(factor))
            .map_or(self.backoff_ceiling, |wait| wait.min(self.backoff_ceiling))
    }
}

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything that may be done is done.
    Done,
    /// Something is held; waiting helps, hurrying does not.
    Held,
    /// Something failed.
    Failed,
    /// Everything is done but the sync, which may be sent after this time.
    Waits(Duration),
}

/// What a tenant is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A pass runs.
    Running,
    /// The next pass is due then.
    Waiting(At),
}

#[derive(Debug, Clone)]
struct ScheduledTenant {
    due: At,
    running: bool,
    /// Something changed while a pass ran.
    again: bool,
    failures: u32,
    /// The manifests no longer name it; forgotten when its pass ends.
    leaving: bool,
}

/// All tenants and their next passes.
#[derive(Debug, Clone)]
pub struct Schedule {
    timing: Timing,
    tenants: BTreeMap<TenantName, ScheduledTenant>,
    /// Those that go before others that are due as well.
    first: BTreeSet<TenantName>,
    /// Those whose phase may have changed since [`Schedule::changes`] was asked.
    changed: BTreeSet<TenantName>,
}

impl Schedule {
    /// Nobody yet.
    #[must_use]
    pub fn new(timing: Timing) -> Self {
        Self { timing, tenants: BTreeMap::new(), first: BTreeSet::new(), changed: BTreeSet::new() }
    }

    /// Waits differently from now on. What is due then stays due then.
    pub fn follow(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// The manifests now name `all`; those in `changed` are looked at at once and their failures
    /// are forgotten.
    pub fn desired(&mut self, all: &BTreeSet<TenantName>, changed: &BTreeSet<TenantName>, now: At) {
        self.tenants.retain(|name, tenant| {
            tenant.leaving = !all.contains(name);
            if tenant.leaving {
                self.changed.insert(name.clone());
            }
            tenant.running || !tenant.leaving
        });
        for name in all {
            if changed.contains(name) || !self.tenants.contains_key(name) {
                self.changed.insert(name.clone());
            }
            let new = ScheduledTenant {
                due: now,
                running: false,
                again: false,
                failures: 0,
                leaving: false,
            };
            let tenant = self.tenants.entry(name.clone()).or_insert(new);
            if changed.contains(name) {
                tenant.due = now;
                tenant.failures = 0;
                tenant.again = tenant.running;
            }
        }
    }

    /// A tenant with a debt goes before others that are due as well, once.
    pub fn put_first(&mut self, name: &TenantName) {
        self.first.insert(name.clone());
    }

    /// Starts what is due, debts first, then the longest waiting, so at most `slots` passes
    /// run.
    pub fn ready(&mut self, now: At, slots: usize) -> Vec<TenantName> {
        let running = self.tenants.values().filter(|tenant| tenant.running).count();
        let mut due: Vec<(bool, At, TenantName)> = self
            .tenants
            .iter()
            .filter(|(_, tenant)| !tenant.running && tenant.due <= now)
            .map(|(name, tenant)| (!self.first.contains(name), tenant.due, name.clone()))
            .collect();
        due.sort();
        due.truncate(slots.saturating_sub(running));
        for (.., name) in &due {
            if let Some(tenant) = self.tenants.get_mut(name) {
                tenant.running = true;
            }
            self.changed.insert(name.clone());
            self.first.remove(name);
        }
        due.into_iter().map(|(.., name)| name).collect()
    }

    /// A pass that was to start could not: it is due again then.
    pub fn postpone(&mut self, name: &TenantName, until: At) {
        if let Some(tenant) = self.tenants.get_mut(name) {
            tenant.running = false;
            tenant.due = until;
            self.changed.insert(name.clone());
        }
    }

    /// Something has changed that this tenant waits for: it is looked at at once, or again if a
    /// pass runs.
    pub fn news(&mut self, name: &TenantName, now: At) {
        if let Some(tenant) = self.tenants.get_mut(name) {
            tenant.due = tenant.due.min(now);
            tenant.again |= tenant.running;
            self.changed.insert(name.clone());
        }
    }

    /// A pass has ended.
    pub fn finished(&mut self, name: &TenantName, ending: Ending, now: At) {
        let timing = self.timing;
        let Some(tenant) = self.tenants.get_mut(name) else { return };
        self.changed.insert(name.clone());
        tenant.running = false;
        if tenant.leaving {
            self.tenants.remove(name);
            return;
        }
        tenant.failures =
            if ending == Ending::Failed { tenant.failures.saturating_add(1) } else { 0 };
        let wait = match ending {
            Ending::Failed => timing.after(tenant.failures),
            Ending::Waits(wait) => wait.min(timing.resync),
            Ending::Done | Ending::Held => timing.resync + jitter(name, timing.resync),
        };
        tenant.due = if std::mem::take(&mut tenant.again) { now } else { now + wait };
    }

    /// What the last pass held may run then: the next one is not later.
    pub fn bring_forward(&mut self, name: &TenantName, at: At) {
        if let Some(tenant) = self.tenants.get_mut(name).filter(|tenant| !tenant.running) {
            tenant.due = tenant.due.min(at);
            self.changed.insert(name.clone());
        }
    }

    /// When the next pass is due, if `slots` leave room for one.
    #[must_use]
    pub fn next(&self, slots: usize) -> Option<At> {
        let running = self.tenants.values().filter(|tenant| tenant.running).count();
        if running >= slots {
            return None;
        }
        self.tenants.values().filter(|tenant| !tenant.running).map(|tenant| tenant.due).min()
    }

    /// What the tenants are doing now whose phase may have changed since this was last asked;
    /// nothing if a tenant is forgotten.
    pub fn changes(&mut self) -> Vec<(TenantName, Option<Phase>)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|name| {
                let phase = self.tenants.get(&name).map(ScheduledTenant::phase);
                (name, phase)
            })
            .collect()
    }
}

impl ScheduledTenant {
    fn phase(&self) -> Phase {
        if self.running { Phase::Running } else { Phase::Waiting(self.due) }
    }
}

/// Up to a tenth of the interval, the same for a tenant each time: a fleet must not ask the service
/// all at once.
fn jitter(name: &TenantName, interval: Duration) -> Duration {
    // FNV-1a: spreads names well enough, and the standard library's hasher may change between
    // versions.
    let hash = name.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let share = u32::try_from(hash % 1000).unwrap_or(0);
    interval / 10_000 * share
}

#[cfg(test)]
mod tests;
