//! Dialplane.
pub mod config;
pub mod model;
pub mod ports;
pub mod sandbox;
