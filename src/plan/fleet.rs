//! All tenants as they are known, kept between plans: what one plan must know of the others is
//! kept up as they change, and never made again.
//!
//! ```text
//! manifests taken, a tenant seen --> Fleet --plan(tenant, now)--> TenantPlan
//! ```
//!
//! **Invariant:** a plan through a fleet that was kept is the plan through one that is made of the
//! same tenants now. What time alone changes is known with the moment of the change, and counted
//! again from then on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Facts, Hold, HoldKind, Observation, Plan, Rules, TenantInput, TenantPlan,
    guards::{Hour, Wanted},
    hours::{Hours, TenantCallCount, Wants},
    numbers::{Elsewhere, Ledger, Tenants, View},
    still::{self, EmptyPlans},
    tenant::{Draft, UnguardedPlan},
    validity::Validity,
};
use crate::model::{Memory, Mode, NumberKey, RecalledMemory, TenantId, TenantInForce, TenantName};

/// All tenants as they are known.
#[derive(Debug)]
pub struct Fleet {
    rules: Rules,
    tenants: Tenants,
    /// Tenants that cannot be planned because their manifests are broken, and what is wrong.
    broken: BTreeMap<TenantName, String>,
    ledger: Ledger,
    hours: Hours,
    still: EmptyPlans,
}

