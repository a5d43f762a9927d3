//! `apply --plan FILE`: exactly the plan that was saved with `plan --out` or `plan --output json`,
//! or nothing.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use serde_json::Value;

use super::{exit::Failure, out, private};
use crate::{
    file,
    plan::{Plan, render},
    words::{all_clauses, clauses, list},
};

/// The largest saved plan that is read: that of a fleet of a million users is smaller.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// What a file says that it is.
#[derive(Debug, Deserialize)]
struct Head {
    kind: String,
    version: Option<u64>,
}

/// A saved plan, as far as it is read again.
#[derive(Debug, Deserialize)]
struct SavedPlan {
    tenants: Vec<SavedTenant>,
}

/// A tenant's plan.
#[derive(Debug, Deserialize)]
struct SavedTenant {
    tenant: String,
    fingerprint: Option<String>,
    sync: String,
    steps: Vec<SavedStep>,
}

/// A step.
#[derive(Debug, Deserialize)]
struct SavedStep {
    user: String,
    action: String,
    runs: bool,
    changes: Vec<SavedChange>,
}

/// What differs in one field.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SavedChange {
    field: String,
    live: String,
    desired: String,
    did_not_land: bool,
}

/// Leaves the tenants of the saved plan, if what would be done for them now is what it says.
pub(super) fn only(plan: &mut Plan, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let saved = read(path)?;
    plan.tenants
        .retain(|now| saved.tenants.iter().any(|saved| saved.tenant == now.tenant.as_str()));
    let now: SavedPlan = serde_json::from_value(render::json(plan))
        .map_err(|error| Failure::new(format!("the plan of now cannot be compared: {error}")))?;
    let moved: Vec<String> =
        saved.tenants.iter().filter_map(|saved| moved(saved, &now.tenants)).collect();
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

/// The saved plan in a file.
fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let shown = path.display();
    let text = file::read_text(path, MAX_BYTES)
        .map_err(|reason| Failure::new(format!("{shown} cannot be read: {reason}")))?;
    let wrong = |what: &str| {
        Failure::new(format!("{shown} is no saved plan: {what}"))
            .hint("save one with `dialplane plan --out plan.json`")
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let is_plan = |head: Head| head.kind == "Plan" && head.version == Some(1);
    if !Head::deserialize(&value).is_ok_and(is_plan) {
        return Err(wrong("`kind: Plan` and `version: 1` are expected"));
    }
    SavedPlan::deserialize(&value).map_err(|error| wrong(&error.to_string()))
}

/// What has moved in a tenant since its plan was saved, if anything has.
fn moved(saved: &SavedTenant, now: &[SavedTenant]) -> Option<String> {
    let tenant = &saved.tenant;
    match now.iter().find(|now| now.tenant == *tenant) {
        Some(now) if sends_the_same(saved, now) => None,
        Some(now) => Some(format!("{tenant} ({})", differs(saved, now))),
        None => Some(format!("{tenant} (no longer there)")),
    }
}

/// Whether two plans of a tenant send the same.
fn sends_the_same(saved: &SavedTenant, now: &SavedTenant) -> bool {
    let same_step = |(saved, now): (&SavedStep, &SavedStep)| {
        saved.user == now.user && saved.action == now.action && saved.runs == now.runs
    };
    saved.fingerprint == now.fingerprint
        && saved.sync == now.sync
        && saved.steps.len() == now.steps.len()
        && saved.steps.iter().zip(&now.steps).all(same_step)
}

/// Steps of a tenant that are told.
const TOLD: usize = 5;

/// What differs between a tenant's saved plan and what would be done now.
fn differs(saved: &SavedTenant, now: &SavedTenant) -> String {
    let before = by_name(&saved.steps);
    let after = by_name(&now.steps);
    let gone = before.keys().filter(|step| !after.contains_key(*step));
    let gone = gone.map(|step| format!("no longer {step}"));
    let other = after.iter().filter_map(|(step, now)| change(step, before.get(step).copied(), now));
    let moved: Vec<String> = gone.chain(other).collect();
    let mut told: Vec<String> = Vec::new();
    if !moved.is_empty() {
        told.push(clauses(TOLD, moved, "step"));
    }
    if saved.sync != now.sync {
        told.push(format!("the sync is {} and was {}", now.sync, saved.sync));
    }
    if told.is_empty() {
        "the same steps, from other manifests or live values".to_owned()
    } else {
        all_clauses(told)
    }
}

/// What is new about a step, if anything is.
fn change(step: &str, before: Option<&SavedStep>, now: &SavedStep) -> Option<String> {
    match before {
        None => Some(format!("now also {step}{}", if now.runs { "" } else { ", which is held" })),
        Some(before) if before.runs != now.runs => {
            Some(format!("{step} {} now", if now.runs { "may run" } else { "is held" }))
        }
        Some(before) if before.changes != now.changes => {
            Some(format!("{step} changes something else"))
        }
        Some(_) => None,
    }
}

/// The steps of a tenant's plan, by action and user.
fn by_name(steps: &[SavedStep]) -> BTreeMap<String, &SavedStep> {
    steps.iter().map(|step| (format!("{} {}", step.action, step.user), step)).collect()
}

/// Saves a plan.
pub(super) fn write(plan: &Plan, file: &Path) -> Result<(), Failure> {
    let text = format!("{:#}\n", render::json(plan));
    private::write(file, &text).map_err(|error| {
        Failure::new(format!("the plan cannot be saved to {}: {error}", file.display()))
    })?;
    out::talk(&format!(
        "saved: `dialplane apply --plan {}` does exactly this, or nothing\n",
        file.display()
    ));
    Ok(())
}

/// Whether a file is a saved plan.
pub(super) fn is_saved(path: &Path) -> bool {
    let json = path.extension().is_some_and(|extension| extension == "json") && path.is_file();
    let text = json.then(|| file::read_text(path, MAX_BYTES).ok()).flatten();
    text.and_then(|text| serde_json::from_str::<Head>(&text).ok())
        .is_some_and(|head| head.kind == "Plan")
}
