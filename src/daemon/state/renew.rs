//! What the loop does about other settings: from now on it works by them.

use std::sync::Arc;

use super::Loop;
use crate::{
    config::Run,
    daemon::{Daemon, Renewal},
    ports::{Journal, LiveReader, Provisioner},
    reconcile::{Debounce, Timing},
};

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Takes other settings. Passes under way go on with those that they began with.
    pub(in crate::daemon) fn renew(&mut self, renewal: Renewal<R, P>) {
        let Renewal { reader, provisioner, execution, timing } = renewal;
        let before = &self.daemon;
        self.daemon = Arc::new(Daemon {
            sources: before.sources.clone(),
            own_files: before.own_files.clone(),
            reader,
            provisioner,
            switch: before.switch.clone(),
            journal: Arc::clone(&before.journal),
            lead: before.lead.clone(),
            past: before.past.clone(),
            execution,
            timing,
            pulse: before.pulse.clone(),
        });
        let Run { resync, backoff, backoff_ceiling, debounce, debounce_ceiling, .. } = timing;
        self.fleet.follow(&execution);
        self.schedule.follow(Timing { resync, backoff, backoff_ceiling });
        // What was seen to move before is looked at all the same.
        self.debounce = Debounce::new(debounce, debounce_ceiling);
        self.debounce.news(self.now());
    }
}
