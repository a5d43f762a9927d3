//! Tenants one by one, each with its steps.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::Screen;
use crate::{
    model::Verb,
    plan::{
        Hold, HoldKind, Step, TenantPlan,
        render::{
            page::{Harm, shares},
            text::{self, AlreadyTold},
        },
    },
    style::FAINT,
    words::list,
};

/// Steps that are shown, at most, beside those by which somebody loses calling.
const STEPS: usize = 200;
/// Steps with the same changes that are shown, at most, and how many may be one more.
const ALIKE: usize = 3;

/// What fits on a screen of each.
pub(super) fn write(out: &mut String, tenants: &[&TenantPlan], screen: &Screen<'_>) -> fmt::Result {
    let shown: Vec<Vec<&Step>> = tenants.iter().map(|tenant| by_harm(tenant, screen)).collect();
    let wanted: Vec<usize> = shown.iter().map(Vec::len).collect();
    let rooms = shares(&wanted, STEPS);
    let holds = tenants.iter().flat_map(|tenant| {
        let steps = tenant.steps.iter().filter(|step| screen.shows(&step.user));
        tenant.holds.iter().chain(steps.flat_map(|step| &step.holds))
    });
    let mut told = AlreadyTold::counting(holds);
    for ((tenant, steps), room) in tenants.iter().zip(shown).zip(rooms) {
        text::write_head(out, tenant, &mut told)?;
        write_steps(out, tenant, &steps, room, &mut told)?;
        for problem in tenant.remarks.problems.iter().filter(|problem| screen.shows(&problem.user))
        {
            text::write_problem(out, problem, text::verbs(tenant), &mut told)?;
        }
        if screen.user.is_none() {
            text::write_tail(out, tenant, &mut told)?;
        }
        out.push('\n');
    }
    Ok(())
}

/// Everything there is of each, in the order in which it is done.
pub(super) fn write_all(
    out: &mut String,
    tenants: &[&TenantPlan],
    screen: &Screen<'_>,
) -> fmt::Result {
    let mut told = AlreadyTold::default();
    for tenant in tenants {
        text::write_head(out, tenant, &mut told)?;
        for step in tenant.steps.iter().filter(|step| screen.shows(&step.user)) {
            text::write_step(out, tenant, step, &mut told)?;
        }
        for problem in tenant.remarks.problems.iter().filter(|problem| screen.shows(&problem.user))
        {
            text::write_problem(out, problem, text::verbs(tenant), &mut told)?;
        }
        text::write_tail(out, tenant, &mut told)?;
        out.push('\n');
    }
    Ok(())
}

/// The steps that are asked for, those with the greatest harm first.
fn by_harm<'p>(tenant: &'p TenantPlan, screen: &Screen<'_>) -> Vec<&'p Step> {
    let mut steps: Vec<&Step> =
        tenant.steps.iter().filter(|step| screen.shows(&step.user)).collect();
    steps.sort_by_key(|step| Harm::of(tenant, step));
    steps
}

fn write_steps(
    out: &mut String,
    tenant: &TenantPlan,
    steps: &[&Step],
    room: usize,
    told: &mut AlreadyTold,
) -> fmt::Result {
    let alike = alike(tenant, steps);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for like in &alike {
        *counts.entry(like).or_default() += 1;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left = Vec::new();
    let mut shown = 0;
    for (step, like) in steps.iter().zip(&alike) {
        if Harm::of(tenant, step) == Harm::Calling {
            text::write_step(out, tenant, step, told)?;
            continue;
        }
        let count = counts.get(like.as_str()).copied().unwrap_or_default();
        let before = seen.entry(like.as_str()).or_default();
        *before += 1;
        let is_many = !like.is_empty() && count > ALIKE + 1;
        match *before {
            nth if is_many && nth == ALIKE + 1 => writeln!(
                out,
                "  {FAINT}... and {} more to {} with the same changes; -v shows them{FAINT:#}",
                count - ALIKE,
                step.action.verb()
            )?,
            nth if is_many && nth > ALIKE => {}
            _ if shown < room => {
                text::write_step(out, tenant, step, told)?;
                shown += 1;
            }
            _ => left.push(*step),
        }
    }
    write_left(out, &left)
}

/// Steps for which there was no room, counted.
fn write_left(out: &mut String, left: &[&Step]) -> fmt::Result {
    let verbs = [Verb::Disable, Verb::Update, Verb::Configure, Verb::Enable];
    let parts = verbs.into_iter().filter_map(|verb| {
        let count = left.iter().filter(|step| step.action.verb() == verb).count();
        (count > 0).then(|| format!("{count} to {verb}"))
    });
    let parts = list(parts);
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {FAINT}... and {parts}; -v shows them{FAINT:#}")
}

/// What each step has in common with others: the same text, the same changes. Empty for one that
/// changes nothing that could be compared.
fn alike(tenant: &TenantPlan, steps: &[&Step]) -> Vec<String> {
    steps.iter().map(|step| likeness(tenant, step)).collect()
}

fn likeness(tenant: &TenantPlan, step: &Step) -> String {
    if step.changes.is_empty() || step.did_not_land.is_some() || !step.after.is_empty() {
        return String::new();
    }
    let mut text = format!("{} {}", step.action.verb(), tenant.may_run(step));
    for change in &step.changes {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}: {} > {}", change.field, change.live, change.desired);
    }
    for Hold { kind, reason, .. } in &step.holds {
        let reason = if *kind == HoldKind::AfterHeld { "" } else { reason };
        let _ = write!(text, "\n{} {reason}", kind.code());
    }
    text
}
