//! What the planner may know: of each tenant what is in force, what was seen and what is
//! remembered; and the rules that are the same for all.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Estimates, Patience};
use crate::model::{
    Fault, LeaseId, LiveTenant, Memory, Mode, PerHour, RecalledMemory, TenantInForce, TenantName,
};

/// Rules that are the same for all tenants.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long things may take.
    pub patience: Patience,
    /// How much may be sent for the whole fleet in an hour.
    pub per_hour: PerHour,
    /// How long changes are expected to interrupt people's calls.
    pub estimates: Estimates,
    /// When the manifests were last looked at; absent: now.
    pub looked: Option<Timestamp>,
}

/// One tenant, as far as it is known.
#[derive(Debug, Clone)]
pub struct TenantInput {
    /// What is wanted of it.
    pub tenant: TenantInForce,
    /// What was observed.
    pub live: Observation,
    /// What the journal remembers.
    pub memory: Arc<Memory>,
    /// The lease that it came with; nothing if the plan is only shown.
    pub lease: Option<LeaseId>,
}

/// The outcome of looking at a tenant.
#[derive(Debug, Clone)]
pub enum Observation {
    /// It was observed.
    Seen(Arc<LiveTenant>),
    /// It could not be.
    Failed {
        /// Why.
        fault: Fault,
        /// What was seen before, if anything: its users still hold these numbers.
        before: Option<Arc<LiveTenant>>,
    },
    /// Nobody looked: the tenant is suspended.
    NotAsked,
    /// Nobody has looked yet: another tenant came first.
    NotYet,
}

impl Observation {
    /// The users of the tenant as far as they were ever seen.
    pub(super) fn last(&self) -> Option<&Arc<LiveTenant>> {
        match self {
            Self::Seen(live) => Some(live),
            Self::Failed { before, .. } => before.as_ref(),
            Self::NotAsked | Self::NotYet => None,
        }
    }

    /// What is known of a tenant after another look at it.
    #[must_use]
    pub fn after(self, earlier: &Self) -> Self {
        match self {
            Self::Failed { fault, before: None } => {
                Self::Failed { fault, before: earlier.last().map(Arc::clone) }
            }
            look => look,
        }
    }
}

impl TenantInput {
    /// The same to work with for a while: whose users are looked at in it are at rest again once it
    /// is dropped.
    pub(super) fn apart(&self) -> Self {
        let tenant = TenantInForce { desired: apart(&self.tenant.desired), ..self.tenant.clone() };
        let live = match &self.live {
            Observation::Seen(live) => Observation::Seen(apart(live)),
            Observation::Failed { fault, before } => {
                Observation::Failed { fault: fault.clone(), before: before.as_ref().map(apart) }
            }
            other => other.clone(),
        };
        Self { tenant, live, memory: Arc::clone(&self.memory), lease: self.lease.clone() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TenantName {
        &self.tenant.desired.name
    }

    /// What is remembered of it, with the lease that came with it.
    pub(super) fn recalled(&self) -> RecalledMemory {
        RecalledMemory { memory: Arc::clone(&self.memory), lease: self.lease.clone() }
    }

    /// A suspended tenant is not looked at, whatever was seen before; one that no longer is was not
    /// looked at yet.
    pub(super) fn settle(mut self) -> Self {
        let suspended = self.tenant.desired.mode == Mode::Suspend;
        self.live = match self.live {
            _ if suspended => Observation::NotAsked,
            Observation::NotAsked => Observation::NotYet,
            live => live,
        };
        self
    }
}

fn apart<T: Clone>(kept: &Arc<T>) -> Arc<T> {
    Arc::new(T::clone(kept))
}
