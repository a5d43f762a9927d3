//! The way of a journal from a file into a database, once.
//!
//! ```text
//! the file is held and proved -> all of it is added, read back and compared
//!     -> the mark in the folder -> commit -> the file gets another name
//! ```
//!
//! **Invariants:** it may be cut off anywhere and begun again. Before the mark nothing has changed;
//! behind it the file takes no entries, and the next try finds in the database what became of the
//! commit.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{
    OpenError, brought_back, db, former, lock, mark,
    moved::{self, JournalMove},
    postgres::{Arrived, Receiver},
    sqlite::OpenedJournal,
    whole::LockedJournal,
};
use crate::config::Postgres;

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSummary {
    /// Entries; those that are kept.
    pub entries: i64,
    /// Tenants that they are about.
    pub tenants: usize,
    /// Where to, for people.
    pub to: String,
    /// What is left of it in the folder.
    pub kept: PathBuf,
    /// An earlier try had done it.
    pub was_there: bool,
}

/// Moves the journal in `folder` to the database. Nobody else may work with either meanwhile.
pub(super) async fn transfer(
    folder: &Path,
    settings: &Postgres,
) -> Result<TransferSummary, OpenError> {
    let begun = JournalMove::read(folder)?;
    let at = |source| OpenError::Io { path: folder.to_owned(), source };
    let path = folder.join(db::FILE);
    let is_there = db::exists(&path).map_err(at)? || former::is_there(folder);
    if !is_there && begun.is_none() {
        mark::refuse_if_gone(folder, &path)?;
        return Err(nothing(folder));
    }
    let receiver = Receiver::open(settings).await?;
    if let Some(begun) = &begun
        && !begun.database.is_empty()
        && begun.database != receiver.journal()
    {
        return Err(elsewhere(folder, begun));
    }
    if !is_there {
        return done(folder, &receiver, begun.unwrap_or_default()).await;
    }
    let holder = lock::identity();
    let lock = lock::take(folder, &holder)?;
    let opened = OpenedJournal::marked(folder)?;
    if opened.brought_back {
        return Err(brought_back::to_be_accepted(folder));
    }
    // A mark that an older program understands as well.
    opened.mark(folder, &lock, &holder)?;
    let mut whole = LockedJournal::of(folder, lock, opened)?;
    let arrived = receiver.begin().await?;
    let moved = JournalMove {
        journal: whole.id.clone(),
        database: receiver.journal().to_owned(),
        to: receiver.shown(),
        at: Some(Timestamp::now()),
    };
    let was_there = match &arrived {
        Some(arrived) if arrived.is_of(&whole.id, whole.head) => true,
        Some(arrived) if arrived.journal == whole.id => {
            return Err(apart(folder, &receiver, arrived, whole.head.sequence));
        }
        Some(_) => return Err(receiver.is_not_empty()),
        None => false,
    };
    if !was_there {
        receiver.take(&mut whole).await?;
        moved.write(folder).map_err(at)?;
        if let Err(failure) = receiver.commit().await {
            if failure.was_not_done {
                moved::forget(folder).map_err(at)?;
            }
            return Err(failure.error);
        }
    }
    let entries = whole.head.sequence - whole.anchor.sequence;
    let tenants = tenants(&whole);
    let kept = whole.retire(&moved)?;
    Ok(TransferSummary { entries, tenants, to: moved.to, kept, was_there })
}

fn tenants(whole: &LockedJournal) -> usize {
    whole.sums.iter().filter(|(_, sum)| !sum.tenants.is_empty()).count()
}

/// An earlier try came to its end.
async fn done(
    folder: &Path,
    receiver: &Receiver,
    begun: JournalMove,
) -> Result<TransferSummary, OpenError> {
    match receiver.begin().await? {
        Some(arrived) if arrived.journal == begun.journal => Ok(TransferSummary {
            entries: arrived.entries,
            tenants: arrived.tenants,
            to: receiver.shown(),
            kept: folder.join(moved::KEPT),
            was_there: true,
        }),
        _ => Err(elsewhere(folder, &begun)),
    }
}

fn nothing(folder: &Path) -> OpenError {
    OpenError::Database {
        place: folder.display().to_string(),
        reason: "it holds no journal, so there is nothing to move".to_owned(),
        hint: "`state.path` has to be the folder that services worked with; without one the first \
            command that writes begins a journal in the database",
    }
}

/// It was begun with another database, which may have it.
fn elsewhere(folder: &Path, JournalMove { to, .. }: &JournalMove) -> OpenError {
    OpenError::Database {
        place: folder.display().to_string(),
        reason: format!(
            "its journal went to another database ({to}), or was about to; the one of \
                `state.postgres` does not have it"
        ),
        hint: "nothing was changed; set `state.postgres` to that database and run it again",
    }
}

/// Both sides have entries that the other one does not have.
fn apart(folder: &Path, receiver: &Receiver, arrived: &Arrived, head: i64) -> OpenError {
    OpenError::Database {
        place: folder.display().to_string(),
        reason: format!(
            "its journal has {head} entries, but it was moved to {} when it had {}: something has \
                written to the file since",
            receiver.shown(),
            arrived.sequence
        ),
        hint: "nothing was changed. If no service has written to the database since, drop its \
            schema and run it again; else move the file away and run `dialplane journal accept` \
            with the database: each tenant then owes a sync",
    }
}
