//! What became of a plan, shown to people and machines: text out, nothing printed. And kept for
//! those who ask later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::debug;

use super::exit::Exit;
use crate::{
    execute::{Stop, SyncOutcome, TenantReport},
    foreign::line,
    journal::JournalLocation,
    model::{Debts, Mode, StepOutcome, TenantName},
    plan::{Plan, Step, TenantPlan, render},
    style::{BOLD, FAINT, RED, YELLOW},
    words::{duration, list, many, time},
};

/// How a run ends whose plan and reports are these.
pub(super) fn exit(plan: &Plan, reports: &[TenantReport]) -> Exit {
    let unread = plan.tenants.iter().filter(|tenant| tenant.is_unread()).count();
    let read = plan.tenants.iter().any(|tenant| {
        tenant.reference.is_some() && tenant.mode != Mode::Suspend && !tenant.is_unread()
    });
    if unread > 0 && !read {
        Exit::Error
    } else if is_undecided(plan, reports) {
        Exit::Unknown
    } else if unread > 0 || reports.iter().any(|report| !report.is_complete()) {
        Exit::Partly
    } else if plan
        .tenants
        .iter()
        .any(|tenant| tenant.is_held() || !tenant.remarks.problems.is_empty())
    {
        Exit::Held
    } else {
        Exit::Done
    }
}

/// Whether an answer was lost, now or before, and its outcome is still unknown.
fn is_undecided(plan: &Plan, reports: &[TenantReport]) -> bool {
    let lost = |outcome: &StepOutcome| matches!(outcome, StepOutcome::Unknown(_));
    let now = reports.iter().flat_map(|report| report.steps.iter().flatten()).any(lost);
    now || plan.tenants.iter().any(|tenant| !tenant.remarks.undecided.is_empty())
}

/// Tenants of which all was accepted that are told one by one; more are only counted.
const ONE_BY_ONE: usize = 20;

/// All reports, and a last line that counts. `all`: also those of many tenants that went well.
pub(super) fn text(plan: &Plan, reports: &[TenantReport], took: Duration, all: bool) -> String {
    let mut out = String::new();
    let told = || plan.tenants.iter().zip(reports);
    let well = told().filter(|(plan, report)| went_well(plan, report)).count();
    let counted = well > ONE_BY_ONE && !all;
    for (plan, report) in told().filter(|(plan, report)| !counted || !went_well(plan, report)) {
        out.push_str(&tenant(plan, report));
    }
    if counted {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{well} tenants  all accepted, -v lists them");
    }
    // Writing to a string cannot fail.
    let _ = write_summary(&mut out, plan, reports, took);
    out
}

/// Whether something was done, all of it was accepted, and nothing is to be said besides.
fn went_well(plan: &TenantPlan, report: &TenantReport) -> bool {
    let mut tried = report.steps.iter().flatten().peekable();
    let done = tried.peek().is_some() || report.sync == SyncOutcome::Accepted;
    done && tried.all(|outcome| *outcome == StepOutcome::Accepted)
        && matches!(report.sync, SyncOutcome::NotNeeded | SyncOutcome::Accepted)
        && report.stopped.is_none()
        && plan.late_steps().next().is_none()
}

fn write_summary(
    out: &mut String,
    plan: &Plan,
    reports: &[TenantReport],
    took: Duration,
) -> fmt::Result {
    let outcomes = || reports.iter().flat_map(|report| report.steps.iter().flatten());
    let accepted = outcomes().filter(|outcome| **outcome == StepOutcome::Accepted).count();
    let failed = outcomes().filter(|outcome| matches!(outcome, StepOutcome::Failed(_))).count();
    let lost = outcomes().filter(|outcome| matches!(outcome, StepOutcome::Unknown(_))).count();
    let left = outcomes().filter(|outcome| matches!(outcome, StepOutcome::NotTried(_))).count();
    let syncs = reports.iter().filter(|report| report.sync == SyncOutcome::Accepted).count();
    let mut parts = vec![format!("{} accepted", many(accepted, "step"))];
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((lost > 0).then(|| many(lost, "lost answer")));
    parts.extend((left > 0).then(|| format!("{left} not tried")));
    parts.push(format!("{} accepted", many(syncs, "sync")));
    let waiting =
        reports.iter().filter(|report| matches!(report.sync, SyncOutcome::Waits(_))).count();
    parts.extend((waiting > 0).then(|| format!("{} waiting", many(waiting, "sync"))));
    let unread = plan.tenants.iter().filter(|tenant| tenant.is_unread()).count();
    let unread = (unread > 0).then(|| format!("; not read: {}", many(unread, "tenant")));
    let unread = unread.unwrap_or_default();
    let took = duration(took);
    let asked = reports.iter().any(|report| report.stopped == Some(Stop::Asked));
    let how = if asked { "stopped" } else { "done" };
    writeln!(out, "{BOLD}{how}:{BOLD:#} {}{unread} {FAINT}in {took}{FAINT:#}", list(parts))
}

