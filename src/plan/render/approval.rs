//! The approvals that a plan would need, as manifests to commit.

use std::fmt::{self, Write as _};

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::{
    foreign::{line, quoted},
    plan::{Plan, TenantPlan, wanted},
    words::{list, many},
};

/// Users who are listed by name, at most; of more, only how many.
const LISTED: usize = 100;
/// Days until a new approval expires, if nobody says otherwise.
const DAYS: i32 = 7;
/// The longest part of a tenant's name in that of its approval.
const NAME: usize = 40;

/// One `Approval` for each tenant of which something is held that a person may judge. Empty if
/// there is none.
#[must_use]
pub fn approvals(plan: &Plan, reason: &str, now: Timestamp) -> String {
    let mut out = String::new();
    for tenant in &plan.tenants {
        // Writing to a string cannot fail.
        let _ = write_one(&mut out, tenant, reason, now);
    }
    out
}

fn write_one(out: &mut String, tenant: &TenantPlan, reason: &str, now: Timestamp) -> fmt::Result {
    let Some((plan, (gates, users))) = tenant.fingerprint.as_ref().zip(wanted(&tenant.steps))
    else {
        return Ok(());
    };
    let gates: Vec<String> = gates.iter().map(ToString::to_string).collect();
    let day = now.to_zoned_datetime(TimeZone::UTC);
    let expires = day.date().saturating_add(DAYS.days());
    let name: String = tenant.tenant.as_str().chars().take(NAME).collect();
    let covered = many(users.len(), "user");
    writeln!(
        out,
        "---\n# Opens {} for {covered}, once, while neither manifests nor live state move.",
        gates.join(" and ")
    )?;
    let mut reasons: Vec<&str> = tenant
        .steps
        .iter()
        .flat_map(|step| &step.holds)
        .filter(|hold| hold.kind.gate().is_some())
        .map(|hold| hold.reason.as_str())
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    for held in reasons {
        writeln!(out, "# Held: {}", line(held))?;
    }
    writeln!(out, "apiVersion: dialplane/v1\nkind: Approval\nmetadata:")?;
    writeln!(out, "  name: {name}-{}\n  tenant: {}", day.strftime("%Y%m%d-%H%M%S"), tenant.tenant)?;
    writeln!(out, "spec:\n  plan: {plan}\n  gates: [{}]", list(&gates))?;
    if users.len() > LISTED {
        writeln!(out, "  max: {} # users", users.len())?;
    } else {
        writeln!(out, "  users:")?;
        for user in &users {
            writeln!(out, "    - {}", quoted(user.as_str()))?;
        }
    }
    let advice = if reason.trim().is_empty() {
        " # who wants this and why: not valid before this is filled in"
    } else {
        ""
    };
    // A reason of several lines is not valid.
    let one_line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(
        out,
        "  reason: {}{advice}\n  expires: {expires} # to the end of that day, UTC",
        quoted(&one_line)
    )
}
