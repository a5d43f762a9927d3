//! A tenant with `live: graph`: what Teams shows is compared, what it cannot show is compared with
//! what was last written; and what a person reads when Graph fails.

use std::{fmt::Write as _, fs};

use dialplane::{
    config::Settings,
    model::{Calling, Field, Value},
    sandbox::{Faults, InjectedFault, Route},
};

use crate::snapshot::snapshot;
use crate::stage::Stage;
use crate::support::{House, NOTHING, contoso, number, on, store, switch, text, user};

const USERS: [&str; 3] = [
    "adele enabled +14255550100",
    "bert disabled",
    "carl enabled callPolicy={\"name\":\"AllowCalling\"}",
];

async fn house(configure: impl FnOnce(&mut Settings)) -> House {
    House::configured(&contoso("live: graph", &USERS), configure, |_| {}).await
}

#[tokio::test]
async fn what_cannot_be_seen_is_written_once_and_then_remembered() {
    let house = House::open(&contoso("live: graph, defaults: {}", &USERS), |_| {}).await;
    assert_eq!(
        text(&house.plan().await),
        "1 tenant as the manifests want it\nplan: nothing to do\n"
    );

    let house = self::house(|_| {}).await;
    let plan = house.plan().await;
    snapshot!(text(&plan));
    house.apply(&plan).await;
    assert!(text(&house.plan().await).ends_with("\nplan: nothing to do\n"));
    let lists = |calls: &[dialplane::sandbox::RecordedCall], path: &str| {
        calls.iter().filter(|call| call.path.starts_with(path)).count()
    };
    let calls = house.sandbox.calls();
    assert_eq!(
        (
            lists(&calls, "/sandbox/listUsers"),
            lists(&calls, "/v1.0/admin/teams/userConfigurations")
        ),
        (0, 2),
        "only Graph lists users"
    );
}

#[tokio::test]
async fn drift_in_teams_is_corrected_through_the_service() {
    let house = House::open(&contoso("live: graph", &USERS), |world| {
        switch(world, "adele", Calling::Disabled);
        switch(world, "bert", Calling::Enabled);
        store(world, "carl@contoso.com", Field::PhoneNumber, number("+14255550109"));
        store(world, "carl@contoso.com", Field::CallPolicyName, Value::Text("Global".into()));
    })
    .await;
    house.apply(&house.plan().await).await;
    let plan = house.plan().await;
    assert!(text(&plan).ends_with("\nplan: nothing to do\n"));
    // Records that all has been seen.
    house.apply(&plan).await;
    // Switched off on Teams' side only, as an admin does it there.
    house.sandbox.world(|world| user(world, "adele").pushed = None);
    assert_eq!(
        ["adele", "bert"].map(|who| house.user(who).calling),
        [Calling::Enabled, Calling::Disabled]
    );
    snapshot!(text(&house.plan().await));
}

