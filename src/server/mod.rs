//! What the service answers over HTTP: probes, and the status.
//!
//! ```text
//! News -> Board -> Status --watch--> Feed --> server thread --> /livez /readyz /status
//! ```
//!
//! It has a thread and a runtime of its own and reads what was published last, so nobody who asks
//! makes the service wait, and a busy service answers all the same.
//!
//! **Invariant:** read-only: nothing that is asked here reaches the loop.
//!
//! **Invariant:** names of people are told only to whoever knows the token. A status without names
//! is made in one place (`board`), and is what everybody else gets.

mod access;
mod answer;
mod connections;
mod health;
mod routes;
mod start;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

pub use start::{Server, StartError};

use crate::board::Status;

/// What is served: what the service published last.
#[derive(Clone)]
pub struct Feed {
    /// The status.
    pub status: watch::Receiver<Arc<Status>>,
    /// How long ago the service's loop made its last turn.
    pub beat: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Feed {
    /// The status now.
    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }
}
