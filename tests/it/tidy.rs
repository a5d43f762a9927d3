//! The house rules that no lint can say: who may use whom, how long a file may be, that every
//! module says what it is for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a source file, at most. Longer ones have become two rooms.
const MAX_LINES: usize = 540;

/// The rooms that every other may use: text, and nothing of what it is about.
const EVERYWHERE: [&str; 2] = ["foreign", "words"];

/// What each room may use from the crate, and which outside crates it may not name.
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("foreign", &[], &["tokio", "reqwest", "notify", "tracing", "std::fs"]),
    ("words", &[], &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now"]),
    ("style", &[], &["tokio", "reqwest", "notify", "tracing", "std::fs"]),
    ("guide", &[], &["std"]),
    ("model", &[], &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now"]),
    ("yaml", &[], &["tokio", "reqwest", "notify", "tracing", "std::fs"]),
    ("manifest", &["model", "yaml"], &["tokio", "reqwest", "notify", "tracing", "std::fs"]),
    (
        "plan",
        &["model", "style"],
        &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now", "Instant::now"],
    ),
    (
        "reconcile",
        &["model"],
        &["tokio", "reqwest", "notify", "std::fs", "Timestamp::now", "Instant::now"],
    ),
    (
        "board",
        &["execute", "manifest", "model", "plan", "reconcile", "yaml"],
        &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now", "Instant::now"],
    ),
    ("ports", &["model"], &["tokio", "reqwest", "notify", "std::fs"]),
    ("execute", &["model", "plan", "ports"], &["reqwest", "notify", "std::fs", "Timestamp::now"]),
    (
        "pass",
        &["config", "execute", "manifest", "model", "plan", "ports", "stop"],
        &["reqwest", "notify", "std::fs", "Timestamp::now"],
    ),
    ("file", &[], &["tokio", "reqwest", "notify", "tracing"]),
    ("config", &["file", "model", "snapshot", "yaml"], &["reqwest", "notify"]),
    ("api", &["model", "ports", "config"], &["notify", "std::fs"]),
    (
        "readers",
        &["api", "model", "ports", "snapshot", "source"],
        &["reqwest", "notify", "std::fs"],
    ),
    (
        "import",
        &["manifest", "model", "snapshot", "yaml"],
        &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now"],
    ),
    (
        "snapshot",
        &["model", "ports", "yaml"],
        &["tokio", "reqwest", "notify", "tracing", "std::fs", "Timestamp::now"],
    ),
    ("source", &["config", "file", "manifest", "model", "ports", "snapshot", "yaml"], &["reqwest"]),
    ("state", &["board", "config", "model", "ports"], &["reqwest", "notify"]),
    ("stop", &["model", "ports"], &["reqwest", "notify", "tokio"]),
    ("sandbox", &["model", "ports"], &["reqwest", "notify"]),
    (
        "daemon",
        &[
            "board",
            "config",
            "execute",
            "manifest",
            "model",
            "pass",
            "plan",
            "ports",
            "reconcile",
            "source",
            "stop",
            "yaml",
        ],
        &["reqwest", "notify::", "std::fs"],
    ),
    (
        "cli",
        &[
            "api", "board", "config", "daemon", "execute", "file", "import", "manifest", "model",
            "pass", "plan", "ports", "readers", "sandbox", "snapshot", "source", "state", "stop",
            "style", "yaml",
        ],
        &["reqwest", "notify::"],
    ),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The room of a file below `src`: its folder, or its own name.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file: without comments and without what stands behind `#[cfg(test)]`.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a file names: `crate::room` and every `room` of `use crate::{...}`.
fn used(code: &str, rooms: &[&str]) -> Vec<String> {
    let mut used = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => used.push(
                rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned(),
            ),
            Some(group) => {
                let mut depth = 0;
                let mut word = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 && (c.is_alphanumeric() || c == '_') {
                        word.push(c);
                    } else {
                        if depth == 0 || c == '{' {
                            used.push(std::mem::take(&mut word));
                        }
                        word.clear();
                    }
                }
                used.push(word);
            }
        }
    }
    used.retain(|name| rooms.contains(&name.as_str()));
    used
}

