//! A journal that may be older than what was done: what is said of it, and what to do.

use std::path::Path;

use super::{Finding, OpenError};

/// What it is.
pub(super) const REASON: &str = "the journal was copied here, or brought back: it may not know all \
    that was done, so `prune` disables nobody";

/// What to do about it.
pub(super) const REMEDY: &str = "end every service. If the folder was moved and nothing has written \
    to the old one since, run `dialplane journal accept --newest`; else `dialplane journal accept`";

/// That, for people.
pub(super) fn finding() -> Finding {
    Finding::warn(REASON, REMEDY)
}

/// It cannot go on as it is.
pub(super) fn to_be_accepted(folder: &Path) -> OpenError {
    OpenError::Database {
        place: folder.display().to_string(),
        reason: REASON.to_owned(),
        hint: REMEDY,
    }
}

/// There is nothing that could be the newest.
pub(super) fn nothing(folder: &Path) -> OpenError {
    OpenError::Database {
        place: folder.display().to_string(),
        reason: "there is no journal".to_owned(),
        hint: "a first start needs nothing; if there was one, set `state.path` to its folder",
    }
}
