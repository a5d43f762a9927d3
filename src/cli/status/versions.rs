//! Which versions of the manifests are in force, as text.

use std::fmt;

use jiff::Timestamp;

use crate::{
    board::{Commit, Status},
    foreign::line,
    style::{FAINT, YELLOW},
    words::many,
};

/// Which versions are in force since when, if any is, and why newer ones are not.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    status: &Status,
    since: impl Fn(Timestamp) -> String,
) -> fmt::Result {
    let manifests = &status.manifests;
    if let Some(at) = manifests.taken_at {
        let what = if status.carries_out() { "in force" } else { "unchanged here" };
        let revision = manifests.revision.as_ref().map(revision).unwrap_or_default();
        let comma = if revision.contains(',') { "," } else { "" };
        writeln!(f, "manifests:{revision}{comma} {what} for {}", since(at))?;
    }
    if manifests.errors > 0 {
        let errors = many(manifests.errors, "error");
        writeln!(
            f,
            "{YELLOW}{errors} in the manifests{YELLOW:#}; `dialplane validate` shows them"
        )?;
    }
    let is_one_of_several = manifests.sources.len() > 1;
    for source in &manifests.sources {
        let name = line(&source.name);
        let Some(trouble) = &source.trouble else {
            // A single one is told above.
            if let Some(commit) = source.revision.as_ref().filter(|_| is_one_of_several) {
                let branch = line(&source.branch);
                writeln!(f, "    {FAINT}{name}, branch {branch}:{}{FAINT:#}", revision(commit))?;
            }
            continue;
        };
        let told = since(trouble.since);
        let reason = line(&trouble.reason);
        let in_force = &source.revision;
        // A source without a name is called by its address.
        let source = if is_one_of_several { format!("source {name}: ") } else { String::new() };
        writeln!(f, "{YELLOW}{source}{reason}{YELLOW:#}; for {told}")?;
        let stays = in_force.as_ref().map_or_else(
            || "nothing of it is in force".to_owned(),
            |commit| format!("{} stays in force", line(short(commit))),
        );
        writeln!(f, "    {stays}; {FAINT}hint: {}{FAINT:#}", line(&trouble.hint))?;
    }
    Ok(())
}

/// A version, with those who made and signed it.
fn revision(commit: &Commit) -> String {
    let by = commit.author.as_ref().map(|author| format!(" by {}", line(author)));
    let signed = commit.signer.as_ref().map(|signer| format!(", signed by {}", line(signer)));
    let edited = if commit.edited { ", edited since" } else { "" };
    let by = by.unwrap_or_default();
    let signed = signed.unwrap_or_default();
    format!(" {}{by}{signed}{edited}", line(short(commit)))
}

fn short(commit: &Commit) -> &str {
    commit.commit.get(..12).unwrap_or(&commit.commit)
}
