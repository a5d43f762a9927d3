//! One tenant's plan for the log of a service: a line for each change.
//!
//! ```text
//! contoso  update oscar.ward@contoso.com: sbcGatewayId 805 -> 807 (manifests/contoso/london.yaml:29)
//! contoso  held: 31 steps: 31 of 40 people would lose calling; the limit is 4 [limit-disable]
//!   hint: if that is meant, approve this plan
//! ```
//!
//! The whole plan is kept with its run.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::page::Harm;
use crate::{
    foreign::line,
    model::{Mode, Verb},
    plan::{Hold, HoldKind, Step, SyncPlan, TenantPlan},
    style::{BOLD, CYAN, FAINT, GREEN, RED, YELLOW},
    words::{list, many, time},
};

/// Changes that are told one by one, at most, beside those by which somebody loses calling.
const STEPS: usize = 50;

/// One tenant's plan, a line a change. Where nothing changes its notes are told: what they say may be
/// why. That all is as it should be is said where there is nothing else to say.
#[must_use]
pub fn brief(plan: &TenantPlan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_brief(&mut out, plan);
    let name = format!("{BOLD}{}{BOLD:#}", plan.tenant);
    if out.is_empty() {
        for note in &plan.remarks.notes {
            let _ = writeln!(out, "{name}  {}", line(note));
        }
    }
    if out.is_empty() {
        let _ = writeln!(out, "{name}  as the manifests want it");
    }
    out
}

fn write_brief(out: &mut String, plan: &TenantPlan) -> fmt::Result {
    let name = format!("{BOLD}{}{BOLD:#}", plan.tenant);
    for hold in &plan.holds {
        match (hold.kind, plan.mode) {
            // People want it so: nothing is held.
            (HoldKind::Mode, Mode::Suspend) => writeln!(out, "{name}  {}", line(&hold.reason))?,
            (HoldKind::Mode, _) => {}
            _ => write_hold(out, &name, hold, plan.steps.len())?,
        }
    }
    write_steps(out, &name, plan)?;
    if plan.holds.iter().all(|hold| hold.kind == HoldKind::Mode) {
        write_held(out, &name, plan)?;
    }
    for problem in &plan.remarks.problems {
        let user = line(&problem.user);
        let kind = line(&problem.kind);
        let code = problem.kind.code().code();
        writeln!(out, "{name}  {YELLOW}problem{YELLOW:#} {user}: {kind} {FAINT}[{code}]{FAINT:#}")?;
        writeln!(out, "  {FAINT}hint: {}{FAINT:#}", line(problem.kind.remedy()))?;
    }
    write_sync(out, &name, plan)
}

/// The steps that will be carried out, and in mode `report` those that would be.
fn write_steps(out: &mut String, name: &str, plan: &TenantPlan) -> fmt::Result {
    let reported = |step: &&Step| plan.mode == Mode::Report && step.holds.is_empty();
    let told = plan.steps.iter().filter(|step| plan.may_run(step) || reported(step));
    let mut room = STEPS;
    let mut left: BTreeMap<Verb, usize> = BTreeMap::new();
    for step in told {
        if Harm::of(plan, step) != Harm::Calling {
            if room == 0 {
                *left.entry(step.action.verb()).or_default() += 1;
                continue;
            }
            room -= 1;
        }
        write_step(out, name, plan, step)?;
    }
    if left.is_empty() {
        return Ok(());
    }
    let left = left.into_iter().map(|(verb, count)| format!("{count} to {verb}"));
    writeln!(out, "{name}  {FAINT}... and {}; -v shows them{FAINT:#}", list(left))
}

fn write_step(out: &mut String, name: &str, plan: &TenantPlan, step: &Step) -> fmt::Result {
    let verb = step.action.verb();
    let (colour, would) = match verb {
        _ if !plan.may_run(step) => (YELLOW, "would "),
        Verb::Enable | Verb::Configure => (GREEN, ""),
        Verb::Update => (CYAN, ""),
        Verb::Disable => (RED, ""),
    };
    let changes = step
        .changes
        .iter()
        .map(|change| line(format_args!("{} {} -> {}", change.field, change.live, change.desired)));
    let changes = list(changes);
    let changes = if changes.is_empty() { changes } else { format!(": {changes}") };
    let place = step.origin.as_ref().map(|origin| format!(" {FAINT}({}){FAINT:#}", line(origin)));
    let place = place.unwrap_or_default();
    let late =
        if step.is_late() { format!(", {YELLOW}sent again{YELLOW:#}") } else { String::new() };
    let user = line(&step.user);
    writeln!(out, "{name}  {colour}{would}{verb}{colour:#} {user}{changes}{late}{place}")
}

/// What holds single steps, each reason once.
fn write_held(out: &mut String, name: &str, plan: &TenantPlan) -> fmt::Result {
    let mut groups: BTreeMap<(&str, &str), (&Hold, usize)> = BTreeMap::new();
    for hold in plan.steps.iter().flat_map(|step| &step.holds) {
        let reason = if hold.kind == HoldKind::AfterHeld { "" } else { hold.reason.as_str() };
        groups.entry((hold.kind.code(), reason)).or_insert((hold, 0)).1 += 1;
    }
    for (hold, steps) in groups.into_values() {
        write_hold(out, name, hold, steps)?;
    }
    Ok(())
}

fn write_hold(out: &mut String, name: &str, hold: &Hold, steps: usize) -> fmt::Result {
    let steps = if steps > 0 { format!(" {}:", many(steps, "step")) } else { String::new() };
    let reason = line(&hold.reason);
    let code = hold.kind.code();
    writeln!(out, "{name}  {YELLOW}held:{YELLOW:#}{steps} {reason} {FAINT}[{code}]{FAINT:#}")?;
    writeln!(out, "  {FAINT}hint: {}{FAINT:#}", line(&hold.remedy))
}

/// A sync that is due for another reason than the steps, or may not be sent.
fn write_sync(out: &mut String, name: &str, plan: &TenantPlan) -> fmt::Result {
    if !plan.holds.is_empty() {
        return Ok(());
    }
    match &plan.sync {
        SyncPlan::NotNeeded | SyncPlan::AfterSteps => {}
        SyncPlan::Owed(debt) => writeln!(out, "{name}  sync owed since {}", time(debt.since))?,
        SyncPlan::Again(at) => {
            writeln!(out, "{name}  sync again: an answer was lost on {}", time(*at))?;
        }
    }
    match (&plan.sync_hold, plan.sync_from) {
        (Some(hold), _) => write_hold(out, &format!("{name}  sync"), hold, 0),
        (None, Some(from)) if plan.sync != SyncPlan::NotNeeded => {
            writeln!(out, "{name}  sync waits until {}", time(from))
        }
        (None, _) => Ok(()),
    }
}
