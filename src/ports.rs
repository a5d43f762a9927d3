//! The seams: what the core asks of the world, and how the world may fail it.
//!
//! ```text
//! LiveReader   reads one tenant          plan, dry runs and applies are handed one
//! Provisioner  changes one tenant        only an apply is handed one
//! Recall       tells what is remembered  of any tenant; a plan of it is only shown
//! History      looks back             people ask it
//! Journal      remembers across crashes  only an apply writes to it, under a lease
//! Messenger    tells people something    only a service is handed one
//! Lead         lets one service of several do the passes
//! CommonStop   the stop switch that machines share
//! ```
//!
//! **Invariant:** reading and writing are different types. A dry run is given a [`LiveReader`] and
//! a [`Recall`], and neither a [`Provisioner`] nor a [`Journal`], so it cannot write. A plan that
//! is carried out is made of memory that came with the [`Lease`] it is carried out under.

mod lead;
mod stop;

use std::{collections::BTreeSet, fmt, future::Future, sync::Arc, time::Duration};

use jiff::Timestamp;

pub use self::lead::{HandedOrder, Lead};
pub use self::stop::CommonStop;
use crate::model::{
    Call, Consent, Entry, Fault, Inventory, LeaseId, LiveTenant, Memory, Notice, RunId, RunStart,
    TenantId, TenantName, TenantRef, Upn,
};

/// Reads live state.
pub trait LiveReader: Send + Sync {
    /// Observes one tenant: consent and every visible user. An answer that may be incomplete is not
    /// an error but says so in its coverage.
    fn observe(&self, tenant: &TenantRef)
    -> impl Future<Output = Result<LiveTenant, Fault>> + Send;

    /// What the account that manages a tenant has, as far as this reader knows: what the manifests
    /// are checked against. Nothing depends on it.
    fn inventory(
        &self,
        _tenant: &TenantRef,
    ) -> impl Future<Output = Option<Arc<Inventory>>> + Send {
        std::future::ready(None)
    }
}

