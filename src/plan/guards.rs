//! The brakes between a plan and people's phones. Each says why it holds and what lifts it.

use super::{Action, Cause, Hold, HoldKind, Step, TenantPlan};
use crate::{
    model::{Consent, Coverage, DesiredTenant, Field, LiveCalling, LiveTenant, LiveUser, Mode},
    ports::Fault,
};

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
            holds.push(Hold::new(HoldKind::Mode, "mode is `report`: differences are only shown", "set `mode: enforce`"));
        }
        Mode::Suspend => holds.push(suspended()),
    }
    let remedy = "ask the customer's admin to open the customer portal and turn on \"Allow Management by Service Provider\"";
    match live.consent {
        Consent::Granted => {}
        Consent::Missing => {
            holds.push(Hold::new(HoldKind::Consent, "the customer has not allowed the provider to manage its users", remedy));
        }
        Consent::Disagrees { flag, listed } => holds.push(Hold::new(
            HoldKind::Consent,
            format!(
                "the two signs of the customer's consent disagree: canResellerManageEnterpriseProvisioning is {flag}, EnterpriseManagement is {}",
                if listed { "listed" } else { "not listed" }
            ),
            format!("the service demands both; {remedy} again"),
        )),
        Consent::TokenUnusable(ref why) => holds.push(Hold::new(
            HoldKind::Consent,
            why.clone(),
            "put a new Microsoft (MSAL) object where the configuration's `enterprises` says, or set `endpoints.refreshMsal`",
        )),
    }
    holds
}

/// The hold of a suspended tenant.
pub(super) fn suspended() -> Hold {
    Hold::new(HoldKind::Mode, "mode is `suspend`: the tenant is left alone", "set `mode: enforce` or `mode: report`")
}

/// The hold of a tenant whose list is empty although people are expected in it: a user-by-user complaint would hide the cause.
pub(super) fn nobody_there(desired: &DesiredTenant, live: &LiveTenant) -> Option<Hold> {
    match &live.coverage {
        Coverage::Suspect(what) if live.users.is_empty() && !desired.users.is_empty() => Some(Hold::new(
            HoldKind::Coverage,
            what.clone(),
            "an empty list is never taken to mean that nobody is there: check what the account may see and how users are listed \
             (`connectToTeams.endpoints.listUsers`, `graph`), and look again later",
        )),
        _ => None,
    }
}

/// What holds single steps.
///
/// `kept` is why an older version of the manifests is in force, if one is: the newest may name whom that one does not.
pub(super) fn hold_steps(steps: &mut [Step], desired: &DesiredTenant, live: &LiveTenant, kept: Option<&str>) {
    // Protected users lose nothing, so that they do not count.
    let protected = |step: &Step| desired.protect.contains(&step.user);
    let disables = steps.iter().filter(|step| step.action == Action::Disable && !protected(step)).count();
    let limit = limit(desired, live, disables);
    for step in steps.iter_mut() {
        let mut holds = Vec::new();
        if step.action == Action::Disable {
            if protected(step) {
                let remedy =
                    format!("take {} out of `protect` of tenant {} if it is really to be disabled", step.user, desired.name);
                holds.push(Hold::new(HoldKind::Protected, "the user is protected", remedy));
            } else {
                holds.extend(limit.clone());
            }
        }
        let depends_on_absence =
            step.action == Action::Disable || step.changes.iter().any(|change| change.field == Field::PhoneNumber);
        if let (Coverage::Suspect(what), true) = (&live.coverage, depends_on_absence) {
            let reason = format!("the list of users may not be whole: {what}");
            holds.push(Hold::new(
                HoldKind::Coverage,
                reason,
                "nobody is disabled and no number moves until a whole list arrives",
            ));
        }
        if let (Some(reason), true) = (&desired.incomplete, step.action == Action::Disable) {
            let remedy = match step.cause {
                Cause::Declared => "correct that file; until then nobody loses calling",
                Cause::NotNamed => "correct that file: it may name this user",
            };
            holds.push(Hold::new(HoldKind::Incomplete, reason.clone(), remedy));
        }
        if let (Some(reason), Cause::NotNamed) = (kept, step.cause) {
            let remedy = "correct the manifests: their newest version may name this user";
            holds.push(Hold::new(
                HoldKind::Incomplete,
                format!("an older version of the manifests is in force: {reason}"),
                remedy,
            ));
        }
        step.holds.extend(holds);
    }
}

/// The hold of all disables if there are more than the tenant's limit allows. None of them runs then: which of them are the
/// mistake, nobody knows.
fn limit(desired: &DesiredTenant, live: &LiveTenant, disables: usize) -> Option<Hold> {
    let people = |user: &&LiveUser| user.calling == LiveCalling::Enabled && !user.upn.is_platform_account();
    let enabled = live.users.values().filter(people).count();
    let allowed = desired.disable_limit.allows(enabled);
    let limit = desired.disable_limit;
    (disables > allowed).then(|| {
        Hold::new(
            HoldKind::Limit,
            format!(
                "{disables} of {enabled} people would lose calling; the limit is {allowed} ({} %, at most {})",
                limit.percent, limit.count
            ),
            format!("if that is meant, raise `limits.disable` of tenant {} for this change, or split it", desired.name),
        )
    })
}
