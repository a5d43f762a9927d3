//! `run`: the service, and what it shows.

use std::{
    collections::BTreeMap,
    os::unix::net::UnixListener,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    args::{Global, LogFormat, Once, PlanOutput},
    backend::Backend,
    choose::{Shown, Tenants},
    confirm,
    exit::{Exit, Failure},
    lately::Lately,
    logging, manifests, notices, out,
    reload::{Lifetime, Reload},
    report,
    service_manager::{self, Ending, StatusLine},
    session::{store, switch},
    signals::Signals,
    stop_setting, undo, why,
};
use crate::{
    board::{Board, Doing, News, ReceiverRow, Status},
    config::Settings,
    control::{Desk, Socket, desk},
    daemon::{self, Daemon, Inbox, Listener, Publisher, Pulse},
    journal::{Place, Service},
    model::TenantName,
    plan::{Plan, TenantPlan, render},
    ports::Lead,
    server::{Feed, Published, Server, StartError},
    source::Sources,
    stop::Stoppable,
};

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
    pub(super) fn as_once(&self) -> Once {
        let output = match self.output {
            RunOutput::Text => PlanOutput::Text,
            RunOutput::Json => PlanOutput::Json,
        };
        Once {
            paths: self.paths.clone(),
            sandbox: self.sandbox,
            tenants: Tenants::default(),
            shown: Shown::default(),
            output,
        }
    }
}

/// Runs until somebody asks it to stop.
#[expect(clippy::too_many_lines, reason = "it puts all of the service together")]
pub(super) async fn run(global: &Global, once: &Once, signals: &Signals) -> Result<Exit, Failure> {
    let configuration = manifests::configuration(global);
    let settings = manifests::settings(global).map_err(Failure::of_configuration)?;
    let sources = manifests::sources(&once.paths, &settings);
    let backend = if once.sandbox {
        let looked = manifests::look_unless_stopped(&sources, signals).await?;
        Backend::rehearsal(&looked.in_force.desired).await?
    } else {
        Backend::real(&settings).map_err(Failure::of_configuration)?
    };
    confirm::tell_place(&backend);
    backend.try_logins_again(settings.run.backoff, settings.run.backoff_ceiling);
    let journal = store(once.sandbox, &settings).await?;
    let place = (!once.sandbox).then(|| Place::of(&settings.state));
    let show = Show {
        json: once.output == PlanOutput::Json,
        whole: global.verbose > 0,
        json_log: matches!(global.log_format, LogFormat::Json),
        place: place.clone(),
        shown: Mutex::default(),
    };
    let switch = switch(once.sandbox, &settings);
    let lead = settings.state.postgres.as_ref().filter(|_| !once.sandbox);
    let lead = lead.map(|postgres| Arc::new(Service::start(postgres)) as Arc<dyn Lead>);
    let right = lead.as_ref().map(|lead| lead.permit()).unwrap_or_default();
    let pulse = service_manager::watchdog().map_or_else(Pulse::default, Pulse::telling);
    let (desk, orders) = desk(Timestamp::now());
    let (socket, listener) = place.as_ref().and_then(|_| socket(&settings)).unzip();
    let lifetime = Lifetime::of(&settings);
    let listens = (desk.clone(), listener);
    let publisher = Publisher::new();
    let heard = publisher.listener();
    let tell = Box::new(move |rows: &[ReceiverRow]| heard(&News::Receivers(rows)));
    let telling = notices::worker(&settings, place.as_ref(), tell);
    let remembered = place.clone();
    let (statuses, seen) = watch::channel(Arc::new(Status::default()));
    let (publish, server) =
        publish(&settings, (&once.paths, &sources, place), (&pulse, &lifetime), listens, statuses)
            .await?;
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
    let named = !once.paths.is_empty();
    let reload = Reload {
        configuration: configuration.clone(),
        settings,
        named,
        backend,
        switch,
        right,
        lifetime,
        renewals,
        desk,
    };
    let setting = Arc::clone(&daemon.switch.setting);
    let watched = async {
        if once.sandbox {
            std::future::pending().await
        } else {
            stop_setting::watch(configuration, &setting).await
        }
    };
    let listeners: Vec<Listener> =
        vec![Box::new(move |news| show.hear(news)), publisher.listener()];
    let over = CancellationToken::new();
    let inbox = Inbox { orders, renewals: renewed };
    let telling = telling.map(|worker| tokio::spawn(worker.run(seen, over.clone())));
    service_manager::ready();
    let service = async {
        let ended = tokio::select! {
            ended = daemon::run(daemon, inbox, listeners, signals.asked()) => ended,
            never = watched => match never {},
            () = reload.run(signals) => Ok(()),
            () = tell_of_the_end(signals, &ending) => Ok(()),
        };
        ending.tell();
        if let Some(lead) = lead {
            // Another service goes on at once.
            lead.give_up().await;
        }
        over.cancel();
        ended
    };
    let (ended, ()) = tokio::join!(service, publisher.run(publish, over.clone()));
    if let Some(telling) = telling {
        // It waits a moment for what is under way.
        let _ = telling.await;
    }
    // It answers until now, and waits for answers under way.
    let _ = tokio::task::spawn_blocking(move || drop((server, socket))).await;
    ended.map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })?;
    Ok(Exit::Done)
}

