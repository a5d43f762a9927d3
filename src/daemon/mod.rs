//! The service: one loop over a closed set of events. It owns clock, tasks and news; when to act is
//! decided in `reconcile`, what to do in `plan`, and it is done in `execute`.
//!
//! ```text
//! news, timer, look done, pass done, stop  -->  loop  -->  look at the files | start a pass | end
//!                                           |
//!                                           +--> News --> every listener: stdout, Publisher (board)
//! ```
//!
//! **Invariant:** every task is in one [`JoinSet`](tokio::task::JoinSet) and its end is an event; a
//! pass that panics is a failed pass of its tenant and of no other.

mod beginning;
mod brake;
mod look;
mod pass;
mod passes;
mod publish;
mod pulse;
mod rounds;
mod state;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use self::state::Loop;
pub use self::{publish::Publisher, pulse::Pulse};
use crate::{
    board::News,
    config::{Execution, Run},
    ports::{Journal, JournalError, LiveReader, Provisioner},
    source::Watch,
    stop::StopSwitch,
};

/// What the service works with.
#[derive(Debug)]
pub struct Daemon<R, P, J> {
    /// Where the manifests are.
    pub manifests: Vec<PathBuf>,
    /// Where the service itself writes: news from there are its own.
    pub own_files: PathBuf,
    /// Reads live state.
    pub reader: R,
    /// Changes the service.
    pub provisioner: P,
    /// Stops everything: plans say so. Whether anything is written is not decided by them but by
    /// `provisioner`.
    pub switch: StopSwitch,
    /// Remembers.
    pub journal: J,
    /// How plans are carried out.
    pub execution: Execution,
    /// When to look again.
    pub timing: Run,
    /// Beats with each turn of the loop.
    pub pulse: Pulse,
}

/// Hears the news; called from several tasks, and not to keep any of them waiting.
pub type Listener = Box<dyn Fn(&News<'_>) + Send + Sync>;

/// All who hear the news.
#[derive(Clone)]
struct Listeners(Arc<[Listener]>);

impl Listeners {
    fn tell(&self, news: &News<'_>) {
        self.0.iter().for_each(|listener| listener(news));
    }
}

/// Runs until `stop` is cancelled, then lets running calls end for as long as the settings allow. A
/// journal that cannot be written any more ends it as well: the next start begins with a
/// sound one.
pub async fn run<R, P, J>(
    daemon: Daemon<R, P, J>,
    listeners: Vec<Listener>,
    stop: CancellationToken,
) -> Result<(), JournalError>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    let mut watch = Watch::new(&daemon.manifests, &daemon.own_files);
    let pulse = daemon.pulse.clone();
    let mut state = Loop::new(Arc::new(daemon), Listeners(listeners.into()), stop.clone());
    state.look();
    loop {
        let wake = state.next_deadline();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(joined) = state.tasks.join_next_with_id() => {
                if state.ended(joined) {
                    watch.renew();
                }
            }
            () = watch.changed() => state.debounce.news(state.now()),
            () = tokio::time::sleep_until(wake) => {}
        }
        if state.has_lost_its_journal() {
            break;
        }
        state.act();
        pulse.beat();
    }
    stop.cancel();
    state.wind_down().await
}

/// How long a status may stay the same before the service counts as hung: a few looks at the files.
#[must_use]
pub fn status_lifetime(timing: &Run) -> Duration {
    timing.poll * 3 + Duration::from_secs(10)
}
