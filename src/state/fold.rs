//! What entries add up to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    model::{Calling, Details, Memory, SyncDebt, TenantId, Upn, Used, Verb, Write, Written},
    ports::{Entry, Event, StepOutcome},
};

/// The sum of all entries so far.
#[derive(Debug, Default)]
pub(super) struct Fold {
    tenants: BTreeMap<TenantId, Tenant>,
}

#[derive(Debug, Default)]
struct Tenant {
    memory: Memory,
    /// Intents without an outcome: calls under way, or cut off by a crash.
    pending: BTreeMap<Upn, (Verb, Details, Timestamp)>,
}

impl Fold {
    /// Adds one.
    pub(super) fn add(&mut self, entry: &Entry) {
        let tenant = self.tenants.entry(entry.tenant_id.clone()).or_default();
        let memory = &mut tenant.memory;
        match &entry.event {
            Event::Began { .. } => {
                tenant.leave_pending_unknown();
                let memory = &mut tenant.memory;
                memory.sync_owed.get_or_insert_with(|| SyncDebt { since: entry.at, run: entry.run.clone() });
            }
            Event::NothingSent => memory.sync_owed = memory.sync_owed.take().filter(|debt| debt.run != entry.run),
            Event::Synced => {
                memory.sync_owed = None;
                memory.first_sync.get_or_insert(entry.at);
                memory.last_sync = Some(entry.at);
            }
            Event::Approved { approval, plan } => {
                let used = Used { at: entry.at, run: entry.run.clone() };
                memory.approvals.entry((approval.clone(), plan.clone())).or_insert(used);
            }
            Event::Intent { user, verb, details, before: _ } => {
                let before = tenant.pending.insert(user.clone(), (*verb, details.clone(), entry.at));
                if let Some((verb, details, at)) = before {
                    apply(memory.written.entry(user.clone()).or_default(), verb, &details, at, true);
                }
            }
            Event::Outcome { user, verb, outcome } => {
                let Some((_, details, _)) = tenant.pending.remove(user) else { return };
                let written = memory.written.entry(user.clone()).or_default();
                match outcome {
                    StepOutcome::Accepted => apply(written, *verb, &details, entry.at, false),
                    StepOutcome::Unknown(_) => apply(written, *verb, &details, entry.at, true),
                    StepOutcome::Failed(_) | StepOutcome::NotTried(_) => {}
                }
            }
            Event::Landed(landings) => {
                tenant.leave_pending_unknown();
                for landing in landings {
                    let Some(written) = tenant.memory.written.get_mut(&landing.user) else { continue };
                    if let Some(calling) = written.calling.as_mut().filter(|_| landing.calling) {
                        calling.landed = true;
                    }
                    for field in &landing.fields {
                        if let Some(write) = written.details.get_mut(field) {
                            write.landed = true;
                        }
                    }
                    forget_what_landed(written);
                }
            }
        }
    }

    /// What the planner may know of a tenant. An intent without an outcome is an unknown outcome.
    pub(super) fn memory(&self, tenant: &TenantId) -> Memory {
        let Some(tenant) = self.tenants.get(tenant) else { return Memory::default() };
        let mut memory = tenant.memory.clone();
        for (user, (verb, details, at)) in &tenant.pending {
            apply(memory.written.entry(user.clone()).or_default(), *verb, details, *at, true);
        }
        memory
    }
}

impl Tenant {
    /// A run begins, so that no call of an earlier one is under way: what has no outcome by now will never have one.
    fn leave_pending_unknown(&mut self) {
        for (user, (verb, details, at)) in std::mem::take(&mut self.pending) {
            apply(self.memory.written.entry(user).or_default(), verb, &details, at, true);
        }
    }
}

/// A lost answer is no riddle any more once everything that the call carried was seen.
fn forget_what_landed(written: &mut Written) {
    let Some((verb, at)) = written.unknown else { return };
    let open = match verb {
        Verb::Enable | Verb::Disable => written.calling.as_ref().is_some_and(|write| write.at == at && !write.landed),
        Verb::Update => written.details.values().any(|write| write.at == at && !write.landed),
    };
    if !open {
        written.unknown = None;
    }
}

fn apply(written: &mut Written, verb: Verb, details: &Details, at: Timestamp, unknown: bool) {
    // An answer to a switch says nothing of a lost update, and the other way round.
    let of_other_kind = |lost: Verb| (lost == Verb::Update) != (verb == Verb::Update);
    written.unknown = if unknown { Some((verb, at)) } else { written.unknown.filter(|(lost, _)| of_other_kind(*lost)) };
    let calling = |value| Some(Write { value, at, lost: unknown, landed: false });
    match verb {
        Verb::Enable => written.calling = calling(Calling::Enabled),
        Verb::Disable => written.calling = calling(Calling::Disabled),
        Verb::Update => {
            for (field, value) in details.iter() {
                written.details.insert(field, Write { value: value.clone(), at, lost: unknown, landed: false });
            }
        }
    }
}