/// Tells the manager of the service that it ends, as soon as somebody asks for that. Never ends.
async fn tell_of_the_end(signals: &Signals, ending: &Ending) {
    signals.asked().cancelled().await;
    ending.tell();
    std::future::pending::<()>().await;
}

fn not_served(error: StartError) -> Failure {
    let hint = error.hint();
    let is_wrong = matches!(error, StartError::Short(_));
    let failure = Failure::new(error).hint(hint);
    if is_wrong { failure.of_configuration() } else { failure }
}

/// The socket on which orders are taken. A service that cannot have one does its work all the same.
fn socket(settings: &Settings) -> Option<(Socket, UnixListener)> {
    Socket::listen(&settings.state.path)
        .inspect_err(|error| warn!(hint = error.hint(), "no orders can be taken: {error}"))
        .ok()
}

/// Where the board goes whenever it has changed: the server, those who tell, and the status file. A rehearsal has no
/// file.
async fn publish(
    settings: &Settings,
    (paths, sources, place): (&[PathBuf], &Sources, Option<Place>),
    (pulse, lifetime): (&Pulse, &Lifetime),
    (desk, listener): (Desk, Option<UnixListener>),
    statuses: watch::Sender<Arc<Status>>,
) -> Result<(impl Fn(&Board) + Send + Sync + use<>, Option<Server>), Failure> {
    let process = (std::process::id(), Timestamp::now());
    let lifetime = lifetime.clone();
    let status_of = move |board: &Board| {
        let at = Timestamp::now();
        let until = at.checked_add(lifetime.get()).unwrap_or(Timestamp::MAX);
        board.status(process, at, until)
    };
    let published = move |board: &Board| {
        Arc::new(Published { status: Arc::new(status_of(board)), counts: board.counts().clone() })
    };
    let (send, receive) = watch::channel(published(&Board::default()));
    let pulse = pulse.clone();
    let why = {
        let settings = settings.clone();
        let paths = paths.to_vec();
        let rehearsal = place.is_none();
        Arc::new(move |who| why::told(settings.clone(), paths.clone(), who, rehearsal))
    };
    let followed = sources.clone();
    let lately = Lately::new(place.clone());
    let feed = Feed {
        published: receive,
        beat: Arc::new(move || pulse.age()),
        desk,
        // Nobody waits for it: what is new is news.
        ask: Arc::new(move || drop(followed.ask_now())),
        why,
        past: Arc::new(move || lately.past()),
    };
    let server = Server::start(&settings.server, listener, feed).await.map_err(not_served)?;
    let line = StatusLine::default();
    let unwritten = AtomicBool::new(false);
    let publish = move |board: &Board| {
        let published = published(board);
        line.say(published.status.summary());
        send.send_replace(Arc::clone(&published));
        // The service that leads tells what concerns the fleet.
        if !published.status.stands_by() || published.status.journal_away.is_some() {
            statuses.send_replace(Arc::clone(&published.status));
        }
        let Some(place) = &place else { return };
        let written = place.write_status(&published.status);
        let is_away = written.is_err();
        // It is written twice a second.
        match (written, unwritten.swap(is_away, Ordering::Relaxed)) {
            (Err(error), false) => warn!(
                %error, %place,
                "the status cannot be written: `dialplane status` knows nothing newer"
            ),
            (Ok(()), true) => info!(%place, "the status can be written again"),
            (Err(_), true) | (Ok(()), false) => {}
        }
    };
    Ok((publish, server))
}

