//! The service: one loop over a closed set of events. It owns clock, tasks and news; when to act is
//! decided in `reconcile`, what to do in `plan`, and it is done in `execute`.
//!
//! ```text
//! news, timer, look done, pass done, order, stop  -->  loop  -->  look at the files | start a pass | end
//!                                                  |
//!                                                  +--> News --> every listener: stdout, Publisher (board)
//! ```
//!
//! **Invariant:** every task is in one [`JoinSet`](tokio::task::JoinSet) and its end is an event; a
//! pass that panics is a failed pass of its tenant and of no other.

mod alarms;
mod beginning;
mod brake;
mod courier;
mod halts;
mod look;
mod pass;
mod passes;
mod publish;
mod pulse;
mod rank;
mod rounds;
mod signs;
mod state;
mod told;
mod undo;
mod versions;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::state::Loop;
pub use self::{courier::OrderCourier, publish::Publisher, pulse::Pulse, undo::RunLookup};
use crate::{
    board::News,
    config::{Execution, Run},
    control::Orders,
    ports::{Journal, JournalError, Lead, LiveReader, Provisioner},
    source::{Sources, Watch},
    stop::StopSwitch,
};

/// What the service works with.
#[derive(Debug)]
pub struct Daemon<R, P, J> {
    /// Where the manifests come from.
    pub sources: Sources,
    /// Where the service itself writes: news from there are its own.
    pub own_files: PathBuf,
    /// Reads live state.
    pub reader: R,
    /// Changes the service.
    pub provisioner: P,
    /// Stops everything: plans say so. Whether anything is written is not decided by them but by
    /// `provisioner`.
    pub switch: StopSwitch,
    /// Remembers, for as long as the service runs.
    pub journal: Arc<J>,
    /// The right to do the passes, where several services share the journal.
    pub lead: Option<Arc<dyn Lead>>,
    /// What is on record of runs: for an undo.
    pub past: RunLookup,
    /// How plans are carried out.
    pub execution: Execution,
    /// When to look again.
    pub timing: Run,
    /// Beats with each turn of the loop.
    pub pulse: Pulse,
}

/// What a running service is told.
#[derive(Debug)]
pub struct Inbox<R, P> {
    /// By people.
    pub orders: Orders,
    /// By its settings.
    pub renewals: mpsc::Receiver<Renewal<R, P>>,
}

impl<R, P> Inbox<R, P> {
    /// One to which nobody comes but with orders.
    #[must_use]
    pub fn of(orders: Orders) -> Self {
        Self { orders, renewals: mpsc::channel(1).1 }
    }
}

/// What can change while the service runs. Passes under way end with what they began with.
#[derive(Debug)]
pub struct Renewal<R, P> {
    /// Reads live state.
    pub reader: R,
    /// Changes the service.
    pub provisioner: P,
    /// How plans are carried out.
    pub execution: Execution,
    /// When to look again.
    pub timing: Run,
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

/// Runs until `stop` is cancelled, and does meanwhile what it is told; then lets running calls end
/// for as long as the settings allow. A journal that cannot be written any more ends it as well: the
/// next start begins with a sound one.
pub async fn run<R, P, J>(
    daemon: Daemon<R, P, J>,
    inbox: Inbox<R, P>,
    listeners: Vec<Listener>,
    stop: CancellationToken,
) -> Result<(), JournalError>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    let mut watch = Watch::new(&daemon.sources, &daemon.own_files);
    let pulse = daemon.pulse.clone();
    let listeners = Listeners(listeners.into());
    let Inbox { orders, mut renewals } = inbox;
    let mut state = Loop::new(Arc::new(daemon), orders, listeners, stop.clone());
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
            placed = state.orders.next() => state.told(placed),
            Some(renewal) = renewals.recv() => state.renew(renewal),
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
