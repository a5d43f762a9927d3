//! What the loop knows, and what it does about each event.

mod first_looks;
mod lead;
mod manifests;
mod orders;
mod renew;
mod stops;
mod tell;
mod undo;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Daemon, Listeners,
    alarms::Alarms,
    beginning::Beginning,
    brake::Brake,
    halts::Halts,
    look::{Findings, SourceObserver, UnderstoodManifests},
    pass::{EndedPass, Pass},
    passes::{Passes, Running},
    rank::Rank,
    rounds::Rounds,
    signs::Signs,
    told::OrdersUnderWay,
    undo::UndoResult,
    versions::{SourceCommits, Versions},
};
use crate::{
    board::News,
    config::Run,
    control::Orders,
    manifest::{Absences, InForce, Keeper},
    model::{Adopted, Debts, Suspension, TenantId, TenantName},
    pass::{self, FirstLook, SharedFleet},
    ports::{Journal, JournalError, LiveReader, Provisioner},
    reconcile::{At, Debounce, Ending, Looks, Schedule, Timing},
    source::SourceReport,
    words::duration,
};

/// How long a tenant waits whose customer is still worked on under another name.
const RENAMED_PAUSE: Duration = Duration::from_secs(1);

/// A task's end.
pub(super) enum Task {
    Findings(Box<Findings>),
    /// What earlier runs left open with the tenants of these manifests that are met for the first
    /// time.
    Recalled(Box<UnderstoodManifests>, Vec<(TenantId, Option<Debts>)>),
    FirstLooks(Vec<FirstLook>),
    Ended(EndedPass),
    /// An order is on record under this run, or cannot be: what was suspended before, if it is a
    /// resumption.
    Recorded(String, Result<Option<Suspension>, JournalError>),
    Undone(UndoResult),
    /// The service that leads has answered this order, or nobody took it, or why that is not known.
    Answered(String, Result<Option<String>, String>),
    /// The stop switch of all machines was switched on for this order, or why not.
    Stopped(String, Result<(), String>),
    /// It was let go by somebody: what was on, or why not.
    LetGo(String, String, Result<Option<String>, String>),
    /// The stop switch is on record, under this run if it was not before, or cannot be.
    Switched(Result<Option<String>, JournalError>),
    /// What became of manifests that this term of a leader put on record, and what is open with tenants
    /// that it meets.
    Adopted(u64, Result<Adopted, JournalError>, Vec<(TenantId, Option<Debts>)>),
}

