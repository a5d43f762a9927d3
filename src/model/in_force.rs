//! A tenant as it is in force: what is wanted of it, and what goes with that.

use std::sync::Arc;

use super::{Approval, DesiredTenant};

/// What is in force for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantInForce {
    /// What the manifests want.
    pub desired: Arc<DesiredTenant>,
    /// Why that is an older version of the manifests, if it is.
    pub kept: Option<Arc<str>>,
    /// The approvals beside the manifests now, whichever version of those is in force.
    pub approvals: Vec<Approval>,
}

impl From<Arc<DesiredTenant>> for TenantInForce {
    /// The newest version, with no approvals.
    fn from(desired: Arc<DesiredTenant>) -> Self {
        Self { desired, kept: None, approvals: Vec::new() }
    }
}
