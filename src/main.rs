//! Dialplane.
fn main() {}
