//! All integration tests in one binary: linked once, run side by side.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test ends at once where its stage cannot be set"
)]

mod absent;
mod accounts;
mod adverse;
mod away;
mod begin;
mod bounds;
mod brakes;
mod cli;
mod doctor;
mod durable;
mod examples;
mod execute;
mod explain;
mod faults;
mod filters;
mod folder;
mod guide;
mod history;
mod hostile;
mod imported;
mod keeper;
mod kept;
mod kill;
mod logins;
mod manifests;
mod mistakes;
mod plan;
mod properties;
mod readers;
mod recovery;
mod refusals;
mod repeats;
mod reseller;
mod revision;
mod rows;
mod secrets;
mod service;
mod simulate;
mod snapshot;
mod stage;
mod store;
mod support;
mod terminal;
mod tidy;
mod told;
mod tree;
mod unclear;
mod undo;
mod why;
