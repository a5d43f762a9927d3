//! The journal in a PostgreSQL database that machines share.
//!
//! ```text
//! record, lease --queue--> [writer]  one transaction for all that waits  --> answers
//!                             |      compare and swap: owner, token, attempt, head
//!                             v
//!                         a Fold per tenant --memory--> planner
//! ```
//!
//! A row per tenant says who may write of it and where its chain of entries ends; each append
//! compares that row and moves it on in the transaction that adds the entries. How far a machine saw
//! the chains is kept beside, so what the database loses is missed.
//!
//! **Invariants:** what was answered is durable. What a timed-out call did is settled by the head
//! of the chain before anything else is added to it. Time is the database's. No call waits without
//! an end, and a connection whose call took too long is dropped. Nothing depends on the state of a
//! session, so a pooler may stand between. No output holds the address of the database as it was
//! written, which has a password in it.
//!
//! This is the only module that names `tokio_postgres`.

mod accept;
mod address;
mod append;
mod check;
mod compare;
mod connect;
mod examine;
mod failure;
mod known;
mod lease;
mod line;
mod load;
mod look;
mod receive;
mod record;
mod relay;
mod retain;
mod schema;
mod seen;
mod service;
mod stop;
mod store;
mod times;
mod tls;
mod writer;

pub(super) use accept::accept;
pub(super) use examine::examine;
pub use look::PostgresHistory;
pub(super) use receive::{Arrived, Receiver};
pub use service::PostgresLead;
pub use stop::DatabaseStop;
pub use store::PostgresJournal;
