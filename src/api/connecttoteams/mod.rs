//! The `ConnecttoTeams` service (contract 1 to 11): one shared client, and a reader and a writer
//! made from it.
//!
//! ```text
//! TenantReader, TenantWriter -> HttpRequest -> Core::send ------> Transport --> the service
//!   (address, wire)                 401: one new token and        429: waits as told
//!                                   one replay (auth)             everything else: once
//!                                        |
//!                                   Reply -> outcome -> value or Fault
//! ```
//!
//! **Invariant:** a call is sent once. Only two answers make it go out again, and both say that it
//! was not carried out: 401, once and with a new token, and 429, a named number of times.
//!
//! **Invariant:** credentials that were refused are not tried again until something has changed,
//! however many tenants need them.
//!
//! **Invariant:** secrets and tokens are in no message, no log line and no `Debug`.
//!
//! **Invariant:** while the service fails, no write is sent to it but one at a time, to find out
//! whether it works again (`breaker`).
//!
//! Each account has a core of its own; a tenant names its account. Calls that change a tenant are
//! authorised by the provider's consent object, or, where the settings say so, by a token and a
//! Microsoft token set of the tenant's own (`delegated`, `msal`).
//!
//! **Invariant:** a [`TenantReader`] has no method that changes anything, and no way to become a
//! [`TenantWriter`].

mod accounts;
mod beyond;
mod breaker;
mod call;
pub mod call_app;
mod core;
mod delegate;
mod delegated;
mod enterprise;
mod identity;
mod inventory;
mod item;
mod link;
mod listing;
mod lists;
mod login;
mod msal;
mod outcome;
mod page;
mod plain;
mod pointers;
mod probe;
mod read;
pub mod regenerate;
mod reseller;
mod row;
mod secrets;
mod shape;
mod table;
mod who_am_i;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

pub use identity::Identity;
pub use probe::Probe;
pub use read::TenantReader;
pub use write::TenantWriter;

use super::http::{address, answer, auth, gate, grant, redact, section, transport};
use crate::{
    config::{Account, Endpoints, Method},
    model::{AccountName, Fault, TenantRef},
};
use {self::core::Core, accounts::Accounts};

/// The connections to the service: for each account one pool of connections and one token. Clones
/// share all of it.
#[derive(Clone)]
pub struct Client {
    accounts: Arc<Accounts>,
}

impl Client {
    /// The connection of one account; nothing is sent yet and no secret is read.
    pub fn new(account: &Account) -> Result<Self, Fault> {
        Self::of(std::iter::once(("connectToTeams".to_owned(), None, account)))
    }

    /// Those of several: each with the section of the settings that it is in, and the name by
    /// which tenants name it; the one without is for tenants that name none.
    pub fn of<'a>(
        accounts: impl Iterator<Item = (String, Option<AccountName>, &'a Account)>,
    ) -> Result<Self, Fault> {
        let cores = accounts.map(|(section, name, account)| {
            Ok((name, Arc::new(Core::new(&section, account.clone())?)))
        });
        Ok(Self { accounts: Arc::new(Accounts::new(cores.collect::<Result<_, Fault>>()?)) })
    }

    /// Lets refused credentials be tried again, as a service has to: after `first`, and after twice
    /// as long each further time, `most` at the longest. Otherwise they are tried once.
    pub fn try_logins_again(&self, first: Duration, most: Duration) {
        self.accounts.all().for_each(|core| core.pace.again(first, most));
    }

    /// The half that reads.
    #[must_use]
    pub fn reader(&self) -> TenantReader {
        TenantReader::new(Arc::clone(&self.accounts))
    }

    /// The half that writes.
    #[must_use]
    pub fn writer(&self) -> TenantWriter {
        TenantWriter::new(Arc::clone(&self.accounts))
    }

    /// One for each account, to check the set-up with.
    #[must_use]
    pub fn probes(&self) -> Vec<Probe> {
        self.accounts.all().map(|core| Probe::new(Arc::clone(core))).collect()
    }

    /// Which account at which host manages a tenant; nothing if none does.
    #[must_use]
    pub fn account_of(&self, tenant: &TenantRef) -> Option<String> {
        let core = self.accounts.of(tenant).ok()?;
        Some(format!("{} at {}", core.account.username, core.host()))
    }

    /// Every call that a client with this table can make, as method and path template, in the order
    /// of the table.
    #[must_use]
    pub fn emits(endpoints: &Endpoints) -> Vec<(Method, String)> {
        table::emits(endpoints)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("hosts", &self.accounts.hosts()).finish_non_exhaustive()
    }
}
