//! Dialplane.
pub mod config;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod ports;
pub mod state;
pub mod yaml;