/// One tenant; nothing if there was nothing to do.
pub(super) fn tenant(plan: &TenantPlan, report: &TenantReport) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_tenant(&mut out, plan, report, &mut BTreeSet::new());
    out
}

/// `told` holds the advice that was given already.
fn write_tenant(
    out: &mut String,
    plan: &TenantPlan,
    report: &TenantReport,
    told: &mut BTreeSet<String>,
) -> fmt::Result {
    let tried = report.steps.iter().flatten().count();
    if tried == 0 && report.sync == SyncOutcome::NotNeeded && report.stopped.is_none() {
        return Ok(());
    }
    let sync = match &report.sync {
        SyncOutcome::NotNeeded => String::new(),
        SyncOutcome::Accepted => ", sync accepted".to_owned(),
        SyncOutcome::Failed(_) | SyncOutcome::NotTried(_) => {
            format!(", {YELLOW}sync still owed{YELLOW:#}")
        }
        SyncOutcome::Waits(_) => format!(", {YELLOW}sync waits{YELLOW:#}"),
    };
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}  {} of {} accepted{sync}",
        plan.tenant,
        report.accepted(),
        many(tried, "step")
    )?;
    if let Some(stop) = &report.stopped {
        write!(out, "  {RED}stopped:{RED:#} {}", line(stop))?;
        if let Stop::Fault(fault) = stop {
            write!(out, " {FAINT}[{}]{FAINT:#}", fault.kind.code())?;
        }
        out.push('\n');
        if let Stop::Fault(fault) = stop {
            write_hint(out, fault.hint.as_deref(), told)?;
        }
    }
    let late = plan.late_steps().count();
    if late > 0 {
        writeln!(
            out,
            "  {YELLOW}did not land{YELLOW:#}  {} of an earlier run; sent again",
            many(late, "step")
        )?;
        let hint = "if this comes back, look in the portal: either the service does not do it, or \
            the list of users does not show it";
        write_hint(out, Some(hint), told)?;
    }
    for (step, outcome) in plan.steps.iter().zip(&report.steps) {
        if let Some(outcome) = outcome {
            write_step(out, step, outcome, told)?;
        }
    }
    match &report.sync {
        SyncOutcome::Failed(fault) => {
            let code = fault.kind.code();
            writeln!(out, "  {YELLOW}sync:{YELLOW:#} {} {FAINT}[{code}]{FAINT:#}", line(fault))?;
            write_hint(out, fault.hint.as_deref(), told)
        }
        SyncOutcome::NotTried(reason) => {
            writeln!(out, "  {YELLOW}sync:{YELLOW:#} not tried: {}", line(reason))
        }
        SyncOutcome::Waits(until) => {
            let until = time(*until);
            if let Some(hold) = &plan.sync_hold {
                writeln!(
                    out,
                    "  {YELLOW}sync:{YELLOW:#} held, and stays owed: {} {FAINT}[{}]{FAINT:#}",
                    hold.reason,
                    hold.kind.code()
                )?;
                return write_hint(out, Some(&hold.remedy), told);
            }
            writeln!(
                out,
                "  {YELLOW}sync:{YELLOW:#} waits until {until}: the last one was sent shortly \
                    before; it stays owed"
            )?;
            let hint = "`dialplane run` sends it then; without the service, run `dialplane \
                apply` again after that time";
            write_hint(out, Some(hint), told)
        }
        SyncOutcome::NotNeeded | SyncOutcome::Accepted => Ok(()),
    }
}

