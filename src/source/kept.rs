//! Reads the files that live state is kept in: snapshots of `observe`, and lists that the portal
//! exported.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

use crate::{
    config::Live,
    file,
    model::{Fault, FaultKind, TenantName},
    snapshot::{Sheet, Snapshot},
    words::{self, clauses},
    yaml::Diagnostic,
};

/// The largest file that is read: a fleet of a million users takes about 300 MiB, and this one is
/// held in memory.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// What to do where there is no live state to read.
const LIVE_STATE: &str =
    "name a snapshot (.json), a list of the portal (.csv), or a folder of them";
/// What to do about a list that is no text, as spreadsheets save one unless they are asked.
const LIST: &str = "in a spreadsheet: save it as \"CSV UTF-8\", and name that file";

/// The files that tenants with `live: file` are read from. They are read again when they have
/// changed.
#[derive(Debug)]
pub struct SnapshotFiles {
    path: PathBuf,
    max_age: Duration,
    sheet: Sheet,
    last: Mutex<Option<SnapshotVersion>>,
}

/// What tells one version of the files from another: name, time and length of each.
type FolderStamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// One version of the files, and what it holds.
type SnapshotVersion = (FolderStamp, Result<Arc<Snapshot>, Fault>);

impl SnapshotFiles {
    /// Those that the settings name, if they name any. Nothing is read yet.
    #[must_use]
    pub fn new(settings: &Live) -> Option<Self> {
        let path = settings.file.clone()?;
        Some(Self {
            path,
            max_age: settings.max_age,
            sheet: settings.portal.clone(),
            last: Mutex::default(),
        })
    }

    /// How old an observation may be.
    #[must_use]
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// What they hold now. Blocks while they are read.
    pub fn read(&self) -> Result<Arc<Snapshot>, Fault> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        match &*last {
            Some((known, read)) if *known == stamp => read.clone(),
            _ => {
                let read = read_kept(&self.path, &self.sheet)
                    .map(Arc::new)
                    .map_err(|problems| self.fault(&problems));
                *last = Some((stamp, read.clone()));
                read
            }
        }
    }

    fn fault(&self, problems: &[Diagnostic]) -> Fault {
        let path = self.path.display();
        let told = problems.iter().map(|problem| problem.message.as_str());
        let told = clauses(1, told, "problem");
        Fault::new(FaultKind::Garbled, format!("{path} cannot be used: {told}"))
            .hint(format!("`dialplane plan --live {path}` shows each problem at its place"))
    }
}

fn stamp(path: &Path) -> FolderStamp {
    let of = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        (path, modified, metadata.map_or(0, |metadata| metadata.len()))
    };
    files(path).unwrap_or_default().into_iter().map(of).collect()
}

/// Reads what `path` holds: a `.json` file, a `.csv` file, or a folder whose files of both kinds
/// are put together. All problems of all files, if there are any.
pub fn read_kept(path: &Path, sheet: &Sheet) -> Result<Snapshot, Vec<Diagnostic>> {
    let name = path.display().to_string();
    let mut snapshot = Snapshot::new(name.as_str());
    let mut problems = Vec::new();
    let files = files(path).unwrap_or_else(|reason| {
        problems.push(whole(&name, format!("no live state here: {reason}"), LIVE_STATE));
        Vec::new()
    });
    for file in files {
        problems.extend(add(&mut snapshot, &file, sheet).err().unwrap_or_default());
    }
    if problems.is_empty() { Ok(snapshot) } else { Err(problems) }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !fs::metadata(path).map_err(words::system)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(words::system)?;
    let visible = |path: &PathBuf| {
        path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
    };
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(visible).collect();
    files.retain(|path| is(path, "json") || is(path, "csv"));
    files.sort();
    if files.is_empty() {
        Err("there is no .json and no .csv file in this folder".to_owned())
    } else {
        Ok(files)
    }
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn add(snapshot: &mut Snapshot, path: &Path, sheet: &Sheet) -> Result<(), Vec<Diagnostic>> {
    let name = path.display().to_string();
    let refuse = |reason: String, hint: &str| vec![whole(&name, reason, hint)];
    let metadata = fs::metadata(path)
        .map_err(|error| refuse(words::system(error), "check that the file can be read"))?;
    let text = file::read_text(path, MAX_BYTES)
        .map_err(|reason| refuse(reason, if is(path, "csv") { LIST } else { LIVE_STATE }))?;
    if !is(path, "csv") {
        return snapshot.add_json(&name, &text);
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let tenant = TenantName::parse(&stem).map_err(|_| {
        refuse(
            format!(
                "`{stem}` is not the name of a tenant: such a list does not say whose users it \
                    names, so its file has to"
            ),
            "call the file after the tenant's name or id, such as contoso.csv",
        )
    })?;
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    snapshot.add_sheet(&name, &text, tenant, modified.unwrap_or(Timestamp::UNIX_EPOCH), sheet)
}

fn whole(file: &str, message: String, hint: &str) -> Diagnostic {
    Diagnostic::of_file(file, message, Some(hint.to_owned()))
}