#[test]
fn each_room_uses_only_what_it_may() {
    let rooms: Vec<&str> = RULES.iter().map(|(room, ..)| *room).collect();
    let rules: BTreeMap<&str, (&[&str], &[&str])> =
        RULES.iter().map(|(room, may, never)| (*room, (*may, *never))).collect();
    let mut broken = Vec::new();
    let mut looked = 0;
    for path in files(&root().join("src")) {
        let name = room(&path);
        if matches!(name.as_str(), "lib" | "main") || path.ends_with("tests.rs") {
            continue;
        }
        let (may, never) =
            rules.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no rule: add one"));
        let code = code(&fs::read_to_string(&path).unwrap());
        looked += 1;
        for other in used(&code, &rooms) {
            if other != name
                && !EVERYWHERE.contains(&other.as_str())
                && !may.contains(&other.as_str())
            {
                broken.push(format!("{}: {name} may not use {other}", path.display()));
            }
        }
        for word in never.iter().filter(|word| code.contains(*word)) {
            broken.push(format!("{}: {name} may not name {word}", path.display()));
        }
    }
    assert!(looked > 50, "only {looked} files were looked at");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_rules_see_every_form_of_use() {
    let rooms = ["api", "model", "plan", "ports"];
    assert_eq!(
        used("use crate::{api::{self, x}, model::Upn, plan};", &rooms),
        ["api", "model", "plan"]
    );
    assert_eq!(used("fn f(x: &crate::ports::Fault) {}", &rooms), ["ports"]);
    assert_eq!(used("use crate::model::{api, plan};", &rooms), ["model"]);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut broken = Vec::new();
    for path in files(&root().join("src")).into_iter().chain(files(&root().join("tests"))) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > MAX_LINES {
            broken.push(format!("{}: {lines} lines", path.display()));
        }
        if !text.starts_with("//! ") {
            broken.push(format!("{}: does not open with its purpose", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_the_command_line_prints_and_only_main_ends_the_program() {
    for path in files(&root().join("src")) {
        let code = code(&fs::read_to_string(&path).unwrap());
        let name = room(&path);
        let prints = ["println!", "eprintln!", "print!(", "dbg!", "stdout()", "stderr()"]
            .iter()
            .any(|word| code.contains(word));
        assert!(!prints || matches!(name.as_str(), "cli" | "main"), "{} prints", path.display());
        assert!(!code.contains("process::exit"), "{} ends the program", path.display());
    }
}

/// Files below `src` whose code holds a word.
fn holders(word: &str) -> Vec<String> {
    let all = files(&root().join("src"))
        .into_iter()
        .filter(|path| code(&fs::read_to_string(path).unwrap()).contains(word));
    all.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

#[test]
fn one_path_of_the_program_alone_can_end_credentials() {
    let named: Vec<String> = holders("regenerateAPICredentials")
        .into_iter()
        .filter(|path| !path.starts_with("src/sandbox/"))
        .collect();
    // The settings name it to refuse it.
    assert_eq!(named, ["src/api/connecttoteams/regenerate.rs", "src/config/endpoints.rs"]);
    assert_eq!(
        holders("Regenerator"),
        ["src/api/connecttoteams/regenerate.rs", "src/cli/credentials.rs"]
    );
}

#[test]
fn the_doctor_is_handed_nothing_that_writes() {
    for word in ["writer(", "Writer", "Provisioner", "Executor", "Regenerator"] {
        let doctors: Vec<String> =
            holders(word).into_iter().filter(|path| path.contains("cli/doctor")).collect();
        assert!(doctors.is_empty(), "{doctors:?} name {word}");
    }
}
