//! Orders that people gave, until each is served.
//!
//! ```text
//! reconcile        waits until servers of branches were asked, for a look at the manifests that begins after
//!                  that, then for a pass of each tenant
//! suspend, resume  waits for the pass under way, then for the journal
//! undo             waits until nobody works on any tenant; nobody does until it has ended
//! ```

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use crate::{
    control::TakeBack,
    model::{TenantId, TenantName, TenantRef},
    source::FetchWish,
};

/// Orders under way.
#[derive(Debug, Default)]
pub(super) struct OrdersUnderWay {
    /// Nobody has looked at the manifests since these came.
    unseen: Vec<Reconcile>,
    /// Somebody looks at them.
    looked_for: Vec<Reconcile>,
    /// The requests that the next pass of a tenant serves.
    due: BTreeMap<TenantName, Vec<String>>,
    /// The requests that the pass under way serves, and its run.
    served: BTreeMap<TenantName, (String, Vec<String>)>,
    /// In the order in which they came.
    edicts: Vec<TenantOrder>,
    /// In the order in which they came; the first may be under way.
    undos: VecDeque<UndoOrder>,
}

/// Somebody wants runs taken back.
#[derive(Debug)]
pub(super) struct UndoOrder {
    /// The request.
    pub(super) id: String,
    /// Who wants it.
    pub(super) by: String,
    /// What.
    pub(super) order: TakeBack,
    /// It begins no new step.
    pub(super) stop: CancellationToken,
    /// The task that does it, once it does.
    pub(super) task: Option<Id>,
}

/// Somebody wants everything, or one tenant, to be looked at.
#[derive(Debug)]
pub(super) struct Reconcile {
    /// The request.
    pub(super) id: String,
    /// The tenant; without one, all.
    pub(super) tenant: Option<TenantName>,
    /// Servers are to be asked before.
    pub(super) wish: FetchWish,
}

/// Something that belongs on record of a tenant.
#[derive(Debug, Clone)]
pub(super) struct TenantOrder {
    /// The request.
    pub(super) id: String,
    /// Who wants it.
    pub(super) by: String,
    /// Of which tenant.
    pub(super) tenant: TenantRef,
    /// What.
    pub(super) what: RecordedOrder,
    /// The task that records it, once it does.
    pub(super) task: Option<Id>,
}

/// What belongs on record.
#[derive(Debug, Clone)]
pub(super) enum RecordedOrder {
    /// The tenant is suspended, for this reason and until then.
    Suspend(String, Option<Timestamp>),
    /// That is over.
    Resume,
}

impl OrdersUnderWay {
    /// Somebody wants a look.
    pub(super) fn reconcile(&mut self, reconcile: Reconcile) {
        self.unseen.push(reconcile);
    }

    /// A look at the manifests begins, after these servers were asked.
    pub(super) fn look_begins(&mut self, were_asked: impl Fn(&FetchWish) -> bool) {
        let ready = self.unseen.extract_if(.., |reconcile| were_asked(&reconcile.wish));
        self.looked_for.extend(ready);
    }

    /// It did not tell enough: another one will.
    pub(super) fn look_again(&mut self) {
        self.unseen.append(&mut self.looked_for);
    }

    /// It is known what the manifests say: these were waiting for that.
    pub(super) fn look_ends(&mut self) -> Vec<Reconcile> {
        std::mem::take(&mut self.looked_for)
    }

    /// The next pass of a tenant serves a request.
    pub(super) fn wants_pass(&mut self, tenant: &TenantName, id: &str) {
        self.due.entry(tenant.clone()).or_default().push(id.to_owned());
    }

    /// A pass begins.
    pub(super) fn pass_begins(&mut self, tenant: &TenantName, run: String) {
        if let Some(ids) = self.due.remove(tenant) {
            self.served.insert(tenant.clone(), (run, ids));
        }
    }

