//! What the loop does once, before the first pass: look at all tenants, so nobody is held only
//! because another tenant was not looked at yet.

use std::sync::Arc;

use tracing::{info, warn};

use super::{Loop, Task};
use crate::{
    daemon::beginning::Beginning,
    model::Mode,
    pass::{self, FirstLook},
    ports::{Journal, LiveReader, Provisioner},
};

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Looks at all tenants before the first pass.
    pub(super) fn look_at_all(&mut self) {
        let daemon = Arc::clone(&self.daemon);
        let tenants: Vec<_> = self.in_force.desired.tenants.values().map(Arc::clone).collect();
        info!(tenants = tenants.len(), "looking at all tenants before anything is planned");
        let stop = self.stop.clone();
        let task = self.tasks.spawn(async move {
            let looks = pass::first_looks(
                &daemon.reader,
                &*daemon.journal,
                tenants,
                daemon.execution.readers,
            );
            let looks = stop.run_until_cancelled(looks).await;
            Task::FirstLooks(looks.unwrap_or_default())
        });
        self.beginning = Beginning::Looks(task.id());
    }

    /// What was found is what each tenant's first pass begins with.
    pub(super) fn looked_at_all(&mut self, looks: Vec<FirstLook>) {
        let tenants = &self.in_force.desired.tenants;
        let is_missing = |look: &&FirstLook| {
            let tenant = tenants.get(&look.tenant.name);
            look.live.is_none() && tenant.is_some_and(|tenant| tenant.mode != Mode::Suspend)
        };
        let missing = looks.iter().filter(is_missing).count();
        if missing > 0 && !self.stop.is_cancelled() {
            warn!(tenants = missing, "not waited for: they do not answer, and are looked at again");
        }
        for look in &looks {
            self.fleet.first_look(look);
        }
        let by_name = looks.into_iter().map(|look| (look.tenant.name.clone(), look)).collect();
        self.beginning = Beginning::Over(by_name);
    }
}
