//! What holds for all inputs, looked for with made-up ones.

mod approvals;
mod fleet;
mod foreign;
mod import;
mod manifest;
mod numbers;
mod plans;
pub(crate) mod world;
