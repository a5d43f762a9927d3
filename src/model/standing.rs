//! Which of several services that share a journal leads, and which manifests are in force in all of
//! them.

use jiff::Timestamp;

/// Whether a service leads, as it last heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It alone does the passes.
    Leads {
        /// The fencing token: each leader has a higher one than all before.
        term: u64,
        /// Itself.
        own: Leader,
    },
    /// Another one does them; nobody if none is known.
    StandsBy(Option<Leader>),
}

impl Standing {
    /// The term of a service that leads.
    #[must_use]
    pub fn term(&self) -> Option<u64> {
        match self {
            Self::Leads { term, .. } => Some(*term),
            Self::StandsBy(_) => None,
        }
    }
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The machine.
    pub host: String,
    /// The process there.
    pub process: u32,
    /// The version of its program.
    pub version: String,
    /// Since when it leads.
    pub since: Timestamp,
    /// Until when that counts at least, by the store's clock.
    pub until: Timestamp,
}

/// A version of the manifests, as services tell each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// A hash over the contents: wherever a machine keeps them.
    pub digest: String,
    /// The commits that say it, where git knows them.
    pub commit: Option<String>,
}

/// What speaks for a version of the manifests that is to come into force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VersionGrounds {
    /// The head that this leader had in force before: what its own sources say after that is newer.
    pub follows: Option<i64>,
    /// Its sources have said the same twice, a poll apart, since it leads.
    pub read_twice: bool,
    /// Servers of git have said so; nobody answers for the age of a folder.
    pub vouched_for: bool,
}

/// What became of a version of the manifests that is to come into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// It is in force for all services, under this number.
    InForce(i64),
    /// Another one is in force, and may be newer.
    Behind(VersionInForce),
}

/// The version of the manifests that is in force for all services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInForce {
    /// The commits that say it, where git knows them.
    pub commit: Option<String>,
    /// When it came into force, by the store's clock.
    pub at: Timestamp,
    /// On which machine.
    pub host: String,
    /// Whether the other version was in force before it.
    pub is_older: bool,
}
