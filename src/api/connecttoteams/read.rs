//! Observing a tenant: its consent, then its users as the `listUsers` row says (contract 2.5 and
//! 3).

use std::{collections::BTreeSet, fmt, sync::Arc};

use super::{
    accounts::Accounts,
    call::Draft,
    core::Core,
    listing::Listing,
    msal::Purpose,
    outcome,
    table::{self, PageNumbers},
};
use crate::{
    api::Listed,
    config::{ListUsers, Row},
    model::{Confirmation, Consent, Fault, FaultKind, Field, Inventory, LiveTenant, TenantRef},
    ports::LiveReader,
};

/// The most that one page of a list may hold: some 80,000 users as the service describes them, for
/// lists that come in one piece.
const MAX_PAGE: usize = 64 * 1024 * 1024;

/// Reads tenants through `ConnecttoTeams`.
#[derive(Clone)]
pub struct Reader {
    accounts: Arc<Accounts>,
}

impl Reader {
    pub(super) fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }

    /// Whether the customer lets us write. Readers of other services ask it here, too.
    pub async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
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

    /// What the account of a tenant has. Asked when it is first needed, and again when the answer
    /// has grown old.
    pub async fn inventory(&self, tenant: &TenantRef) -> Result<Arc<Inventory>, Fault> {
        self.accounts.of(tenant)?.inventory().await
    }
}

/// All pages, one after the other, each a request of its own.
async fn users(core: &Core, row: &ListUsers, tenant: &TenantRef) -> Result<Listed, Fault> {
    let what = format!("list users of {}", tenant.name);
    let mut listing = Listing::new(row, tenant);
    let mut wanted = Some(Listing::FIRST);
    while let Some(page) = wanted {
        let numbers = PageNumbers::of(row, page.number, page.start);
        let path = table::page_path(row, numbers);
        let draft = Draft::new(what.clone(), Row::ListUsers, &row.call, tenant);
        let draft = Draft { path: &path, page: Some(numbers), limit: MAX_PAGE, ..draft };
        let (request, answer) = core.call(&draft).await?;
        let answer = outcome::read(&request, &answer)?;
        wanted = listing.take(&answer).map_err(|why| outcome::garbled(&request, &why))?;
    }
    Ok(listing.finish())
}

async fn observe(core: &Core, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
    let row =
        core.account.endpoints.list_users.as_ref().ok_or_else(|| not_configured(core, tenant))?;
    let consent = core.consent(tenant, Purpose::Look).await?;
    let listed = users(core, row, tenant).await?;
    let coverage = listed.coverage();
    let Listed { users, beside, .. } = listed;
    tracing::debug!(tenant = %tenant.name, users = users.len(), ?coverage, "observed");
    // A pointer that is in no row shows nothing of its field.
    let lacks =
        |field: Field| beside.unmatched.iter().any(|unmatched| unmatched.field == Some(field));
    let sees: BTreeSet<Field> =
        row.mapped().map(|(field, _)| field).filter(|field| !lacks(*field)).collect();
    Ok(LiveTenant { consent, coverage, sees, users, beside, confirmation: Confirmation::NotAsked })
}

impl LiveReader for Reader {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        observe(self.accounts.of(tenant)?, tenant).await
    }

    async fn inventory(&self, tenant: &TenantRef) -> Option<Arc<Inventory>> {
        Self::inventory(self, tenant)
            .await
            .inspect_err(|fault| tracing::warn!(%fault, "the inventory could not be read"))
            .ok()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("hosts", &self.accounts.hosts()).finish_non_exhaustive()
    }
}

fn not_configured(core: &Core, tenant: &TenantRef) -> Fault {
    let message = format!("list users of {}: the configuration does not say how", tenant.name);
    Fault::new(FaultKind::NotConfigured, message).hint(format!(
        "set {}: no public page of the vendor names this call, so that there is no default; the \
            vendor's support knows it. Or set `live: graph` for the tenant, to read what Teams \
            itself holds from Microsoft Graph, or `live: file`, to read a snapshot or a list that \
            the portal exported",
        core.section().row(Row::ListUsers.name())
    ))
}
