//! The service: one loop over a closed set of events. It owns clock, tasks and news; when to act is decided in `reconcile`,
//! what to do in `plan`, and it is done in `execute`.
//!
//! ```text
//! news, timer, look done, pass done, stop  -->  loop  -->  look at the files | start a pass | end
//! ```
//!
//! **Invariant:** every task is in one [`JoinSet`] and its end is an event; a pass that panics is a failed pass of its tenant and
//! of no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    task::{Id, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::{
    config::{Execution, Run},
    execute::{Executor, TenantReport},
    manifest::{self, InForce, Keeper},
    model::{DesiredTenant, LiveTenant, Mode, RunId, TenantName},
    pass,
    plan::{self, Observation, TenantInput, TenantPlan},
    ports::{Journal, LiveReader, Provisioner},
    reconcile::{At, Debounce, Ending, Look, Looks, Phase, Schedule, Timing},
    source::{Tree, Watch, read_tree},
    yaml::Diagnostic,
};

/// What the service works with.
#[derive(Debug)]
pub struct Daemon<R, P, J> {
    /// Where the manifests are.
    pub manifests: Vec<PathBuf>,
    /// Reads live state.
    pub reader: R,
    /// Changes the service.
    pub provisioner: P,
    /// Remembers.
    pub journal: J,
    /// How plans are carried out.
    pub execution: Execution,
    /// When to look again.
    pub timing: Run,
}

/// What happens, for whoever shows it.
#[derive(Debug)]
pub enum News<'n> {
    /// Manifests were taken, with these problems.
    Manifests(&'n [Diagnostic], &'n InForce),
    /// A tenant was planned.
    Planned(&'n TenantPlan),
    /// A plan was carried out.
    Finished(&'n TenantPlan, &'n TenantReport),
    /// What every tenant is doing now.
    Status(&'n [TenantStatus]),
}

/// What a tenant is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantStatus {
    /// The tenant.
    pub tenant: TenantName,
    /// How its last pass ended, and when.
    pub last: Option<(Ending, Timestamp)>,
    /// When the next one is due; absent while one runs.
    pub next: Option<Timestamp>,
}

/// Hears the news; called from several tasks.
pub type Listener = Arc<dyn Fn(News<'_>) + Send + Sync>;

/// How a pass of a tenant ended.
struct Ended {
    tenant: TenantName,
    ending: Ending,
    live: Option<Arc<LiveTenant>>,
}

enum Task {
    Looked(Tree),
    Ended(Ended),
}

/// Runs until `stop` is cancelled, then lets running calls end for as long as the settings allow.
pub async fn run<R, P, J>(daemon: Daemon<R, P, J>, listener: Listener, stop: CancellationToken)
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    let mut watch = Watch::new(&daemon.manifests);
    let mut state = Loop::new(Arc::new(daemon), listener, stop.clone());
    state.look();
    loop {
        let wake = state.next_deadline();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(joined) = state.tasks.join_next_with_id() => {
                if state.ended(joined) {
                    watch.renew();
                }
            }
            () = watch.changed() => state.debounce.news(state.now()),
            () = tokio::time::sleep_until(wake) => {}
        }
        state.act();
    }
    state.wind_down().await;
}

