//! Random fleets in random states: what must hold whatever the manifests and the service say.
//! Mostly over the model in memory; a few cases go over the sandbox's socket.

use super::model::{Model, service};
use std::collections::BTreeSet;

use dialplane::{
    config::Execution,
    execute::{Executor, SyncOutcome, TenantReport},
    journal::VolatileJournal,
    manifest::InForce,
    model::{Calling, Field, Mode, Prune, RunId, Upn, Value},
    pass,
    plan::{Action, Cause, HoldKind, Plan, SyncPlan, TenantPlan, render},
    sandbox::World,
};
use jiff::Timestamp;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    House, NOTHING, assert_numbers_are_unique, fleet, runnable, text, under_leases,
};

use super::world::*;

pub(super) async fn plan(in_force: &InForce, model: &Model, journal: &VolatileJournal) -> Plan {
    let observed = pass::observe(model, in_force.desired.tenants.values(), 4, |_| {}).await;
    let execution = Execution { sync_spacing: std::time::Duration::ZERO, ..Execution::default() };
    let memory = |tenant: &_| journal.remembered(tenant);
    pass::decide(in_force, &observed, memory, Timestamp::now(), &execution)
}

async fn apply(plan: &Plan, model: &Model, journal: &VolatileJournal) -> Vec<TenantReport> {
    let stop = CancellationToken::new();
    let newer = stop.clone();
    let executor = Executor {
        provisioner: model,
        journal,
        users: 3.try_into().unwrap(),
        sync_settings: 0,
        revision: None,
        by: None,
        part_of: None,
        stop,
        newer,
    };
    let (plan, leases) = under_leases(journal, plan).await;
    pass::carry_out(
        &plan,
        leases,
        &executor,
        2,
        |name| RunId::new(&format!("run-{name}")),
        &|_, _| {},
    )
    .await
}

// ---- what must hold

/// Of every plan, whatever it is made of.
fn sound(plan: &Plan, in_force: &InForce, model: &Model) -> Result<(), TestCaseError> {
    for tenant in &plan.tenants {
        let desired = &in_force.desired.tenants[&tenant.tenant];
        let mut of_user: BTreeSet<(Upn, String)> = BTreeSet::new();
        for (id, step) in tenant.steps.numbered() {
            let user = &step.user;
            prop_assert!(!user.is_platform_account(), "{user}");
            prop_assert!(
                of_user.insert((user.clone(), step.action.verb().to_string())),
                "{user} twice"
            );
            let managed = desired.users.contains_key(user);
            prop_assert!(
                managed || step.action == Action::Disable && desired.prune == Prune::Disable,
                "{user} is unmanaged"
            );
            prop_assert_eq!(managed, step.cause == Cause::Declared);
            let person = model.person(user);
            prop_assert!(
                person.as_ref().is_some_and(|person| !person.hidden && !person.unclear),
                "{} is not visible",
                user
            );
            let in_ring = step
                .holds
                .iter()
                .any(|hold| matches!(hold.kind, HoldKind::NumberCycle | HoldKind::AfterHeld));
            prop_assert!(
                in_ring || step.after.iter().all(|before| *before < id),
                "{} waits for what comes later",
                user
            );
            if step.holds.is_empty() {
                prop_assert!(
                    step.after.iter().all(|before| tenant.steps.at(*before).holds.is_empty()),
                    "{} waits for a held step",
                    user
                );
            }
            if step.action == Action::Disable && step.holds.is_empty() {
                prop_assert!(
                    !desired.protect.users.contains(user) && desired.incomplete.is_none(),
                    "{}",
                    user
                );
            }
            let suspect = model.customers.lock().unwrap()[&tenant.tenant].suspect;
            let needs_all = step.action == Action::Disable
                || step.changes.iter().any(|change| change.field == Field::PhoneNumber);
            prop_assert!(
                !(suspect && needs_all && step.holds.is_empty()),
                "{} relies on a list in doubt",
                user
            );
            for hold in tenant.holds.iter().chain(&step.holds) {
                prop_assert!(!hold.reason.is_empty() && !hold.remedy.is_empty());
            }
        }
        let disables = tenant
            .steps
            .iter()
            .filter(|step| step.action == Action::Disable && tenant.may_run(step))
            .count();
        let enabled = model.customers.lock().unwrap()[&tenant.tenant]
            .people
            .iter()
            .filter(|(upn, person)| {
                !upn.is_platform_account() && !person.hidden && person.calling == Calling::Enabled
            })
            .count();
        prop_assert!(disables <= desired.limits.disable.allows(enabled), "{disables} of {enabled}");
    }
    Ok(())
}

/// The users for whom something may be missing after an apply, and whom the plan must have told of.
fn excused(plan: &TenantPlan) -> BTreeSet<Upn> {
    let held =
        plan.steps.iter().filter(|step| !step.holds.is_empty()).map(|step| step.user.clone());
    held.chain(plan.remarks.problems.iter().map(|problem| problem.user.clone())).collect()
}

