//! SIGTERM and Ctrl-C: the first asks, the second insists.
//!
//! **Invariant:** both are heard whatever the program does, on a thread that does nothing else.

use std::{thread, time::Duration};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{exit::Exit, out, pager};

/// How long the program may take to end in order when somebody insists.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What was asked for.
#[derive(Debug)]
pub(super) struct Signals {
    asked: CancellationToken,
    insisted: CancellationToken,
}

impl Signals {
    /// Listens from now on. `at_once`: the command changes nothing, so asking is as good as
    /// insisting. `end` ends the program if it does not end in order.
    pub(super) fn listen(at_once: bool, end: impl FnOnce(Exit) + Send + 'static) -> Self {
        let signals = Self { asked: CancellationToken::new(), insisted: CancellationToken::new() };
        let tokens = [signals.asked.clone(), signals.insisted.clone()];
        if thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || hear(tokens, at_once, end))
            .is_err()
        {
            warn!("signals cannot be caught: a stop ends the program at once");
        }
        signals
    }

    /// Cancelled when somebody asks the program to stop.
    pub(super) fn asked(&self) -> CancellationToken {
        self.asked.clone()
    }

    /// Waits until somebody asks a second time.
    pub(super) async fn insisted(&self) {
        self.insisted.cancelled().await;
    }
}

fn hear([asked, insisted]: [CancellationToken; 2], at_once: bool, end: impl FnOnce(Exit)) {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
        warn!("signals cannot be caught: a stop ends the program at once");
        return;
    };
    runtime.block_on(async {
        let (Ok(mut term), Ok(mut int)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            warn!("signals cannot be caught: a stop ends the program at once");
            return;
        };
        next(&mut term, &mut int).await;
        asked.cancel();
        if !at_once {
            out::talk("stopping: running calls may end; once more to stop at once\n");
            next(&mut term, &mut int).await;
        }
        insisted.cancel();
        tokio::time::sleep(LAST_WORDS).await;
        // A busy program does not hear. No more is cut off than by a loss of power.
        out::talk("error: stopped at once\n");
        end(Exit::Error);
    });
}

/// The next that is meant for this program. While a pager has the terminal, Ctrl-C is for it.
async fn next(term: &mut Signal, int: &mut Signal) {
    loop {
        tokio::select! {
            _ = term.recv() => return,
            _ = int.recv() => if !pager::is_open() { return },
        }
    }
}
