//! The stop switch: while it is on, nothing is written to any service.
//!
//! ```text
//! executor --> Stoppable (is it on? then nothing was sent) --> Provisioner
//! ```
//!
//! It is on while the setting says so, or while the stop file is there. The file may say who
//! stopped, when and why; an empty one stops as well. Where machines share a journal, it is on as
//! well while the switch beside that journal is.
//!
//! **Invariant:** it fails closed: what cannot be looked at counts as on. It is looked at before
//! each call that writes, so it also ends a run under way, and every writer is handed a
//! [`Stoppable`] and nothing else.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

pub use crate::model::StopNote;
use crate::{
    foreign::typed,
    model::{Call, Consent, Fault, FaultKind, StopSeen, TenantRef},
    ports::{CommonStop, Permit, Provisioner},
    words::{self, time},
};

/// The most that is read of a stop file.
const MOST: u64 = 4096;
/// The longest reason that is told.
const TOLD: usize = 200;

/// How it is told that everything is stopped.
const ALL: &str = "everything is stopped: ";

/// Where it is looked for.
#[derive(Debug, Clone)]
pub struct StopSwitch {
    /// What the setting says; a later reading of the settings may change it.
    pub setting: Arc<AtomicBool>,
    /// The file whose presence stops everything. None in a rehearsal, which reaches no phone.
    pub file: Option<PathBuf>,
    /// Somebody has said where the file is to be looked for: then a folder that is not there is no
    /// sign that all is well.
    pub named: bool,
    /// The switch of all machines that share a journal.
    pub common: Option<Arc<dyn CommonStop>>,
}

/// That everything is stopped, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopMessage {
    /// What stops it; who, when and why as far as the file says.
    pub message: String,
    /// How it is let go.
    pub hint: String,
    /// Who, when and why, as far as a stop file says.
    pub note: StopNote,
    /// It is on. Otherwise nobody could look, and it counts as on.
    pub known: bool,
}

impl StopMessage {
    /// Why, as somebody said; what stops it if nobody is known. Empty if somebody said nothing.
    #[must_use]
    pub fn reason(&self) -> &str {
        let what = self.message.strip_prefix(ALL).unwrap_or(&self.message);
        let unsaid = if self.note.by.is_some() { "" } else { what };
        self.note.reason.as_deref().unwrap_or(unsaid)
    }
}

impl StopSwitch {
    /// Whether it is on, and why.
    #[must_use]
    pub fn state(&self) -> Option<StopMessage> {
        if self.setting.load(Ordering::Relaxed) {
            return Some(StopMessage {
                message: format!("{ALL}`stop` is true in the configuration"),
                hint: "set `stop: false` to go on; until then nothing is written".to_owned(),
                note: StopNote::default(),
                known: true,
            });
        }
        self.by_file().or_else(|| self.by_all())
    }

    /// Whether the switch that machines share is on, or not known to be off.
    fn by_all(&self) -> Option<StopMessage> {
        match self.common.as_ref()?.seen() {
            StopSeen::Off => None,
            StopSeen::On(note) => Some(common(note)),
            StopSeen::Unknown(why) => Some(StopMessage {
                message: format!(
                    "{ALL}it is not known whether the stop switch of all machines \
                        is on: {why}"
                ),
                hint: "see that the database of the journal can be reached (`dialplane doctor`); \
                    until then nothing is written"
                    .to_owned(),
                note: StopNote::default(),
                known: false,
            }),
        }
    }

    fn by_file(&self) -> Option<StopMessage> {
        let file = self.file.as_ref()?;
        let shown = file.display();
        match fs::symlink_metadata(file) {
            Ok(found) => {
                let note = if found.is_file() { StopNote::read(file) } else { StopNote::default() };
                let said = note.to_string();
                let said = if said.is_empty() { said } else { format!(" ({said})") };
                Some(StopMessage {
                    message: format!("{ALL}the stop file {shown} is there{said}"),
                    hint: format!(
                        "remove it to go on (`rm {shown}`, or `dialplane resume`); until then \
                            nothing is written"
                    ),
                    note,
                    known: true,
                })
            }
            // If a folder is gone, it is not known whether the file would be in it.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && (!self.named || folder(file).is_dir()) =>
            {
                None
            }
            Err(error) => Some(StopMessage {
                message: format!(
                    "{ALL}it is not known whether the stop file {shown} is there: {}",
                    words::system(error)
                ),
                hint: "make its folder readable, or set `stopFile` to where it is; until then \
                    nothing is written"
                    .to_owned(),
                note: StopNote::default(),
                known: false,
            }),
        }
    }

    /// Puts the stop file in place. One that is there stays as it is: `false`. A rehearsal has
    /// none.
    pub fn put(&self, note: &StopNote) -> io::Result<bool> {
        match &self.file {
            Some(file) => note.write(file),
            None => Err(io::Error::other("a rehearsal has no stop file, and reaches no phone")),
        }
    }

