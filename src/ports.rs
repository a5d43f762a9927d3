//! The seams: what the core asks of the world, and how the world may fail it.
//!
//! ```text
//! LiveReader   reads one tenant          plan, dry runs and applies are handed one
//! Provisioner  changes one tenant        only an apply is handed one
//! Journal      remembers across crashes  only an apply writes to it
//! ```
//!
//! **Invariant:** reading and writing are different types. A dry run is given a [`LiveReader`] and no [`Provisioner`], so that
//! it cannot write.

use std::{fmt, future::Future, sync::Arc};

use jiff::Timestamp;

use crate::model::{
    Before, Consent, Details, Fingerprint, Inventory, Landing, LiveSource, LiveTenant, Managed, Memory, Origin, Revision, RunId,
    TenantId, TenantName, TenantRef, UpdateRequest, Upn, Verb,
};

/// Reads live state.
pub trait LiveReader: Send + Sync {
    /// Observes one tenant: consent and every visible user. An answer that may be incomplete is not an error but says so in
    /// its coverage.
    fn observe(&self, tenant: &TenantRef) -> impl Future<Output = Result<LiveTenant, Fault>> + Send;

    /// What the account that manages a tenant has, as far as this reader knows: what the manifests are checked against. Nothing
    /// depends on it.
    fn inventory(&self, _tenant: &TenantRef) -> impl Future<Output = Option<Arc<Inventory>>> + Send {
        std::future::ready(None)
    }
}

/// Changes a tenant. `Ok` means that the service accepted the call; only a later observation makes it a fact.
pub trait Provisioner: Send + Sync {
    /// Whether the customer still consents; asked right before writing.
    fn consent(&self, tenant: &TenantRef) -> impl Future<Output = Result<Consent, Fault>> + Send;
    /// `enableCallingForUser` (contract 4.1).
    fn enable(&self, tenant: &TenantRef, user: &Upn) -> impl Future<Output = Result<(), Fault>> + Send;
    /// `disableCallingForUser` (contract 4.2).
    fn disable(&self, tenant: &TenantRef, user: &Upn) -> impl Future<Output = Result<(), Fault>> + Send;
    /// `updateUserDetails` (contract 4.3).
    fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> impl Future<Output = Result<(), Fault>> + Send;
    /// `syncTeamsRegistrations` (contract 4.4).
    fn sync(&self, tenant: &TenantRef) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The durable record of intent. Each method returns only when a crash can no longer lose what it was told.
///
/// Made for stores that several machines share: whoever writes of a tenant holds its lease, and the store refuses what comes with
/// a lease that somebody else has taken since.
pub trait Journal: Send + Sync {
    /// What the planner may know of a tenant. Tenants are known by their id: a name in the manifests may change.
    fn memory(&self, tenant: &TenantId) -> Memory;
    /// Takes the right to write of a tenant, if nobody holds it. It is given back when the lease is dropped, and lapses when its
    /// holder is gone, by the store's clock.
    fn lease(&self, tenant: &TenantId) -> impl Future<Output = Result<Lease, JournalError>> + Send;
    /// Records one fact, and renews the lease. An entry of another tenant than the lease's is refused.
    fn record(&self, lease: &Lease, entry: Entry) -> impl Future<Output = Result<(), JournalError>> + Send;
    /// Why nothing can be recorded any more, as far as that shows without trying.
    fn trouble(&self) -> Option<JournalError> {
        None
    }
}

/// The right to write of one tenant, for as long as this value lives. Its store keeps it renewed.
pub struct Lease {
    tenant: TenantId,
    token: u64,
    good: Box<dyn Fn() -> bool + Send + Sync>,
    release: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Lease {
    /// A lease, for stores. `good` tells by the holder's own clock whether it may still begin a call, and says no well before
    /// the store would let anybody else in; `release` gives the lease back and is called once.
    pub fn new(
        tenant: TenantId,
        token: u64,
        good: impl Fn() -> bool + Send + Sync + 'static,
        release: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self { tenant, token, good: Box::new(good), release: Some(Box::new(release)) }
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The fencing token: each lease of a tenant has a higher one than all before.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether its holder may begin a call. Once this is false nothing more may be sent.
    #[must_use]
    pub fn is_good(&self) -> bool {
        (self.good)()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("tenant", &self.tenant).field("token", &self.token).finish_non_exhaustive()
    }
}

/// Why the journal did not take what it was told. Nothing may be written to the service without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It cannot make anything durable any more.
    #[error("the journal cannot be written: {0}")]
    Broken(String),
    /// What it writes is no longer what its folder names: it was deleted, replaced or cut while this process works.
    #[error("the journal was taken away while dialplane works with it: {0}")]
    Gone(String),
    /// Somebody else has the right to write of this tenant.
    #[error("{holder} is working on this tenant, and has the right to until {until} at least")]
    Held {
        /// Host, process, and since when.
        holder: String,
        /// By the store's clock.
        until: Timestamp,
    },
    /// The right to write was lost: it lapsed, or somebody else has it now.
    #[error("the right to write of this tenant was lost")]
    Lost,
}

/// One fact in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it became known.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// Of which tenant, by the name that it had then.
    pub tenant: TenantName,
    /// The tenant itself.
    pub tenant_id: TenantId,
    /// What.
    pub event: Event,
}

/// What the journal records.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run is about to write: from now on a sync is owed.
    Began {
        /// How many steps it means to carry out.
        steps: usize,
        /// Which version of the manifests wants it, where that is known.
        revision: Option<Revision>,
        /// Who carries it out by hand: user and machine. Absent for the service.
        by: Option<String>,
        /// The plan as text, perhaps cut short: for people who look back.
        plan: String,
    },
    /// An approval is used up by this run: from now on it opens nothing.
    Approved {
        /// What the approval is called.
        approval: TenantName,
        /// The plan that it was made for.
        plan: Fingerprint,
    },
    /// A step is about to be sent.
    Intent {
        /// Whom it changes.
        user: Upn,
        /// The verb.
        verb: Verb,
        /// What an update carries; empty for the other verbs.
        details: Details,
        /// What was there before, as far as it was known: what would undo the step.
        before: Before,
        /// Which line of the manifests wants it; absent for users that no manifest names.
        origin: Option<Origin>,
    },
    /// A step was answered, or its answer was lost.
    Outcome {
        /// Whom it changed.
        user: Upn,
        /// The verb.
        verb: Verb,
        /// What became of it.
        outcome: StepOutcome,
    },
    /// The sync is about to be sent.
    Syncing,
    /// A sync was accepted: the debt is paid.
    Synced,
    /// A sync was refused, or its answer was lost: the debt stays.
    NotSynced {
        /// Whether it may be running all the same.
        lost: bool,
        /// An answer came and said neither yes nor no; how the settings had the call made then, see [`crate::model::UnclearSyncs`].
        unclear: Option<u32>,
        /// What the service said, or did not.
        reason: String,
    },
    /// The run ended and owes no sync: nothing of it was sent, or the service refused once more what it had refused before, see
    /// [`crate::model::Refused`].
    NothingSent,
    /// What became of these users' lost answers is no longer waited for: an observation has shown it, or the time for that is over.
    /// Or what was refused is no longer sent again. A sync that was accepted meanwhile may have come too early for them, so that one
    /// is owed again.
    Decided(Vec<Upn>),
    /// Observations have shown values that were written before.
    Landed(Vec<Landing>),
    /// These users are named by the manifests and visible, which was not known of them before.
    Managed(Vec<Managed>),
    /// These users were managed before and are no longer visible.
    Vanished(Vec<Upn>),
    /// A whole list of users was seen, and has another number of them than the last one.
    Counted {
        /// How many.
        users: usize,
        /// Who showed it.
        by: LiveSource,
    },
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// The service took it.
    Accepted,
    /// The service says that it refused it, or it was never sent.
    Failed(Fault),
    /// It was sent and the answer was lost or made no sense: it may or may not have been carried out.
    Unknown(Fault),
    /// It was not sent, for this reason.
    NotTried(String),
}