    /// It has ended: its run, and the requests that it served.
    pub(super) fn pass_ends(&mut self, tenant: &TenantName) -> Option<(String, Vec<String>)> {
        self.served.remove(tenant)
    }

    /// No pass of this tenant will begin any more: the requests that waited for one.
    pub(super) fn gone(&mut self, tenant: &TenantName) -> Vec<String> {
        self.due.remove(tenant).unwrap_or_default()
    }

    /// Something is to be recorded.
    pub(super) fn decree(&mut self, edict: TenantOrder) {
        self.edicts.push(edict);
    }

    /// Whether no pass of the tenant may begin: something is to be recorded of it first.
    pub(super) fn holds_up(&self, tenant: &TenantId) -> bool {
        self.edicts.iter().any(|edict| edict.tenant.id == *tenant)
    }

    /// Those that may be recorded now: the first of each tenant that nobody works on.
    pub(super) fn recordable(
        &mut self,
        is_free: impl Fn(&TenantId) -> bool,
    ) -> impl Iterator<Item = &mut TenantOrder> {
        let mut seen: Vec<TenantId> = Vec::new();
        self.edicts.iter_mut().filter(move |edict| {
            let id = &edict.tenant.id;
            let is_first = !seen.contains(id);
            seen.push(id.clone());
            is_first && edict.task.is_none() && is_free(id)
        })
    }

    /// The task that recorded one has ended.
    pub(super) fn recorded(&mut self, task: Id) -> Option<TenantOrder> {
        let place = self.edicts.iter().position(|edict| edict.task == Some(task))?;
        Some(self.edicts.remove(place))
    }

    /// Whether something is being recorded.
    pub(super) fn is_recording(&self) -> bool {
        self.edicts.iter().any(|edict| edict.task.is_some())
    }

    /// Runs are to be taken back.
    pub(super) fn undo(&mut self, back: UndoOrder) {
        self.undos.push_back(back);
    }

    /// Whether an undo is under way or waits: nothing else begins.
    pub(super) fn undoes(&self) -> bool {
        !self.undos.is_empty()
    }

    /// Whether an undo is under way: nothing else is recorded.
    pub(super) fn is_undoing(&self) -> bool {
        self.undos.front().is_some_and(|back| back.task.is_some())
    }

    /// The undo that may begin now; nothing if one is under way.
    pub(super) fn next_undo(&mut self) -> Option<&mut UndoOrder> {
        self.undos.front_mut().filter(|back| back.task.is_none())
    }

    /// An undo that concerns a tenant begins no new step.
    pub(super) fn stop_undo(&self, tenant: &TenantName) {
        for back in self.undos.iter().filter(|back| back.order.tenants.contains(tenant)) {
            back.stop.cancel();
        }
    }

    /// Nothing is carried out any more: undos under way begin no new step. The requests that wait for
    /// something.
    pub(super) fn give_up(&mut self) -> Vec<String> {
        self.undos.iter().for_each(|back| back.stop.cancel());
        let mut waiting: Vec<String> =
            self.unbegun_undos().into_iter().map(|back| back.id).collect();
        waiting
            .extend(self.edicts.extract_if(.., |edict| edict.task.is_none()).map(|edict| edict.id));
        let looks = self.unseen.drain(..).chain(self.looked_for.drain(..));
        waiting.extend(looks.map(|reconcile| reconcile.id));
        waiting.extend(std::mem::take(&mut self.due).into_values().flatten());
        waiting
    }

    /// The task of an undo has ended.
    pub(super) fn undone(&mut self, task: Id) -> Option<UndoOrder> {
        let is_first = self.undos.front().is_some_and(|back| back.task == Some(task));
        if is_first { self.undos.pop_front() } else { None }
    }

    /// Those that have not begun; they never will.
    pub(super) fn unbegun_undos(&mut self) -> Vec<UndoOrder> {
        let under_way = usize::from(self.is_undoing());
        self.undos.drain(under_way..).collect()
    }
}
