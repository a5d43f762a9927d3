//! The journal's stores: what is remembered across crashes, and the right to write.
//!
//! ```text
//! Entry --record--> durable --fold--> Memory
//! ```
//!
//! Two stores: [`SqliteJournal`] keeps a file and returns only when the disk has it;
//! [`VolatileJournal`] forgets with the process, for rehearsals against a sandbox that forgets as
//! well. What entries mean is folded in one place for both.
//!
//! **Invariant:** one process at a time holds a state folder, one lease at a time a tenant. A
//! damaged journal is reported, never silently begun anew. Old entries go, what is owed or unknown
//! does not.
//!
//! Deliberately not here: a store that machines share; the seam for it, leases included, is
//! [`crate::ports::Journal`].

mod about;
mod check;
mod db;
mod error;
mod fold;
mod former;
mod frozen;
mod guard;
mod history;
mod lease;
mod load;
mod lock;
mod mark;
mod record;
mod retain;
mod run;
mod seal;
mod sqlite;
mod status;
mod store;
mod verdict;
mod volatile;
mod writer;

pub use about::About;
pub use check::{Checked, Exported};
pub use error::OpenError;
pub use history::{History, Remembered};
pub use lease::{Clock, LEASE_TERM};
pub use lock::is_held;
pub use run::{Run, RunSync, SentStep};
pub use sqlite::{Retention, SqliteJournal};
pub use status::{read_status, write_status};
pub use store::Store;
pub use verdict::{read_verdict, write_verdict};
pub use volatile::VolatileJournal;
