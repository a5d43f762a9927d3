//! `apply --plan FILE`: exactly the plan that was saved with `plan --output json`, or nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::exit::Failure;
use crate::plan::{Plan, render};

/// Leaves the tenants of the saved plan, if what would be done for them now is what it says.
pub(super) fn only(plan: &mut Plan, file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{shown}: {error}")))?;
    let wrong = |what: &str| {
        Failure::new(format!("{shown} is no saved plan: {what}")).hint("save one with `dialplane plan --output json > plan.json`")
    };
    let saved: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    if (&saved["kind"], &saved["version"]) != (&json!("Plan"), &json!(1)) {
        return Err(wrong("`kind: Plan` and `version: 1` are expected"));
    }
    let tenants = saved["tenants"].as_array().ok_or_else(|| wrong("it has no list of tenants"))?;
    let name = |tenant: &Value| tenant["tenant"].as_str().unwrap_or_default().to_owned();
    plan.tenants.retain(|now| tenants.iter().any(|saved| name(saved) == now.tenant.as_str()));
    let now = render::json(plan);
    let now: Vec<&Value> = now["tenants"].as_array().into_iter().flatten().collect();
    let same = |saved: &&Value| now.iter().any(|now| essence(now) == essence(saved));
    let moved: Vec<String> = tenants.iter().filter(|saved| !same(saved)).map(name).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let message = format!("{shown} is not what would be done now, so nothing is done; it has moved in {}", moved.join(", "));
    Err(Failure::new(message)
        .hint("manifests, live state or what is held have changed since it was saved: look at the plan again"))
}

/// What of a tenant's plan decides what is sent.
fn essence(tenant: &Value) -> Value {
    let steps = tenant["steps"].as_array().into_iter().flatten();
    let runs: Vec<Value> = steps.map(|step| json!([step["user"], step["action"], step["runs"]])).collect();
    json!([tenant["tenant"], tenant["fingerprint"], tenant["sync"], runs])
}
