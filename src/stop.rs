//! The stop switch: while it is on, nothing is written to any service.
//!
//! ```text
//! executor --> Stoppable (is it on? then nothing was sent) --> Provisioner
//! ```
//!
//! It is on while the setting says so, or while the stop file is there.
//!
//! **Invariant:** it fails closed: what cannot be looked at counts as on. It is looked at before each call that writes, so that it
//! also ends a run under way, and whoever writes is handed a [`Stoppable`] and nothing else.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    model::{Consent, TenantRef, UpdateRequest, Upn},
    ports::{Fault, FaultKind, Provisioner},
};

/// Where it is looked for.
#[derive(Debug, Clone)]
pub struct StopSwitch {
    /// What the setting says.
    pub setting: bool,
    /// The file whose presence stops everything. None in a rehearsal, which reaches no phone.
    pub file: Option<PathBuf>,
    /// Somebody has said where the file is to be looked for: then a folder that is not there is no sign that all is well.
    pub named: bool,
}

impl StopSwitch {
    /// The fault of whoever wants to write now, if it is on.
    pub fn check(&self) -> Result<(), Fault> {
        let stopped = |message: String, hint: String| Err(Fault::new(FaultKind::Stopped, message).hint(hint));
        if self.setting {
            let message = "everything is stopped: `stop` is true in the configuration";
            return stopped(message.to_owned(), "set `stop: false` to go on; until then nothing is written".to_owned());
        }
        let Some(file) = &self.file else { return Ok(()) };
        let shown = file.display();
        match fs::symlink_metadata(file) {
            Ok(_) => stopped(
                format!("everything is stopped: the stop file {shown} is there"),
                format!("remove it to go on (`rm {shown}`); until then nothing is written"),
            ),
            // Of a folder that is gone nobody knows whether the file would be in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && (!self.named || folder(file).is_dir()) => Ok(()),
            Err(error) => stopped(
                format!("everything is stopped: nobody can tell whether the stop file {shown} is there: {error}"),
                "make its folder readable, or set `stopFile` to where it is; until then nothing is written".to_owned(),
            ),
        }
    }
}

/// The folder of a file; of a bare name, where the program was started.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A provisioner that writes nothing while the switch is on.
#[derive(Debug)]
pub struct Stoppable<P> {
    /// Who writes.
    pub inner: P,
    /// What can stop it.
    pub switch: StopSwitch,
}

impl<P: Provisioner> Provisioner for Stoppable<P> {
    /// Asked right before the first write and before the sync.
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        self.switch.check()?;
        self.inner.consent(tenant).await
    }

    async fn enable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        self.switch.check()?;
        self.inner.enable(tenant, user).await
    }

    async fn disable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        self.switch.check()?;
        self.inner.disable(tenant, user).await
    }

    async fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
        self.switch.check()?;
        self.inner.update(tenant, update).await
    }

    async fn sync(&self, tenant: &TenantRef) -> Result<(), Fault> {
        self.switch.check()?;
        self.inner.sync(tenant).await
    }
}
