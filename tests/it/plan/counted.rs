//! What limits and guards count: who has something to lose, and what would be sent.

use std::{num::NonZeroUsize, time::Duration};

use dialplane::{
    api::connecttoteams::Client,
    config::Settings,
    execute::Executor,
    model::{Calling, Field, RunId, Value},
    pass::{self, SharedFleet, TenantPass},
    plan::{Fleet, HoldKind, Observation, TenantPlan},
    readers::Readers,
    sandbox::World,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{carry_out, done};
use crate::support::{
    self, House, NOTHING, contoso, fleet, name, of, runnable, store, stranger, switch, tenant, text,
};

const LOOSE: &str = "limits: { disable: { percent: 100 } }";

/// The kinds of holds of a tenant's steps, one after the other.
fn kinds(plan: &dialplane::plan::Plan, tenant: &str) -> Vec<HoldKind> {
    of(plan, tenant).steps.iter().flat_map(|step| &step.holds).map(|hold| hold.kind).collect()
}

/// A reader of the same service that is shown no numbers.
fn without_numbers(house: &House) -> Readers {
    let mut settings = support::settings(&house.sandbox.base_url());
    let account = settings.connect_to_teams.as_mut().unwrap();
    let list = account.endpoints.list_users.as_mut().unwrap();
    assert!(list.fields.remove("phoneNumber").is_some());
    Readers::new(Client::new(account).unwrap().reader(), None, None)
}

#[tokio::test]
async fn a_number_that_was_written_counts_where_no_list_shows_it() {
    let manifests = |number: &str| {
        contoso(
            "numbers: { release: clear }, limits: { numbers: { percent: 0 } }",
            &[&format!("adele enabled {number}"), "bert enabled"],
        )
    };
    let mut house = House::open(&manifests("+14255550100"), |world| {
        store(world, "adele", Field::PhoneNumber, Value::NoPhone);
    })
    .await;
    carry_out(&house, &house.plan().await).await;
    house.readers = without_numbers(&house);
    house.edit(&[("fleet.yaml", &manifests("none"))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::NumberLimit], "{}", text(&plan));
}

#[tokio::test]
async fn a_first_number_and_a_new_user_are_under_no_limit() {
    let nothing = "limits: { numbers: { percent: 0 } }";
    let house =
        House::open(&contoso(nothing, &["adele enabled +14255550100", "bert enabled"]), |world| {
            store(world, "adele", Field::PhoneNumber, Value::NoPhone);
        })
        .await;
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com", "sync contoso"],
        "she had none: {}",
        text(&plan)
    );
    let nothing = "limits: { changes: { percent: 0 } }";
    let house = House::open(
        &contoso(nothing, &["adele enabled useTeamsVoicemail=true", "bert enabled"]),
        |world| {
            switch(world, "adele", Calling::Disabled);
            store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        },
    )
    .await;
    let plan = house.plan().await;
    let calls = ["update adele@contoso.com", "enable adele@contoso.com", "sync contoso"];
    assert_eq!(
        carry_out(&house, &plan).await,
        calls,
        "she has no calling to lose: {}",
        text(&plan)
    );
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn of_a_few_some_may_leave_and_not_all() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let mut house =
        House::open(&contoso(&spec, &["adele enabled", "bert enabled", "carl enabled"]), |_| {})
            .await;
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.edit(&[("fleet.yaml", &contoso(&spec, &[]))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::EmptyDesired; 3], "{}", text(&plan));
    assert!(
        text(&plan).contains("the manifests name 0 users of this tenant, and 3 were managed"),
        "{}",
        text(&plan)
    );
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled"]))]);
    let plan = house.plan().await;
    let calls = ["disable bert@contoso.com", "disable carl@contoso.com", "sync contoso"];
    assert_eq!(carry_out(&house, &plan).await, calls, "{}", text(&plan));
    // Nor if nobody was ever managed.
    let everybody = format!("prune: disable, adopt: all, {LOOSE}");
    let house = House::open(&contoso(&everybody, &[]), |world| {
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    let plan = house.plan().await;
    assert!(
        text(&plan)
            .contains("the manifests name no user of this tenant: perhaps a file is missing"),
        "{}",
        text(&plan)
    );
    assert_eq!(carry_out(&house, &plan).await, NOTHING);
}

#[tokio::test]
async fn manifests_that_name_fewer_than_half_of_five_or_more_hold_whom_they_no_longer_name() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let names = ["adele", "bert", "carl", "dora", "emil", "fred"];
    let wanted = |count: usize| -> Vec<String> {
        names[..count].iter().map(|who| format!("{who} enabled")).collect()
    };
    let manifests = |users: &[String]| {
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        contoso(&spec, &users)
    };
    for (before, now, held) in [(5, 2, true), (5, 3, false), (4, 1, false), (6, 3, false)] {
        let mut house = House::open(&manifests(&wanted(before)), |_| {}).await;
        carry_out(&house, &house.plan().await).await;
        house.edit(&[("fleet.yaml", &manifests(&wanted(now)))]);
        let plan = house.plan().await;
        let kinds = kinds(&plan, "contoso");
        let expected = if held { vec![HoldKind::EmptyDesired; before - now] } else { Vec::new() };
        assert_eq!(kinds, expected, "{before} to {now}: {}", text(&plan));
    }
    // Whom the manifests disable by name is not held by it.
    let mut house = House::open(&manifests(&wanted(5)), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    house.edit(&[("fleet.yaml", &manifests(&["adele disabled".to_owned()]))]);
    let plan = house.plan().await;
    assert_eq!(runnable(&plan).len(), 1, "{}", text(&plan));
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::EmptyDesired; 4], "{}", text(&plan));
    // Nor do those count who had gone before.
    let mut house = House::open(&manifests(&wanted(6)), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    house.sandbox.world(|world| {
        let users = &mut tenant(world, "contoso").users;
        users.retain(|upn, _| !["emil", "fred"].iter().any(|who| upn.as_str().starts_with(who)));
    });
    carry_out(&house, &house.plan().await).await;
    house.edit(&[("fleet.yaml", &manifests(&wanted(1)))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [], "{}", text(&plan));
    assert_eq!(runnable(&plan).len(), 3, "{}", text(&plan));
}

#[tokio::test]
async fn a_step_that_one_limit_holds_counts_for_the_next() {
    let none = "limits: { disable: { percent: 0 }, changes: { percent: 0 } }";
    let house = House::open(&contoso(none, &["adele disabled", "bert enabled"]), |world| {
        switch(world, "adele", Calling::Enabled);
    })
    .await;
    let plan = house.plan().await;
    let both = [HoldKind::Limit, HoldKind::ChangeLimit];
    assert_eq!(kinds(&plan, "contoso"), both, "{}", text(&plan));
}

#[tokio::test]
async fn the_hour_of_the_fleet_counts_what_would_be_sent() {
    let none = "limits: { disable: { percent: 0 } }";
    let manifests = fleet(&[
        ("contoso", none, &["adele disabled", "carl disabled"]),
        ("fabrikam", LOOSE, &["bert disabled"]),
    ]);
    let one = |settings: &mut Settings| settings.execution.per_hour.disable = 1;
    let mut house = House::configured(&manifests, one, |world: &mut World| {
        for who in ["adele@contoso.com", "carl@contoso.com", "bert@fabrikam.com"] {
            switch(world, who, Calling::Enabled);
        }
    })
    .await;
    // What contoso's own limit holds is not counted, and not told of the hour.
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::Limit; 2], "{}", text(&plan));
    assert_eq!(
        runnable(&plan),
        [("disable".to_owned(), "bert@fabrikam.com".to_owned())],
        "{}",
        text(&plan)
    );
    carry_out(&house, &plan).await;
    house.execution.per_hour.disable = 0;
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::Limit; 2], "{}", text(&plan));
}

