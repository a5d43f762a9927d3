//! Tests of the whole: what is shipped, from outside.

#![expect(clippy::expect_used, clippy::panic, reason = "the lints know tests by their attribute; helpers of tests have none")]

mod examples;
mod manifests;
