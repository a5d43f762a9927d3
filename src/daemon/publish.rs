//! The board of a running service: it hears all news and is published while it changes, but not
//! more often than anybody can look.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::Listener;
use crate::board::{Board, News};

/// The least time between two publications.
const PAUSE: Duration = Duration::from_millis(500);

/// The board of one service, for as long as it runs.
#[derive(Debug, Default)]
pub struct Publisher {
    board: Mutex<Board>,
    changed: Notify,
}

impl Publisher {
    /// Nothing heard yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Hears the news of the service.
    #[must_use]
    pub fn listener(self: &Arc<Self>) -> Listener {
        let this = Arc::clone(self);
        Box::new(move |news| this.hear(news))
    }

    fn hear(&self, news: &News<'_>) {
        let changed = self.board.lock().unwrap_or_else(PoisonError::into_inner).hear(news);
        if changed {
            self.changed.notify_one();
        }
    }

    /// The service at this moment.
    #[must_use]
    pub fn board(&self) -> Board {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes the board when it has changed, at most twice a second, until `ended`; then a last
    /// time, so what was heard last is never missing. `publish` may block.
    pub async fn run(
        &self,
        publish: impl Fn(&Board) + Send + Sync + 'static,
        ended: CancellationToken,
    ) {
        let publish = Arc::new(publish);
        let once = || {
            let publish = Arc::clone(&publish);
            let board = self.board();
            tokio::task::spawn_blocking(move || publish(&board))
        };
        loop {
            tokio::select! {
                () = self.changed.notified() => {}
                () = ended.cancelled() => break,
            }
            log(once().await);
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = ended.cancelled() => break,
            }
        }
        log(once().await);
    }
}

/// A publication that ends unexpectedly takes nothing else with it.
fn log(published: Result<(), tokio::task::JoinError>) {
    if let Err(failure) = published {
        error!(%failure, "publishing the status ended unexpectedly");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{board::Activity, model::TenantName};

    #[tokio::test]
    async fn many_changes_are_published_twice_a_second_at_most_and_the_last_one_surely() {
        let publisher = Publisher::new();
        let published: Arc<Mutex<Vec<usize>>> = Arc::default();
        let ended = CancellationToken::new();
        let start = Instant::now();
        let task = tokio::spawn({
            let publisher = Arc::clone(&publisher);
            let published = Arc::clone(&published);
            let ended = ended.clone();
            async move {
                let count = move |board: &Board| {
                    let at = jiff::Timestamp::UNIX_EPOCH;
                    published.lock().unwrap().push(board.status((1, at), at, at).tenants.len());
                };
                publisher.run(count, ended).await;
            }
        });
        let hear = publisher.listener();
        for number in 0..100 {
            hear(&News::Tenant(
                &TenantName::parse(&format!("t{number}")).unwrap(),
                Activity::Running,
            ));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        ended.cancel();
        task.await.unwrap();
        let published = published.lock().unwrap();
        // The first at once, the last at the end, and between them one a pause at most.
        let most = 2 + start.elapsed().as_millis() / PAUSE.as_millis();
        assert!(published.len() as u128 <= most, "{published:?} in {:?}", start.elapsed());
        assert_eq!(published.last(), Some(&100));
    }
}
