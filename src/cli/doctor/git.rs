//! Branches that manifests come from: git itself, the server, the branch, its folder.

use super::Checks;
use crate::source::{Sources, git_version};

/// The oldest git that is known to do what is asked of it.
const OLDEST: (u32, u32) = (2, 34);

/// Checks what branches elsewhere need; nothing if there are none.
pub(super) async fn branches(checks: &mut Checks, sources: &Sources) {
    if sources.reports().is_empty() {
        return;
    }
    let asked = sources.clone();
    let version = tokio::task::spawn_blocking(git_version).await;
    match version.ok().flatten() {
        None => {
            let remedy = "install git 2.34 or newer where this program finds it (`PATH`)";
            checks.fail("git", "there is no program `git`, which fetches manifests", remedy);
            return;
        }
        Some((version, words)) if version < OLDEST => {
            let (major, minor) = OLDEST;
            checks.warn("git", words, format!("update it to {major}.{minor} or newer"));
        }
        Some((_, words)) => checks.pass("git", words),
    }
    // What it fails with is told source by source.
    let fetched = tokio::task::spawn_blocking(move || asked.ask_all());
    let _ = fetched.await;
    for report in sources.reports() {
        let name = format!("{}, branch `{}`", report.name, report.branch);
        match (report.trouble, report.revision) {
            (Some((trouble, _)), _) => {
                checks.fail("source", format!("{name}: {trouble}"), trouble.hint);
            }
            (None, Some(revision)) => checks.pass("source", format!("{name}: {revision}")),
            (None, None) => checks.fail("source", format!("{name}: given up"), "try it again"),
        }
    }
}
