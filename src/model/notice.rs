//! What people are told who do not look: that something needs them, still does, or is over.
//!
//! An incident lasts; a notice is one message about incidents to one receiver.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::{list, many};

/// What kind of thing needs somebody. In the order in which they are told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
    /// The stop switch is on.
    Stopped,
    /// The journal cannot be reached.
    Journal,
    /// Manifests have mistakes.
    Manifests,
    /// The newest commit of a branch is not in force.
    Source,
    /// The manifests name no tenant.
    Empty,
    /// Passes of a tenant fail again and again.
    Failing,
    /// Something is held until people lift it.
    Held,
    /// Users cannot be planned for.
    Problems,
    /// Writes were accepted and did not become visible in time.
    DidNotLand,
    /// Live state differs where the mode is `report`.
    Drift,
    /// A pass has changed users: nothing is wrong. Told only to receivers that name it.
    Applied,
}

impl IncidentKind {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Journal => "journal",
            Self::Manifests => "manifests",
            Self::Source => "source",
            Self::Empty => "empty",
            Self::Failing => "failing",
            Self::Held => "held",
            Self::Problems => "problems",
            Self::DidNotLand => "did-not-land",
            Self::Drift => "drift",
            Self::Applied => "applied",
        }
    }

    /// As a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stopped => "everything is stopped",
            Self::Journal => "the journal cannot be reached",
            Self::Manifests => "the manifests have mistakes",
            Self::Source => "the newest commit of a source is not in force",
            Self::Empty => "no tenant is in force",
            Self::Failing => "passes fail",
            Self::Held => "something is held until people lift it",
            Self::Problems => "users are in need of attention",
            Self::DidNotLand => "accepted changes did not become visible",
            Self::Drift => "live state differs from the manifests, and mode `report` leaves it",
            Self::Applied => "a pass has changed users",
        }
    }
}

/// Which incident it is. It holds neither times nor counts, so the same trouble is the same
/// incident for as long as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Its kind.
    pub kind: IncidentKind,
    /// The tenant; without one it concerns the service as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What `dialplane explain` explains, where there is such a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = self.tenant.as_deref().unwrap_or("the service");
        match (self.kind, &self.tenant) {
            // Several customers, and not the service.
            (IncidentKind::Applied, None) => f.write_str(self.kind.words())?,
            _ => write!(f, "{whom}: {}", self.kind.words())?,
        }
        self.code.as_ref().map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

/// What is known of an incident beyond which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentDetails {
    /// How many steps, users or mistakes; 0 where that means nothing.
    pub count: usize,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// What is told of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeOccasion {
    /// It is there.
    Opened,
    /// It is still there.
    Reminded,
    /// It is over.
    Closed,
    /// It was done, and is nothing that lasts.
    Applied,
}

impl NoticeOccasion {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reminded => "reminded",
            Self::Closed => "closed",
            Self::Applied => "applied",
        }
    }
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeEntry {
    /// What of it.
    pub telling: NoticeOccasion,
    /// Of which incident.
    pub incident: Incident,
    /// Since when it has been there.
    pub since: Timestamp,
    /// What else is known. Nothing of one that is over.
    pub details: Option<IncidentDetails>,
    /// Which version of the manifests is in force, in words, where git knows it. Nothing of what was
    /// done: its reason names the version that it was done by.
    pub in_force: Option<String>,
}

impl NoticeEntry {
    /// In one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let incident = &self.incident;
        let count = self.details.as_ref().map_or(0, |details| details.count);
        let noun = match incident.kind {
            IncidentKind::Held => "step",
            IncidentKind::Problems => "user",
            IncidentKind::Manifests => "mistake",
            IncidentKind::DidNotLand | IncidentKind::Drift | IncidentKind::Applied => "change",
            IncidentKind::Source => "branch",
            IncidentKind::Stopped
            | IncidentKind::Journal
            | IncidentKind::Empty
            | IncidentKind::Failing => "pass",
        };
        let counted = if count == 0 { String::new() } else { format!(", {}", many(count, noun)) };
        match self.telling {
            NoticeOccasion::Opened | NoticeOccasion::Applied => format!("{incident}{counted}"),
            NoticeOccasion::Reminded => format!("still: {incident}{counted}"),
            NoticeOccasion::Closed => format!("over: {incident}"),
        }
    }
}

/// One message to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The same each time when the same is sent again.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// What it tells. Empty only in a notice that somebody sends to try the way.
    pub told: Vec<NoticeEntry>,
}

impl Notice {
    /// So many things are told in words, at most; what is more is counted.
    pub const IN_WORDS: usize = 10;

    /// A notice that tells nothing: somebody tries the way.
    #[must_use]
    pub fn trial(id: String, at: Timestamp) -> Self {
        Self { id, at, told: Vec::new() }
    }

    /// What is told in words, and how many things are counted besides.
    #[must_use]
    pub fn in_words(&self) -> (&[NoticeEntry], usize) {
        let (told, more) = self.told.split_at(self.told.len().min(Self::IN_WORDS));
        (told, more.len())
    }

    /// In one line.
    #[must_use]
    pub fn headline(&self) -> String {
        match self.told.as_slice() {
            [] => "this is a trial: nothing is wrong".to_owned(),
            [only] => only.headline(),
            told => {
                let count = |telling| told.iter().filter(|told| told.telling == telling).count();
                let parts = [
                    (count(NoticeOccasion::Opened), "new"),
                    (count(NoticeOccasion::Reminded), "still there"),
                    (count(NoticeOccasion::Closed), "over"),
                    (count(NoticeOccasion::Applied), "applied"),
                ];
                let parts = parts.into_iter().filter(|(count, _)| *count > 0);
                let parts = parts.map(|(count, what)| format!("{count} {what}"));
                format!("{}: {}", many(told.len(), "incident"), list(parts))
            }
        }
    }
}
