//! What entries add up to.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::model::{
    Before, Calling, CountedList, Details, Entry, Event, Field, LastWrites, Memory, RefusedCall,
    Reverts, StepOutcome, Suspension, SyncDebt, TenantId, UnclearSyncs, Upn, UsedApproval, Verb,
    Write,
};

/// The sum of all entries so far.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fold {
    pub(super) tenants: BTreeMap<TenantId, FoldedTenant>,
    /// What a tenant owes of which nothing is known yet: somebody took this journal for the right
    /// one, and it may not be the newest.
    pub(super) accepted: Option<SyncDebt>,
    /// It may not know all that was done. Of where it lies, and never kept with it.
    pub(super) brought_back: bool,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct FoldedTenant {
    /// Shared with those who read it; it is cloned when it changes while somebody does.
    pub(super) memory: Arc<Memory>,
    /// Intents without an outcome: calls under way, or cut off by a crash.
    pub(super) pending: BTreeMap<Upn, IntendedCall>,
}

/// A call as its intent has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IntendedCall {
    pub(super) verb: Verb,
    pub(super) details: Details,
    pub(super) before: Before,
    pub(super) at: Timestamp,
}

impl Fold {
    /// Adds one.
    pub(super) fn add(&mut self, entry: &Entry) {
        let owed = || SyncDebt { since: entry.at, run: entry.run.clone() };
        if entry.event == Event::Accepted {
            return self.accept(&owed());
        }
        let accepted = self.accepted.as_ref();
        let brought_back = self.brought_back;
        let absent =
            || FoldedTenant { memory: owing(accepted, brought_back), ..FoldedTenant::default() };
        let tenant = self.tenants.entry(entry.tenant_id.clone());
        let FoldedTenant { memory, pending } = tenant.or_insert_with(absent);
        let memory = Arc::make_mut(memory);
        match &entry.event {
            Event::Began { .. } => {
                leave_unknown(pending, memory);
                memory.sync_owed.get_or_insert_with(owed);
            }
            Event::NothingSent => {
                let debt = &mut memory.sync_owed;
                *debt = debt.take().filter(|debt| debt.run != entry.run);
            }
            Event::Approved { approval, plan } => {
                let used = UsedApproval { at: entry.at, run: entry.run.clone() };
                memory.approvals.entry((approval.clone(), plan.clone())).or_insert(used);
            }
            // It is about all tenants.
            Event::Accepted => {}
            Event::Syncing => memory.sync_sent = Some(entry.at),
            Event::Synced => synced(memory, entry.at),
            Event::NotSynced { lost, unclear, reason } => {
                not_synced(memory, entry.at, *lost, *unclear, reason);
            }
            Event::Intent { user, verb, details, before, origin: _ } => {
                let replaces_number = before.get(&Field::PhoneNumber).is_some_and(Option::is_some);
                memory.sent.add(entry.at, *verb, replaces_number);
                let call = IntendedCall {
                    verb: *verb,
                    details: details.clone(),
                    before: before.clone(),
                    at: entry.at,
                };
                if let Some(earlier) = pending.insert(user.clone(), call) {
                    earlier.lost(memory.written.entry(user.clone()).or_default());
                }
            }
            Event::Outcome { user, verb, outcome } => {
                // That of an earlier call says nothing of the one under way.
                if pending.get(user).is_none_or(|call| call.verb != *verb) {
                    return;
                }
                let Some(call) = pending.remove(user) else { return };
                let written = memory.written.entry(user.clone()).or_default();
                match outcome {
                    StepOutcome::Accepted => call.apply(written, entry.at, false),
                    StepOutcome::Unknown(_) => call.apply(written, entry.at, true),
                    StepOutcome::Failed(fault) if fault.kind.may_be_an_answer() => {
                        call.refuse(written, entry.at);
                    }
                    StepOutcome::Failed(_) | StepOutcome::NotTried(_) => {}
                }
            }
            Event::Counted { users, by } => {
                memory.counted = Some(CountedList { users: *users, by: *by, at: entry.at });
            }
            Event::Suspended { by, reason, until } => {
                let by = by.clone();
                let reason = reason.clone();
                memory.suspended = Some(Suspension { at: entry.at, by, reason, until: *until });
            }
            Event::Resumed { .. } => memory.suspended = None,
            Event::Decided(users) => {
                leave_unknown(pending, memory);
                for user in users {
                    let Some(written) = memory.written.get_mut(user) else { continue };
                    if written.owes_again() {
                        memory.sync_owed.get_or_insert_with(owed);
                    }
                    written.unknown = None;
                    written.refused.clear();
                }
            }
            Event::Landed(landings) => {
                leave_unknown(pending, memory);
                for landing in landings {
                    let Some(written) = memory.written.get_mut(&landing.user) else {
                        continue;
                    };
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
            Event::Managed(users) => memory.managed.enter(users),
            Event::Vanished(users) => memory.managed.vanish(users),
        }
    }

    /// Every tenant owes a sync, whether anything is known of it or not.
    fn accept(&mut self, debt: &SyncDebt) {
        for FoldedTenant { memory, pending } in self.tenants.values_mut() {
            let memory = Arc::make_mut(memory);
            leave_unknown(pending, memory);
            memory.sync_owed.get_or_insert_with(|| debt.clone());
            // Who was not visible meanwhile is not known: those that are named are seen again, and
            // of all others missing is not gone.
            let managed: Vec<Upn> = memory.managed.iter().map(|(user, _)| user).collect();
            memory.managed.vanish(&managed);
        }
        self.accepted = Some(debt.clone());
    }

    /// From now on it says of each tenant that it may not know all that was done.
    pub(super) fn doubt(&mut self) {
        self.brought_back = true;
        for tenant in self.tenants.values_mut() {
            Arc::make_mut(&mut tenant.memory).brought_back = true;
        }
    }

    /// How many users it knows something of: what freezing it costs.
    pub(super) fn size(&self) -> usize {
        self.tenants.values().map(|tenant| tenant.memory.written.len() + tenant.pending.len()).sum()
    }

    /// What the planner may know of a tenant. An intent without an outcome is an unknown outcome.
    pub(super) fn memory(&self, tenant: &TenantId) -> Arc<Memory> {
        let Some(tenant) = self.tenants.get(tenant) else {
            return owing(self.accepted.as_ref(), self.brought_back);
        };
        if tenant.pending.is_empty() {
            return Arc::clone(&tenant.memory);
        }
        let mut memory = Memory::clone(&tenant.memory);
        for (user, call) in &tenant.pending {
            call.lost(memory.written.entry(user.clone()).or_default());
        }
        memory.cut_off = tenant.pending.keys().cloned().collect();
        Arc::new(memory)
    }
}

/// What is remembered of a tenant of which nothing is known but this.
fn owing(debt: Option<&SyncDebt>, brought_back: bool) -> Arc<Memory> {
    Arc::new(Memory { sync_owed: debt.cloned(), brought_back, ..Memory::default() })
}

/// A run begins, so no call of an earlier one is under way: what has no outcome by now will never
/// have one.
fn leave_unknown(pending: &mut BTreeMap<Upn, IntendedCall>, memory: &mut Memory) {
    for (user, call) in std::mem::take(pending) {
        call.lost(memory.written.entry(user).or_default());
    }
}

fn not_synced(memory: &mut Memory, at: Timestamp, lost: bool, unclear: Option<u32>, reason: &str) {
    if !lost {
        (memory.sync_sent, memory.unclear_syncs) = (None, None);
    } else if let Some(settings) = unclear {
        let earlier = memory
            .unclear_syncs
            .as_ref()
            .filter(|earlier| earlier.settings == settings)
            .map(|earlier| earlier.times);
        let times = earlier.unwrap_or_default().saturating_add(1);
        memory.unclear_syncs =
            Some(UnclearSyncs { times, last: at, settings, reason: reason.to_owned() });
    }
}

fn synced(memory: &mut Memory, at: Timestamp) {
    (memory.sync_owed, memory.sync_sent, memory.last_sync, memory.unclear_syncs) =
        (None, None, Some(at), None);
    memory.first_sync.get_or_insert(at);
    for written in memory.written.values_mut() {
        let details = written.details.values_mut().map(|write| &mut write.synced);
        for synced in details.chain(written.calling.as_mut().map(|write| &mut write.synced)) {
            synced.get_or_insert(at);
        }
        written.refused.values_mut().for_each(|refused| refused.owed = false);
    }
}

/// A lost answer is settled once everything that the call carried was seen. Older
/// journals say only this, and not that it is decided.
fn forget_what_landed(written: &mut LastWrites) {
    let Some((verb, at)) = written.unknown else { return };
    let open = match verb {
        Verb::Enable | Verb::Disable => {
            written.calling.as_ref().is_some_and(|write| write.at == at && !write.landed)
        }
        Verb::Update | Verb::Configure => {
            written.details.values().any(|write| write.at == at && !write.landed)
        }
    };
    if !open {
        written.unknown = None;
    }
}

impl IntendedCall {
    /// It has no outcome, and never will.
    fn lost(&self, written: &mut LastWrites) {
        self.apply(written, self.at, true);
    }

    /// The service has refused it.
    fn refuse(&self, written: &mut LastWrites, at: Timestamp) {
        let settled = written.is_settled_refusal(self.verb, &self.details);
        let details = self.details.clone();
        let changed = self.before.keys().copied().collect();
        written
            .refused
            .insert(self.verb, RefusedCall { details, changed, at, settled, owed: true });
    }

    fn apply(&self, written: &mut LastWrites, at: Timestamp, lost: bool) {
        // An answer to a switch says nothing of a lost update, and the other way round.
        let of_other_kind = |lost: Verb| lost.stores_details() != self.verb.stores_details();
        written.unknown = if lost {
            Some((self.verb, at))
        } else {
            written.unknown.filter(|(lost, _)| of_other_kind(*lost))
        };
        let LastWrites { calling, details, reverted, refused, .. } = written;
        // The sync that this call owes serves for what was refused before.
        refused.clear();
        match self.verb {
            Verb::Enable => {
                *calling =
                    Some(next(calling.take(), Calling::Enabled, at, lost, Some((reverted, None))));
            }
            Verb::Disable => {
                *calling =
                    Some(next(calling.take(), Calling::Disabled, at, lost, Some((reverted, None))));
            }
            Verb::Update | Verb::Configure => {
                for (field, value) in self.details.iter() {
                    // What an update only repeats was neither changed back nor does seeing it tell
                    // anything.
                    let news =
                        self.before.contains_key(&field).then_some((&mut *reverted, Some(field)));
                    let write = next(details.remove(&field), value.clone(), at, lost, news);
                    details.insert(field, write);
                }
            }
        }
    }
}

/// The write after `earlier`. `news` says where reverts are counted, if the write was to change
/// something.
fn next<T: PartialEq>(
    earlier: Option<Write<T>>,
    value: T,
    at: Timestamp,
    lost: bool,
    news: Option<(&mut Reverts, Option<Field>)>,
) -> Write<T> {
    // A repetition beside another change is not a try of its own: it may come long before the time
    // of the earlier one is over.
    let same = earlier.as_ref().filter(|earlier| earlier.value == value && !earlier.landed);
    let in_vain = same.map_or(0, |earlier| match news {
        Some(_) => earlier.tries_in_vain(),
        None => earlier.in_vain,
    });
    // A list may still show what was before an earlier write.
    let tells = news.is_some()
        && earlier.as_ref().is_none_or(|earlier| earlier.landed || earlier.value == value);
    if let (Some(earlier), Some((reverted, what))) = (earlier, news) {
        if earlier.value != value {
            reverted.remove(&what);
        } else if earlier.landed {
            let instants = reverted.entry(what).or_default();
            instants.push(at);
            let surplus = instants.len().saturating_sub(LastWrites::REVERTS);
            instants.drain(..surplus);
        }
    }
    Write { value, at, lost, landed: false, tells, synced: None, in_vain }
}
