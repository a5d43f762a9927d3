//! Where manifests come from: folders and branches of git, and the news that something in them moved.
//!
//! [`read_tree`] reads folders, [`read_tree_again`] only what has changed in them, [`Repository`] a
//! commit, [`Sources`] all that the settings name, also by handing on file after file; [`Watch`]
//! tells, and follows branches. The news carries nothing: who hears it looks at everything again.
//!
//! **Invariant:** nothing outside the named files and folders is read, and every refusal is a file
//! of its own with the reason, so it can be told beside the mistakes in other files.

mod commit;
mod git;
mod home;
mod kept;
mod known;
mod lookalike;
mod part;
mod revision;
mod sources;
#[cfg(test)]
mod tests;
mod tree;
mod watch;

pub use commit::{half_checked_out, said_by_commit};
pub use git::{CommitError, CommitId, GitTrouble, GitTroubleKind, Repository, SourceReport};
pub use home::{AtHome, Home, Homes};
pub use kept::{SnapshotFiles, read_kept};
pub use known::KnownFiles;
pub use revision::{RevisionError, git_version, look_up, revision};
pub use sources::{FetchWish, KnownSources, SourceVersion, Sources, SourcesLook};
pub use tree::{Tree, read_again, read_tree, read_tree_again, read_tree_by};
pub use watch::Watch;
