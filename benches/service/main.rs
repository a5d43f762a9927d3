//! The service as a process, beside a sandbox: how soon it acts, what it takes while nothing happens,
//! and whether customers that do not work hold the others up. What half an hour of trouble leaves:
//! `benches/soak.py`.
//!
//! ```sh
//! cargo bench --bench service                         # some minutes
//! cargo bench --bench service -- reaction | idle | fleet
//! DIALPLANE=/usr/local/bin/dialplane cargo bench --bench service   # of another program
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

mod fleet;
#[path = "../made/mod.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod made;
#[path = "../side_by_side/measure.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod measure;
mod reaction;
mod stage;

use std::{env, io, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // As `cargo test` starts it: that it builds is all that is asked.
    if words.contains(&"--test") {
        return ExitCode::SUCCESS;
    }
    match tokio::runtime::Runtime::new().and_then(|runtime| runtime.block_on(run(&words))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: &[&str]) -> io::Result<()> {
    match words {
        ["reaction"] => reaction::reaction().await,
        ["idle"] => reaction::idle().await,
        ["fleet"] => fleet::fleet().await,
        _ => {
            reaction::reaction().await?;
            reaction::idle().await?;
            fleet::fleet().await
        }
    }
}