/// Shows the news on stdout.
struct Show {
    /// One JSON object a line instead of text.
    json: bool,
    /// Plans as text are shown whole, and not a line for each change.
    whole: bool,
    /// stderr is read by a machine.
    json_log: bool,
    /// Where what held each user is kept.
    place: Option<Place>,
    /// What was last shown of each tenant: the same hold every quarter of an hour is not news.
    shown: Mutex<BTreeMap<TenantName, String>>,
}

impl Show {
    fn hear(&self, news: &News<'_>) {
        match news {
            News::Manifests { errors, warnings } if self.json_log => {
                errors.iter().for_each(logging::mistake);
                warnings.iter().for_each(logging::oddity);
            }
            News::Manifests { errors, warnings } => {
                out::diagnostics(errors);
                out::warnings(warnings);
            }
            News::Recovered(tenant, debts) => {
                // As text it is a line of the log.
                if self.json {
                    out::json_line(&serde_json::json!({
                        "version": 1, "kind": "Recovered", "tenant": tenant.as_str(), "recovered": report::debts(debts),
                    }));
                }
            }
            News::Planned(plan, _) => self.planned(plan),
            News::Finished(plan, outcome) => {
                if let Some(place) = &self.place {
                    report::keep(place, plan, outcome);
                }
                let text = report::tenant(plan, outcome);
                if self.json && !text.is_empty() {
                    out::json_line(&report::json(
                        &alone(plan),
                        std::slice::from_ref(*outcome),
                        &BTreeMap::new(),
                    ));
                } else if !text.is_empty() && self.whole {
                    out::data(&format!("{text}\n"));
                } else {
                    out::data(&text);
                }
            }
            News::Tenant(tenant, Doing::Gone) => {
                self.shown().remove(*tenant);
            }
            News::Beat
            | News::Journal(_)
            | News::Stopped(_)
            | News::Lead(_)
            | News::InForce(..)
            | News::Receivers(_)
            | News::Revision(_)
            | News::Sources(_)
            | News::Remembered(..)
            | News::Over
            | News::Tenant(..)
            | News::Ended { .. } => {}
        }
    }

    /// A plan that changes nothing is shown once.
    fn planned(&self, plan: &TenantPlan) {
        let plan_alone = alone(plan);
        let text = if (self.whole || self.json) && plan.says_something() {
            format!("{}\n", render::text(&plan_alone))
        } else {
            render::brief(plan)
        };
        let mut shown = self.shown();
        if shown.get(&plan.tenant) == Some(&text) && !plan.writes() {
            debug!(tenant = %plan.tenant, "nothing new");
        } else if self.json {
            out::json_line(&render::json(&plan_alone));
        } else {
            out::data(&text);
        }
        shown.insert(plan.tenant.clone(), text);
    }

    fn shown(&self) -> MutexGuard<'_, BTreeMap<TenantName, String>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plan of one tenant as a plan.
fn alone(plan: &TenantPlan) -> Plan {
    Plan::of(vec![plan.clone()])
}
