//! Where manifests come from: folders, and the news that something in them moved.
//!
//! [`read_tree`] reads folders, [`read_tree_by`] hands on file after file, [`read_tree_again`] reads
//! only what has changed in them, [`Repository`] a commit, [`Watch`] tells. The news carries
//! nothing: its receiver looks at the whole tree
//! again.
//!
//! **Invariant:** nothing outside the named files and folders is read, and every refusal is a file
//! of its own with the reason, so it can be told beside the mistakes in other files.

mod commit;
mod git;
mod kept;
mod known;
mod lookalike;
mod revision;
#[cfg(test)]
mod tests;
mod tree;
mod watch;

pub use commit::{half_checked_out, said_by_commit};
pub use git::{CommitId, Repository, Unread};
pub use kept::{SnapshotFiles, read_kept};
pub use known::KnownFiles;
pub use revision::{Unversioned, look_up, revision};
pub use tree::{Tree, read_again, read_tree, read_tree_again, read_tree_by};
pub use watch::Watch;
