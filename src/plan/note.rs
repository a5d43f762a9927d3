//! Notes: what was noticed and needs no step.
//!
//! **Invariant:** a note is a kind with its data; the words are made where it is shown
//! (`render/note.rs`).

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use super::UpcomingDates;
use crate::model::{
    Fingerprint, Gate, GatewayId, Origin, Revision, RunId, TenantName, UnmatchedPlace,
    UnreadableValue, Upn, coded,
};

/// Something worth knowing that needs no step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Users with calling that no manifest names, left alone.
    Unmanaged(Vec<Upn>),
    /// Names in `protect` that belong to no user, desired or live: perhaps misspelt.
    ProtectsNobody(Vec<Upn>),
    /// Users with calling that no manifest has named since the journal began, left alone although
    /// the tenant is pruned.
    NotAdopted(Vec<Upn>),
    /// Users with calling that no manifest names, in a tenant that is pruned, while the journal has
    /// never seen this tenant: another journal may know that a manifest has named them, and then
    /// they are disabled.
    Unforeseen(Vec<Upn>),
    /// A managed user has another name since: the earlier one and the present one.
    Renamed(Upn, Upn),
    /// Disabled users whose declared details wait until they are enabled.
    DetailsWait(usize),
    /// Users with calling for whom nothing is done yet, because their `from` is ahead.
    Early(Vec<Upn>),
    /// Dates of users that are still ahead.
    Ahead(UpcomingDates),
    /// Users whose last writes are not visible yet, and until when that is normal.
    Settling(usize, Timestamp),
    /// The user list may be incomplete, which holds nothing now; what was noticed.
    Suspect(String),
    /// Numbers that are not understood: who holds them, and what was read.
    UnreadNumbers(Vec<(String, UnreadableValue)>),
    /// The list of numbers that Teams keeps was not read; why.
    NumberList(String),
    /// Places that the settings name and no row has.
    Unmatched(Vec<UnmatchedPlace>),
    /// Rows that name nobody, with calling off and without a number, passed over.
    Nameless(usize),
    /// The account's list of tenants does not have this one; the number of its reseller.
    NotOurTenant(i64),
    /// A gateway that manifests name and the account's list does not have.
    GatewayNotAvailable {
        /// The gateway.
        gateway: GatewayId,
        /// How many enabled users it is declared for.
        users: usize,
        /// Those that the account has.
        available: Vec<GatewayId>,
    },
    /// Teams could not be asked; why.
    NotConfirmed(String),
    /// Users that Teams does not yet show as the service does.
    NotConfirmedYet(usize),
    /// Part of what the planner was given is an older version; why.
    Kept(String),
    /// What became of an approval.
    Approval {
        /// What it is called.
        name: TenantName,
        /// Where it is.
        origin: Origin,
        /// What became of it.
        ruling: ApprovalRuling,
    },
    /// An undo does not last: git still wants what was done.
    NotLasting {
        /// What is undone, in words.
        what: String,
        /// For how many users.
        users: usize,
        /// The revision that it carried out, where that is on record.
        revision: Option<Revision>,
    },
    /// How long people are expected to be without calls.
    Interruption {
        /// How many of them.
        users: usize,
        /// All of them together.
        total: Duration,
        /// Those who wait longest.
        worst: Vec<(Upn, Duration)>,
    },
}

/// What became of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalRuling {
    /// A run has used it.
    Used(RunId, Timestamp),
    /// It has expired.
    Expired(Timestamp),
    /// It was made for another plan.
    Outdated {
        /// The plan that it was made for.
        made_for: Fingerprint,
        /// This plan.
        plan: Fingerprint,
    },
    /// The plan holds more users than it covers.
    TooMany {
        /// How many it covers.
        covers: u32,
        /// How many the plan holds.
        users: usize,
    },
    /// None of its users is held at its gates.
    Idle,
    /// It opens its gates.
    Opens {
        /// The gates.
        gates: BTreeSet<Gate>,
        /// For how many users.
        users: usize,
        /// Why, as the approval says.
        reason: String,
    },
}

