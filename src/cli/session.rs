//! What commands that plan or write have in common: the manifests, the service and the journal that
//! they work with, the look at live state, and how a plan is carried out.

use std::{
    fmt,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{FutureExt as _, future::try_join};
use indicatif::ProgressBar;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    args::{PassArguments, PlanOutput},
    backend::Backend,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    operator, out,
    report::{self, DebtsByTenant},
    saved,
    show::{self, PlanDisplay},
    signals::Signals,
    stop_setting,
};
use tracing::warn;

use crate::{
    config::{Execution, Settings},
    execute::Executor,
    foreign::line,
    journal::{DatabaseStop, Finding, JournalLocation, Store, VolatileJournal},
    model::{Mode, PartOf, Revision, TenantName},
    pass::{self, Inventories, Leases, Memories, ObservedTenants, Progress},
    plan::{Plan, TenantPlan, render},
    ports::{CommonStop, Journal as _, JournalError, LiveReader, Permit},
    source::Sources,
    stop::{StopSwitch, Stoppable},
};

/// Reads the manifests of a pass.
pub(super) async fn look(
    once: &PassArguments,
    settings: &Settings,
    signals: &Signals,
) -> Result<FoundManifests, Failure> {
    let looked = manifests::look_unless_stopped(&sources(once, settings)?, signals).await?;
    tell(&looked, once)?;
    Ok(looked)
}

/// Where the manifests come from.
pub(super) fn sources(once: &PassArguments, settings: &Settings) -> Result<Sources, Failure> {
    let sources = manifests::sources(&once.paths, settings);
    no_saved_plan(&sources.paths())?;
    Ok(sources)
}

/// Where they are on this machine.
pub(super) fn paths(once: &PassArguments, settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
    let paths = manifests::paths(&once.paths, settings)?;
    no_saved_plan(&paths)?;
    Ok(paths)
}

fn no_saved_plan(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.iter().find_map(|path| Some((saved::kind_of(path)?, path))) {
        Some((kind, path)) => Err(kind.is_no_manifest(path)),
        None => Ok(()),
    }
}

pub(super) fn tell(looked: &FoundManifests, once: &PassArguments) -> Result<(), Failure> {
    looked.tell();
    looked.know(&once.tenants)
}

pub(super) async fn backend(
    once: &PassArguments,
    settings: &Settings,
    looked: &FoundManifests,
) -> Result<Backend, Failure> {
    if once.sandbox {
        Backend::rehearsal(&looked.in_force.desired).await
    } else {
        Backend::real(settings)
    }
}

/// The journal of a command that writes. A sandbox in this process forgets with it, and so does its
/// journal.
pub(super) async fn store(sandbox: bool, settings: &Settings) -> Result<Store, Failure> {
    if sandbox {
        return Ok(Store::Volatile(VolatileJournal::default()));
    }
    Ok(JournalLocation::of(&settings.state).open().await?)
}

/// A journal that no tenant can be carried out with.
pub(super) fn unusable(error: JournalError) -> Failure {
    let hint = error.hint();
    Failure::new(error).hint(hint)
}

/// What is remembered, without the right to write. A sandbox in this process remembers nothing.
pub(super) async fn recalled(
    looked: &FoundManifests,
    once: &PassArguments,
    settings: &Settings,
) -> Result<Memories, Failure> {
    if once.sandbox {
        return Ok(Memories::default());
    }
    let remembered = JournalLocation::of(&settings.state).look().await?;
    if let Some(Finding { text, hint, .. }) = remembered.doubt() {
        warn!(hint, "{}: {text}", JournalLocation::of(&settings.state));
    }
    let tenants = looked.in_force.desired.tenants.values();
    Memories::recall(&remembered, tenants).await.map_err(unusable)
}

pub(super) fn is_asked(once: &PassArguments, tenant: &TenantName) -> bool {
    once.tenants.has(tenant.as_str())
}

/// Tells what earlier runs have left open with the tenants that are asked for.
pub(super) fn recovered(
    looked: &FoundManifests,
    once: &PassArguments,
    memories: &Memories,
) -> DebtsByTenant {
    let tenants = looked.in_force.desired.tenants.values();
    let asked = tenants.filter(|tenant| is_asked(once, &tenant.name));
    let recovered: DebtsByTenant = asked
        .filter_map(|tenant| Some((tenant.name.clone(), memories.of(&tenant.id).debts()?)))
        .collect();
    for (tenant, debts) in &recovered {
        out::talk(&format!("recovered {tenant}: {}\n", line(debts)));
    }
    recovered
}

/// Looks and decides.
pub(super) async fn decide<R: LiveReader>(
    looked: &FoundManifests,
    reader: &R,
    execution: &Execution,
    memories: &Memories,
    signals: &Signals,
) -> Result<Plan, Failure> {
    let (observed, inventories) = see(looked, reader, execution, memories, signals).await?;
    let memory = |tenant: &_| memories.recalled(tenant);
    let mut plan = pass::decide(&looked.in_force, &observed, memory, Timestamp::now(), execution);
    pass::check_inventory(&mut plan, &inventories, &looked.in_force.desired.tenants);
    Ok(plan)
}

/// The same for a plan that is only shown, with what was seen; it may be that of a later moment.
pub(super) async fn decide_shown<R: LiveReader>(
    looked: &FoundManifests,
    reader: &R,
    execution: &Execution,
    memories: &Memories,
    signals: &Signals,
    at: Option<Timestamp>,
) -> Result<(Plan, ObservedTenants), Failure> {
    let (observed, inventories) = see(looked, reader, execution, memories, signals).await?;
    let memory = |tenant: &_| memories.recalled(tenant);
    let now = at.unwrap_or_else(Timestamp::now);
    let mut plan = pass::show(&looked.in_force, &observed, memory, now, execution);
    pass::check_inventory(&mut plan, &inventories, &looked.in_force.desired.tenants);
    Ok((plan, observed))
}

