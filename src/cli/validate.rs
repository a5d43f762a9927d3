//! `validate`: manifests alone, offline.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use super::{
    annotations,
    args::Global,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    named_secrets, out,
};
use crate::{source::Sources, words::many, yaml::Diagnostic};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders with manifests [default: `manifests` of the configuration]; single files
    /// of those are checked against all the others, and only what concerns them is told
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
    let (mut looked, named) = match look(global, command) {
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
    if command.paths.is_empty() {
        // What the manifests name is of use with these settings only.
        let settings = manifests::settings(global)?;
        let texts = || looked.texts().unwrap_or_default();
        let unknown = named_secrets::unknown(&looked.in_force.desired, &settings, texts);
        looked.warnings.extend(unknown);
    }
    let tenants = looked.in_force.desired.tenants.len();
    let users: usize =
        looked.in_force.desired.tenants.values().map(|tenant| tenant.users.len()).sum();
    let errors = looked.diagnostics.len();
    let files = many(looked.files, "file");
    let count = match named {
        Some(named) => format!("{named} of {files}"),
        None => {
            format!("{files}, {}, {}", many(tenants, "valid tenant"), many(users, "user"))
        }
    };
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

/// The manifests, and the files of which alone something is told.
fn look(global: &Global, command: &Arguments) -> Result<(FoundManifests, Option<usize>), Failure> {
    if command.paths.is_empty() {
        let settings = manifests::settings(global)?;
        return Ok((manifests::look(&manifests::sources(&[], &settings))?, None));
    }
    let Some(all) = around(global, &command.paths) else {
        return Ok((manifests::look(&Sources::folders(&command.paths))?, None));
    };
    let mut looked = manifests::look(&Sources::folders(&all))?;
    let named: BTreeSet<PathBuf> =
        command.paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let is_named =
        |file: &str| Path::new(file).canonicalize().is_ok_and(|file| named.contains(&file));
    let concerns = |problem: &Diagnostic| {
        is_named(&problem.file) || problem.labels.iter().any(|label| is_named(&label.file))
    };
    looked.diagnostics.retain(concerns);
    looked.warnings.retain(concerns);
    Ok((looked, Some(named.len())))
}

/// The manifests of the configuration, if all these are single files of them.
fn around(global: &Global, paths: &[PathBuf]) -> Option<Vec<PathBuf>> {
    let all = manifests::sources(&[], &manifests::settings(global).ok()?).paths();
    let folders: Vec<PathBuf> = all.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let is_inside = |path: &PathBuf| {
        path.is_file()
            && path.canonicalize().is_ok_and(|path| {
                folders.iter().any(|folder| path != *folder && path.starts_with(folder))
            })
    };
    paths.iter().all(is_inside).then_some(all)
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
