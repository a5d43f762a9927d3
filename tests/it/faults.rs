//! What a person reads when the service fails, fault by fault; and that none of them disables
//! anybody or stops another tenant.

use std::{fmt::Write as _, time::Duration};

use dialplane::{
    api::{connecttoteams::Client, graph},
    config::{Endpoints, Method, Settings},
    execute::Stop,
    model::{Calling, Fault, Field, Value},
    sandbox::{FaultRule, Faults, InjectedFault, Route},
};

use crate::snapshot::snapshot;
use crate::support::{House, NOTHING, fleet, of_tenant, on, store, stranger, switch, tenant, text};

/// The first tenant is to lose somebody, and prunes; the second has an update.
async fn house(configure: impl FnOnce(&mut Settings)) -> House {
    let manifests = fleet(&[
        (
            "contoso",
            "prune: disable, limits: { disable: { percent: 100 } }",
            &["adele enabled", "bert disabled", "carl enabled"],
        ),
        ("fabrikam", "", &["hugo enabled useTeamsVoicemail=true"]),
    ]);
    House::configured(&manifests, configure, |world| {
        switch(world, "bert", Calling::Enabled);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
        store(world, "hugo@fabrikam.com", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await
}

/// Plans and applies under a fault: what is read, and what was written.
async fn tried(house: &House) -> (String, Vec<String>) {
    let plan = house.plan().await;
    let mut said = text(&plan);
    for report in house.apply(&plan).await {
        if let Some(stop) = &report.stopped {
            let _ = write!(said, "\n# carrying out {}\n{stop}\n", report.tenant);
            if let Stop::Fault(Fault { hint: Some(hint), .. }) = stop {
                let _ = writeln!(said, "hint: {hint}");
            }
        }
    }
    for secret in [dialplane::sandbox::SECRET, "Bearer ", "access_token"] {
        assert!(!said.contains(secret), "{said}");
    }
    for user in ["adele", "bert", "carl", "visitor"] {
        assert_eq!(house.user(user).calling, Calling::Enabled, "{user} lost calling");
    }
    (said, house.writes())
}

const OTHER_TENANT: [&str; 2] = ["update hugo@fabrikam.com", "sync fabrikam"];

#[tokio::test]
async fn faults_of_one_tenant() {
    let first = |failure, route| of_tenant(on(failure, route), 0);
    let rules: [(&str, FaultRule); 13] = [
        ("list_empty", first(InjectedFault::EmptyList, Route::ListUsers)),
        ("list_truncated", first(InjectedFault::ShortList, Route::ListUsers)),
        ("list_cut_off", first(InjectedFault::Truncated, Route::ListUsers)),
        ("list_error_inside", first(InjectedFault::ErrorInside, Route::ListUsers)),
        ("list_garbage", first(InjectedFault::Garbage, Route::ListUsers)),
        ("list_server", first(InjectedFault::Server, Route::ListUsers)),
        ("list_lost", first(InjectedFault::Lost, Route::ListUsers)),
        ("list_unauthorized", first(InjectedFault::Unauthorized, Route::ListUsers)),
        ("consent_garbage", first(InjectedFault::Garbage, Route::Enterprise)),
        ("consent_error_inside", first(InjectedFault::ErrorInside, Route::Enterprise)),
        ("consent_server", first(InjectedFault::Unavailable, Route::Enterprise)),
        ("consent_cut_off", first(InjectedFault::Truncated, Route::Enterprise)),
        ("consent_lost", first(InjectedFault::Dropped, Route::Enterprise)),
    ];
    for (case, rule) in rules {
        let house = house(|_| {}).await;
        house.fault(rule);
        let (said, writes) = tried(&house).await;
        snapshot!(case, said);
        assert_eq!(writes, OTHER_TENANT, "{case}");
    }
}

#[tokio::test]
async fn no_consent() {
    let house = house(|_| {}).await;
    house.sandbox.world(|world| {
        let contoso = tenant(world, "contoso");
        (contoso.consent_flag, contoso.consent_listed) = (false, false);
    });
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, OTHER_TENANT);
}

#[tokio::test]
async fn a_tenant_that_the_service_does_not_know() {
    let house = house(|_| {}).await;
    house.sandbox.world(|world| {
        let id = world.tenants.keys().next().unwrap().clone();
        let contoso = world.tenants.remove(&id).unwrap();
        // Kept under another id, so that nobody can have touched it.
        world.tenants.insert(dialplane::model::TenantId::nil(), contoso);
    });
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, OTHER_TENANT);
}

#[tokio::test]
async fn a_list_that_takes_too_long() {
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().timeout = Duration::from_millis(1500);
    })
    .await;
    house.fault(of_tenant(
        FaultRule { delay_ms: 6000, ..on(InjectedFault::Late, Route::ListUsers) },
        0,
    ));
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, OTHER_TENANT);
}

#[tokio::test]
async fn too_many_calls_for_ever() {
    let house = house(|_| {}).await;
    house.fault(of_tenant(
        FaultRule {
            retry_after_seconds: Some(0),
            ..on(InjectedFault::Throttled, Route::ListUsers)
        },
        0,
    ));
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, OTHER_TENANT);
}

/// Faults of the login concern everybody; nobody is written to.
#[tokio::test]
async fn faults_of_the_login() {
    type Switch = fn(&mut Faults);
    let switches: [(&str, Switch); 6] = [
        ("wrong_credentials", |faults| faults.wrong_credentials = true),
        ("password_never_changed", |faults| faults.password_never_changed = true),
        ("token_garbage", |faults| faults.rules.push(on(InjectedFault::Garbage, Route::Token))),
        ("token_cut_off", |faults| faults.rules.push(on(InjectedFault::Truncated, Route::Token))),
        ("token_server", |faults| faults.rules.push(on(InjectedFault::Server, Route::Token))),
        ("who_am_i_garbage", |faults| {
            // Otherwise the answer about the enterprise says whom to name.
            faults.hide_reseller = true;
            faults.rules.push(on(InjectedFault::Garbage, Route::WhoAmI));
        }),
    ];
    for (case, switch) in switches {
        let house = house(|_| {}).await;
        house.sandbox.faults(switch);
        let (said, writes) = tried(&house).await;
        snapshot!(case, said);
        assert_eq!(writes, NOTHING, "{case}");
    }
}

#[tokio::test]
async fn a_wrong_password() {
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().username = "somebody-else".to_owned();
    })
    .await;
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, NOTHING);
}

#[tokio::test]
async fn an_unreachable_service() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().base_url = format!("http://{closed}");
    })
    .await;
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, NOTHING);
}

#[tokio::test]
async fn no_way_to_list_users() {
    let house =
        house(|settings| settings.connect_to_teams.as_mut().unwrap().endpoints.list_users = None)
            .await;
    let (said, writes) = tried(&house).await;
    snapshot!(said);
    assert_eq!(writes, NOTHING);
}

#[test]
fn every_call_that_can_be_made_is_on_this_list() {
    let line = |(method, path): &(Method, String)| {
        let method = match method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        };
        format!("{method:4} {path}\n")
    };
    let calls = Client::emits(&Endpoints::default()).into_iter().chain(graph::GraphReader::emits());
    let calls: String = calls.map(|call| line(&call)).collect();
    snapshot!(calls);
}