struct Loop<R, P, J> {
    daemon: Arc<Daemon<R, P, J>>,
    listener: Listener,
    stop: CancellationToken,
    start: Instant,
    tasks: JoinSet<Task>,
    running: BTreeMap<Id, TenantName>,
    looking: bool,
    debounce: Debounce,
    looks: Looks,
    poll_at: At,
    keeper: Keeper,
    in_force: InForce,
    schedule: Schedule,
    last: BTreeMap<TenantName, (Ending, Timestamp)>,
    /// What was last seen of each tenant: who holds which number elsewhere.
    seen: BTreeMap<TenantName, Arc<LiveTenant>>,
    runs: u64,
}

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    fn new(daemon: Arc<Daemon<R, P, J>>, listener: Listener, stop: CancellationToken) -> Self {
        let Run { resync, backoff, backoff_ceiling, debounce, debounce_ceiling, poll, .. } = daemon.timing;
        Self {
            daemon,
            listener,
            stop,
            start: Instant::now(),
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            looking: false,
            debounce: Debounce::new(debounce, debounce_ceiling),
            looks: Looks::default(),
            poll_at: poll,
            keeper: Keeper::default(),
            in_force: InForce::default(),
            schedule: Schedule::new(Timing { resync, backoff, backoff_ceiling }),
            last: BTreeMap::new(),
            seen: BTreeMap::new(),
            runs: 0,
        }
    }

    fn now(&self) -> At {
        self.start.elapsed()
    }

    fn next_deadline(&self) -> Instant {
        let looking = self.debounce.due().filter(|_| !self.looking);
        let deadlines = [Some(self.poll_at), looking, self.schedule.next(self.daemon.execution.tenants)];
        self.start + deadlines.into_iter().flatten().min().unwrap_or(self.poll_at)
    }

    /// Does whatever is due now.
    fn act(&mut self) {
        let now = self.now();
        let quiet = self.debounce.due().is_some_and(|due| due <= now);
        if !self.looking && (quiet || self.poll_at <= now) {
            self.look();
        }
        for tenant in self.schedule.ready(now, self.daemon.execution.tenants) {
            self.pass(tenant);
        }
    }

    fn look(&mut self) {
        self.looking = true;
        self.debounce.looked();
        self.poll_at = self.now() + self.daemon.timing.poll;
        let roots = self.daemon.manifests.clone();
        self.tasks.spawn_blocking(move || Task::Looked(read_tree(&roots)));
        self.tell_status();
    }

    /// Takes the end of a task. True if the files were looked at.
    fn ended(&mut self, joined: Result<(Id, Task), tokio::task::JoinError>) -> bool {
        match joined {
            Ok((_, Task::Looked(tree))) => {
                self.looking = false;
                match self.looks.judge(tree.digest) {
                    Look::Same => {}
                    Look::Again => self.debounce.news(self.now()),
                    Look::Take => self.take(&tree),
                }
                return true;
            }
            Ok((id, Task::Ended(ended))) => {
                self.running.remove(&id);
                if let Some(live) = ended.live {
                    self.seen.insert(ended.tenant.clone(), live);
                }
                self.finish(&ended.tenant, ended.ending);
            }
            Err(failure) => match self.running.remove(&failure.id()) {
                Some(tenant) => {
                    error!(%tenant, %failure, "a pass ended unexpectedly");
                    self.finish(&tenant, Ending::Failed);
                }
                None => {
                    error!(%failure, "looking at the manifests ended unexpectedly");
                    self.looking = false;
                }
            },
        }
        false
    }

    fn finish(&mut self, tenant: &TenantName, ending: Ending) {
        self.schedule.finished(tenant, ending, self.now());
        self.last.insert(tenant.clone(), (ending, Timestamp::now()));
        self.tell_status();
    }

    fn take(&mut self, tree: &Tree) {
        let loaded = manifest::load(&tree.files);
        let diagnostics = loaded.diagnostics.clone();
        let before = std::mem::take(&mut self.in_force);
        self.in_force = self.keeper.take(loaded);
        let tenants = &self.in_force.desired.tenants;
        let changed: BTreeSet<TenantName> = tenants
            .iter()
            .filter(|(name, tenant)| before.desired.tenants.get(*name) != Some(*tenant))
            .map(|(name, _)| name.clone())
            .collect();
        let all: BTreeSet<TenantName> = tenants.keys().cloned().collect();
        info!(
            files = tree.files.len(),
            tenants = all.len(),
            changed = changed.len(),
            errors = diagnostics.len(),
            "manifests taken"
        );
        for (tenant, reason) in &self.in_force.kept {
            warn!(%tenant, %reason, "an older version stays in force");
        }
        for (tenant, reason) in &self.in_force.broken {
            warn!(%tenant, %reason, "held");
        }
        for gone in before.desired.tenants.keys().filter(|name| !all.contains(name)) {
            warn!(tenant = %gone, "no longer named by the manifests; its users stay as they are");
            self.last.remove(gone);
            self.seen.remove(gone);
        }
        (self.listener)(News::Manifests(&diagnostics, &self.in_force));
        self.schedule.desired(&all, &changed, self.now());
    }

    fn pass(&mut self, tenant: TenantName) {
        let Some(desired) = self.in_force.desired.tenants.get(&tenant).map(Arc::clone) else {
            return self.finish(&tenant, Ending::Done);
        };
        self.runs += 1;
        let run = run_id(self.runs);
        let pass = Pass {
            daemon: Arc::clone(&self.daemon),
            listener: Arc::clone(&self.listener),
            stop: self.stop.clone(),
            kept: self.in_force.kept.get(&tenant).cloned(),
            elsewhere: self
                .seen
                .iter()
                .filter(|(name, _)| **name != tenant)
                .map(|(name, live)| (name.clone(), Arc::clone(live)))
                .collect(),
            desired,
            run: run.clone(),
        };
        let span = info_span!("pass", %tenant, %run);
        let task = self.tasks.spawn(async move { Task::Ended(pass.go().await) }.instrument(span));
        self.running.insert(task.id(), tenant);
    }

    fn tell_status(&self) {
        let (now, clock) = (self.now(), Timestamp::now());
        let status: Vec<TenantStatus> = self
            .schedule
            .phases()
            .map(|(tenant, phase)| TenantStatus {
                tenant: tenant.clone(),
                last: self.last.get(tenant).copied(),
                next: match phase {
                    Phase::Running => None,
                    Phase::Waiting(at) => clock.checked_add(at.saturating_sub(now)).ok(),
                },
            })
            .collect();
        (self.listener)(News::Status(&status));
    }

    /// No new passes; those that run begin no new step and end.
    async fn wind_down(mut self) {
        let grace = self.daemon.timing.grace;
        info!(running = self.running.len(), grace = %humantime::format_duration(grace), "stopping: running calls may end");
        let all_ended = async {
            while let Some(joined) = self.tasks.join_next_with_id().await {
                self.ended(joined);
            }
        };
        if tokio::time::timeout(grace, all_ended).await.is_err() {
            warn!("some calls did not end in time; what they owe is in the journal");
        }
        self.tasks.shutdown().await;
        info!("stopped");
    }
}

