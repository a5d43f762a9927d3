//! What the service answers, over HTTP and on the socket in the state folder: probes, metrics, the
//! status, a page for people, and orders.
//!
//! ```text
//! News -> Board -> Published --watch--> Feed --> server thread --> / /livez /readyz /metrics
//!                                                     |            /status
//!                             Desk <-- orders --------+        <-- POST /api/...
//!                  servers of branches <-- ask now ---+        <-- POST /hooks/git
//! ```
//!
//! It has a thread and a runtime of its own and reads what was published last, so nobody who asks
//! makes the service wait, and a busy service answers all the same.
//!
//! **Invariant:** what is read here never reaches the loop. Orders do, through a queue that is
//! bounded; who waits for what becomes of them waits here.
//!
//! **Invariant:** names of people are told only to those who know the token. A status without names
//! is made in one place (`board`), and is what everybody else gets.

mod access;
mod answer;
mod api;
mod app;
mod connections;
mod health;
mod hook;
pub mod metrics;
mod page;
mod routes;
mod start;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

pub use start::{Server, StartError};

use crate::{
    board::{RecentPasses, ServiceCounts, Status},
    control::Desk,
};

/// What the service published last.
#[derive(Debug)]
pub struct Published {
    /// The status.
    pub status: Arc<Status>,
    /// What has happened so far.
    pub counts: ServiceCounts,
}

/// Where what is served comes from.
#[derive(Clone)]
pub struct Feed {
    /// What was published last.
    pub published: watch::Receiver<Arc<Published>>,
    /// How long ago the service's loop made its last turn.
    pub beat: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Takes orders.
    pub desk: Desk,
    /// Has the servers of branches asked now.
    pub ask: Arc<dyn Fn() + Send + Sync>,
    /// Explains a user or a number: what `why` says, or why it says nothing. It may take a while.
    pub why: Arc<dyn Fn(String) -> BoxFuture<'static, Result<String, String>> + Send + Sync>,
    /// Tells what was done lately. It may take a while, and block.
    pub past: Arc<dyn Fn() -> Arc<RecentPasses> + Send + Sync>,
}

impl Feed {
    /// What was published last.
    fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// The status now.
    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.published.borrow().status)
    }
}
