//! All integration tests in one binary: linked once, run side by side.
//!
//! # Where a test goes
//!
//! Each room goes in through one door: the nearest one that can show what the test is about.
//!
//! | door | rooms | for |
//! |---|---|---|
//! | pure functions: text or values in, values out | `manifests`, `mistakes`, `keeper`, `imported`, `examples`, `fuzzed`, `guide`, `tidy`, most of `properties` | what the parsers, the planner and the journal's fold decide |
//! | the library against the sandbox over HTTP (`support::House`) | `plan`, `screen`, `readers`, `execute`, `faults`, `refusals`, `unclear`, `begin`, `away` | what is planned and sent for a tenant, and what comes of it |
//! | the library over doubles, mostly in made-up time | `simulate`, `several`, `neighbours`, `properties::fleet` | orders of events that no clock would bring about |
//! | the stores on a disk | `store`, `tree` | what a file, a folder or a database can look like |
//! | the binary as a process (`stage::Stage`), with the sandbox beside it | `cli`, `service`, `history`, `undo`, `why`, `kept`, `recovery`, `kill`, `tls` and all others that set a stage | output, exit codes, signals, locks, files |
//! | the binary at a terminal of its own | `terminal` | questions and colours |
//!
//! The file or the folder's `mod.rs` opens with what its room is about. Beside them:
//!
//! - `support` opens a house: manifests as text in, a sandbox with the world that they ask for, the
//!   program's own client. `support/edits.rs` changes that world as somebody else would,
//!   `support/build.rs` makes tenants and users without a manifest.
//! - `stage` sets a folder with manifests and configuration and starts the binary in it.
//! - `snapshot` keeps what people read, in a file that names its test; `filters` is the one list of
//!   what differs from run to run.
//!
//! # Slow ones, and looking further
//!
//! Slow are the rooms that start the binary many times (`kill`, `adverse`, `hostile`) and those that
//! make up worlds (`simulate`, `properties`, `store::random`). Worlds come from seeds, the same in
//! every run. These variables ask for more than a run needs:
//!
//! | variable | what it counts | test |
//! |---|---|---|
//! | `SIMULATE_WORLDS` | made-up worlds, from seed to judgement | `simulate` |
//! | `SEVERAL_WORLDS` | made-up worlds with several services over one journal | `several` |
//! | `SIMULATE_STORE` | which journal they have: `sqlite`, `memory` | `simulate` |
//! | `FLEET_WORLDS` | kept fleets compared with fresh ones | `properties::fleet` |
//! | `NUMBER_FLEETS` | fleets whose numbers move | `properties::numbers` |
//! | `FOREIGN_TEXTS` | damaged texts for the readers of what others write | `fuzzed` |
//! | `DAMAGES` | answers damaged on their way | `readers::damaged` |
//! | `READS` | reads of lists that fail in some way | `readers::whole` |
//! | `HISTORIES` | journals compared with their fold | `store::random` |
//! | `FLIPS` | flipped bits of a journal | `store::flips` |
//! | `KILLS` | deaths of the binary by SIGKILL | `kill` |
//!
//! For example `SIMULATE_WORLDS=100000 cargo test --release --test it simulate`. `INSTA_UPDATE=always`
//! writes snapshots, and the pages that are made from code (`explain`, `manifests`).

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
mod branch;
mod brought_back;
mod call_app;
mod carried;
mod cli;
mod completed;
mod configure;
mod control;
mod dated;
mod doctor;
mod durable;
mod exactly;
mod examples;
mod execute;
mod explain;
mod failing;
mod faults;
mod filters;
mod folder;
mod fuzzed;
mod guide;
mod halted;
mod handed;
mod help;
mod history;
mod holders;
mod hostile;
mod imported;
mod init;
mod keeper;
mod kept;
mod kill;
mod listed;
mod logged;
mod logins;
mod managed;
mod manifests;
mod masked;
mod metrics;
mod mistakes;
mod mounted;
mod neighbours;
mod network;
mod notices;
mod onboard;
mod page;
mod pictures;
mod plan;
mod promoted;
mod properties;
mod readers;
mod recovery;
mod refusals;
mod release;
mod repeats;
mod replicas;
mod reseller;
mod reviewed;
mod revision;
mod roads;
mod rows;
mod schemas;
mod scoped;
mod screen;
mod secrets;
mod server;
mod service;
mod several;
mod shared;
mod shown;
mod simulate;
mod situations;
mod snapshot;
mod stage;
mod status;
mod stopped;
mod stopped_all;
mod store;
mod support;
mod tenants;
mod terminal;
mod tidy;
mod tls;
mod told;
mod transferred;
mod tree;
mod unclear;
mod undo;
mod unsaid;
mod updated;
mod vanished;
mod versions;
mod why;
mod workflows;
