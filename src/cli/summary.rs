//! The summary of a job of a GitHub workflow: a page below its log.

use std::{env, fs::OpenOptions, io::Write as _, path::PathBuf};

use super::out;
use crate::{foreign, words::system};

/// A summary may have 1 MiB.
pub(super) const PAGE: usize = 1_000_000;

/// Adds a page to the summary, if a workflow runs this.
pub(super) fn add(page: &str) {
    let Some(file) = env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return;
    };
    let file = PathBuf::from(file);
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut summary| summary.write_all(foreign::printable(page).as_bytes()));
    if let Err(error) = written {
        let shown = foreign::line(file.display());
        out::talk(&format!("warning: the summary {shown} cannot be written: {}\n", system(error)));
    }
}
