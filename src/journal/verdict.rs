//! What the last plan of each tenant said, in files of their own beside the journal: replaced with
//! each plan, and only for people who ask.

use std::{fs, io, path::Path};

use super::beside::put;
use crate::model::{TenantId, Verdict};

/// The folder in the state folder.
const FOLDER: &str = "last";

fn name(tenant: &TenantId) -> String {
    format!("{tenant}.json")
}

/// Keeps it.
pub(super) fn write(folder: &Path, tenant: &TenantId, verdict: &Verdict) -> io::Result<()> {
    put(&folder.join(FOLDER), &name(tenant), &serde_json::to_vec(verdict)?)
}

/// What was last kept. Nothing if nothing was, or if it cannot be understood: it is only a help.
pub(super) fn read(folder: &Path, tenant: &TenantId) -> Option<Verdict> {
    let bytes = fs::read(folder.join(FOLDER).join(name(tenant))).ok()?;
    serde_json::from_slice(&bytes)
        .ok()
        .filter(|verdict: &Verdict| verdict.version == Verdict::VERSION)
}
