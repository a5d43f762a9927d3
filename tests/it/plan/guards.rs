//! The brakes: each holds what it is for, says why and what lifts it, and lets the safe part go on.

use dialplane::{
    model::{Calling, Field, Value},
    sandbox::{InjectedFault, Route, World},
};

use super::{carry_out, done, scenario};
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, fleet, number, of, of_tenant, on, runnable, store, stranger, switch,
    tenant, text, user,
};

/// One of each: an update, an enable, a disable and a number move.
const MIXED: [&str; 7] = [
    "adele enabled useTeamsVoicemail=true",
    "bert enabled",
    "carl disabled",
    "dora enabled +14255550104",
    "eric enabled +14255550105",
    "fred enabled",
    "gina enabled",
];

fn mixed(world: &mut World) {
    store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
    switch(world, "bert", Calling::Disabled);
    switch(world, "carl", Calling::Enabled);
    store(world, "dora", Field::PhoneNumber, Value::NoPhone);
    store(world, "eric", Field::PhoneNumber, number("+14255550104"));
}

#[tokio::test]
async fn a_protected_user_is_never_disabled() {
    let manifests =
        contoso("protect: [Carl@Contoso.com, visitor@contoso.com], prune: disable", &MIXED);
    let house = House::open(&manifests, |world| {
        mixed(world);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    scenario!(&house);
    assert_eq!(house.user("carl").calling, Calling::Enabled);
}

#[tokio::test]
async fn over_the_limit_in_percent_nobody_is_disabled_and_the_rest_goes_on() {
    let users: Vec<String> = (0..20)
        .map(|n| {
            format!("u{n:02} {}", if n < 3 { "disabled" } else { "enabled useTeamsVoicemail=true" })
        })
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let house = House::open(&contoso("", &users), |world| {
        (0..3).for_each(|n| switch(world, &format!("u{n:02}"), Calling::Enabled));
        store(world, "u10", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    scenario!(&house);
    assert_eq!(house.writes(), ["update u10@contoso.com", "sync contoso"]);
}

#[tokio::test]
async fn at_the_limit_everybody_is_disabled() {
    let users: Vec<String> = (0..20)
        .map(|n| format!("u{n:02} {}", if n < 2 { "disabled" } else { "enabled" }))
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let house = House::open(&contoso("", &users), |world| {
        (0..2).for_each(|n| switch(world, &format!("u{n:02}"), Calling::Enabled));
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["disable u00@contoso.com", "disable u01@contoso.com", "sync contoso"]
    );
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn over_the_limit_in_heads_nobody_is_disabled() {
    let manifests = contoso(
        "limits: { disable: { percent: 100, count: 1 } }, prune: disable",
        &["a disabled", "b enabled", "c enabled"],
    );
    let house = House::open(&manifests, |world| {
        switch(world, "a", Calling::Enabled);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn modes() {
    for mode in ["report", "suspend"] {
        let house =
            House::open(&contoso(&format!("mode: {mode}, prune: disable"), &MIXED), mixed).await;
        scenario!(mode, &house);
        assert_eq!(house.writes(), NOTHING);
        assert!(!of(&house.plan().await, "contoso").is_held(), "it is as people want it");
    }
}

#[tokio::test]
async fn without_the_customers_consent_nothing_is_written() {
    for (case, flag, listed) in
        [("none", false, false), ("flag_only", true, false), ("listed_only", false, true)]
    {
        let manifests = fleet(&[
            ("contoso", "prune: disable", &MIXED),
            ("fabrikam", "", &["hugo enabled useTeamsVoicemail=true"]),
        ]);
        let house = House::open(&manifests, |world| {
            mixed(world);
            store(world, "hugo@fabrikam.com", Field::UseTeamsVoicemail, Value::Flag(false));
            let contoso = tenant(world, "contoso");
            (contoso.consent_flag, contoso.consent_listed) = (flag, listed);
        })
        .await;
        scenario!(case, &house);
        assert_eq!(house.writes(), ["update hugo@fabrikam.com", "sync fabrikam"]);
    }
}

#[tokio::test]
async fn a_list_that_may_not_be_whole_removes_nobody_and_moves_no_number() {
    for (case, failure) in [
        ("short", InjectedFault::ShortList),
        ("with_a_duplicate", InjectedFault::DuplicateUser),
        ("empty", InjectedFault::EmptyList),
    ] {
        let house = House::open(
            &contoso("prune: disable, limits: { disable: { percent: 100 } }", &MIXED),
            |world| {
                mixed(world);
                stranger(world, "contoso", "aaron@contoso.com", Calling::Enabled, &[]);
            },
        )
        .await;
        house.fault(on(failure, Route::ListUsers));
        scenario!(case, &house);
        let writes = house.writes();
        assert!(writes.iter().all(|write| !write.starts_with("disable")), "{writes:?}");
        assert!(
            writes.iter().all(|write| !write.contains("dora") && !write.contains("eric")),
            "{writes:?}"
        );
        assert!(of(&house.plan().await, "contoso").is_held());
        assert_eq!(house.user("gina").calling, Calling::Enabled);
        // A whole list lifts it.
        house.no_faults();
        let plan = house.plan().await;
        carry_out(&house, &plan).await;
        assert_eq!(house.user("carl").calling, Calling::Disabled);
        assert_eq!(house.user("aaron").calling, Calling::Disabled);
        assert_eq!(
            house.user("dora").stored.phone(),
            Some(&"+14255550104")
                .map(|text| dialplane::model::PhoneNumber::parse(text, None).unwrap())
                .as_ref()
        );
        done(&house, &house.plan().await).await;
    }
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_stops_nobody_else() {
    let manifests = fleet(&[
        ("contoso", "prune: disable", &MIXED),
        ("fabrikam", "", &["hugo enabled useTeamsVoicemail=true"]),
        ("tailspin", "", &["ina enabled"]),
    ]);
    let house = House::open(&manifests, |world| {
        mixed(world);
        store(world, "hugo@fabrikam.com", Field::UseTeamsVoicemail, Value::Flag(false));
        switch(world, "ina@tailspin.com", Calling::Disabled);
    })
    .await;
    house.fault(of_tenant(on(InjectedFault::Server, Route::ListUsers), 0));
    scenario!(&house);
    assert_eq!(
        house.writes(),
        ["update hugo@fabrikam.com", "sync fabrikam", "enable ina@tailspin.com", "sync tailspin"]
    );
}

#[tokio::test]
async fn broken_manifests_of_one_tenant_stop_nobody_else() {
    let manifests = fleet(&[
        ("contoso", "colour: green", &["adele enabled"]),
        ("fabrikam", "", &["hugo enabled"]),
    ]);
    let house =
        House::open(&manifests, |world| switch(world, "hugo@fabrikam.com", Calling::Disabled))
            .await;
    scenario!(&house);
    assert_eq!(house.writes(), ["enable hugo@fabrikam.com", "sync fabrikam"]);
}

#[tokio::test]
async fn the_last_good_version_stays_in_force() {
    let good = contoso("", &["adele enabled useTeamsVoicemail=true"]);
    let mut house = House::open(&good, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    house.edit(&[("fleet.yaml", &good.replace("mode: enforce", "mode: enforced"))]);
    scenario!(&house);
    assert_eq!(house.writes(), ["update adele@contoso.com", "sync contoso"]);
}

#[tokio::test]
async fn while_a_file_cannot_be_understood_nobody_is_removed() {
    let good = contoso("prune: disable, limits: { disable: { percent: 100 } }", &MIXED);
    let mut house = House::open(&good, |world| {
        mixed(world);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    house.edit(&[("fleet.yaml", &good), ("new.yaml", "kind: [")]);
    scenario!(&house);
    assert!(house.writes().iter().all(|write| !write.starts_with("disable")));
    assert_eq!(house.user("visitor").calling, Calling::Enabled);
}

#[tokio::test]
async fn platform_accounts_are_never_touched() {
    for spec in [
        "prune: never",
        "prune: disable",
        "mode: report, prune: disable",
        "mode: suspend, prune: disable",
    ] {
        let spec = format!("{spec}, limits: {{ disable: {{ percent: 100 }} }}");
        let house = House::open(&contoso(&spec, &["adele enabled"]), |world| {
            stranger(
                world,
                "contoso",
                "CallAppService@contoso.onmicrosoft.com",
                Calling::Enabled,
                &[],
            );
            stranger(world, "contoso", "x.y@cust99.SBC.ConnecttoTeams.com", Calling::Enabled, &[]);
            user(world, "callappservice").stored.set(Field::UseTeamsVoicemail, Value::Flag(false));
        })
        .await;
        let plan = house.plan().await;
        let named = plan
            .tenants
            .iter()
            .flat_map(|tenant| &tenant.steps)
            .any(|step| step.user.is_platform_account());
        assert!(!named, "{spec}: {}", text(&plan));
        assert!(
            of(&plan, "contoso").remarks.notes.is_empty(),
            "{spec}: they are not people that no manifest names"
        );
        done(&house, &plan).await;
    }
    // Named in a manifest, they break it.
    let manifests = contoso("", &["callappservice disabled", "adele enabled"]);
    let house = House::open(&manifests, |_| {}).await;
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(runnable(&plan), []);
}

#[tokio::test]
async fn an_older_version_in_force_prunes_nobody_whom_the_newest_may_name() {
    let good = contoso("prune: disable", &["adele enabled", "bert enabled"]);
    let mut house = House::open(&good, |world| {
        stranger(world, "contoso", "zed@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    // The commit that names zed has a mistake elsewhere.
    let newest = contoso("prune: disable", &["adele enabled", "bert enabled", "zed enabled"])
        .replace("mode: enforce", "mode: enforced");
    house.edit(&[("fleet.yaml", &newest)]);
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), [], "{}", text(&plan));
    assert!(
        text(&plan).contains("an older version of the manifests is in force"),
        "{}",
        text(&plan)
    );
    carry_out(&house, &plan).await;
    assert_eq!(house.user("zed").calling, Calling::Enabled);
}

#[tokio::test]
async fn a_protected_name_that_is_nobodys_is_told() {
    let house = House::open(
        &contoso("protect: [adele@contoso.com, recepton@contoso.com]", &["adele enabled"]),
        |_| {},
    )
    .await;
    let told = text(&house.plan().await);
    assert!(
        told.contains(
            "names users that are neither managed nor visible: recepton@contoso.com; check"
        ),
        "{told}"
    );
}
