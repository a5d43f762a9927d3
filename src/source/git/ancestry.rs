//! Whether the newest commit of a branch builds on the one in force, however many lie between.
//!
//! A copy is shallow. What it does not have is no evidence: older commits are fetched until the one
//! in force is among them, or the branch has no older ones.

use std::fs;

use secrecy::SecretString;

use super::{CommitId, remote::Remote, trouble::GitTrouble};

/// How far back is looked, step by step. The last one is all of a branch.
const DEPTHS: [&str; 2] = ["--depth=1000", "--depth=2147483647"];

impl Remote {
    /// Whether one commit builds on another. Asks the server for older commits while that is open.
    pub(super) fn builds_on(
        &self,
        new: &CommitId,
        old: &CommitId,
        token: Option<&SecretString>,
    ) -> Result<bool, GitTrouble> {
        for depth in DEPTHS {
            if self.cache().builds_on(new, old)? {
                return Ok(true);
            }
            if !self.is_cut_short(new)? {
                return Ok(false);
            }
            self.fetch_deeper(token, depth)?;
        }
        self.cache().builds_on(new, old)
    }

    /// Whether the copy leaves out commits that this one builds on.
    fn is_cut_short(&self, commit: &CommitId) -> Result<bool, GitTrouble> {
        // Git writes here which commits it has without their parents.
        let cut = fs::read_to_string(self.cache().folder().join("shallow")).unwrap_or_default();
        let oldest = self.cache().ask(&["rev-list", "--max-parents=0", commit.as_str()])?;
        Ok(oldest.lines().any(|oldest| cut.lines().any(|cut| cut == oldest)))
    }
}
