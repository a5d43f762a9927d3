//! A journal in a few words: how much it holds, of which time. Nothing is proved here.

use std::{fmt, fs, path::Path};

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use serde::Serialize;

use super::{Finding, OpenError, brought_back, db, history::SqliteHistory};
use crate::words::{many, time};

/// How often a look is repeated that somebody disturbed who began to write.
const LOOKS: u32 = 3;

/// How much a journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalSize {
    /// Entries that are kept.
    pub entries: i64,
    /// When the first of them was recorded.
    pub first: Option<Timestamp>,
    /// When the last of them was recorded.
    pub last: Option<Timestamp>,
    /// The size of its files.
    pub bytes: u64,
    /// It was copied to where it is or brought back, and may not know all that was done.
    #[serde(rename = "broughtBack")]
    pub brought_back: bool,
}

impl JournalSize {
    /// Looks at the journal in `folder`. An error if it is gone, or cannot be read.
    pub fn of(folder: &Path) -> Result<Self, OpenError> {
        let mut looks = 1;
        loop {
            match Self::look(folder) {
                Err(OpenError::Damaged { .. }) if looks < LOOKS => looks += 1,
                looked => return looked,
            }
        }
    }

    /// What is to be known of it beside that, if anything.
    #[must_use]
    pub fn doubt(&self) -> Option<Finding> {
        self.brought_back.then(brought_back::finding)
    }

    fn look(folder: &Path) -> Result<Self, OpenError> {
        let history = SqliteHistory::read(folder)?;
        let entries = || {
            let last = history.db().query_row("SELECT max(sequence) FROM entries", [], |row| {
                row.get::<_, Option<i64>>(0)
            })?;
            let anchor = db::anchor(&history.db())?.sequence;
            let ends = (history.at("ASC")?, history.at("DESC")?);
            Ok((last.unwrap_or(anchor), anchor, ends))
        };
        let (head, anchor, (first, last)) =
            entries().map_err(|error| OpenError::of(&history.path, &error))?;
        let brought_back = history.is_brought_back(head)?;
        let entries = head - anchor;
        let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        Ok(Self { entries, first, last, bytes: size(db::FILE) + size(db::LOG), brought_back })
    }
}

impl SqliteHistory {
    /// When the entry at one end was recorded.
    fn at(&self, order: &str) -> rusqlite::Result<Option<Timestamp>> {
        let query = format!("SELECT at FROM entries ORDER BY sequence {order} LIMIT 1");
        let first = |row: &rusqlite::Row<'_>| row.get::<_, Option<String>>(0);
        let at = self.db().query_row(&query, [], first).optional()?;
        Ok(at.flatten().and_then(|at| at.parse().ok()))
    }
}

impl fmt::Display for JournalSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.first, &self.last) {
            (Some(first), Some(last)) => {
                let entries = many(self.entries, "entry");
                // KiB are exact enough for people.
                write!(
                    f,
                    "{entries}, {} to {}, {} KiB",
                    time(*first),
                    time(*last),
                    self.bytes.div_ceil(1024)
                )
            }
            _ => f.write_str("no entry yet"),
        }
    }
}
