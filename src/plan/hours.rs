//! What all tenants together send within an hour: what was sent lately, and what each would send
//! now, kept up as tenants change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    guards::{Hour, Wanted},
    numbers::Moved,
    steady::Steady,
};
use crate::model::{Memory, NumberKey, PerHour, Sent, SentCounts, TenantName};

/// What a tenant would send.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) wanted: Wanted,
    /// As long as nothing else changes, it counts within this span.
    pub(super) span: Steady,
    /// The numbers on whose holders it depends.
    pub(super) asked: BTreeSet<NumberKey>,
}

impl Count {
    /// Of a tenant that sends nothing, whatever the time.
    pub(super) fn nothing() -> Self {
        let (wanted, asked) = (Wanted::default(), BTreeSet::new());
        Self { wanted, span: Steady::around(Timestamp::UNIX_EPOCH), asked }
    }
}

/// The counts of all tenants.
#[derive(Debug, Default)]
pub(super) struct Hours {
    counts: BTreeMap<TenantName, Count>,
    /// The sum of those.
    wanted: Wanted,
    /// Tenants that have to be counted.
    stale: BTreeSet<TenantName>,
    /// When counts end.
    ends: BTreeSet<(Timestamp, TenantName)>,
    /// Who asks for which number.
    asked: BTreeMap<NumberKey, BTreeSet<TenantName>>,
    /// The time of the last plan.
    last: Option<Timestamp>,
    /// What each tenant has sent lately.
    sent: BTreeMap<TenantName, Sent>,
    /// The sum of those, by minute.
    by_minute: BTreeMap<i64, Sum>,
}

/// Calls of all tenants in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    disable: u64,
    numbers: u64,
    changes: u64,
}

impl Hours {
    /// Notes that a tenant has changed, or has left. `doubts`: so has who may hold a number unseen.
    pub(super) fn changed(&mut self, name: &TenantName, doubts: bool, memory: Option<&Memory>) {
        self.forget(name);
        if memory.is_some() {
            self.stale.insert(name.clone());
        } else {
            self.stale.remove(name);
        }
        self.doubts(doubts);
        let sent = memory.map(|memory| memory.sent.clone()).unwrap_or_default();
        if self.sent.get(name).is_some_and(|before| *before == sent) {
            return;
        }
        for (minute, counts) in self.sent.remove(name).unwrap_or_default().minutes() {
            self.add(minute, counts, u64::wrapping_sub);
        }
        for (minute, counts) in sent.minutes() {
            self.add(minute, counts, u64::wrapping_add);
        }
        if sent != Sent::default() {
            self.sent.insert(name.clone(), sent);
        }
    }

    fn add(&mut self, minute: i64, counts: SentCounts, op: fn(u64, u64) -> u64) {
        let SentCounts { disable, numbers, changes } = counts;
        let sum = self.by_minute.entry(minute).or_default();
        sum.disable = op(sum.disable, disable.into());
        sum.numbers = op(sum.numbers, numbers.into());
        sum.changes = op(sum.changes, changes.into());
        if *sum == Sum::default() {
            self.by_minute.remove(&minute);
        }
    }

    /// Notes whether it has changed who may hold a number unseen.
    pub(super) fn doubts(&mut self, changed: bool) {
        if changed {
            let asking: BTreeSet<TenantName> = self.asked.values().flatten().cloned().collect();
            self.outdated(asking);
        }
    }

    /// Notes which numbers have other holders.
    pub(super) fn moved(&mut self, moved: &Moved) {
        let asking = moved.numbers.iter().filter_map(|number| self.asked.get(number));
        let asking: BTreeSet<TenantName> = asking.flatten().cloned().collect();
        self.outdated(asking);
        self.doubts(moved.doubts);
    }

    /// Whether the count of any tenant depends on who holds a number.
    pub(super) fn anybody_asks(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The tenants that have to be counted for a plan at `now`.
    pub(super) fn stale(&mut self, now: Timestamp) -> BTreeSet<TenantName> {
        let ended = self.ends.iter().take_while(|(until, _)| *until <= now);
        let mut outdated: BTreeSet<TenantName> = ended.map(|(_, name)| name.clone()).collect();
        // A clock that was set back: what was counted may begin later.
        if self.last.is_some_and(|last| now < last) {
            let later = self.counts.iter().filter(|(_, count)| count.span.from > now);
            outdated.extend(later.map(|(name, _)| name.clone()));
        }
        self.last = Some(now);
        self.outdated(outdated);
        self.stale.clone()
    }

    fn outdated(&mut self, names: BTreeSet<TenantName>) {
        for name in names {
            self.forget(&name);
            self.stale.insert(name);
        }
    }

    /// Takes the count of a tenant.
    pub(super) fn count(&mut self, name: &TenantName, count: Count) {
        self.forget(name);
        self.stale.remove(name);
        self.wanted.add(count.wanted);
        if count.span.until < Timestamp::MAX {
            self.ends.insert((count.span.until, name.clone()));
        }
        for number in &count.asked {
            self.asked.entry(number.clone()).or_default().insert(name.clone());
        }
        self.counts.insert(name.clone(), count);
    }

    fn forget(&mut self, name: &TenantName) {
        let Some(count) = self.counts.remove(name) else { return };
        self.wanted.take(count.wanted);
        self.ends.remove(&(count.span.until, name.clone()));
        for number in &count.asked {
            let Some(asking) = self.asked.get_mut(number) else { continue };
            asking.remove(name);
            if asking.is_empty() {
                self.asked.remove(number);
            }
        }
    }

    /// The hour of the fleet at `now`.
    pub(super) fn at(&self, limits: PerHour, now: Timestamp) -> Hour {
        let mut sent = Sum::default();
        for (_, sum) in self.by_minute.range(Sent::hour(now)) {
            sent.disable += sum.disable;
            sent.numbers += sum.numbers;
            sent.changes += sum.changes;
        }
        let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let sent = SentCounts {
            disable: whole(sent.disable),
            numbers: whole(sent.numbers),
            changes: whole(sent.changes),
        };
        Hour::new(sent, self.wanted, limits)
    }
}