/// The loop between two events.
pub(super) struct Loop<R, P, J> {
    daemon: Arc<Daemon<R, P, J>>,
    pub(super) orders: Orders,
    told: OrdersUnderWay,
    listeners: Listeners,
    stop: CancellationToken,
    start: Instant,
    pub(super) tasks: JoinSet<Task>,
    running: Passes,
    looking: bool,
    pub(super) debounce: Debounce,
    looks: Looks,
    /// What looks keep; away while one is made.
    eye: SourceObserver,
    poll_at: At,
    keeper: Keeper,
    absences: Absences,
    /// When the last look began.
    looked_at: Timestamp,
    said: SourceCommits,
    /// What was last told of the branches that are followed.
    reports: Vec<SourceReport>,
    in_force: InForce,
    /// Since when the manifests have said so.
    in_force_since: Option<Timestamp>,
    /// Which versions that is.
    versions: Versions,
    schedule: Schedule,
    alarms: Alarms,
    /// When each tenant's last pass has ended.
    last: BTreeMap<TenantName, Timestamp>,
    /// All tenants as they are known.
    fleet: Arc<SharedFleet>,
    /// Whether all tenants were looked at once. Nothing is planned before.
    beginning: Beginning,
    /// Whom each tenant waits for with a number.
    waits_for: BTreeMap<TenantName, BTreeSet<TenantName>>,
    /// Tenants whose debts of earlier runs were told.
    met: BTreeSet<TenantId>,
    runs: u64,
    /// What the tenants have in common that are worked on at one time.
    rounds: Rounds,
    brake: Brake,
    halts: Halts,
    /// Why the journal cannot be written any more: then nothing can be done but to end and be
    /// started again.
    journal_failed: Option<JournalError>,
    /// Why nothing new begins for now.
    away: Option<JournalError>,
    /// Whether this service does the passes, where several share the journal.
    rank: Rank,
}

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    pub(super) fn new(
        daemon: Arc<Daemon<R, P, J>>,
        orders: Orders,
        listeners: Listeners,
        stop: CancellationToken,
    ) -> Self {
        let Run { resync, backoff, backoff_ceiling, debounce, debounce_ceiling, poll, .. } =
            daemon.timing;
        let fleet = Arc::new(SharedFleet::new(&daemon.execution));
        let rank = Rank::of(daemon.lead.clone());
        Self {
            daemon,
            orders,
            told: OrdersUnderWay::default(),
            listeners,
            stop,
            start: Instant::now(),
            tasks: JoinSet::new(),
            running: Passes::default(),
            looking: false,
            debounce: Debounce::new(debounce, debounce_ceiling),
            looks: Looks::default(),
            eye: SourceObserver::default(),
            poll_at: poll,
            keeper: Keeper::default(),
            absences: Absences::default(),
            looked_at: Timestamp::now(),
            said: SourceCommits::default(),
            reports: Vec::new(),
            in_force: InForce::default(),
            in_force_since: None,
            versions: Versions::default(),
            schedule: Schedule::new(Timing { resync, backoff, backoff_ceiling }),
            alarms: Alarms::default(),
            last: BTreeMap::new(),
            fleet,
            beginning: Beginning::default(),
            waits_for: BTreeMap::new(),
            met: BTreeSet::new(),
            runs: 0,
            rounds: Rounds::default(),
            brake: Brake::default(),
            halts: Halts::default(),
            journal_failed: None,
            away: None,
            rank,
        }
    }

    pub(super) fn now(&self) -> At {
        self.start.elapsed()
    }

    pub(super) fn next_deadline(&self) -> Instant {
        let looking = self.debounce.due().filter(|_| !self.looking);
        let poll = Some(self.poll_at).filter(|_| !self.looking);
        let brake = Some(self.brake.due());
        // The brake looks every second; so does a pass that waits for the journal.
        let next = self.schedule.next(self.slots());
        let deadlines = [poll, looking, brake, next.filter(|_| self.may_begin())];
        self.start
            + deadlines
                .into_iter()
                .flatten()
                .min()
                .unwrap_or_else(|| self.now() + self.daemon.timing.poll)
    }

    /// Does whatever is due now.
    pub(super) fn act(&mut self) {
        let now = self.now();
        self.obey();
        self.follow_lead();
        self.record_switch();
        let quiet = self.debounce.due().is_some_and(|due| due <= now);
        if !self.looking && (quiet || self.poll_at <= now) {
            self.look();
        }
        if self.is_carried_out() {
            if self.beginning.is_due() && self.away.is_none() {
                self.look_at_all();
            }
            self.record_edicts();
            self.take_back();
        }
        for tenant in self.alarms.rung(Timestamp::now()) {
            self.schedule.bring_forward(&tenant, now);
        }
        if self.may_begin() {
            for tenant in self.schedule.ready(now, self.slots()) {
                self.pass(tenant);
            }
        }
        self.tell_changes();
    }

    /// Takes the end of a task. True if the files were looked at.
    pub(super) fn ended(&mut self, joined: Result<(Id, Task), JoinError>) -> bool {
        match joined {
            Ok((_, Task::Findings(findings))) => {
                self.looked(*findings);
                return true;
            }
            Ok((_, Task::Recalled(understood, debts))) => {
                self.looking = false;
                self.take(*understood);
                self.recover(debts);
                self.look_for_those_who_asked();
            }
            Ok((_, Task::FirstLooks(looks))) => self.looked_at_all(looks),
            Ok((id, Task::Recorded(run, recorded))) => self.recorded(id, run, recorded),
            Ok((id, Task::Undone(undone))) => self.undone(id, undone),
            Ok((_, Task::Answered(id, answer))) => self.answered(&id, answer),
            Ok((_, Task::Stopped(id, done))) => self.stopped(&id, done),
            Ok((_, Task::LetGo(id, by, removed))) => self.went(&id, by, removed),
            Ok((id, Task::Switched(kept))) => self.switched(id, kept),
            Ok((id, Task::Adopted(term, adopted, debts))) => {
                self.adopted((id, term), adopted, debts);
            }
            Ok((id, Task::Ended(ended))) => {
                let began = self.running.ended(id).map_or(self.now(), |running| running.began);
                self.waits_for.insert(ended.tenant.clone(), ended.waits_for);
                if ended.news {
                    self.tell_those_who_wait(&ended.tenant);
                }
                self.journal_failed = self.journal_failed.take().or(ended.journal_failed);
                self.finish(&ended.tenant, ended.ending, began, ended.failure.as_deref());
                self.alarms.set(&ended.tenant, ended.resumes);
                if let Some(at) = ended.resumes {
                    let wait = at.duration_since(Timestamp::now());
                    let wait = Duration::try_from(wait).unwrap_or_default();
                    self.schedule.bring_forward(&ended.tenant, self.now() + wait);
                }
            }
            Err(failure) => {
                if let Some(Running { tenant, began, .. }) = self.running.ended(failure.id()) {
                    error!(%tenant, %failure, "a pass ended unexpectedly");
                    let failure = "the pass ended unexpectedly; the log says more";
                    self.finish(&tenant, Ending::Failed, began, Some(failure));
                } else if self.not_recorded(failure.id()) {
                    error!(%failure, "recording an order ended unexpectedly");
                } else if self.not_undone(failure.id()) {
                    error!(%failure, "an undo ended unexpectedly");
                } else if self.not_switched(failure.id()) {
                    error!(%failure, "recording the stop switch ended unexpectedly");
                } else if self.rank.failed(failure.id(), self.start.elapsed()) {
                    error!(%failure, "putting manifests on record ended unexpectedly");
                } else if self.beginning.is_task(failure.id()) {
                    error!(%failure, "the first look at all tenants ended unexpectedly");
                    self.looked_at_all(Vec::new());
                } else {
                    error!(%failure, "looking at the manifests ended unexpectedly");
                    self.forget_looks();
                }
            }
        }
        false
    }

    fn finish(&mut self, tenant: &TenantName, ending: Ending, began: At, failure: Option<&str>) {
        self.schedule.finished(tenant, ending, self.now());
        self.answer_those_who_wait(tenant, ending, Timestamp::now());
        if self.in_force.desired.tenants.contains_key(tenant) {
            let at = Timestamp::now();
            self.last.insert(tenant.clone(), at);
            let took = self.now().saturating_sub(began);
            self.listeners.tell(&News::Ended { tenant, ending, at, took, failure });
        }
    }

    fn pass(&mut self, name: TenantName) {
        let Some(tenant) = self.in_force.tenant(&name) else {
            return self.finish(&name, Ending::Done, self.now(), None);
        };
        let id = tenant.desired.id.clone();
        if self.running.work_on(&id) || self.told.holds_up(&id) {
            // The same customer under another name, whose last pass has not ended yet; or something
            // that is to be on record before.
            return self.schedule.postpone(&name, self.now() + RENAMED_PAUSE);
        }
        self.runs += 1;
        let part_of = self.rounds.now(self.running.len() > 0, self.now());
        let stop = self.stop.child_token();
        let newer = CancellationToken::new();
        let signs = Signs::new();
        let first_look = self.beginning.take(&name);
        let run = pass::run_id(self.daemon.journal.now(), self.runs);
        self.told.pass_begins(&name, run.to_string());
        let pass = Pass {
            daemon: Arc::clone(&self.daemon),
            listeners: self.listeners.clone(),
            stop: stop.clone(),
            newer: newer.clone(),
            revision: self.versions.of(&name).cloned().filter(|_| tenant.kept.is_none()),
            tenant,
            first_look,
            fleet: Arc::clone(&self.fleet),
            run,
            part_of,
            signs: signs.clone(),
        };
        let task = self.tasks.spawn(async move { Task::Ended(pass.go().await) });
        let began = self.now();
        self.running.began(task.id(), Running { tenant: name, id, began, stop, newer, signs });
    }

    /// No new passes; those that run begin no new step and end.
    pub(super) async fn wind_down(mut self) -> Result<(), JournalError> {
        let grace = self.daemon.timing.grace;
        info!(
            running = self.running.len(),
            grace = duration(grace),
            "stopping: running calls may end"
        );
        self.take_last_orders();
        let all_ended = async {
            loop {
                self.record_edicts();
                self.record_switch();
                let Some(joined) = self.tasks.join_next_with_id().await else { break };
                self.ended(joined);
            }
        };
        if tokio::time::timeout(grace, all_ended).await.is_err() {
            let tenants = self.running.in_words();
            warn!(tenants, "some calls did not end in time; what they owe is in the journal");
        }
        self.tell_changes();
        self.tasks.abort_all();
        self.tell_those_who_switched(true);
        self.has_lost_its_journal();
        if self.journal_failed.is_none() {
            self.listeners.tell(&News::Over);
        }
        info!("stopped");
        self.journal_failed.map_or(Ok(()), Err)
    }
}
