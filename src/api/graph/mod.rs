//! Microsoft Graph (contract 12): what Teams itself holds. Read, and never written.
//!
//! ```text
//! GraphReader --a page's URL--> Core (401: one new token, one replay) --> Transport (429: waits as told) --> Graph
//!   item, listing <--------------- value or Fault (outcome) <--------------------- Reply
//! ```
//!
//! One application of the provider, consented by each customer's admin, serves all tenants; each
//! tenant has its own token.
//!
//! **Invariant:** three calls are made: one for a token, one for a page of users, one for a page of
//! numbers. Nothing can be configured to make it a fourth.
//!
//! **Invariant:** a link to the next page is followed on the host of `graph.baseUrl` and nowhere
//! else: it would carry the token along.
//!
//! **Invariant:** a user of another tenant refuses the whole read.

mod assigned;
mod call;
mod item;
mod listing;
mod login;
mod outcome;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use super::{
    ReceivedUserList,
    http::{address, answer, auth, gate, grant, section, transport},
};
use crate::{
    config::{Graph, Method},
    model::{Fault, FaultKind, Field, NumberList, TenantRef},
};
use assigned::{Assigned, NextPage};
use call::{Core, GraphList};

/// What Graph shows of a user; gateway, voicemail, dial plan and the like cannot be seen there.
pub const SEES: [Field; 2] = [Field::PhoneNumber, Field::CallPolicyName];

/// Reads users through Graph. Clones share connections and tokens.
#[derive(Clone)]
pub struct GraphReader {
    core: Arc<Core>,
}

impl GraphReader {
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
    pub async fn users(&self, tenant: &TenantRef) -> Result<ReceivedUserList, Fault> {
        let mut listing = listing::Listing::new(tenant);
        let list = GraphList::Users;
        let mut url = Some(self.core.first(tenant, list, 0)?);
        while let Some(page) = url {
            let answer = self.core.page(tenant, list, page).await?;
            let next = listing.take(&answer).map_err(|why| call::garbled(tenant, list, &why))?;
            url = next.map(|link| self.core.next(tenant, list, &link)).transpose()?;
        }
        let listed = listing.finish();
        tracing::debug!(tenant = %tenant.name, users = listed.users.len(), doubts = ?listed.doubts, "read from Graph");
        Ok(listed)
    }

    /// The same, with every number that Teams keeps and the users do not show: a second proof of who
    /// holds a number. That it cannot be had is told in [`ListExtras::number_list`], and spoils nothing
    /// of the users.
    ///
    /// [`ListExtras::number_list`]: crate::model::ListExtras::number_list
    pub async fn users_and_numbers(&self, tenant: &TenantRef) -> Result<ReceivedUserList, Fault> {
        let mut listed = self.users(tenant).await?;
        if let Some(why) = self.core.refused(tenant) {
            listed.beside.number_list = NumberList::NotRead(why);
            return Ok(listed);
        }
        match self.numbers(tenant).await {
            Ok(assigned) => assigned.complete(&mut listed, tenant),
            Err(fault) => listed.beside.number_list = self.without_numbers(tenant, fault),
        }
        Ok(listed)
    }

    async fn numbers(&self, tenant: &TenantRef) -> Result<Assigned, Fault> {
        let list = GraphList::Numbers;
        let mut assigned = Assigned::default();
        let mut url = self.core.first(tenant, list, 0)?;
        loop {
            let answer = self.core.page(tenant, list, url).await?;
            let next = assigned.take(&answer, self.core.page_size());
            url = match next.map_err(|why| call::garbled(tenant, list, &why))? {
                NextPage::Nowhere => return Ok(assigned),
                NextPage::Link(link) => self.core.next(tenant, list, &link)?,
                NextPage::Behind(entries) => self.core.first(tenant, list, entries)?,
            };
        }
    }

    /// Whoever may not read it works as before; what fails in passing is a doubt.
    fn without_numbers(&self, tenant: &TenantRef, fault: Fault) -> NumberList {
        match fault.kind {
            FaultKind::Auth | FaultKind::Rejected | FaultKind::NotConfigured => {
                tracing::info!(tenant = %tenant.name, reason = %fault.message, "numbers not read");
                self.core.keep_refused(tenant, &fault.message);
                NumberList::NotRead(fault.message)
            }
            _ => NumberList::InDoubt(fault.message),
        }
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
            (Method::Get, format!("{}?$top={{pageSize}}", GraphList::Users.path())),
            (Method::Get, format!("{}?$top={{pageSize}}", GraphList::Numbers.path())),
        ]
    }
}

impl fmt::Debug for GraphReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("host", &self.core.host()).finish_non_exhaustive()
    }
}
