//! A plan for a review page: who would lose calling first, then a table of counts, then each
//! tenant's plan, folded.
//!
//! **Invariants:** a page is never longer than a comment may be; what does not fit is counted;
//! tenants stand in the order of the harm that could be done to them; no text from outside is more
//! than text.

use std::{
    cmp::Reverse,
    fmt::{self, Write as _},
};

use super::{
    Tally,
    losing::Losing,
    page::{self, Harm},
    unremembered,
};
use crate::{
    foreign::{cell, fenced, line, markdown as inline},
    model::Mode,
    plan::{Action, Plan, Step, TenantPlan},
    words::many,
};

/// The longest page, in bytes. A comment holds 65,536 characters, and no way to count them counts
/// more of them than bytes.
pub(super) const PAGE: usize = 60_000;
/// Of that, for the names of those who would lose calling.
const PEOPLE: usize = 12_000;
/// For the table.
const TABLE: usize = 10_000;
/// For what became of a plan that was carried out.
const REPORT: usize = 20_000;
/// What each folded plan needs beside its text.
const FOLD: usize = 160;
/// Less of a tenant's plan tells nothing.
const LEAST: usize = 500;
/// Characters of a cell, at most.
const CELL: usize = 200;

/// A plan for a review page.
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    within(plan, PAGE)
}

/// A plan and what became of it, as text without colours whose last line sums it up.
#[must_use]
pub fn markdown_with_report(plan: &Plan, report: &str) -> String {
    let last = report.lines().next_back().unwrap_or_default();
    let before = report.lines().count().saturating_sub(1);
    let mut shown = String::new();
    let mut count = 0;
    for line in report.lines().take(before) {
        if shown.len() + line.len() + last.len() > REPORT {
            break;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "{line}");
        count += 1;
    }
    if count < before {
        let _ = writeln!(
            shown,
            "... and {}; `dialplane history` has all",
            many(before - count, "more line")
        );
    }
    let report = format!("\n### Dialplane report\n\n{}", fenced("", &format!("{shown}{last}\n")));
    within(plan, PAGE.saturating_sub(report.len())) + &report
}

fn within(plan: &Plan, most: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan, most);
    out
}

fn write_plan(out: &mut String, plan: &Plan, most: usize) -> fmt::Result {
    writeln!(out, "### Dialplane plan\n\n{}\n", Tally::of(plan))?;
    if plan.tenants.is_empty() {
        return writeln!(out, "No tenant could be planned.");
    }
    if !plan.tenants.iter().any(TenantPlan::says_something) {
        return writeln!(
            out,
            "All {} are as the manifests want them.",
            many(plan.tenants.len(), "tenant")
        );
    }
    write_body(out, plan, most)
}

/// All of it but for the title and what counts.
pub(super) fn write_body(out: &mut String, plan: &Plan, most: usize) -> fmt::Result {
    if let Some(what) = unremembered(plan) {
        writeln!(out, "Note: {what}.\n")?;
    }
    let mut busy: Vec<&TenantPlan> =
        plan.tenants.iter().filter(|tenant| tenant.says_something()).collect();
    busy.sort_by_cached_key(|tenant| {
        let (harm, steps) = Harm::worst(tenant);
        (harm, Reverse(steps))
    });
    let losing = Losing::of(plan);
    if !losing.is_empty() {
        writeln!(out, "**{}**\n", losing.words(|name| inline(name)))?;
        write_people(out, &busy)?;
    }
    if busy.is_empty() {
        return Ok(());
    }
    write_table(out, &busy)?;
    write_tenants(out, &busy, most.saturating_sub(out.len()))
}

/// Who would lose calling, by name, whatever else has to be cut; behind them who may, and who would
/// if it were not held.
fn write_people(out: &mut String, tenants: &[&TenantPlan]) -> fmt::Result {
    let runs: Vec<_> = tenants.iter().map(|tenant| disables(tenant, true)).collect();
    let may = tenants.iter().map(|tenant| {
        let unforeseen = tenant.unforeseen().iter();
        unforeseen
            .map(|user| format!("  {}  {} (cannot be foreseen)\n", line(user), tenant.tenant))
            .collect()
    });
    let held = tenants.iter().map(|tenant| disables(tenant, false));
    let others: Vec<_> = may.chain(held).collect();
    let mut list = String::new();
    let mut left = add_lines(&mut list, &runs, PEOPLE);
    let room = PEOPLE.saturating_sub(list.len());
    left += add_lines(&mut list, &others, room);
    if left > 0 {
        writeln!(list, "  ... and {left} more; `dialplane plan` shows them")?;
    }
    writeln!(out, "{}", fenced("diff", &list))
}

