//! What the loop tells when tenants have changed: those who wait for them, and everybody who looks.

use jiff::Timestamp;

use super::Loop;
use crate::{
    board::{Activity, News},
    model::TenantName,
    ports::{Journal, LiveReader, Provisioner},
    reconcile::Phase,
};

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Tenants that wait for a number of `tenant` look again, now that it was seen first or has
    /// changed.
    pub(super) fn tell_those_who_wait(&mut self, tenant: &TenantName) {
        let now = self.now();
        let waiting = self
            .waits_for
            .iter()
            .filter(|(name, waits_for)| *name != tenant && waits_for.contains(tenant));
        for (name, _) in waiting {
            self.schedule.news(name, now);
        }
    }

    /// Tells what has changed in what tenants are doing.
    pub(super) fn tell_changes(&mut self) {
        let now = self.now();
        let clock = Timestamp::now();
        for (tenant, phase) in self.schedule.changes() {
            let doing = match phase {
                None => Activity::Gone,
                Some(Phase::Running) => Activity::Running,
                Some(Phase::Waiting(at)) => {
                    let wait = at.saturating_sub(now);
                    Activity::Waiting(clock.checked_add(wait).unwrap_or(Timestamp::MAX))
                }
            };
            self.listeners.tell(&News::Tenant(&tenant, doing));
        }
    }
}
