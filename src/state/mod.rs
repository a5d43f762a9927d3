//! The journal's stores: what is remembered across crashes, and the right to write.
//!
//! ```text
//! Entry --record--> durable --fold--> Memory
//! ```
//!
//! Two stores: [`FileJournal`] appends to a file and returns only when the disk has it; [`VolatileJournal`] forgets with the
//! process, for rehearsals against a sandbox that forgets as well. What entries mean is folded in one place for both.
//!
//! **Invariant:** one process at a time holds a state folder. A damaged journal is reported, never silently begun anew.
//!
//! Deliberately not here: history, retention and leases over a network; the seam is [`crate::ports::Journal`].

mod file;
mod fold;
mod record;
mod status;
mod store;
mod volatile;

pub use file::{FileJournal, OpenError, is_held, read_memory};
pub use status::{Status, Tenant as TenantStatus};
pub use store::Store;
pub use volatile::VolatileJournal;
