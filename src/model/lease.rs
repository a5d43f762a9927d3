//! Which lease, and what is remembered of a tenant under it.

use std::sync::Arc;

use super::{Memory, TenantId};

/// Which right to write of which tenant. No two leases have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId {
    /// The tenant.
    pub tenant: TenantId,
    /// The fencing token: each lease of a tenant has a higher one than all before.
    pub token: u64,
}

/// What is remembered of a tenant, with the lease that it came with.
#[derive(Debug, Clone, Default)]
pub struct RecalledMemory {
    /// What is remembered.
    pub memory: Arc<Memory>,
    /// The lease under which nobody else changes it. Without one a plan of it is only shown.
    pub lease: Option<LeaseId>,
}

impl From<Arc<Memory>> for RecalledMemory {
    /// Memory that came with no lease.
    fn from(memory: Arc<Memory>) -> Self {
        Self { memory, lease: None }
    }
}
