//! What was saved, for a review page, in the order of harm.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::{SavedSection, SavedStep, SavedTenant, array, is_review, word};
use crate::{
    foreign::{fenced, line, markdown as inline},
    plan::render::{cut, lists::drift, markdown::part, page::shares},
    words::many,
};

/// Of a hundred bytes of the page, so many for the names of those who would lose calling.
const PEOPLE: usize = 20;
/// For numbers that change, for what is held, and for what the change asks for beside steps, each.
const LIST: usize = 12;
/// For drift.
const DRIFT: usize = 10;
/// For what each folded tenant needs beside its text.
const FOLD: usize = 160;
/// Less of a tenant tells nothing.
const LEAST: usize = 500;
/// Characters of a text in the head of the page, at most.
const HEAD: usize = 200;

/// What was saved, as JSON, for a review page of at most so many bytes.
#[must_use]
pub fn saved_markdown(saved: &Value, most: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(&mut out, saved, most);
    out
}

fn write_page(out: &mut String, saved: &Value, most: usize) -> fmt::Result {
    let mut beside = String::new();
    let part = if is_review(saved) {
        let caused = SavedSection::of(&saved["caused"]);
        writeln!(out, "### Dialplane: what a change does, as it was saved\n")?;
        writeln!(out, "**{}**\n", caused.words())?;
        write_compared(out, &saved["compared"])?;
        write_beside(&mut beside, saved, most)?;
        caused
    } else {
        let plan = SavedSection::of(saved);
        writeln!(out, "### Dialplane: a saved plan\n\n**{}**\n", plan.words())?;
        plan
    };
    if let Some(fingerprint) = saved["fingerprint"].as_str() {
        writeln!(out, "Its fingerprint is {}.\n", short(fingerprint))?;
    }
    write_part(out, &part, most.saturating_sub(beside.len()))?;
    out.push_str(&beside);
    Ok(())
}

/// A text that has to fit into the head of the page.
fn short(text: &str) -> String {
    match text.char_indices().nth(HEAD) {
        Some((end, _)) => inline(format_args!("{}…", &text[..end])),
        None => inline(text),
    }
}

fn write_compared(out: &mut String, compared: &Value) -> fmt::Result {
    let [base, head] = ["base", "head"].map(|key| short(word(compared, key)));
    let against = match (word(compared, "live"), word(compared, "observed")) {
        ("", _) => "not compared with the service".to_owned(),
        (live, "") => format!("against {}", short(live)),
        (live, observed) => format!("against {}, observed at {}", short(live), short(observed)),
    };
    writeln!(out, "The change from {base} to {head}, {against}.\n")?;
    let mistakes = array(compared, "mistakes").len();
    if mistakes > 0 {
        let errors = many(mistakes, "error");
        writeln!(out, "{errors} in the manifests, so this is not the whole.\n")?;
    }
    if compared["leftOut"].is_object() {
        writeln!(out, "It is a part: only some tenants or users were asked for.\n")?;
    }
    Ok(())
}

/// All of a plan but its head. `most` is for the whole page.
fn write_part(out: &mut String, plan: &SavedSection<'_>, most: usize) -> fmt::Result {
    let losing = plan.losing();
    let tenants: Vec<&SavedTenant<'_>> =
        plan.tenants.iter().filter(|tenant| tenant.says_something()).collect();
    let lists = |of: fn(&SavedTenant<'_>) -> Vec<String>| -> Vec<Vec<String>> {
        tenants.iter().map(|tenant| of(tenant)).collect()
    };
    if losing > 0 {
        let title = format!("{} would lose calling", many(losing, "person"));
        write_list(out, &title, "diff", &lists(people), part(most, PEOPLE))?;
    }
    write_list(out, "Numbers that change", "", &lists(numbers), part(most, LIST))?;
    write_list(out, "Held", "", &lists(holds), part(most, LIST))?;
    write_list(out, "In need of attention", "", &lists(attention), part(most, LIST))?;
    write_tenants(out, &tenants, most.saturating_sub(out.len()))
}

/// A list under a title, if there is anything in it.
fn write_list(
    out: &mut String,
    title: &str,
    language: &str,
    parts: &[Vec<String>],
    room: usize,
) -> fmt::Result {
    if parts.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let block = fenced(language, &cut::parts(parts, room, &more));
    writeln!(out, "**{title}**\n\n{block}")
}

fn more(count: usize) -> String {
    format!("... and {count} more; `dialplane show FILE` shows them\n")
}

fn people(tenant: &SavedTenant<'_>) -> Vec<String> {
    let disables = tenant.steps.iter().filter(|step| step.runs && step.action == "disable");
    let name = line(tenant.name);
    disables.map(|step| format!("- {}  {name}\n", line(step.user))).collect()
}

fn numbers(tenant: &SavedTenant<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &tenant.steps {
        let end = if step.runs { "" } else { " (not to run)" };
        for change in step.changes.iter().filter(|change| change.field == "phoneNumber") {
            let what = line(format_args!("{} -> {}", change.live, change.desired));
            let drift = drift(change.is_drift);
            lines.push(format!("{}  {}  {what}{drift}{end}\n", line(step.user), line(tenant.name)));
        }
    }
    lines
}

