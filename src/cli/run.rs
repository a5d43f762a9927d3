//! `run`: the service, put together.

mod publish;
mod show;

use std::{
    convert::Infallible,
    os::unix::net::UnixListener,
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    args::{Global, LogFormat, PassArguments, PlanOutput},
    backend::Backend,
    choose::{PlanDetail, Tenants},
    confirm,
    exit::{Exit, Failure},
    manifests, notices,
    reload::{Lifetime, Reload},
    service_manager::{self, Ending},
    session::{store, switch},
    signals::Signals,
    stop_setting, undo,
};
use crate::{
    board::{News, Status},
    config::Settings,
    control::{Socket, desk},
    daemon::{self, Daemon, Inbox, Listener, OrderCourier, Publisher, Pulse},
    journal::{JournalLocation, PostgresLead},
    notices::TellReceivers,
    ports::Lead,
    source::Sources,
    stop::Stoppable,
};
use publish::{Publishing, publish};
use show::Show;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Arguments {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    sandbox: bool,
    /// Only show what would change, as `plan` does, and end; never writes
    #[arg(long)]
    pub(super) dry_run: bool,
    /// One pass, as `apply` does, and end
    #[arg(long)]
    pub(super) once: bool,
    /// With `--once`: do not ask on a terminal whether the plan is meant
    #[arg(long, requires = "once")]
    pub(super) yes: bool,
    /// How plans and reports are shown
    #[arg(short, long, value_enum, default_value_t = RunOutput::Text, value_name = "FORMAT")]
    output: RunOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunOutput {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Arguments {
    /// What a single pass takes.
    pub(super) fn as_once(&self) -> PassArguments {
        let output = match self.output {
            RunOutput::Text => PlanOutput::Text,
            RunOutput::Json => PlanOutput::Json,
        };
        PassArguments {
            paths: self.paths.clone(),
            sandbox: self.sandbox,
            tenants: Tenants::default(),
            shown: PlanDetail::default(),
            output,
        }
    }
}

/// Runs until somebody asks it to stop.
pub(super) async fn run(
    global: &Global,
    once: &PassArguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let configuration = manifests::configuration(global);
    let settings = manifests::settings(global).map_err(Failure::of_configuration)?;
    let sources = manifests::sources(&once.paths, &settings);
    let backend = backend(global, once, &sources, &settings, signals).await?;
    confirm::tell_place(&backend);
    backend.try_logins_again(settings.run.backoff, settings.run.backoff_ceiling);
    let journal = store(once.sandbox, &settings).await?;
    let place = (!once.sandbox).then(|| JournalLocation::of(&settings.state));
    let show = show(global, once, place.clone());
    let switch = switch(once.sandbox, &settings).await;
    let lead = settings.state.postgres.as_ref().filter(|_| !once.sandbox);
    let lead = lead.map(|postgres| Arc::new(PostgresLead::start(postgres)) as Arc<dyn Lead>);
    let right = lead.as_ref().map(|lead| lead.permit()).unwrap_or_default();
    let pulse = service_manager::watchdog().map_or_else(Pulse::default, Pulse::telling);
    let (desk, orders) = desk(Timestamp::now());
    let courier =
        lead.clone().map(|lead| tokio::spawn(OrderCourier::new(lead, desk.clone()).run()));
    let (socket, listener) = place.as_ref().and_then(|_| socket(&settings)).unzip();
    let lifetime = Lifetime::of(&settings);
    let publisher = Publisher::new();
    let telling = notices::worker(&settings, place.as_ref(), telling(&publisher));
    let remembered = place.clone();
    let (statuses, seen) = watch::channel(Arc::new(Status::default()));
    let publishing = Publishing {
        paths: &once.paths,
        sources: &sources,
        place,
        pulse: &pulse,
        lifetime: &lifetime,
        desk: desk.clone(),
        listener,
        statuses,
    };
    let (publish, server) = publish(&settings, publishing).await?;
    let (renewals, renewed) = mpsc::channel(1);
    let daemon = Daemon {
        sources,
        own_files: settings.state.path.clone(),
        reader: backend.reader(),
        provisioner: Stoppable {
            inner: backend.client.writer(),
            switch: switch.clone(),
            right: right.clone(),
        },
        switch: switch.clone(),
        journal: Arc::new(journal),
        lead: lead.clone(),
        past: undo::past(remembered),
        execution: backend.execution,
        timing: settings.run,
        pulse,
    };
    let ending = Ending::within(settings.run.grace);
    let reload = Reload {
        configuration: configuration.clone(),
        settings,
        named: !once.paths.is_empty(),
        backend,
        switch,
        right,
        lifetime,
        renewals,
        desk,
    };
    let setting = Arc::clone(&daemon.switch.setting);
    let listeners: Vec<Listener> =
        vec![Box::new(move |news| show.hear(news)), publisher.listener()];
    let over = CancellationToken::new();
    let inbox = Inbox { orders, renewals: renewed };
    let told = CancellationToken::new();
    let telling = telling.map(|worker| tokio::spawn(worker.run(seen, told.clone())));
    service_manager::ready();
    let service = async {
        let ended = tokio::select! {
            ended = daemon::run(daemon, inbox, listeners, signals.asked()) => ended,
            never = watch_setting(once.sandbox, configuration, &setting) => match never {},
            () = reload.run(signals) => Ok(()),
            () = tell_of_the_end(signals, &ending) => Ok(()),
        };
        ending.tell();
        courier.iter().for_each(JoinHandle::abort);
        if let Some(lead) = lead {
            // Another service goes on at once.
            lead.give_up().await;
        }
        over.cancel();
        ended
    };
    let (ended, ()) = tokio::join!(service, publisher.run(publish, over.clone()));
    // The last status is published.
    told.cancel();
    if let Some(telling) = telling {
        // It waits a moment for what is under way.
        let _ = telling.await;
    }
    // It answers until now, and waits for answers under way.
    let _ = tokio::task::spawn_blocking(move || drop((server, socket))).await;
    ended.map(|()| Exit::Done).map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })
}

