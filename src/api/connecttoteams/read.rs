//! Observing a tenant: its consent and, side by side with it, its users as the `listUsers` row says
//! (contract 2.5 and 3).

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, pin::pin, sync::Arc};

use futures_util::{StreamExt as _, future::join, stream};
use jiff::SignedDuration;

use super::{
    accounts::Accounts,
    call::Draft,
    core::Core,
    listing::{Listing, Page},
    msal::Purpose,
    outcome,
    page::ParsedPage,
    row::ListUsersRow,
    table::{self, PageNumbers},
    transport::HttpRequest,
};
use crate::{
    api::ReceivedUserList,
    config::{self, Endpoint, ListUsers},
    model::{
        CallAppCalls, Confirmation, Consent, Fault, FaultKind, Field, Inventory, LiveTenant,
        TenantRef,
    },
    ports::LiveReader,
};

/// The most that one page of a list may hold: some 80,000 users as the service describes them, for
/// lists that come in one piece.
const MAX_PAGE: usize = 64 * 1024 * 1024;
/// Pages of one list that are asked for side by side.
const PAGES_AHEAD: usize = 4;

/// Reads tenants through `ConnecttoTeams`.
#[derive(Clone)]
pub struct TenantReader {
    accounts: Arc<Accounts>,
}

impl TenantReader {
    pub(super) fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }

    /// Whether the customer lets us write. Readers of other services ask it here, too.
    pub async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        if self.accounts.is_empty() {
            return Ok(Consent::NoAccount);
        }
        let core = self.accounts.of(tenant)?;
        core.consent(tenant, Purpose::Look).await
    }

    /// Logs in for a tenant that is written with a token of its own; `None` if it is not.
    pub async fn log_in_for(&self, tenant: &TenantRef) -> Option<Result<(), Fault>> {
        let core = self.accounts.of(tenant).ok()?;
        let delegated = core.delegated(tenant)?;
        Some(delegated.delegate.auth.token(&delegated).await.map(drop))
    }

    /// What is to be told of the token set of a tenant, if it is to be renewed before the first
    /// write.
    pub async fn token_to_be_renewed(&self, tenant: &TenantRef) -> Option<String> {
        self.accounts.of(tenant).ok()?.delegated(tenant)?.to_be_renewed().await
    }

    /// The link by which an admin of the customer gives consent. It changes nothing.
    pub async fn consent_link(&self, tenant: &TenantRef) -> Result<String, Fault> {
        self.accounts.of(tenant)?.consent_link(tenant).await
    }

    /// How far the service's clock is ahead of this machine's, by its last answer to the account of a
    /// tenant, where they are far apart.
    #[must_use]
    pub fn clock_apart(&self, tenant: &TenantRef) -> Option<SignedDuration> {
        self.accounts.of(tenant).ok()?.transport().clock_apart()
    }

    /// What the account of a tenant has. Asked when it is first needed, and again when the answer
    /// has grown old.
    pub async fn inventory(&self, tenant: &TenantRef) -> Result<Arc<Inventory>, Fault> {
        self.accounts.of(tenant)?.inventory().await
    }
}

/// All pages, each a request of its own. Those that the first ones let foresee are asked for side by
/// side, and taken in their order: a page that turns out not to be the wanted one is dropped.
async fn users(
    core: &Core,
    row: &ListUsers,
    tenant: &TenantRef,
) -> Result<ReceivedUserList, Fault> {
    let mapped = &ListUsersRow::new(row);
    let mut listing = Listing::new(mapped);
    let mut wanted = Some(Listing::FIRST);
    while let Some(next) = wanted {
        let asked = stream::iter(listing.foreseen(next))
            .map(|page| async move { (page, ask(core, mapped, tenant, page).await) });
        let mut answers = pin!(asked.buffered(PAGES_AHEAD));
        while let Some((page, answer)) = answers.next().await
            && wanted == Some(page)
        {
            let (request, page) = answer?;
            wanted = listing.take(page).map_err(|why| outcome::garbled(&request, &why))?;
        }
    }
    Ok(listing.finish())
}

