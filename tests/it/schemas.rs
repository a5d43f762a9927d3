//! What editors are told of the configuration: each key with its sentence and an example, and the
//! schema that the examples are held against.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use dialplane::{config, manifest};
use serde_json::Value;

/// Keys that an example makes up: names of tenants, accounts, sources and receivers, what a body
/// carries, and the words of comments that look like keys.
const NAMES: [&str; 14] = [
    "contoso",
    "emea",
    "eu",
    "us",
    "pbx",
    "fleet",
    "lab",
    "on-call",
    "actionType",
    "tenantId",
    "start",
    "length",
    "or",
    "yaml-language-server",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each key with its schema, told as `HOLDER/KEY`.
fn keys(whole: &Value) -> Vec<(String, &Value)> {
    let definitions = whole["$defs"].as_object().unwrap();
    let own = definitions.iter().map(|(name, definition)| (name.as_str(), definition));
    let holders = own.chain([("Settings", whole)]);
    let mut found = Vec::new();
    for (holder, schema) in holders {
        let keys = schema["properties"].as_object().into_iter().flatten();
        found.extend(keys.map(|(key, schema)| (format!("{holder}/{key}"), schema)));
    }
    found
}

#[test]
fn each_key_of_the_configuration_has_a_sentence_and_examples_that_fit() {
    let whole = config::json_schema();
    let found = keys(&whole);
    assert!(found.len() > 120, "{}", found.len());
    for (name, schema) in found {
        let said = schema["description"].as_str().unwrap_or_default();
        assert!(said.ends_with('.'), "{name} is not described: {said}");
        let examples =
            schema["examples"].as_array().unwrap_or_else(|| panic!("{name}: no example"));
        let mut own = schema.clone();
        own["$defs"] = whole["$defs"].clone();
        let fits = jsonschema::validator_for(&own).unwrap();
        for example in examples {
            assert!(fits.is_valid(example), "{name}: {example} does not fit");
        }
    }
}

/// The lines of the complete configuration, also those in comments: what they name is in the schema,
/// and what the schema has is named.
#[test]
fn the_schema_has_each_documented_setting_and_no_other() {
    let whole = config::json_schema();
    let keys = keys(&whole);
    let known: BTreeSet<&str> =
        keys.iter().map(|(name, _)| name.split_once('/').unwrap().1).collect();
    let text = fs::read_to_string(root().join("examples/dialplane.yaml")).unwrap();
    // Inside of a line, too: `{ file: PATH }`.
    let key = regex::Regex::new(r"(?m)(?:^[\s#]*|[{,]\s*)([A-Za-z][A-Za-z-]*):(?:\s|$)").unwrap();
    let shown: BTreeSet<&str> =
        key.captures_iter(&text).map(|it| it.get(1).unwrap().as_str()).collect();
    let missing: Vec<_> = known.difference(&shown).collect();
    assert!(missing.is_empty(), "the complete configuration does not show {missing:?}");
    let fields: BTreeSet<&str> = dialplane::model::Field::ALL.iter().map(|it| it.name()).collect();
    let odd: Vec<_> = shown
        .difference(&known)
        .filter(|key| !NAMES.contains(key) && !fields.contains(*key))
        .collect();
    assert!(odd.is_empty(), "the schema does not know {odd:?}");
}

/// The files with settings that are shipped, and those that `init` writes.
fn settings() -> Vec<PathBuf> {
    let init = ["account", "csv", "demo", "graph"];
    let init = init.map(|name| root().join(format!("src/cli/init/{name}.yaml")));
    let folders = fs::read_dir(root().join("examples")).unwrap();
    let examples = folders.map(|entry| entry.unwrap().path().join("dialplane.yaml"));
    let examples = examples.filter(|path| path.is_file());
    init.into_iter().chain(examples).chain([root().join("examples/dialplane.yaml")]).collect()
}

#[test]
fn each_shipped_configuration_fits_its_schema() {
    let schema = config::json_schema();
    let fits = jsonschema::validator_for(&schema).unwrap();
    let files = settings();
    assert!(files.len() > 8, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let value: Value = serde_yaml::from_str(&text).unwrap();
        let wrong: Vec<String> = fits.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
    }
}

/// What is wrong in form is seen by both, and what is right by both.
#[test]
fn the_program_and_the_schema_agree() {
    let schema = config::json_schema();
    let fits = jsonschema::validator_for(&schema).unwrap();
    let account = "connectToTeams: { clientId: a, clientSecret: { env: B }, username: c, password: \
        { file: d }";
    for (text, right) in [
        (format!("{account} }}"), true),
        (format!("{account}, endpoints: {{ sync: {{ body: wrapped }} }} }}"), true),
        (
            format!(
                "{account}, endpoints: {{ sync: {{ body: {{ a: '{{authorisation}}' }} }} }} }}"
            ),
            true,
        ),
        // Nothing but comments below it.
        (format!("{account}, endpoints: }}"), true),
        ("run:".into(), true),
        ("connectToTeams:".into(), true),
        (format!("{account}, endpoints: {{ sync: {{ body: twice }} }} }}"), false),
        (format!("{account}, endpoints: {{ sink: {{ body: flat }} }} }}"), false),
        (format!("{account}, timeout: 60 }}"), false),
        (format!("{account}, timeout: 1m 30s }}"), true),
        (
            "connectToTeams: { clientId: a, clientSecret: hunter2, username: c, password: d }"
                .into(),
            false,
        ),
        ("manifests: here".into(), true),
        ("manifests: [here, there]".into(), true),
        ("manifests: { a: b }".into(), false),
        ("run: { resync: 15m }".into(), true),
        ("run: { resinc: 15m }".into(), false),
        ("run: { resync: soon }".into(), false),
        ("notices: { receivers: { a: { kind: slack, url: { env: A } } } }".into(), true),
        ("notices: { receivers: { a: { kind: irc, url: { env: A } } } }".into(), false),
        ("notices: { receivers: { a: { kind: slack } } }".into(), false),
        ("server: { listen: '127.0.0.1:8406' }".into(), true),
        ("server: { token: { env: A, file: b } }".into(), false),
        ("git: { url: 'https://git.acme.example/a.git', forcePush: hold }".into(), true),
        ("git: { branch: main }".into(), false),
        ("stop: maybe".into(), false),
    ] {
        let parsed = config::parse("dialplane.yaml", &text, std::iter::empty());
        assert_eq!(parsed.is_ok(), right, "{text}: {parsed:?}");
        let value: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(fits.is_valid(&value), right, "{text}");
    }
}

/// The schemas that the examples name are there, and those of this version.
/// `INSTA_UPDATE=always` writes them.
#[test]
fn each_example_names_its_schema() {
    for (name, schema) in [
        ("dialplane.schema.json", manifest::json_schema()),
        ("dialplane-config.schema.json", config::json_schema()),
    ] {
        let path = root().join("examples").join(name);
        let text = format!("{schema:#}\n");
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{name} is not up to date");
    }
    let shipped = glob::glob(&format!("{}/examples/*/manifests/**/*.yaml", root().display()));
    let manifests = shipped.unwrap().map(|path| (path.unwrap(), "dialplane.schema.json"));
    let settings = settings().into_iter().filter(|path| !path.to_string_lossy().contains("/init/"));
    let settings = settings.map(|path| (path, "dialplane-config.schema.json"));
    for (path, schema) in manifests.chain(settings) {
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().next().unwrap_or_default();
        let named = line.strip_prefix("# yaml-language-server: $schema=");
        let named = named.unwrap_or_else(|| panic!("{}: {line}", path.display()));
        assert!(named.ends_with(schema), "{}: {named}", path.display());
        assert!(path.with_file_name(named).is_file(), "{}: {named}", path.display());
    }
}
