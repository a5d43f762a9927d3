//! The lists of a review page: who loses calling, whose number changes, what is held.

use std::collections::BTreeMap;

use crate::{
    foreign::line,
    model::{Field, Mode},
    plan::{Action, Hold, HoldKind, Step, TenantPlan},
    words::many,
};

/// The people that a tenant's plan disables, a line each: those who would lose calling, or those
/// whose disable is held.
pub(super) fn disables(tenant: &TenantPlan, runs: bool) -> Vec<String> {
    let disables = tenant
        .steps
        .iter()
        .filter(|step| step.action == Action::Disable && tenant.may_run(step) == runs);
    let (sign, end) = match (runs, tenant.mode) {
        (true, _) => ('-', ""),
        (false, Mode::Report) => (' ', " (report)"),
        (false, _) => (' ', " (held)"),
    };
    let person = |step: &Step| {
        let site = step.site.as_ref().map(|site| format!(", {}", line(site))).unwrap_or_default();
        format!("{sign} {}  {}{site}{end}\n", line(&step.user), tenant.tenant)
    };
    disables.map(person).collect()
}

/// The people of a tenant of whom it cannot be foreseen here whether they lose calling.
pub(super) fn unforeseen(tenant: &TenantPlan) -> Vec<String> {
    let person = |user| format!("  {}  {} (cannot be foreseen)\n", line(user), tenant.tenant);
    tenant.unforeseen().iter().map(person).collect()
}

/// Behind a value of what a change causes, if the same is sent without the change too.
pub(super) fn drift(is_drift: bool) -> &'static str {
    if is_drift { " (drift)" } else { "" }
}

/// The numbers that a tenant's plan changes, a line each.
pub(super) fn numbers(tenant: &TenantPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &tenant.steps {
        let end = match (tenant.may_run(step), tenant.mode) {
            (true, _) => "",
            (false, Mode::Report) => " (report)",
            (false, _) => " (held)",
        };
        let changes = step.changes.iter().filter(|change| change.field == Field::PhoneNumber);
        lines.extend(changes.map(|change| {
            let what = line(format_args!("{} -> {}", change.live, change.desired));
            let drift = drift(change.is_drift);
            format!("{}  {}  {what}{drift}{end}\n", line(&step.user), tenant.tenant)
        }));
    }
    lines
}

/// What is held in a tenant, each reason once, with its remedy.
pub(super) fn holds(tenant: &TenantPlan) -> Vec<String> {
    let of_tenant = tenant.holds.iter().filter(|hold| hold.kind != HoldKind::Mode);
    let mut lines: Vec<String> = of_tenant.map(|hold| held(tenant, "everything", hold)).collect();
    if !lines.is_empty() {
        return lines;
    }
    let mut groups: BTreeMap<(&str, &str), (usize, &Hold)> = BTreeMap::new();
    for hold in tenant.steps.iter().flat_map(|step| &step.holds) {
        groups.entry((hold.kind.code(), &hold.reason)).or_insert((0, hold)).0 += 1;
    }
    lines
        .extend(groups.into_values().map(|(steps, hold)| held(tenant, &many(steps, "step"), hold)));
    lines.extend(tenant.sync_hold.iter().map(|hold| held(tenant, "the sync", hold)));
    lines
}

fn held(tenant: &TenantPlan, what: &str, hold: &Hold) -> String {
    let Hold { kind, reason, remedy, .. } = hold;
    let reason = line(reason);
    let remedy = line(remedy);
    format!("{}  {what}: {reason} [{}]\n    hint: {remedy}\n", tenant.tenant, kind.code())
}
