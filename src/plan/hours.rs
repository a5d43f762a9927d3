//! What all tenants together send within an hour: what was sent lately, and what each would send
//! now, kept up as tenants change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    guards::{Hour, Wanted},
    numbers::Doubtful,
    validity::Validity,
};
use crate::model::{Memory, NumberKey, PerHour, RecentCalls, SentCounts, TenantName};

/// What a tenant would send, or several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wants {
    /// If no other tenant may hold a number unseen.
    pub(super) clear: Wanted,
    /// If some other tenant may: users that are to take a free number wait.
    pub(super) in_doubt: Wanted,
}

impl Wants {
    fn add(&mut self, other: Self) {
        self.clear.add(other.clear);
        self.in_doubt.add(other.in_doubt);
    }

    fn take(&mut self, other: Self) {
        self.clear.take(other.clear);
        self.in_doubt.take(other.in_doubt);
    }
}

/// The count of one tenant. It is kept for both cases of doubt, so a tenant whose list comes
/// into doubt, or is whole again, does not have all others counted again.
#[derive(Debug)]
pub(super) struct TenantCallCount {
    pub(super) wants: Wants,
    /// As long as nothing else changes, it counts within this span.
    pub(super) span: Validity,
    /// The numbers on whose holders it depends.
    pub(super) asked: BTreeSet<NumberKey>,
}

impl TenantCallCount {
    /// Of a tenant that sends nothing within a span.
    pub(super) fn nothing(span: Validity) -> Self {
        Self { wants: Wants::default(), span, asked: BTreeSet::new() }
    }
}

/// The counts of all tenants.
#[derive(Debug, Default)]
pub(super) struct Hours {
    counts: BTreeMap<TenantName, TenantCallCount>,
    /// The sum of those.
    wants: Wants,
    /// Tenants that have to be counted.
    stale: BTreeSet<TenantName>,
    /// When counts end.
    ends: BTreeSet<(Timestamp, TenantName)>,
    /// Who asks for which number.
    asked: BTreeMap<NumberKey, BTreeSet<TenantName>>,
    /// The time of the last plan.
    last: Option<Timestamp>,
    /// What each tenant has sent lately.
    sent: BTreeMap<TenantName, RecentCalls>,
    /// The sum of those, by minute.
    by_minute: BTreeMap<i64, MinuteCalls>,
}

/// Calls of all tenants in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct MinuteCalls {
    disable: u64,
    numbers: u64,
    changes: u64,
}

impl Hours {
    /// Notes that a tenant has changed, or has left.
    pub(super) fn changed(&mut self, name: &TenantName, memory: Option<&Memory>) {
        self.forget(name);
        if memory.is_some() {
            self.stale.insert(name.clone());
        } else {
            self.stale.remove(name);
        }
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
        if sent != RecentCalls::default() {
            self.sent.insert(name.clone(), sent);
        }
    }

    fn add(&mut self, minute: i64, counts: SentCounts, op: fn(u64, u64) -> u64) {
        let SentCounts { disable, numbers, changes } = counts;
        let sum = self.by_minute.entry(minute).or_default();
        sum.disable = op(sum.disable, disable.into());
        sum.numbers = op(sum.numbers, numbers.into());
        sum.changes = op(sum.changes, changes.into());
        if *sum == MinuteCalls::default() {
            self.by_minute.remove(&minute);
        }
    }

    /// Notes which numbers have other holders.
    pub(super) fn moved(&mut self, numbers: &BTreeSet<NumberKey>) {
        let asking = numbers.iter().filter_map(|number| self.asked.get(number));
        let asking: BTreeSet<TenantName> = asking.flatten().cloned().collect();
        self.outdated(asking);
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
    pub(super) fn count(&mut self, name: &TenantName, count: TenantCallCount) {
        self.forget(name);
        self.stale.remove(name);
        self.wants.add(count.wants);
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
        self.wants.take(count.wants);
        self.ends.remove(&(count.span.until, name.clone()));
        for number in &count.asked {
            let Some(asking) = self.asked.get_mut(number) else { continue };
            asking.remove(name);
            if asking.is_empty() {
                self.asked.remove(number);
            }
        }
    }

    /// What all tenants would send, given who may hold numbers unseen.
    pub(super) fn wanted(&self, doubtful: Doubtful<'_>) -> Wanted {
        match doubtful {
            Doubtful::Nobody => self.wants.clear,
            Doubtful::Several => self.wants.in_doubt,
            // Nobody else is in doubt for that one.
            Doubtful::One(name) => {
                let mut wanted = self.wants.in_doubt;
                if let Some(count) = self.counts.get(name) {
                    wanted.take(count.wants.in_doubt);
                    wanted.add(count.wants.clear);
                }
                wanted
            }
        }
    }

    /// The hour of the fleet at `now`, in which all tenants want to send this. Where the service's
    /// clock is far away, what was sent within the hour by that one (`there`) counts as well: a clock
    /// that was set forward lets nobody send more.
    pub(super) fn at(
        &self,
        limits: PerHour,
        now: Timestamp,
        there: Option<Timestamp>,
        wanted: Wanted,
    ) -> Hour {
        let mut sent = MinuteCalls::default();
        let here = RecentCalls::hour(now);
        let by_here = self.by_minute.range(here.clone());
        let by_there = there.map(|there| self.by_minute.range(RecentCalls::hour(there)));
        let by_there = by_there.into_iter().flatten();
        let by_there = by_there.filter(|(minute, _)| !here.contains(minute));
        for (_, sum) in by_here.chain(by_there) {
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
        Hour::new(sent, wanted, limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(wanted: usize) -> Wanted {
        Wanted::from_counts([wanted; 3])
    }

    #[test]
    fn a_tenant_in_doubt_has_nobody_else_counted_again() {
        let [contoso, fabrikam] =
            ["contoso", "fabrikam"].map(|name| TenantName::parse(name).unwrap());
        let mut hours = Hours::default();
        for (name, free) in [(&contoso, 5), (&fabrikam, 7)] {
            let wants = Wants { clear: one_of(free), in_doubt: one_of(1) };
            hours.count(
                name,
                TenantCallCount {
                    wants,
                    ..TenantCallCount::nothing(Validity::around(Timestamp::UNIX_EPOCH))
                },
            );
        }
        let wanted = |doubtful| hours.wanted(doubtful);
        assert_eq!(wanted(Doubtful::Nobody), one_of(12));
        assert_eq!(wanted(Doubtful::Several), one_of(2));
        assert_eq!(wanted(Doubtful::One(&contoso)), one_of(6), "contoso waits for nobody else");
        assert_eq!(hours.stale, [].into());
    }
}
