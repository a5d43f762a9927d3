//! Random fleets in random states: what must hold whatever the manifests and the service say.
//!
//! Mostly over a small model of the service in memory, which knows nothing of plans: numbers are held once, an update stores
//! what it carries. A few cases go over the sandbox's socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use dialplane::{
    config::Execution,
    execute::{Executor, SyncOutcome, TenantReport},
    manifest::InForce,
    model::{
        Calling, Consent, Coverage, Desired, DesiredTenant, DesiredUser, Details, DisableLimit, Field, LiveCalling, LiveTenant,
        LiveUser, Mode, Observed, Origin, Prune, RunId, TenantId, TenantName, TenantRef, UpdateRequest, Upn, Value,
    },
    pass,
    plan::{Action, Cause, HoldKind, Plan, SyncPlan, TenantPlan, render},
    ports::{Fault, FaultKind, Journal, LiveReader, Provisioner, StepOutcome},
    sandbox::World,
    state::VolatileJournal,
};
use jiff::Timestamp;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use tokio_util::sync::CancellationToken;

use crate::support::{House, NOTHING, assert_numbers_are_unique, fleet, gateway, name, number, runnable, tenant_id, text, upn};

// ---- what is drawn

/// A user: what the manifests want, and what is.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
struct Draw {
    managed: bool,
    protected: bool,
    wanted: Calling,
    /// 0 is unmanaged, 1 is none, the rest are numbers.
    number: u8,
    voicemail: Option<bool>,
    tag: Option<u8>,
    gateway: bool,
    /// Visible, hidden, or in an unclear state.
    seen: u8,
    is: Calling,
    has_number: u8,
    has_voicemail: Option<bool>,
    has_tag: Option<u8>,
    has_gateway: bool,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
struct TenantDraw {
    mode: u8,
    prune: bool,
    consent: u8,
    suspect: bool,
    unreadable: bool,
    incomplete: bool,
    percent: u8,
    /// Whether the list shows tags and numbers.
    shows_tags: bool,
    shows_numbers: bool,
    users: Vec<Draw>,
}

const SUSPENDED: u8 = 1;

fn calling() -> impl Strategy<Value = Calling> {
    prop_oneof![3 => Just(Calling::Enabled), 1 => Just(Calling::Disabled)]
}

fn user() -> impl Strategy<Value = Draw> {
    let wish = (
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.1),
        calling(),
        0..12_u8,
        option::of(any::<bool>()),
        option::of(0..3_u8),
    );
    let is = (0..12_u8, calling(), 0..12_u8, option::of(any::<bool>()), option::of(0..3_u8), prop::bool::weighted(0.9));
    (wish, prop::bool::weighted(0.8), is).prop_map(|((managed, protected, wanted, number, voicemail, tag), gateway, is)| {
        let (seen, is, has_number, has_voicemail, has_tag, has_gateway) = is;
        Draw {
            managed,
            protected,
            wanted,
            number,
            voicemail,
            tag,
            gateway,
            seen,
            is,
            has_number,
            has_voicemail,
            has_tag,
            has_gateway,
        }
    })
}

fn tenant() -> impl Strategy<Value = TenantDraw> {
    let rules = (0..8_u8, prop::bool::weighted(0.3), 0..8_u8, prop::bool::weighted(0.15), prop::bool::weighted(0.1));
    let more = (
        prop::bool::weighted(0.1),
        prop_oneof![Just(100_u8), Just(10), Just(0)],
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.95),
    );
    (rules, more, vec(user(), 0..9)).prop_map(|((mode, prune, consent, suspect, unreadable), more, users)| {
        let (incomplete, percent, shows_tags, shows_numbers) = more;
        TenantDraw { mode, prune, consent, suspect, unreadable, incomplete, percent, shows_tags, shows_numbers, users }
    })
}

fn upn_of(tenant: usize, user: usize) -> Upn {
    upn(&format!("u{user}@t{tenant}.example"))
}

fn phone(drawn: u8) -> Option<Value> {
    match drawn {
        0 => None,
        1 => Some(Value::NoPhone),
        n => Some(number(&format!("+1425555{n:04}"))),
    }
}

