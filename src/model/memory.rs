//! Memory: what the journal gives the planner. Debts that are still owed, and writes that may not
//! be visible yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use super::{
    Calling, Details, Field, Fingerprint, LiveSource, RecentCalls, Roll, RunId, Suspension,
    TenantName, Upn, UsedApproval, Value, Verb,
};
use crate::words::{list, many, time};

/// What is remembered of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// A sync that was promised by a run and not yet accepted by the service.
    pub sync_owed: Option<SyncDebt>,
    /// When the service first accepted a sync: what was written before it takes longest to show
    /// (contract 4.4).
    pub first_sync: Option<Timestamp>,
    /// When the service last accepted a sync.
    pub last_sync: Option<Timestamp>,
    /// When a sync was sent whose answer was lost or never came: it may be running.
    pub sync_sent: Option<Timestamp>,
    /// The last syncs, if their answers said neither yes nor no.
    pub unclear_syncs: Option<UnclearSyncs>,
    /// What was last sent for each user.
    pub written: BTreeMap<Upn, LastWrites>,
    /// The approvals that were used up, by name and plan.
    pub approvals: BTreeMap<(TenantName, Fingerprint), UsedApproval>,
    /// The users that a manifest has named while they were visible: only these are ever pruned,
    /// unless the tenant says otherwise.
    pub managed: Roll,
    /// The users in the version of the manifests that a change is compared with: they count
    /// as managed, whether the journal knows them or not. Never on record.
    pub named: BTreeSet<Upn>,
    /// What was sent lately, for limits over time.
    pub sent: RecentCalls,
    /// Users whose last call has no outcome on record: it is under way, or a crash cut it off.
    pub cut_off: BTreeSet<Upn>,
    /// The last whole list of users.
    pub counted: Option<CountedList>,
    /// The journal was copied to where it is or brought back, and no person has said that it counts:
    /// it may not know all that was done. Never on record.
    pub brought_back: bool,
    /// That somebody has suspended the tenant. It may be over by now: see [`Memory::suspension`].
    pub suspended: Option<Suspension>,
}

/// Syncs in a row that were answered with neither yes nor no. No list shows a sync, so sending
/// it again would never end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnclearSyncs {
    /// How many.
    pub times: u32,
    /// When the last one was answered.
    pub last: Timestamp,
    /// How the settings had the call made, as a number: with another one it is tried again.
    pub settings: u32,
    /// What came last, in words.
    pub reason: String,
}

/// A whole list of users, as far as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedList {
    /// How many were in it.
    pub users: usize,
    /// Who showed it.
    pub by: LiveSource,
    /// When.
    pub at: Timestamp,
}

impl Memory {
    /// Whether the journal has ever recorded a look at the tenant. If not, nobody knows here whom a
    /// manifest has named before.
    #[must_use]
    pub fn has_looked(&self) -> bool {
        !self.managed.is_empty() || self.counted.is_some()
    }

    /// That the tenant is suspended at this moment.
    #[must_use]
    pub fn suspension(&self, now: Timestamp) -> Option<&Suspension> {
        self.suspended.as_ref().filter(|suspension| suspension.counts(now))
    }

    /// What an earlier run of the program left open, if anything. Only at the start of the program:
    /// later, calls that are under way would be counted.
    #[must_use]
    pub fn debts(&self) -> Option<Debts> {
        let unknown = self.written.values().filter(|written| written.unknown.is_some()).count();
        let sync = self.sync_owed.clone();
        let cut_off = self.cut_off.len();
        (sync.is_some() || unknown > 0).then(|| Debts {
            sync,
            cut_off,
            lost: unknown.saturating_sub(cut_off),
        })
    }
}

/// What an earlier run of the program left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debts {
    /// A sync is owed.
    pub sync: Option<SyncDebt>,
    /// Steps that were begun and have no outcome on record.
    pub cut_off: usize,
    /// Steps whose answer was lost, and that are not decided yet.
    pub lost: usize,
}

impl fmt::Display for Debts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = |count: usize, what: &str| {
            (count > 0).then(|| format!("{} {what}", many(count, "step")))
        };
        let sync = self
            .sync
            .as_ref()
            .map(|debt| format!("a sync owed since {} by run {}", time(debt.since), debt.run));
        let parts = [
            sync,
            steps(self.cut_off, "cut off before an outcome was on record"),
            steps(self.lost, "whose answer was lost"),
        ];
        f.write_str(&list(parts.into_iter().flatten()))
    }
}

