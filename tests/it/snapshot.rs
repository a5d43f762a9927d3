//! Snapshots: text that people read, kept in a file that names its test.
//!
//! `snapshot!(text)` keeps a text, `snapshot!("case", text)` one of several of a test. The file
//! stands in `snapshots/` beside the test's own file: `it__plan__moves__a_swap@case.snap` is what
//! the test `plan::moves::a_swap` shows in that case. What differs from run to run has become a
//! word ([`crate::filters`]).
//!
//! A change on purpose: `INSTA_UPDATE=always cargo test --test it NAME`, then read the difference.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Compares a text with the one kept for this test, and this case of it.
macro_rules! snapshot {
    ($text:expr $(,)?) => {
        $crate::snapshot::snapshot!("", $text)
    };
    ($case:expr, $text:expr $(,)?) => {{
        let text = $crate::filters::plain(&$text);
        $crate::snapshot::settings(&$case).bind(|| insta::assert_snapshot!(text));
    }};
}
pub(crate) use snapshot;

/// How a snapshot of a case is kept.
pub(crate) fn settings(case: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    if !case.is_empty() {
        settings.set_snapshot_suffix(case);
    }
    settings
}

/// All files of kept text below a folder.
fn kept(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kept(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "snap") {
            found.push(path);
        }
    }
}

/// What is wrong with a kept file as far as its name and its first lines tell.
fn orphaned(root: &Path, snap: &Path) -> Option<String> {
    let name = snap.file_stem()?.to_str()?;
    let (test, case) = name.split_once('@').unwrap_or((name, ""));
    let Some((_, function)) = test.rsplit_once("__") else {
        return Some("its name has no test".to_owned());
    };
    let text = fs::read_to_string(snap).unwrap();
    let source = text.lines().find_map(|line| line.strip_prefix("source: "))?;
    let module = source.trim_start_matches("tests/").trim_end_matches(".rs");
    let module = module.trim_end_matches("/mod").replace('/', "__");
    if test != format!("{module}__{function}") {
        return Some(format!("its name and {source} differ"));
    }
    let numbered = name.rsplit_once('-').is_some_and(|(_, end)| end.parse::<u32>().is_ok());
    if numbered && case.is_empty() {
        return Some("a test with two snapshots has to name their cases".to_owned());
    }
    let code = fs::read_to_string(root.join(source)).unwrap_or_default();
    (!code.contains(&format!("fn {function}(")))
        .then(|| format!("no test of that name in {source}"))
}

/// Cases whose names are made while a test runs are watched by `.ci/run`.
#[test]
fn each_snapshot_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    kept(&root.join("tests"), &mut files);
    assert!(files.len() > 100, "{} snapshots", files.len());
    let orphans: BTreeMap<&PathBuf, String> =
        files.iter().filter_map(|file| Some((file, orphaned(root, file)?))).collect();
    assert!(orphans.is_empty(), "{orphans:#?}");
}