fn holds(tenant: &SavedTenant<'_>) -> Vec<String> {
    let of_tenant = array(tenant.saved, "holds").iter().map(|hold| ("everything".to_owned(), hold));
    let of_sync = array(tenant.saved, "syncHolds").iter().map(|hold| ("the sync".to_owned(), hold));
    let of_steps = tenant.steps.iter().flat_map(|step| {
        let what = line(format_args!("{} {}", step.action, step.user));
        array(step.saved, "holds").iter().map(move |hold| (what.clone(), hold))
    });
    let told = of_tenant.chain(of_sync).chain(of_steps).map(|(what, hold)| {
        let [code, reason, remedy] = ["code", "reason", "remedy"].map(|key| line(word(hold, key)));
        format!("{}  {what}: {reason} [{code}]\n    hint: {remedy}\n", line(tenant.name))
    });
    told.collect()
}

fn attention(tenant: &SavedTenant<'_>) -> Vec<String> {
    let name = line(tenant.name);
    let problems = array(tenant.saved, "problems").iter().map(|problem| {
        let [user, reason, remedy] =
            ["user", "reason", "remedy"].map(|key| line(word(problem, key)));
        format!("{user}  {name}: {reason}\n    hint: {remedy}\n")
    });
    let unforeseen = array(tenant.saved, "unforeseen").iter().filter_map(Value::as_str);
    let unforeseen = unforeseen.map(|user| {
        format!("{}  {name}: may be disabled, which could not be foreseen\n", line(user))
    });
    problems.chain(unforeseen).collect()
}

/// Each tenant's steps, folded.
fn write_tenants(out: &mut String, tenants: &[&SavedTenant<'_>], budget: usize) -> fmt::Result {
    let with_steps = tenants.iter().filter(|tenant| !tenant.steps.is_empty());
    let all: Vec<_> = with_steps.map(|tenant| (tenant, steps(tenant))).collect();
    let budget = budget.saturating_sub(FOLD);
    let (shown, left) = all.split_at(all.len().min(budget / LEAST));
    let room = budget.saturating_sub(shown.len() * FOLD);
    let lengths: Vec<usize> =
        shown.iter().map(|(_, lines)| lines.iter().map(String::len).sum()).collect();
    for ((tenant, lines), share) in shown.iter().zip(shares(&lengths, room)) {
        let block = fenced("diff", &cut::lines(lines, share, &more));
        let name = inline(tenant.name);
        writeln!(out, "<details><summary>{name}</summary>\n\n{block}</details>\n")?;
    }
    if !left.is_empty() {
        let tenants = many(left.len(), "more tenant");
        writeln!(out, "{tenants} left out here; `dialplane show FILE` shows them.")?;
    }
    Ok(())
}

/// The steps of a tenant, each with its values in one piece.
fn steps(tenant: &SavedTenant<'_>) -> Vec<String> {
    tenant.steps.iter().map(step_lines).collect()
}

fn step_lines(step: &SavedStep<'_>) -> String {
    let end = if step.runs { "" } else { "  (not to run)" };
    let mut out = format!("  {:9} {}{end}\n", line(step.action), line(step.user));
    for change in &step.changes {
        let field = line(change.field);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "-     {field}: {}\n+     {field}: {}{}",
            line(change.live),
            line(change.desired),
            drift(change.is_drift)
        );
    }
    out
}

/// What a review tells beside what the change causes.
fn write_beside(out: &mut String, saved: &Value, most: usize) -> fmt::Result {
    for (key, title) in
        [("waits", "Asked for, and no step is planned"), ("already", "True already")]
    {
        let touched = saved["touched"].as_object().into_iter().flatten();
        let lists: Vec<Vec<String>> =
            touched.map(|(tenant, touched)| asked(tenant, array(touched, key))).collect();
        write_list(out, title, "", &lists, part(most, LIST))?;
    }
    let dropped = array(saved, "dropped").iter().filter_map(Value::as_str);
    let dropped: Vec<String> = dropped.map(|tenant| format!("{}\n", line(tenant))).collect();
    write_list(out, "No longer described", "", &[dropped], part(most, LIST))?;
    let drift = SavedSection::of(&saved["drift"]);
    let lists: Vec<Vec<String>> = drift.tenants.iter().map(drift_lines).collect();
    let title = "Drift, whether the change is made or not";
    write_list(out, title, "", &lists, part(most, DRIFT))
}

fn asked(tenant: &str, all: &[Value]) -> Vec<String> {
    let told = all.iter().map(|asked| {
        let [user, field, value, why] =
            ["user", "field", "value", "why"].map(|key| line(word(asked, key)));
        let why = if why.is_empty() { why } else { format!(": {why}") };
        format!("{user}  {}  {field}: {value}{why}\n", line(tenant))
    });
    told.collect()
}

fn drift_lines(tenant: &SavedTenant<'_>) -> Vec<String> {
    let told = tenant.steps.iter().map(|step| {
        let becomes = if step.runs { "reverted" } else { "left" };
        let what = line(step.action);
        format!("{becomes:8}  {}  {}  {what}\n", line(step.user), line(tenant.name))
    });
    told.collect()
}