/// Adds of each part as many lines as fit its share; how many do not.
pub(super) fn add_lines(list: &mut String, parts: &[Vec<String>], room: usize) -> usize {
    let lengths: Vec<usize> =
        parts.iter().map(|lines| lines.iter().map(String::len).sum()).collect();
    let mut left = 0;
    for (lines, share) in parts.iter().zip(page::shares(&lengths, room)) {
        let until = list.len() + share;
        for line in lines {
            if list.len() + line.len() <= until { list.push_str(line) } else { left += 1 }
        }
    }
    left
}

/// The people whom a tenant's plan disables, a line each: those who would lose calling, or those
/// for whom it is held.
fn disables(tenant: &TenantPlan, runs: bool) -> Vec<String> {
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

fn write_table(out: &mut String, tenants: &[&TenantPlan]) -> fmt::Result {
    writeln!(
        out,
        "| tenant | enable | update | disable | held | problems |\n| --- | ---: | ---: | ---: | \
            --- | ---: |"
    )?;
    let mut rows = String::new();
    let mut rest = (0, Tally::default());
    for tenant in tenants {
        let tally = Tally::of_tenant(tenant);
        let held = match (tenant.hold(), tally.held_steps) {
            (Some(hold), _) => cell(cut(&hold.reason)),
            (None, 0) => String::new(),
            (None, steps) => many(steps, "step"),
        };
        let row = row(&cell(tenant.tenant.as_str()), tally, &held);
        if rest.0 == 0 && rows.len() + row.len() <= TABLE {
            rows.push_str(&row);
        } else {
            rest.0 += 1;
            rest.1.add(tenant);
        }
    }
    out.push_str(&rows);
    let (count, sum) = rest;
    if count > 0 {
        let held =
            [many(sum.held_tenants + sum.unread_tenants, "tenant"), many(sum.held_steps, "step")];
        let held: Vec<String> = held.into_iter().filter(|text| !text.starts_with("0 ")).collect();
        out.push_str(&row(&format!("and {}", many(count, "more tenant")), sum, &held.join(", ")));
    }
    Ok(())
}

fn row(tenant: &str, tally: Tally, held: &str) -> String {
    let [enable, update, disable] = cells(tally);
    format!("| {tenant} | {enable} | {update} | {disable} | {held} | {} |\n", tally.problems)
}

/// The counts of one tenant by verb: what would run, or what is only shown; and who may be
/// disabled, for all that is known here.
fn cells(tally: Tally) -> [String; 3] {
    let drift = [tally.drift.enable, tally.drift.update, tally.drift.disable];
    let runs = [tally.enable, tally.update, tally.disable];
    let mut cells = [0, 1, 2].map(|verb| match drift[verb] {
        0 => runs[verb].to_string(),
        shown => format!("{shown} (report)"),
    });
    if tally.unforeseen > 0 {
        let [.., disable] = &mut cells;
        *disable =
            format!("{disable} (or {}: cannot be foreseen)", tally.disable + tally.unforeseen);
    }
    cells
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Each tenant's plan, folded. One that is too long is shown in part, so that those behind it have
/// room.
fn write_tenants(out: &mut String, tenants: &[&TenantPlan], budget: usize) -> fmt::Result {
    let budget = budget.saturating_sub(FOLD);
    let shown = tenants.len().min(budget / LEAST);
    let (tenants, left) = tenants.split_at(shown);
    let room = budget.saturating_sub(shown * FOLD);
    let length = |tenant: &&TenantPlan| page::whole(tenant, room).map_or(room, |text| text.len());
    let lengths: Vec<usize> = tenants.iter().map(length).collect();
    for (tenant, share) in tenants.iter().zip(page::shares(&lengths, room)) {
        let name = &tenant.tenant;
        let detail = fenced("diff", &page::tenant(tenant, share));
        writeln!(out, "\n<details><summary>{name}</summary>\n\n{detail}</details>")?;
    }
    if left.is_empty() {
        return Ok(());
    }
    let steps: usize = left.iter().map(|tenant| tenant.steps.len()).sum();
    let (count, steps) = (many(left.len(), "more tenant"), many(steps, "step"));
    writeln!(out, "\n{count} with {steps} left out here; `dialplane plan` shows them.")
}
