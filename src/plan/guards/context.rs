//! What guards look at beside the steps.

use jiff::Timestamp;

use crate::{
    model::{DesiredTenant, LiveTenant, TenantInForce},
    plan::Moment,
};

/// One tenant at the moment of its plan.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Context<'a> {
    /// What is in force.
    pub(in crate::plan) tenant: &'a TenantInForce,
    /// What was seen.
    pub(in crate::plan) live: &'a LiveTenant,
    /// What is remembered, and when it is asked.
    pub(in crate::plan) moment: Moment<'a>,
}

impl<'a> Context<'a> {
    /// What the manifests want.
    pub(super) fn desired(&self) -> &'a DesiredTenant {
        &self.tenant.desired
    }

    /// The time by the service's clock, where that is far from this machine's: one of them is wrong.
    pub(in crate::plan) fn there(&self) -> Option<Timestamp> {
        let ahead = self.live.beside.clock_ahead?;
        self.moment.now.checked_add(ahead).ok()
    }
}
