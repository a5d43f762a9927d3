//! A plan for a review page, in the order of the harm that it could do: what it comes to, who would
//! lose calling, whose number changes, what is held and what lifts that, counts by tenant, and each
//! tenant's plan, folded.
//!
//! **Invariants:** a page is never longer than it may be. What it comes to is never cut; every list
//! is cut in the middle, with a count, and no tenant takes the room of another; no text from outside
//! is more than text.

use std::{
    cmp::Reverse,
    fmt::{self, Write as _},
};

use super::{
    Tally, ahead, cut, lists,
    losing::CallingLosses,
    page::{self, Harm},
    unremembered,
};
use crate::{
    foreign::{cell, fenced, markdown as inline},
    plan::{Plan, SyncPlan, TenantPlan, fingerprint_of},
    words::{first, many},
};

/// The longest page if nobody says otherwise, in bytes. A comment of GitHub holds 65,536 characters,
/// and no way to count them counts more of them than bytes.
pub const PAGE: usize = 60_000;
/// Of a hundred bytes of the page, so many for the names of those who would lose calling.
const PEOPLE: usize = 20;
/// For numbers that change.
const NUMBERS: usize = 12;
/// For what is held.
const HOLDS: usize = 12;
/// For the table.
const TABLE: usize = 16;
/// For what became of a plan that was carried out.
const REPORT: usize = 33;
/// Tenants that are told by name in one line, at most.
const NAMED: usize = 5;
/// What each folded plan needs beside its text.
const FOLD: usize = 160;
/// Less of a tenant's plan tells nothing.
const LEAST: usize = 500;
/// Characters of a cell, at most.
const CELL: usize = 200;

/// A plan for a review page.
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    markdown_within(plan, PAGE)
}

/// A plan for a review page of at most so many bytes.
#[must_use]
pub fn markdown_within(plan: &Plan, most: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan, most);
    out
}

/// A plan and what became of it, as text without colours whose last line sums it up.
#[must_use]
pub fn markdown_with_report(plan: &Plan, report: &str, most: usize) -> String {
    let lines: Vec<String> = report.lines().map(|line| format!("{line}\n")).collect();
    let more =
        |count| format!("... and {}; `dialplane history` has all\n", many(count, "more line"));
    let shown = cut::lines(&lines, part(most, REPORT), &more);
    let report = format!("\n### Dialplane report\n\n{}", fenced("", &shown));
    markdown_within(plan, most.saturating_sub(report.len())) + &report
}

/// So many hundredths of a page.
pub(super) fn part(most: usize, hundredths: usize) -> usize {
    most / 100 * hundredths
}

fn write_plan(out: &mut String, plan: &Plan, most: usize) -> fmt::Result {
    writeln!(out, "### Dialplane plan\n\n{}\n", Tally::of(plan))?;
    if let Some(what) = ahead(plan) {
        writeln!(out, "**{what}**\n")?;
    }
    if plan.tenants.is_empty() {
        return writeln!(out, "No tenant could be planned.");
    }
    if !plan.tenants.iter().any(TenantPlan::says_something) {
        writeln!(
            out,
            "All {} are as the manifests want them.",
            many(plan.tenants.len(), "tenant")
        )?;
        return match unremembered(plan) {
            Some(what) => writeln!(out, "\nNote: {what}."),
            None => Ok(()),
        };
    }
    if plan.tenants.iter().any(TenantPlan::writes) {
        let fingerprint = fingerprint_of(plan);
        writeln!(out, "`dialplane apply --expect {fingerprint}` does exactly this, or nothing.\n")?;
    }
    write_body(out, plan, most)
}

/// All of it but for the title and what it comes to. `most` is for the whole page.
pub(super) fn write_body(out: &mut String, plan: &Plan, most: usize) -> fmt::Result {
    if let Some(what) = unremembered(plan) {
        writeln!(out, "Note: {what}.\n")?;
    }
    let (mut busy, quiet): (Vec<&TenantPlan>, Vec<&TenantPlan>) = plan
        .tenants
        .iter()
        .filter(|tenant| tenant.says_something())
        .partition(|tenant| is_busy(tenant));
    busy.sort_by_cached_key(|tenant| {
        let (harm, steps) = Harm::worst(tenant);
        (harm, Reverse(steps))
    });
    let losing = CallingLosses::of(plan);
    if !losing.is_empty() {
        writeln!(out, "**{}**\n", losing.words(|name| inline(name)))?;
        write_people(out, &busy, part(most, PEOPLE))?;
    }
    let numbers: Vec<_> = busy.iter().map(|tenant| lists::numbers(tenant)).collect();
    write_list(out, ("number", "changes", "change"), &numbers, part(most, NUMBERS))?;
    let holds: Vec<_> = busy.iter().map(|tenant| lists::holds(tenant)).collect();
    write_list(out, ("reason", "holds something", "hold something"), &holds, part(most, HOLDS))?;
    if !busy.is_empty() {
        write_table(out, &busy, part(most, TABLE))?;
    }
    if !quiet.is_empty() {
        let names = first(NAMED, quiet.iter().map(|tenant| tenant.tenant.as_str()));
        writeln!(out, "\n{} without a step: {names}.", many(quiet.len(), "tenant"))?;
    }
    write_tenants(out, &busy, most.saturating_sub(out.len()))
}