/// A sync that is still owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDebt {
    /// Since when.
    pub since: Timestamp,
    /// By which run.
    pub run: RunId,
}

/// What was last sent for a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastWrites {
    /// The last enable or disable.
    pub calling: Option<Write<Calling>>,
    /// The last value of each field that an update carried.
    pub details: BTreeMap<Field, Write<Value>>,
    /// A call whose answer was lost: it is not known whether it was carried out.
    pub unknown: Option<(Verb, Timestamp)>,
    /// How often somebody else changed a value back.
    pub reverted: Reverts,
    /// The calls that the service refused, the last of each verb, until one is accepted or a sync
    /// is owed for them.
    pub refused: BTreeMap<Verb, RefusedCall>,
}

/// A call that the service refused. A refusal says that nothing was done, and is not always right:
/// what was done all the same needs a sync.
///
/// So a refusal owes a sync, as an accepted call does. Once that is paid, refusing the very same
/// again owes none while it is sent again and again: it waits until the call is no longer sent,
/// because a list shows what it asked for or because nobody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// What it carried; empty for a switch.
    pub details: Details,
    /// The fields that it was to change, where a list had shown another value.
    pub changed: BTreeSet<Field>,
    /// When it was last refused.
    pub at: Timestamp,
    /// Whether the very same was refused before, and a sync was accepted after that.
    pub settled: bool,
    /// Whether no sync was accepted since.
    pub owed: bool,
}

/// When a value that had landed was sent again because it was no longer there, by field; nothing
/// stands for calling. The latest [`LastWrites::REVERTS`] of each; a new value starts from none.
pub type Reverts = BTreeMap<Option<Field>, Vec<Timestamp>>;

impl LastWrites {
    /// How many instants of [`LastWrites::reverted`] are kept for one field.
    pub const REVERTS: usize = 16;

    /// Whether a sync is owed again once it is decided what became of the lost and the refused
    /// calls.
    #[must_use]
    pub fn owes_again(&self) -> bool {
        self.is_synced_since_lost() || !self.refused.is_empty()
    }

    /// Whether this very call was refused before, and that is paid for: refused once more, it owes
    /// no sync.
    #[must_use]
    pub fn is_settled_refusal(&self, verb: Verb, details: &Details) -> bool {
        self.refused.get(&verb).is_some_and(|earlier| {
            earlier.details == *details && (earlier.settled || !earlier.owed)
        })
    }

    /// Whether a sync was accepted since the answer was lost that is not decided yet: then it may
    /// have come too early.
    #[must_use]
    pub fn is_synced_since_lost(&self) -> bool {
        let Some((_, lost)) = self.unknown else { return false };
        let calling = self.calling.iter().map(|write| (write.at, write.synced));
        let details = self.details.values().map(|write| (write.at, write.synced));
        calling.chain(details).any(|(at, synced)| at == lost && synced.is_some())
    }
}

/// A value that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write<T> {
    /// The value.
    pub value: T,
    /// When the service accepted it, or its answer was lost.
    pub at: Timestamp,
    /// Whether the answer was lost: then only an observation can tell that the value is there.
    pub lost: bool,
    /// Whether an observation has shown it since: then it is a fact, and a later difference is
    /// drift at once.
    pub landed: bool,
    /// Whether lists showed something else before it: then one that shows the value tells that the
    /// write arrived.
    pub tells: bool,
    /// When the first sync after it was accepted: its time to become visible begins there.
    pub synced: Option<Timestamp>,
    /// How often the same value was sent before without effect: accepted, synced, and no
    /// observation has shown it.
    pub in_vain: u32,
}

impl<T> Write<T> {
    /// How often the value was sent without effect, if no observation shows it in time. A lost
    /// answer proves nothing, nor does a write before its sync.
    #[must_use]
    pub fn tries_in_vain(&self) -> u32 {
        let counts = !self.landed && !self.lost && self.synced.is_some();
        self.in_vain.saturating_add(u32::from(counts))
    }
}

/// The image of a user before a step: the fields that the step changes, each with its value, or
/// with nothing where nothing was set. A field whose earlier value was not known is not in it. That
/// calling was the other way round is in the verb.
pub type Before = BTreeMap<Field, Option<Value>>;

/// Which of a user's written values an observation has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// Who.
    pub user: Upn,
    /// Whether the calling state that was written was seen.
    pub calling: bool,
    /// The fields whose written values were seen.
    pub fields: Vec<Field>,
}
