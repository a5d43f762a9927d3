//! What happens in a service, told once, for everybody who shows it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Halt, LeadRow, ReceiverRow, SourceRow};
use crate::{
    execute::TenantReport,
    manifest::InForce,
    model::{Debts, Memory, Revision, TenantName},
    plan::TenantPlan,
    reconcile::Ending,
    yaml::Diagnostic,
};

/// Something that happened.
#[derive(Debug)]
pub enum News<'n> {
    /// The service is alive and looks at its manifests.
    Beat,
    /// The journal cannot be reached, for this reason, and nothing new begins; or it can be again.
    Journal(Option<&'n str>),
    /// The stop switch is on, as this says, or off.
    Stopped(Option<&'n Halt>),
    /// Which of several services that share the journal leads.
    Lead(&'n LeadRow),
    /// Manifests were read.
    Manifests {
        /// What is wrong with them.
        errors: &'n [Diagnostic],
        /// What is odd and not wrong.
        warnings: &'n [Diagnostic],
    },
    /// From now on this is in force; since when the manifests have said so.
    InForce(&'n InForce, Timestamp),
    /// Which version of the manifests that is, where git knows it.
    Revision(Option<&'n Revision>),
    /// What is known of the branches that are followed.
    Sources(&'n [SourceRow]),
    /// What is known of the receivers of notices.
    Receivers(&'n [ReceiverRow]),
    /// An earlier run of the program left this open; the tenant is looked at first.
    Recovered(&'n TenantName, &'n Debts),
    /// What a tenant is doing has changed.
    Tenant(&'n TenantName, Activity),
    /// A tenant was planned.
    Planned(&'n TenantPlan, Timestamp),
    /// A plan was carried out.
    Finished(&'n TenantPlan, &'n TenantReport),
    /// What the journal knows of a tenant after a pass, at that moment.
    Remembered(&'n TenantName, &'n Memory, Timestamp),
    /// A pass has ended, whether or not it came as far as a plan.
    Ended {
        /// The tenant.
        tenant: &'n TenantName,
        /// How.
        ending: Ending,
        /// When.
        at: Timestamp,
        /// How long it took.
        took: Duration,
        /// Why nothing could be planned, if so.
        failure: Option<&'n str>,
    },
    /// The service has ended in order.
    Over,
}

/// What a tenant is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// A pass runs.
    Running,
    /// The next pass is due then.
    Waiting(Timestamp),
    /// Nothing any more: the manifests do not name it, and its last pass has ended.
    Gone,
}
