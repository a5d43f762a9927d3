//! What a change does, for a terminal.

use std::fmt::{self, Write as _};

use super::{
    Compared,
    words::{
        DriftSummary, RequestGroup, already, compared, drift, lacks, left_out, off_unproven,
        settings, verdict, waits,
    },
};
use crate::{
    foreign::line,
    model::TenantName,
    plan::{
        TenantPlan,
        render::text::{AlreadyTold, USER, VERB, write_body, write_problem},
        review::{Review, TenantReview},
    },
    style::{BOLD, FAINT, YELLOW},
    words::{list, many},
};

/// Users of a tenant for whom it is shown what is true already, at most.
const ALREADY: usize = 20;

/// What a change does, for a terminal.
#[must_use]
pub fn text(review: &Review, from: &Compared) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_review(&mut out, review, from);
    out
}

fn write_review(out: &mut String, review: &Review, from: &Compared) -> fmt::Result {
    writeln!(out, "{FAINT}the change {}{FAINT:#}\n", line(compared(from)))?;
    if let Some(lacks) = lacks(from) {
        writeln!(out, "{YELLOW}{}{YELLOW:#}\n", line(lacks))?;
    }
    let mut told = AlreadyTold::default();
    write_body(out, &review.caused, &mut told)?;
    for (tenant, touched) in &review.touched {
        write_touched(out, tenant, touched)?;
    }
    write_dropped(out, review)?;
    write_drift(out, review, from, &mut told)?;
    if let Some(left_out) = left_out(from) {
        writeln!(out, "{FAINT}{left_out}{FAINT:#}")?;
    }
    writeln!(out, "{BOLD}change:{BOLD:#} {}", verdict(review, from))
}

fn write_touched(out: &mut String, tenant: &TenantName, touched: &TenantReview) -> fmt::Result {
    if touched.is_new {
        writeln!(out, "{tenant} is described for the first time")?;
    }
    if !touched.settings.is_empty() {
        writeln!(out, "{tenant} changes its settings: {}", settings(&touched.settings))?;
    }
    if !touched.waits.is_empty() {
        writeln!(out, "{tenant}: asked for, and no step is planned")?;
        for group in waits(touched) {
            write_asked(out, &group, YELLOW)?;
            writeln!(out, "      {}", line(group.why.unwrap_or_default()))?;
        }
    }
    if !touched.already.is_empty() {
        writeln!(out, "{tenant}: true already")?;
        let groups = already(touched);
        for group in groups.iter().take(ALREADY) {
            write_asked(out, group, FAINT)?;
            if group.is_unforeseen() {
                writeln!(
                    out,
                    "      {YELLOW}as far as is seen: a run whose journal has enabled the user \
                        lately disables it{YELLOW:#}"
                )?;
            }
        }
        if groups.len() > ALREADY {
            let more = many(groups.len() - ALREADY, "more user");
            writeln!(out, "  {FAINT}... and {more}{FAINT:#}")?;
        }
    }
    if let Some(told) = off_unproven(touched) {
        writeln!(out, "{tenant}: {YELLOW}{}{YELLOW:#}", line(told))?;
    }
    if *touched != TenantReview::default() {
        out.push('\n');
    }
    Ok(())
}

fn write_asked(out: &mut String, group: &RequestGroup<'_>, style: anstyle::Style) -> fmt::Result {
    let place = group.origin.map(line).unwrap_or_default();
    writeln!(
        out,
        "  {style}{:8}{style:#} {:USER$} {FAINT}{place}{FAINT:#}\n      {}",
        "asked",
        line(group.user),
        group.words()
    )
}

fn write_dropped(out: &mut String, review: &Review) -> fmt::Result {
    if !review.dropped.is_empty() {
        writeln!(
            out,
            "no longer described: {}; nothing is done to them, and nobody looks after them\n",
            list(&review.dropped)
        )?;
    }
    if !review.broken_before.is_empty() {
        writeln!(
            out,
            "{YELLOW}wrong before the change, so all that is wanted counts as caused: \
                {}{YELLOW:#}\n",
            list(&review.broken_before)
        )?;
    }
    Ok(())
}

/// What the change has nothing to do with: a line a user.
fn write_drift(
    out: &mut String,
    review: &Review,
    from: &Compared,
    told: &mut AlreadyTold,
) -> fmt::Result {
    let (near, far) = drift(review, from);
    let others = DriftSummary::of(far.into_iter());
    if near.is_empty() && others.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}drift, whether the change is made or not{BOLD:#}")?;
    for tenant in near {
        write_drift_of(out, tenant, told)?;
    }
    if !others.is_empty() {
        let tenants = many(others.tenants, "tenant");
        writeln!(
            out,
            "  {FAINT}in {tenants} that it does not concern: {}{FAINT:#}",
            others.words()
        )?;
    }
    out.push('\n');
    Ok(())
}

fn write_drift_of(out: &mut String, tenant: &TenantPlan, told: &mut AlreadyTold) -> fmt::Result {
    for step in &tenant.steps {
        let becomes = if tenant.may_run(step) { "reverted" } else { "left" };
        let fields = list(step.changes.iter().map(|change| {
            line(format_args!("{}: {} -> {}", change.field, change.live, change.desired))
        }));
        let what = if fields.is_empty() { step.action.verb().to_string() } else { fields };
        writeln!(
            out,
            "  {FAINT}{becomes:8}{FAINT:#} {:USER$} {FAINT}{}  {what}{FAINT:#}",
            line(&step.user),
            tenant.tenant
        )?;
    }
    for user in tenant.unforeseen() {
        let user = line(user);
        let tenant = &tenant.tenant;
        writeln!(
            out,
            "  {FAINT}{:8}{FAINT:#} {user:USER$} {FAINT}{tenant}  named by nobody: a run may \
                disable the user, which cannot be foreseen without the journal{FAINT:#}",
            "in doubt"
        )?;
    }
    for problem in &tenant.remarks.problems {
        write_problem(out, problem, VERB, told)?;
    }
    Ok(())
}
