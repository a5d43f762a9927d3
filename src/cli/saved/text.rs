//! What was saved in words, from the file alone. Nothing in it is believed: it is shown as text.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::{
    foreign::line,
    style::{BOLD, FAINT, RED, YELLOW},
    words::{clauses, many},
};

/// That a tenant is not synced.
const NOT_NEEDED: &str = "notNeeded";
/// Tenants that are named in one line, at most.
const TENANTS: usize = 10;

/// A saved plan, for people.
pub(super) fn plan(plan: &Value) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, plan);
    out
}

/// A saved review of a change, for people.
pub(super) fn review(review: &Value) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_review(&mut out, review);
    out
}

fn write_plan(out: &mut String, plan: &Value) -> fmt::Result {
    write_losses(out, plan)?;
    let steps = write_tenants(out, plan)?;
    writeln!(out, "{BOLD}saved:{BOLD:#} {} that may run", many(steps, "step"))?;
    write_fingerprint(out, plan)
}

fn write_fingerprint(out: &mut String, saved: &Value) -> fmt::Result {
    match word(saved, "fingerprint") {
        fingerprint if fingerprint.is_empty() => Ok(()),
        fingerprint => writeln!(out, "{FAINT}plan {fingerprint}{FAINT:#}"),
    }
}

fn write_review(out: &mut String, review: &Value) -> fmt::Result {
    write_compared(out, &review["compared"])?;
    write_losses(out, &review["caused"])?;
    let caused = write_tenants(out, &review["caused"])?;
    for (tenant, touched) in review["touched"].as_object().into_iter().flatten() {
        write_touched(out, &line(tenant), touched)?;
    }
    for dropped in array(review, "dropped").iter().filter_map(Value::as_str) {
        writeln!(out, "no longer described: {}", line(dropped))?;
    }
    let drift = &review["drift"];
    let in_drift = array(drift, "tenants").iter().map(|tenant| array(tenant, "steps").len());
    let in_drift: usize = in_drift.sum();
    if in_drift > 0 {
        writeln!(out, "{BOLD}drift, whether the change is made or not{BOLD:#}\n")?;
        write_tenants(out, drift)?;
    }
    writeln!(
        out,
        "{BOLD}saved:{BOLD:#} the change causes {} that may run; drift beside it: {}",
        many(caused, "step"),
        many(in_drift, "step")
    )?;
    write_fingerprint(out, review)
}

fn write_compared(out: &mut String, compared: &Value) -> fmt::Result {
    let [base, head, live, observed] =
        ["base", "head", "live", "observed"].map(|key| word(compared, key));
    let against = match (live.as_str(), observed.as_str()) {
        ("", _) => "not compared with the service".to_owned(),
        (live, "") => format!("against {live}"),
        (live, observed) => format!("against {live}, observed at {observed}"),
    };
    writeln!(out, "{FAINT}the change from {base} to {head}, {against}{FAINT:#}\n")?;
    if compared["leftOut"].is_object() {
        writeln!(out, "{YELLOW}a part: only some tenants or users were asked for{YELLOW:#}\n")?;
    }
    for mistake in array(compared, "mistakes") {
        let file = word(mistake, "file");
        let message = word(mistake, "message");
        let row = mistake["line"].as_u64().map(|row| format!(":{row}")).unwrap_or_default();
        writeln!(out, "{YELLOW}error:{YELLOW:#} {message} {FAINT}{file}{row}{FAINT:#}")?;
    }
    Ok(())
}

fn write_touched(out: &mut String, tenant: &str, touched: &Value) -> fmt::Result {
    for setting in array(touched, "settings") {
        let [name, before, after] = ["name", "before", "after"].map(|key| word(setting, key));
        let values = if after.is_empty() { after } else { format!(": {before} -> {after}") };
        writeln!(out, "{tenant} changes its settings: {name}{values}")?;
    }
    for (key, told) in [("waits", "no step is planned"), ("already", "true already")] {
        for asked in array(touched, key) {
            let [user, field, value, why] =
                ["user", "field", "value", "why"].map(|key| word(asked, key));
            let why = if why.is_empty() { why } else { format!(": {why}") };
            writeln!(out, "{tenant}  {user}  {field}: {value} {FAINT}({told}{why}){FAINT:#}")?;
        }
    }
    Ok(())
}

