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
struct Tenant {
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
    tenants: BTreeMap<TenantName, Tenant>,
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
            let new =
                Tenant { due: now, running: false, again: false, failures: 0, leaving: false };
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
                let phase = self.tenants.get(&name).map(Tenant::phase);
                (name, phase)
            })
            .collect()
    }
}

impl Tenant {
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
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<TenantName> {
        names.iter().map(|name| TenantName::parse(name).unwrap()).collect()
    }

    fn schedule() -> Schedule {
        let second = Duration::from_secs;
        Schedule::new(Timing {
            resync: second(900),
            backoff: second(10),
            backoff_ceiling: second(60),
        })
    }

    const fn at(seconds: u64) -> At {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_pass_a_tenant_and_no_more_than_slots() {
        let mut schedule = schedule();
        let all = names(&["a", "b", "c"]);
        schedule.desired(&all, &all, at(0));
        assert_eq!(
            schedule.ready(at(0), 2),
            ["a", "b"].map(|name| TenantName::parse(name).unwrap())
        );
        assert_eq!(schedule.ready(at(0), 2), []);
        assert_eq!(schedule.next(2), None);
        schedule.finished(&TenantName::parse("a").unwrap(), Ending::Done, at(1));
        assert_eq!(schedule.ready(at(1), 2), [TenantName::parse("c").unwrap()]);
    }

    #[test]
    fn a_change_during_a_pass_makes_one_more() {
        let mut schedule = schedule();
        let all = names(&["a"]);
        let a = TenantName::parse("a").unwrap();
        schedule.desired(&all, &all, at(0));
        assert_eq!(schedule.ready(at(0), 4).len(), 1);
        for now in 1..5 {
            schedule.desired(&all, &all, at(now));
        }
        schedule.finished(&a, Ending::Done, at(5));
        assert_eq!(schedule.ready(at(5), 4), std::slice::from_ref(&a));
        schedule.finished(&a, Ending::Done, at(6));
        assert_eq!(schedule.ready(at(800), 4), []);
        assert!(schedule.next(4).is_some_and(|due| due >= at(906) && due <= at(996)));
    }

    #[test]
    fn failures_wait_longer_and_a_new_revision_forgets_them() {
        let mut schedule = schedule();
        let all = names(&["a"]);
        let a = TenantName::parse("a").unwrap();
        schedule.desired(&all, &all, at(0));
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..5 {
            schedule.ready(now, 1);
            schedule.finished(&a, Ending::Failed, now);
            let due = schedule.next(1).unwrap();
            waits.push(due.saturating_sub(now).as_secs());
            now = due;
        }
        assert_eq!(waits, [10, 20, 40, 60, 60]);
        schedule.desired(&all, &all, now);
        schedule.ready(now, 1);
        schedule.finished(&a, Ending::Failed, now);
        assert_eq!(schedule.next(1), Some(now + at(10)));
    }

    #[test]
    fn what_waits_for_its_time_is_looked_at_then() {
        let mut schedule = schedule();
        let all = names(&["a"]);
        let a = TenantName::parse("a").unwrap();
        schedule.desired(&all, &all, at(0));
        schedule.ready(at(0), 1);
        schedule.finished(&a, Ending::Held, at(1));
        schedule.bring_forward(&a, at(5000));
        assert!(
            schedule.next(1).is_some_and(|due| due < at(5000)),
            "it is looked at as often as others"
        );
        schedule.bring_forward(&a, at(60));
        assert_eq!(schedule.next(1), Some(at(60)));
    }

    #[test]
    fn a_debt_goes_first_and_a_sync_that_waits_brings_its_tenant_back() {
        let mut schedule = schedule();
        let all = names(&["a", "b", "c"]);
        let [a, b, c] = ["a", "b", "c"].map(|name| TenantName::parse(name).unwrap());
        schedule.desired(&all, &all, at(0));
        schedule.put_first(&b);
        assert_eq!(schedule.ready(at(0), 2), [b.clone(), a.clone()]);
        schedule.finished(&b, Ending::Waits(at(120)), at(1));
        schedule.finished(&a, Ending::Done, at(1));
        assert_eq!(schedule.ready(at(1), 1), std::slice::from_ref(&c));
        schedule.finished(&c, Ending::Done, at(1));
        assert_eq!(schedule.next(1), Some(at(121)));
        // An edit meanwhile is acted on at once; the rest of the wait is asked for again.
        schedule.desired(&all, &[b.clone()].into(), at(60));
        assert_eq!(schedule.ready(at(60), 1), std::slice::from_ref(&b));
        schedule.finished(&b, Ending::Waits(at(61)), at(60));
        assert_eq!(schedule.next(1), Some(at(121)));
    }

    #[test]
    fn a_tenant_that_left_is_forgotten_when_its_pass_ends() {
        let mut schedule = schedule();
        schedule.desired(&names(&["a", "b"]), &names(&["a", "b"]), at(0));
        schedule.ready(at(0), 1);
        let [a, b] = ["a", "b"].map(|name| TenantName::parse(name).unwrap());
        schedule.desired(&names(&[]), &names(&[]), at(1));
        assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Running)), (b, None)]);
        schedule.finished(&a, Ending::Failed, at(2));
        assert_eq!(schedule.changes(), [(a, None)]);
    }

    #[test]
    fn only_tenants_whose_phase_may_have_changed_are_told() {
        let mut schedule = schedule();
        let all = names(&["a", "b", "c"]);
        let [a, b, c] = ["a", "b", "c"].map(|name| TenantName::parse(name).unwrap());
        schedule.desired(&all, &all, at(0));
        assert_eq!(schedule.changes().len(), 3, "all of them are new");
        assert_eq!(schedule.changes(), []);
        schedule.ready(at(0), 1);
        assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Running))]);
        schedule.finished(&a, Ending::Failed, at(1));
        schedule.bring_forward(&a, at(5));
        assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Waiting(at(5))))]);
        schedule.ready(at(1), 1);
        schedule.postpone(&b, at(7));
        schedule.news(&c, at(2));
        let changes = [(b, Some(Phase::Waiting(at(7)))), (c, Some(Phase::Waiting(at(0))))];
        assert_eq!(schedule.changes(), changes);
        schedule.desired(&all, &names(&["a"]), at(8));
        assert_eq!(schedule.changes(), [(a, Some(Phase::Waiting(at(8))))]);
    }
}
