//! What is on record of runs: for the command, and for a service that was handed an undo.

use futures_util::future::BoxFuture;
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::{
    cli::exit::Failure,
    daemon::RunLookup,
    journal::JournalLocation,
    model::{Entry, RunId},
    ports::History,
};

/// For a service; a rehearsal has no place where a journal is.
pub(in crate::cli) fn past(place: Option<JournalLocation>) -> RunLookup {
    place.map_or_else(RunLookup::nothing, |place| {
        RunLookup::new(move |runs| in_place(place.clone(), runs))
    })
}

/// Reads it on a thread of its own: a large journal takes its time.
fn in_place(
    place: JournalLocation,
    runs: Vec<RunId>,
) -> BoxFuture<'static, Result<Vec<Entry>, String>> {
    let runtime = Handle::current();
    let read = move || runtime.block_on(of_runs(&place, &runs)).map_err(|failure| failure.message);
    Box::pin(async {
        let read = spawn_blocking(read).await;
        read.unwrap_or_else(|_| Err("looking back at the journal ended unexpectedly".to_owned()))
    })
}

async fn of_runs(place: &JournalLocation, runs: &[RunId]) -> Result<Vec<Entry>, Failure> {
    entries(&place.look().await?, runs).await
}

/// All entries of these runs, one run after the other.
pub(super) async fn entries(history: &impl History, runs: &[RunId]) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for run in runs {
        entries.extend(history.entries(run).await?);
    }
    Ok(entries)
}
