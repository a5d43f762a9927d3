//! What the last plan of each tenant said, in files of their own beside the journal: replaced with
//! each plan, and only for people who ask.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::model::{TenantId, Verdict};

/// The folder in the state folder.
const FOLDER: &str = "last";

fn file(folder: &Path, tenant: &TenantId) -> PathBuf {
    folder.join(FOLDER).join(format!("{tenant}.json"))
}

/// Keeps it. Written beside and put in place, so a reader never meets half of it.
pub(super) fn write(folder: &Path, tenant: &TenantId, verdict: &Verdict) -> io::Result<()> {
    let file = file(folder, tenant);
    let beside = file.with_extension("new");
    fs::create_dir_all(folder.join(FOLDER))?;
    fs::write(&beside, serde_json::to_vec(verdict)?)?;
    fs::rename(&beside, file)
}

/// What was last kept. Nothing if nothing was, or if it cannot be understood: it is only a help.
pub(super) fn read(folder: &Path, tenant: &TenantId) -> Option<Verdict> {
    let bytes = fs::read(file(folder, tenant)).ok()?;
    serde_json::from_slice(&bytes)
        .ok()
        .filter(|verdict: &Verdict| verdict.version == Verdict::VERSION)
}
