//! A plan on one screen, however large the fleet: what does most harm first, and what is not shown
//! is counted.
//!
//! ```text
//! up to 20 tenants to tell of   each tenant in detail, a hold that many steps share told once
//! more                          who loses calling by name, a table by tenant, the holds, each once
//! ```
//!
//! **Invariants:** nothing is left out without a count; who loses calling is never left out of the
//! count that comes first; what is red is who loses calling.

mod detail;
mod holds;
mod table;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{Tally, page::Harm, text};
use crate::{
    foreign,
    model::{Mode, Upn},
    plan::{NoteCode, Plan, Step, SyncPlan, TenantPlan},
    style::{BOLD, FAINT},
    words::{list, many},
};

/// Tenants that are told of in detail, at most; of more there is a table.
const IN_DETAIL: usize = 20;

/// Notes of tenants in which nothing differs that are told, at most; of more, only how many.
const NOTES: usize = 5;

/// How much is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// The first line and the last.
    Quiet,
    /// A table by tenant, each with a line of its own.
    Summary,
    /// What fits on a screen.
    #[default]
    Usual,
    /// Each step and each note.
    Everything,
}

/// What is shown of a plan.
#[derive(Clone, Copy, Default)]
pub struct Screen<'a> {
    /// How much.
    pub detail: Detail,
    /// Of which users; all if absent. What is left out is counted.
    pub user: Option<&'a dyn Fn(&Upn) -> bool>,
}

impl Screen<'_> {
    fn shows(&self, user: &Upn) -> bool {
        self.user.is_none_or(|shows| shows(user))
    }
}

/// A plan for a terminal.
#[must_use]
pub fn screen(plan: &Plan, screen: &Screen<'_>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan, screen);
    out
}

fn write_plan(out: &mut String, plan: &Plan, screen: &Screen<'_>) -> fmt::Result {
    text::write_moment(out, plan)?;
    text::write_losing(out, plan)?;
    if screen.detail != Detail::Quiet {
        let (told, quiet) = told(plan, screen);
        match screen.detail {
            Detail::Summary => table::write(out, &told, screen, usize::MAX)?,
            Detail::Usual if told.len() > IN_DETAIL => {
                table::write(out, &told, screen, table::ROWS)?;
            }
            Detail::Usual | Detail::Quiet => detail::write(out, &told, screen)?,
            Detail::Everything => detail::write_all(out, &told, screen)?,
        }
        if screen.user.is_none() {
            write_quiet(out, &quiet)?;
        } else {
            write_left_out(out, plan, screen)?;
        }
        text::write_unremembered(out, plan)?;
        text::write_first_time(out, plan)?;
    }
    writeln!(out, "{BOLD}plan:{BOLD:#} {}", Tally::of(plan))
}

/// The tenants that are told of, those with the greatest harm first, and all others.
fn told<'p>(plan: &'p Plan, screen: &Screen<'_>) -> (Vec<&'p TenantPlan>, Vec<&'p TenantPlan>) {
    let tells = |tenant: &&TenantPlan| match screen.user {
        Some(_) => concerns(tenant, screen),
        None if screen.detail == Detail::Everything => tenant.says_something(),
        None => is_told(tenant),
    };
    let (mut told, quiet): (Vec<_>, Vec<_>) = plan.tenants.iter().partition(tells);
    told.sort_by_cached_key(|tenant| {
        let (worst, count) = Harm::worst(tenant);
        let held = if worst == Harm::Held { table::held_disables(tenant) } else { 0 };
        (worst, Reverse(held), Reverse(count), tenant.remarks.problems.is_empty())
    });
    (told, quiet)
}

/// Whether a tenant is told of in any case. One in which nothing differs and nothing is wrong is
/// only counted.
fn is_told(tenant: &TenantPlan) -> bool {
    !tenant.steps.is_empty()
        || tenant.hold().is_some()
        || tenant.sync != SyncPlan::NotNeeded
        || tenant.needs_attention()
}

/// Whether a tenant has something to say of the users who are asked for.
fn concerns(tenant: &TenantPlan, screen: &Screen<'_>) -> bool {
    tenant.steps.iter().any(|step| screen.shows(&step.user))
        || tenant.remarks.problems.iter().any(|problem| screen.shows(&problem.user))
}

/// The tenants that are only counted, and their notes by code.
fn write_quiet(out: &mut String, quiet: &[&TenantPlan]) -> fmt::Result {
    let suspended = quiet.iter().filter(|tenant| tenant.mode == Mode::Suspend).count();
    let as_wanted = quiet.len() - suspended;
    let mut parts = Vec::new();
    if as_wanted > 0 {
        let them = if as_wanted == 1 { "it" } else { "them" };
        parts.push(format!("{} as the manifests want {them}", many(as_wanted, "tenant")));
    }
    if suspended > 0 {
        parts.push(format!("{} suspended and not looked at", many(suspended, "tenant")));
    }
    if parts.is_empty() {
        return Ok(());
    }
    let noted: Vec<&&TenantPlan> =
        quiet.iter().filter(|tenant| !tenant.remarks.notes.is_empty()).collect();
    let notes: usize = noted.iter().map(|tenant| tenant.remarks.notes.len()).sum();
    if notes <= NOTES {
        for tenant in noted {
            for note in &tenant.remarks.notes {
                let tenant = &tenant.tenant;
                let code = note.code().code();
                let note = foreign::line(note);
                writeln!(out, "{FAINT}note: {tenant}: {note} [{code}]{FAINT:#}")?;
            }
        }
        return writeln!(out, "{FAINT}{}{FAINT:#}", list(parts));
    }
    write!(out, "{FAINT}{}", list(parts))?;
    let mut codes: BTreeMap<NoteCode, usize> = BTreeMap::new();
    for note in quiet.iter().flat_map(|tenant| &tenant.remarks.notes) {
        *codes.entry(note.code()).or_default() += 1;
    }
    if !codes.is_empty() {
        let codes = codes.iter().map(|(code, count)| match count {
            1 => code.code().to_owned(),
            count => format!("{} {count}", code.code()),
        });
        write!(out, "; notes of {} of them, which -v shows: {}", noted.len(), list(codes))?;
    }
    writeln!(out, "{FAINT:#}")
}

/// What `--user` leaves out.
fn write_left_out(out: &mut String, plan: &Plan, screen: &Screen<'_>) -> fmt::Result {
    let others = |step: &&Step| !screen.shows(&step.user);
    let steps: usize =
        plan.tenants.iter().map(|plan| plan.steps.iter().filter(others).count()).sum();
    let problems = plan.tenants.iter().flat_map(|tenant| &tenant.remarks.problems);
    let problems = problems.filter(|problem| !screen.shows(&problem.user)).count();
    let shown = plan.tenants.iter().any(|tenant| concerns(tenant, screen));
    if !shown {
        writeln!(out, "{FAINT}no step and no problem of such a user{FAINT:#}")?;
    }
    if steps + problems > 0 {
        let mut parts = Vec::new();
        parts.extend((steps > 0).then(|| many(steps, "step")));
        parts.extend((problems > 0).then(|| many(problems, "problem")));
        writeln!(out, "{FAINT}left out by --user: {} of others{FAINT:#}", list(parts))?;
    }
    Ok(())
}
