//! SIGTERM and Ctrl-C: the first asks, the second insists.

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::out;

/// What was asked for.
#[derive(Debug)]
pub(super) struct Signals {
    asked: CancellationToken,
    insisted: CancellationToken,
    task: JoinHandle<()>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let (asked, insisted) = (CancellationToken::new(), CancellationToken::new());
        let tokens = (asked.clone(), insisted.clone());
        let task = tokio::spawn(async move {
            let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
                warn!("signals cannot be caught: a stop ends the program at once");
                return;
            };
            for (token, said) in [(tokens.0, "stopping: running calls may end; once more to stop at once\n"), (tokens.1, "")] {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                }
                out::talk(said);
                token.cancel();
            }
        });
        Self { asked, insisted, task }
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

impl Drop for Signals {
    fn drop(&mut self) {
        self.task.abort();
    }
}
