//! What a change does, for a review page: what it causes first, folded below it what it does not.

use std::fmt::{self, Write as _};

use super::{
    Compared,
    words::{
        DriftSummary, RequestGroup, already, compared, drift, lacks, left_out, off_unproven,
        settings, verdict, waits,
    },
};
use crate::{
    foreign::{fenced, line, markdown as inline},
    model::TenantName,
    plan::{
        FieldChange, Step, TenantPlan,
        render::{
            cut,
            markdown::{part, write_body},
            mistake,
        },
        review::Review,
    },
    words::{list, many},
};

/// Of a hundred bytes of the page, so many for what the change asks for and no step is planned for.
const WAITS: usize = 10;
/// For what is true already, and for drift, each.
const BESIDE: usize = 8;

/// What a change does, for a review page of at most so many bytes.
#[must_use]
pub fn markdown(review: &Review, from: &Compared, most: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_review(&mut out, review, from, most);
    out
}

fn write_review(out: &mut String, review: &Review, from: &Compared, most: usize) -> fmt::Result {
    writeln!(out, "### Dialplane: what this change does\n\n**{}**\n", verdict(review, from))?;
    let Compared { base, head, live, .. } = from;
    let shown = Compared {
        base: inline(base),
        head: inline(head),
        live: live.as_ref().map(inline),
        ..from.clone()
    };
    writeln!(out, "The change {}.\n", compared(&shown))?;
    if let Some(lacks) = lacks(&shown) {
        writeln!(out, "Note: {lacks}.\n")?;
    }
    if let Some(left_out) = left_out(from) {
        writeln!(out, "A part of it: {left_out}.\n")?;
    }
    if from.configuration_changes {
        writeln!(out, "Note: the configuration changes too, which is not part of this.\n")?;
    }
    if let Some(fingerprint) = &review.fingerprint {
        writeln!(
            out,
            "Merged, `dialplane apply --expect {fingerprint}` does this and what drift it may \
                revert, or nothing.\n"
        )?;
    }
    out.push_str(&mistake::markdown(&from.mistakes, part(most, mistake::MISTAKES)));
    let beside = beside(review, from, most)?;
    write_words(out, review)?;
    write_body(out, &review.caused, most.saturating_sub(beside.len()))?;
    out.push_str(&beside);
    Ok(())
}

/// What is said of tenants as a whole.
fn write_words(out: &mut String, review: &Review) -> fmt::Result {
    let new = review.touched.iter().filter(|(_, touched)| touched.is_new).map(|(name, _)| name);
    let new: Vec<&str> = new.map(TenantName::as_str).collect();
    if !new.is_empty() {
        writeln!(out, "Described for the first time: {}.\n", first(&new))?;
    }
    let changed = review.touched.iter().filter(|(_, touched)| !touched.settings.is_empty());
    let changed: Vec<String> = changed
        .map(|(name, touched)| inline(format_args!("{name} ({})", settings(&touched.settings))))
        .collect();
    if !changed.is_empty() {
        writeln!(out, "Settings that change: {}.\n", first(&changed))?;
    }
    let off = review.touched.iter().filter_map(|(name, touched)| {
        Some(inline(format_args!("{name}: {}", off_unproven(touched)?)))
    });
    let off: Vec<String> = off.collect();
    if !off.is_empty() {
        writeln!(out, "In doubt without the journal: {}.\n", first(&off))?;
    }
    if !review.dropped.is_empty() {
        let dropped: Vec<&str> = review.dropped.iter().map(TenantName::as_str).collect();
        writeln!(
            out,
            "No longer described: {}; nothing is done to them, and nobody looks after them.\n",
            first(&dropped)
        )?;
    }
    if !review.broken_before.is_empty() {
        let broken: Vec<&str> = review.broken_before.iter().map(TenantName::as_str).collect();
        writeln!(
            out,
            "Wrong before the change, so all that is wanted counts as caused: {}.\n",
            first(&broken)
        )?;
    }
    Ok(())
}

/// Tenants that are told by name, at most.
const NAMED: usize = 10;

fn first<T: fmt::Display>(names: &[T]) -> String {
    let named = list(names.iter().take(NAMED));
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {}", many(more, "other tenant")),
    }
}

/// What is folded below the plan.
fn beside(review: &Review, from: &Compared, most: usize) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let waits = review.touched.iter().map(|(tenant, touched)| {
        let told = |group: RequestGroup<'_>| {
            format!("{}: {}\n", asked(&group, tenant), line(group.why.unwrap_or_default()))
        };
        waits(touched).into_iter().map(told).collect()
    });
    fold(
        &mut out,
        "Asked for, and no step is planned",
        &waits.collect::<Vec<_>>(),
        part(most, WAITS),
    )?;
    let already = review.touched.iter().map(|(tenant, touched)| {
        let told = |group: RequestGroup<'_>| {
            let doubt =
                if group.is_unforeseen() { ": as far as is seen without the journal" } else { "" };
            format!("{}{doubt}\n", asked(&group, tenant))
        };
        already(touched).into_iter().map(told).collect()
    });
    fold(&mut out, "True already", &already.collect::<Vec<_>>(), part(most, BESIDE))?;
    let (near, far) = drift(review, from);
    let mut lines: Vec<Vec<String>> = near.into_iter().map(drift_of).collect();
    let others = DriftSummary::of(far.into_iter());
    if !others.is_empty() {
        let tenants = many(others.tenants, "tenant");
        let told = format!("in {tenants} that it does not concern: {}\n", others.words());
        lines.push(vec![told]);
    }
    fold(&mut out, "Drift, whether the change is made or not", &lines, part(most, BESIDE))?;
    Ok(out)
}

fn asked(group: &RequestGroup<'_>, tenant: &TenantName) -> String {
    format!("{}  {tenant}  {}", line(group.user), group.words())
}

fn drift_of(tenant: &TenantPlan) -> Vec<String> {
    let steps = tenant.steps.iter().map(|step| drift_line(tenant, step));
    let in_doubt = tenant.unforeseen().iter().map(|user| {
        format!(
            "in doubt  {}  {}  named by nobody, and may be disabled\n",
            line(user),
            tenant.tenant
        )
    });
    steps.chain(in_doubt).collect()
}

fn drift_line(tenant: &TenantPlan, step: &Step) -> String {
    let becomes = if tenant.may_run(step) { "reverted" } else { "left" };
    let shown = |change: &FieldChange| {
        line(format_args!("{}: {} -> {}", change.field, change.live, change.desired))
    };
    let fields = list(step.changes.iter().map(shown));
    let what = if fields.is_empty() { step.action.verb().to_string() } else { fields };
    format!("{becomes:8}  {}  {}  {what}\n", line(&step.user), tenant.tenant)
}

/// A folded list, if there is anything in it, of at most so many bytes.
fn fold(out: &mut String, title: &str, parts: &[Vec<String>], room: usize) -> fmt::Result {
    let count: usize = parts.iter().map(Vec::len).sum();
    if count == 0 {
        return Ok(());
    }
    let more = |count| format!("... and {count} more; `dialplane plan` shows them\n");
    let block = fenced("", &cut::parts(parts, room, &more));
    writeln!(out, "\n<details><summary>{title} ({count})</summary>\n\n{block}</details>")
}
