//! Dialplane from the outside, by what it promises.

#![expect(clippy::unwrap_used, reason = "what a helper of a test cannot do fails the test")]
#![expect(clippy::format_push_string, reason = "texts of tests are short")]

mod keeper;
mod mistakes;
mod properties;
mod tree;
