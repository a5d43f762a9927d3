//! Tells the program of which commit it is, for `dialplane --version`. What is installed asks git;
//! builds to try things in do not, so a commit does not make them build again.

use std::{env, ffi::OsStr, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-env-changed=DIALPLANE_COMMIT");
    let named = env::var_os("DIALPLANE_COMMIT");
    let profile = env::var("PROFILE").unwrap_or_default();
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let here = Path::new(&here);
    if !asks_git(named.as_deref(), &profile) {
        println!("cargo::rerun-if-changed=build.rs");
        return;
    }
    println!("cargo::rerun-if-changed=src");
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(here, &["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    if let Some(commit) = commit(here) {
        println!("cargo::rustc-env=DIALPLANE_COMMIT={commit}");
    }
}

/// Whether git is asked: for what is installed, unless the commit is named already.
pub(crate) fn asks_git(named: Option<&OsStr>, profile: &str) -> bool {
    named.is_none_or(OsStr::is_empty) && profile == "release"
}

/// The commit of a folder, marked if something was changed since. Nothing where it is a part of
/// something else.
pub(crate) fn commit(here: &Path) -> Option<String> {
    let top = git(here, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != here.canonicalize().ok()? {
        return None;
    }
    git(here, &["describe", "--always", "--exclude=*", "--dirty=, changed"])
}

fn git(here: &Path, arguments: &[&str]) -> Option<String> {
    let mut asked = Command::new("git");
    // A hook of another repository may have started this.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        asked.env_remove(name);
    }
    let done = asked.current_dir(here).args(arguments).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    let text = text.trim();
    (done.status.success() && !text.is_empty()).then(|| text.to_owned())
}
