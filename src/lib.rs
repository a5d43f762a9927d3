//! Dialplane.
pub mod api;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod pass;
pub mod plan;
pub mod ports;
pub mod reconcile;
pub mod sandbox;
pub mod source;
pub mod state;
pub mod yaml;