async fn everything(draws: Vec<TenantDraw>, lag: bool) -> Result<(), TestCaseError> {
    let (in_force, model, journal) = (desired(&draws), service(&draws), VolatileJournal::default());
    let before = model.customers.lock().unwrap().clone();
    if lag {
        model.freeze();
    }
    let first = plan(&in_force, &model, &journal).await;
    prop_assert_eq!(model.take_log(), NOTHING, "planning wrote");
    let again = plan(&in_force, &model, &journal).await;
    prop_assert_eq!(render::text(&first), render::text(&again));
    prop_assert_eq!(render::json(&first).to_string(), render::json(&again).to_string());
    prop_assert_eq!(render::markdown(&first), render::markdown(&again));
    sound(&first, &in_force, &model)?;

    let reports = apply(&first, &model, &journal).await;
    prop_assert!(
        model.refused.lock().unwrap().is_empty(),
        "{:?}\n{}",
        model.refused.lock().unwrap(),
        text(&first)
    );
    let log = model.take_log();
    for (tenant, report) in first.tenants.iter().zip(&reports) {
        prop_assert!(report.is_complete(), "{:?}", report);
        let wanted = &in_force.desired.tenants[&tenant.tenant];
        let domain = format!("@{}.example", tenant.tenant);
        let writes = log.iter().filter(|call| call.ends_with(&domain)).count();
        let syncs = log.iter().filter(|call| **call == format!("sync {}", tenant.tenant)).count();
        prop_assert_eq!(
            syncs,
            usize::from(writes > 0),
            "one sync after writes, and only then: {:?}",
            log
        );
        prop_assert_eq!(report.sync == SyncOutcome::Accepted, writes > 0);
        let people = model.customers.lock().unwrap()[&tenant.tenant].people.clone();
        if !tenant.holds.is_empty() || wanted.mode != Mode::Enforce {
            prop_assert_eq!(writes, 0, "{} is held", tenant.tenant);
            prop_assert_eq!(&people, &before[&tenant.tenant].people);
            continue;
        }
        let excused = excused(tenant);
        for (upn, person) in &people {
            match wanted.users.get(upn) {
                Some(wish) if !excused.contains(upn) => {
                    prop_assert!(
                        is_as_wanted(wish, person.calling, &person.stored),
                        "{:?}\n{:?}\n{}",
                        wish,
                        person,
                        text(&first)
                    );
                }
                // A note tells of unmanaged people; nothing of them changes but what pruning may
                // switch off.
                None => prop_assert_eq!(&person.stored, &before[&tenant.tenant].people[upn].stored),
                Some(_) => {}
            }
            // What is not managed stays as it was.
            let old = &before[&tenant.tenant].people[upn].stored;
            for (field, value) in old.iter() {
                let managed =
                    wanted.users.get(upn).is_some_and(|wish| wish.details.get(field).is_some());
                let same = person.stored.get(field) == Some(value)
                    || *value == Value::NoPhone && person.stored.phone().is_none();
                prop_assert!(managed || same, "{} of {} changed", field, upn);
            }
        }
    }

    let second = plan(&in_force, &model, &journal).await;
    sound(&second, &in_force, &model)?;
    if lag {
        // Where a list lags, a number that moved is known to have moved, and waits.
        prop_assert_eq!(runnable(&second), [], "{}", text(&second));
    } else {
        // What one run frees in another tenant may be taken in the next; that apart, nothing is
        // left.
        let told: BTreeSet<String> =
            first.tenants.iter().flat_map(excused).map(|user| user.to_string()).collect();
        let unexpected = runnable(&second).into_iter().find(|(_, user)| !told.contains(user));
        prop_assert_eq!(unexpected, None, "{}\n{}", text(&first), text(&second));
    }
    // As many passes as there are tenants settle everything that can be settled.
    let mut last = second;
    for _ in 0..=draws.len() {
        apply(&last, &model, &journal).await;
        last = plan(&in_force, &model, &journal).await;
    }
    prop_assert!(model.refused.lock().unwrap().is_empty(), "{:?}", model.refused.lock().unwrap());
    prop_assert_eq!(runnable(&last), [], "{}", text(&last));
    prop_assert!(
        last.tenants.iter().all(|tenant| tenant.sync == SyncPlan::NotNeeded),
        "{}",
        text(&last)
    );
    model.take_log();
    apply(&last, &model, &journal).await;
    prop_assert_eq!(model.take_log(), NOTHING, "the last apply wrote");
    Ok(())
}

pub(super) fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn an_apply_leaves_no_drift_and_a_second_one_does_nothing() {
    runner(800).run(&vec(tenant(), 1..4), |draws| block_on(everything(draws, false))).unwrap();
}

#[test]
fn while_lists_lag_nothing_is_sent_twice() {
    runner(400).run(&vec(tenant(), 1..4), |draws| block_on(everything(draws, true))).unwrap();
}

