//! How far this machine saw the chain of each tenant: a file beside the database, so a database that
//! lost acknowledged entries is noticed by a process that starts afterwards as well.
//!
//! A record of fixed length for each tenant, replaced in its place.
//!
//! **Invariant:** a mark is written after the database has answered, so it never tells of an entry
//! that was not acknowledged. An older mark is still true.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::{
    journal::{
        OpenError,
        chain::{Hash, Link},
    },
    model::TenantId,
    words::hex,
};

/// The file in the state folder.
const FILE: &str = "journal.seen";
/// The length of a record, with the end of its line.
const RECORD: usize = 256;
/// So much of the hash over a record is kept with it.
const CHECK: usize = 16;

/// How far the chain of a tenant was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeenChain {
    /// A person had accepted so often what was there.
    pub(super) epoch: i64,
    pub(super) link: Link,
}

/// What the database has of a tenant that was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoundChain {
    pub(super) now: SeenChain,
    /// The hash of the entry that was seen, if it is still kept.
    pub(super) there: Option<Hash>,
}

/// The marks of a machine.
pub(super) type SeenChains = BTreeMap<TenantId, SeenChain>;

/// The file, open to write.
#[derive(Debug)]
pub(super) struct SeenFile {
    file: File,
    marks: BTreeMap<TenantId, (u64, SeenChain)>,
    /// That it could not be written was told.
    is_told: bool,
}

#[derive(Deserialize)]
struct SeenRecord {
    tenant: String,
    epoch: i64,
    sequence: i64,
    hash: String,
    check: String,
}

impl SeenChain {
    /// Why the database does not go on where this was seen, if it does not. A person who has
    /// accepted since has judged it.
    pub(super) fn is_lost(&self, found: Option<&FoundChain>) -> Option<String> {
        let known = self.link.sequence;
        let Some(FoundChain { now, there }) = found else {
            return Some(went_back(Link::default(), known));
        };
        if now.epoch > self.epoch {
            return None;
        }
        let is_same = now.epoch == self.epoch
            && now.link.sequence >= known
            && there.is_none_or(|hash| hash == self.link.hash);
        (!is_same).then(|| went_back(now.link, known))
    }

    fn place(&self) -> (i64, i64) {
        (self.epoch, self.link.sequence)
    }
}

impl SeenFile {
    /// Reads what was seen before, and keeps the file to write.
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(FILE);
        let at = |source| OpenError::Io { path: path.clone(), source };
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = how.open(&path).map_err(at)?;
        let marks = read(folder)?;
        let numbered = (0..).zip(marks).map(|(place, (tenant, mark))| (tenant, (place, mark)));
        let mut seen = Self { file, marks: numbered.collect(), is_told: false };
        // One record a tenant, whatever a crash has left.
        let text: String =
            seen.marks.iter().map(|(tenant, (_, mark))| text(tenant, *mark)).collect();
        let new = folder.join(format!("{FILE}.new"));
        how.truncate(true);
        seen.file = how.open(&new).map_err(at)?;
        seen.file.write_all_at(text.as_bytes(), 0).map_err(at)?;
        seen.file.sync_all().map_err(at)?;
        fs::rename(&new, &path).map_err(at)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
        Ok(seen)
    }

    /// What was seen of all tenants.
    pub(super) fn marks(&self) -> SeenChains {
        self.marks.iter().map(|(tenant, (_, mark))| (tenant.clone(), *mark)).collect()
    }

    /// An entry was acknowledged, or read as one that was. It is not flushed.
    pub(super) fn note(&mut self, tenant: &TenantId, mark: SeenChain) {
        let next = u64::try_from(self.marks.len()).unwrap_or(u64::MAX);
        let place = match self.marks.get(tenant) {
            Some((_, before)) if mark.place() <= before.place() => return,
            Some((place, _)) => *place,
            None if mark.link.sequence == 0 => return,
            None => next,
        };
        let length = u64::try_from(RECORD).unwrap_or_default();
        let record = text(tenant, mark);
        match self.file.write_all_at(record.as_bytes(), place.saturating_mul(length)) {
            Ok(()) => {
                self.marks.insert(tenant.clone(), (place, mark));
            }
            Err(error) if !self.is_told => {
                self.is_told = true;
                warn!(
                    hint = "make room in the state folder: if the database loses entries, a service \
                        that starts here may not notice",
                    "how far the journal was seen cannot be kept: {error}"
                );
            }
            Err(_) => {}
        }
    }
}

/// What was seen on the machine of this folder. Nothing if nothing was.
pub(super) fn read(folder: &Path) -> Result<SeenChains, OpenError> {
    let path = folder.join(FILE);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(SeenChains::new()),
        Err(source) => return Err(OpenError::Io { path, source }),
        Ok(bytes) => bytes,
    };
    let mut marks = SeenChains::new();
    // The last one may not have been written to its end: it was never a mark.
    for record in bytes.chunks_exact(RECORD) {
        if record.iter().all(|byte| *byte == 0) {
            continue;
        }
        let Some((tenant, mark)) = parse(record) else {
            return Err(OpenError::Database {
                place: path.display().to_string(),
                reason: "it does not say any more how far the journal was seen here".to_owned(),
                hint: "nothing was changed; see with `dialplane journal check` elsewhere that the \
                    database has all; `dialplane journal accept` here goes on with what it has",
            });
        };
        marks.insert(tenant, mark);
    }
    Ok(marks)
}

