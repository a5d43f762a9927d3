//! The worst mistakes in git and at the service: each is stopped before the first call, with words
//! that say what it is.

use dialplane::{
    manifest::{self, ManifestFile},
    model::{Calling, Field, Value},
    plan::{HoldKind, Plan},
    sandbox::{InjectedFault, Route},
};

use super::carry_out;
use crate::support::{House, NOTHING, contoso, fleet, number, on, store, switch, text};

/// Nobody loses calling or a number, and the plan says why.
async fn stopped(house: &House, kind: HoldKind, words: &str) -> Plan {
    let plan = house.plan().await;
    let told = text(&plan);
    assert!(told.contains(words), "{told}");
    let holds = plan.tenants.iter().flat_map(|tenant| {
        tenant.holds.iter().chain(tenant.steps.iter().flat_map(|step| &step.holds))
    });
    assert!(holds.into_iter().any(|hold| hold.kind == kind), "{told}");
    assert_eq!(carry_out(house, &plan).await, NOTHING, "{told}");
    plan
}

/// Twenty people, all of them managed and as wanted.
async fn twenty(spec: &str) -> House {
    let users: Vec<String> = (0..20).map(|n| format!("u{n:02} enabled +1425559{n:04}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let house = House::open(&contoso(spec, &users), |_| {}).await;
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house
}

#[tokio::test]
async fn a_folder_that_was_emptied() {
    let loose = "prune: disable, adopt: named, limits: { disable: { percent: 100 } }";
    let mut house = twenty(loose).await;
    house.edit(&[("fleet.yaml", &contoso(loose, &[]))]);
    stopped(
        &house,
        HoldKind::EmptyDesired,
        "the manifests name 0 users of this tenant, and 20 were managed",
    )
    .await;
    house.edit(&[(
        "fleet.yaml",
        &contoso(loose, &["u00 enabled +14255590000", "u01 enabled +14255590001"]),
    )]);
    stopped(
        &house,
        HoldKind::EmptyDesired,
        "the manifests name 2 users of this tenant, and 20 were managed",
    )
    .await;
}

#[tokio::test]
async fn a_tenant_whose_file_was_deleted() {
    let mut house = twenty("prune: disable").await;
    house.edit(&[]);
    let plan = house.plan().await;
    assert!(plan.tenants.is_empty(), "who is not named is not touched: {}", text(&plan));
    // Its users are still there, and only the tenant is gone.
    let sets = contoso("", &["u00 disabled"]);
    let sets = sets.split_once("---\n").map_or("", |(_, sets)| sets);
    let loaded = manifest::load(&[ManifestFile::new("users.yaml", sets)]);
    assert_eq!(loaded.diagnostics[0].message, "there is no tenant `contoso`");
    assert!(loaded.desired.tenants.is_empty());
}

#[tokio::test]
async fn a_default_that_switches_everybody_off() {
    let mut house = twenty("").await;
    let flipped = contoso("defaults: { sbcGatewayId: 805, calling: disabled }", &["u00 enabled"]);
    let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", &flipped)]);
    assert_eq!(loaded.diagnostics[0].message, "`calling` cannot be a default");
    // The same by search and replace.
    let users: Vec<String> = (0..20).map(|n| format!("u{n:02} disabled +1425559{n:04}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    house.edit(&[("fleet.yaml", &contoso("", &users))]);
    stopped(
        &house,
        HoldKind::Limit,
        "20 of 20 people would lose calling; the limit is 2 (10 %, at most 25)",
    )
    .await;
}

#[tokio::test]
async fn a_bad_template_over_three_hundred_tenants() {
    // One in each is what each tenant allows.
    let names: Vec<String> = (0..300).map(|n| format!("t{n}")).collect();
    let users = ["a disabled", "b enabled"];
    let tenants: Vec<(&str, &str, &[&str])> =
        names.iter().map(|name| (name.as_str(), "", &users[..])).collect();
    let mut house = House::open(&fleet(&tenants), |world| {
        for user in world.tenants.values_mut().flat_map(|tenant| tenant.users.values_mut()) {
            user.calling = Calling::Enabled;
            user.push();
        }
    })
    .await;
    house.execution.tenants = 8;
    stopped(
        &house,
        HoldKind::HourLimit,
        "over all tenants 300 people would lose calling now, after 0 within the last hour",
    )
    .await;
}

#[tokio::test]
async fn a_branch_that_is_half_merged() {
    let whole = fleet(&[
        ("contoso", "", &["adele enabled +14255550100"]),
        ("fabrikam", "", &["bert enabled none"]),
    ]);
    let mut house = House::open(&whole, |_| {}).await;
    // The number goes to fabrikam, and the half that takes it from contoso is not there yet.
    let half = whole.replace("phoneNumber: none", "phoneNumber: \"+14255550100\"");
    let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", &half)]);
    assert_eq!(loaded.diagnostics[0].message, "+14255550100 is wanted by two users");
    assert_eq!(loaded.diagnostics[0].labels.len(), 1, "both places");
    house.edit(&[("fleet.yaml", &half)]);
    let plan = house.plan().await;
    assert!(
        text(&plan).contains("the last good version of its manifests stays in force"),
        "{}",
        text(&plan)
    );
    assert_eq!(carry_out(&house, &plan).await, NOTHING);
}

#[tokio::test]
async fn a_list_that_the_service_cut_short() {
    let spec = "prune: disable, limits: { disable: { percent: 100 } }";
    let house =
        House::open(&contoso(spec, &["adele enabled", "bert disabled", "carl enabled"]), |world| {
            switch(world, "bert", Calling::Enabled);
        })
        .await;
    house.fault(on(InjectedFault::ShortList, Route::ListUsers));
    stopped(&house, HoldKind::Coverage, "the user list may be incomplete").await;
}

#[tokio::test]
async fn a_typing_error_that_hits_somebody_elses_number() {
    let house =
        House::open(&contoso("", &["adele enabled +14255550101", "bert enabled"]), |world| {
            store(world, "adele", Field::PhoneNumber, Value::NoPhone);
            store(world, "bert", Field::PhoneNumber, number("+14255550101"));
        })
        .await;
    stopped(&house, HoldKind::NumberTaken, "+14255550101 is held by bert@contoso.com (enabled)")
        .await;
}
