//! Tells that something below the named paths moved. Best effort: the listener looks at the tree
//! on an interval as well.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{info, warn};

/// News from the file system, without content.
#[derive(Debug)]
pub struct Watch {
    news: Arc<Notify>,
    roots: Vec<PathBuf>,
    own: PathBuf,
    watcher: Option<RecommendedWatcher>,
    told: bool,
}

impl Watch {
    /// Begins to watch. If that fails, the log says why and what to do, and only looking on an
    /// interval is left. What moves below `own` is no news: whoever listens writes there.
    #[must_use]
    pub fn new(roots: &[PathBuf], own: &Path) -> Self {
        let own = std::path::absolute(own).unwrap_or_else(|_| own.to_owned());
        let mut watch = Self {
            own,
            news: Arc::new(Notify::new()),
            roots: roots.to_vec(),
            watcher: None,
            told: false,
        };
        watch.renew();
        watch
    }

    /// Tries to watch, for checks of the set-up. The error says what is wrong and what to do.
    pub fn check(roots: &[PathBuf]) -> Result<(), (String, &'static str)> {
        begin(roots, |_| {}).map(drop).map_err(|error| (error.to_string(), hint(&error)))
    }

    /// Waits for news.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// Begins again if watching has failed or a watched folder may have been replaced; called
    /// whenever the tree was looked at.
    pub fn renew(&mut self) {
        let news = Arc::clone(&self.news);
        let own = self.own.clone();
        let ours = move |path: &PathBuf| {
            std::path::absolute(path).is_ok_and(|path| path.starts_with(&own))
        };
        let tell = move |event: notify::Result<notify::Event>| match event {
            // Reading the tree is an access as well: listening to it would never end.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
            Ok(event) if !event.paths.is_empty() && event.paths.iter().all(&ours) => {}
            Ok(_) | Err(_) => news.notify_one(),
        };
        match begin(&self.roots, tell) {
            Ok(watcher) => {
                if self.watcher.is_none() {
                    info!(paths = self.roots.len(), "watching");
                }
                self.watcher = Some(watcher);
                self.told = false;
            }
            Err(error) => {
                self.watcher = None;
                if std::mem::replace(&mut self.told, true) {
                    return;
                }
                warn!(%error, hint = hint(&error), "cannot watch the manifests; they are looked \
                    at on an interval only");
            }
        }
    }
}

fn begin(
    roots: &[PathBuf],
    tell: impl FnMut(notify::Result<notify::Event>) + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(tell)?;
    for root in roots {
        watcher.watch(root, RecursiveMode::Recursive)?;
    }
    Ok(watcher)
}

fn hint(error: &notify::Error) -> &'static str {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => "raise fs.inotify.max_user_watches",
        _ => "check that the paths exist and can be read",
    }
}
