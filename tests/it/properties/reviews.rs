//! What a change does, over made-up pairs of manifests and made-up live states.

use std::collections::{BTreeMap, BTreeSet};

use dialplane::{
    config::Execution,
    journal::VolatileJournal,
    manifest::InForce,
    model::{Field, Upn, Verb},
    pass::{self, Memories, Observations, Versions},
    plan::{
        Cause, FieldChange, Plan,
        review::{RequestedValue, Review, as_wanted},
    },
};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};

use super::{
    model::{Model, service},
    plans::{block_on, plan, runner},
    world::*,
};

/// When all is compared.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Two versions: of each user of `head`, `base` says the same or something else.
fn versions() -> impl Strategy<Value = (Vec<TenantDraw>, Vec<TenantDraw>)> {
    let changes = vec((prop::bool::weighted(0.3), user()), 27);
    (vec(tenant(), 1..4), changes, prop::bool::weighted(0.1)).prop_map(|(head, changes, mode)| {
        let mut changes = changes.into_iter();
        let mut base = head.clone();
        for tenant in &mut base {
            tenant.mode = if mode { 0 } else { tenant.mode };
            for user in &mut tenant.users {
                if let Some((true, other)) = changes.next() {
                    *user = other;
                }
            }
        }
        (base, head)
    })
}

async fn seen(model: &Model, versions: Versions<'_>) -> Observations {
    pass::see(model, versions, 1, || {}).await
}

fn review(versions: Versions<'_>, seen: &Observations) -> Review {
    let execution = Execution { sync_spacing: std::time::Duration::ZERO, ..Execution::default() };
    pass::review(versions, seen, &Memories::default(), NOW, &execution)
}

/// The steps that the manifests want.
fn declared(plan: &Plan) -> Vec<(Upn, Verb)> {
    let steps = plan.tenants.iter().flat_map(|tenant| &tenant.steps);
    steps
        .filter(|step| step.cause == Cause::Declared)
        .map(|step| (step.user.clone(), step.action.verb()))
        .collect()
}

fn nothing_caused(review: &Review) -> Result<(), TestCaseError> {
    let steps: Vec<_> = review.caused.tenants.iter().flat_map(|tenant| &tenant.steps).collect();
    prop_assert!(steps.is_empty(), "{steps:?}");
    prop_assert_eq!(review.unforeseen(), 0);
    Ok(())
}

/// Each difference is in one part: a step that is caused, a step that is drift, what is true already,
/// what waits.
#[test]
fn the_parts_of_a_review_are_disjoint_and_whole() {
    let each = |(base, head): (Vec<TenantDraw>, Vec<TenantDraw>)| {
        let (model, journal) = (service(&head), VolatileJournal::default());
        let (base, head) = (desired(&base), desired(&head));
        let versions = Versions { base: &base, head: &head, accounts: &BTreeMap::new() };
        let review = review(versions, &block_on(seen(&model, versions)));

        let mut parts = [declared(&review.caused), declared(&review.drift)].concat();
        let mut whole = declared(&block_on(plan(&head, &model, &journal)));
        parts.sort();
        whole.sort();
        prop_assert_eq!(parts, whole);

        // A value that a caused step carries along is marked, and no value that the change asks for.
        let before = block_on(plan(&base, &model, &journal));
        let planned_before = values(&before, |_| true);
        for value in values(&review.caused, |change| change.is_drift) {
            prop_assert!(planned_before.contains(&value), "{value:?}");
        }
        for value in values(&review.caused, |change| !change.is_drift) {
            let (user, field, ..) = &value;
            let wanted = |version: &InForce| {
                let tenants = version.desired.tenants.values();
                let users = tenants.filter_map(|tenant| tenant.users.get(user));
                users.map(|user| user.details.get(*field).cloned()).collect::<Vec<_>>()
            };
            let is_asked = wanted(&base) != wanted(&head);
            prop_assert!(is_asked || !planned_before.contains(&value), "{value:?}");
        }

        // What the change asks for is in a step, or beside the steps, and not in both.
        let planned = asked_in_steps(&[&review.caused, &review.drift]);
        let beside: Vec<(Upn, Option<Field>)> = review
            .touched
            .values()
            .flat_map(|touched| {
                let waits = touched.waits.iter().map(|waiting| &waiting.asked);
                touched.already.iter().chain(waits)
            })
            .filter_map(|asked| {
                let field = match &asked.what {
                    RequestedValue::Calling(_) => None,
                    RequestedValue::Field(field, _) => Some(*field),
                    RequestedValue::From(_) | RequestedValue::Until(_) => return None,
                };
                Some((asked.user.clone(), field))
            })
            .collect();
        let once: BTreeSet<_> = beside.iter().cloned().collect();
        prop_assert_eq!(once.len(), beside.len(), "told twice");
        for (tenant, after) in &head.desired.tenants {
            let before = base.desired.tenants.get(tenant);
            for user in after.users.values() {
                let earlier = before.and_then(|before| before.users.get(&user.upn));
                let key = (user.upn.clone(), None);
                let differs = earlier.is_none_or(|earlier| earlier.calling != user.calling);
                let told = usize::from(planned.contains(&key)) + usize::from(once.contains(&key));
                prop_assert!(!differs || told == 1, "calling of {}: {told}", user.upn);
                prop_assert!(differs || !once.contains(&key), "calling of {}", user.upn);
                for (field, value) in user.details.iter() {
                    let key = (user.upn.clone(), Some(field));
                    let differs =
                        earlier.and_then(|earlier| earlier.details.get(field)) != Some(value);
                    let told =
                        usize::from(planned.contains(&key)) + usize::from(once.contains(&key));
                    prop_assert!(!differs || told == 1, "{field} of {}: {told}", user.upn);
                    prop_assert!(differs || !once.contains(&key), "{field} of {}", user.upn);
                }
            }
        }
        Ok(())
    };
    runner(400).run(&versions(), each).unwrap();
}

