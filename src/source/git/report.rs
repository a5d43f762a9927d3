//! What is told of a branch that is followed.

use std::time::Duration;

use jiff::Timestamp;

use super::trouble::GitTrouble;
use crate::model::Revision;

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// What it is called.
    pub name: String,
    /// The branch.
    pub branch: String,
    /// Its commit that is in force.
    pub revision: Option<Revision>,
    /// When the server last said where the branch is.
    pub heard_at: Option<Timestamp>,
    /// Why the newest commit is not in force, and since when.
    pub trouble: Option<(GitTrouble, Timestamp)>,
    /// How long trouble that may pass by itself concerns nobody.
    pub patience: Duration,
}

impl SourceReport {
    /// Why the newest commit is not in force, and what is instead.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let (trouble, _) = self.trouble.as_ref()?;
        let stays = stays(self.revision.as_ref());
        Some(format!("{}, branch `{}`: {trouble}; {stays}", self.name, self.branch))
    }
}

/// What is in force while the newest commit is not.
pub(super) fn stays(revision: Option<&Revision>) -> String {
    let short = |revision: &Revision| {
        let short = revision.commit.get(..12).unwrap_or(&revision.commit);
        format!("{short} stays in force")
    };
    revision.map_or_else(|| "nothing of it is in force".to_owned(), short)
}
