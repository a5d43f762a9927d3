//! What holds for all inputs, looked for with made-up ones.

mod absence;
mod approvals;
mod fleet;
mod import;
mod manifest;
mod model;
mod numbers;
mod plans;
mod readings;
mod reviews;
mod truth;
pub(crate) mod world;
