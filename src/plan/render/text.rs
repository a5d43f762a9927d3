//! A plan for a terminal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use jiff::Timestamp;

use super::{
    Tally, ahead,
    change::{write_change, write_late},
    losing::CallingLosses,
    unremembered,
};
use crate::{
    foreign,
    model::{Service, TenantName, Verb},
    plan::{Action, Cause, Hold, HoldKind, Plan, Problem, Step, SyncPlan, TenantPlan, wanted},
    style::{ALARM, BOLD, CYAN, FAINT, GREEN, RED, YELLOW},
    words::{likewise, many, time},
};

/// The place of a user that only pruning concerns.
const UNNAMED: &str = "named by no manifest (prune: disable)";
const FIRST_TIME: &str = "  hint: plan where the service runs; if nothing was ever sent, the first \
    `dialplane apply` begins the journal";

/// The width of the user column; longer names push the place to the right.
pub(super) const USER: usize = 40;

/// The width of the column of verbs; [`verbs`] says where it is wider.
pub(super) const VERB: usize = 8;

/// The width of the column of verbs in a tenant's plan.
pub(super) fn verbs(tenant: &TenantPlan) -> usize {
    let configures = tenant.steps.iter().any(|step| step.action.verb() == Verb::Configure);
    if configures { VERB + 1 } else { VERB }
}

/// A plan for a terminal: each tenant that something is said of, and a last line that counts.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan);
    out
}

fn write_plan(out: &mut String, plan: &Plan) -> fmt::Result {
    write_body(out, plan, &mut AlreadyTold::default())?;
    writeln!(out, "{BOLD}plan:{BOLD:#} {}", Tally::of(plan))
}

/// All of it but for the last line, which counts.
pub(super) fn write_body(out: &mut String, plan: &Plan, told: &mut AlreadyTold) -> fmt::Result {
    write_losing(out, plan)?;
    let mut quiet = 0;
    for tenant in &plan.tenants {
        if tenant.says_something() {
            write_tenant(out, tenant, told)?;
            out.push('\n');
        } else {
            quiet += 1;
        }
    }
    if quiet > 0 {
        writeln!(
            out,
            "{FAINT}{} as the manifests want {}{FAINT:#}",
            many(quiet, "tenant"),
            if quiet == 1 { "it" } else { "them" }
        )?;
    }
    write_unremembered(out, plan)?;
    write_first_time(out, plan)
}

/// Of which moment the plan is, if not of now.
pub(super) fn write_moment(out: &mut String, plan: &Plan) -> fmt::Result {
    match ahead(plan) {
        Some(what) => writeln!(out, "{BOLD}{what}{BOLD:#}\n"),
        None => Ok(()),
    }
}

/// What cannot be foreseen without the right journal, if anything.
pub(super) fn write_unremembered(out: &mut String, plan: &Plan) -> fmt::Result {
    let Some(what) = unremembered(plan) else { return Ok(()) };
    writeln!(out, "{FAINT}note: {what}{FAINT:#}")
}

/// What to do where nothing differs and it is not known what was sent lately.
pub(super) fn write_first_time(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.unremembered.is_empty() || plan.tenants.iter().any(TenantPlan::writes) {
        return Ok(());
    }
    writeln!(out, "{FAINT}{FIRST_TIME}{FAINT:#}")
}

/// Who would lose calling: the first line of all, red if anybody does.
pub(super) fn write_losing(out: &mut String, plan: &Plan) -> fmt::Result {
    let losing = CallingLosses::of(plan);
    if losing.is_empty() {
        return Ok(());
    }
    let style = if losing.anybody() { ALARM } else { BOLD };
    writeln!(out, "{style}{}{style:#}\n", losing.words(|site| foreign::line(site)))
}

/// What was told already: a hundred users with one trouble need its advice once.
#[derive(Debug, Default, Clone)]
pub(super) struct AlreadyTold {
    hints: BTreeSet<String>,
    /// The holds that are told once, with their count. Those that are not in it are told each time.
    shared: BTreeMap<String, SharedHold>,
}

/// A hold that many share.
#[derive(Debug, Default, Clone)]
struct SharedHold {
    count: usize,
    told: bool,
    /// More than one is given where each tenant has its own.
    remedies: BTreeSet<String>,
}

