//! What is kept across restarts, and for how long.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Postgres,
    span::{self, Span},
};

/// What is kept across restarts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct State {
    /// The folder of the journal, and of what belongs to this machine in any case: the status, the
    /// control socket, copies of branches.
    pub path: PathBuf,
    /// How long history is kept. What is owed or unknown is kept in any case.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub retention: Duration,
    /// How many entries of history are kept, at most; in a database, of each tenant.
    pub entries: u64,
    /// The database that keeps the journal; absent: a file in the folder does.
    pub postgres: Option<Postgres>,
}

impl Default for State {
    fn default() -> Self {
        let Retention { age, entries } = Retention::default();
        Self { path: PathBuf::from(".dialplane"), retention: age, entries, postgres: None }
    }
}

impl State {
    /// How much history is kept.
    #[must_use]
    pub fn keeps(&self) -> Retention {
        Retention { age: self.retention, entries: self.entries }
    }
}

/// How much history is kept. What is still owed or unknown is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How old an entry may become, by the time that passed between the entries after it: a pause
    /// counts for a tenth of this at most, so a clock that jumps makes next to nothing older.
    pub age: Duration,
    /// How many entries there may be.
    pub entries: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(365 * 24 * 3600), entries: 2_000_000 }
    }
}
