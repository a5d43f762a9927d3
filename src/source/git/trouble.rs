//! Why the newest commit of a source is not in force.

use std::fmt;

/// Why the newest commit of a source is not in force, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitTrouble {
    /// What kind of trouble it is.
    pub kind: GitTroubleKind,
    /// In a sentence.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitTroubleKind {
    /// The server does not answer, or not to us. It may do so again by itself.
    Away,
    /// The branch is gone.
    Branch,
    /// The commit has no manifests where they are looked for.
    Folder,
    /// The commit is not signed by somebody who may.
    Unsigned,
    /// The branch was rewritten, and that is held.
    Rewritten,
    /// The secret for the server cannot be had.
    Secret,
    /// The private copy, or git itself, cannot be used.
    Cache,
    /// Nobody waits for it any more.
    GivenUp,
}

impl GitTroubleKind {
    /// In one word, for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Branch => "branch-gone",
            Self::Folder => "folder-gone",
            Self::Unsigned => "unsigned",
            Self::Rewritten => "rewritten",
            Self::Secret => "secret",
            Self::Cache => "cache",
            Self::GivenUp => "given-up",
        }
    }

    /// Whether it may end by itself soon.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Away | Self::GivenUp)
    }
}

impl GitTrouble {
    pub(super) fn new(
        kind: GitTroubleKind,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { kind, reason: reason.into(), hint: hint.into() }
    }

    /// Whether somebody who was told of `known` has to be told of this: a server that is away says
    /// so in ever other words.
    pub(in crate::source) fn is_other(&self, known: &Self) -> bool {
        (self.kind, &self.hint) != (known.kind, &known.hint)
            || !self.kind.may_pass() && self.reason != known.reason
    }

    /// Nobody waits for it any more.
    pub(in crate::source) fn given_up() -> Self {
        Self::new(GitTroubleKind::GivenUp, "given up", "start it again")
    }
}

impl fmt::Display for GitTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