    /// Removes the stop file: what was removed, in words; nothing if it was not there.
    pub fn remove(&self) -> io::Result<Option<String>> {
        let Some(file) = &self.file else { return Ok(None) };
        let Ok(found) = fs::symlink_metadata(file) else { return Ok(None) };
        let note = if found.is_file() { StopNote::read(file) } else { StopNote::default() };
        if found.is_dir() { fs::remove_dir(file) } else { fs::remove_file(file) }?;
        let note = note.to_string();
        let note = if note.is_empty() { note } else { format!("; it was stopped {note}") };
        Ok(Some(format!("the stop file {} is removed{note}", file.display())))
    }

    /// The fault of a write now, if the switch is on.
    pub fn check(&self) -> Result<(), Fault> {
        self.state().map_or(Ok(()), |stopped| {
            Err(Fault::new(FaultKind::Stopped, stopped.message).hint(stopped.hint))
        })
    }
}

impl StopNote {
    /// Puts a stop file in place. One that is there stays as it is: `false`.
    pub fn write(&self, file: &Path) -> io::Result<bool> {
        fs::create_dir_all(folder(file))?;
        let mut file = match OpenOptions::new().write(true).create_new(true).open(file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            file => file?,
        };
        let at = self.at.map(|at| at.to_string());
        let lines = [("by", &self.by), ("at", &at), ("reason", &self.reason)];
        for (key, value) in lines {
            if let Some(value) = value {
                writeln!(file, "{key}: {}", typed(value, TOLD))?;
            }
        }
        file.sync_all().map(|()| true)
    }

    /// What can be read of it. A file that somebody made by hand may hold anything: its first line
    /// is the reason.
    fn read(file: &Path) -> Self {
        let mut bytes = Vec::new();
        // That it is there is what counts.
        let _ = File::open(file).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        let mut note = Self::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("by", by)) => note.by = Some(typed(by, TOLD)),
                Some(("at", at)) => note.at = at.trim().parse().ok(),
                Some(("reason", reason)) => note.reason = Some(typed(reason, TOLD)),
                _ if note.reason.is_none() && !line.trim().is_empty() => {
                    note.reason = Some(typed(line, TOLD));
                }
                _ => {}
            }
        }
        note
    }
}

/// `since 2026-07-04 08:15:30 UTC by ada@desk: the vendor is moving`; nothing if nothing is known.
impl fmt::Display for StopNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map(|at| format!("since {}", time(at)));
        let by = self.by.as_ref().map(|by| format!("by {by}"));
        let who: Vec<String> = at.into_iter().chain(by).collect();
        f.write_str(&who.join(" "))?;
        match &self.reason {
            Some(reason) if who.is_empty() => f.write_str(reason),
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// The switch of all machines is on.
#[must_use]
pub fn common(note: StopNote) -> StopMessage {
    StopMessage {
        message: format!("everything is stopped, on all machines ({note})"),
        hint: "`dialplane resume` on any of them lets go; until then nothing is written".to_owned(),
        note,
        known: true,
    }
}

/// The folder of a file; of a bare name, where the program was started.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A provisioner that writes nothing while the switch is on, nor without the right to.
#[derive(Debug)]
pub struct Stoppable<P> {
    /// Who writes.
    pub inner: P,
    /// What can stop it.
    pub switch: StopSwitch,
    /// Whether this process may write at all: of services that share a journal, one may.
    pub right: Permit,
}

impl<P: Provisioner> Provisioner for Stoppable<P> {
    /// Asked right before the first write and before the sync.
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        self.switch.check()?;
        self.right.check()?;
        self.inner.consent(tenant).await
    }

    /// Asked again when the call goes out, however long it waited.
    async fn send(&self, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
        self.switch.check()?;
        self.right.check()?;
        let switch = self.switch.clone();
        let right = self.right.clone();
        let permit = permit.and(move || switch.check()).and(move || right.check());
        self.inner.send(tenant, call, &permit).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::model::{TenantId, TenantName};

    /// Counts what it is asked. While a call waits here, somebody switches the switch on.
    struct Service {
        asked: AtomicUsize,
        setting: Arc<AtomicBool>,
    }

    impl Provisioner for Service {
        async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Ok(Consent::Granted)
        }

        async fn send(&self, _: &TenantRef, _: &Call, permit: &Permit) -> Result<(), Fault> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.setting.store(true, Ordering::Relaxed);
            permit.check()
        }
    }

    #[tokio::test]
    async fn a_call_that_waited_is_kept_back_and_while_it_is_on_the_service_is_asked_nothing() {
        let setting = Arc::new(AtomicBool::new(false));
        let inner = Service { asked: AtomicUsize::new(0), setting: Arc::clone(&setting) };
        let switch = StopSwitch { setting, file: None, named: false, common: None };
        let service = Stoppable { inner, switch, right: Permit::default() };
        let tenant = TenantRef::new(
            TenantName::parse("contoso").unwrap(),
            TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap(),
        );
        assert_eq!(service.consent(&tenant).await, Ok(Consent::Granted));
        for asked in [2, 2] {
            let refused = service.send(&tenant, &Call::Sync, &Permit::default()).await;
            assert_eq!(refused.unwrap_err().kind, FaultKind::Stopped);
            assert_eq!(service.consent(&tenant).await.unwrap_err().kind, FaultKind::Stopped);
            assert_eq!(service.inner.asked.load(Ordering::Relaxed), asked);
        }
    }
}
