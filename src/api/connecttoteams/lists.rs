//! Asks for the lists of an account: its resellers, enterprises and gateways (contract 6).

use std::sync::Arc;

use futures_util::future::join;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    call::Values,
    core::Core,
    inventory::{self, InventoryWithLists, Lists},
    outcome,
    transport::{HttpRequest, Payload},
};
use crate::{
    config::{BodyFormat, Endpoint, EndpointRow},
    model::{Customer, Fault, FaultKind, Inventory},
    ports::Permit,
};

/// The most that one of its lists may hold, in bytes.
const MAX_LIST: usize = 16 * 1024 * 1024;
/// The most resellers of a master reseller that are looked through.
const MAX_RESELLERS: usize = 200;

impl Core {
    /// What this account has.
    pub(super) async fn inventory(&self) -> Result<Arc<Inventory>, Fault> {
        self.asked().await.map(|(inventory, _)| inventory)
    }

    /// Whose lists its tenants are in; empty if that is not known.
    pub(super) async fn lists(&self) -> Result<Arc<Lists>, Fault> {
        self.asked().await.map(|(_, lists)| lists)
    }

    /// Both. The lock is held while they are asked for, so all others wait for the answer.
    async fn asked(&self) -> Result<InventoryWithLists, Fault> {
        let (mut kept, fresh) = self.inventory.fresh().await;
        if let Some(read) = fresh {
            return Ok(read);
        }
        let reseller = self.reseller_id().await?;
        let gateways = self.list(EndpointRow::Gateways, &self.account.endpoints.gateways, reseller);
        let (tenants, gateways) = join(self.tenants(reseller), gateways).await;
        let inventory = Inventory {
            reseller,
            tenants: tenants
                .as_ref()
                .map(|lists| lists.keys().cloned().collect())
                .map_err(Clone::clone),
            gateways: gateways.and_then(|list| inventory::gateways(&list)),
        };
        for (list, unknown) in [
            ("enterprises", inventory.tenants.as_ref().err()),
            ("gateways", inventory.gateways.as_ref().err()),
        ] {
            if let Some(why) = unknown {
                tracing::warn!(
                    account = self.section().name(),
                    list,
                    why,
                    "could not be checked; nothing depends on it"
                );
            }
        }
        let read = (Arc::new(inventory), Arc::new(tenants.unwrap_or_default()));
        *kept = Some((Instant::now(), read.clone()));
        Ok(read)
    }

    /// The customers of the account, as its lists show them; asked for each time.
    pub(super) async fn customers(&self) -> Result<Vec<Customer>, Fault> {
        let reseller = self.reseller_id().await?;
        let read = async {
            let mut all = Vec::new();
            for (reseller, answer) in self.enterprises(reseller).await? {
                all.extend(inventory::customers(&answer, reseller)?);
            }
            Ok(all)
        };
        read.await.map_err(|why: String| {
            let message = format!("the customers of the account cannot be listed: {why}");
            Fault::new(FaultKind::Garbled, message)
                .hint(format!("check {}", self.section().row(EndpointRow::Enterprises.name())))
        })
    }

    /// The tenants of the reseller; of a master reseller, those of all its resellers as well.
    async fn tenants(&self, reseller: i64) -> Result<Lists, String> {
        let mut all = Lists::new();
        let plain = self.is_plain_reseller(reseller).await;
        for (reseller, answer) in self.enterprises(reseller).await? {
            // A reseller without customers is not a sign that its list was not understood.
            if !plain && inventory::list(&answer)?.is_empty() {
                continue;
            }
            for (tenant, of) in inventory::tenants(&answer, reseller)? {
                all.entry(tenant)
                    .and_modify(|known| *known = known.filter(|known| Some(*known) == of))
                    .or_insert(of);
            }
        }
        Ok(all)
    }

    /// The lists of enterprises, each with the reseller whose list it is.
    async fn enterprises(&self, reseller: i64) -> Result<Vec<(i64, Value)>, String> {
        let call = &self.account.endpoints.enterprises;
        if self.is_plain_reseller(reseller).await {
            return Ok(vec![(
                reseller,
                self.list(EndpointRow::Enterprises, call, reseller).await?,
            )]);
        }
        let below = inventory::resellers(
            &self.list(EndpointRow::Resellers, &self.account.endpoints.resellers, reseller).await?,
        )?;
        if below.len() > MAX_RESELLERS {
            return Err(format!(
                "there are {} resellers; {MAX_RESELLERS} are looked through",
                below.len()
            ));
        }
        let mut answers = Vec::new();
        for reseller in below {
            answers.push((reseller, self.list(EndpointRow::Enterprises, call, reseller).await?));
        }
        Ok(answers)
    }

    /// Whether this is a reseller and no master reseller. A configured id that is not the account's
    /// own is that of a reseller.
    async fn is_plain_reseller(&self, reseller: i64) -> bool {
        self.identity()
            .await
            .map_or(true, |identity| identity.is_plain_reseller() || identity.reseller != reseller)
    }

    async fn list(
        &self,
        row: EndpointRow,
        call: &Endpoint,
        reseller: i64,
    ) -> Result<Value, String> {
        let ask = async {
            let what = format!("list the {row} of reseller {reseller}");
            let values = Values { reseller: Some(reseller), ..Values::default() };
            let url = values.url(self, &what, row, &call.path)?;
            let payload = match &call.body {
                BodyFormat::Template(template) => {
                    let body = template
                        .fill(&|place| values.of(place))
                        .map_err(|why| self.not_made(&what, row.name(), &why))?;
                    Payload::Text(Value::Object(body).to_string())
                }
                _ => Payload::Empty,
            };
            let request = HttpRequest {
                what,
                section: self.section().clone(),
                row: row.name(),
                effort: row.effort(),
                method: call.method,
                template: call.path.clone(),
                url,
                payload,
                limit: MAX_LIST,
                until: None,
                permit: Permit::default(),
            };
            let answer = self.send(&request).await?;
            outcome::read(&request, &answer)
        };
        ask.await.map_err(|fault: Fault| fault.message)
    }
}
