//! What was sent and what came back, as JSON has it.

use serde_json::{Value, json};

use crate::model::{self, StepOutcome};

/// An outcome in a word, and why. A step without one was cut off.
pub(super) fn outcome(outcome: Option<&StepOutcome>) -> (&'static str, Option<&str>) {
    match outcome {
        Some(outcome) => (outcome.code(), outcome.reason()),
        None => ("unknown", Some("the process ended before the answer")),
    }
}

/// A value as JSON has it: numbers and flags as such, text as it is. A telephone number is text.
pub(super) fn value(value: &model::Value) -> Value {
    match value {
        model::Value::Gateway(id) => json!(id.get()),
        model::Value::Flag(flag) => json!(flag),
        model::Value::Text(text) => json!(&**text),
        model::Value::Phone(_) | model::Value::NoPhone => json!(value.to_string()),
    }
}
