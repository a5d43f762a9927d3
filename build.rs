//! Tells the program of which commit it is, for `dialplane --version`. What is installed asks git;
//! builds to try things in do not, so a commit does not make them build again.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-env-changed=DIALPLANE_COMMIT");
    let is_named = env::var_os("DIALPLANE_COMMIT").is_some_and(|commit| !commit.is_empty());
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_named || !is_release {
        println!("cargo::rerun-if-changed=build.rs");
        return;
    }
    println!("cargo::rerun-if-changed=src");
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    if let Some(commit) = commit() {
        println!("cargo::rustc-env=DIALPLANE_COMMIT={commit}");
    }
}

/// The commit of this folder, marked if something was changed since. Nothing where it is a part of
/// something else.
fn commit() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let here = env::var_os("CARGO_MANIFEST_DIR")?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&here).canonicalize().ok()? {
        return None;
    }
    git(&["describe", "--always", "--exclude=*", "--dirty=, changed"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    let text = text.trim();
    (done.status.success() && !text.is_empty()).then(|| text.to_owned())
}
