//! The right to lead: where several services share a journal, one of them does the passes.

use std::fmt;

use futures_util::future::BoxFuture;

use super::{JournalError, Permit};
use crate::model::{Adopted, Head, Standing, VersionGrounds};

/// The right to lead, of one service. Its store takes it when nobody has it, and keeps it renewed.
pub trait Lead: fmt::Debug + Send + Sync {
    /// Whether it leads, as it last heard. A leader whose store is away still leads: nobody else is
    /// known to.
    fn standing(&self) -> Standing;
    /// Whether a call may begin: it leads, and nobody else can yet. Clocks of this machine say no
    /// well before the store would let anybody else in.
    fn permit(&self) -> Permit;
    /// Why the store cannot be asked now, if so.
    fn trouble(&self) -> Option<JournalError>;
    /// From now on it takes the right when nobody has it: there are manifests to act by.
    fn stand(&self);
    /// Puts on record that this version of the manifests comes into force, if it may: durable before
    /// anything is done by it.
    fn adopt(
        &self,
        head: Head,
        grounds: VersionGrounds,
    ) -> BoxFuture<'_, Result<Adopted, JournalError>>;
    /// Lets another one lead at once, and stands for it no more.
    fn give_up(&self) -> BoxFuture<'_, ()>;
}
