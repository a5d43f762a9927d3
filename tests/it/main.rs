//! All integration tests in one binary: linked once, run side by side.

mod cli;
mod tidy;