fn write_step(
    out: &mut String,
    step: &Step,
    outcome: &StepOutcome,
    told: &mut BTreeSet<String>,
) -> fmt::Result {
    let (label, fault) = match outcome {
        StepOutcome::Accepted => return Ok(()),
        StepOutcome::NotTried(reason) => {
            let action = step.action.verb();
            let user = line(&step.user);
            let label = outcome.label();
            let reason = line(reason);
            return writeln!(out, "  {YELLOW}{label}{YELLOW:#} {action} {user}: {reason}");
        }
        StepOutcome::Failed(fault) | StepOutcome::Unknown(fault) => (outcome.label(), fault),
    };
    writeln!(
        out,
        "  {RED}{label:9}{RED:#} {} {} {FAINT}[{}]{FAINT:#}",
        step.action.verb(),
        line(&step.user),
        fault.kind.code()
    )?;
    writeln!(out, "            {}", line(fault))?;
    if let StepOutcome::Unknown(_) = outcome {
        let hint =
            "it is not sent again; the next look at live state decides whether it was carried out";
        write_hint(out, Some(hint), told)?;
    }
    write_hint(out, fault.hint.as_deref(), told)
}

fn write_hint(out: &mut String, hint: Option<&str>, told: &mut BTreeSet<String>) -> fmt::Result {
    match hint {
        Some(hint) if told.insert(hint.to_owned()) => {
            writeln!(out, "            {FAINT}hint: {}{FAINT:#}", line(hint))
        }
        _ => Ok(()),
    }
}

/// What was left open by earlier runs of the program.
pub(super) type DebtsByTenant = BTreeMap<TenantName, Debts>;

/// All reports beside their plan; versioned.
pub(super) fn json(plan: &Plan, reports: &[TenantReport], recovered: &DebtsByTenant) -> Value {
    let tenants = plan.tenants.iter().zip(reports);
    let tenants: Vec<Value> = tenants
        .map(|(plan, report)| tenant_json(plan, report, recovered.get(&plan.tenant)))
        .collect();
    json!({ "version": 1, "kind": "Report", "plan": render::json(plan), "tenants": tenants })
}

/// Keeps what a plan said and what became of it, for `why`. That it cannot be kept changes nothing.
pub(super) fn keep(place: &JournalLocation, plan: &TenantPlan, report: &TenantReport) {
    let Some(reference) = &plan.reference else { return };
    let verdict = plan.verdict(&report.steps, Timestamp::now());
    if let Err(error) = place.write_verdict(&reference.id, &verdict) {
        debug!(%error, %place, "what the plan said cannot be kept for `why`");
    }
}

/// The debts of one tenant.
pub(super) fn debts(debts: &Debts) -> Value {
    let (since, run) =
        debts.sync.as_ref().map(|debt| (debt.since.to_string(), debt.run.to_string())).unzip();
    json!({ "syncOwedSince": since, "syncOwedBy": run, "cutOff": debts.cut_off, "lost": debts.lost })
}

/// One tenant, as the report has it.
pub(super) fn tenant_json(
    plan: &TenantPlan,
    report: &TenantReport,
    recovered: Option<&Debts>,
) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .zip(&report.steps)
        .enumerate()
        .map(|(number, (step, outcome))| {
            let word = outcome.as_ref().map_or("held", StepOutcome::code);
            let reason = outcome.as_ref().and_then(StepOutcome::reason);
            let code = match outcome {
                Some(StepOutcome::Failed(fault) | StepOutcome::Unknown(fault)) => Some(fault.kind),
                Some(StepOutcome::Accepted | StepOutcome::NotTried(_)) | None => None,
            };
            json!({ "step": number, "action": step.action.verb(), "user": step.user.as_str(), "outcome": word, "code": code, "reason": reason })
        })
        .collect();
    let until =
        if let SyncOutcome::Waits(until) = &report.sync { Some(until.to_string()) } else { None };
    json!({
        "tenant": plan.tenant.as_str(),
        "run": report.run.as_str(),
        "recovered": recovered.map(debts),
        "steps": steps,
        "sync": { "outcome": report.sync.code(), "reason": report.sync.reason(), "until": until },
        "stopped": report.stopped.as_ref().map(ToString::to_string),
    })
}
