//! Notices: what people are told who do not look at the service.
//!
//! ```text
//! Status --incidents--> what is wrong now --IncidentBook--> what each receiver has not heard yet
//!                                                                    |  worker, paced and tried again
//!                                                                    v
//!                                                                Messenger
//! ```
//!
//! It works as the rest of the house does: what is wrong now is compared with what a receiver was
//! told, and the difference is sent. So there is no queue that could overflow, an outage of a
//! receiver ends with the truth of that moment and not with a flood, and what was not delivered
//! before a crash is delivered after it.
//!
//! **Invariant:** nothing here can slow the service down: it looks at the published status from a
//! task of its own.
//!
//! **Invariant:** what was not looked at is not over. A service that has just begun knows nothing
//! of a tenant until a pass of it has ended.
//!
//! Deliberately not here: that the service itself is dead. Only somebody else can tell that; see
//! `/livez` and the alert rules.

mod book;
mod incidents;
mod pace;
mod rules;
mod worker;

pub use book::IncidentBook;
pub use rules::{ReceiverWishes, Rules};
pub use worker::{SaveBook, TellReceivers, Worker};
