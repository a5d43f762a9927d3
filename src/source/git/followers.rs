//! The threads in which branches are followed.

use std::{sync::Arc, thread};

use tokio::{runtime::Handle, sync::Notify};
use tracing::warn;

use super::branch::Branch;

/// Branches that are followed until this goes.
#[derive(Debug, Default)]
pub(in crate::source) struct Followers(Vec<(Arc<Branch>, thread::JoinHandle<()>)>);

impl Followers {
    /// Follows these; `news` hears of whatever has changed. To be called in a runtime.
    pub(in crate::source) fn of(branches: Vec<Arc<Branch>>, news: &Arc<Notify>) -> Self {
        let runtime = Handle::current();
        let mut followers = Vec::with_capacity(branches.len());
        for branch in branches {
            let followed = Arc::clone(&branch);
            let news = Arc::clone(news);
            let runtime = runtime.clone();
            let thread = thread::Builder::new().name("git".to_owned());
            match thread.spawn(move || followed.follow(&runtime, &news)) {
                Ok(thread) => followers.push((branch, thread)),
                Err(error) => {
                    warn!(source = branch.name(), %error, "the source cannot be followed");
                    branch.end();
                }
            }
        }
        Self(followers)
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.0.iter().for_each(|(branch, _)| branch.end());
        for (_, thread) in self.0.drain(..) {
            // A follower that panicked has been told.
            let _ = thread.join();
        }
    }
}
