//! What a person reads when the service fails, fault by fault; and that none of them disables
//! anybody or stops another tenant.

use std::{fmt::Write as _, time::Duration};

use dialplane::{
    api::{connecttoteams::Client, graph},
    config::{Endpoints, Method, Settings},
    execute::Stop,
    model::{Calling, Fault, Field, Value},
    sandbox::{Failure, Faults, Route, Rule},
};

use crate::filters::plain;
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

/// Plans and applies under a fault, shows what is read, and gives what was written.
async fn words(name: &str, house: &House) -> Vec<String> {
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
    let said = plain(&said);
    for secret in [dialplane::sandbox::SECRET, "Bearer ", "access_token"] {
        assert!(!said.contains(secret), "{said}");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
    for user in ["adele", "bert", "carl", "visitor"] {
        assert_eq!(house.user(user).calling, Calling::Enabled, "{user} lost calling");
    }
    house.writes()
}

const OTHER_TENANT: [&str; 2] = ["update hugo@fabrikam.com", "sync fabrikam"];

#[tokio::test]
async fn faults_of_one_tenant() {
    let first = |failure, route| of_tenant(on(failure, route), 0);
    let rules: [(&str, Rule); 13] = [
        ("fault_list_empty", first(Failure::EmptyList, Route::ListUsers)),
        ("fault_list_truncated", first(Failure::ShortList, Route::ListUsers)),
        ("fault_list_cut_off", first(Failure::Truncated, Route::ListUsers)),
        ("fault_list_error_inside", first(Failure::ErrorInside, Route::ListUsers)),
        ("fault_list_garbage", first(Failure::Garbage, Route::ListUsers)),
        ("fault_list_server", first(Failure::Server, Route::ListUsers)),
        ("fault_list_lost", first(Failure::Lost, Route::ListUsers)),
        ("fault_list_unauthorized", first(Failure::Unauthorized, Route::ListUsers)),
        ("fault_consent_garbage", first(Failure::Garbage, Route::Enterprise)),
        ("fault_consent_error_inside", first(Failure::ErrorInside, Route::Enterprise)),
        ("fault_consent_server", first(Failure::Unavailable, Route::Enterprise)),
        ("fault_consent_cut_off", first(Failure::Truncated, Route::Enterprise)),
        ("fault_consent_lost", first(Failure::Dropped, Route::Enterprise)),
    ];
    for (name, rule) in rules {
        let house = house(|_| {}).await;
        house.fault(rule);
        assert_eq!(words(name, &house).await, OTHER_TENANT, "{name}");
    }
}

#[tokio::test]
async fn no_consent() {
    let house = house(|_| {}).await;
    house.sandbox.world(|world| {
        let contoso = tenant(world, "contoso");
        (contoso.consent_flag, contoso.consent_listed) = (false, false);
    });
    assert_eq!(words("fault_no_consent", &house).await, OTHER_TENANT);
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
    assert_eq!(words("fault_unknown_tenant", &house).await, OTHER_TENANT);
}

#[tokio::test]
async fn a_list_that_takes_too_long() {
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().timeout = Duration::from_millis(1500);
    })
    .await;
    house.fault(of_tenant(Rule { delay_ms: 6000, ..on(Failure::Late, Route::ListUsers) }, 0));
    assert_eq!(words("fault_list_late", &house).await, OTHER_TENANT);
}

#[tokio::test]
async fn too_many_calls_for_ever() {
    let house = house(|_| {}).await;
    house.fault(of_tenant(
        Rule { retry_after_seconds: Some(0), ..on(Failure::Throttled, Route::ListUsers) },
        0,
    ));
    assert_eq!(words("fault_list_throttled", &house).await, OTHER_TENANT);
}

/// Faults of the login concern everybody; nobody is written to.
#[tokio::test]
async fn faults_of_the_login() {
    type Switch = fn(&mut Faults);
    let switches: [(&str, Switch); 6] = [
        ("fault_wrong_credentials", |faults| faults.wrong_credentials = true),
        ("fault_password_never_changed", |faults| faults.password_never_changed = true),
        ("fault_token_garbage", |faults| faults.rules.push(on(Failure::Garbage, Route::Token))),
        ("fault_token_cut_off", |faults| faults.rules.push(on(Failure::Truncated, Route::Token))),
        ("fault_token_server", |faults| faults.rules.push(on(Failure::Server, Route::Token))),
        ("fault_who_am_i_garbage", |faults| {
            // Otherwise the answer about the enterprise says whom to name.
            faults.hide_reseller = true;
            faults.rules.push(on(Failure::Garbage, Route::WhoAmI));
        }),
    ];
    for (name, switch) in switches {
        let house = house(|_| {}).await;
        house.sandbox.faults(switch);
        let writes = words(name, &house).await;
        assert_eq!(writes, NOTHING, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_password() {
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().username = "somebody-else".to_owned();
    })
    .await;
    assert_eq!(words("fault_wrong_user", &house).await, NOTHING);
}

#[tokio::test]
async fn an_unreachable_service() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house(|settings| {
        settings.connect_to_teams.as_mut().unwrap().base_url = format!("http://{closed}");
    })
    .await;
    assert_eq!(words("fault_unreachable", &house).await, NOTHING);
}

#[tokio::test]
async fn no_way_to_list_users() {
    let house =
        house(|settings| settings.connect_to_teams.as_mut().unwrap().endpoints.list_users = None)
            .await;
    assert_eq!(words("fault_list_not_configured", &house).await, NOTHING);
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
    let calls = Client::emits(&Endpoints::default()).into_iter().chain(graph::Reader::emits());
    let calls: String = calls.map(|call| line(&call)).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("emitted_calls", calls));
}