impl AlreadyTold {
    /// Tells a hold that several of these share only once, with their count.
    pub(super) fn counting<'h>(holds: impl Iterator<Item = &'h Hold>) -> Self {
        let mut shared: BTreeMap<String, SharedHold> = BTreeMap::new();
        for hold in holds.filter(|hold| hold.kind != HoldKind::AfterHeld) {
            let shared = shared.entry(key(hold)).or_default();
            shared.count += 1;
            shared.remedies.insert(hold.remedy.clone());
        }
        shared.retain(|_, shared| shared.count > 1);
        Self { hints: BTreeSet::new(), shared }
    }

    fn hint(&mut self, out: &mut String, indent: &str, hint: &str) -> fmt::Result {
        if self.hints.insert(hint.to_owned()) {
            writeln!(out, "{indent}{FAINT}hint: {}{FAINT:#}", foreign::line(hint))
        } else {
            Ok(())
        }
    }

    fn hold(&mut self, out: &mut String, indent: &str, hold: &Hold) -> fmt::Result {
        let code = hold.kind.code();
        let reason = foreign::line(&hold.reason);
        let mut remedy = hold.remedy.clone();
        let times = match self.shared.get_mut(&key(hold)) {
            None => String::new(),
            Some(shared) if shared.told => {
                return writeln!(out, "{indent}{YELLOW}held{YELLOW:#} {FAINT}[{code}]{FAINT:#}");
            }
            Some(shared) => {
                shared.told = true;
                if shared.remedies.len() > 1 {
                    remedy = likewise(&remedy);
                }
                format!(", {} times", shared.count)
            }
        };
        writeln!(out, "{indent}{YELLOW}held:{YELLOW:#} {reason} {FAINT}[{code}]{times}{FAINT:#}")?;
        self.hint(out, indent, &remedy)
    }
}

/// What makes two holds the same.
fn key(hold: &Hold) -> String {
    format!("{} {}", hold.kind.code(), hold.reason)
}

fn write_tenant(out: &mut String, tenant: &TenantPlan, told: &mut AlreadyTold) -> fmt::Result {
    write_head(out, tenant, told)?;
    for step in &tenant.steps {
        write_step(out, tenant, step, told)?;
    }
    for problem in &tenant.remarks.problems {
        write_problem(out, problem, verbs(tenant), told)?;
    }
    write_tail(out, tenant, told)
}

/// The tenant, and what holds all of it.
pub(super) fn write_head(
    out: &mut String,
    tenant: &TenantPlan,
    told: &mut AlreadyTold,
) -> fmt::Result {
    let mode = tenant.mode.name();
    match &tenant.reference {
        Some(reference) => writeln!(
            out,
            "{BOLD}{}{BOLD:#}  {FAINT}{mode}  {}{FAINT:#}",
            tenant.tenant, reference.id
        )?,
        // Its manifests are broken, so its mode is unknown.
        None => writeln!(out, "{BOLD}{}{BOLD:#}", tenant.tenant)?,
    }
    for hold in &tenant.holds {
        match hold.kind {
            // People want it so: nothing is held.
            HoldKind::Mode => {
                writeln!(out, "  {YELLOW}{}{YELLOW:#}", foreign::line(&hold.reason))?;
                told.hint(out, "  ", &hold.remedy)?;
            }
            _ => told.hold(out, "  ", hold)?,
        }
    }
    Ok(())
}

pub(super) fn write_problem(
    out: &mut String,
    problem: &Problem,
    verbs: usize,
    told: &mut AlreadyTold,
) -> fmt::Result {
    let place = problem.origin.as_ref().map_or_else(|| UNNAMED.to_owned(), foreign::line);
    writeln!(
        out,
        "  {YELLOW}{:verbs$}{YELLOW:#} {:USER$} {FAINT}{place}{FAINT:#}",
        "problem",
        foreign::line(&problem.user)
    )?;
    let code = problem.kind.code().code();
    writeln!(out, "      {} {FAINT}[{code}]{FAINT:#}", foreign::line(&problem.kind))?;
    told.hint(out, "      ", &problem.kind.remedy())
}

/// The sync and what was noticed.
pub(super) fn write_tail(
    out: &mut String,
    tenant: &TenantPlan,
    told: &mut AlreadyTold,
) -> fmt::Result {
    write_sync(out, tenant, told)?;
    for note in &tenant.remarks.notes {
        let code = note.code().code();
        writeln!(out, "  {FAINT}note: {} [{code}]{FAINT:#}", foreign::line(note))?;
    }
    if let Some((plan, (gates, users))) = tenant.fingerprint.as_ref().zip(wanted(&tenant.steps)) {
        let gates: Vec<String> = gates.iter().map(ToString::to_string).collect();
        let gates = gates.join(" and ");
        let users = many(users.len(), "user");
        let how = "`dialplane plan --approve` writes one";
        writeln!(
            out,
            "  {FAINT}note: an approval of plan {} can open {gates} for {users}: {how}{FAINT:#}",
            plan.short()
        )?;
    }
    Ok(())
}

