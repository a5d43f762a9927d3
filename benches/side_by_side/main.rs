//! The goals of speed as one table from one run, with the bounds measured in the same run: what a
//! program takes that only reads the same users. Ratios say the same on a busy machine; seconds do
//! not.
//!
//! ```sh
//! cargo bench --bench side_by_side                    # some minutes; BIG=1: with a million users
//! PEER='aiohttp=python3 reconcile.py @D @U' cargo bench --bench side_by_side
//! cargo bench --bench side_by_side -- serve 10 10000 0 FOLDER      # the inputs and the service, for a profile
//! ```
//!
//! `PEER` is another program that compares the users below the folder `@D` with the service at
//! `@U`. Where none is named, its row says so.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

mod bound;
mod data;
mod measure;
mod rows;
mod service;
mod stage;
mod stand_in;

use std::{env, io, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["bound", reader, folder, address] => {
            bound::read(reader, &PathBuf::from(folder), address).map(drop)
        }
        ["post", calls, at_once, address] => post(calls, at_once, address),
        ["serve", tenants, users, drift, folder, ..] => serve([tenants, users, drift], folder),
        // As `cargo test` starts it: that it builds is all that is asked.
        ["--test", ..] => Ok(()),
        _ => rows::print(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the inputs of so many tenants, users of each and drifted users of a hundred, and serves
/// them until somebody ends it.
fn serve(counts: [&str; 3], folder: &str) -> io::Result<()> {
    let [tenants, users, drift] = counts.map(|count| count.parse().map_err(io::Error::other));
    let shape = data::Shape { tenants: tenants?, users: users?, drift: drift? };
    stage::serve(shape, &PathBuf::from(folder))
}

fn post(calls: &str, at_once: &str, address: &str) -> io::Result<()> {
    let calls = calls.parse().map_err(io::Error::other)?;
    let at_once = at_once.parse().map_err(io::Error::other)?;
    bound::post(calls, at_once, address)
}
