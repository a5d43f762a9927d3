//! Dialplane.
pub mod config;
pub mod manifest;
pub mod model;
pub mod ports;
pub mod yaml;
