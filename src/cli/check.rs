//! `validate`: manifests alone, offline.

use super::{
    args::{CheckOutput, Cli, Validate},
    exit::{Exit, Failure},
    manifests, out,
};
use crate::{plan::render::many, yaml::Diagnostic};

/// Checks manifests and tells every problem.
pub(super) fn validate(cli: &Cli, command: &Validate) -> Result<Exit, Failure> {
    let paths = if command.paths.is_empty() { manifests::settings(cli)?.manifests } else { command.paths.clone() };
    let looked = match manifests::look(&paths) {
        Ok(looked) => looked,
        Err(failure) => {
            let wholly = || serde_json::json!({ "file": null, "message": failure.message, "hint": failure.hint });
            let errors: Vec<_> = failure.diagnostics.iter().map(as_json).collect();
            let errors = if errors.is_empty() { vec![wholly()] } else { errors };
            match command.output {
                CheckOutput::Text => {}
                CheckOutput::Json => out::json(&as_value(0, 0, 0, &errors)),
                CheckOutput::Github => failure.diagnostics.iter().for_each(|diagnostic| out::data(&annotation(diagnostic))),
            }
            return Err(failure);
        }
    };
    let tenants = looked.in_force.desired.tenants.len();
    let users: usize = looked.in_force.desired.tenants.values().map(|tenant| tenant.users.len()).sum();
    let errors = looked.diagnostics.len();
    match command.output {
        CheckOutput::Text => {
            out::diagnostics(&looked.diagnostics);
            let count =
                format!("{}, {}, {}", many(looked.files.len(), "file"), many(tenants, "valid tenant"), many(users, "user"));
            match errors {
                0 => out::data(&format!("{count}: all valid\n")),
                errors => out::talk(&format!("{count}: {}\n", many(errors, "error"))),
            }
        }
        CheckOutput::Json => {
            let problems: Vec<_> = looked.diagnostics.iter().map(as_json).collect();
            out::json(&as_value(looked.files.len(), tenants, users, &problems));
        }
        CheckOutput::Github => looked.diagnostics.iter().for_each(|diagnostic| out::data(&annotation(diagnostic))),
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Error })
}

fn as_value(files: usize, tenants: usize, users: usize, errors: &[serde_json::Value]) -> serde_json::Value {
    serde_json::json!({
        "version": 1, "kind": "Validation", "files": files, "tenants": tenants, "users": users, "errors": errors,
    })
}

fn as_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let (line, column) = diagnostic.position().unzip();
    serde_json::json!({
        "file": diagnostic.file,
        "line": line,
        "column": column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    })
}

/// A workflow command: a message may not hold line breaks or percent signs, a property no commas and colons either.
fn annotation(diagnostic: &Diagnostic) -> String {
    let message = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| message(text).replace(':', "%3A").replace(',', "%2C");
    let place = diagnostic.position().map(|(line, column)| format!(",line={line},col={column}")).unwrap_or_default();
    let hint = diagnostic.hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    format!("::error file={}{place}::{}\n", property(&diagnostic.file), message(&format!("{}{hint}", diagnostic.message)))
}
