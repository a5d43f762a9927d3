//! Whatever the fleet is like: an approval lifts what it names of its own plan, and nothing else of
//! any plan.

use super::model::service;
use std::collections::BTreeSet;

use dialplane::{
    journal::VolatileJournal,
    manifest::InForce,
    model::{Approval, ApprovedUsers, Fingerprint, Gate, Origin, TenantName},
    plan::{Hold, HoldKind, Plan, TenantPlan},
};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};

use super::{
    plans::{block_on, plan, runner},
    world::*,
};

fn approval(plan: &Fingerprint, gates: &[Gate]) -> Approval {
    Approval {
        name: TenantName::parse("everything").unwrap(),
        plan: plan.clone(),
        gates: gates.iter().copied().collect(),
        users: ApprovedUsers::AtMost(u32::MAX),
        reason: "why".into(),
        expires: Timestamp::MAX,
        origin: Origin { file: "approval.yaml".into(), line: None },
    }
}

/// Every tenant of `in_force` with an approval of each of these plans.
fn approved(in_force: &InForce, plans: &[&Fingerprint], gates: &[Gate]) -> InForce {
    let approvals = || plans.iter().map(|plan| approval(plan, gates)).collect::<Vec<_>>();
    let approvals =
        in_force.desired.tenants.keys().map(|name| (name.clone(), approvals())).collect();
    InForce { approvals, ..in_force.clone() }
}

fn fingerprints(plan: &Plan) -> Vec<&Fingerprint> {
    plan.tenants.iter().filter_map(|tenant| tenant.fingerprint.as_ref()).collect()
}

/// What of a step's holds no approval may lift. A hold of what comes before is as good as that.
fn stays(hold: &Hold, gates: &[Gate]) -> bool {
    hold.kind != HoldKind::AfterHeld && hold.kind.gate().is_none_or(|gate| !gates.contains(&gate))
}

/// The plan, but for what is said of approvals.
fn bare(tenant: &TenantPlan) -> TenantPlan {
    let mut tenant = TenantPlan { fingerprint: None, ..tenant.clone() };
    tenant.remarks.notes.clear();
    tenant.steps.iter_mut().for_each(|step| step.approved.clear());
    tenant
}

fn lifts_what_it_names(draws: &[TenantDraw], gates: &[Gate]) -> Result<(), TestCaseError> {
    let (in_force, model, journal) = (desired(draws), service(draws), VolatileJournal::default());
    let held = block_on(plan(&in_force, &model, &journal));
    let lifted =
        block_on(plan(&approved(&in_force, &fingerprints(&held), gates), &model, &journal));
    for (held, lifted) in held.tenants.iter().zip(&lifted.tenants) {
        prop_assert_eq!(
            &held.fingerprint,
            &lifted.fingerprint.clone().filter(|_| held.fingerprint.is_some())
        );
        prop_assert_eq!(&held.holds, &lifted.holds);
        prop_assert_eq!(held.steps.len(), lifted.steps.len());
        for (before, after) in held.steps.iter().zip(&lifted.steps) {
            prop_assert_eq!((&before.user, &before.action), (&after.user, &after.action));
            let kept: Vec<&Hold> = before.holds.iter().filter(|hold| stays(hold, gates)).collect();
            let left: Vec<&Hold> =
                after.holds.iter().filter(|hold| hold.kind != HoldKind::AfterHeld).collect();
            prop_assert_eq!(kept, left);
        }
    }
    Ok(())
}

#[test]
fn it_lifts_what_it_names_and_nothing_else() {
    let gates = prop::sample::subsequence(Gate::ALL.to_vec(), 0..=Gate::ALL.len());
    runner(200)
        .run(&(vec(tenant(), 1..3), gates), |(draws, gates)| lifts_what_it_names(&draws, &gates))
        .unwrap();
}

#[test]
fn an_approval_of_another_plan_opens_nothing() {
    let cases =
        (vec(tenant(), 1..3), user(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let moved = std::cell::Cell::new(0);
    runner(300)
        .run(&cases, |(draws, other, which, whom)| {
            // One user more or less alike, in what is wanted or in what is there.
            let mut changed = draws.clone();
            let tenant = which.get(&changed).clone();
            let place =
                changed.iter().position(|draw| draw.users.len() == tenant.users.len()).unwrap();
            if changed[place].users.is_empty() {
                changed[place].users.push(other);
            } else {
                let user = whom.index(changed[place].users.len());
                changed[place].users[user] = other;
            }
            let journal = VolatileJournal::default();
            let theirs = block_on(plan(&desired(&changed), &service(&changed), &journal));
            let (in_force, model) = (desired(&draws), service(&draws));
            let before = block_on(plan(&in_force, &model, &journal));
            let after = block_on(plan(
                &approved(&in_force, &fingerprints(&theirs), &Gate::ALL),
                &model,
                &journal,
            ));
            let known: BTreeSet<&Fingerprint> = fingerprints(&theirs).into_iter().collect();
            for (before, after) in before.tenants.iter().zip(&after.tenants) {
                if before.fingerprint.as_ref().is_some_and(|print| !known.contains(print)) {
                    moved.set(moved.get() + 1);
                    prop_assert_eq!(bare(before), bare(after));
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(moved.get() > 50, "only {} plans had moved", moved.get());
}