coded! {
    /// The codes of notes.
    pub enum NoteCode {
        /// [`Note::Unmanaged`].
        Unmanaged = "unmanaged",
        /// [`Note::ProtectsNobody`].
        ProtectsNobody = "protect-unknown",
        /// [`Note::NotAdopted`].
        NotAdopted = "not-adopted",
        /// [`Note::Unforeseen`].
        Unforeseen = "unforeseen",
        /// [`Note::Renamed`].
        Renamed = "name-changed",
        /// [`Note::DetailsWait`].
        DetailsWait = "details-wait",
        /// [`Note::Early`].
        Early = "before-from",
        /// [`Note::Ahead`].
        Ahead = "dates-ahead",
        /// [`Note::Settling`].
        Settling = "settling",
        /// [`Note::Suspect`].
        Suspect = "list-doubtful",
        /// [`Note::UnreadNumbers`].
        UnreadNumbers = "numbers-not-understood",
        /// [`Note::NumberList`].
        NumberList = "numbers-of-teams-unread",
        /// [`Note::Unmatched`].
        Unmatched = "nothing-at-place",
        /// [`Note::Nameless`].
        Nameless = "rows-without-name",
        /// [`Note::NotOurTenant`].
        NotOurTenant = "tenant-not-listed",
        /// [`Note::GatewayNotAvailable`].
        GatewayNotAvailable = "gateway-not-available",
        /// [`Note::NotConfirmed`].
        NotConfirmed = "not-confirmed",
        /// [`Note::NotConfirmedYet`].
        NotConfirmedYet = "not-confirmed-yet",
        /// [`Note::Kept`].
        Kept = "manifests-kept",
        /// [`ApprovalRuling::Used`].
        ApprovalUsed = "approval-used",
        /// [`ApprovalRuling::Expired`].
        ApprovalExpired = "approval-expired",
        /// [`ApprovalRuling::Outdated`].
        ApprovalOutdated = "approval-outdated",
        /// [`ApprovalRuling::TooMany`].
        ApprovalTooSmall = "approval-too-small",
        /// [`ApprovalRuling::Idle`].
        ApprovalIdle = "approval-idle",
        /// [`ApprovalRuling::Opens`].
        ApprovalOpens = "approval-opens",
        /// [`Note::NotLasting`].
        NotLasting = "undo-not-lasting",
        /// [`Note::Interruption`].
        Interruption = "interruption",
    }
}

impl Note {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> NoteCode {
        match self {
            Self::Unmanaged(_) => NoteCode::Unmanaged,
            Self::ProtectsNobody(_) => NoteCode::ProtectsNobody,
            Self::NotAdopted(_) => NoteCode::NotAdopted,
            Self::Unforeseen(_) => NoteCode::Unforeseen,
            Self::Renamed(..) => NoteCode::Renamed,
            Self::DetailsWait(_) => NoteCode::DetailsWait,
            Self::Early(_) => NoteCode::Early,
            Self::Ahead(_) => NoteCode::Ahead,
            Self::Settling(..) => NoteCode::Settling,
            Self::Suspect(_) => NoteCode::Suspect,
            Self::UnreadNumbers(_) => NoteCode::UnreadNumbers,
            Self::NumberList(_) => NoteCode::NumberList,
            Self::Unmatched(_) => NoteCode::Unmatched,
            Self::Nameless(_) => NoteCode::Nameless,
            Self::NotOurTenant(_) => NoteCode::NotOurTenant,
            Self::GatewayNotAvailable { .. } => NoteCode::GatewayNotAvailable,
            Self::NotConfirmed(_) => NoteCode::NotConfirmed,
            Self::NotConfirmedYet(_) => NoteCode::NotConfirmedYet,
            Self::Kept(_) => NoteCode::Kept,
            Self::Approval { ruling, .. } => ruling.code(),
            Self::NotLasting { .. } => NoteCode::NotLasting,
            Self::Interruption { .. } => NoteCode::Interruption,
        }
    }
}

impl ApprovalRuling {
    fn code(&self) -> NoteCode {
        match self {
            Self::Used(..) => NoteCode::ApprovalUsed,
            Self::Expired(_) => NoteCode::ApprovalExpired,
            Self::Outdated { .. } => NoteCode::ApprovalOutdated,
            Self::TooMany { .. } => NoteCode::ApprovalTooSmall,
            Self::Idle => NoteCode::ApprovalIdle,
            Self::Opens { .. } => NoteCode::ApprovalOpens,
        }
    }
}
