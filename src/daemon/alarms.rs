//! When tenants are to be looked at again, by the clock on the wall: a date of somebody comes, or
//! what is held may run.
//!
//! **Invariant:** none goes by unheard. The loop asks every second what has come, so it does not
//! matter whether a clock was set, or a machine slept, after one was noted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::TenantName;

/// The next such moment of each tenant.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<TenantName, Timestamp>);

impl Alarms {
    /// Notes what a pass has found; the former one of the tenant is no longer wanted.
    pub(super) fn set(&mut self, tenant: &TenantName, at: Option<Timestamp>) {
        match at {
            Some(at) => drop(self.0.insert(tenant.clone(), at)),
            None => drop(self.0.remove(tenant)),
        }
    }

    /// The tenants whose moment has come, each told once.
    pub(super) fn rung(&mut self, now: Timestamp) -> Vec<TenantName> {
        let has_come =
            |(tenant, at): (&TenantName, &Timestamp)| (*at <= now).then(|| tenant.clone());
        let rung: Vec<TenantName> = self.0.iter().filter_map(has_come).collect();
        self.0.retain(|_, at| *at > now);
        rung
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_once_whatever_the_clock_does_meanwhile() {
        let tenant = TenantName::parse("contoso").unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut alarms = Alarms::default();
        alarms.set(&tenant, Some(at(100)));
        assert!(alarms.rung(at(99)).is_empty());
        assert!(alarms.rung(at(10)).is_empty(), "the clock was set back");
        assert_eq!(alarms.rung(at(100_000)).len(), 1, "the machine slept");
        assert!(alarms.rung(at(100_000)).is_empty());
        alarms.set(&tenant, Some(at(100)));
        assert_eq!(alarms.rung(at(100)).len(), 1, "it came while the pass ran");
        alarms.set(&tenant, Some(at(200)));
        alarms.set(&tenant, None);
        assert!(alarms.rung(Timestamp::MAX).is_empty());
    }
}