impl Fleet {
    /// A fleet of nobody.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            tenants: Tenants::new(),
            broken: BTreeMap::new(),
            ledger: Ledger::default(),
            hours: Hours::default(),
            still: EmptyPlans::default(),
        }
    }

    /// The rules that are the same for all.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The manifests were looked at then.
    pub fn looked_at_manifests(&mut self, at: Timestamp) {
        self.rules.looked = Some(at);
    }

    /// Other rules count from now on.
    pub fn rule(&mut self, rules: Rules) {
        self.rules = Rules { looked: self.rules.looked, ..rules };
        self.still.all_changed();
        for (name, input) in &self.tenants {
            self.hours.changed(name, Some(&input.memory));
        }
    }

    /// What is known of a tenant.
    #[must_use]
    pub fn get(&self, name: &TenantName) -> Option<&TenantInput> {
        self.tenants.get(name)
    }

    /// What is known of the tenants, by what stays the same when one is called otherwise.
    pub(super) fn by_id(&self) -> BTreeMap<&TenantId, &TenantInput> {
        self.tenants.values().map(|input| (&input.tenant.desired.id, input)).collect()
    }

    /// Takes what is in force now, and the tenants whose manifests are broken with what is wrong.
    /// What was seen and is remembered of a tenant stays, as long as it is the same customer.
    pub fn take(
        &mut self,
        in_force: impl Iterator<Item = TenantInForce>,
        broken: &BTreeMap<TenantName, String>,
    ) {
        let memories: BTreeMap<TenantId, RecalledMemory> = self
            .tenants
            .values()
            .map(|input| (input.tenant.desired.id.clone(), input.recalled()))
            .collect();
        let mut gone: BTreeSet<TenantName> =
            self.tenants.keys().chain(self.broken.keys()).cloned().collect();
        for tenant in in_force {
            let name = &tenant.desired.name;
            let id = &tenant.desired.id;
            gone.remove(name);
            self.broken.remove(name);
            if let Some(same) = self.tenants.get_mut(name).filter(|input| input.tenant == tenant) {
                // The manifests were read again: two readings of one tenant are not both kept.
                same.tenant = tenant;
                continue;
            }
            let before = self.tenants.get(name).filter(|input| input.tenant.desired.id == *id);
            let live = before.map_or(Observation::NotYet, |before| before.live.clone());
            let RecalledMemory { memory, lease } = memories.get(id).cloned().unwrap_or_default();
            self.set(TenantInput { tenant, live, memory, lease });
        }
        for name in gone {
            self.broken.remove(&name);
            self.remove(&name);
        }
        for (name, reason) in broken {
            self.ledger.broken(name);
            self.broken.insert(name.clone(), reason.clone());
        }
    }

    /// Takes a look at a tenant, and what was remembered then. What is not known, or is another
    /// customer now, is left as it is. True if the tenant was never seen before.
    pub fn looked(
        &mut self,
        name: &TenantName,
        id: &TenantId,
        look: Observation,
        recalled: impl Into<RecalledMemory>,
    ) -> bool {
        let known = self.tenants.get_mut(name).filter(|input| input.tenant.desired.id == *id);
        let Some(input) = known else { return false };
        let recalled = recalled.into();
        if still::is_as_before(input, &look, &recalled) {
            input.lease = recalled.lease;
            return false;
        }
        let tenant = input.tenant.clone();
        let live = look.after(&input.live);
        let first = input.live.last().is_none() && live.last().is_some();
        let RecalledMemory { memory, lease } = recalled;
        self.set(TenantInput { tenant, live, memory, lease });
        first
    }

    /// Takes what is remembered of a tenant now.
    pub fn remembers(&mut self, name: &TenantName, id: &TenantId, memory: Arc<Memory>) {
        let known = self.tenants.get(name).filter(|input| input.tenant.desired.id == *id);
        if let Some(input) = known.filter(|input| input.memory != memory) {
            let tenant = input.tenant.clone();
            let live = input.live.clone();
            self.set(TenantInput { tenant, live, memory, lease: None });
        }
    }

    /// Replaces what is known of a tenant.
    pub(super) fn set(&mut self, tenant: TenantInput) {
        let tenant = tenant.settle();
        let name = tenant.name().clone();
        self.still.changed(&name);
        self.ledger.changed(&name, Some(&tenant));
        self.hours.changed(&name, Some(&tenant.memory));
        self.tenants.insert(name, tenant);
    }

    /// Forgets a tenant that the manifests no longer name.
    fn remove(&mut self, name: &TenantName) {
        self.still.changed(name);
        self.ledger.changed(name, None);
        self.hours.changed(name, None);
        self.tenants.remove(name);
    }

    /// Plans one tenant.
    pub fn plan(&mut self, name: &TenantName, now: Timestamp) -> TenantPlan {
        let Self { rules, tenants, broken, ledger, hours, still } = self;
        let tenants = &*tenants;
        let Some(input) = tenants.get(name) else {
            let reason = broken.get(name).map(String::as_str);
            return without_manifests(name, reason.unwrap_or("no manifest describes this tenant"));
        };
        if let Some(plan) = still.plan(input, now) {
            return plan;
        }
        let begun = match UnguardedPlan::of(input, rules, now) {
            Ok(begun) => begun,
            Err(held) => return *held,
        };
        let asked = begun.asked();
        if !asked.is_empty() {
            hours.moved(&ledger.catch_up(tenants));
        }
        let (draft, count) = count(begun, asked, rules, &view(rules, tenants, ledger, now));
        let span = count.span;
        hours.count(name, count);
        // What others send matters only to a tenant that sends something.
        let hour = if draft.steps.is_empty() {
            Hour::default()
        } else {
            recount(rules, tenants, ledger, hours, now);
            hours.at(rules.per_hour, now, draft.there(), hours.wanted(ledger.doubtful()))
        };
        let plan = draft.finish(&hour);
        still.keep(&plan, span);
        plan
    }

    /// Plans all tenants.
    pub fn plan_all(&mut self, now: Timestamp) -> Plan {
        self.plans(now, |_| {})
    }

    /// The same to be shown, and not carried out: what the journal would be told of users is not
    /// kept, and these are nearly all of them at first.
    pub fn show_all(&mut self, now: Timestamp) -> Plan {
        self.plans(now, |plan| plan.facts = Facts::default())
    }

    /// Plans all tenants; `made` has each plan first. Of tenants that send nothing no more is kept
    /// than their plan.
    fn plans(&mut self, now: Timestamp, made: impl Fn(&mut TenantPlan)) -> Plan {
        let mut plans = Vec::new();
        let finish = |draft: Draft, hour: &Hour| {
            let mut plan = draft.finish(hour);
            made(&mut plan);
            plan
        };
        let mut moving = Vec::new();
        for input in self.tenants.values() {
            match UnguardedPlan::of(input, &self.rules, now) {
                Err(held) => plans.push(*held),
                Ok(begun) if begun.is_still() => {
                    let view = view(&self.rules, &self.tenants, &self.ledger, now);
                    plans.push(finish(begun.draft(&self.rules, &view), &Hour::default()));
                }
                Ok(begun) => moving.push(begun),
            }
        }
        if moving.iter().any(|begun| !begun.asked().is_empty()) {
            self.hours.moved(&self.ledger.catch_up(&self.tenants));
        }
        let view = view(&self.rules, &self.tenants, &self.ledger, now);
        let mut wanted = Wanted::default();
        let mut drafts = Vec::with_capacity(moving.len());
        for begun in moving {
            let draft = begun.draft(&self.rules, &view);
            wanted.add(draft.wanted());
            drafts.push(draft);
        }
        let at = |there| self.hours.at(self.rules.per_hour, now, there, wanted);
        let hour = at(None);
        for draft in drafts {
            let there = draft.there().map(|there| at(Some(there)));
            plans.push(finish(draft, there.as_ref().unwrap_or(&hour)));
        }
        plans.extend(self.broken.iter().map(|(name, reason)| without_manifests(name, reason)));
        plans.sort_by(|a, b| a.tenant.cmp(&b.tenant));
        Plan::of(plans)
    }
}