/// Changes a tenant. `Ok` means that the service accepted the call; only a later observation makes
/// it a fact.
pub trait Provisioner: Send + Sync {
    /// Whether the customer still consents; asked right before writing.
    fn consent(&self, tenant: &TenantRef) -> impl Future<Output = Result<Consent, Fault>> + Send;
    /// Sends one call, once. `permit` is asked right before it goes out, each time when it waited.
    fn send(
        &self,
        tenant: &TenantRef,
        call: &Call,
        permit: &Permit,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Whether a write may still go out. A call may wait long before it is sent: for a login, for its
/// turn, as the service asks. What has been stopped meanwhile is not sent.
#[derive(Clone)]
pub struct Permit(Arc<dyn Fn() -> Result<(), Fault> + Send + Sync>);

impl Permit {
    /// `check` gives the fault of a call that may not go out.
    pub fn new(check: impl Fn() -> Result<(), Fault> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Whether the call may go out now.
    pub fn check(&self) -> Result<(), Fault> {
        (self.0)()
    }

    /// Only if this allows it as well.
    #[must_use]
    pub fn and(&self, check: impl Fn() -> Result<(), Fault> + Send + Sync + 'static) -> Self {
        let this = self.clone();
        Self::new(move || {
            this.check()?;
            check()
        })
    }
}

/// Always.
impl Default for Permit {
    fn default() -> Self {
        Self::new(|| Ok(()))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Takes notices to their receivers. No notice changes anything anywhere.
pub trait Messenger: Send + Sync {
    /// Delivers a notice to the receiver of that name, once. `Ok` means that it was taken.
    fn deliver(
        &self,
        receiver: &str,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), DeliveryFailure>> + Send;
}

/// Why a notice was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// In words.
    pub fault: Fault,
    /// How long the receiver asks to be left alone.
    pub wait: Option<Duration>,
    /// Whether it says that it never wants to hear anything again.
    pub gone: bool,
}

/// Tells what is remembered, without any right to write.
pub trait Recall: Send + Sync {
    /// What is remembered of a tenant now. Tenants are known by their id: a name in the manifests
    /// may change. The holder of the tenant's lease may change it at any moment, so it serves plans
    /// that are only shown, and what a plan must know of other tenants.
    fn recall(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Arc<Memory>, JournalError>> + Send;
}

/// Looks back at what is on record, for people who ask. It keeps nobody from writing.
pub trait History: Recall {
    /// The last runs that meant to write, newest first; of one tenant, by the name that it had
    /// then, if it is named.
    fn runs(
        &self,
        tenant: Option<&TenantName>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RunId>, HistoryError>> + Send;
    /// That the last runs began that meant to write, newest first.
    fn begun(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RunStart>, HistoryError>> + Send;
    /// That tenants were suspended and resumed, newest first.
    fn suspensions(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, HistoryError>> + Send;
    /// The names of all tenants that runs meant to write of.
    fn tenants(&self) -> impl Future<Output = Result<BTreeSet<String>, HistoryError>> + Send;
    /// What was recorded of a run, in its order. Nothing if there is no such run, or it is too long
    /// ago.
    fn entries(&self, run: &RunId)
    -> impl Future<Output = Result<Vec<Entry>, HistoryError>> + Send;
    /// What was recorded of a user of a tenant, newest first.
    fn entries_of(
        &self,
        tenant: &TenantId,
        user: &Upn,
    ) -> impl Future<Output = Result<Vec<Entry>, HistoryError>> + Send;
    /// Reads all of it, and proves that it is what was written.
    fn check(&self) -> impl Future<Output = Result<JournalCheck, HistoryError>> + Send;
    /// Hands out every entry that can be read, as a line of JSON, in order, and what entries that
    /// are no longer kept added up to. A journal is made again from these lines.
    fn export(
        &self,
        each: &mut (dyn FnMut(&str) + Send),
    ) -> impl Future<Output = JournalExport> + Send;
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCheck {
    /// Entries that are kept and follow one another.
    pub entries: i64,
    /// When the first of them was recorded.
    pub first: Option<Timestamp>,
    /// When the last of them was recorded.
    pub last: Option<Timestamp>,
    /// The hash of the last one: those who note it can tell later that nothing before it was
    /// changed.
    pub head: String,
    /// What is wrong. Empty if the journal is whole.
    pub problems: Vec<String>,
}

/// What was saved of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalExport {
    /// Entries that were handed out.
    pub entries: u64,
    /// What could not be.
    pub problems: Vec<String>,
}

/// Why nothing can be told of what is on record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HistoryError {
    /// What is wrong, and where.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// The durable record of intent. [`Journal::record`] returns only when a crash can no longer lose
/// what it was told.
///
/// Made for stores that several machines share: the writer of a tenant holds its lease, and the
/// store refuses what comes with a lease that somebody else has taken since.
pub trait Journal: Recall {
    /// What the holder of a lease may build on: nobody else changes it while the lease counts.
    fn memory(
        &self,
        lease: &Lease,
    ) -> impl Future<Output = Result<Arc<Memory>, JournalError>> + Send;
    /// Takes the right to write of a tenant, if nobody holds it. It is given back when the lease is
    /// dropped, and lapses when its holder is gone, by the store's clock.
    fn lease(&self, tenant: &TenantId) -> impl Future<Output = Result<Lease, JournalError>> + Send;
    /// Records one fact, and renews the lease. An entry of another tenant than the lease's is
    /// refused.
    fn record(
        &self,
        lease: &Lease,
        entry: Entry,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
    /// Records two facts in their order, and tells what became of each. A store that can makes both
    /// durable at once. The second is never on record without the first.
    fn record_both(
        &self,
        lease: &Lease,
        first: Entry,
        second: Entry,
    ) -> impl Future<Output = [Result<(), JournalError>; 2]> + Send {
        async move {
            let first = self.record(lease, first).await;
            let second = match &first {
                Ok(()) => self.record(lease, second).await,
                Err(error) => Err(error.clone()),
            };
            [first, second]
        }
    }
    /// The store's time. Machines that share a store share its time, whatever their own clocks say.
    fn now(&self) -> Timestamp;
    /// Lets a while pass before a store that was away is asked again.
    fn pause(&self) -> impl Future<Output = ()> + Send;
    /// Why nothing can be recorded now, as far as that shows without trying.
    fn trouble(&self) -> Option<JournalError> {
        None
    }
}

/// The right to write of one tenant, for as long as this value lives. Its store keeps it renewed.
pub struct Lease {
    tenant: TenantId,
    token: u64,
    good: Arc<dyn Fn() -> bool + Send + Sync>,
    release: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Lease {
    /// A lease, for stores. `good` tells by the holder's own clock whether it may still begin a
    /// call, and says no well before the store would let anybody else in; `release` gives the lease
    /// back and is called once.
    pub fn new(
        tenant: TenantId,
        token: u64,
        good: impl Fn() -> bool + Send + Sync + 'static,
        release: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self { tenant, token, good: Arc::new(good), release: Some(Box::new(release)) }
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

    /// Which lease it is, for what is made under it.
    #[must_use]
    pub fn id(&self) -> LeaseId {
        LeaseId { tenant: self.tenant.clone(), token: self.token }
    }

    /// Whether its holder may begin a call. Once this is false nothing more may be sent.
    #[must_use]
    pub fn is_good(&self) -> bool {
        (self.good)()
    }

    /// The same question, for those who ask it while the lease is elsewhere.
    #[must_use]
    pub fn goodness(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        Arc::clone(&self.good)
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
        f.debug_struct("Lease")
            .field("tenant", &self.tenant)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Why the journal did not take what it was told. Nothing may be written to the service without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum JournalError {
    /// It cannot be reached now, and may be again soon. Nothing new begins until then.
    #[error("the journal has been out of reach since {since}: {reason}")]
    Away {
        /// By the clock of this machine.
        since: Timestamp,
        /// Why, in words.
        reason: String,
    },
    /// It cannot make anything durable any more.
    #[error("the journal cannot be written: {0}")]
    Broken(String),
    /// What it writes is no longer what its folder names: it was deleted, replaced or cut while
    /// this process works.
    #[error("the journal was taken away while dialplane was using it: {0}")]
    Gone(String),
    /// What it holds cannot be read.
    #[error("the journal cannot be read: {0}")]
    Unreadable(String),
    /// What is there of it is not what was written: a person has to judge it. Other tenants go on.
    #[error("the journal of this tenant is not what was written (`dialplane journal accept`): {0}")]
    Doubtful(String),
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

impl JournalError {
    /// Whether nothing can ever be recorded again by this process.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Gone(_) | Self::Unreadable(_) => true,
            Self::Away { .. } | Self::Doubtful(_) | Self::Held { .. } | Self::Lost => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Away { .. } => {
                "nothing more was sent; see that the journal's store can be reached, and try again"
            }
            Self::Broken(_) => {
                "make room, or move the folder and set `state.path` to it, and start again: it \
                    continues where it was"
            }
            Self::Unreadable(_) => "`dialplane journal check` tells what is wrong with it",
            Self::Gone(_) => {
                "nothing more was sent; see that no other dialplane works with this state and \
                    that the folder is restored, then start again"
            }
            Self::Doubtful(_) => {
                "nothing more was sent; bring back the newest copy of the database. To go on with \
                    what is there, run `dialplane journal accept`: calls may have been carried out \
                    that it does not know"
            }
            Self::Held { .. } => "wait until it is done, or end it",
            Self::Lost => "nothing more was sent; the next run looks at what became of it",
        }
    }
}
