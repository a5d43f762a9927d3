//! The program: starts the runtime, runs the command line, ends with its exit code.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use dialplane::cli::{self, Exit};
use tokio::runtime::{Builder, Runtime};

/// In place of musl's, which takes one call at a time: the guide's page of figures has what that
/// costs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the main thread has by default.
const STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    if cli::complete() {
        return ExitCode::SUCCESS;
    }
    // The work has its own thread, so it ends when somebody insists, whatever it does.
    let (end, ended) = mpsc::channel();
    let insisted = end.clone();
    let insist = move |exit| {
        // Nobody listens any more if it has ended already.
        let _ = insisted.send(exit);
    };
    let work = move || {
        let exit = work(insist);
        // Nobody listens any more if somebody insisted.
        let _ = end.send(exit);
    };
    let worker = thread::Builder::new().name("main".to_owned()).stack_size(STACK).spawn(work);
    worker.ok().and_then(|_| ended.recv().ok()).unwrap_or(Exit::Error).into()
}

fn work(insist: impl FnOnce(Exit) + Send + 'static) -> Exit {
    let asked = match cli::read() {
        Ok(asked) => asked,
        Err(exit) => return exit,
    };
    let runtime = match runtime(asked.mostly_waits()) {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(io::stderr(), "error: the runtime cannot be started: {error}");
            return Exit::Error;
        }
    };
    let run = || runtime.block_on(asked.run(insist));
    // A panic has been printed.
    let exit = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Error);
    // Whatever still runs was told to stop; a reader that hangs must not keep the program.
    runtime.shutdown_timeout(Duration::from_millis(200));
    exit
}

/// What mostly waits has a single thread: with more of them each call and each answer wakes another
/// one, which costs as much as the call. Everything else works on all cores.
fn runtime(mostly_waits: bool) -> io::Result<Runtime> {
    let mut builder =
        if mostly_waits { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}
