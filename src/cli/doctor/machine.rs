//! What can be checked without the service: manifests, journal, watching.

use std::{fs, io::ErrorKind, path::PathBuf};

use super::{
    super::{
        exit::Failure,
        manifests::{self, FoundManifests},
    },
    Checks,
};
use crate::{
    journal::{Finding, Grade, JournalLocation, JournalSize},
    source::{self, Sources, Watch},
    stop::StopSwitch,
    words::{self, many},
};

pub(super) async fn manifests(checks: &mut Checks, sources: &Sources) -> Option<FoundManifests> {
    if let Some((error, path)) =
        sources.paths().into_iter().find_map(|path| Some((fs::metadata(&path).err()?, path)))
    {
        let remedy = "make the folder, name another one (`manifests` in the configuration, or as \
            an argument), or write a first tenant with `dialplane import --out`; `dialplane init` \
            sets up all of it";
        let finding = match error.kind() {
            ErrorKind::NotFound => format!("`{}` is not there", path.display()),
            _ => format!("{}: {}", path.display(), words::system(error)),
        };
        checks.fail("manifests", finding, remedy);
        return None;
    }
    let named = sources.clone();
    // What is fetched was asked for before, and told.
    let looked = tokio::task::spawn_blocking(move || manifests::look_at_kept(&named)).await;
    let looked = match looked.unwrap_or_else(|error| Err(Failure::new(error))) {
        Ok(looked) => looked,
        Err(failure) => {
            let first = failure.diagnostics.first();
            let Some(first) = first else {
                // A beginner has none yet.
                checks.warn("manifests", failure.message, failure.hint.unwrap_or_default());
                return None;
            };
            let finding = format!("{}: {}: {}", failure.message, first.file, first.message);
            checks.fail("manifests", finding, failure.hint.unwrap_or_default());
            return None;
        }
    };
    let tenants = &looked.in_force.desired.tenants;
    let users: usize = tenants.values().map(|tenant| tenant.users.len()).sum();
    match looked.diagnostics.len() {
        0 => checks.pass(
            "manifests",
            format!(
                "{}, {}, {}",
                many(looked.files, "file"),
                many(tenants.len(), "tenant"),
                many(users, "user")
            ),
        ),
        errors => checks.fail(
            "manifests",
            many(errors, "error"),
            "`dialplane validate` shows each of them",
        ),
    }
    for warning in &looked.warnings {
        checks.warn(
            "manifests",
            format!("{}: {}", warning.file, warning.message),
            warning.hint.clone().unwrap_or_default(),
        );
    }
    Some(looked)
}

pub(super) async fn journal(checks: &mut Checks, place: &JournalLocation) {
    let mut reachable = true;
    for Finding { grade, text, hint } in place.examine().await {
        match grade {
            Grade::Pass => checks.pass("database", text),
            Grade::Warn => checks.warn("database", text, hint),
            Grade::Fail => {
                checks.fail("database", text, hint);
                reachable = false;
            }
        }
    }
    if !reachable {
        return;
    }
    if let Err(error) = place.look().await {
        let hint = error.hint();
        checks.fail("journal", error.to_string(), hint);
        return;
    }
    if let Err(error) = place.try_to_write().await {
        checks.fail(
            "journal",
            format!("{place} cannot be written: {}", words::system(error)),
            "make room there and make it writable for this user; in another `state.path` nothing is \
                known of earlier runs",
        );
        return;
    }
    let about = place.about().await;
    if let Some(Finding { text, hint, .. }) = about.as_ref().ok().and_then(JournalSize::doubt) {
        checks.warn("journal", text, hint);
    }
    let held = match about {
        Ok(about) if about.last.is_some() => format!(": {about}"),
        _ => String::new(),
    };
    match place.is_held().await {
        Ok(true) => checks
            .pass("journal", format!("{place} can be written, and a running dialplane does{held}")),
        Ok(false) => checks.pass("journal", format!("{place} can be written{held}")),
        Err(error) => {
            checks.fail(
                "journal",
                format!("{place}: {}", words::system(error)),
                "make it readable for this user",
            );
        }
    }
}

/// Whether everything is stopped.
pub(super) fn stop(checks: &mut Checks, switch: &StopSwitch) {
    match switch.state() {
        None => checks.pass("stop switch", "it is off"),
        Some(stopped) => checks.fail("stop switch", stopped.message, stopped.hint),
    }
}

/// Whether the author of what is carried out can be named.
pub(super) fn revision(checks: &mut Checks, paths: &[PathBuf]) {
    match source::look_up(paths) {
        Ok(revision) => checks.pass("revision", revision.to_string()),
        Err(unknown) => {
            let finding = format!("unknown, so no author is on record: {unknown}");
            match unknown.hint {
                Some(hint) => checks.warn("revision", finding, hint),
                None => checks.pass("revision", finding),
            }
        }
    }
}

pub(super) fn watching(checks: &mut Checks, paths: &[PathBuf]) {
    let remedy = "changes are then found on an interval only (`run.poll`)";
    if let Err((error, hint)) = Watch::check(paths) {
        checks.warn("watching", error, format!("{hint}; {remedy}"));
        return;
    }
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches")
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match (folders(paths), limit) {
        (folders, Some(limit)) if folders.saturating_mul(2) > limit => checks.warn(
            "watching",
            format!("{} of the {limit} watches of this user are needed", many(folders, "folder")),
            format!("raise the sysctl fs.inotify.max_user_watches; {remedy}"),
        ),
        (folders, _) => checks.pass("watching", many(folders, "folder")),
    }
}

fn folders(paths: &[PathBuf]) -> usize {
    let all = paths.iter().flat_map(|path| walkdir::WalkDir::new(path).follow_links(false));
    all.filter_map(Result::ok).filter(|entry| entry.file_type().is_dir()).count()
}
