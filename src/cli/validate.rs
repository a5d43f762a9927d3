//! `validate`: manifests alone, offline.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    annotations,
    args::Global,
    exit::{Exit, Failure},
    manifests::{self, Looked},
    out,
};
use crate::{words::many, yaml::Diagnostic};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// How problems are shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// With the source lines, for people
    Text,
    /// One JSON object
    Json,
    /// Annotations of a GitHub workflow
    Github,
}

/// Checks manifests and tells every problem.
pub(super) fn validate(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let looked = match look(global, command) {
        Ok(looked) => looked,
        Err(failure) => {
            let wholly = || serde_json::json!({ "file": null, "message": failure.message, "hint": failure.hint });
            let errors: Vec<_> = failure.diagnostics.iter().map(as_json).collect();
            let errors = if errors.is_empty() { vec![wholly()] } else { errors };
            match command.output {
                Output::Text => {}
                Output::Json => out::json(&as_value(0, 0, 0, &errors, &[])),
                Output::Github => annotations::failure(&failure),
            }
            return Err(failure);
        }
    };
    let tenants = looked.in_force.desired.tenants.len();
    let users: usize =
        looked.in_force.desired.tenants.values().map(|tenant| tenant.users.len()).sum();
    let errors = looked.diagnostics.len();
    let count = format!(
        "{}, {}, {}",
        many(looked.files, "file"),
        many(tenants, "valid tenant"),
        many(users, "user")
    );
    match command.output {
        Output::Text => {
            out::warnings(&looked.warnings);
            out::diagnostics(&looked.diagnostics);
            match errors {
                0 if looked.warnings.is_empty() => out::data(&format!("{count}: all valid\n")),
                0 => out::data(&format!(
                    "{count}: valid, with {}\n",
                    many(looked.warnings.len(), "warning")
                )),
                errors => out::talk(&format!("{count}: {}\n", many(errors, "error"))),
            }
        }
        Output::Json => {
            let problems: Vec<_> = looked.diagnostics.iter().map(as_json).collect();
            let warnings: Vec<_> = looked.warnings.iter().map(as_json).collect();
            out::json(&as_value(looked.files, tenants, users, &problems, &warnings));
        }
        Output::Github => {
            annotations::warnings(&looked.warnings);
            annotations::write(&looked.diagnostics);
            let end = if errors == 0 { "all valid".to_owned() } else { many(errors, "error") };
            out::talk(&format!("{count}: {end}\n"));
        }
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Error })
}

fn look(global: &Global, command: &Arguments) -> Result<Looked, Failure> {
    let paths = if command.paths.is_empty() {
        manifests::settings(global)?.manifests
    } else {
        command.paths.clone()
    };
    manifests::look(&paths)
}

fn as_value(
    files: usize,
    tenants: usize,
    users: usize,
    errors: &[serde_json::Value],
    warnings: &[serde_json::Value],
) -> serde_json::Value {
    serde_json::json!({
        "version": 1, "kind": "Validation", "files": files, "tenants": tenants, "users": users, "errors": errors,
        "warnings": warnings,
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
