//! The files that a new repository begins with.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use crate::{config, import::File, manifest, snapshot::SheetCalling, words::list};

/// The settings, in the folder that is set up.
pub(super) const SETTINGS: &str = "dialplane.yaml";
/// The folder of the manifests.
pub(super) const MANIFESTS: &str = "manifests";
/// What git leaves alone, in the folder that is set up.
pub(super) const GITIGNORE: &str = ".gitignore";
/// What editors complete and check manifests with.
const SCHEMA: &str = "dialplane.schema.json";
/// The same for the settings.
const SETTINGS_SCHEMA: &str = "dialplane-config.schema.json";
/// The workflow of GitHub that plans pull requests.
pub(super) const WORKFLOW: &str = ".github/workflows/plan.yml";
/// The action that it uses.
const ACTION: &str = ".github/actions/dialplane/action.yml";

/// The fleet of the demonstration: a test holds that it is the whole folder.
pub(super) const DEMO: &[(&str, &str)] = &[
    ("manifests/contoso/leavers.yaml", include_str!("../../../manifests/contoso/leavers.yaml")),
    ("manifests/contoso/london.yaml", include_str!("../../../manifests/contoso/london.yaml")),
    ("manifests/contoso/sales.yaml", include_str!("../../../manifests/contoso/sales.yaml")),
    (
        "manifests/contoso/shared-phones.yaml",
        include_str!("../../../manifests/contoso/shared-phones.yaml"),
    ),
    ("manifests/contoso/support.yaml", include_str!("../../../manifests/contoso/support.yaml")),
    ("manifests/contoso/tenant.yaml", include_str!("../../../manifests/contoso/tenant.yaml")),
    ("manifests/fabrikam.yaml", include_str!("../../../manifests/fabrikam.yaml")),
    ("manifests/northwind/berlin.yaml", include_str!("../../../manifests/northwind/berlin.yaml")),
    (
        "manifests/northwind/melbourne.yaml",
        include_str!("../../../manifests/northwind/melbourne.yaml"),
    ),
    ("manifests/northwind/sydney.yaml", include_str!("../../../manifests/northwind/sydney.yaml")),
    ("manifests/northwind/tenant.yaml", include_str!("../../../manifests/northwind/tenant.yaml")),
    ("manifests/tailspin.yaml", include_str!("../../../manifests/tailspin.yaml")),
    (
        "manifests/woodgrove/branches.yaml",
        include_str!("../../../manifests/woodgrove/branches.yaml"),
    ),
    ("manifests/woodgrove/tenant.yaml", include_str!("../../../manifests/woodgrove/tenant.yaml")),
    ("manifests/woodgrove/trading.yaml", include_str!("../../../manifests/woodgrove/trading.yaml")),
];

/// The settings for each way to begin.
pub(super) fn settings(text: &str) -> File {
    with_schema(SETTINGS, text, SETTINGS_SCHEMA)
}

/// The settings for a list of the portal: how calling is read from it if it does not say that
/// itself, and the headings that are not those of the portal.
pub(super) fn settings_for_list(
    user: Option<&str>,
    calling: Option<&SheetCalling>,
    fields: Option<&BTreeMap<String, String>>,
) -> File {
    let mut file = settings(include_str!("csv.yaml"));
    // A text of JSON is one of YAML.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    if user.is_some() || calling.is_some() || fields.is_some() {
        file.text.push_str("\nlive:\n  portal:\n");
    }
    // Writing to a string cannot fail.
    if let Some(user) = user {
        let _ = writeln!(file.text, "    user: {}", quoted(user));
    }
    if let Some(SheetCalling { column, enabled, disabled }) = calling {
        let words = |words: &[String]| list(words.iter().map(|word| quoted(word)));
        let _ = writeln!(
            file.text,
            "    calling: {{ column: {}, enabled: [{}], disabled: \
                [{}] }}",
            quoted(column),
            words(enabled),
            words(disabled)
        );
    }
    if let Some(fields) = fields {
        let all =
            list(fields.iter().map(|(field, heading)| format!("{field}: {}", quoted(heading))));
        let _ = writeln!(file.text, "    fields: {{ {all} }}");
    }
    file
}

/// The manifests of the demonstration.
pub(super) fn demo() -> Vec<File> {
    DEMO.iter().map(|(path, text)| with_schema(path, text, SCHEMA)).collect()
}

/// Manifests as they are imported, below the folder of manifests.
pub(super) fn imported(files: Vec<File>) -> Vec<File> {
    let below = |file: File| with_schema(&format!("{MANIFESTS}/{}", file.path), &file.text, SCHEMA);
    files.into_iter().map(below).collect()
}

/// A file whose first line tells editors where its schema is.
fn with_schema(path: &str, text: &str, schema: &str) -> File {
    let up = "../".repeat(path.matches('/').count());
    let text = format!("# yaml-language-server: $schema={up}{schema}\n{text}");
    File { path: path.to_owned(), text }
}

/// The schemas themselves.
pub(super) fn schemas() -> [File; 2] {
    [(SCHEMA, manifest::json_schema()), (SETTINGS_SCHEMA, config::json_schema())]
        .map(|(path, schema)| File { path: path.to_owned(), text: format!("{schema:#}\n") })
}

/// The workflow and the action that it uses.
pub(super) fn workflow() -> [File; 2] {
    [
        (WORKFLOW, include_str!("../../../examples/github/plan.yml")),
        (ACTION, include_str!("../../../examples/github/action/action.yml")),
    ]
    .map(|(path, text)| File { path: path.to_owned(), text: text.to_owned() })
}

/// What is missing in a `.gitignore` that holds `found`: the lines to be added.
pub(super) fn ignored(found: &str, lines: &[&str]) -> String {
    let known = |line: &str| found.lines().any(|known| known.trim() == line);
    let missing: Vec<&str> = lines.iter().copied().filter(|line| !known(line)).collect();
    if missing.is_empty() {
        return String::new();
    }
    let end = if found.is_empty() || found.ends_with('\n') { "" } else { "\n" };
    format!("{end}{}\n", missing.join("\n"))
}

/// Where a file goes.
pub(super) fn place(folder: &Path, file: &File) -> PathBuf {
    folder.join(&file.path)
}
