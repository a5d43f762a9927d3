//! Why somebody is needed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::IncidentKind;

/// Why somebody is needed: what mends itself is none of these.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The stop switch is on.
    Stopped,
    /// The journal cannot be reached.
    Journal,
    /// The manifests have mistakes.
    Manifests,
    /// The newest commit of a source of manifests is not in force.
    Source,
    /// The manifests name no tenant.
    Empty,
    /// Passes fail again and again.
    Failing,
    /// Something is held until people lift it.
    Held,
    /// Users cannot be planned for.
    Problems,
}

impl Need {
    /// The kind of incident that it is.
    fn kind(self) -> IncidentKind {
        match self {
            Self::Stopped => IncidentKind::Stopped,
            Self::Journal => IncidentKind::Journal,
            Self::Manifests => IncidentKind::Manifests,
            Self::Source => IncidentKind::Source,
            Self::Empty => IncidentKind::Empty,
            Self::Failing => IncidentKind::Failing,
            Self::Held => IncidentKind::Held,
            Self::Problems => IncidentKind::Problems,
        }
    }

    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind().name()
    }

    /// As a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.kind().words()
    }
}
