//! The program: starts the runtime, runs the command line, ends with its exit code.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use dialplane::cli::{self, Exit};

/// What the main thread has by default.
const STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    // The work has a thread of its own, so that it ends when somebody insists, whatever it does.
    let (end, ended) = mpsc::channel();
    let insisted = end.clone();
    let work = move || {
        let insist = move |exit| {
            // Nobody listens any more if it has ended by itself.
            let _ = insisted.send(exit);
        };
        let run = || runtime.block_on(cli::run(insist));
        // A panic has been printed.
        let exit = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Error);
        // Whatever still runs was told to stop; a reader that hangs must not keep the program.
        runtime.shutdown_timeout(Duration::from_millis(200));
        // Nobody listens any more if somebody insisted.
        let _ = end.send(exit);
    };
    let worker = thread::Builder::new().name("main".to_owned()).stack_size(STACK).spawn(work);
    worker.ok().and_then(|_| ended.recv().ok()).unwrap_or(Exit::Error).into()
}
