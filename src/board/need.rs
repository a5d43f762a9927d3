//! Why somebody is needed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Passes fail again and again.
    Failing,
    /// Something is held until people lift it.
    Held,
    /// Users cannot be planned for.
    Problems,
}

impl Need {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Journal => "journal",
            Self::Manifests => "manifests",
            Self::Source => "source",
            Self::Failing => "failing",
            Self::Held => "held",
            Self::Problems => "problems",
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
            Self::Failing => "passes fail",
            Self::Held => "something is held until people lift it",
            Self::Problems => "users are in need of attention",
        }
    }
}
