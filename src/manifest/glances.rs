//! What a glance at the users of a tenant is for: that each is named once in the fleet, and each
//! number wanted once. What was noted of a tenant is kept for as long as its files say the same, so
//! only what has changed is glanced at again.

use std::{collections::BTreeMap, sync::Arc};

use super::{claims::Hashes, turns::DatedClaim};
use crate::model::TenantName;

/// What was noted of each tenant.
pub(super) type ByTenant = BTreeMap<TenantName, Arc<Glances>>;

/// What was noted of one tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Glances {
    pub(super) names: Hashes,
    /// The numbers that users want always.
    pub(super) numbers: Hashes,
    /// Those that users with dates want.
    pub(super) wishes: Vec<DatedClaim>,
    /// Something is to be said of a single user.
    pub(super) is_odd: bool,
}
