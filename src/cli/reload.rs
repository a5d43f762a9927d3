//! The configuration of a running service, read again: taken as a whole, or refused as a whole.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::{
    backend::Backend, exit::Failure, logging, service_manager, signals::Signals, stop_setting,
};
use crate::{
    api::connecttoteams::TenantWriter,
    config::Settings,
    control::{Desk, Order},
    daemon::{self, Renewal},
    ports::Permit,
    readers::Readers,
    stop::{StopSwitch, Stoppable},
    words::list,
};

/// How long the status of the service may stay the same before the service counts as hung: shared,
/// because it follows the settings.
#[derive(Debug, Clone)]
pub(super) struct Lifetime(Arc<AtomicU64>);

impl Lifetime {
    pub(super) fn of(settings: &Settings) -> Self {
        let lifetime = Self(Arc::default());
        lifetime.set(settings);
        lifetime
    }

    fn set(&self, settings: &Settings) {
        let lifetime = daemon::status_lifetime(&settings.run).as_millis();
        self.0.store(u64::try_from(lifetime).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What it is now.
    pub(super) fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// What a running service is told when somebody asks it to look again.
pub(super) struct Reload {
    /// The file that the service began with, if it began with one.
    pub(super) configuration: Option<PathBuf>,
    /// What is in force.
    pub(super) settings: Settings,
    /// Whether the command line names the manifests, whatever the settings say.
    pub(super) named: bool,
    pub(super) backend: Backend,
    pub(super) switch: StopSwitch,
    pub(super) right: Permit,
    pub(super) lifetime: Lifetime,
    pub(super) renewals: mpsc::Sender<Renewal<Readers, Stoppable<TenantWriter>>>,
    pub(super) desk: Desk,
}

impl Reload {
    /// Reads the configuration and has the service look again, each time when somebody asks.
    pub(super) async fn run(mut self, signals: &Signals) {
        loop {
            signals.again().await;
            service_manager::reloading();
            // A rehearsal has settings of its own.
            if self.backend.sandbox.is_none() {
                self.read().await;
            }
            let order = Order::Reconcile { tenant: None };
            if let Err(busy) = self.desk.place(order, "SIGHUP".to_owned(), Timestamp::now()) {
                warn!("nobody looks again: {busy}");
            }
            service_manager::ready();
        }
    }

    /// Reads the configuration; one that is wrong in any place changes nothing.
    async fn read(&mut self) {
        let read = stop_setting::read(self.configuration.as_deref()).and_then(|settings| {
            let same = self.asks_the_same(&settings);
            let backend = if same { None } else { Some(Backend::real(&settings)?) };
            Ok((settings, backend))
        });
        let (settings, backend) = match read {
            Ok(read) => read,
            Err(failure) => return refuse(&failure),
        };
        let changed = changed(&self.settings, &settings);
        let late = self.late(&settings);
        if let Some(backend) = backend {
            backend.try_logins_again(settings.run.backoff, settings.run.backoff_ceiling);
            self.backend = backend;
        }
        self.lifetime.set(&settings);
        let renewal = Renewal {
            reader: self.backend.reader(),
            provisioner: Stoppable {
                inner: self.backend.client.writer(),
                switch: self.switch.clone(),
                right: self.right.clone(),
            },
            execution: settings.execution,
            timing: settings.run,
        };
        if self.renewals.send(renewal).await.is_err() {
            return;
        }
        if changed.is_empty() {
            info!("the configuration was read again: nothing of what can change now has changed");
        } else {
            info!(changed = list(&changed), "the configuration was read again and is in force");
        }
        if !late.is_empty() {
            warn!(
                settings = list(&late),
                hint = "start the service again",
                "changed, and not in force before a new start"
            );
        }
        // What is not in force is compared again next time.
        let Settings { manifests, git, sources, state, server, notices, stop_file, .. } =
            self.settings.clone();
        self.settings =
            Settings { manifests, git, sources, state, server, notices, stop_file, ..settings };
    }

    /// Whether these settings ask the same services in the same way.
    fn asks_the_same(&self, new: &Settings) -> bool {
        let Settings { connect_to_teams, accounts, graph, live, .. } = &self.settings;
        (connect_to_teams, accounts, graph, live)
            == (&new.connect_to_teams, &new.accounts, &new.graph, &new.live)
    }

    /// What has changed and cannot while the service runs.
    fn late(&self, new: &Settings) -> Vec<&'static str> {
        let Settings { manifests, git, sources, state, server, notices, stop_file, .. } =
            &self.settings;
        [
            ("manifests", !self.named && *manifests != new.manifests),
            ("git", !self.named && *git != new.git),
            ("sources", !self.named && *sources != new.sources),
            ("state", *state != new.state),
            ("server", *server != new.server),
            ("notices", *notices != new.notices),
            ("stopFile", *stop_file != new.stop_file),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }
}

/// What has changed and is in force from now on.
fn changed(old: &Settings, new: &Settings) -> Vec<&'static str> {
    [
        ("connectToTeams", old.connect_to_teams != new.connect_to_teams),
        ("accounts", old.accounts != new.accounts),
        ("graph", old.graph != new.graph),
        ("live", old.live != new.live),
        ("execution", old.execution != new.execution),
        ("run", old.run != new.run),
    ]
    .into_iter()
    .filter_map(|(key, differs)| differs.then_some(key))
    .collect()
}

/// Says why the configuration is not taken.
fn refuse(failure: &Failure) {
    failure.diagnostics.iter().for_each(logging::mistake);
    error!(
        hint = failure.hint,
        "the configuration is refused, and the one before stays in force: {}", failure.message
    );
}