/// Whether a tenant is shown for itself: something is or may be done there, or held, or wrong.
fn is_busy(tenant: &TenantPlan) -> bool {
    !tenant.steps.is_empty()
        || tenant.needs_attention()
        || tenant.sync != SyncPlan::NotNeeded
        || !tenant.unforeseen().is_empty()
}

/// Who would lose calling, by name; behind them who may, and who would if it were not held.
fn write_people(out: &mut String, tenants: &[&TenantPlan], room: usize) -> fmt::Result {
    let more = |count| format!("  ... and {count} more; `dialplane plan` shows them\n");
    let runs: Vec<_> = tenants.iter().map(|tenant| lists::disables(tenant, true)).collect();
    let may = tenants.iter().map(|tenant| lists::unforeseen(tenant));
    let held = tenants.iter().map(|tenant| lists::disables(tenant, false));
    let others: Vec<_> = may.chain(held).collect();
    let mut list = cut::parts(&runs, room, &more);
    list += &cut::parts(&others, room.saturating_sub(list.len()), &more);
    writeln!(out, "{}", fenced("diff", &list))
}

/// A list with its count: `2 numbers change`.
fn write_list(
    out: &mut String,
    (noun, one, several): (&str, &str, &str),
    parts: &[Vec<String>],
    room: usize,
) -> fmt::Result {
    let count: usize = parts.iter().map(Vec::len).sum();
    if count == 0 {
        return Ok(());
    }
    let verb = if count == 1 { one } else { several };
    let more = |count| format!("... and {count} more; `dialplane plan` shows them\n");
    let list = fenced("", &cut::parts(parts, room, &more));
    writeln!(out, "**{} {verb}**\n\n{list}", many(count, noun))
}

fn write_table(out: &mut String, tenants: &[&TenantPlan], room: usize) -> fmt::Result {
    writeln!(
        out,
        "| tenant | enable | update | disable | held | problems |\n| --- | ---: | ---: | ---: | \
            --- | ---: |"
    )?;
    let rows: Vec<String> = tenants.iter().map(|tenant| row_of(tenant)).collect();
    let (front, back) = cut::ends(&rows, room);
    let between = &tenants[front..rows.len() - back];
    out.push_str(&rows[..front].concat());
    if !between.is_empty() {
        let mut sum = Tally::default();
        for tenant in between {
            sum.add(tenant);
        }
        let held =
            [many(sum.held_tenants + sum.unread_tenants, "tenant"), many(sum.held_steps, "step")];
        let held: Vec<String> = held.into_iter().filter(|text| !text.starts_with("0 ")).collect();
        let name = format!("and {}", many(between.len(), "more tenant"));
        out.push_str(&row(&name, sum, &held.join(", ")));
    }
    out.push_str(&rows[rows.len() - back..].concat());
    Ok(())
}

fn row_of(tenant: &TenantPlan) -> String {
    let tally = Tally::of_tenant(tenant);
    let held = match (tenant.hold(), tally.held_steps) {
        (Some(hold), _) => cell(cut_cell(&hold.reason)),
        (None, 0) => String::new(),
        (None, steps) => many(steps, "step"),
    };
    row(&cell(tenant.tenant.as_str()), tally, &held)
}

fn row(tenant: &str, tally: Tally, held: &str) -> String {
    let [enable, update, disable] = cells(tally);
    format!("| {tenant} | {enable} | {update} | {disable} | {held} | {} |\n", tally.problems)
}

/// The counts of one tenant by verb, set-ups among the updates: what would run, or what is only shown; and who may be
/// disabled, for all that is known here.
fn cells(tally: Tally) -> [String; 3] {
    let drift = tally.drift;
    let drift = [drift.enable, drift.update + drift.configure, drift.disable];
    let runs = [tally.enable, tally.update + tally.configure, tally.disable];
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

fn cut_cell(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Each tenant's plan, folded. One that is too long is shown in part, so those behind it have
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
    let count = many(left.len(), "more tenant");
    let steps = many(steps, "step");
    writeln!(out, "\n{count} with {steps} left out here; `dialplane plan` shows them.")
}