/// The fleet as the service keeps it.
async fn kept(house: &House) -> Fleet {
    let mut fleet = Fleet::new(pass::rules(&house.execution));
    fleet.take(house.in_force.tenants(), &house.in_force.broken);
    let tenants = &house.in_force.desired.tenants;
    for (name, live) in pass::observe(&house.readers, tenants.values(), 2, |_| {}).await {
        let id = &tenants[&name].id;
        fleet.looked(&name, id, Observation::Seen(live.unwrap()), house.journal.remembered(id));
    }
    fleet
}

#[tokio::test]
async fn a_clock_that_is_set_forward_lets_nobody_send_more_within_an_hour() {
    let manifests = |bert: &str| {
        fleet(&[
            ("contoso", LOOSE, &["adele disabled"]),
            ("fabrikam", LOOSE, &[&format!("bert {bert}")]),
        ])
    };
    let one = |settings: &mut Settings| settings.execution.per_hour.disable = 1;
    let mut house = House::configured(&manifests("enabled"), one, |world: &mut World| {
        for who in ["adele@contoso.com", "bert@fabrikam.com"] {
            switch(world, who, Calling::Enabled);
        }
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["disable adele@contoso.com", "sync contoso"]);
    house.edit(&[("fleet.yaml", &manifests("disabled"))]);
    // So much later by this machine's clock, and so much of that is not so by the service's.
    for (hours, of_it_wrong, held) in [(2, 2, true), (48, 48, true), (2, 0, false), (4, 2, false)] {
        house.sandbox.faults(|faults| faults.clock_ahead_seconds = -3600 * of_it_wrong);
        let plan = house.plan_in(hours).await;
        let kinds = kinds(&plan, "fabrikam");
        assert_eq!(kinds == [HoldKind::HourLimit], held, "{hours} h: {}", text(&plan));
        assert_eq!(runnable(&plan).is_empty(), held, "{hours} h: {}", text(&plan));
        // The service plans one tenant at a time.
        let now = Timestamp::now() + Duration::from_secs(hours * 3600);
        let alone = kept(&house).await.plan(&name("fabrikam"), now);
        assert_eq!(alone.steps[0].holds.is_empty(), !held, "{hours} h");
    }
}

/// The plan of a tenant as the service makes it, which sends nothing of it.
async fn plan_of_service(house: &House, tenant: &str) -> TenantPlan {
    let fleet = SharedFleet::new(&house.execution);
    fleet.take(&house.in_force);
    let tenants = house.in_force.desired.tenants.values().cloned().collect();
    for look in pass::first_looks(&house.readers, &house.journal, tenants, 2).await {
        fleet.first_look(&look);
    }
    let stop = CancellationToken::new();
    stop.cancel();
    let pass = TenantPass {
        reader: &house.readers,
        executor: Executor {
            provisioner: &house.client.writer(),
            journal: &house.journal,
            users: NonZeroUsize::MIN,
            sync_settings: 0,
            revision: None,
            by: None,
            part_of: None,
            stop,
            newer: CancellationToken::new(),
        },
        tenant: &house.in_force.tenant(&name(tenant)).unwrap(),
        first_look: None,
        fleet: &fleet,
        switch: None,
        run: RunId::new("r"),
    };
    Box::pin(pass.go(&|_| {})).await.unwrap().plan
}

#[tokio::test]
async fn what_an_older_version_holds_counts_neither_for_a_command_nor_for_the_service() {
    let manifests = fleet(&[
        ("contoso", "prune: disable", &["adele enabled", "anna enabled"]),
        ("fabrikam", LOOSE, &["bert disabled"]),
    ]);
    let one = |settings: &mut Settings| settings.execution.per_hour.disable = 1;
    let mut house = House::configured(&manifests, one, |world: &mut World| {
        stranger(world, "contoso", "zed@contoso.com", Calling::Enabled, &[]);
        switch(world, "bert@fabrikam.com", Calling::Enabled);
    })
    .await;
    // The newest version of contoso may name zed, so that the pruning is held.
    house.edit(&[("fleet.yaml", &manifests.replacen("mode: enforce", "mode: enforced", 1))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "contoso"), [HoldKind::Incomplete], "{}", text(&plan));
    assert_eq!(kinds(&plan, "fabrikam"), [], "{}", text(&plan));
    for tenant in ["contoso", "fabrikam"] {
        let of_service =
            TenantPlan { lease: None, ..Box::pin(plan_of_service(&house, tenant)).await };
        assert_eq!(of_service, *of(&plan, tenant), "only the service's is made under a lease");
    }
}
