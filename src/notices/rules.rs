//! When something is told, and to whom.

use std::{collections::BTreeMap, time::Duration};

use glob::Pattern;

use crate::model::{Incident, IncidentKind};

/// When something is told, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long something lasts before it is told, and how long it is away before that is told.
    pub after: Duration,
    /// How long after the last telling one that lasts is told again.
    pub remind: Duration,
    /// The receivers by name.
    pub receivers: BTreeMap<String, ReceiverWishes>,
}

/// What one receiver wants to hear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiverWishes {
    /// Kinds of incidents; empty: all, without what was applied.
    pub kinds: Vec<IncidentKind>,
    /// Tenants of these names; empty: all, and the service as a whole.
    pub tenants: Vec<Pattern>,
    /// Whether reasons are told that may name people.
    pub names: bool,
}

impl ReceiverWishes {
    /// Whether it wants to hear of an incident.
    pub(super) fn want(&self, incident: &Incident) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&incident.kind);
        let tenant = self.tenants.is_empty()
            || incident
                .tenant
                .as_ref()
                .is_some_and(|name| self.tenants.iter().any(|like| like.matches(name)));
        kind && tenant
    }

    /// Whether it wants to hear of a tenant.
    pub(super) fn is_of(&self, tenant: &str) -> bool {
        self.tenants.is_empty() || self.tenants.iter().any(|like| like.matches(tenant))
    }
}
