//! What the loop does about an undo that somebody hands over: nothing else is written meanwhile.

use std::sync::Arc;

use tokio::task::Id;
use tracing::{error, info};

use super::{Loop, Task};
use crate::{
    control::{CarriedPlan, TakeBack},
    daemon::{
        told::UndoOrder,
        undo::{UndoRefusal, UndoResult, Undoing, ended},
    },
    execute::TenantReport,
    model::TenantName,
    pass,
    ports::{Journal, LiveReader, Provisioner},
    words::many,
};

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Somebody wants an undo. Passes under way begin no new step: what they still would do may be
    /// what is to be taken back.
    pub(super) fn wants_undo(
        &mut self,
        id: &str,
        by: String,
        order: TakeBack,
    ) -> Result<(), UndoRefusal> {
        if !self.beginning.is_over() {
            let message = "the service has just begun, and has not looked at all tenants yet";
            return Err((message.to_owned(), "try again in a moment".to_owned()));
        }
        for tenant in &order.tenants {
            self.known(tenant)?;
        }
        self.running.stop_all();
        let stop = self.stop.child_token();
        self.told.undo(UndoOrder { id: id.to_owned(), by, order, stop, task: None });
        Ok(())
    }

    /// Begins the next undo, once nobody works on a tenant.
    pub(super) fn take_back(&mut self) {
        if self.running.len() > 0 || self.told.is_recording() {
            return;
        }
        let Some(back) = self.told.next_undo() else { return };
        let undoing = Undoing {
            daemon: Arc::clone(&self.daemon),
            listeners: self.listeners.clone(),
            stop: back.stop.clone(),
            fleet: Arc::clone(&self.fleet),
            in_force: self.in_force.clone(),
            order: back.order.clone(),
            by: back.by.clone(),
            pass: pass::pass_id(),
            first: self.runs + 1,
        };
        self.runs += back.order.tenants.len() as u64;
        let id = back.id.clone();
        let task = self.tasks.spawn(async move {
            Task::Undone(UndoResult { id, reports: Box::pin(undoing.go()).await })
        });
        back.task = Some(task.id());
    }

    /// An undo has ended.
    pub(super) fn undone(&mut self, task: Id, undone: UndoResult) {
        let Some(back) = self.told.undone(task) else { return };
        let what = &back.order.what;
        match undone.reports {
            Err((message, hint)) => {
                error!(hint, what, "not undone: {message}");
                self.orders.note(&undone.id, |request| request.refuse(message, hint));
            }
            Ok(reports) => {
                let accepted = reports.iter().map(TenantReport::accepted).sum::<usize>();
                info!(what, by = back.by, "undone: {} accepted", many(accepted, "step"));
                self.orders.note(&undone.id, |request| {
                    request.carried = reports.iter().map(CarriedPlan::from).collect();
                    request.done(format!("{} accepted", many(accepted, "step")));
                });
                for report in &reports {
                    self.rests(report);
                }
            }
        }
    }

    /// A tenant of which something was taken back is not looked at at once: what the manifests still
    /// want would be done again before anybody could change them.
    fn rests(&mut self, report: &TenantReport) {
        let tenant: &TenantName = &report.tenant;
        if report.steps.iter().flatten().next().is_some() {
            let until = self.now() + self.daemon.timing.resync;
            self.schedule.postpone(tenant, until);
        }
        if report.accepted() > 0 {
            self.tell_those_who_wait(tenant);
        }
    }

    /// The task of an undo ended unexpectedly. True if it was one.
    pub(super) fn not_undone(&mut self, task: Id) -> bool {
        let Some(back) = self.told.undone(task) else { return false };
        let message = "the undo ended unexpectedly, and may have done a part of it";
        let hint = "its log says more; `dialplane history` shows what was done";
        self.orders.note(&back.id, |request| request.refuse(message, hint));
        true
    }

    /// The service ends: an undo that has not begun never does.
    pub(super) fn refuse_undos(&mut self) {
        for back in self.told.unbegun_undos() {
            let (message, hint) = ended();
            self.orders.note(&back.id, |request| request.refuse(message, hint));
        }
    }
}
