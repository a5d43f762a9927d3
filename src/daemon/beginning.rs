//! The beginning: all tenants are looked at once before anything is planned.

use std::collections::BTreeMap;

use tokio::task::Id;

use crate::{model::TenantName, pass::FirstLook};

/// How far the first look at all tenants is.
#[derive(Default)]
pub(super) enum Beginning {
    /// No manifests were taken yet.
    #[default]
    Waits,
    /// Nobody has looked yet.
    Due,
    /// It is under way, in this task.
    Looks(Id),
    /// It is over. What was found serves for the first pass of each tenant.
    Over(BTreeMap<TenantName, FirstLook>),
}

impl Beginning {
    /// Manifests were taken.
    pub(super) fn manifests(&mut self) {
        if matches!(self, Self::Waits) {
            *self = Self::Due;
        }
    }

    /// Whether no manifests were taken yet.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Waits)
    }

    /// Whether somebody has to look now.
    pub(super) fn is_due(&self) -> bool {
        matches!(self, Self::Due)
    }

    /// Whether that task looks.
    pub(super) fn is_task(&self, task: Id) -> bool {
        matches!(self, Self::Looks(id) if *id == task)
    }

    /// Whether all were looked at.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over(_))
    }

    /// What was found of a tenant; once.
    pub(super) fn take(&mut self, tenant: &TenantName) -> Option<FirstLook> {
        match self {
            Self::Over(looks) => looks.remove(tenant),
            Self::Waits | Self::Due | Self::Looks(_) => None,
        }
    }
}