/// A call that did not succeed, in words for the person who has to act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of failure it was: decides what happens next.
    pub kind: FaultKind,
    /// One sentence: what failed and how.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The service did not accept who we are (token refused, 401 after a fresh token, 403).
    Auth,
    /// The service refused this call (4xx; for a read also a 200 with an error inside).
    Rejected,
    /// Too many calls, even after waiting as told.
    Throttled,
    /// No connection could be made: nothing was sent.
    Unreachable,
    /// Sent, and no answer came (time-out, reset).
    NoAnswer,
    /// The service failed while handling the call (5xx).
    Server,
    /// An answer came that cannot be understood (not JSON, wrong types, too large), or one that says of a write both yes and no.
    Garbled,
    /// The configuration does not say how to make this call.
    NotConfigured,
    /// Somebody has stopped everything: nothing was sent.
    Stopped,
}

impl Fault {
    /// A failure without advice.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl FaultKind {
    /// Whether the service may have had the call and have answered that it will not do it. Nothing was changed then, by its own
    /// words.
    #[must_use]
    pub fn may_be_an_answer(self) -> bool {
        matches!(self, Self::Rejected | Self::Auth | Self::Throttled)
    }

    /// What a failed write means for its step and its tenant.
    #[must_use]
    pub fn of_write(self) -> WriteVerdict {
        match self {
            Self::Rejected => WriteVerdict::Failed,
            Self::Auth | Self::Throttled | Self::Unreachable | Self::NotConfigured | Self::Stopped => WriteVerdict::StopTenant,
            Self::NoAnswer | Self::Server | Self::Garbled => WriteVerdict::Unknown,
        }
    }
}

/// What a failed write means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteVerdict {
    /// This step failed; the others go on.
    Failed,
    /// Nothing was changed and the next call would fare no better: stop this tenant.
    StopTenant,
    /// It may have been carried out: never send it again blindly.
    Unknown,
}
