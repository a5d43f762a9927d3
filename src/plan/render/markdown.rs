//! A plan for a review page: a table of counts first, each tenant's plan folded behind it.

use std::fmt::{self, Write as _};

use anstream::adapter::strip_str;

use super::{Tally, losing::Losing, many, text};
use crate::plan::{Plan, TenantPlan};

/// The longest detail that is shown, in bytes: review pages refuse comments of 64 KiB.
const DETAIL: usize = 48 * 1024;

/// A plan for a review page.
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan);
    out
}

fn write_plan(out: &mut String, plan: &Plan) -> fmt::Result {
    writeln!(out, "### Dialplane plan\n\n{}\n", Tally::of(plan))?;
    let losing = Losing::of(plan);
    if !losing.is_empty() {
        writeln!(out, "**{losing}**\n")?;
    }
    let busy: Vec<&TenantPlan> = plan.tenants.iter().filter(|tenant| text::says_something(tenant)).collect();
    if busy.is_empty() {
        return writeln!(out, "All {} are as the manifests want them.", many(plan.tenants.len(), "tenant"));
    }
    writeln!(out, "| tenant | enable | update | disable | held | problems |\n| --- | ---: | ---: | ---: | --- | ---: |")?;
    for tenant in &busy {
        let tally = Tally::of(&Plan { tenants: vec![(*tenant).clone()] });
        let held = match (tenant.hold(), tally.held_steps) {
            (Some(hold), _) => hold.reason.replace('|', "\\|"),
            (None, 0) => String::new(),
            (None, steps) => many(steps, "step"),
        };
        let [enable, update, disable] = cells(tally);
        writeln!(out, "| {} | {enable} | {update} | {disable} | {held} | {} |", tenant.tenant, tally.problems)?;
    }
    for tenant in busy {
        let mut detail = String::new();
        text::write_tenant(&mut detail, tenant, &mut text::Told::default())?;
        let detail = signs_first(&strip_str(&detail).to_string());
        if out.len() + detail.len() > DETAIL {
            writeln!(out, "\nThe rest is too long for this page; run `dialplane plan` to see it.")?;
            break;
        }
        writeln!(out, "\n<details><summary>{}</summary>\n\n```diff\n{detail}```\n</details>", tenant.tenant)?;
    }
    Ok(())
}

/// The counts of one tenant by verb: what would run, or what is only shown; and who may be disabled, for all that is known here.
fn cells(tally: Tally) -> [String; 3] {
    let drift = [tally.drift.enable, tally.drift.update, tally.drift.disable];
    let runs = [tally.enable, tally.update, tally.disable];
    let mut cells = [0, 1, 2].map(|verb| match drift[verb] {
        0 => runs[verb].to_string(),
        shown => format!("{shown} (report)"),
    });
    if tally.unforeseen > 0 {
        let [.., disable] = &mut cells;
        *disable = format!("{disable} (or {}: cannot be foreseen)", tally.disable + tally.unforeseen);
    }
    cells
}

/// Review pages colour only lines whose sign stands first.
fn signs_first(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("      ") {
        Some(change) if change.starts_with(['-', '+']) => format!("{}     {}\n", &change[..1], &change[1..]),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
