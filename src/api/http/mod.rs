//! What every service over HTTP has in common: where a call goes, how it is sent, and what an
//! answer is in words.
//!
//! ```text
//! address --HttpRequest--> transport (tries, throttle, rate, proxy) --Reply--> answer, grant
//!              ^                                                |
//!            auth: one token at a time                       redact: fit for a message
//! ```
//!
//! **Invariant:** a call that may have begun is sent once, unless it only reads; see [`tries`].
//!
//! **Invariant:** knows no service: which settings a message names is handed in.

pub(super) mod address;
pub(super) mod answer;
pub(super) mod auth;
pub(super) mod gate;
pub(super) mod grant;
pub(super) mod json;
mod proxy;
mod rate;
pub(super) mod redact;
pub(super) mod section;
mod spelling;
pub(super) mod throttle;
pub(super) mod transport;
mod tries;