/// Looks at live state and at what the accounts have. Nothing is written yet, so a stop ends it at
/// once.
async fn see<R: LiveReader>(
    looked: &FoundManifests,
    reader: &R,
    execution: &Execution,
    memories: &Memories,
    signals: &Signals,
) -> Result<(ObservedTenants, Inventories), Failure> {
    let tenants = looked.in_force.desired.tenants.values();
    let inventories = pass::inventories(reader, tenants, execution.readers);
    let observed = observe(looked, reader, execution, memories, signals);
    try_join(observed, inventories.map(Ok)).await
}

/// Looks at all tenants, those with a debt first.
pub(super) async fn observe<R: LiveReader>(
    looked: &FoundManifests,
    reader: &R,
    execution: &Execution,
    memories: &Memories,
    signals: &Signals,
) -> Result<ObservedTenants, Failure> {
    let tenants = &looked.in_force.desired.tenants;
    let asked = tenants.values().filter(|tenant| tenant.mode != Mode::Suspend).count();
    let bar = out::progress("reading live state", asked);
    let mut order: Vec<_> = tenants.values().collect();
    order.sort_by_cached_key(|tenant| memories.of(&tenant.id).debts().is_none());
    let observed = tokio::select! {
        observed = pass::observe(reader, order.into_iter(), execution.readers, |tenant| tick(&bar, tenant)) => observed,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            anything was changed")),
    };
    bar.finish_and_clear();
    Ok(observed)
}

/// One more is done.
pub(super) fn tick(bar: &ProgressBar, name: impl fmt::Display) {
    if !bar.is_hidden() {
        bar.set_message(name.to_string());
    }
    bar.inc(1);
}

/// What can stop a command that writes. A sandbox in this process reaches no phone.
pub(super) async fn switch(sandbox: bool, settings: &Settings) -> StopSwitch {
    let file = (!sandbox).then(|| settings.stop_file());
    let setting = Arc::new((settings.stop && !sandbox).into());
    let postgres = settings.state.postgres.as_ref().filter(|_| !sandbox);
    let common: Option<Arc<dyn CommonStop>> = match postgres {
        Some(postgres) => Some(DatabaseStop::watch(postgres).await),
        None => None,
    };
    StopSwitch { setting, file, named: settings.stop_file.is_some(), common }
}

/// A plan says so if nothing of it may be carried out now.
pub(super) fn stop(plan: &mut Plan, switch: &StopSwitch) {
    if let Err(fault) = switch.check() {
        plan.tenants.iter_mut().for_each(|tenant| tenant.stop(&fault));
    }
}

/// What can keep a command from writing.
pub(super) struct Brakes {
    pub(super) switch: StopSwitch,
    /// The file whose `stop` is followed meanwhile.
    pub(super) configuration: Option<PathBuf>,
    /// Whether this command may write at all.
    pub(super) right: Permit,
}

/// Carries out what has been decided and agreed to, and shows what became of it. `revision` is the
/// version of the manifests that wants it, if one does; `part_of` is what all of it is part of.
pub(super) async fn carry_out(
    plan: &Plan,
    (backend, journal, leases): (&Backend, &Store, Leases),
    brakes: Brakes,
    (revision, part_of): (Option<Revision>, PartOf),
    (recovered, place): (&DebtsByTenant, &JournalLocation),
    view: &PlanDisplay<'_>,
    signals: &Signals,
) -> Exit {
    let Brakes { switch, configuration, right } = brakes;
    let setting = Arc::clone(&switch.setting);
    let executor = Executor {
        provisioner: &Stoppable { inner: backend.client.writer(), switch, right },
        journal,
        users: NonZeroUsize::new(backend.execution.users_per_tenant).unwrap_or(NonZeroUsize::MIN),
        sync_settings: backend.execution.sync_settings,
        revision,
        by: Some(operator::name()),
        part_of: Some(part_of),
        stop: signals.asked(),
        newer: CancellationToken::new(),
    };
    // A sandbox in this process forgets with it.
    let keep = backend.sandbox.is_none().then_some(place);
    let tally = render::Tally::of(plan);
    let bar = out::progress("applying", tally.steps());
    let started = std::time::Instant::now();
    let number = AtomicU64::new(0);
    let run = |_: &TenantName| pass::run_id(journal.now(), number.fetch_add(1, Ordering::Relaxed));
    if view.output == PlanOutput::Ndjson {
        show::plan(plan, view);
    }
    let heard = |tenant: &TenantPlan, progress: Progress<'_>| match progress {
        Progress::Step(step, outcome) => {
            tick(&bar, format_args!("{} {}", tenant.tenant, line(&step.user)));
            show::step(tenant, step, outcome, view.output);
        }
        Progress::Ended(report) => show::ended(tenant, report, recovered, view.output),
    };
    let tenants = backend.execution.tenants;
    let carried_out = pass::carry_out(plan, leases, &executor, tenants, run, &heard);
    let reports = if backend.sandbox.is_some() {
        carried_out.await
    } else {
        tokio::select! {
            reports = carried_out => reports,
            never = stop_setting::watch(configuration, &setting) => match never {},
        }
    };
    bar.finish_and_clear();
    if let Some(place) = keep {
        plan.tenants
            .iter()
            .zip(&reports)
            .for_each(|(plan, report)| report::keep(place, plan, report));
    }
    show::reports(plan, &reports, recovered, view, started.elapsed());
    report::exit(plan, &reports)
}
