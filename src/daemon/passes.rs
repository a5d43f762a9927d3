//! The passes under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use super::signs::Signs;
use crate::{
    manifest::InForce,
    model::{Mode, TenantId, TenantName},
    reconcile::At,
    words::first,
};

/// Tenants that are named in one line, at most.
const MOST_NAMED: usize = 20;

/// A pass under way.
pub(super) struct Running {
    pub(super) tenant: TenantName,
    pub(super) id: TenantId,
    /// When it began.
    pub(super) began: At,
    /// It begins no new step and sends its sync.
    pub(super) stop: CancellationToken,
    /// The same, but the next pass sends the sync.
    pub(super) newer: CancellationToken,
    /// Whether it hears anything.
    pub(super) signs: Signs,
}

/// All of them, by their tasks.
#[derive(Default)]
pub(super) struct Passes(BTreeMap<Id, Running>);

impl Passes {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many have heard nothing for longer than that.
    pub(super) fn silent(&self, silence: Duration) -> usize {
        self.0.values().filter(|running| running.signs.silence() > silence).count()
    }

    /// The tenants that are worked on, the first of them, in words.
    pub(super) fn in_words(&self) -> String {
        let tenants: BTreeSet<&TenantName> =
            self.0.values().map(|running| &running.tenant).collect();
        first(MOST_NAMED, tenants)
    }

    /// One has begun.
    pub(super) fn began(&mut self, task: Id, running: Running) {
        self.0.insert(task, running);
    }

    /// One has ended; nothing if that task was none.
    pub(super) fn ended(&mut self, task: Id) -> Option<Running> {
        self.0.remove(&task)
    }

    /// Whether the customer is worked on, under whatever name.
    pub(super) fn work_on(&self, id: &TenantId) -> bool {
        self.0.values().any(|running| running.id == *id)
    }

    /// The pass of a customer begins no new step, under whatever name.
    pub(super) fn stop(&self, id: &TenantId) {
        for running in self.0.values().filter(|running| running.id == *id) {
            running.stop.cancel();
        }
    }

    /// All begin no new step.
    pub(super) fn stop_all(&self) {
        self.0.values().for_each(|running| running.stop.cancel());
    }

    /// Other manifests are in force. What a running pass means to do is no longer what is wanted: it
    /// begins no new step, and the next one plans again.
    pub(super) fn supersede(&self, in_force: &InForce, changed: &BTreeSet<TenantName>) {
        for running in self.0.values() {
            let has_changed = changed.contains(&running.tenant);
            match in_force.desired.tenants.get(&running.tenant) {
                Some(tenant) if has_changed && tenant.mode == Mode::Enforce => {
                    running.newer.cancel();
                }
                Some(_) if !has_changed => {}
                // Nothing that writes will follow.
                _ => running.stop.cancel(),
            }
        }
    }
}
