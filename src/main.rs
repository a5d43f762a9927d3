//! The program: starts the runtime, runs the command line, ends with its exit code.

use std::{process::ExitCode, time::Duration};

use dialplane::cli;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(cli::run());
    // Whatever still runs was told to stop; a reader that hangs must not keep the program.
    runtime.shutdown_timeout(Duration::from_millis(200));
    exit.into()
}
