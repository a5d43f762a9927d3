//! Fuzzes text from outside, at the places where it is shown.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::shown(bytes));
