//! The stop switch that machines share.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::model::{StopNote, StopSeen};

/// One stop switch for all that work with one journal, on whichever machine. `Err` says in words
/// why it could not be asked.
pub trait CommonStop: fmt::Debug + Send + Sync {
    /// What is known of it now. Never waits.
    fn seen(&self) -> StopSeen;

    /// Who let go of this, if it was the last that was on.
    fn let_go_by(&self, note: &StopNote) -> Option<String>;

    /// Switches it on. One that is on stays as it is. The answer is what it says, and whether it was
    /// on before.
    fn put<'a>(&'a self, note: &'a StopNote) -> BoxFuture<'a, Result<(StopNote, bool), String>>;

    /// Lets go. The answer is what it said; nothing if it was off.
    fn remove<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Result<Option<StopNote>, String>>;
}
