//! What a change of the manifests does: what is planned after it, against what would be planned
//! without it.
//!
//! ```text
//! live state --plan(base)--> what would be done without the change --+
//!            --plan(head)--> what would be done after it ------------+--> Review: caused, drift, true already
//! base, head --asked--> what the change asks for --------------------+
//! ```
//!
//! | part | holds |
//! |---|---|
//! | [`Review::caused`] | steps that are planned after the change, and not without it |
//! | [`Review::drift`] | steps that are planned either way: the service reverts what may run, and leaves the rest |
//! | [`TenantReview::already`] | what the change asks for and is so already |
//! | [`TenantReview::waits`] | what it asks for, is not so, and no step is planned for now |
//!
//! **Invariant:** there is one comparison, that of the planner. A difference between the manifests
//! and live state is in one of the parts and in no other.
//!
//! **Invariant:** users named before the change count as managed, whether a journal knows it
//! or not: what the change removes is pruned here as it will be.

mod asked;
mod offline;
mod only;
mod settings;
mod split;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Fleet, Plan, TenantPlan, fingerprint_of};
use crate::model::{Calling, Field, Fingerprint, Origin, TenantId, TenantName, Upn, Value};

pub use offline::as_wanted;
pub use only::{LeftOut, ReviewScope};
pub use settings::Setting;

/// What a change does.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// What is planned because of it, tenant by tenant; only tenants of which there is something to
    /// say.
    pub caused: Plan,
    /// What is planned whether it is made or not; only tenants of which there is something to say.
    pub drift: Plan,
    /// The tenants of which the change says something else.
    pub touched: BTreeMap<TenantName, TenantReview>,
    /// Tenants that are no longer described: nothing is done to them, and nobody looks after them.
    pub dropped: BTreeSet<TenantName>,
    /// Tenants whose manifests are wrong before the change: all that they ask for counts as caused.
    pub broken_before: BTreeSet<TenantName>,
    /// All tenants that are described after the change.
    pub tenants: usize,
    /// Of the plan after the change, drift included; nothing if nothing of it may run.
    pub fingerprint: Option<Fingerprint>,
}

/// What a change says of one tenant, beside the steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantReview {
    /// Whether the tenant was not described before.
    pub is_new: bool,
    /// Settings of the tenant that change.
    pub settings: Vec<Setting>,
    /// What is so already.
    pub already: Vec<RequestedChange>,
    /// What is not, and why no step is planned for it.
    pub waits: Vec<UnplannedChange>,
    /// Users who are disabled with and without the change, and are seen so, where no journal says
    /// what was sent lately: a run that has enabled one of them before disables that user again.
    pub off_unproven: Vec<Upn>,
}

/// Something that a change asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedChange {
    /// The tenant.
    pub user: Upn,
    /// What.
    pub what: RequestedValue,
    /// Where; absent for users who are no longer named.
    pub origin: Option<Origin>,
    /// It is so as far as is seen, and a journal may know that the opposite was sent and is not
    /// visible yet: then a run sends it again.
    pub unforeseen: bool,
}

/// A value that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedValue {
    /// Calling, on or off.
    Calling(Calling),
    /// A field.
    Field(Field, Value),
    /// From when on something is done for the user.
    From(Option<Timestamp>),
    /// From when on calling is off.
    Until(Option<Timestamp>),
}

/// Something that is asked for and that no step is planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnplannedChange {
    /// What.
    pub asked: RequestedChange,
    /// Why.
    pub why: String,
}

impl Review {
    /// Compares what two versions of the manifests lead to. Both fleets have seen the same live
    /// state and remember the same.
    #[must_use]
    pub fn of(
        base: &mut Fleet,
        head: &mut Fleet,
        accounts: &BTreeMap<TenantName, String>,
        now: Timestamp,
    ) -> Self {
        let mut before = by_id(base.plan_all(now));
        let mut after = head.plan_all(now);
        after.accounts.clone_from(accounts);
        let writes = after.tenants.iter().any(TenantPlan::writes);
        let fingerprint = writes.then(|| fingerprint_of(&after));
        let Plan { tenants: after, .. } = after;
        let count = after.len();
        let inputs = base.by_id();
        let mut caused = Vec::new();
        let mut drift = Vec::new();
        let mut touched = BTreeMap::new();
        let mut broken_after = BTreeSet::new();
        for plan in after {
            if plan.reference.is_none() {
                broken_after.insert(plan.tenant.clone());
            }
            let id = plan.reference.as_ref().map(|reference| reference.id.clone());
            let earlier = id.as_ref().and_then(|id| before.plans.remove(id));
            let input = id.as_ref().and_then(|id| inputs.get(id).copied());
            let asked = head.get(&plan.tenant).map(|after| asked::of(input, after, &plan, now));
            let is_touched = asked.as_ref().is_none_or(|asked| !asked.is_empty());
            let name = plan.tenant.clone();
            let split = split::apart(
                &plan,
                earlier.as_ref(),
                &|user| asked.as_ref().is_some_and(|asked| asked.users.contains(user)),
                asked.as_ref().is_none_or(|asked| !asked.touched.waits.is_empty()),
            );
            if split.caused.says_something() {
                caused.push(split.caused);
            }
            if split.drift.says_something() {
                drift.push(split.drift);
            }
            if let Some(mut asked) = asked.filter(|_| is_touched) {
                // It was described, and nobody could understand how.
                asked.touched.is_new &= !before.broken.contains(&name);
                touched.insert(name, asked.touched);
            }
        }
        // A tenant whose manifests are wrong now is described all the same.
        let dropped = before.plans.into_values().map(|plan| plan.tenant);
        let dropped = dropped.filter(|tenant| !broken_after.contains(tenant)).collect();
        Self {
            caused: Plan::of(caused),
            drift: Plan::of(drift),
            touched,
            dropped,
            broken_before: before.broken,
            tenants: count,
            fingerprint,
        }
    }

    /// Whether it cannot be foreseen here what a run would do because of the change.
    #[must_use]
    pub fn unforeseen(&self) -> usize {
        let already = self.touched.values().flat_map(|touched| &touched.already);
        already.filter(|asked| asked.unforeseen).count()
    }

    /// The same of what has nothing to do with the change: an earlier one took these users out.
    #[must_use]
    pub fn unforeseen_beside(&self) -> usize {
        self.drift.tenants.iter().map(|tenant| tenant.unforeseen().len()).sum()
    }

    /// The tenants that the change concerns: of which it says something else, or for which it
    /// causes something.
    #[must_use]
    pub fn concerns(&self, tenant: &TenantName) -> bool {
        self.touched.contains_key(tenant)
            || self.caused.tenants.iter().any(|caused| caused.tenant == *tenant)
    }
}

/// Plans by what stays the same when a tenant is called otherwise.
struct ById {
    plans: BTreeMap<TenantId, TenantPlan>,
    /// Tenants whose manifests are wrong.
    broken: BTreeSet<TenantName>,
}

fn by_id(plan: Plan) -> ById {
    let mut all = ById { plans: BTreeMap::new(), broken: BTreeSet::new() };
    for tenant in plan.tenants {
        match &tenant.reference {
            Some(reference) => drop(all.plans.insert(reference.id.clone(), tenant)),
            None => drop(all.broken.insert(tenant.tenant)),
        }
    }
    all
}
