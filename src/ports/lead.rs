//! The right to lead: where several services share a journal, one of them does the passes. What the
//! others are told reaches it through the store.

use std::fmt;

use futures_util::future::BoxFuture;

use super::{JournalError, Permit};
use crate::model::{Adopted, Head, Standing, VersionGrounds};

/// An order that was handed to the one that leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOrder {
    /// Which.
    pub id: String,
    /// What it says.
    pub order: String,
    /// A leader before this one took it, and did not answer.
    pub was_taken: bool,
}

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
    /// Hands an order to the one that leads, and waits for its answer; both are texts of the services.
    /// `id` names it, and no other order of this process. Nothing if nobody took it in time: then
    /// nobody ever does. `Err` says in words why that is not known.
    fn hand<'a>(
        &'a self,
        id: &'a str,
        order: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, String>>;
    /// The orders that others have handed to the one that leads in this term, the oldest first. They
    /// come again until they are answered.
    fn handed(&self, term: u64) -> BoxFuture<'_, Result<Vec<HandedOrder>, String>>;
    /// Answers one.
    fn answer<'a>(&'a self, id: &'a str, answer: &'a str) -> BoxFuture<'a, Result<(), String>>;
    /// It was not served in this term: the next one that leads takes it.
    fn put_back<'a>(&'a self, id: &'a str, term: u64) -> BoxFuture<'a, Result<(), String>>;
    /// Lets another one lead at once, and stands for it no more.
    fn give_up(&self) -> BoxFuture<'_, ()>;
}
