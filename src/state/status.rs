//! What the service last said of itself, in a file: health checks need no port, and a look works
//! after its end as well.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::reconcile::Ending;

/// The file in the state folder.
pub(super) const FILE: &str = "status.json";

/// The service at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The version of this shape.
    pub version: u32,
    /// The process.
    pub process: u32,
    /// When this was written.
    pub at: Timestamp,
    /// Until when it counts; a service that is alive writes a new one before.
    pub until: Timestamp,
    /// Mistakes in the manifests that were looked at last.
    pub manifest_errors: usize,
    /// The tenants by name.
    pub tenants: Vec<Tenant>,
}

/// One tenant at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its name.
    pub tenant: String,
    /// How its last pass ended.
    pub last: Option<Ending>,
    /// When.
    pub last_at: Option<Timestamp>,
    /// When the next pass is due; absent while one runs.
    pub next_at: Option<Timestamp>,
    /// What is wrong with the tenant's manifests.
    pub note: Option<String>,
    /// How many managed users Teams shows as the service does, and of how many, where that is
    /// asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<(usize, usize)>,
    /// What its last plan could not do. Absent before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// What a plan shows and does not do. The words mean what they mean in a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// What holds the whole tenant, if anything but its mode does.
    pub hold: Option<String>,
    /// The steps that are held, if the tenant as a whole is not.
    pub held_steps: usize,
    /// Users for whom nothing can be planned.
    pub problems: usize,
    /// What differs and is only shown, because the mode is `report`.
    pub drift: usize,
}

impl Status {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    /// Writes it beside and puts it in place, so that a reader never meets half of it.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let beside: PathBuf = folder.join(format!("{FILE}.new"));
        fs::create_dir_all(folder)?;
        // It names customers and users.
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        fs::rename(&beside, folder.join(FILE))
    }

    /// Reads what was last written; absent if no service ever ran here.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                let path = folder.join(FILE);
                io::Error::other(format!(
                    "{} is damaged ({error}); it may be deleted",
                    path.display()
                ))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