/// The fields of a wish or of a state; a number that is taken already becomes `taken`.
fn details(
    numbers: &mut BTreeSet<u8>,
    taken: Option<Value>,
    (phone_drawn, voicemail, tag, with_gateway): (u8, Option<bool>, Option<u8>, bool),
) -> Details {
    let free = phone_drawn < 2 || numbers.insert(phone_drawn);
    let pairs = [
        (Field::PhoneNumber, if free { phone(phone_drawn) } else { taken }),
        (Field::SbcGatewayId, with_gateway.then(|| gateway(805))),
        (Field::UseTeamsVoicemail, voicemail.map(Value::Flag)),
        (Field::UserTag, tag.map(|tag| Value::Text(format!("tag {tag}").into()))),
    ];
    pairs.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

fn desired(draws: &[TenantDraw]) -> InForce {
    let mut numbers = BTreeSet::new();
    let origin = Origin { file: "fleet.yaml".into(), line: Some(1) };
    let tenants = draws.iter().enumerate().map(|(index, draw)| {
        let users = draw.users.iter().enumerate().filter(|(_, user)| user.managed).map(|(n, user)| {
            let upn = upn_of(index, n);
            let details = details(&mut numbers, None, (user.number, user.voicemail, user.tag, user.gateway));
            (upn.clone(), DesiredUser { upn, calling: user.wanted, details, origin: origin.clone() })
        });
        let users = users.collect();
        let protect = draw.users.iter().enumerate().filter(|(_, user)| user.protected).map(|(n, _)| upn_of(index, n));
        let tenant = DesiredTenant {
            name: name(&format!("t{index}")),
            id: TenantId::parse(&tenant_id(index)).unwrap(),
            mode: match draw.mode {
                0 => Mode::Report,
                SUSPENDED => Mode::Suspend,
                _ => Mode::Enforce,
            },
            prune: if draw.prune { Prune::Disable } else { Prune::Never },
            disable_limit: DisableLimit { percent: draw.percent, count: 25 },
            protect: protect.collect(),
            extension_prefix: None,
            users,
            origin: origin.clone(),
            incomplete: draw.incomplete.then(|| "new.yaml could not be understood".to_owned()),
        };
        (tenant.name.clone(), Arc::new(tenant))
    });
    InForce { desired: Desired { tenants: tenants.collect() }, ..InForce::default() }
}

// ---- the model of the service

#[derive(Debug, Clone, PartialEq)]
struct Person {
    calling: Calling,
    stored: Details,
    hidden: bool,
    unclear: bool,
}

#[derive(Debug, Clone)]
struct Customer {
    consent: Consent,
    suspect: bool,
    unreadable: bool,
    sees: BTreeSet<Field>,
    people: BTreeMap<Upn, Person>,
}

/// The service: people, what was asked of it, and an older face that a list may show.
struct Model {
    customers: Mutex<BTreeMap<TenantName, Customer>>,
    shown: Mutex<Option<BTreeMap<TenantName, Customer>>>,
    log: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
}

fn service(draws: &[TenantDraw]) -> Model {
    let mut numbers = BTreeSet::new();
    let customers = draws.iter().enumerate().map(|(index, draw)| {
        let mut people: BTreeMap<Upn, Person> = draw
            .users
            .iter()
            .enumerate()
            .map(|(n, user)| {
                let hidden = user.seen == 0;
                // A number that nobody can see held is refused by the service: here nobody holds one unseen.
                let unseen = hidden || draw.unreadable || draw.mode == SUSPENDED || !draw.shows_numbers;
                let held = if unseen { 1 } else { user.has_number };
                let stored =
                    details(&mut numbers, Some(Value::NoPhone), (held, user.has_voicemail, user.has_tag, user.has_gateway));
                (upn_of(index, n), Person { calling: user.is, stored, hidden, unclear: user.seen == 1 })
            })
            .collect();
        for platform in [format!("callappservice@t{index}.example"), "x@cust1.sbc.connecttoteams.com".to_owned()] {
            let stored = [(Field::SbcGatewayId, gateway(805))].into_iter().collect();
            people.insert(upn(&platform), Person { calling: Calling::Enabled, stored, hidden: false, unclear: false });
        }
        let mut sees: BTreeSet<Field> = Field::ALL.into_iter().collect();
        if !draw.shows_tags {
            sees.remove(&Field::UserTag);
        }
        if !draw.shows_numbers {
            sees.remove(&Field::PhoneNumber);
        }
        let consent = match draw.consent {
            0 => Consent::Missing,
            1 => Consent::Disagrees { flag: true, listed: false },
            _ => Consent::Granted,
        };
        (name(&format!("t{index}")), Customer { consent, suspect: draw.suspect, unreadable: draw.unreadable, sees, people })
    });
    Model {
        customers: Mutex::new(customers.collect()),
        shown: Mutex::default(),
        log: Mutex::default(),
        refused: Mutex::default(),
    }
}

impl Model {
    fn person(&self, user: &Upn) -> Option<Person> {
        self.customers.lock().unwrap().values().find_map(|customer| customer.people.get(user).cloned())
    }

    /// From now on lists show what is now, whatever is written.
    fn freeze(&self) {
        *self.shown.lock().unwrap() = Some(self.customers.lock().unwrap().clone());
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    fn change(&self, verb: &str, tenant: &TenantRef, user: &Upn, change: impl FnOnce(&mut Person)) -> Result<(), Fault> {
        self.log.lock().unwrap().push(format!("{verb} {user}"));
        let mut customers = self.customers.lock().unwrap();
        let before = customers.clone();
        let Some(person) = customers.get_mut(&tenant.name).and_then(|customer| customer.people.get_mut(user)) else {
            return self.refuse(format!("{verb} {user}: no such user"));
        };
        change(person);
        let number = person.stored.phone().cloned();
        let holders = customers.values().flat_map(|customer| customer.people.values());
        if number.is_some_and(|number| holders.filter(|person| person.stored.phone() == Some(&number)).count() > 1) {
            *customers = before;
            return self.refuse(format!("{verb} {user}: the number is held"));
        }
        Ok(())
    }

    fn refuse(&self, what: String) -> Result<(), Fault> {
        self.refused.lock().unwrap().push(what.clone());
        Err(Fault::new(FaultKind::Rejected, what))
    }
}

impl LiveReader for Model {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let shown = self.shown.lock().unwrap().clone();
        let customers = shown.unwrap_or_else(|| self.customers.lock().unwrap().clone());
        let customer = &customers[&tenant.name];
        if customer.unreadable {
            return Err(Fault::new(FaultKind::Server, "the service failed"));
        }
        let visible = customer.people.iter().filter(|(_, person)| !person.hidden);
        let users = visible.map(|(upn, person)| {
            let observed = |field: &Field| match person.stored.get(*field) {
                None | Some(Value::NoPhone) => Observed::Unset,
                Some(value) => Observed::Set(value.clone()),
            };
            let calling = match person.calling {
                _ if person.unclear => LiveCalling::Unclear("PENDING".to_owned()),
                Calling::Enabled => LiveCalling::Enabled,
                Calling::Disabled => LiveCalling::Disabled,
            };
            let details = customer.sees.iter().map(|field| (*field, observed(field))).collect();
            (upn.clone(), LiveUser { upn: upn.clone(), calling, details })
        });
        let coverage = if customer.suspect { Coverage::Suspect("a doubt".to_owned()) } else { Coverage::Complete };
        Ok(LiveTenant { consent: customer.consent.clone(), coverage, sees: customer.sees.clone(), users: users.collect() })
    }
}

impl Provisioner for Model {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        Ok(self.customers.lock().unwrap()[&tenant.name].consent.clone())
    }
    async fn enable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        self.change("enable", tenant, user, |person| person.calling = Calling::Enabled)
    }
    async fn disable(&self, tenant: &TenantRef, user: &Upn) -> Result<(), Fault> {
        self.change("disable", tenant, user, |person| person.calling = Calling::Disabled)
    }
    async fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
        // What an omitted field does is unknown: here it is cleared, where a client can know better.
        let sees_all = self.customers.lock().unwrap()[&tenant.name].sees.len() == Field::ALL.len();
        let keep = |stored: &Details| if sees_all { Details::default() } else { stored.clone() };
        self.change("update", tenant, update.user(), |person| person.stored = update.details().over(&keep(&person.stored)))
    }
    async fn sync(&self, tenant: &TenantRef) -> Result<(), Fault> {
        self.log.lock().unwrap().push(format!("sync {}", tenant.name));
        Ok(())
    }
}

