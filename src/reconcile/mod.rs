//! When to act: a state machine without clock or I/O. Instants come in as values, decisions go out
//! as values.
//!
//! ```text
//! news of files --Debounce--> look --Looks--> taken --Schedule::desired--> tenants become due
//! Schedule::ready(now) --> tenants to start      Schedule::finished(tenant, ending, now) --> when to come back
//! ```
//!
//! **Invariant:** one pass in flight per tenant and one more pending at most; news carries nothing.
//! A held tenant waits as long as a tenant that is right, and a failed one waits longer with each
//! failure.

mod debounce;
mod schedule;

pub use debounce::{Debounce, LookDecision, LookTiming, Looks, Trust};
pub use schedule::{Ending, Phase, Schedule, Timing};

/// A point in time, as the time since the program's start.
pub type At = std::time::Duration;