#[tokio::test]
async fn a_change_that_teams_does_not_show_yet_is_waited_for() {
    let house = House::open(&contoso("live: graph", &USERS), |world| {
        switch(world, "bert", Calling::Enabled);
    })
    .await;
    house.sandbox.faults(|faults| faults.teams_visible_after_ms = 3_600_000);
    house.apply(&house.plan().await).await;
    let writes = house.writes().len();
    snapshot!(text(&house.plan().await));
    house.apply(&house.plan().await).await;
    assert_eq!(house.writes().len(), writes, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_alone_is_enough_for_a_first_plan_and_nothing_is_written() {
    let stage = Stage::drifted().await;
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let (_, graph) = config.split_once("\ngraph:\n").unwrap();
    fs::write(&path, format!("manifests: [manifests]\ngraph:\n{graph}")).unwrap();
    fs::remove_file(stage.manifest()).unwrap();
    fs::remove_dir(stage.path().join("manifests")).unwrap();
    let doctor = stage.run(&["doctor"]).await.stdout;
    assert!(doctor.contains("configuration  it can be used"), "{doctor}");

    let contoso = "contoso=00000000-0000-4000-8000-000000000001";
    let import = ["import", "--reader", "graph", "--tenant-id", contoso, "--out", "manifests"];
    let imported = stage.run(&import).await;
    assert_eq!(imported.code, 0, "{}{}", imported.stdout, imported.stderr);
    let tenant = fs::read_to_string(stage.path().join("manifests/contoso/tenant.yaml")).unwrap();
    assert!(tenant.contains("live: graph") && tenant.contains("say `sbcGatewayId`"), "{tenant}");
    for (command, code) in [("plan", 3), ("apply", 3)] {
        let ended = stage.run(&[command]).await;
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("without an account at the service"), "{}", ended.stdout);
        assert!(ended.stdout.contains("hint: to write, set `connectToTeams`"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("  problem "), "as it is: {}", ended.stdout);
    }
    assert_eq!(stage.writes(), [""; 0]);
    let doctor = stage.run(&["doctor"]).await.stdout;
    assert!(doctor.contains("warn  contoso  consent        without an account"), "{doctor}");
    // A tenant that only the service could show says what is missing.
    let text = tenant.replace("  live: graph\n", "");
    fs::write(stage.path().join("manifests/contoso/tenant.yaml"), text).unwrap();
    let plan = stage.run(&["plan"]).await.stdout;
    assert!(plan.contains("the configuration names no account"), "{plan}");
}

#[tokio::test]
async fn what_people_read_when_graph_fails() {
    type Switch = fn(&mut Faults);
    let mut said = String::new();
    let faults: [(&str, Switch); 15] = [
        ("not let in", |faults| faults.graph_not_let_in = true),
        ("login: 401 whatever is sent", |faults| {
            faults.rules.push(on(InjectedFault::Unauthorized, Route::GraphToken));
        }),
        ("login: a page of HTML", |faults| {
            faults.rules.push(on(InjectedFault::Garbage, Route::GraphToken));
        }),
        ("login: 500", |faults| faults.rules.push(on(InjectedFault::Server, Route::GraphToken))),
        ("forbidden", |faults| faults.rules.push(on(InjectedFault::Forbidden, Route::GraphUsers))),
        ("a token that is never good", |faults| {
            faults.rules.push(on(InjectedFault::Unauthorized, Route::GraphUsers));
        }),
        ("a page of HTML", |faults| {
            faults.rules.push(on(InjectedFault::Garbage, Route::GraphUsers));
        }),
        ("half an answer", |faults| {
            faults.rules.push(on(InjectedFault::Truncated, Route::GraphUsers));
        }),
        ("503", |faults| faults.rules.push(on(InjectedFault::Unavailable, Route::GraphUsers))),
        ("no answer", |faults| faults.rules.push(on(InjectedFault::Dropped, Route::GraphUsers))),
        ("a redirect", |faults| faults.rules.push(on(InjectedFault::Redirect, Route::GraphUsers))),
        ("the next page elsewhere", |faults| {
            faults.rules.push(on(InjectedFault::OtherHost, Route::GraphUsers));
        }),
        ("a user of another tenant", |faults| {
            faults.rules.push(on(InjectedFault::OtherTenant, Route::GraphUsers));
        }),
        ("nobody", |faults| faults.rules.push(on(InjectedFault::EmptyList, Route::GraphUsers))),
        ("pages in a circle", |faults| {
            faults.rules.push(on(InjectedFault::RepeatedPage, Route::GraphUsers));
        }),
    ];
    for (name, switch) in faults {
        let house =
            house(|settings| settings.execution.settle = std::time::Duration::from_secs(3600))
                .await;
        house.sandbox.faults(switch);
        let plan = house.plan().await;
        let _ = write!(said, "# {name}\n{}\n", text(&plan));
        house.apply(&plan).await;
        let disabled = house
            .writes()
            .into_iter()
            .filter(|write| write.starts_with("disable"))
            .collect::<Vec<_>>();
        assert_eq!(disabled, NOTHING, "{name}");
    }
    let missing = house(|settings| settings.graph = None).await;
    assert!(!said.contains(dialplane::sandbox::SECRET));
    let _ = write!(said, "# not configured\n{}", text(&missing.plan().await));
    snapshot!(said);
}

#[tokio::test]
async fn a_number_that_teams_keeps_for_others_is_given_to_nobody() {
    type Switch = fn(&mut Faults);
    let taken = |faults: &mut Faults| {
        faults.teams_numbers =
            vec![("+14255550100".to_owned(), "voiceApplicationAssigned".to_owned())];
    };
    let cases: [(&str, bool, Switch); 6] = [
        ("held by a resource account", true, |_| {}),
        ("the list may not be read", false, |faults| faults.graph_numbers_not_allowed = true),
        ("there is no such list", false, |faults| {
            faults.rules.push(on(InjectedFault::Refused, Route::GraphNumbers).status(404));
        }),
        ("503", true, |faults| {
            faults.rules.push(on(InjectedFault::Unavailable, Route::GraphNumbers));
        }),
        ("a page of HTML", true, |faults| {
            faults.rules.push(on(InjectedFault::Garbage, Route::GraphNumbers));
        }),
        ("no answer", true, |faults| {
            faults.rules.push(on(InjectedFault::Dropped, Route::GraphNumbers));
        }),
    ];
    let mut said = String::new();
    for live in ["graph", "connecttoteams, confirm: graph"] {
        let manifests = contoso(&format!("live: {live}"), &USERS);
        for (name, holds, switch) in cases {
            let house = House::open(&manifests, |world| {
                store(world, "adele@contoso.com", Field::PhoneNumber, number("+14255550109"));
            })
            .await;
            house.sandbox.faults(taken);
            house.sandbox.faults(switch);
            let plan = house.plan().await;
            let told = text(&plan);
            let _ = write!(said, "# live: {live}: {name}\n{told}\n");
            // Where Teams only confirms, that it cannot be read holds nothing.
            let holds = holds && (live == "graph" || name.starts_with("held"));
            assert_eq!(told.contains("held: "), holds, "{live}: {name}\n{told}");
        }
    }
    snapshot!(said);
}

#[tokio::test]
async fn a_refused_list_of_numbers_is_not_asked_for_at_each_look() {
    let house = house(|_| {}).await;
    house.sandbox.faults(|faults| faults.graph_numbers_not_allowed = true);
    for _ in 0..3 {
        house.plan().await;
    }
    let calls = house.sandbox.calls();
    let asked = calls.iter().filter(|call| call.path.contains("numberAssignments")).count();
    assert_eq!(asked, 1, "a permission is given by people");
}
