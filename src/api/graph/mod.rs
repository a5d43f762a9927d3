//! Microsoft Graph (contract 12): what Teams itself holds. Read, and never written.
//!
//! ```text
//! Reader --a page's URL--> Core (401: one new token, one replay) --> Transport (429: waits as told) --> Graph
//!   item, listing <---------- value or Fault (outcome) <--------------------- Reply
//! ```
//!
//! One application of the provider, consented by each customer's admin, serves all tenants; each
//! tenant has its own token.
//!
//! **Invariant:** two calls are made: one for a token, one for a page of users. Nothing can be
//! configured to make it a third.
//!
//! **Invariant:** a link to the next page is followed on the host of `graph.baseUrl` and nowhere
//! else: it would carry the token along.
//!
//! **Invariant:** a user of another tenant refuses the whole read.

mod call;
mod item;
mod listing;
mod login;
mod outcome;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Listed,
    http::{address, answer, auth, gate, grant, section, transport},
};
use crate::{
    config::{Graph, Method},
    model::{Fault, FaultKind, Field, TenantRef},
};
use call::Core;

/// What Graph shows of a user; gateway, voicemail, dial plan and the like cannot be seen there.
pub const SEES: [Field; 2] = [Field::PhoneNumber, Field::CallPolicyName];

/// Reads users through Graph. Clones share connections and tokens.
#[derive(Clone)]
pub struct Reader {
    core: Arc<Core>,
}

impl Reader {
    /// Checks the settings and prepares connections; nothing is sent yet and no secret is read.
    pub fn new(settings: &Graph) -> Result<Self, Fault> {
        if settings.timeout.is_zero() {
            return Err(Fault::new(FaultKind::NotConfigured, "no call can be made within no time")
                .hint("set `graph.timeout` to a duration such as 60s"));
        }
        Ok(Self { core: Arc::new(Core::new(settings.clone())?) })
    }

    /// All users of a tenant: page by page, each a request of its own, so a token that ends on
    /// the way costs one page.
    pub async fn users(&self, tenant: &TenantRef) -> Result<Listed, Fault> {
        let mut listing = listing::Listing::new(tenant);
        let mut url = Some(self.core.first(tenant)?);
        while let Some(page) = url {
            let answer = self.core.page(tenant, page).await?;
            let next = listing.take(&answer).map_err(|why| call::garbled(tenant, &why))?;
            url = next.map(|link| self.core.next(tenant, &link)).transpose()?;
        }
        let listed = listing.finish();
        tracing::debug!(tenant = %tenant.name, users = listed.users.len(), doubts = ?listed.doubts, "read from Graph");
        Ok(listed)
    }

    /// Logs in for a tenant, or finds that a usable token is at hand. For checks of the set-up;
    /// reads do it by themselves.
    pub async fn log_in(&self, tenant: &TenantRef) -> Result<(), Fault> {
        self.core.token(tenant).await.map(drop)
    }

    /// Lets a refused secret be tried again, as a service has to; see the client of
    /// `connecttoteams`.
    pub fn try_logins_again(&self, first: Duration, most: Duration) {
        self.core.pace.again(first, most);
    }

    /// Every call that a reader can make, as method and path template.
    #[must_use]
    pub fn emits() -> Vec<(Method, String)> {
        vec![
            (Method::Post, login::PATH.to_owned()),
            (Method::Get, format!("{}?$top={{pageSize}}", call::PATH)),
        ]
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("host", &self.core.host()).finish_non_exhaustive()
    }
}
