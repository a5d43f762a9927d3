//! The services over HTTP: what the core asks of the world, spelled on the wire.
//!
//! **Invariant:** the only place that names `reqwest`, and it names nothing of the crate but
//! `model`, `ports` and `config`.
//!
//! **Invariant:** an answer leaves here as a value of `model` or as a
//! [`Fault`](crate::model::Fault), never as JSON.

pub mod connecttoteams;
pub mod graph;
mod http;
mod identities;
pub mod notices;
mod user_list;
mod value;

pub use user_list::ReceivedUserList;
