//! Orders: what a service can be told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::TenantName;

/// What a service can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Look at the manifests and at live state now.
    Reconcile {
        /// Which tenant; without one, all.
        tenant: Option<TenantName>,
    },
    /// Write nothing of a tenant from now on.
    Suspend {
        /// Which.
        tenant: TenantName,
        /// Why.
        reason: String,
        /// When that ends without a person.
        until: Option<Timestamp>,
    },
    /// End that.
    Resume {
        /// Which tenant.
        tenant: TenantName,
    },
    /// Write nothing at all from now on.
    Stop {
        /// Why.
        reason: Option<String>,
    },
    /// End that.
    LetGo,
}

/// The body of an order over HTTP; verb and tenant are in its path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Body {
    /// Who gives it: user and machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When a suspension ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Order {
    /// In one word, as in its path.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Reconcile { .. } => "reconcile",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } | Self::LetGo => "resume",
            Self::Stop { .. } => "stop",
        }
    }

    /// The tenant that it is about; nothing if that is all.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Reconcile { tenant } => tenant.as_ref(),
            Self::Suspend { tenant, .. } | Self::Resume { tenant } => Some(tenant),
            Self::Stop { .. } | Self::LetGo => None,
        }
    }

    /// Its path and its body over HTTP.
    pub(super) fn as_sent(&self, by: &str) -> (String, Body) {
        let tenant = self.tenant().map(|tenant| format!("/{tenant}")).unwrap_or_default();
        let mut body = Body { by: Some(by.to_owned()), ..Body::default() };
        match self {
            Self::Suspend { reason, until, .. } => {
                body.reason = Some(reason.clone());
                body.until = *until;
            }
            Self::Stop { reason } => body.reason.clone_from(reason),
            Self::Reconcile { .. } | Self::Resume { .. } | Self::LetGo => {}
        }
        (format!("/api/{}{tenant}", self.verb()), body)
    }
}