/// Who would lose calling, before everything else.
fn write_losses(out: &mut String, plan: &Value) -> fmt::Result {
    let people = |tenant: &Value| -> u64 {
        array(tenant, "losesCalling").iter().filter_map(|at| at["people"].as_u64()).sum()
    };
    let of = |tenant: &Value| format!("{} {}", word(tenant, "tenant"), people(tenant));
    let tenants = array(plan, "tenants").iter().filter(|tenant| people(tenant) > 0);
    let all: u64 = tenants.clone().map(people).sum();
    if all == 0 {
        return Ok(());
    }
    let noun = if all == 1 { "person" } else { "people" };
    let named = clauses(TENANTS, tenants.map(of), "tenant");
    writeln!(out, "{RED}{all} {noun} would lose calling: {named}{RED:#}\n")
}

/// The tenants of a plan with anything to say. Gives back how many steps may run.
fn write_tenants(out: &mut String, plan: &Value) -> Result<usize, fmt::Error> {
    let mut steps = 0;
    for tenant in array(plan, "tenants") {
        let of_tenant = array(tenant, "steps");
        let holds = array(tenant, "holds");
        if of_tenant.is_empty() && holds.is_empty() {
            continue;
        }
        let [name, mode, id] = ["tenant", "mode", "tenantId"].map(|key| word(tenant, key));
        writeln!(out, "{BOLD}{name}{BOLD:#}  {FAINT}{mode}  {id}{FAINT:#}")?;
        write_holds(out, "  ", holds)?;
        let verbs = of_tenant.iter().map(|step| word(step, "action").len() + 1).max();
        let verbs = verbs.unwrap_or(0).max(8);
        for step in of_tenant {
            write_step(out, step, verbs)?;
            steps += usize::from(step["runs"] == true);
        }
        if tenant["sync"] != NOT_NEEDED {
            writeln!(out, "  {:verbs$} {}", "sync", sync(tenant))?;
        }
        writeln!(out)?;
    }
    Ok(steps)
}

/// When a tenant is synced, by a saved plan.
pub(super) fn sync(tenant: &Value) -> String {
    match word(tenant, "sync").as_str() {
        NOT_NEEDED => "not needed".to_owned(),
        "afterSteps" => "once, after the steps".to_owned(),
        "owed" => "owed by an earlier run".to_owned(),
        // A file of a newer program may have another word.
        word => line(word),
    }
}

fn write_step(out: &mut String, step: &Value, verbs: usize) -> fmt::Result {
    let action = word(step, "action");
    let user = word(step, "user");
    let origin = match word(step, "cause").as_str() {
        "notNamed" => "named by no manifest (prune: disable)".to_owned(),
        _ => word(step, "origin"),
    };
    writeln!(out, "  {action:verbs$} {user:40} {FAINT}{origin}{FAINT:#}")?;
    for change in array(step, "changes") {
        let field = word(change, "field");
        let live = word(change, "live");
        writeln!(out, "      - {field}: {live}\n      + {field}: {}", word(change, "desired"))?;
    }
    write_holds(out, "      ", array(step, "holds"))
}

fn write_holds(out: &mut String, indent: &str, holds: &[Value]) -> fmt::Result {
    for hold in holds {
        let reason = word(hold, "reason");
        let code = word(hold, "code");
        writeln!(out, "{indent}{YELLOW}held:{YELLOW:#} {reason} {FAINT}[{code}]{FAINT:#}")?;
    }
    Ok(())
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value, key: &str) -> String {
    line(value[key].as_str().unwrap_or_default())
}
