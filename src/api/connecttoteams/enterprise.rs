//! `getEnterpriseInfoForTenant`: what a tenant's enterprise says of consent (contract 2.5), and whose
//! it is. A tenant that is written with a token of its own needs no consent.

use serde_json::Value;

use super::{
    call::Draft,
    core::Core,
    msal::Purpose,
    outcome,
    reseller::{self, Enterprise, ResellerClaim},
};
use crate::{
    config::EndpointRow,
    model::{Consent, Fault, FaultKind, TenantId, TenantRef},
};

/// The consent that permits provisioning.
const MANAGEMENT: &str = "EnterpriseManagement";

impl Core {
    /// Whether the customer lets us write, and whether we know whose name to write in. A tenant
    /// that is written with a token of its own lets us for as long as its token set lasts.
    pub(super) async fn consent(
        &self,
        tenant: &TenantRef,
        purpose: Purpose,
    ) -> Result<Consent, Fault> {
        if let Some(delegated) = self.delegated(tenant) {
            return Ok(delegated.consent(purpose).await);
        }
        let enterprise = self.ask_enterprise(tenant).await?;
        match consent_of(&enterprise) {
            Consent::Granted => Ok(self
                .reseller_of(tenant)
                .await?
                .map_or_else(Consent::ResellerUnclear, |_| Consent::Granted)),
            other => Ok(other),
        }
    }

    /// What the service says of a tenant's enterprise. Whose it is and what it is called is kept
    /// for other calls.
    pub(super) async fn ask_enterprise(&self, tenant: &TenantRef) -> Result<Value, Fault> {
        let what = format!("read the consent of {}", tenant.name);
        let draft =
            Draft::new(what, EndpointRow::Enterprise, &self.account.endpoints.enterprise, tenant);
        // Boxed: a body that is authorised asks whose the enterprise is, which is asked here.
        let (request, answer) = Box::pin(self.call(&draft)).await?;
        if answer.reply.status == reqwest::StatusCode::NOT_FOUND {
            let message = format!(
                "{}: the service does not know tenant {} (HTTP 404)",
                draft.what, tenant.id
            );
            return Err(Fault::new(FaultKind::Rejected, message).hint(format!(
                "check `spec.tenantId`; the customer's enterprise must be registered with the \
                    service. If it is, correct {}",
                self.section().row(EndpointRow::Enterprise.name())
            )));
        }
        let enterprise = outcome::read(&request, &answer)?;
        of_tenant(&enterprise, &tenant.id).map_err(|why| outcome::garbled(&request, why))?;
        self.known.note(&tenant.id, Enterprise::of(&enterprise));
        Ok(enterprise)
    }

    /// The reseller that a consent object names; a fault if that is not certain.
    pub(super) async fn reseller_to_name(&self, tenant: &TenantRef) -> Result<i64, Fault> {
        let told = self.account.reseller_of.contains_key(tenant.name.as_str())
            || self.account.reseller_id.is_some();
        if !told && self.known.get(&tenant.id).is_none() {
            self.ask_enterprise(tenant).await?;
        }
        self.reseller_of(tenant).await?.map_err(|why| {
            Fault::new(FaultKind::NotConfigured, format!("{}: {why}", tenant.name))
                .hint(reseller::hint(self.section(), tenant))
        })
    }

    /// The same; what is not certain is said in words.
    pub(super) async fn reseller_of(
        &self,
        tenant: &TenantRef,
    ) -> Result<Result<i64, String>, Fault> {
        let mut said: Vec<ResellerClaim> = Vec::new();
        let set = self.account.reseller_of.get(tenant.name.as_str()).copied();
        said.extend(set.map(|id| {
            ResellerClaim::by_settings(self.section(), &format!("resellerOf.{}", tenant.name), id)
        }));
        let answered = self.known.get(&tenant.id).and_then(|enterprise| enterprise.reseller);
        said.extend(answered.map(|id| {
            ResellerClaim::by_service("the service's answer about its enterprise".to_owned(), id)
        }));
        let own = |id| ResellerClaim::by_settings(self.section(), "resellerId", id);
        match self.account.reseller_id {
            Some(id) if said.iter().all(|said| said.id == id) => said.push(own(id)),
            // A master reseller may have named itself, which says nothing of its tenants.
            Some(id) if self.is_master(id).await => self.ask_lists(tenant, &mut said).await,
            Some(id) => said.push(own(id)),
            None => match self.identity().await {
                Ok(identity) if identity.is_plain_reseller() => {
                    said.push(ResellerClaim::by_service(
                        format!("the account {}", self.account.username),
                        identity.reseller,
                    ));
                }
                Ok(_) => self.ask_lists(tenant, &mut said).await,
                // Who we are need not be known where it is said whose the enterprise is.
                Err(fault) if said.is_empty() => return Err(fault),
                Err(_) => {}
            },
        }
        Ok(reseller::agreed(&said, set))
    }

