//! One tenant's plan, from the comparison to the end: what differs, what holds it, what is told.
//!
//! ```text
//! UnguardedPlan: what differs --numbers, guards, window--> Draft: what would be sent --the fleet's hour, approvals, order--> TenantPlan
//! ```

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    Hold, HoldKind, Moment, Note, Observation, Patience, Rules, Steps, SyncPlan, TenantInput,
    TenantPlan, approval, confirm, dates, diff, fingerprint,
    guards::{self, Context, Hour, Wanted},
    interruption,
    numbers::{self, View},
    order, refused, shrink,
    validity::Validity,
    window,
};
use crate::model::{
    Coverage, DesiredTenant, LastWrites, LeaseId, LiveTenant, Memory, NumberKey, TenantInForce,
    TenantName, Upn,
};

/// A tenant while it is planned.
struct Subject {
    tenant: TenantInForce,
    lease: Option<LeaseId>,
    memory: Arc<Memory>,
    live: Arc<LiveTenant>,
    now: Timestamp,
    patience: Patience,
    looked: Option<Timestamp>,
}

impl Subject {
    fn moment(&self) -> Moment<'_> {
        let Self { memory, now, patience, looked, .. } = self;
        Moment { memory, now: *now, patience: *patience, looked: *looked }
    }

    /// What guards look at.
    fn context(&self) -> Context<'_> {
        Context { tenant: &self.tenant, live: &self.live, moment: self.moment() }
    }

    fn desired(&self) -> &DesiredTenant {
        &self.tenant.desired
    }
}

/// What differs in a tenant, before anything holds it.
pub(super) struct UnguardedPlan {
    subject: Subject,
    outcome: diff::DiffOutcome,
    holds: Vec<Hold>,
}

/// A tenant's plan before the whole fleet is counted.
pub(super) struct Draft {
    subject: Subject,
    pub(super) steps: Steps,
    holds: Vec<Hold>,
    outcome: diff::DiffOutcome,
    waits_for: BTreeSet<TenantName>,
}

impl UnguardedPlan {
    /// Compares a tenant. `Err` is the plan of one that nothing can be planned for.
    pub(super) fn of(
        input: &TenantInput,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Self, Box<TenantPlan>> {
        let TenantInput { mut tenant, memory, live, lease } = input.apart();
        Arc::make_mut(&mut tenant.desired).come_to(now);
        let desired = &*tenant.desired;
        let mut live = match live {
            Observation::Seen(live) => live,
            Observation::Failed { fault, .. } => {
                return Err(held(&tenant, Hold::not_read(&fault)));
            }
            Observation::NotAsked => return Err(held(&tenant, guards::suspended())),
            Observation::NotYet => return Err(held(&tenant, guards::not_yet())),
        };
        if let Some(hold) = guards::nobody_there(desired, &live) {
            return Err(held(&tenant, hold));
        }
        if let Some(what) = shrink::doubt(desired, &live, &memory) {
            Arc::make_mut(&mut live).coverage = Coverage::Suspect(what);
        }
        let Rules { patience, looked, .. } = *rules;
        let subject = Subject { tenant, lease, memory, live, now, patience, looked };
        let outcome = diff::tenant(subject.desired(), &subject.live, subject.moment());
        let holds = guards::hold_tenant(&subject.context());
        Ok(Self { subject, outcome, holds })
    }

    /// Whether nothing would be sent: then it does not matter what others hold and send.
    pub(super) fn is_still(&self) -> bool {
        self.outcome.steps.is_empty()
    }

    /// Whether the tenant as a whole is held: then it counts for nobody.
    pub(super) fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Narrows a span to that in which time alone changes nothing of whether it is held.
    pub(super) fn narrow_held(&self, span: &mut Validity) {
        self.subject.moment().narrow_by_suspension(span);
    }

    /// The numbers whose holders matter for this plan.
    pub(super) fn asked(&self) -> BTreeSet<NumberKey> {
        numbers::asked(&self.outcome.steps, self.subject.desired())
    }

    /// Narrows a span to that in which time alone changes nothing of what the tenant would send,
    /// but for numbers that others hold.
    pub(super) fn narrow(&self, span: &mut Validity) {
        let desired = self.subject.desired();
        self.subject.moment().narrow(span);
        desired.moments().for_each(|at| span.cut(Some(at)));
        if self.outcome.steps.is_empty() {
            return;
        }
        for until in desired.missing.moments() {
            span.cut(Some(until));
        }
        if let Some(windows) = &desired.windows {
            window::narrow(windows, self.subject.now, span);
        }
    }

    /// The tenant's name.
    pub(super) fn name(&self) -> &TenantName {
        &self.subject.desired().name
    }

    /// What counts of it for the limits of the fleet, if the ledger says this of numbers.
    pub(super) fn wanted(&self, ledger: &View<'_>) -> Wanted {
        if self.is_held() {
            return Wanted::default();
        }
        let mut steps = self.outcome.steps.clone();
        numbers::arrange(&mut steps, self.subject.desired(), &self.subject.live, ledger);
        guards::hold_steps(&self.subject.context(), &mut steps);
        Wanted::of(&steps, &self.subject.live)
    }

    /// Orders the steps, and holds what the tenant's own guards hold.
    pub(super) fn draft(self, rules: &Rules, ledger: &View<'_>) -> Draft {
        let Self { subject, mut outcome, holds } = self;
        let mut steps = std::mem::take(&mut outcome.steps);
        let waits_for = numbers::arrange(&mut steps, subject.desired(), &subject.live, ledger);
        guards::hold_steps(&subject.context(), &mut steps);
        interruption::estimate(&mut steps, &subject.live, rules.estimates);
        Draft { subject, steps, holds, outcome, waits_for }
    }
}

/// The plan of a tenant that nothing can be planned for.
fn held(tenant: &TenantInForce, hold: Hold) -> Box<TenantPlan> {
    let desired = &tenant.desired;
    let reference = Some(desired.reference());
    Box::new(TenantPlan::held(desired.name.clone(), reference, desired.mode, hold))
}

impl Draft {
    /// What counts of it for the limits of the fleet.
    pub(super) fn wanted(&self) -> Wanted {
        if self.holds.is_empty() {
            Wanted::of(&self.steps, &self.subject.live)
        } else {
            Wanted::default()
        }
    }

