//! Holds: why something may not run, and what lifts it.

use jiff::Timestamp;

use crate::model::Fault;

/// Why something may not run, and what lifts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The kind, for machines and for guards that build on each other.
    pub kind: HoldKind,
    /// Why, for people.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// When it is lifted by itself, if that is known.
    pub until: Option<Timestamp>,
}

/// The kinds of hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum HoldKind {
    /// The tenant's mode is not `enforce`.
    Mode,
    /// The tenant's manifests have errors.
    Manifests,
    /// Part of the manifests is unreadable: nobody may be removed.
    Incomplete,
    /// The user's line has not been missing for long enough.
    Absent,
    /// Live state could not be read.
    NotRead,
    /// The list of users may not be whole.
    Coverage,
    /// The customer has not consented.
    Consent,
    /// It is not certain which reseller the enterprise belongs to.
    Reseller,
    /// More people of the tenant would lose calling than its limit allows.
    Limit,
    /// More numbers of the tenant would be replaced than its limit allows.
    NumberLimit,
    /// More people of the tenant would be changed than its limit allows.
    ChangeLimit,
    /// More would be sent for the whole fleet within an hour than the settings allow.
    HourLimit,
    /// The manifests name far fewer users of the tenant than were managed before.
    EmptyDesired,
    /// The user, the number or the site is protected.
    Protected,
    /// A protected user is to be disabled, and nobody says why.
    ReasonMissing,
    /// It is the last phone of its site that works.
    LastOfSite,
    /// A user whom no manifest names was missing for a while.
    Quarantined,
    /// A user whom no manifest names may be a managed one under another name.
    Renamed,
    /// The number is held by somebody who does not give it up.
    NumberTaken,
    /// Numbers go round in a ring, and there is no place to park one.
    NumberRing,
    /// A number is to be given up in a way that nobody allowed.
    NumberRelease,
    /// Not everybody who may hold the number could be looked at.
    NumberUnproven,
    /// The user's present number is not understood.
    Unread,
    /// Nothing but a field is to be changed that no row of the tenant shows.
    Unmatched,
    /// A step that must come before is held.
    AfterHeld,
    /// Its change window is not open.
    Window,
    /// Everything is stopped.
    Stopped,
    /// Somebody else changes the value back again and again.
    Flap,
    /// The answers to the last syncs said neither yes nor no.
    SyncUnclear,
}

impl Hold {
    /// A hold.
    #[must_use]
    pub fn new(kind: HoldKind, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), remedy: remedy.into(), until: None }
    }

    /// Live state could not be read.
    #[must_use]
    pub fn not_read(fault: &Fault) -> Self {
        let remedy = fault.hint.clone().unwrap_or_else(|| {
            "nothing is changed until it can be read; look again later".to_owned()
        });
        Self::new(HoldKind::NotRead, fault.message.clone(), remedy)
    }
}
