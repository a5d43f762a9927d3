//! A customer with all that was found out about it: whether somebody asked for it, its words, its
//! JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Arguments, CustomerFilter};
use crate::{
    cli::customers::ListedCustomer,
    import,
    model::{
        AccountName, Consent, Coverage, Desired, DesiredTenant, Fault, LiveSource, LiveTenant,
        TenantId, TenantRef,
    },
};

/// One customer, and what was found out about it.
pub(super) struct CustomerRow<'d> {
    pub(super) listed: ListedCustomer,
    /// What describes it.
    pub(super) manifest: Option<&'d DesiredTenant>,
    /// How it is asked about; not if it is not registered.
    pub(super) tenant: Option<TenantRef>,
    pub(super) found: Option<Result<TenantFacts, Fault>>,
}

/// What the service said of a tenant.
pub(super) struct TenantFacts {
    pub(super) consent: Consent,
    /// All users that were seen and those with calling, and whether the list is whole.
    pub(super) users: Option<(usize, usize, Coverage)>,
}

impl TenantFacts {
    pub(super) fn consent_alone(consent: Consent) -> Self {
        Self { consent, users: None }
    }

    pub(super) fn of(live: LiveTenant) -> Self {
        let calling = live.users.values().filter(|user| user.is_person_with_calling()).count();
        Self { consent: live.consent, users: Some((live.users.len(), calling, live.coverage)) }
    }
}

impl<'d> CustomerRow<'d> {
    pub(super) fn of(listed: ListedCustomer, desired: &'d Desired) -> Self {
        let id = listed.customer.tenant.as_ref();
        let manifest =
            desired.tenants.values().find(|known| Some(&known.id) == id).map(AsRef::as_ref);
        let tenant = match manifest {
            Some(manifest) => Some(manifest.reference()),
            None => listed.reference(
                import::tenant_name(&listed.title(), &mut BTreeSet::new()),
                LiveSource::default(),
            ),
        };
        Self { listed, manifest, tenant, found: None }
    }

    /// Whether the words are found in it and it is one of those that are asked for, as far as the
    /// lists tell.
    pub(super) fn is_wanted(&self, command: &Arguments) -> bool {
        let id = self.listed.customer.tenant.as_ref();
        let manifest = self.manifest.map(|manifest| manifest.name.as_str());
        let texts =
            [Some(self.listed.title()), id.map(ToString::to_string), manifest.map(str::to_owned)];
        let texts: Vec<String> =
            texts.into_iter().flatten().map(|text| text.to_lowercase()).collect();
        let holds = |word: &String| texts.iter().any(|text| text.contains(&word.to_lowercase()));
        command.words.iter().all(holds)
            && command.only.iter().all(|only| match only {
                CustomerFilter::Managed => manifest.is_some(),
                CustomerFilter::Unmanaged => manifest.is_none() && id.is_some(),
                CustomerFilter::Registered | CustomerFilter::WithoutConsent => id.is_some(),
                CustomerFilter::Unregistered => id.is_none(),
            })
    }

    pub(super) fn lacks_consent(&self) -> bool {
        let lacks = |found: &TenantFacts| {
            !matches!(found.consent, Consent::Granted | Consent::ResellerUnclear(_))
        };
        matches!(&self.found, Some(Ok(found)) if lacks(found))
    }

    pub(super) fn id(&self) -> String {
        let id = self.listed.customer.tenant.as_ref();
        id.map_or_else(|| "not registered".to_owned(), ToString::to_string)
    }

    pub(super) fn account(&self) -> String {
        self.listed.account.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
    }

    pub(super) fn consent(&self) -> &'static str {
        match &self.found {
            None => "-",
            Some(Err(_)) => "not read",
            Some(Ok(found)) => word(&found.consent),
        }
    }

    pub(super) fn users(&self) -> String {
        match &self.found {
            Some(Ok(TenantFacts { users: Some((all, calling, coverage)), .. })) => {
                let more = if *coverage == Coverage::Complete { "" } else { ", perhaps more" };
                format!("{all}, {calling} with calling{more}")
            }
            Some(Err(_)) => "not read".to_owned(),
            _ => "-".to_owned(),
        }
    }

    pub(super) fn manifest(&self) -> String {
        let told =
            |manifest: &DesiredTenant| format!("{}, {}", manifest.name, manifest.mode.name());
        self.manifest.map_or_else(|| "-".to_owned(), told)
    }

    fn json(&self) -> Value {
        let customer = &self.listed.customer;
        let found = self.found.as_ref().and_then(|found| found.as_ref().ok());
        let users = found.and_then(|found| found.users.as_ref()).map(|(all, calling, coverage)| {
            json!({ "visible": all, "withCalling": calling, "complete": *coverage == Coverage::Complete })
        });
        let manifest = self.manifest.map(
            |manifest| json!({ "name": manifest.name.as_str(), "mode": manifest.mode.name() }),
        );
        let unread = self.found.as_ref().and_then(|found| found.as_ref().err());
        json!({
            "account": self.listed.account.as_ref().map(AccountName::as_str),
            "name": customer.name,
            "enterpriseId": customer.enterprise,
            "resellerId": customer.reseller,
            "tenantId": customer.tenant.as_ref().map(TenantId::as_str),
            "registered": customer.tenant.is_some(),
            "consent": found.map(|found| word(&found.consent)),
            "users": users,
            "manifest": manifest,
            "unread": unread.map(ToString::to_string),
        })
    }
}

/// Consent in one word.
fn word(consent: &Consent) -> &'static str {
    match consent {
        Consent::Granted | Consent::ResellerUnclear(_) => "given",
        Consent::Missing => "missing",
        Consent::Disagrees { .. } => "unclear",
        Consent::NotShown | Consent::NoAccount => "not shown",
        Consent::TokenUnusable(_) => "token unusable",
    }
}

/// All of them.
pub(super) fn json(rows: &[CustomerRow<'_>]) -> Value {
    let tenants: Vec<Value> = rows.iter().map(CustomerRow::json).collect();
    json!({ "version": 1, "kind": "Tenants", "tenants": tenants })
}
