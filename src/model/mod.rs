//! The domain types: identities, phone numbers, users, tenants, what was observed, what is
//! remembered.
//!
//! Values only. They are built where text or an answer is read (`manifest`, `api`, `journal`) and
//! checked there once, so nothing behind that edge has to check again.
//!
//! What the program keeps for itself (outcomes, verdicts, revisions, incidents) is written as its type
//! says: those derive serde here. What people write has a form of its own beside its reader, such as
//! `manifest/choices.rs`, so a type can change without a key changing. [`PerHour`] and [`Gate`] alone
//! are read as they are: settings and manifests say them in the same way.
//!
//! **Invariant:** no I/O, no clock, no async, and nothing of the crate outside this folder.

mod approval;
mod call;
mod coded;
mod dates;
mod desired;
mod details;
mod fault;
mod field;
mod field_map;
mod forms;
mod id;
mod in_force;
mod inventory;
mod lease;
mod limits;
mod live;
mod memory;
mod missing;
mod notice;
pub(crate) mod packed;
mod phone;
mod reading;
mod record;
mod revision;
mod roll;
mod roster;
mod run_id;
mod sent;
mod service;
mod set_up;
mod spelling;
mod standing;
mod stop;
mod suspension;
mod tenant;
mod users;
mod verdict;
mod window;
mod write_path;

pub use approval::{Approval, ApprovedUsers, Fingerprint, Gate, UsedApproval, parse_expiry};
pub use call::{Call, Verb};
pub(crate) use coded::coded;
pub use dates::Dates;
pub use desired::{
    Adopt, Desired, DesiredTenant, DesiredUser, Mode, Origin, Protect, Prune, Release,
};
pub use details::{Details, UpdateRequest, Value};
pub use fault::{Fault, FaultKind, WriteVerdict};
pub use field::{Field, FieldKind};
pub use field_map::{FieldMap, FieldSet};
pub use id::{AccountName, GatewayId, Site, TenantId, TenantName, Upn, UserId};
pub(crate) use id::{is_of_platform, is_small};
pub use in_force::TenantInForce;
pub use inventory::{Customer, Inventory};
pub use lease::{LeaseId, RecalledMemory};
pub use limits::{Limit, Limits, PerHour, ShrinkLimit};
pub use live::{
    Confirmation, Consent, Coverage, HeldNumber, ListExtras, LiveCalling, LivePhone, LiveTenant,
    LiveUser, NumberList, ObservedValue, UnmatchedPlace,
};
pub use memory::{
    Before, CountedList, Debts, Landing, LastWrites, Memory, RefusedCall, Reverts, SyncDebt,
    UnclearSyncs, Write,
};
pub use missing::{Doubt, Missing};
pub use notice::{Incident, IncidentDetails, IncidentKind, Notice, NoticeEntry, NoticeOccasion};
pub use phone::{ExtensionPrefix, NumberKey, NumberRef, PhoneNumber};
pub use reading::{Raw, UnreadableValue, is_blank};
pub use record::{Entry, Event, PartOf, RunStart, StepOutcome};
pub use revision::Revision;
pub use roll::Roll;
pub use roster::Roster;
pub(crate) use roster::{Likeness, UserSource};
pub use run_id::{PassId, RunId};
pub use sent::{Managed, RecentCalls, RememberedUser, SentCounts};
pub use service::{CallAppCalls, Service};
pub use set_up::{Onboard, SetUp};
pub use standing::{Adopted, Head, Leader, Standing, VersionGrounds, VersionInForce};
pub use stop::{StopNote, StopSeen};
pub use suspension::Suspension;
pub use tenant::{LiveSource, TenantRef};
pub use users::{HasUpn, PairWalk, Users};
pub use verdict::{Pending, Reason, UserVerdict, Verdict};
pub use window::{Span, Windows, time_zone};
pub use write_path::WritePath;

/// Whether a person can make and receive calls in Teams.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Calling {
    /// Calls work.
    Enabled,
    /// Calls are switched off; the platform keeps the user's record and number (contract 4.2).
    Disabled,
}

impl std::fmt::Display for Calling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        })
    }
}
