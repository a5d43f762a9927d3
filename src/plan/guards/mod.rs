//! The brakes between a plan and people's phones. Each says why it holds and what lifts it, and
//! lets the safe part go on.

mod limits;
mod protect;

pub(super) use limits::{Hour, Wanted, hold_over_limits};

use super::{Action, Cause, Hold, HoldKind, Step, TenantPlan};
use crate::model::{Consent, Coverage, DesiredTenant, Fault, Field, LiveTenant, Memory, Mode};

/// Of fewer managed users, half may leave without a word.
const EMPTIED_FROM: usize = 5;

impl TenantPlan {
    /// Nothing may be written at all, for this reason.
    pub fn stop(&mut self, fault: &Fault) {
        let remedy = fault.hint.clone().unwrap_or_default();
        self.holds.insert(0, Hold::new(HoldKind::Stopped, fault.message.clone(), remedy));
    }
}

/// What holds the whole tenant.
pub(super) fn hold_tenant(desired: &DesiredTenant, live: &LiveTenant) -> Vec<Hold> {
    let mut holds = Vec::new();
    match desired.mode {
        Mode::Enforce => {}
        Mode::Report => {
            holds.push(Hold::new(
                HoldKind::Mode,
                "mode is `report`: differences are only shown",
                "set `mode: enforce`",
            ));
        }
        Mode::Suspend => holds.push(suspended()),
    }
    let remedy = "ask the customer's admin to open the customer portal and turn on \"Allow \
        Management by Service Provider\"";
    match live.consent {
        Consent::Granted => {}
        Consent::Missing => {
            holds.push(Hold::new(
                HoldKind::Consent,
                "the customer has not allowed the provider to manage its users",
                remedy,
            ));
        }
        Consent::Disagrees { flag, listed } => holds.push(Hold::new(
            HoldKind::Consent,
            format!(
                "the two signs of the customer's consent disagree: \
                    canResellerManageEnterpriseProvisioning is {flag}, EnterpriseManagement is {}",
                if listed { "listed" } else { "not listed" }
            ),
            format!("the service demands both; {remedy} again"),
        )),
        Consent::TokenUnusable(ref why) => holds.push(Hold::new(
            HoldKind::Consent,
            why.clone(),
            "put a new Microsoft (MSAL) object where the configuration's `enterprises` says, or \
                set `endpoints.refreshMsal`",
        )),
        Consent::ResellerUnclear(ref why) => holds.push(Hold::new(
            HoldKind::Reseller,
            why.clone(),
            format!(
                "correct the settings, or ask the vendor which reseller it is and set \
                    `resellerOf: {{ {}: ID }}` of the account: a write that names a wrong one is \
                    refused",
                desired.name
            ),
        )),
    }
    holds
}

/// The hold of a suspended tenant.
pub(super) fn suspended() -> Hold {
    Hold::new(
        HoldKind::Mode,
        "mode is `suspend`: the tenant is left alone",
        "set `mode: enforce` or `mode: report`",
    )
}

/// The hold of a tenant that nobody has looked at yet.
pub(super) fn not_yet() -> Hold {
    Hold::new(
        HoldKind::NotRead,
        "this tenant was not read yet",
        "it is planned when it has been read",
    )
}

/// The hold of a tenant whose list is empty although people are expected in it: a user-by-user
/// complaint would hide the cause.
pub(super) fn nobody_there(desired: &DesiredTenant, live: &LiveTenant) -> Option<Hold> {
    match &live.coverage {
        Coverage::Suspect(what) if live.users.is_empty() && !desired.users.is_empty() => {
            Some(Hold::new(
                HoldKind::Coverage,
                what.clone(),
                "an empty list is never taken to mean that there are no users: check what the \
                    account may see and how users are listed \
                    (`connectToTeams.endpoints.listUsers`, `graph`), and look again later",
            ))
        }
        _ => None,
    }
}

/// What holds single steps for their own sake, whatever else is planned.
///
/// `kept` is why an older version of the manifests is in force, if one is: the newest may name whom
/// that one does not.
pub(super) fn hold_steps(
    steps: &mut [Step],
    desired: &DesiredTenant,
    live: &LiveTenant,
    kept: Option<&str>,
) {
    protect::hold(steps, desired, live);
    for step in steps.iter_mut() {
        let depends_on_absence = step.action == Action::Disable
            || step.changes.iter().any(|change| change.field == Field::PhoneNumber);
        if let (Coverage::Suspect(what), true) = (&live.coverage, depends_on_absence) {
            let reason = format!("the user list may be incomplete: {what}");
            step.holds.push(Hold::new(
                HoldKind::Coverage,
                reason,
                "no user is disabled and no number moves until a complete list arrives",
            ));
        }
        if let (Some(reason), true) = (&desired.incomplete, step.action == Action::Disable) {
            let remedy = match step.cause {
                Cause::Declared | Cause::Parking => {
                    "correct that file; until then no user loses calling"
                }
                Cause::NotNamed => "correct that file: it may name this user",
            };
            step.holds.push(Hold::new(HoldKind::Incomplete, reason.clone(), remedy));
        }
        if let (Some(reason), Cause::NotNamed) = (kept, step.cause) {
            let remedy = "correct the manifests: their newest version may name this user";
            step.holds.push(Hold::new(
                HoldKind::Incomplete,
                format!("an older version of the manifests is in force: {reason}"),
                remedy,
            ));
        }
    }
}

/// The hold of everybody whom no manifest names, if the manifests name hardly anybody of those who
/// were managed: then it is the manifests that are gone, not the people.
pub(super) fn hold_if_emptied(steps: &mut [Step], desired: &DesiredTenant, memory: &Memory) {
    let (before, now) =
        (memory.managed.values().filter(|known| !known.vanished).count(), desired.users.len());
    let emptied = now == 0 || before >= EMPTIED_FROM && now.saturating_mul(2) < before;
    if !emptied {
        return;
    }
    let reason = if before > 0 {
        format!(
            "the manifests name {now} users of this tenant, and {before} were managed: perhaps a \
                file is missing"
        )
    } else {
        "the manifests name no user of this tenant: perhaps a file is missing".to_owned()
    };
    let remedy =
        "bring the users back, or write `calling: disabled` for each who is to lose calling";
    for step in steps.iter_mut().filter(|step| step.cause == Cause::NotNamed) {
        step.holds.push(Hold::new(HoldKind::EmptyDesired, reason.clone(), remedy));
    }
}
