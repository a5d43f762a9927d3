//! Where the board of the service goes whenever it has changed: the server, those who tell, the manager
//! of the service, and the status file.

use std::{
    os::unix::net::UnixListener,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{info, warn};

use super::super::{
    exit::Failure, lately::RecentHistory, reload::Lifetime, service_manager::StatusLine, why,
};
use crate::{
    board::{Board, Status},
    config::Settings,
    control::Desk,
    daemon::Pulse,
    journal::JournalLocation,
    server::{Feed, Published, Server, StartError},
    source::Sources,
};

/// What the board goes out with.
pub(super) struct Publishing<'s> {
    /// The manifests that the command names.
    pub(super) paths: &'s [PathBuf],
    pub(super) sources: &'s Sources,
    /// A rehearsal has no file.
    pub(super) place: Option<JournalLocation>,
    pub(super) pulse: &'s Pulse,
    pub(super) lifetime: &'s Lifetime,
    pub(super) desk: Desk,
    pub(super) listener: Option<UnixListener>,
    pub(super) statuses: watch::Sender<Arc<Status>>,
}

/// Starts the server, and gives back what is to be called whenever the board has changed.
pub(super) async fn publish(
    settings: &Settings,
    with: Publishing<'_>,
) -> Result<(impl Fn(&Board) + Send + Sync + use<>, Option<Server>), Failure> {
    let process = (std::process::id(), Timestamp::now());
    let lifetime = with.lifetime.clone();
    let status_of = move |board: &Board| {
        let at = Timestamp::now();
        let until = at.checked_add(lifetime.get()).unwrap_or(Timestamp::MAX);
        board.status(process, at, until)
    };
    let published = move |board: &Board| {
        Arc::new(Published { status: Arc::new(status_of(board)), counts: board.counts().clone() })
    };
    let (send, receive) = watch::channel(published(&Board::default()));
    let pulse = with.pulse.clone();
    let why = {
        let settings = settings.clone();
        let paths = with.paths.to_vec();
        let rehearsal = with.place.is_none();
        Arc::new(move |who| why::told(settings.clone(), paths.clone(), who, rehearsal))
    };
    let followed = with.sources.clone();
    let lately = Arc::new(RecentHistory::new(with.place.clone()));
    let looks_back = Arc::clone(&lately);
    let feed = Feed {
        published: receive,
        beat: Arc::new(move || pulse.age()),
        desk: with.desk,
        // Nobody waits for it: what is new is news.
        ask: Arc::new(move || drop(followed.ask_now())),
        why,
        past: Arc::new(move || looks_back.past()),
    };
    let server = Server::start(&settings.server, with.listener, feed).await.map_err(not_served)?;
    let statuses = with.statuses;
    let file = StatusFile::new(with.place);
    let line = StatusLine::default();
    let publish = move |board: &Board| {
        let published = published(board);
        line.say(published.status.summary());
        lately.see(&published.status);
        send.send_replace(Arc::clone(&published));
        // What a service that stands by tells is where its incidents are made.
        statuses.send_replace(Arc::clone(&published.status));
        file.write(&published.status);
    };
    Ok((publish, server))
}

fn not_served(error: StartError) -> Failure {
    let hint = error.hint();
    let is_wrong = matches!(error, StartError::Short(_));
    let failure = Failure::new(error).hint(hint);
    if is_wrong { failure.of_configuration() } else { failure }
}

/// The status in the state folder, where there is one.
struct StatusFile {
    place: Option<JournalLocation>,
    /// Whether the last try to write it has failed.
    unwritten: AtomicBool,
}

impl StatusFile {
    fn new(place: Option<JournalLocation>) -> Self {
        Self { place, unwritten: AtomicBool::new(false) }
    }

    /// Writes it. A failure is told once: it is written twice a second.
    fn write(&self, status: &Status) {
        let Some(place) = &self.place else { return };
        let written = place.write_status(status);
        match (&written, self.unwritten.swap(written.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => warn!(
                %error, %place,
                "the status cannot be written: `dialplane status` knows nothing newer"
            ),
            (Ok(()), true) => info!(%place, "the status can be written again"),
            (Err(_), true) | (Ok(()), false) => {}
        }
    }
}