/// Values that the manifests want and that steps carry, of those that are meant, and whether they
/// are sent.
fn values(plan: &Plan, is_meant: fn(&FieldChange) -> bool) -> BTreeSet<(Upn, Field, String, bool)> {
    let mut values = BTreeSet::new();
    for tenant in &plan.tenants {
        for step in tenant.steps.iter().filter(|step| step.cause != Cause::Parking) {
            let runs = tenant.may_run(step);
            values.extend(
                step.changes.iter().filter(|change| is_meant(change)).map(|change| {
                    (step.user.clone(), change.field, change.desired.to_string(), runs)
                }),
            );
        }
    }
    values
}

/// What steps switch or change.
fn asked_in_steps(plans: &[&Plan]) -> BTreeSet<(Upn, Option<Field>)> {
    let steps = plans.iter().flat_map(|plan| plan.tenants.iter().flat_map(|tenant| &tenant.steps));
    steps
        .flat_map(|step| {
            let switch = (step.action.verb() != Verb::Update).then_some(None);
            let fields = step.changes.iter().map(|change| Some(change.field));
            let user = step.user.clone();
            switch.into_iter().chain(fields).map(move |what| (user.clone(), what))
        })
        .collect()
}

#[test]
fn without_a_change_nothing_is_caused() {
    let each = |draws: Vec<TenantDraw>| {
        let (model, same) = (service(&draws), desired(&draws));
        let versions = Versions { base: &same, head: &same, accounts: &BTreeMap::new() };
        let review = review(versions, &block_on(seen(&model, versions)));
        nothing_caused(&review)?;
        prop_assert!(review.caused.tenants.is_empty(), "{:?}", review.caused);
        prop_assert!(review.touched.is_empty(), "{:?}", review.touched);
        Ok(())
    };
    runner(300).run(&vec(tenant(), 1..4), each).unwrap();
}

#[test]
fn where_everything_is_as_the_change_wants_it_nothing_is_caused() {
    let each = |(base, head): (Vec<TenantDraw>, Vec<TenantDraw>)| {
        let (base, head) = (desired(&base), desired(&head));
        let versions = Versions { base: &base, head: &head, accounts: &BTreeMap::new() };
        let live = as_live(&head);
        let review = review(versions, &live);
        let steps = review.caused.tenants.iter().flat_map(|tenant| &tenant.steps);
        let steps: Vec<_> = steps.collect();
        prop_assert!(steps.is_empty(), "{steps:?}");
        Ok(())
    };
    runner(300).run(&versions(), each).unwrap();
}

/// Live state as a version wants it.
fn as_live(wanted: &InForce) -> Observations {
    let tenants = wanted.desired.tenants.values();
    tenants
        .map(|tenant| (tenant.id.clone(), Ok(as_wanted(Some(tenant), None, NOW).into())))
        .collect()
}
