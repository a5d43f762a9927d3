//! Tests of the whole: what is shipped, from outside.

mod examples;
mod manifests;
