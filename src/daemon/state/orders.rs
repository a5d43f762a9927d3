//! What the loop does about orders: look for those who want a look, record what belongs on record,
//! and answer.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::Id;
use tracing::{error, info};

use super::{Loop, Task, lead::OrderTarget};
use crate::{
    board::LastPass,
    control::{Order, PassMade, PlacedOrder, Request, RequestState},
    daemon::told::{Reconcile, RecordedOrder, TenantOrder},
    model::{Suspension, TenantName, TenantRef},
    pass,
    ports::{Journal, JournalError, LiveReader, Provisioner},
    reconcile::Ending,
    source::SourceReport,
    words::{list, many},
};

/// Why a request is refused: what is wrong, and what to do.
type OrderRefusal = (String, String);

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Somebody has given an order.
    pub(in crate::daemon) fn told(&mut self, placed: PlacedOrder) {
        let PlacedOrder { id, order, by } = placed;
        info!(order = order.verb(), tenant = order.tenant().map(TenantName::as_str), by, "told");
        match self.not_for_us(&order) {
            OrderTarget::Ours => {}
            OrderTarget::Handed(message) => return self.hand_over(&id, (&order, &by), message),
            OrderTarget::Refused(message, hint) => {
                return self.orders.note(&id, |request| request.refuse(message, hint));
            }
        }
        let taken = match order {
            Order::Stop { reason } => return self.stop(&id, by, reason),
            Order::LetGo => return self.let_go(&id, by),
            Order::Reconcile { tenant } => {
                let wish = self.daemon.sources.ask_now();
                self.told.reconcile(Reconcile { id: id.clone(), tenant, wish });
                self.debounce.news(self.now());
                Ok(())
            }
            Order::Suspend { tenant, reason, until } => {
                self.decree(&id, by, &tenant, RecordedOrder::Suspend(reason, until))
            }
            Order::Resume { tenant } => self.decree(&id, by, &tenant, RecordedOrder::Resume),
            Order::Undo(undo) => self.wants_undo(&id, by, undo),
        };
        self.orders.note(&id, |request| match taken {
            Ok(()) => request.state = RequestState::Taken,
            Err((message, hint)) => request.refuse(message, hint),
        });
    }

    /// The service ends: what belongs on record is put there before, and nobody looks any more.
    pub(in crate::daemon) fn take_last_orders(&mut self) {
        for placed in self.orders.close() {
            if let Order::Reconcile { .. } | Order::Undo(_) = &placed.order {
                let hint = "ask the service that is started next";
                self.orders.note(&placed.id, |request| request.refuse("the service ends", hint));
            } else {
                self.told(placed);
            }
        }
        self.refuse_undos();
    }

    /// Something belongs on record of a tenant. While a pass works on it, that begins no new step.
    fn decree(
        &mut self,
        id: &str,
        by: String,
        name: &TenantName,
        what: RecordedOrder,
    ) -> Result<(), OrderRefusal> {
        let tenant = self.known(name)?;
        if matches!(what, RecordedOrder::Suspend(..)) {
            self.running.stop(&tenant.id);
            self.told.stop_undo(name);
        }
        self.told.decree(TenantOrder { id: id.to_owned(), by, tenant, what, task: None });
        Ok(())
    }

    /// The tenant of this name, if one is in force.
    pub(super) fn known(&self, name: &TenantName) -> Result<TenantRef, OrderRefusal> {
        let tenants = &self.in_force.desired.tenants;
        if let Some(tenant) = tenants.get(name) {
            return Ok(tenant.reference());
        }
        if let Some(reason) = self.in_force.broken.get(name) {
            let message = format!("no version of tenant {name} is in force: {reason}");
            return Err((message, "correct its manifests; nothing of it is written".to_owned()));
        }
        let hint = if tenants.is_empty() {
            "no manifests are in force yet".to_owned()
        } else {
            format!("there are {}", list(tenants.keys()))
        };
        Err((format!("no manifest describes tenant `{name}`"), hint))
    }

    /// Records what belongs on record of tenants that nobody works on.
    pub(super) fn record_edicts(&mut self) {
        let daemon = &self.daemon;
        let running = &self.running;
        if self.told.is_undoing() {
            return;
        }
        for edict in self.told.recordable(|id| !running.work_on(id)) {
            self.runs += 1;
            let run = pass::run_id(daemon.journal.now(), self.runs);
            let daemon = Arc::clone(daemon);
            let TenantOrder { by, tenant, what, .. } = edict.clone();
            let task = self.tasks.spawn(async move {
                let journal = &*daemon.journal;
                let recorded = match what {
                    RecordedOrder::Suspend(reason, until) => {
                        let suspension = (by, reason, until);
                        let done = pass::suspend(journal, &tenant, run.clone(), suspension).await;
                        done.map(|()| None)
                    }
                    RecordedOrder::Resume => pass::resume(journal, &tenant, run.clone(), by).await,
                };
                Task::Recorded(run.to_string(), recorded)
            });
            edict.task = Some(task.id());
        }
    }

    /// What belongs on record is there, or cannot be put there.
    pub(super) fn recorded(
        &mut self,
        task: Id,
        run: String,
        recorded: Result<Option<Suspension>, JournalError>,
    ) {
        let Some(edict) = self.told.recorded(task) else { return };
        let tenant = edict.tenant.name.clone();
        match recorded {
            Ok(before) => {
                self.orders.note(&edict.id, |request| {
                    request.run = Some(run);
                    match edict.what {
                        RecordedOrder::Suspend(_, until) => request.suspended(until),
                        RecordedOrder::Resume => request.resumed(before.as_ref()),
                    }
                });
                // Then everybody sees it.
                self.schedule.news(&tenant, self.now());
            }
            Err(failure) => {
                error!(%tenant, hint = failure.hint(), "not on record: {failure}");
                let hint = failure.hint();
                self.orders.note(&edict.id, |request| request.refuse(failure.to_string(), hint));
            }
        }
    }

    /// The task that was to record something ended unexpectedly. True if it was one.
    pub(super) fn not_recorded(&mut self, task: Id) -> bool {
        let Some(edict) = self.told.recorded(task) else { return false };
        let message = "it could not be put on record; the log says more";
        self.orders.note(&edict.id, |request| request.refuse(message, "try again"));
        true
    }

    /// It is known what the manifests say now: each request for a look has one pass of each tenant.
    pub(super) fn look_for_those_who_asked(&mut self) {
        for Reconcile { id, tenant, .. } in self.told.look_ends() {
            let tenants = match &tenant {
                Some(name) => self.known(name).map(|tenant| vec![tenant.name]),
                None => Ok(self.in_force.desired.tenants.keys().cloned().collect()),
            };
            let tenants: Vec<TenantName> = match tenants {
                Ok(tenants) => tenants,
                Err((message, hint)) => {
                    self.orders.note(&id, |request| request.refuse(message, hint));
                    continue;
                }
            };
            for tenant in &tenants {
                self.told.wants_pass(tenant, &id);
                self.schedule.news(tenant, self.now());
            }
            let behind = self.behind(&tenants, tenant.is_none());
            self.orders.note(&id, |request| {
                request.behind = behind;
                request.waiting = tenants.iter().map(ToString::to_string).collect();
                if tenants.is_empty() {
                    request.done("no tenant is in force");
                }
            });
        }
    }

    /// What is not in force as it is now: branches, and these tenants; `all` of them if so.
    fn behind(&self, tenants: &[TenantName], all: bool) -> Vec<String> {
        let kept = self.in_force.kept.iter().filter(|(name, _)| tenants.contains(name));
        let kept = kept.map(|(tenant, reason)| {
            format!("{tenant}: {reason}; its last good version stays in force")
        });
        let broken = self.in_force.broken.iter().filter(|_| all);
        let broken =
            broken.map(|(tenant, reason)| format!("{tenant}: {reason}; nothing of it is in force"));
        let branches = self.reports.iter().filter_map(SourceReport::told);
        branches.chain(kept).chain(broken).collect()
    }

    /// A pass has ended: those who waited for it hear how.
    pub(super) fn answer_those_who_wait(
        &mut self,
        tenant: &TenantName,
        ending: Ending,
        at: Timestamp,
    ) {
        let Some((run, ids)) = self.told.pass_ends(tenant) else { return };
        let ending = LastPass::from(ending).name().to_owned();
        let made = PassMade { tenant: tenant.to_string(), run, ending, at };
        for id in ids {
            self.orders.note(&id, |request| {
                request.passes.push(made.clone());
                served(request, tenant);
            });
        }
    }

    /// A tenant has left the manifests: nobody waits for a pass of it any more.
    pub(super) fn nobody_waits_for(&mut self, tenant: &TenantName) {
        for id in self.told.gone(tenant) {
            self.orders.note(&id, |request| served(request, tenant));
        }
    }
}

/// A request no longer waits for a tenant; perhaps it is done with that.
fn served(request: &mut Request, tenant: &TenantName) {
    request.waiting.retain(|waiting| waiting != tenant.as_str());
    if request.waiting.is_empty() {
        let tenants = many(request.passes.len(), "tenant");
        request.done(format!("{tenants} looked at"));
    }
}
