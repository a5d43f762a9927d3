//! What the loop does where several services share the journal: one of them leads, the others read
//! their manifests and wait.

use std::{collections::BTreeSet, sync::Arc};

use tokio::task::Id;
use tracing::{info, warn};

use super::{Loop, Task, manifests::debts_of};
use crate::{
    board::{LeadRow, LeaderRow, News},
    control::{Order, Request, RequestState},
    daemon::beginning::Beginning,
    foreign::line,
    model::{Adopted, Debts, TenantId, TenantName},
    pass::SharedFleet,
    ports::{Journal, JournalError, LiveReader, Provisioner},
};

/// What became of an order that was handed over.
fn became(request: &mut Request, answer: Result<Option<String>, String>) {
    match answer {
        Ok(Some(text)) => request.answered(&text),
        Ok(None) => request.refuse(
            "no service that leads took the order in 5 minutes: it is withdrawn",
            "`dialplane status` says who leads; give the order again",
        ),
        Err(why) => request.refuse(
            format!("it is not known what became of the order: {why}"),
            "it may be carried out all the same: `dialplane status` says so; give it again",
        ),
    }
}

/// Who an order is for.
pub(super) enum OrderTarget {
    /// It is carried out here.
    Ours,
    /// The one that leads gets it; what to say meanwhile.
    Handed(String),
    /// Why it is not carried out, and what to do.
    Refused(String, String),
}

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Whether this service carries out what it has taken.
    pub(super) fn is_carried_out(&self) -> bool {
        self.rank.leads() && self.rank.is_in_force()
    }

    /// Takes over, or stands by, as the store says.
    pub(super) fn follow_lead(&mut self) {
        let Some(lead) = self.rank.lead.clone() else { return };
        if self.in_force_since.is_some() {
            lead.stand();
        }
        let now = lead.standing().term();
        if self.rank.term() != now && self.rank.term().is_some() {
            self.step_down();
        }
        if let Some(term) = now.filter(|_| self.rank.term().is_none() && self.is_idle()) {
            self.take_over(term);
        }
        if self.rank.is_due(self.now()) && self.away.is_none() && self.rank.leads() {
            self.put_in_force();
        }
        self.tell_lead();
    }

    /// Whether nothing of an earlier term goes on.
    fn is_idle(&self) -> bool {
        self.running.len() == 0
            && !self.told.is_undoing()
            && !self.told.is_recording()
            && !matches!(self.beginning, Beginning::Looks(_))
    }

    /// Nothing that was seen or remembered before counts: another service has written since.
    fn take_over(&mut self, term: u64) {
        let is_any = self.in_force_since.is_some();
        let now = self.now();
        self.rank.begin(term, is_any, now);
        self.fleet = Arc::new(SharedFleet::new(&self.daemon.execution));
        self.fleet.take(&self.in_force);
        self.met.clear();
        self.halts.forget();
        self.waits_for.clear();
        self.beginning = if is_any { Beginning::Due } else { Beginning::Waits };
        let all: BTreeSet<TenantName> = self.in_force.desired.tenants.keys().cloned().collect();
        self.schedule.desired(&all, &all, now);
        self.rounds.end();
        drop(self.daemon.sources.ask_now());
        self.debounce.news(now);
        info!(term, "this service leads: it does the passes");
    }

    /// Another service does the passes. Those that run here begin no new step and send nothing more.
    fn step_down(&mut self) {
        self.rank.end();
        self.running.stop_all();
        for id in self.told.give_up() {
            let (message, hint) = self.not_here();
            self.orders.note(&id, |request| request.refuse(message, hint));
        }
        warn!("this service no longer leads: it begins nothing more and stands by");
    }

    /// Puts on record that the manifests come into force, before anything is done by them.
    fn put_in_force(&mut self) {
        let (Some(lead), Some(term)) = (self.rank.lead.clone(), self.rank.term()) else { return };
        let vouched_for = self.daemon.sources.paths().is_empty();
        let (head, grounds) = self.rank.head(&self.versions, vouched_for);
        let tenants = self.in_force.desired.tenants.values().map(|tenant| &tenant.id);
        let unmet: Vec<TenantId> = tenants.filter(|id| !self.met.contains(*id)).cloned().collect();
        let daemon = Arc::clone(&self.daemon);
        let task = self.tasks.spawn(async move {
            let adopted = lead.adopt(head, grounds).await;
            let debts = match adopted {
                Ok(Adopted::InForce(_)) => debts_of(&*daemon.journal, unmet).await,
                _ => Vec::new(),
            };
            Task::Adopted(term, adopted, debts)
        });
        self.rank.asks(task.id(), grounds);
    }

    /// They are on record, or are not.
    pub(super) fn adopted(
        &mut self,
        task: (Id, u64),
        adopted: Result<Adopted, JournalError>,
        debts: Vec<(TenantId, Option<Debts>)>,
    ) {
        if let Err(error) = &adopted {
            warn!(hint = error.hint(), "the manifests are not on record yet: {error}");
        }
        if self.rank.adopted(task, adopted.ok(), self.start.elapsed()) {
            self.recover(debts);
        }
    }

    /// Tells what has changed in that.
    fn tell_lead(&mut self) {
        let vouched_for = self.daemon.sources.paths().is_empty();
        let Some(row) = self.rank.row(vouched_for) else { return };
        if self.rank.told.as_ref() == Some(&row) {
            return;
        }
        let before = self.rank.told.take().unwrap_or_default();
        let behind = |row: &LeadRow| row.behind.as_ref().map(|behind| behind.reason.clone());
        match &row.behind {
            Some(now) if behind(&before) != behind(&row) => {
                warn!(hint = now.hint, "waits: {}", now.reason);
            }
            _ => {}
        }
        let who =
            |row: &LeadRow| row.leader.as_ref().map(|leader| (leader.host.clone(), leader.process));
        if !row.leads && (before.leads || who(&before) != who(&row)) {
            info!("{}", row.in_words());
        }
        self.listeners.tell(&News::Lead(&row));
        self.rank.told = Some(row);
    }

    /// Whether an order cannot be carried out here, because another service does the passes. Nothing
    /// keeps anybody from stopping this one. An undo is of a plan that was made where it is given.
    pub(super) fn not_for_us(&self, order: &Order) -> OrderTarget {
        match order {
            _ if self.rank.leads() => OrderTarget::Ours,
            Order::Stop { .. } | Order::LetGo => OrderTarget::Ours,
            Order::Undo(_) => {
                let (message, hint) = self.not_here();
                OrderTarget::Refused(message, hint)
            }
            Order::Reconcile { .. } | Order::Suspend { .. } | Order::Resume { .. } => {
                OrderTarget::Handed(self.handed_to())
            }
        }
    }

    fn handed_to(&self) -> String {
        let row = self.rank.row(false).unwrap_or_default();
        match row.leader.filter(|_| !row.leads) {
            Some(LeaderRow { host, process, .. }) => {
                format!("handed to {}, process {process}, which leads", line(host))
            }
            None => "handed to the next service that leads; none does now".to_owned(),
        }
    }

    /// Hands an order to the service that leads. What becomes of it there is heard later.
    pub(super) fn hand_over(&mut self, id: &str, (order, by): (&Order, &str), message: String) {
        let Some(lead) = self.rank.lead.clone() else { return };
        self.orders.note(id, |request| {
            request.state = RequestState::Taken;
            request.message = Some(message);
        });
        let id = id.to_owned();
        let text = order.to_text(by);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let answer = tokio::select! {
                biased;
                answer = lead.hand(&id, &text) => answer,
                () = stop.cancelled() => Err("this service ends".to_owned()),
            };
            Task::Answered(id, answer)
        });
    }

    /// What became of it is known, or will not be.
    pub(super) fn answered(&mut self, id: &str, answer: Result<Option<String>, String>) {
        self.orders.note(id, |request| became(request, answer));
    }

    fn not_here(&self) -> (String, String) {
        let row = self.rank.row(false).unwrap_or_default();
        match row.leader.filter(|_| !row.leads) {
            Some(LeaderRow { host, process, .. }) => {
                let host = line(host);
                let message =
                    format!("this service stands by: {host}, process {process}, does the passes");
                (message, format!("give the order on {host}"))
            }
            None => (
                "no service leads now, so no passes run".to_owned(),
                "try again in a minute; `dialplane status` says who leads then".to_owned(),
            ),
        }
    }
}
