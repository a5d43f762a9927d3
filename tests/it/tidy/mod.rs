//! The house rules that no lint can say: who may use whom, how long a file may be, that every
//! module says what it is for.

mod circles;
mod closures;
mod imports;
mod names;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use closures::Closure;
use imports::{Module, Modules, Name};

/// Lines of a source file, at most. Longer ones have become two rooms.
const MAX_LINES: usize = 400;

/// Lines inside a closure, at most. A longer one has deserved a name.
const MAX_CLOSURE: usize = 7;

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
    ("journal", &["board", "config", "model", "ports"], &["reqwest", "notify"]),
    ("stop", &["model", "ports"], &["reqwest", "notify", "tokio"]),
    ("sandbox", &["model", "ports"], &["reqwest", "notify"]),
    ("control", &["execute", "model", "plan"], &["reqwest", "notify::"]),
    ("server", &["board", "config", "control", "model"], &["reqwest", "notify", "std::fs"]),
    (
        "notices",
        &["board", "model", "ports"],
        &["reqwest", "notify::", "std::fs", "Timestamp::now"],
    ),
    (
        "daemon",
        &[
            "board",
            "config",
            "control",
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
            "api", "board", "config", "control", "daemon", "execute", "file", "guide", "import",
            "journal", "manifest", "model", "notices", "pass", "plan", "ports", "readers",
            "sandbox", "server", "snapshot", "source", "stop", "style", "yaml",
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

/// All modules, tests among them; `lib.rs` and `main.rs` only put the rooms together.
fn modules() -> Modules {
    let src = root().join("src");
    let mut all = files(&src);
    all.retain(|path| !path.ends_with("src/lib.rs") && !path.ends_with("src/main.rs"));
    Modules::read(&src, &all)
}

/// The code of a room's files, without its unit tests.
fn code_of(name: &str) -> Vec<(String, String)> {
    let all = files(&root().join("src")).into_iter();
    let own = all.filter(|path| room(path) == name && !path.ends_with("tests.rs"));
    own.map(|path| (path.display().to_string(), code(&fs::read_to_string(&path).unwrap())))
        .collect()
}

#[test]
fn each_room_uses_only_what_it_may() {
    let modules = modules();
    let mut broken = Vec::new();
    for module in modules.0.values() {
        let name = &module.name[0];
        let (_, may, _) = RULES
            .iter()
            .find(|(room, ..)| room == name)
            .unwrap_or_else(|| panic!("{name} has no rule: add one"));
        for used in modules.used_by(module) {
            let other = used[0].as_str();
            if other != name && !EVERYWHERE.contains(&other) && !may.contains(&other) {
                broken.push(format!("{}: {name} may not use {other}", module.name.join("/")));
            }
        }
    }
    assert!(modules.0.len() > 200, "only {} modules were looked at", modules.0.len());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether a text has this word, or the beginning of one: `sd_notify::` is not `notify::`.
fn names(code: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(inside))
}

#[test]
fn each_room_names_only_the_outside_crates_that_it_may() {
    let mut broken = Vec::new();
    for (room, _, never) in RULES {
        for (path, code) in code_of(room) {
            let named = never.iter().filter(|word| names(&code, word));
            broken.extend(named.map(|word| format!("{path}: {room} may not name {word}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The parts of a module are its files and folders. Its root puts them together and may hold what
/// they share; between the parts, imports go one way. What a root hands on counts as the part that
/// defines it.
#[test]
fn the_parts_of_a_module_import_each_other_in_one_direction() {
    let circles = circles::circles(&modules());
    let told: Vec<String> = circles.iter().map(|circle| circle.join(" ")).collect();
    assert!(told.is_empty(), "in a circle:\n{}", told.join("\n"));
}

/// What a file `plan/text.rs` with this text uses, beside these other modules.
fn used(text: &str, others: &[&str]) -> Vec<String> {
    let name_of = |path: &str| -> Name { path.split('/').map(str::to_owned).collect() };
    let all = ["plan", "plan/text"].iter().chain(others).map(|path| name_of(path));
    let names: BTreeSet<Name> = all.collect();
    let read = |name: &Name| {
        let handed_on = "pub use hold::Hold; mod hold;";
        let text = match name.join("/").as_str() {
            "plan/text" => text,
            "plan" => handed_on,
            _ => "",
        };
        (name.clone(), Module::read(name.clone(), text, &names))
    };
    let modules = Modules(names.iter().map(read).collect());
    let used = modules.used_by(&modules.0[&name_of("plan/text")]);
    used.into_iter().map(|name| name.join("/")).collect()
}

#[test]
fn the_rules_see_every_form_of_use() {
    let all = ["api", "api/http", "model", "ports", "plan/hold", "plan/diff"];
    for (text, sees) in [
        ("use crate::{api::{self, x}, model::Upn};", vec!["api", "model"]),
        ("fn f(x: &crate::ports::Fault) {}", vec!["ports"]),
        ("use crate::model::{api, plan};", vec!["model"]),
        ("use super::super::api::http::get;", vec!["api/http"]),
        ("use super::super as up; fn f() { up::api::get() }", vec!["api"]),
        ("use crate as us; fn f() { us::api::http::get() }", vec!["api/http"]),
        ("use crate::api as service; fn f() { service::http::get() }", vec!["api", "api/http"]),
        ("use super::Hold;", vec!["plan/hold"]),
        ("fn f() -> super::diff::Diff { self::g() }", vec!["plan/diff"]),
        ("mod tests { use super::*; use super::super::diff; }", vec!["plan/diff"]),
        ("fn f() { write!(out, \"{}\", crate::model::word()) }", vec!["model"]),
        ("// use crate::api;\nconst X: &str = \"crate::model::Upn\";", vec![]),
    ] {
        assert_eq!(used(text, &all), sees, "{text}");
    }
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
fn closures_are_short() {
    let mut seen = 0;
    let mut long = Vec::new();
    for path in files(&root().join("src")) {
        for closure in closures::of(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            if closure.inside > MAX_CLOSURE {
                let Closure { line, inside } = closure;
                long.push(format!("{}:{line}: {inside} lines", path.display()));
            }
        }
    }
    assert!(seen > 2000, "only {seen} closures were looked at");
    assert!(long.is_empty(), "give these functions names:\n{}", long.join("\n"));
}

/// `let (a, b) = (x, y);` is two in one line; what a call returns may be taken apart, and two things
/// may be asked at once whether they are there.
#[test]
fn a_let_binds_one_thing() {
    let packed = |line: &str| {
        let names =
            line.trim_start().strip_prefix("let (").and_then(|rest| rest.split_once(") = ("));
        names.is_some_and(|(names, _)| !names.contains('('))
    };
    let mut broken = Vec::new();
    for path in files(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().enumerate().filter(|(_, line)| packed(line));
        broken.extend(lines.map(|(at, _)| format!("{}:{}", path.display(), at + 1)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_form_of_closure_is_measured() {
    for (text, inside) in [
        ("let f = |x| x + 1;", vec![0]),
        ("f(|x| {\n1;\n2;\n3\n})", vec![3]),
        ("f(a, move || -> Result<A, B> {\n1;\n2\n})", vec![2]),
        ("f(|x| async move {\n1;\n2\n}, y)", vec![2]),
        ("f(|A { x, .. }, (y, z): (u8, u8)| Self {\nx,\ny,\nz,\n})", vec![3]),
        ("let f = |x| match x {\n1 => 2,\n_ => 3,\n};", vec![2]),
        ("f(&|x| {\ng(|y| {\n1\n});\n2\n})", vec![4, 1]),
        ("for x in a.iter().filter(|x| x.is_on()) {\n1;\n2;\n}", vec![0]),
        ("if a || b {\n1;\n2;\n}", vec![]),
        ("match x {\nA(_) | B(_) => {\n1;\n2;\n}\nC => |x| x,\n}", vec![0]),
        ("let x = (a() | b) | C {\nx,\ny,\n};", vec![]),
    ] {
        let found = closures::of(text).into_iter().map(|closure| closure.inside);
        assert_eq!(found.collect::<Vec<_>>(), inside, "{text}");
    }
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
fn one_room_alone_talks_to_a_database_over_a_network() {
    let named = holders("tokio_postgres");
    let elsewhere: Vec<&String> =
        named.iter().filter(|path| !path.starts_with("src/journal/postgres/")).collect();
    assert!(!named.is_empty() && elsewhere.is_empty(), "{elsewhere:?} name tokio_postgres");
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
fn one_path_of_the_program_alone_makes_the_account_of_the_call_app() {
    let named: Vec<String> = holders("configureValetServiceAccount")
        .into_iter()
        .filter(|path| !path.starts_with("src/sandbox/"))
        .collect();
    // The settings name it to refuse it.
    assert_eq!(named, ["src/api/connecttoteams/call_app.rs", "src/config/endpoints.rs"]);
    assert_eq!(
        holders("AccountMaker"),
        ["src/api/connecttoteams/call_app.rs", "src/cli/call_app.rs"]
    );
}

#[test]
fn the_doctor_is_handed_nothing_that_writes() {
    for word in ["writer(", "Writer", "Provisioner", "Executor", "Regenerator", "AccountMaker"] {
        let doctors: Vec<String> =
            holders(word).into_iter().filter(|path| path.contains("cli/doctor")).collect();
        assert!(doctors.is_empty(), "{doctors:?} name {word}");
    }
}

/// Whoever starts the program in another way hands it the variables of whoever runs the tests.
#[test]
fn tests_start_the_program_through_the_stage_alone() {
    let program = concat!("CARGO_BIN_EXE", "_dialplane");
    let starts: Vec<PathBuf> = files(&root().join("tests"))
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains(program))
        .collect();
    assert_eq!(starts, [root().join("tests/it/stage.rs")]);
}
