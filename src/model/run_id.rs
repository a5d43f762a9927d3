//! What runs are called: those of one tenant, and those that were carried out together.

use std::{fmt, sync::Arc};

/// One reconciliation of one tenant, as journal, logs and history name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(Arc<str>);

impl RunId {
    /// Any text without white space; the shell makes them from the clock.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.split_whitespace().collect::<String>().into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What has the runs of several tenants in common that were carried out together: one `apply`, one
/// `undo`, one round of the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId(Arc<str>);

impl PassId {
    /// Any text without white space.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.split_whitespace().collect::<String>().into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