fn view<'a>(rules: &Rules, tenants: &'a Tenants, ledger: &'a Ledger, now: Timestamp) -> View<'a> {
    View { ledger, tenants, now, patience: rules.patience, elsewhere: Elsewhere::AsKnown }
}

/// Drafts a tenant, and counts what it would send, with the span of time for which that holds.
fn count(
    begun: UnguardedPlan,
    asked: BTreeSet<NumberKey>,
    rules: &Rules,
    view: &View<'_>,
) -> (Draft, TenantCallCount) {
    let mut span = Validity::around(view.now);
    begun.narrow(&mut span);
    for number in &asked {
        view.narrow(number, &mut span);
    }
    let in_doubt = view.ledger.doubtful().besides(begun.name());
    let opposite = if in_doubt { Elsewhere::Clear } else { Elsewhere::InDoubt };
    let otherwise = (!asked.is_empty()).then(|| begun.wanted(&view.assuming(opposite)));
    let draft = begun.draft(rules, view);
    let wanted = draft.wanted();
    let otherwise = otherwise.unwrap_or(wanted);
    let wants = if in_doubt {
        Wants { clear: otherwise, in_doubt: wanted }
    } else {
        Wants { clear: wanted, in_doubt: otherwise }
    };
    (draft, TenantCallCount { wants, span, asked })
}

/// Counts the tenants again for which something has changed since they were counted.
fn recount(
    rules: &Rules,
    tenants: &Tenants,
    ledger: &mut Ledger,
    hours: &mut Hours,
    now: Timestamp,
) {
    if hours.anybody_asks() {
        hours.moved(&ledger.catch_up(tenants));
    }
    for name in hours.stale(now) {
        let Some(input) = tenants.get(&name) else { continue };
        let begun = match UnguardedPlan::of(input, rules, now) {
            Ok(begun) if !begun.is_held() => begun,
            // What was seen and what is wanted decide that, and time only where a suspension ends.
            held => {
                let mut span = Validity::around(now);
                if let Ok(begun) = held {
                    begun.narrow_held(&mut span);
                }
                hours.count(&name, TenantCallCount::nothing(span));
                continue;
            }
        };
        let asked = begun.asked();
        if !asked.is_empty() {
            hours.moved(&ledger.catch_up(tenants));
        }
        let (_, count) = count(begun, asked, rules, &view(rules, tenants, ledger, now));
        hours.count(&name, count);
    }
}

fn without_manifests(name: &TenantName, reason: &str) -> TenantPlan {
    let hold = Hold::new(
        HoldKind::Manifests,
        reason,
        "correct the manifests; `dialplane validate` shows each error",
    );
    TenantPlan::held(name.clone(), None, Mode::Enforce, hold)
}