/// One pass of one tenant.
struct Pass<R, P, J> {
    daemon: Arc<Daemon<R, P, J>>,
    listener: Listener,
    stop: CancellationToken,
    desired: Arc<DesiredTenant>,
    kept: Option<String>,
    elsewhere: Vec<(TenantName, Arc<LiveTenant>)>,
    run: RunId,
}

impl<R: LiveReader, P: Provisioner, J: Journal> Pass<R, P, J> {
    async fn go(self) -> Ended {
        let daemon = &self.daemon;
        let observed = match self.desired.mode {
            Mode::Suspend => None,
            Mode::Enforce | Mode::Report => Some(daemon.reader.observe(&self.desired.reference()).await.map(Arc::new)),
        };
        let plan = self.plan(observed.as_ref().map(|live| live.as_deref()));
        (self.listener)(News::Planned(&plan));
        let executor = Executor {
            provisioner: &daemon.provisioner,
            journal: &daemon.journal,
            users: NonZeroUsize::new(daemon.execution.users_per_tenant).unwrap_or(NonZeroUsize::MIN),
            clock: Timestamp::now,
            stop: self.stop.clone(),
        };
        let report = executor.tenant(&plan, self.run.clone(), &|_, _| {}).await;
        (self.listener)(News::Finished(&plan, &report));
        let read = !matches!(observed, Some(Err(_)));
        let ending = match (read && report.is_complete(), plan.is_held()) {
            (false, _) => Ending::Failed,
            (true, true) => Ending::Held,
            (true, false) => Ending::Done,
        };
        Ended { tenant: self.desired.name.clone(), ending, live: observed.and_then(Result::ok) }
    }

    fn plan(&self, observed: Option<Result<&LiveTenant, &crate::ports::Fault>>) -> TenantPlan {
        let memory = self.daemon.journal.memory(&self.desired.name);
        let live = match observed {
            Some(Ok(live)) => Observation::Seen(live),
            Some(Err(fault)) => Observation::Failed(fault),
            None => Observation::NotAsked,
        };
        let tenant = TenantInput { desired: &self.desired, kept: self.kept.as_deref(), live, memory: &memory };
        let settle = pass::settle(&self.daemon.execution);
        let elsewhere: Vec<_> = self.elsewhere.iter().map(|(name, live)| (name, live.as_ref())).collect();
        plan::plan_one(&tenant, &elsewhere, Timestamp::now(), settle)
    }
}

/// The id of a run: sortable by time, and unique in this process.
#[must_use]
pub fn run_id(number: u64) -> RunId {
    RunId::new(&format!("{}-{number}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ")))
}

/// How long a status may stay the same before the service counts as hung: a few looks at the files.
#[must_use]
pub fn status_lifetime(timing: &Run) -> Duration {
    timing.poll * 3 + Duration::from_secs(10)
}