#[test]
fn the_order_of_files_and_users_does_not_matter() {
    // A plan names lines; apart from those, an order of lines says nothing.
    let without_lines = |plan: &Plan| {
        let mut plan = plan.clone();
        for tenant in &mut plan.tenants {
            tenant.steps.iter_mut().for_each(|step| step.origin = None);
            tenant.remarks.problems.iter_mut().for_each(|problem| problem.origin = None);
        }
        (render::text(&plan), render::json(&plan).to_string())
    };
    runner(60)
        .run(&(any::<u64>(), vec((0..6_u8, any::<bool>(), 0..4_u8), 2..9)), |(seed, users)| {
            let lines: Vec<String> =
                users.iter().enumerate().map(|(n, user)| line(n, *user)).collect();
            let mut shuffled = lines.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            let manifests = |lines: &[String]| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                fleet(&[
                    ("t0", "", &lines[..lines.len() / 2]),
                    ("t1", "", &lines[lines.len() / 2..]),
                ])
            };
            // Users stay in their tenants: each half is shuffled for itself.
            let (left, right) = lines.split_at(lines.len() / 2);
            let half = |half: &[String]| {
                shuffled.iter().filter(|line| half.contains(line)).cloned().collect::<Vec<_>>()
            };
            let other = [half(left), half(right)].concat();
            let plans = [manifests(&lines), manifests(&other)].map(|text| {
                let files = [dialplane::manifest::ManifestFile::new("fleet.yaml", &text)];
                let in_force =
                    dialplane::manifest::Keeper::default().take(dialplane::manifest::load(&files));
                let draws = [draw(&users[..users.len() / 2]), draw(&users[users.len() / 2..])];
                without_lines(&block_on(plan(
                    &in_force,
                    &service(&draws),
                    &VolatileJournal::default(),
                )))
            });
            prop_assert_eq!(&plans[0], &plans[1]);
            Ok(())
        })
        .unwrap();
}

fn line(n: usize, (number, enabled, _): (u8, bool, u8)) -> String {
    let calling = if enabled { "enabled" } else { "disabled" };
    let number = if number == 0 { "none".to_owned() } else { format!("+1425{n:03}{number:04}") };
    format!("u{n} {calling} {number} useTeamsVoicemail={enabled}")
}

fn draw(users: &[(u8, bool, u8)]) -> TenantDraw {
    let user = |(number, enabled, seen): &(u8, bool, u8)| Draw {
        managed: true,
        protected: false,
        wanted: Calling::Enabled,
        number: 0,
        voicemail: None,
        tag: None,
        gateway: true,
        seen: *seen,
        is: if *enabled { Calling::Disabled } else { Calling::Enabled },
        has_number: number + 1,
        has_voicemail: Some(!enabled),
        has_tag: None,
        has_gateway: true,
    };
    TenantDraw {
        mode: 7,
        prune: false,
        consent: 7,
        suspect: false,
        unreadable: false,
        incomplete: false,
        percent: 100,
        shows_tags: true,
        shows_numbers: true,
        users: users.iter().map(user).collect(),
    }
}

/// The same over sockets: a drifted world, two applies.
#[tokio::test]
async fn a_drifted_sandbox_is_right_after_one_apply() {
    for seed in 0..6 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let users: Vec<Vec<String>> = (0..3)
            .map(|t| {
                let user = |n: usize, rng: &mut fastrand::Rng| {
                    let calling = if rng.u8(..5) == 0 { "disabled" } else { "enabled" };
                    format!("u{n} {calling} +1425{t}{n:06} useTeamsVoicemail={}", rng.bool())
                };
                (0..rng.usize(3..40)).map(|n| user(n, &mut rng)).collect()
            })
            .collect();
        let lines: Vec<Vec<&str>> =
            users.iter().map(|users| users.iter().map(String::as_str).collect()).collect();
        let prune = if seed % 2 == 0 { "prune: disable" } else { "prune: never" };
        let manifests = fleet(&[
            ("a", prune, &lines[0]),
            ("b", "", &lines[1]),
            ("c", "mode: report", &lines[2]),
        ]);
        let mut house = House::open(&manifests, |_| {}).await;
        let drifted = World::drifted(&house.in_force.desired, seed);
        house.sandbox.world(|world| *world = drifted);
        (house.execution.users_per_tenant, house.execution.tenants) = (4, 3);
        let first = house.plan().await;
        let reports = house.apply(&first).await;
        assert!(reports.iter().all(TenantReport::is_complete), "{seed}: {reports:?}");
        house.sandbox.world(|world| assert_numbers_are_unique(world));
        let second = house.plan().await;
        assert_eq!(runnable(&second), [], "{seed}: {}", text(&second));
        let writes = house.writes();
        assert!(
            writes.iter().all(|call| !call.ends_with(".c.com") && call != "sync c"),
            "{seed}: {writes:?}"
        );
        house.apply(&second).await;
        assert_eq!(house.writes().len(), writes.len(), "{seed}");
    }
}
