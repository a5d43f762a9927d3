//! The journal's stores: what is remembered across crashes, and the right to write.
//!
//! ```text
//! Entry --record--> durable --fold--> Memory
//! ```
//!
//! [`JournalLocation`] is where one is kept: it is opened to write, or to look back.
//!
//! Three stores: [`SqliteJournal`] keeps a file and returns only when the disk has it;
//! [`PostgresJournal`] keeps a database that machines share; [`VolatileJournal`] forgets with the
//! process, for rehearsals against a sandbox that forgets as well. What entries mean is folded in
//! one place for all.
//!
//! **Invariant:** one process at a time holds a state folder, one lease at a time a tenant. A
//! damaged journal is reported, never silently replaced. Old entries go, what is owed or unknown
//! does not.

mod about;
mod beside;
mod brought_back;
mod chain;
mod check;
mod db;
mod error;
mod finding;
mod fold;
mod former;
mod frozen;
mod guard;
mod history;
mod lease;
mod load;
mod lock;
mod looked;
mod mark;
mod moved;
mod name;
mod place;
mod postgres;
mod record;
mod retain;
mod run;
mod seal;
mod session;
mod shared;
mod sqlite;
mod status;
mod store;
mod transfer;
mod value;
mod verdict;
mod volatile;
mod whole;
mod writer;

pub use about::JournalSize;
pub use error::OpenError;
pub use finding::{Finding, Grade};
pub use history::SqliteHistory;
pub use lease::{Clock, LEASE_TERM};
pub use looked::StoredHistory;
pub use place::{Accepted, JournalLocation};
pub use postgres::{DatabaseStop, PostgresHistory, PostgresJournal, PostgresLead};
pub use run::{Run, RunSync, SentStep};
pub use sqlite::SqliteJournal;
pub use store::Store;
pub use transfer::TransferSummary;
pub use volatile::VolatileJournal;

pub use crate::config::Retention;