    /// The time by the service's clock, where that is far from this machine's.
    pub(super) fn there(&self) -> Option<Timestamp> {
        self.subject.context().there()
    }

    /// The plan, after all tenants were counted.
    pub(super) fn finish(self, hour: &Hour) -> TenantPlan {
        let Draft { subject, mut steps, holds, outcome, waits_for } = self;
        let Subject { tenant, live, memory, .. } = &subject;
        let desired = subject.desired();
        let moment = subject.moment();
        let diff::DiffOutcome { steps: _, mut remarks, mut facts, decided, gateways } = outcome;
        guards::hold_for_fleet(&subject.context(), &mut steps, hour);
        // Where there is nothing to do there is nothing to compare, and most tenants are so.
        let judged = !steps.is_empty() || !tenant.approvals.is_empty();
        let fingerprint = judged.then(|| fingerprint::of(desired, live, &steps, moment));
        // An approval has ended if it has by one of the two clocks.
        let latest = subject.context().there().max(Some(moment.now)).unwrap_or(moment.now);
        let ruled = fingerprint
            .as_ref()
            .map(|plan| approval::lift(&mut steps, &tenant.approvals, plan, memory, latest));
        order::spread_holds(&mut steps);
        let mut steps = order::topological(steps);
        let mut holds_of_steps = steps.iter().flat_map(|step| &step.holds);
        let told = !remarks.problems.is_empty()
            || holds_of_steps.any(|hold| hold.kind == HoldKind::Coverage);
        if let (Coverage::Suspect(what), false) = (&live.coverage, told) {
            remarks.notes.push(Note::Suspect(what.clone()));
        }
        let ahead = dates::ahead(desired, live, moment.now);
        let due = ahead.as_ref().map(|ahead| ahead.next);
        remarks.notes.extend(ahead.map(Note::Ahead));
        remarks.notes.extend(tenant.kept.as_deref().map(|reason| Note::Kept(reason.to_owned())));
        remarks.notes.extend(ruled.into_iter().flatten());
        remarks.notes.extend(interruption::note(&steps));
        confirm::tenant(desired, live, moment, &mut remarks);
        let runs = holds.is_empty() && steps.iter().any(|step| step.holds.is_empty());
        let decided = refused::judge(&mut steps, runs, live, memory, decided);
        let sync = sync(moment, &decided, runs);
        let owed = sync != SyncPlan::NotNeeded;
        let (unclear, sync_hold) = moment.unclear_syncs().filter(|_| owed).unzip();
        let sync_from = moment.sync_from().filter(|_| owed).max(unclear);
        facts.decided = decided.into_iter().map(|(user, _)| user).collect();
        facts.counted = shrink::news(desired, live, memory);
        TenantPlan {
            tenant: desired.name.clone(),
            reference: Some(desired.reference()),
            mode: desired.mode,
            lease: subject.lease.clone(),
            steps,
            holds,
            sync,
            sync_from,
            sync_hold,
            due,
            fingerprint,
            waits_for,
            gateways: Some(gateways),
            remarks,
            facts,
        }
    }
}

/// Whether a sync is sent. A debt comes first: it is paid even if every step of this run is
/// refused.
fn sync(moment: Moment<'_>, decided: &[(Upn, Timestamp)], runs: bool) -> SyncPlan {
    let too_early = |user: &Upn| moment.written(user).is_some_and(LastWrites::owes_again);
    let late = decided.iter().filter(|(user, _)| too_early(user)).map(|(_, at)| *at).min();
    match (&moment.memory.sync_owed, late) {
        (Some(debt), _) => SyncPlan::Owed(debt.clone()),
        (None, Some(at)) => SyncPlan::Again(at),
        (None, None) if runs => SyncPlan::AfterSteps,
        (None, None) => SyncPlan::NotNeeded,
    }
}