/// The service of the vendor, or one in this process that stands in for it.
async fn backend(
    global: &Global,
    once: &PassArguments,
    sources: &Sources,
    settings: &Settings,
    signals: &Signals,
) -> Result<Backend, Failure> {
    if !once.sandbox {
        let backend = Backend::real(settings).map_err(Failure::of_configuration);
        return backend.map_err(|failure| manifests::perhaps_elsewhere(failure, global, settings));
    }
    let looked = manifests::look_unless_stopped(sources, signals).await?;
    Backend::rehearsal(&looked.in_force.desired).await
}

fn show(global: &Global, once: &PassArguments, place: Option<JournalLocation>) -> Show {
    Show {
        json: once.output == PlanOutput::Json,
        whole: global.verbose > 0,
        json_log: matches!(global.log_format, LogFormat::Json),
        place,
        shown: Mutex::default(),
    }
}

/// What hears how receivers of notices are.
fn telling(publisher: &Arc<Publisher>) -> TellReceivers {
    let heard = publisher.listener();
    Box::new(move |rows| heard(&News::Receivers(rows)))
}

/// Follows the stop switch of the settings, which a rehearsal does not. Never ends.
async fn watch_setting(
    rehearsal: bool,
    configuration: Option<PathBuf>,
    setting: &AtomicBool,
) -> Infallible {
    if rehearsal {
        std::future::pending().await
    } else {
        stop_setting::watch(configuration, setting).await
    }
}

/// Tells the manager of the service that it ends, as soon as somebody asks for that. Never ends.
async fn tell_of_the_end(signals: &Signals, ending: &Ending) {
    signals.asked().cancelled().await;
    ending.tell();
    std::future::pending::<()>().await;
}

/// The socket on which orders are taken. A service that cannot have one does its work all the same.
fn socket(settings: &Settings) -> Option<(Socket, UnixListener)> {
    Socket::listen(&settings.state.path)
        .inspect_err(|error| warn!(hint = error.hint(), "no orders can be taken: {error}"))
        .ok()
}
