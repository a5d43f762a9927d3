//! Tells that something below the named paths moved, or on a branch that is followed. Best effort:
//! the service looks at the tree on an interval as well.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{info, warn};

use super::{Sources, git::Followers};
use crate::words;

/// Too many open files: what the system says if a user has too many listeners.
const EMFILE: i32 = 24;

/// News from the file system and from branches, without content.
#[derive(Debug)]
pub struct Watch {
    news: Arc<Notify>,
    roots: Vec<PathBuf>,
    own: PathBuf,
    watcher: Option<RecommendedWatcher>,
    told: bool,
    /// Ends with this.
    _followers: Followers,
}

impl Watch {
    /// Begins to watch folders and to follow branches. If that fails, the log says why and what to do,
    /// and only looking on an interval is left. What moves below `own` is no news: the listener
    /// writes there.
    #[must_use]
    pub fn new(sources: &Sources, own: &Path) -> Self {
        let own = std::path::absolute(own).unwrap_or_else(|_| own.to_owned());
        let news = Arc::new(Notify::new());
        let mut watch = Self {
            own,
            roots: sources.paths(),
            watcher: None,
            told: false,
            _followers: Followers::of(sources.branches(), &news),
            news,
        };
        watch.renew();
        watch
    }

    /// Tries to watch, for checks of the set-up. The error says what is wrong and what to do.
    pub fn check(roots: &[PathBuf]) -> Result<(), (String, &'static str)> {
        let (_, error) = begin(roots, |_| {});
        error.map_or(Ok(()), |error| Err((words::system(&error), hint(&error))))
    }

    /// Waits for news.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// Begins again if watching has failed or a watched folder may have been replaced; called
    /// whenever the tree was looked at.
    pub fn renew(&mut self) {
        if self.roots.is_empty() {
            return;
        }
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
        let (watcher, error) = begin(&self.roots, tell);
        if (self.watcher.is_none() || self.told) && error.is_none() {
            info!(paths = self.roots.len(), "watching");
        }
        self.watcher = watcher;
        let Some(error) = error else {
            self.told = false;
            return;
        };
        if !std::mem::replace(&mut self.told, true) {
            warn!(
                error = %words::system(&error),
                hint = hint(&error),
                "cannot watch all manifests; they are looked at on \
                an interval as well (`run.poll`)"
            );
        }
    }
}

/// Watches what is below the roots, and what may put something else in their place. What cannot be
/// watched is left out, and the first error of that is told.
fn begin(
    roots: &[PathBuf],
    mut tell: impl FnMut(notify::Result<notify::Event>) + Send + 'static,
) -> (Option<RecommendedWatcher>, Option<notify::Error>) {
    let around: BTreeSet<PathBuf> = roots.iter().flat_map(|root| replaceable(root)).collect();
    let folders: BTreeSet<PathBuf> =
        around.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
    let inside: Vec<PathBuf> = roots.iter().filter_map(|root| absolute(root)).collect();
    let beside = folders.clone();
    // Of a folder around, only what is on the way to a root is news.
    let is_news = move |path: &PathBuf| {
        around.contains(path)
            || inside.iter().any(|root| path.starts_with(root))
            || !path.parent().is_some_and(|folder| beside.contains(folder))
    };
    let hear = move |event: notify::Result<notify::Event>| match event {
        Ok(event) if !event.paths.is_empty() && !event.paths.iter().any(&is_news) => {}
        event => tell(event),
    };
    let mut watcher = match notify::recommended_watcher(hear) {
        Ok(watcher) => watcher,
        Err(error) => return (None, Some(error)),
    };
    for folder in &folders {
        // Best effort: it may not be readable, and roots seldom move.
        let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
    }
    let mut first = None;
    for root in roots {
        let watched = absolute(root).map(|root| watcher.watch(&root, RecursiveMode::Recursive));
        first = first.or(watched.and_then(Result::err));
    }
    (Some(watcher), first)
}

fn absolute(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()
}

/// The paths in whose place something else may come: the root itself, and links on the way to it.
fn replaceable(root: &Path) -> Vec<PathBuf> {
    let Some(root) = absolute(root) else { return Vec::new() };
    let is_link = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let links = root.ancestors().skip(1).filter(is_link).map(Path::to_owned);
    let links: Vec<PathBuf> = links.collect();
    links.into_iter().chain([root]).collect()
}

fn hint(error: &notify::Error) -> &'static str {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "raise the sysctl fs.inotify.max_user_watches",
        // EMFILE: there may be no more listeners.
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(EMFILE) => {
            "raise the sysctl fs.inotify.max_user_instances, or the limit of open files"
        }
        _ => "check that the paths exist and can be read",
    }
}