/// How a chain that ends there lacks an entry that was acknowledged.
pub(super) fn went_back(head: Link, known: i64) -> String {
    let last = head.sequence;
    if last < known {
        format!(
            "it ends at entry {last}, but {known} was acknowledged: the database lost entries, as \
                when a standby takes over that was behind, or a backup is brought back"
        )
    } else {
        format!("its entry {known} is not the one that was acknowledged")
    }
}

/// Lets go of what was seen here: a person has accepted what the database has.
pub(super) fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn text(tenant: &TenantId, SeenChain { epoch, link }: SeenChain) -> String {
    let Link { sequence, hash } = link;
    let hash = hex(&hash);
    let check = check(tenant.as_str(), epoch, sequence, &hash);
    let record = format!(
        "{{\"tenant\":\"{tenant}\",\"epoch\":{epoch},\"sequence\":{sequence},\"hash\":\"{hash}\",\
            \"check\":\"{check}\"}}"
    );
    format!("{record:<width$}\n", width = RECORD - 1)
}

fn check(tenant: &str, epoch: i64, sequence: i64, hash: &str) -> String {
    let mut check = hex(&Sha256::digest(format!("{tenant} {epoch} {sequence} {hash}")));
    check.truncate(CHECK);
    check
}

fn parse(record: &[u8]) -> Option<(TenantId, SeenChain)> {
    let SeenRecord { tenant, epoch, sequence, hash, check } =
        serde_json::from_slice(record).ok()?;
    if self::check(&tenant, epoch, sequence, &hash) != check {
        return None;
    }
    let link = Link { sequence, hash: bytes(&hash)? };
    Some((TenantId::parse(&tenant).ok()?, SeenChain { epoch, link }))
}

fn bytes(hex: &str) -> Option<Hash> {
    let digits = hex.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn mark(epoch: i64, sequence: i64, byte: u8) -> SeenChain {
        SeenChain { epoch, link: Link { sequence, hash: [byte; 32] } }
    }

    fn id(number: u8) -> Result<TenantId, String> {
        TenantId::parse(&format!("00000000-0000-4000-8000-0000000000{number:02x}"))
    }

    #[test]
    fn what_was_seen_is_there_after_a_restart_and_never_goes_back() -> Outcome {
        let folder = tempfile::tempdir()?;
        let mut seen = SeenFile::open(folder.path())?;
        for (tenant, mark) in [
            (1, mark(0, 7, 1)),
            (2, mark(3, i64::MAX, 2)),
            (1, mark(0, 9, 3)),
            (1, mark(0, 8, 4)),
            (3, mark(0, 0, 0)),
            (1, mark(1, 2, 5)),
            (1, mark(0, 99, 6)),
        ] {
            seen.note(&id(tenant)?, mark);
        }
        let right = SeenChains::from([(id(1)?, mark(1, 2, 5)), (id(2)?, mark(3, i64::MAX, 2))]);
        assert_eq!((seen.marks(), read(folder.path())?), (right.clone(), right.clone()));
        let mut again = SeenFile::open(folder.path())?;
        again.note(&id(4)?, mark(0, 1, 1));
        assert_eq!(read(folder.path())?.len(), 3);
        assert_eq!(fs::metadata(folder.path().join(FILE))?.len(), 3 * 256);
        forget(folder.path())?;
        forget(folder.path())?;
        assert_eq!(read(folder.path())?, SeenChains::new());
        Ok(())
    }

    #[test]
    fn a_record_that_was_never_finished_is_none_and_one_that_was_changed_is_told() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(FILE);
        let whole = text(&id(1)?, mark(0, 7, 1));
        fs::write(&path, whole.clone() + &whole[..100])?;
        assert_eq!(read(folder.path())?.len(), 1);
        fs::write(&path, [whole.as_bytes(), &[0; RECORD]].concat())?;
        assert_eq!(SeenFile::open(folder.path())?.marks().len(), 1);
        for byte in 0..whole.trim_end().len() {
            let mut damaged = whole.clone().into_bytes();
            damaged[byte] ^= 1;
            fs::write(&path, damaged)?;
            assert!(read(folder.path()).is_err(), "byte {byte}");
        }
        Ok(())
    }

    #[test]
    fn entries_are_missed_that_are_gone_or_are_others_unless_a_person_has_accepted_since() {
        let seen = mark(2, 7, 1);
        let found = |epoch, sequence, there: Option<u8>| {
            let there = there.map(|byte| [byte; 32]);
            seen.is_lost(Some(&FoundChain { now: mark(epoch, sequence, 9), there })).is_some()
        };
        assert!(seen.is_lost(None).is_some(), "all is gone");
        assert!(found(2, 6, None), "the last one is gone");
        assert!(found(2, 7, Some(2)) && found(2, 9, Some(2)), "it is another one");
        assert!(found(1, 7, Some(1)), "the acceptance is gone");
        assert!(!found(2, 7, Some(1)) && !found(2, 9, Some(1)));
        assert!(!found(2, 9, None), "it is too old to be kept");
        assert!(!found(3, 1, None), "a person has judged it");
    }
}
