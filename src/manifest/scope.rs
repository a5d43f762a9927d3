//! The tenants that a file may speak of.

use std::{collections::BTreeSet, sync::Arc};

use crate::model::TenantName;

/// The tenants that a file may speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantScope(Option<Arc<BTreeSet<TenantName>>>);

impl TenantScope {
    /// These and no others.
    #[must_use]
    pub fn of(tenants: BTreeSet<TenantName>) -> Self {
        Self(Some(Arc::new(tenants)))
    }

    /// Whether it may speak of this one.
    #[must_use]
    pub fn admits(&self, tenant: &TenantName) -> bool {
        self.0.as_ref().is_none_or(|tenants| tenants.contains(tenant))
    }

    /// Whether it may speak of some only.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Those tenants, if it may speak of some only.
    pub(super) fn tenants(&self) -> Option<&Arc<BTreeSet<TenantName>>> {
        self.0.as_ref()
    }
}
