//! What keeps the loop from beginning anything: the stop switch, and a journal that is away.

use std::{io, sync::Arc};

use jiff::Timestamp;
use tokio::task::Id;
use tracing::warn;

use super::{Loop, Task};
use crate::{
    board::News,
    control::RequestState,
    daemon::{
        brake::{Edge, halt},
        halts::HaltAnswer,
    },
    model::TenantName,
    pass::{self, StopSwitchChange},
    ports::{Journal, JournalError, LiveReader, Provisioner},
    stop::StopNote,
    words::{self, many},
};

/// What to do where there is no stop file.
const NOTHING_STOPPED: &str =
    "nothing is stopped: give the order again, end the service, or set `stop: true`";

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Whether a pass may begin: all tenants were looked at, the journal is there, nobody takes
    /// anything back, and this service does the passes.
    pub(super) fn may_begin(&self) -> bool {
        self.beginning.is_over()
            && self.away.is_none()
            && !self.told.undoes()
            && self.is_carried_out()
    }

    /// How many passes may run: those that hear nothing leave their places to others, as far as
    /// there are readers for them.
    pub(super) fn slots(&self) -> usize {
        let execution = &self.daemon.execution;
        let silent = self.running.silent(self.daemon.timing.silence);
        execution.tenants + silent.min(execution.readers)
    }

    /// Whether nothing can be recorded any more. It is asked even if no pass has anything to
    /// record.
    pub(in crate::daemon) fn has_lost_its_journal(&mut self) -> bool {
        let lead = self.daemon.lead.as_ref().and_then(|lead| lead.trouble());
        let trouble = self.daemon.journal.trouble().or(lead);
        self.tell_away(trouble.clone().filter(|trouble| !trouble.is_final()));
        self.journal_failed = self.journal_failed.take().or(trouble.filter(JournalError::is_final));
        self.journal_failed.is_some()
    }

    /// While the journal is away no pass begins. Those that run end; the schedule waits.
    fn tell_away(&mut self, away: Option<JournalError>) {
        match (&self.away, &away) {
            (None, Some(error)) => {
                warn!(hint = error.hint(), "nothing new begins: {error}");
            }
            (Some(_), None) => warn!("going on: the journal can be reached again"),
            _ => {}
        }
        if self.away != away {
            let reason = away.as_ref().map(ToString::to_string);
            self.listeners.tell(&News::Journal(reason.as_deref()));
        }
        self.away = away;
    }

    /// Switches the stop switch on, and says what that means. Where machines share one, the file of
    /// this one holds until that is on.
    pub(super) fn stop(&mut self, id: &str, by: String, reason: Option<String>) {
        let note = StopNote { by: Some(by), at: Some(Timestamp::now()), reason };
        let put = self.daemon.switch.put(&note);
        self.brake.moved();
        self.obey();
        let Some(common) = self.daemon.switch.common.clone() else {
            return self.answer_stop(id, put);
        };
        let id = id.to_owned();
        let file = self.daemon.switch.clone();
        self.orders.note(&id, |request| request.state = RequestState::Taken);
        self.tasks.spawn(async move {
            let done = common.put(&note).await;
            if done.is_ok() && matches!(put, Ok(true)) {
                // All machines have it now. A file that stays holds this one.
                let _ = file.remove();
            }
            Task::Stopped(id, done.map(|_| ()))
        });
    }

    /// The switch of all machines is on, or cannot be reached.
    pub(super) fn stopped(&mut self, id: &str, done: Result<(), String>) {
        self.brake.moved();
        self.obey();
        match done {
            Ok(()) => self.answer_stop(id, Ok(true)),
            Err(why) => {
                let message = format!("only this machine is stopped: {why}");
                let hint = "give the order again once the database of the journal can be reached, \
                    or on each machine";
                self.orders.note(id, |request| request.refuse(message, hint));
            }
        }
    }

    fn answer_stop(&mut self, id: &str, put: io::Result<bool>) {
        let ends = if self.running.len() == 1 { "ends" } else { "end" };
        let under_way = match self.running.len() {
            0 => "no pass is under way".to_owned(),
            running => format!("{} under way {ends} before the next", many(running, "pass")),
        };
        let refused = match (self.daemon.switch.state(), put) {
            (Some(stopped), _) => {
                let done = format!("{}; no new call begins, {under_way}", stopped.message);
                return self.once_on_record(id, done);
            }
            (None, Err(error)) => format!("the stop file cannot be made: {}", words::system(error)),
            (None, Ok(_)) => "the stop file is not there any more".to_owned(),
        };
        self.orders.note(id, |request| request.refuse(refused, NOTHING_STOPPED));
    }

    /// Switches it off, as far as its file, or the switch of all machines, is what keeps it on.
    pub(super) fn let_go(&mut self, id: &str, by: String) {
        // What a file says that nobody has looked at yet belongs on record before.
        self.brake.moved();
        self.obey();
        let Some(common) = self.daemon.switch.common.clone() else {
            let removed = self.daemon.switch.remove().map_err(|error| unremoved(&error));
            return self.went(id, by, removed);
        };
        let id = id.to_owned();
        let file = self.daemon.switch.clone();
        self.orders.note(&id, |request| request.state = RequestState::Taken);
        self.tasks.spawn(async move {
            let removed = match common.remove(&by).await {
                Ok(was) => file.remove().map_err(|error| unremoved(&error)).map(|own| {
                    let all = was.map(|note| format!("it was stopped on all machines {note}"));
                    let told: Vec<String> = all.into_iter().chain(own).collect();
                    (!told.is_empty()).then(|| told.join("; "))
                }),
                Err(why) => Err(format!("the stop switch of all machines cannot be let go: {why}")),
            };
            Task::LetGo(id, by, removed)
        });
    }

    /// It was let go, or could not be.
    pub(super) fn went(&mut self, id: &str, by: String, removed: Result<Option<String>, String>) {
        self.brake.moved();
        self.look_at_switch(Some(by));
        let stopped = self.daemon.switch.state();
        if let (Ok(Some(told)), None) = (&removed, &stopped) {
            let message = format!("{told}; the service goes on");
            return self.once_on_record(id, message);
        }
        self.orders.note(id, |request| match (removed, stopped) {
            (Err(message), _) => {
                let hint = "everything stays stopped; see `dialplane doctor`, and try again";
                request.refuse(message, hint);
            }
            (_, Some(stopped)) => request.refuse(stopped.message, stopped.hint),
            (Ok(_), None) => request.done("nothing was stopped"),
        });
    }

    /// The switch was moved for a request, and it is said so once the journal has it.
    fn once_on_record(&mut self, id: &str, message: String) {
        if self.rank.leads() {
            self.halts.wait(id, message, self.now());
            self.record_switch();
        } else {
            self.orders.note(id, |request| request.done(message));
        }
    }

    /// Puts on record what the switch said. Where several services share the journal, the switch of
    /// the one that leads is what stops calls.
    pub(super) fn record_switch(&mut self) {
        let brake = &self.brake;
        let is =
            || brake.on().map_or(StopSwitchChange { by: None, on: None }, StopSwitchChange::on);
        let is_known = brake.on().is_none_or(|stopped| stopped.known);
        let can_be = is_known && self.rank.leads() && self.away.is_none();
        let next = can_be.then(|| self.halts.next(is, self.start.elapsed())).flatten();
        if let Some(switched) = next {
            self.runs += 1;
            let run = pass::run_id(self.daemon.journal.now(), self.runs);
            let daemon = Arc::clone(&self.daemon);
            let task = self.tasks.spawn(async move {
                let kept = pass::switch(&*daemon.journal, run.clone(), &switched).await;
                Task::Switched(kept.map(|is_new| is_new.then(|| run.to_string())))
            });
            self.halts.asks(task.id());
        }
        self.tell_those_who_switched(false);
    }

    /// It is on record, or cannot be yet.
    pub(super) fn switched(&mut self, task: Id, kept: Result<Option<String>, JournalError>) {
        if let Err(error) = &kept
            && self.halts.is_news(error)
        {
            warn!(hint = error.hint(), "the stop switch is not on record yet: {error}");
        }
        self.halts.ended(task, kept, self.start.elapsed());
        self.tell_those_who_switched(false);
    }

    /// The task that was to put it there ended unexpectedly. True if it was that.
    pub(super) fn not_switched(&mut self, task: Id) -> bool {
        let lost = JournalError::Lost;
        self.halts.ended(task, Err(lost), self.start.elapsed())
    }

    /// Answers those who moved the switch; all of them if the service is over.
    pub(super) fn tell_those_who_switched(&mut self, is_over: bool) {
        for HaltAnswer { id, message, run } in self.halts.heard(self.start.elapsed(), is_over) {
            self.orders.note(&id, |request| {
                request.run = run;
                request.done(message);
            });
        }
    }

    /// Looks for the stop switch. Tenants that were held by it are looked at again as soon as it is
    /// let go.
    pub(super) fn obey(&mut self) {
        self.look_at_switch(None);
    }

    /// `by` has just let it go.
    fn look_at_switch(&mut self, by: Option<String>) {
        let now = self.now();
        match self.brake.look(&self.daemon.switch, now, Timestamp::now()) {
            None => {}
            Some(Edge::On(stopped)) => {
                warn!(hint = stopped.hint, "{}", stopped.message);
                self.listeners.tell(&News::Stopped(Some(&halt(&stopped))));
                if stopped.known {
                    self.halts.moved(StopSwitchChange::on(&stopped));
                }
            }
            Some(Edge::Off(since, was)) => {
                // By another machine, perhaps.
                let common = self.daemon.switch.common.as_ref();
                let by = by.or_else(|| common.and_then(|common| common.let_go_by(&was.note)));
                warn!(stopped_since = %since, "going on: the stop switch was let go");
                self.listeners.tell(&News::Stopped(None));
                self.halts.moved(StopSwitchChange { by, on: None });
                let held = |name: &&TenantName| self.last.get(*name).is_none_or(|at| *at >= since);
                for name in self.in_force.desired.tenants.keys().filter(held) {
                    self.schedule.news(name, now);
                }
            }
        }
    }
}

fn unremoved(error: &io::Error) -> String {
    format!("the stop file cannot be removed: {}", words::system(error))
}