async fn plan(in_force: &InForce, model: &Model, journal: &VolatileJournal) -> Plan {
    let observed = pass::observe(model, in_force.desired.tenants.values(), 4, |_| {}).await;
    pass::decide(in_force, &observed, |name| journal.memory(name), Timestamp::now(), &Execution::default())
}

async fn apply(plan: &Plan, model: &Model, journal: &VolatileJournal) -> Vec<TenantReport> {
    let stop = CancellationToken::new();
    let executor = Executor { provisioner: model, journal, users: 3.try_into().unwrap(), clock: Timestamp::now, stop };
    pass::carry_out(plan, &executor, 2, |name| RunId::new(&format!("run-{name}")), &|_, _, _: &StepOutcome| {}).await
}

// ---- what must hold

/// Of every plan, whatever it is made of.
fn sound(plan: &Plan, in_force: &InForce, model: &Model) -> Result<(), TestCaseError> {
    for tenant in &plan.tenants {
        let desired = &in_force.desired.tenants[&tenant.tenant];
        let mut of_user: BTreeSet<(Upn, String)> = BTreeSet::new();
        for (id, step) in tenant.steps.iter().enumerate() {
            let user = &step.user;
            prop_assert!(!user.is_platform_account(), "{user}");
            prop_assert!(of_user.insert((user.clone(), step.action.verb().to_string())), "{user} twice");
            let managed = desired.users.contains_key(user);
            prop_assert!(managed || step.action == Action::Disable && desired.prune == Prune::Disable, "{user} is unmanaged");
            prop_assert_eq!(managed, step.cause == Cause::Declared);
            let person = model.person(user);
            prop_assert!(person.as_ref().is_some_and(|person| !person.hidden && !person.unclear), "{} is not visible", user);
            let in_ring = step.holds.iter().any(|hold| matches!(hold.kind, HoldKind::NumberRing | HoldKind::AfterHeld));
            prop_assert!(in_ring || step.after.iter().all(|before| *before < id), "{} waits for what comes later", user);
            if step.holds.is_empty() {
                prop_assert!(
                    step.after.iter().all(|before| tenant.steps[*before].holds.is_empty()),
                    "{} waits for a held step",
                    user
                );
            }
            if step.action == Action::Disable && step.holds.is_empty() {
                prop_assert!(!desired.protect.contains(user) && desired.incomplete.is_none(), "{}", user);
            }
            let suspect = model.customers.lock().unwrap()[&tenant.tenant].suspect;
            let needs_all =
                step.action == Action::Disable || step.changes.iter().any(|change| change.field == Field::PhoneNumber);
            prop_assert!(!(suspect && needs_all && step.holds.is_empty()), "{} relies on a list in doubt", user);
            for hold in tenant.holds.iter().chain(&step.holds) {
                prop_assert!(!hold.reason.is_empty() && !hold.remedy.is_empty());
            }
        }
        let disables = tenant.steps.iter().filter(|step| step.action == Action::Disable && tenant.may_run(step)).count();
        let enabled = model.customers.lock().unwrap()[&tenant.tenant]
            .people
            .iter()
            .filter(|(upn, person)| !upn.is_platform_account() && !person.hidden && person.calling == Calling::Enabled)
            .count();
        prop_assert!(disables <= desired.disable_limit.allows(enabled), "{disables} of {enabled}");
    }
    Ok(())
}

