//! Which reader reads which tenant: what its manifest says under `live`.
//!
//! ```text
//! connecttoteams  consent and users from the service that is written through
//! graph           users from Microsoft Graph; consent from the service, because that is who needs it to write
//! confirm: graph  beside the service's users those of Graph, to be told from them and for nothing else
//! ```
//!
//! **Invariant:** no reader stands in for another: a tenant whose reader is not configured is not read, and says what is missing.

use std::sync::Arc;

use futures_util::future::{join, try_join};

use crate::{
    api::{connecttoteams, graph},
    model::{Confirmation, Inventory, LiveSource, LiveTenant, TenantRef},
    ports::{Fault, FaultKind, LiveReader},
};

/// All readers that are configured.
#[derive(Debug, Clone)]
pub struct Readers {
    service: connecttoteams::Reader,
    graph: Option<graph::Reader>,
}

impl Readers {
    /// The service that is written through is always there; Graph is if the settings have it.
    #[must_use]
    pub fn new(service: connecttoteams::Reader, graph: Option<graph::Reader>) -> Self {
        Self { service, graph }
    }

    async fn graph(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let graph = self.graph.as_ref().ok_or_else(|| graph_missing(tenant))?;
        let (consent, (users, coverage)) = try_join(self.service.consent(tenant), graph.users(tenant)).await?;
        Ok(LiveTenant { consent, coverage, sees: graph::SEES.into(), users, confirmation: Confirmation::NotAsked })
    }

    /// What the service shows, and beside it what Teams does. That Teams cannot be read spoils nothing.
    async fn confirmed(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let Some(graph) = &self.graph else {
            let confirmation = Confirmation::Failed("`graph` is not configured in dialplane.yaml".to_owned());
            return Ok(LiveTenant { confirmation, ..self.service.observe(tenant).await? });
        };
        let (live, teams) = join(self.service.observe(tenant), graph.users(tenant)).await;
        let confirmation = teams
            .map_or_else(|fault| Confirmation::Failed(fault.message), |(users, coverage)| Confirmation::Seen(users, coverage));
        Ok(LiveTenant { confirmation, ..live? })
    }
}

impl LiveReader for Readers {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        match tenant.live {
            LiveSource::ConnecttoTeams if tenant.confirm => self.confirmed(tenant).await,
            LiveSource::ConnecttoTeams => self.service.observe(tenant).await,
            LiveSource::Graph => self.graph(tenant).await,
        }
    }

    async fn inventory(&self, tenant: &TenantRef) -> Option<Arc<Inventory>> {
        LiveReader::inventory(&self.service, tenant).await
    }
}

fn graph_missing(tenant: &TenantRef) -> Fault {
    let message = format!("{} is to be read from Microsoft Graph, and the configuration does not say how", tenant.name);
    Fault::new(FaultKind::NotConfigured, message).hint(
        "set `graph` in dialplane.yaml: `clientId` and `clientSecret` of an application; or take `live: graph` out of the tenant",
    )
}
