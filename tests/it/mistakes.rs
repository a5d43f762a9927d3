//! One file for each mistake that a person can make, and what that person then reads. A new file is
//! a new case.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use crate::snapshot::snapshot;
use dialplane::{
    manifest::{LoadedManifests, ManifestFile, load},
    yaml::render,
};

/// Names and texts of all cases. Those whose name starts with `fine` hold no mistake.
fn cases() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes");
    let mut cases: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    cases.sort();
    cases
}

fn look(name: &str, text: &str) -> LoadedManifests {
    load(&[ManifestFile::new(&format!("{name}.yaml"), text)])
}

/// What a person reads, and what becomes of the tenants.
fn told(loaded: &LoadedManifests) -> String {
    let rendered: Vec<String> = loaded.diagnostics.iter().map(render).collect();
    let broken: Vec<&str> =
        loaded.broken.keys().map(dialplane::model::TenantName::as_str).collect();
    let used = loaded.desired.tenants.values().map(|tenant| {
        let held = if tenant.incomplete.is_some() { ", removals held" } else { "" };
        format!("{}: {} users{held}", tenant.name, tenant.users.len())
    });
    format!(
        "{}\nused: [{}]\nbroken: [{}]\n",
        anstream::adapter::strip_str(&rendered.join("\n")),
        used.collect::<Vec<_>>().join("; "),
        broken.join(", ")
    )
}

#[test]
fn each_mistake_is_told_in_plain_words() {
    let mut changed = Vec::new();
    for (name, text) in cases() {
        let told = told(&look(&name, &text));
        let same = catch_unwind(AssertUnwindSafe(|| {
            snapshot!(name, told);
        }));
        if same.is_err() {
            changed.push(name);
        }
    }
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn every_mistake_is_found_and_has_a_place() {
    let mut poor = Vec::new();
    for (name, text) in cases() {
        let loaded = look(&name, &text);
        if name.starts_with("fine") != loaded.diagnostics.is_empty() {
            poor.push(format!("{name}: {} problems", loaded.diagnostics.len()));
        }
        for diagnostic in &loaded.diagnostics {
            if diagnostic.place.is_none() {
                poor.push(format!("{name}: no place: {}", diagnostic.message));
            }
        }
    }
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

#[test]
fn no_word_of_the_machinery_reaches_people() {
    let machinery = [
        "struct",
        "newtype",
        "enum ",
        "variant",
        "i64",
        "u64",
        "u8",
        "u32",
        "unit",
        "invalid type",
        "serde",
        "sequence",
        "tuple",
    ];
    let mut leaks = Vec::new();
    for (name, text) in cases() {
        for diagnostic in look(&name, &text).diagnostics {
            let words =
                format!("{} {}", diagnostic.message, diagnostic.hint.as_deref().unwrap_or(""));
            // The YAML parser speaks of block sequences; its sentences stand behind these words.
            if !words.starts_with("not valid YAML")
                && machinery.iter().any(|word| words.contains(word))
            {
                leaks.push(format!("{name}: {words}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn a_secret_is_not_repeated() {
    for name in ["secret", "secret_in_defaults"] {
        let (_, text) = cases().into_iter().find(|(case, _)| case == name).unwrap();
        let loaded = look(name, &text);
        assert!(text.contains("hunter2") && !loaded.diagnostics.is_empty());
        assert!(!told(&loaded).contains("hunter2"), "{}", told(&loaded));
    }
}

#[test]
fn no_snapshot_has_outlived_its_case() {
    let known: BTreeSet<String> = cases().into_iter().map(|(name, _)| name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().to_string_lossy().into_owned();
        let case =
            file.strip_prefix("it__mistakes__mistake@").and_then(|rest| rest.strip_suffix(".snap"));
        assert!(case.is_none_or(|case| known.contains(case)), "{file} has no case");
    }
}