/// The users for whom something may be missing after an apply, and whom the plan must have told of.
fn excused(plan: &TenantPlan) -> BTreeSet<Upn> {
    let held = plan.steps.iter().filter(|step| !step.holds.is_empty()).map(|step| step.user.clone());
    held.chain(plan.problems.iter().map(|problem| problem.user.clone())).collect()
}

/// The wish of a user against what is, without any help from the planner.
fn is_as_wanted(wish: &DesiredUser, person: &Person) -> bool {
    let phone = |details: &Details| details.get(Field::PhoneNumber).filter(|value| **value != Value::NoPhone).cloned();
    let same = |(field, value): (Field, &Value)| match field {
        Field::PhoneNumber => phone(&wish.details) == phone(&person.stored),
        _ => person.stored.get(field) == Some(value),
    };
    let releases = wish.details.get(Field::PhoneNumber) == Some(&Value::NoPhone);
    person.calling == wish.calling
        && match wish.calling {
            Calling::Enabled => wish.details.iter().all(same),
            Calling::Disabled => !releases || person.stored.phone().is_none(),
        }
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
    prop_assert!(model.refused.lock().unwrap().is_empty(), "{:?}\n{}", model.refused.lock().unwrap(), text(&first));
    let log = model.take_log();
    for (tenant, report) in first.tenants.iter().zip(&reports) {
        prop_assert!(report.is_complete(), "{:?}", report);
        let wanted = &in_force.desired.tenants[&tenant.tenant];
        let domain = format!("@{}.example", tenant.tenant);
        let writes = log.iter().filter(|call| call.ends_with(&domain)).count();
        let syncs = log.iter().filter(|call| **call == format!("sync {}", tenant.tenant)).count();
        prop_assert_eq!(syncs, usize::from(writes > 0), "one sync after writes, and only then: {:?}", log);
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
                    prop_assert!(is_as_wanted(wish, person), "{:?}\n{:?}\n{}", wish, person, text(&first));
                }
                // A note tells of unmanaged people; nothing of them changes but what pruning may switch off.
                None => prop_assert_eq!(&person.stored, &before[&tenant.tenant].people[upn].stored),
                Some(_) => {}
            }
            // What is not managed stays as it was.
            let old = &before[&tenant.tenant].people[upn].stored;
            for (field, value) in old.iter() {
                let managed = wanted.users.get(upn).is_some_and(|wish| wish.details.get(field).is_some());
                let same = person.stored.get(field) == Some(value) || *value == Value::NoPhone && person.stored.phone().is_none();
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
        // What one run frees in another tenant may be taken in the next; that apart, nothing is left.
        let told: BTreeSet<String> = first.tenants.iter().flat_map(excused).map(|user| user.to_string()).collect();
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
    prop_assert!(last.tenants.iter().all(|tenant| tenant.sync == SyncPlan::NotNeeded), "{}", text(&last));
    model.take_log();
    apply(&last, &model, &journal).await;
    prop_assert_eq!(model.take_log(), NOTHING, "the last apply wrote");
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
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
            tenant.problems.iter_mut().for_each(|problem| problem.origin = None);
        }
        (render::text(&plan), render::json(&plan).to_string())
    };
    runner(60)
        .run(&(any::<u64>(), vec((0..6_u8, any::<bool>(), 0..4_u8), 2..9)), |(seed, users)| {
            let lines: Vec<String> = users.iter().enumerate().map(|(n, user)| line(n, *user)).collect();
            let mut shuffled = lines.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            let manifests = |lines: &[String]| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                fleet(&[("t0", "", &lines[..lines.len() / 2]), ("t1", "", &lines[lines.len() / 2..])])
            };
            // Users stay in their tenants: each half is shuffled for itself.
            let (left, right) = lines.split_at(lines.len() / 2);
            let half = |half: &[String]| shuffled.iter().filter(|line| half.contains(line)).cloned().collect::<Vec<_>>();
            let other = [half(left), half(right)].concat();
            let plans = [manifests(&lines), manifests(&other)].map(|text| {
                let files = [dialplane::manifest::ManifestFile::new("fleet.yaml", &text)];
                let in_force = dialplane::manifest::Keeper::default().take(dialplane::manifest::load(&files));
                let draws = [draw(&users[..users.len() / 2]), draw(&users[users.len() / 2..])];
                without_lines(&block_on(plan(&in_force, &service(&draws), &VolatileJournal::default())))
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
        let lines: Vec<Vec<&str>> = users.iter().map(|users| users.iter().map(String::as_str).collect()).collect();
        let prune = if seed % 2 == 0 { "prune: disable" } else { "prune: never" };
        let manifests = fleet(&[("a", prune, &lines[0]), ("b", "", &lines[1]), ("c", "mode: report", &lines[2])]);
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
        assert!(writes.iter().all(|call| !call.ends_with(".c.com") && call != "sync c"), "{seed}: {writes:?}");
        house.apply(&second).await;
        assert_eq!(house.writes().len(), writes.len(), "{seed}");
    }
}