fn write_sync(out: &mut String, tenant: &TenantPlan, told: &mut AlreadyTold) -> fmt::Result {
    if !tenant.holds.is_empty() {
        return Ok(());
    }
    let steps = tenant.steps.iter().any(|step| tenant.may_run(step));
    let when = if steps { "once, after the steps; " } else { "" };
    let verbs = verbs(tenant);
    match &tenant.sync {
        SyncPlan::NotNeeded => return Ok(()),
        SyncPlan::AfterSteps => writeln!(out, "  {:verbs$} once, after the steps", "sync")?,
        SyncPlan::Owed(debt) => {
            writeln!(
                out,
                "  {:verbs$} {when}owed since {} by run {}",
                "sync",
                time(debt.since),
                foreign::line(&debt.run)
            )?;
        }
        SyncPlan::Again(at) => {
            let why = format!(
                "the answer of {} was lost or a refusal, and the last sync may have come before \
                    that call",
                time(*at)
            );
            writeln!(out, "  {:verbs$} {when}again: {why}", "sync")?;
        }
    }
    if let Some(hold) = &tenant.sync_hold {
        return told.hold(out, "      ", hold);
    }
    let Some(from) = tenant.sync_from else { return Ok(()) };
    writeln!(
        out,
        "      {YELLOW}waits until {}{YELLOW:#}: the last one was sent shortly before",
        time(from)
    )?;
    told.hint(
        out,
        "      ",
        "`execution.syncSpacing` is the least time between two; until then it stays owed",
    )
}

pub(super) fn write_step(
    out: &mut String,
    tenant: &TenantPlan,
    step: &Step,
    told: &mut AlreadyTold,
) -> fmt::Result {
    let verb = step.action.verb();
    let verbs = verbs(tenant);
    let colour = match verb {
        _ if !tenant.may_run(step) => YELLOW,
        Verb::Enable | Verb::Configure => GREEN,
        Verb::Update => CYAN,
        Verb::Disable => RED,
    };
    let place = match (&step.origin, step.cause) {
        (Some(origin), _) => foreign::line(origin),
        (None, Cause::NotNamed) => UNNAMED.to_owned(),
        (None, Cause::Declared | Cause::Parking | Cause::Dated(_)) => String::new(),
    };
    writeln!(
        out,
        "  {colour}{verb:verbs$}{colour:#} {:USER$} {FAINT}{place}{FAINT:#}",
        foreign::line(&step.user)
    )?;
    if step.service == Service::CallApp && !step.action.verb().stores_details() {
        writeln!(out, "      {FAINT}the Call App, by the call that the settings name{FAINT:#}")?;
    }
    if let Some(at) = step.did_not_land {
        write_late(out, at)?;
    }
    for change in &step.changes {
        write_change(out, change)?;
    }
    if step.cause == Cause::Parking {
        writeln!(
            out,
            "      {FAINT}parked to break a cycle of numbers; its own number comes last{FAINT:#}"
        )?;
    }
    if let Cause::Dated(since) = step.cause {
        writeln!(out, "      {FAINT}{}{FAINT:#}", dated(step, since))?;
    }
    for before in step
        .after
        .iter()
        .map(|before| tenant.steps.at(*before))
        .filter(|before| before.user != step.user)
    {
        writeln!(
            out,
            "      {FAINT}after the {} of {}{FAINT:#}",
            before.action.verb(),
            foreign::line(&before.user)
        )?;
    }
    if !step.approved.is_empty() {
        let approvals: Vec<&str> = step.approved.iter().map(TenantName::as_str).collect();
        writeln!(out, "      {FAINT}approved by {}{FAINT:#}", approvals.join(" and "))?;
    }
    for hold in &step.holds {
        told.hold(out, "      ", hold)?;
    }
    Ok(())
}

/// Which date wants a step.
fn dated(step: &Step, since: Timestamp) -> String {
    match step.action {
        Action::Disable => format!("`until` was {}", time(since)),
        _ => format!("the number is the next user's since {}", time(since)),
    }
}
