//! Saved plans: `apply FILE` does exactly the plan that was saved with `plan --out` or `plan --output
//! json`, or nothing; `show FILE` says what is in it.

mod text;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;

use serde_json::{Value, json};

use super::{
    exit::{Exit, Failure},
    out, private,
};
use crate::{
    file,
    model::Fingerprint,
    plan::{Plan, fingerprint_of, render},
    words::{clauses, list},
};

/// The largest saved plan that is read: that of a fleet of a million users is smaller.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The file with the plan.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A plan, saved with `plan --out` or `plan --output json`
    file: PathBuf,
}

/// Shows a saved plan, from the file alone.
pub(super) fn show(command: &Arguments) -> Result<Exit, Failure> {
    out::data(&text::text(&read(&command.file)?));
    Ok(Exit::Done)
}

/// Fails unless a plan has this fingerprint.
pub(super) fn expect(plan: &Plan, expected: &Fingerprint) -> Result<(), Failure> {
    let now = fingerprint_of(plan);
    if now == *expected {
        return Ok(());
    }
    let message = format!(
        "the plan is {} now, and {} was expected: nothing is done",
        now.short(),
        expected.short()
    );
    Err(Failure::new(message).hint(
        "manifests, live state or what is held have changed: look at the plan again; with a saved \
            plan, `dialplane apply FILE` says what has moved",
    ))
}

/// A saved plan.
fn read(path: &Path) -> Result<Value, Failure> {
    let shown = path.display();
    let text = file::read_text(path, MAX_BYTES)
        .map_err(|reason| Failure::new(format!("{shown} cannot be read: {reason}")))?;
    let wrong = |what: &str| {
        Failure::new(format!("{shown} is no saved plan: {what}"))
            .hint("save one with `dialplane plan --out plan.json`")
    };
    let saved: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    if (&saved["kind"], &saved["version"]) != (&json!("Plan"), &json!(1)) {
        return Err(wrong("`kind: Plan` and `version: 1` are expected"));
    }
    if !saved["tenants"].is_array() {
        return Err(wrong("it has no list of tenants"));
    }
    Ok(saved)
}

/// Leaves the tenants of the saved plan, if what would be done for them now is what it says.
pub(super) fn only(plan: &mut Plan, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let saved = read(path)?;
    let tenants = saved["tenants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |tenant: &Value| tenant["tenant"].as_str().unwrap_or_default().to_owned();
    plan.retain(|now| tenants.iter().any(|saved| name(saved) == now.tenant.as_str()));
    let now = render::json(plan);
    let now: Vec<&Value> = now["tenants"].as_array().into_iter().flatten().collect();
    let of = |tenant: &str| now.iter().copied().find(|now| now["tenant"] == tenant);
    let moved = tenants.iter().filter_map(|saved| {
        let tenant = name(saved);
        match of(&tenant) {
            Some(now) if essence(now) == essence(saved) => None,
            Some(now) => Some(format!("{tenant} ({})", differs(saved, now))),
            None => Some(format!("{tenant} (no longer there)")),
        }
    });
    let moved: Vec<String> = moved.collect();
    if moved.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{shown} is not what would be done now, so nothing is done; it has moved in {}",
        list(moved)
    );
    Err(Failure::new(message).hint(
        "manifests, live state or what is held have changed since it was saved: look at the plan \
            again",
    ))
}

/// Steps of a tenant that are told.
const TOLD: usize = 5;

/// What differs between a tenant's saved plan and what would be done now.
fn differs(saved: &Value, now: &Value) -> String {
    let (before, after) = (steps(saved), steps(now));
    let gone = before
        .iter()
        .filter(|(step, _)| !after.contains_key(*step))
        .map(|(step, _)| format!("no longer {step}"));
    let new = after.iter().filter_map(|(step, what)| match before.get(step) {
        None => Some(format!("now also {step}{}", if what.runs { "" } else { ", which is held" })),
        Some(before) if before.runs != what.runs => {
            Some(format!("{step} {} now", if what.runs { "may run" } else { "is held" }))
        }
        Some(before) if before.changes != what.changes => {
            Some(format!("{step} changes something else"))
        }
        Some(_) => None,
    });
    let mut told: Vec<String> = Vec::new();
    let moved: Vec<String> = gone.chain(new).collect();
    if !moved.is_empty() {
        told.push(clauses(TOLD, moved, "step"));
    }
    if saved["sync"] != now["sync"] {
        told.push(format!(
            "the sync is {} and was {}",
            now["sync"].as_str().unwrap_or("?"),
            saved["sync"].as_str().unwrap_or("?")
        ));
    }
    if told.is_empty() {
        "the same steps, from other manifests or live values".to_owned()
    } else {
        told.join("; ")
    }
}

/// A step as far as it is compared.
struct Done<'p> {
    runs: bool,
    changes: &'p Value,
}

/// The steps of a tenant's plan, by action and user.
fn steps(tenant: &Value) -> BTreeMap<String, Done<'_>> {
    let steps = tenant["steps"].as_array().into_iter().flatten();
    let word = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
    let named = steps.map(|step| {
        let done = Done { runs: step["runs"] == true, changes: &step["changes"] };
        (format!("{} {}", word(step, "action"), word(step, "user")), done)
    });
    named.collect()
}

/// Saves a plan.
pub(super) fn write(plan: &Plan, file: &Path) -> Result<(), Failure> {
    let text = format!("{:#}\n", render::json(plan));
    private::write(file, &text).map_err(|error| {
        Failure::new(format!("the plan cannot be saved to {}: {error}", file.display()))
    })?;
    out::talk(&format!(
        "saved: `dialplane apply {}` does exactly this, or nothing; its fingerprint is {}\n",
        file.display(),
        fingerprint_of(plan)
    ));
    Ok(())
}

/// Whether a file is a saved plan.
pub(super) fn is_saved(path: &Path) -> bool {
    let json = path.extension().is_some_and(|extension| extension == "json") && path.is_file();
    let text = json.then(|| file::read_text(path, MAX_BYTES).ok()).flatten();
    text.and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .is_some_and(|value| value["kind"] == "Plan")
}

/// What of a tenant's plan decides what is sent.
fn essence(tenant: &Value) -> Value {
    let steps = tenant["steps"].as_array().into_iter().flatten();
    let runs: Vec<Value> =
        steps.map(|step| json!([step["user"], step["action"], step["runs"]])).collect();
    json!([tenant["tenant"], tenant["fingerprint"], tenant["sync"], runs])
}