/// Asks for one page.
async fn ask(
    core: &Core,
    mapped: &ListUsersRow<'_>,
    tenant: &TenantRef,
    page: Page,
) -> Result<(HttpRequest, ParsedPage), Fault> {
    let row = mapped.list;
    let numbers = PageNumbers::of(row, page.number, page.start);
    let path = table::page_path(row, numbers);
    let what = format!("list users of {}", tenant.name);
    let draft = Draft::new(what, config::EndpointRow::ListUsers, &row.call, tenant);
    let draft = Draft { path: &path, page: Some(numbers), limit: MAX_PAGE, ..draft };
    // Boxed: it is large, and several wait side by side.
    let (request, answer) = Box::pin(core.call(&draft)).await?;
    let page = outcome::page(&request, &answer, mapped, tenant)?;
    Ok((request, page))
}

async fn observe(core: &Core, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
    let row =
        core.account.endpoints.list_users.as_ref().ok_or_else(|| not_configured(core, tenant))?;
    // Boxed: it is large, and so would be everything that waits for it.
    let consent = Box::pin(core.consent(tenant, Purpose::Look));
    let listed = users(core, row, tenant);
    let (consent, listed) = if waits_for_consent(&row.call) {
        (consent.await?, listed.await?)
    } else {
        let (consent, listed) = join(consent, listed).await;
        // Where both fail, it is always the same one that is told.
        (consent?, listed?)
    };
    let coverage = listed.coverage();
    let ReceivedUserList { users, mut beside, .. } = listed;
    if beside.call_app.is_some() {
        let endpoints = &core.account.endpoints;
        beside.call_app_calls = CallAppCalls {
            enable: endpoints.enable_call_app.is_some(),
            disable: endpoints.disable_call_app.is_some(),
        };
    }
    tracing::debug!(tenant = %tenant.name, users = users.len(), ?coverage, "observed");
    // A pointer that is in no row shows nothing of its field.
    let lacks =
        |field: Field| beside.unmatched.iter().any(|unmatched| unmatched.field == Some(field));
    let sees: BTreeSet<Field> =
        row.mapped().map(|(field, _)| field).filter(|field| !lacks(*field)).collect();
    Ok(LiveTenant { consent, coverage, sees, users, beside, confirmation: Confirmation::NotAsked })
}

/// Whether a list is asked for with what the answer about consent tells: side by side, both would
/// ask for it.
fn waits_for_consent(call: &Endpoint) -> bool {
    call.names("resellerId") || call.names("enterpriseId") || call.carries_authorisation()
}

impl LiveReader for TenantReader {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        observe(self.accounts.of(tenant)?, tenant).await
    }

    async fn inventory(&self, tenant: &TenantRef) -> Option<Arc<Inventory>> {
        Self::inventory(self, tenant)
            .await
            .inspect_err(|fault| {
                // Who reads through Graph alone has no account to ask, and knows.
                if fault.kind != FaultKind::NotConfigured {
                    tracing::warn!(tenant = %tenant.name, %fault, "the inventory could not be read");
                }
            })
            .ok()
    }
}

impl fmt::Debug for TenantReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("hosts", &self.accounts.hosts()).finish_non_exhaustive()
    }
}

fn not_configured(core: &Core, tenant: &TenantRef) -> Fault {
    let message = format!("list users of {}: the configuration does not say how", tenant.name);
    Fault::new(FaultKind::NotConfigured, message).hint(format!(
        "set {}: no public page of the vendor names this call, so there is no default; the \
            vendor's support knows it. Or set `live: graph` for the tenant, to read what Teams \
            itself holds from Microsoft Graph, or `live: file`, to read a snapshot or a list that \
            the portal exported",
        core.section().row(config::EndpointRow::ListUsers.name())
    ))
}
