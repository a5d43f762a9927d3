//! The `ConnecttoTeams` service (contract 1 to 11): one shared client, and a reader and a writer made from it.
//!
//! ```text
//! Reader, Writer -> Request -> Core::send ------> Transport --> the service
//!   (address,       401: one new token and        429: waits as told
//!    wire)          one replay (auth)             everything else: once
//!                        |
//!                   Reply -> outcome -> value or Fault
//! ```
//!
//! **Invariant:** a call is sent once. Only two answers make it go out again, and both say that it was not carried out:
//! 401, once and with a new token, and 429, a named number of times.
//!
//! **Invariant:** secrets and tokens are in no message, no log line and no `Debug`.
//!
//! **Invariant:** a [`Reader`] has no method that changes anything, and no way to become a [`Writer`].

mod call;
mod enterprise;
mod item;
mod listing;
mod login;
mod outcome;
mod read;
mod table;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

pub use read::Reader;
pub use write::Writer;

use super::http::{address, answer, auth, grant, redact, transport};
use crate::{
    config::{Account, Endpoints, Method},
    ports::{Fault, FaultKind},
};
use {address::Base, call::Core};

/// The connection to the service: one pool of connections, one token, one account. Clones share all of it.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

impl Client {
    /// Checks the account and prepares connections; nothing is sent yet and no secret is read.
    pub fn new(account: &Account) -> Result<Self, Fault> {
        let problems = table::problems(&account.endpoints);
        if let Some((row, problem)) = problems.first() {
            let more = match problems.len() - 1 {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            let message = format!("the endpoint table cannot be used: `{row}`: {problem}{more}");
            return Err(Fault::new(FaultKind::NotConfigured, message).hint("correct `connectToTeams.endpoints`"));
        }
        if account.timeout.is_zero() {
            return Err(Fault::new(FaultKind::NotConfigured, "no call can be made within no time")
                .hint("set `connectToTeams.timeout` to a duration such as 60s"));
        }
        let base = Base::parse(&account.base_url, "connectToTeams", "baseUrl")?;
        Ok(Self { core: Arc::new(Core::new(account.clone(), base)?) })
    }

    /// The half that reads.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.core))
    }

    /// The half that writes.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.core))
    }

    /// Logs in, or finds that a usable token is at hand (contract 2.1). For checks of the set-up; calls do it by themselves.
    pub async fn log_in(&self) -> Result<(), Fault> {
        self.core.token().await.map(drop)
    }

    /// The reseller id that calls are made for: configured, or asked of the service once (contract 2.2).
    pub async fn reseller_id(&self) -> Result<i64, Fault> {
        self.core.reseller_id().await
    }

    /// Every call that a client with this table can make, as method and path template, in the order of the table.
    #[must_use]
    pub fn emits(endpoints: &Endpoints) -> Vec<(Method, String)> {
        table::emits(endpoints)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("host", &self.core.host()).finish_non_exhaustive()
    }
}
