//! One binary for all integration tests: the program's parts put together, over real sockets where data moves.

mod execute;
mod faults;
mod journal;
mod plan;
mod properties;
mod support;