    /// Whether this is our own number as a master reseller. An account that cannot be asked is none.
    async fn is_master(&self, id: i64) -> bool {
        self.identity()
            .await
            .is_ok_and(|identity| identity.reseller == id && !identity.is_plain_reseller())
    }

    /// What the lists of a master's resellers say of a tenant.
    async fn ask_lists(&self, tenant: &TenantRef, said: &mut Vec<ResellerClaim>) {
        if let Ok(lists) = self.lists().await
            && let Some(id) = lists.get(&tenant.id).copied().flatten()
        {
            said.push(ResellerClaim::by_service(
                format!("the list of enterprises of reseller {id}"),
                id,
            ));
        }
    }

    /// What the service calls a tenant's enterprise.
    pub(super) async fn enterprise_id(
        &self,
        tenant: &TenantRef,
        what: &str,
    ) -> Result<Value, Fault> {
        let known = match self.known.get(&tenant.id) {
            Some(enterprise) => enterprise,
            None => self.ask_enterprise(tenant).await.map(|answer| Enterprise::of(&answer))?,
        };
        known.id.ok_or_else(|| {
            self.not_made(
                what,
                EndpointRow::Enterprise.name(),
                "the service's answer about the enterprise has no `enterpriseId`",
            )
        })
    }
}

/// Whether an answer is an enterprise, and not that of somebody else.
fn of_tenant(enterprise: &Value, tenant: &TenantId) -> Result<(), &'static str> {
    let enterprise = enterprise.as_object().ok_or("an enterprise that is not an object")?;
    let other = enterprise
        .get("tenantId")
        .and_then(Value::as_str)
        .and_then(|text| TenantId::parse(text).ok());
    if other.is_some_and(|other| other != *tenant) {
        Err("the enterprise of another tenant")
    } else {
        Ok(())
    }
}

/// The consent that an enterprise shows. An indicator that is missing or of a wrong type is a no.
fn consent_of(enterprise: &Value) -> Consent {
    let flag = enterprise
        .get("canResellerManageEnterpriseProvisioning")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let consents = enterprise.get("consentsByEnterprise").and_then(Value::as_array);
    let listed = consents.is_some_and(|consents| {
        consents
            .iter()
            .any(|consent| consent.get("consentName").and_then(Value::as_str) == Some(MANAGEMENT))
    });
    Consent::from_indicators(flag, listed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn consent_needs_both_indicators_in_their_right_types() {
        let tenant = TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap();
        let listed = json!([{"consentName": "UserSync"}, {"consentName": "EnterpriseManagement"}]);
        let half = |flag, listed| Ok(Consent::Disagrees { flag, listed });
        let read =
            |enterprise: &Value| of_tenant(enterprise, &tenant).map(|()| consent_of(enterprise));
        for (enterprise, expected) in [
            (
                json!({"canResellerManageEnterpriseProvisioning": true, "consentsByEnterprise": listed}),
                Ok(Consent::Granted),
            ),
            (
                json!({"canResellerManageEnterpriseProvisioning": false, "consentsByEnterprise": []}),
                Ok(Consent::Missing),
            ),
            (json!({}), Ok(Consent::Missing)),
            (
                json!({"canResellerManageEnterpriseProvisioning": "true", "consentsByEnterprise": listed}),
                half(false, true),
            ),
            (
                json!({"canResellerManageEnterpriseProvisioning": true, "consentsByEnterprise": "EnterpriseManagement"}),
                half(true, false),
            ),
            (
                json!({"canResellerManageEnterpriseProvisioning": true, "consentsByEnterprise": ["EnterpriseManagement"]}),
                half(true, false),
            ),
            (json!([]), Err("an enterprise that is not an object")),
            (
                json!({"tenantId": "00000000-0000-0000-0000-000000000000"}),
                Err("the enterprise of another tenant"),
            ),
        ] {
            assert_eq!(read(&enterprise), expected, "{enterprise}");
        }
    }
}
