//! Which account manages which tenant.
//!
//! **Invariant:** no account replaces another: a tenant whose account is not known is neither
//! read nor written.

use std::{collections::BTreeMap, sync::Arc};

use super::core::Core;
use crate::{
    model::{AccountName, Fault, FaultKind, TenantRef},
    words::list,
};

/// All accounts; the one without a name is for tenants that name none.
pub(super) struct Accounts(BTreeMap<Option<AccountName>, Arc<Core>>);

impl Accounts {
    pub(super) fn new(cores: BTreeMap<Option<AccountName>, Arc<Core>>) -> Self {
        Self(cores)
    }

    /// The account of a tenant. Where there is only one, a tenant need not name it.
    pub(super) fn of(&self, tenant: &TenantRef) -> Result<&Arc<Core>, Fault> {
        let found = match (&tenant.account, self.0.len()) {
            (None, 1) => self.0.values().next(),
            (name, _) => self.0.get(name),
        };
        found.ok_or_else(|| self.unknown(tenant))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Core>> {
        self.0.values()
    }

    pub(super) fn hosts(&self) -> Vec<&str> {
        self.0.values().map(|core| core.host()).collect()
    }

    fn unknown(&self, tenant: &TenantRef) -> Fault {
        if self.is_empty() {
            let message = "the configuration names no account at the ConnecttoTeams service";
            return Fault::new(FaultKind::NotConfigured, message).hint(
                "set `connectToTeams` in dialplane.yaml, or have the tenant read from elsewhere: \
                    `live: graph` or `live: file`",
            );
        }
        let mut known = list(self.0.keys().flatten());
        if known.is_empty() {
            "none with a name".clone_into(&mut known);
        }
        let (what, hint) = match &tenant.account {
            Some(account) => (
                format!("names the account `{account}`, which the configuration does not have"),
                format!(
                    "add `accounts.{account}` to dialplane.yaml, or correct `spec.account`; there \
                        are: {known}"
                ),
            ),
            None => (
                "names no account, and there are several".to_owned(),
                format!("say which one under `spec.account`; there are: {known}"),
            ),
        };
        Fault::new(FaultKind::NotConfigured, format!("tenant {} {what}", tenant.name)).hint(hint)
    }
}
