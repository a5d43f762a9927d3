//! Orders: what a service can be told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    foreign::typed,
    model::{Fingerprint, RunId, TenantName},
};

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
    /// Take runs back.
    Undo(TakeBack),
}

/// The runs that are to be taken back: by exactly one plan, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// What they are, in words: `pass 1f0c5e7a93`.
    pub what: String,
    /// All of them, the oldest first.
    pub runs: Vec<RunId>,
    /// The tenants that they are of, by their present names.
    pub tenants: Vec<TenantName>,
    /// The fingerprint of the plan that somebody has seen.
    pub plan: Fingerprint,
}

/// The same over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeBackBody {
    /// What they are, in words.
    pub what: String,
    /// The runs.
    pub runs: Vec<String>,
    /// The tenants.
    pub tenants: Vec<String>,
    /// The fingerprint.
    pub plan: String,
}

/// The body of an order over HTTP; verb and tenant are in its path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderBody {
    /// Who gives it: user and machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When a suspension ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What an undo takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<TakeBackBody>,
}

impl TakeBackBody {
    /// What it says, if that can be an undo; else what is wrong with it.
    pub fn read(self) -> Result<TakeBack, String> {
        let tenants: Result<Vec<TenantName>, String> =
            self.tenants.iter().map(|name| TenantName::parse(name)).collect();
        if self.runs.is_empty() {
            return Err("an undo names at least one run".to_owned());
        }
        Ok(TakeBack {
            what: typed(&self.what, super::LONGEST),
            runs: self.runs.iter().map(|run| RunId::new(run)).collect(),
            tenants: tenants?,
            plan: Fingerprint::parse(&self.plan)?,
        })
    }
}

impl From<&TakeBack> for TakeBackBody {
    fn from(undo: &TakeBack) -> Self {
        let TakeBack { what, runs, tenants, plan } = undo;
        Self {
            what: what.clone(),
            runs: runs.iter().map(ToString::to_string).collect(),
            tenants: tenants.iter().map(ToString::to_string).collect(),
            plan: plan.to_string(),
        }
    }
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
            Self::Undo(_) => "undo",
        }
    }

    /// The tenant that it is about; nothing if that is all.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Reconcile { tenant } => tenant.as_ref(),
            Self::Suspend { tenant, .. } | Self::Resume { tenant } => Some(tenant),
            Self::Stop { .. } | Self::LetGo | Self::Undo(_) => None,
        }
    }

    /// Its path and its body over HTTP.
    pub(super) fn as_sent(&self, by: &str) -> (String, OrderBody) {
        let tenant = self.tenant().map(|tenant| format!("/{tenant}")).unwrap_or_default();
        let mut body = OrderBody { by: Some(by.to_owned()), ..OrderBody::default() };
        match self {
            Self::Suspend { reason, until, .. } => {
                body.reason = Some(reason.clone());
                body.until = *until;
            }
            Self::Stop { reason } => body.reason.clone_from(reason),
            Self::Undo(undo) => body.undo = Some(undo.into()),
            Self::Reconcile { .. } | Self::Resume { .. } | Self::LetGo => {}
        }
        (format!("/api/{}{tenant}", self.verb()), body)
    }
}
