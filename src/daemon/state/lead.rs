//! What the loop does where several services share the journal: one of them leads, the others read
//! their manifests and wait.

use std::{collections::BTreeSet, sync::Arc};

use tokio::task::Id;
use tracing::{info, warn};

use super::{Loop, Task, manifests::debts_of};
use crate::{
    board::{LeadRow, LeaderRow, News},
    control::Order,
    daemon::beginning::Beginning,
    foreign::line,
    model::{Adopted, Debts, TenantId, TenantName},
    pass::SharedFleet,
    ports::{Journal, JournalError, LiveReader, Provisioner},
};

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

    /// Why an order cannot be carried out here, if another service does the passes: the word and what
    /// to do. Nothing keeps anybody from stopping this one.
    pub(super) fn not_for_us(&self, order: &Order) -> Option<(String, String)> {
        match order {
            Order::Stop { .. } | Order::LetGo => None,
            Order::Reconcile { .. }
            | Order::Suspend { .. }
            | Order::Resume { .. }
            | Order::Undo(_) => (!self.rank.leads()).then(|| self.not_here()),
        }
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
