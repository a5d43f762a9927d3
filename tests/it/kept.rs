//! Live state that is kept in files: the real binary observes, plans from a file, imports and is
//! compared with itself.

use std::{fs, os::unix::fs::PermissionsExt as _};

use dialplane::{
    sandbox::{FaultRule, InjectedFault, Route, World},
    snapshot::Snapshot,
};

use crate::snapshot::snapshot;
use crate::stage::{Ended, Stage, dialplane, fleet};

const OUTPUTS: [&str; 3] = ["text", "json", "markdown"];

/// A plan in every form.
pub(crate) async fn plans(stage: &Stage, more: &[&str]) -> Vec<(i32, String)> {
    let mut plans = Vec::new();
    for output in OUTPUTS {
        let ended = stage.run(&[&["plan", "--output", output], more].concat()).await;
        plans.push((ended.code, apart_from_the_account(ended.stdout)));
    }
    plans
}

/// A plan from a snapshot is made for no account, which its JSON says and its sum covers.
fn apart_from_the_account(plan: String) -> String {
    let Ok(mut json) = serde_json::from_str::<serde_json::Value>(&plan) else { return plan };
    json.as_object_mut().unwrap().remove("sum");
    for tenant in json["tenants"].as_array_mut().unwrap() {
        tenant.as_object_mut().unwrap().remove("account");
    }
    json.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_from_a_snapshot_is_the_plan_of_the_service() {
    let stage = Stage::drifted().await;
    let file = stage.path().join("live.json");
    for applied in [false, true] {
        if applied {
            // What the account no longer has is told from a snapshot, too.
            stage.sandbox.world(|world| world.gateways.retain(|gateway, _| gateway.get() != 805));
        }
        let observed = stage.run(&["observe", "--out", "live.json"]).await;
        assert_eq!(observed.code, 0, "{}", observed.stderr);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(plans(&stage, &[]).await, plans(&stage, &["--live", "live.json"]).await);
        if !applied {
            assert_eq!(stage.run(&["apply"]).await.code, 3);
        }
    }
    assert!(plans(&stage, &["--live", "live.json"]).await[0].1.contains("gateway 805"));
    // Whatever the service holds: nobody asks it. And without a configuration there is nothing to
    // ask with.
    let (calls, before) =
        (stage.sandbox.calls().len(), plans(&stage, &["--live", "live.json"]).await);
    assert_eq!(stage.sandbox.calls().len(), calls);
    let alone = crate::folder::folder();
    fs::copy(&file, alone.path().join("live.json")).unwrap();
    fs::create_dir(alone.path().join("manifests")).unwrap();
    fs::copy(stage.manifest(), alone.path().join("manifests/fleet.yaml")).unwrap();
    for arguments in [&["plan"][..], &["apply", "--dry-run"]] {
        let arguments = [arguments, &["--live", "live.json", "manifests"]].concat();
        let ended = stage.run_in(alone.path(), &arguments).await;
        // Only where a journal is, it is known what was sent.
        let told = ended.stdout.lines().filter(|line| !line.starts_with("note: the journal here"));
        let told = told.filter(|line| !line.ends_with("begins the journal"));
        let told = told.collect::<Vec<_>>().join("\n") + "\n";
        let told = told.replace("; what a run would do is not known without the journal", "");
        assert_ne!(told, ended.stdout);
        assert_eq!((ended.code, &told), (before[0].0, &before[0].1), "{}", ended.stderr);
        assert!(
            ended.stderr.starts_with("live state is taken from live.json, observed at 20"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_could_not_be_read_is_kept_as_such() {
    let stage = Stage::drifted().await;
    let rule = FaultRule::new(InjectedFault::Unavailable).on(Route::ListUsers);
    let rule =
        FaultRule { tenant: Some("00000000-0000-4000-8000-000000000001".to_owned()), ..rule };
    stage.sandbox.faults(|faults| faults.rules.push(rule));
    let observed = stage.run(&["observe", "--out", "live.json"]).await;
    assert_eq!(observed.code, 4, "{}", observed.stderr);
    assert!(observed.stderr.contains("contoso could not be read: "), "{}", observed.stderr);
    assert_eq!(plans(&stage, &[]).await, plans(&stage, &["--live", "live.json"]).await);
    stage.sandbox.faults(|faults| faults.rules[0].tenant = None);
    let before = fs::read(stage.path().join("live.json")).unwrap();
    let observed = stage.run(&["observe", "--out", "live.json"]).await;
    assert_eq!(
        (observed.code, fs::read(stage.path().join("live.json")).unwrap()),
        (1, before),
        "{}",
        observed.stderr
    );
    let one = stage.run(&["observe", "--tenant", "adatum"]).await;
    assert_eq!(one.code, 1);
}

/// Five customers of 60, with the differences that people have; two are read through Graph.
fn customers() -> String {
    let mut text = String::new();
    for (tenant, read) in
        ["", "", "confirm: graph", "live: graph", "live: graph"].into_iter().enumerate()
    {
        text += &format!(
            "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
                {{ name: t{tenant} }}\nspec:\n  tenantId: \
                00000000-0000-4000-8000-00000000000{tenant}\n  mode: enforce\n  prune: \
                never\n  {read}\n  numbers: {{ extensionPrefix: \"+1\" }}\n  defaults: \
                {{ sbcGatewayId: 805, useTeamsVoicemail: true }}\n---\napiVersion: \
                dialplane/v1\nkind: UserSet\nmetadata: \
                {{ name: all, tenant: t{tenant} }}\nspec:\n  users:\n"
        );
        for user in 0..60 {
            let calling = if user % 9 == 7 { "disabled" } else { "enabled" };
            let number = match user % 5 {
                0 => format!("\"{}\"", 2000 + user),
                1 if user % 3 == 0 => "none".to_owned(),
                _ => format!("\"+1425{tenant}55{user:04}\""),
            };
            text += &format!(
                "    - userPrincipalName: user{user}@t{tenant}.example\n      calling: \
                    {calling}\n      phoneNumber: {number}\n"
            );
            if user % 4 == 0 {
                text += &format!(
                    "      userTag: \"0{}\"\n      callPolicy: {{ name: 'O''Neil \"x\": no' }}\n",
                    user % 3
                );
            }
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_imported_and_nothing_is_left_to_do() {
    let stage = Stage::with(customers(), |desired| World::drifted(desired, 3)).await;
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let cases: [(&str, &[&str]); 3] = [
        ("service", &["--everybody"]),
        (
            "kept",
            &[
                "--live",
                "live.json",
                "--everybody",
                "--split-by",
                "userTag",
                "--users-per-file",
                "12",
            ],
        ),
        ("nowhere", &["--live", "live.json"]),
    ];
    for (folder, how) in cases {
        let imported = stage.run(&[&["import", "--out", folder], how].concat()).await;
        assert_eq!(imported.code, 0, "{}", imported.stderr);
        for live in [&[][..], &["--live", "live.json"]] {
            let plan = stage.run(&[&["plan", "--output", "json", folder], live].concat()).await;
            let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
            let tenants = plan["tenants"].as_array().unwrap();
            assert_eq!(tenants.len(), 5);
            assert!(
                tenants.iter().all(|tenant| tenant["steps"] == serde_json::json!([])),
                "{plan:#}"
            );
            assert!(
                tenants.iter().all(|tenant| tenant["problems"] == serde_json::json!([])),
                "{plan:#}"
            );
        }
        let check = stage.run(&["import", "--check", folder]).await;
        assert_eq!((check.code, check.stdout.as_str()), (0, ""), "{}", check.stderr);
        if folder != "nowhere" {
            // The sandbox hides one of them, and adds two strangers to each tenant.
            assert!(imported.stderr.contains("309 users in "), "{}", imported.stderr);
        }
    }
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_live_and_not_in_git_is_told() {
    let stage = Stage::drifted().await;
    let text = stage.run(&["import", "--check"]).await;
    assert_eq!(text.code, 2, "{}", text.stderr);
    snapshot!(format!("{}{}", text.stdout, text.stderr));
    let json = stage.run(&["import", "--check", "--output", "json", "--tenant", "contoso"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["version"], &json["kind"]), (&1.into(), &"ImportCheck".into()));
    assert_eq!(json["tenants"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_begins_from_nothing() {
    let stage = Stage::drifted().await;
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let tenant = "contoso=00000000-0000-4000-8000-000000000001,+1";
    let imported = stage.run(&["import", "--tenant-id", tenant, "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let files =
        ["tenant", "users", "users-other"].map(|file| format!("manifests/contoso/{file}.yaml\n"));
    assert_eq!(imported.stdout, files.concat());
    let plan = stage.run(&["plan"]).await;
    assert!(
        plan.code == 0 && plan.stdout.contains("plan: nothing to do"),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
    let users = fs::read_to_string(stage.path().join("manifests/contoso/users.yaml")).unwrap();
    assert!(
        stage
            .run(&["import", "--out", "manifests"])
            .await
            .stderr
            .contains("is not empty: it holds contoso")
    );
    assert_eq!(
        fs::read_to_string(stage.path().join("manifests/contoso/users.yaml")).unwrap(),
        users
    );
}

#[test]
fn what_people_get_wrong_with_kept_state() {
    let folder = crate::folder::folder();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("fleet.yaml", &fleet());
    put("newer.json", "{\"version\": 3, \"kind\": \"Snapshot\", \"clans\": []}");
    put("other.json", "{\"version\": 1, \"kind\": \"Plan\"}");
    put("cut.json", "{\n\"version\": 1,\n\"kind\": \"Snapshot\",\n\"tenants\": [\n");
    put("no-user.csv", "Name;PhoneNumber\nAdele;+14255550100\n");
    put("Contoso Ltd.csv", "TeamsUserID\n");
    put("empty.json", "{\"version\": 1, \"kind\": \"Snapshot\", \"tenants\": []}\n");
    fs::create_dir(folder.path().join("nothing")).unwrap();
    let cases: &[&[&str]] = &[
        &["plan", "fleet.yaml", "--live", "absent.json"],
        &["plan", "fleet.yaml", "--live", "nothing"],
        &["plan", "fleet.yaml", "--live", "newer.json"],
        &["plan", "fleet.yaml", "--live", "other.json"],
        &["plan", "fleet.yaml", "--live", "cut.json"],
        &["plan", "fleet.yaml", "--live", "no-user.csv"],
        &["plan", "fleet.yaml", "--live", "Contoso Ltd.csv"],
        &["plan", "fleet.yaml", "--live", "empty.json", "--tenant", "adatum"],
        &["apply", "fleet.yaml", "--live", "empty.json"],
        &["observe", "--sandbox", "fleet.yaml", "--out", "fleet.yaml"],
        &["observe", "--tenant-id", "contoso"],
        &["import", "--sandbox", "fleet.yaml"],
        &["import", "--sandbox", "fleet.yaml", "--out", "."],
        &["import", "--sandbox", "fleet.yaml", "--out", "new", "--split-by", "phoneNumber"],
    ];
    let mut told = String::new();
    for arguments in cases {
        let ended = Ended::from(dialplane(folder.path(), arguments).output().unwrap());
        assert_eq!(ended.code, 1, "{arguments:?}");
        told += &format!("$ dialplane {}\n{}{}\n", arguments.join(" "), ended.stdout, ended.stderr);
    }
    snapshot!(told);
}

#[test]
fn damage_is_told_at_its_place_all_at_once() {
    let text = r#"{
"version": 1,
"kind": "Snapshot",
"tenants": [
{"name":"Contoso","id":"87d349ed","observedAt":"yesterday","reader":"connecttoteams","live":{"consent":{"flag":true,"listed":1},"coverage":"whole","sees":["phone"],"users":[
  {"userPrincipalName":"adele","calling":"on","details":{"phoneNumber":14255550100,"sbcGatewayId":0,"useTeamsVoicemail":"yes","colour":"red"}},
  {"userPrincipalName":"alex@contoso.com","calling":{"unclear":"PENDING"},"detail":{}}]}}
]
}
"#;
    let told = |text: &str| {
        let problems = Snapshot::new("live.json").add_json("live.json", text).unwrap_err();
        problems
            .iter()
            .map(|problem| format!("{:?} {}\n", problem.position(), problem.message))
            .collect::<Vec<_>>()
            .concat()
    };
    snapshot!("wrong_values", told(text));
    let twice = r#"{"version": 1, "kind": "Snapshot", "tenants": [{"name":"contoso","id":"87d349ed-44d7-43e1-9a83-5f2406dee5bd",
"observedAt":"2026-07-04T08:15:30Z","reader":"connecttoteams","live":{"consent":{"flag":true,"listed":true},"coverage":"complete","sees":[],"users":[
{"userPrincipalName":"adele@contoso.com","calling":"enabled","details":{}},
{"userPrincipalName":"Adele@contoso.com","calling":"enabled","details":{}}]}}]}"#;
    snapshot!("a_user_twice", told(twice));
}

#[test]
fn a_list_of_the_portal_stands_in_the_place_of_live_state() {
    let folder = crate::folder::folder();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("fleet.yaml", &fleet());
    let rows: Vec<String> = (0..12)
        .map(|user| {
            format!(
                "user{user}@contoso.example;+14255551{user:03};{}\n",
                if user == 7 { "off" } else { "on" }
            )
        })
        .collect();
    fs::create_dir(folder.path().join("live")).unwrap();
    put("live/contoso.csv", &format!("TeamsUserID;PhoneNumber;State\n{}", rows.concat()));
    put(
        "dialplane.yaml",
        "live: { portal: { calling: { column: state, enabled: [\"on\"], disabled: [\"off\"] } } }\n",
    );
    let plan = |path: &str| {
        Ended::from(
            dialplane(
                folder.path(),
                &["plan", "fleet.yaml", "--tenant", "contoso", "--live", path],
            )
            .output()
            .unwrap(),
        )
    };
    let mut told = None;
    for path in ["live", "live/contoso.csv"] {
        let ended = plan(path);
        assert_eq!(told.get_or_insert_with(|| ended.stdout.clone()), &ended.stdout);
        assert!(
            ended.stdout.contains("update ") && !ended.stdout.contains("able "),
            "calling is as it should be"
        );
        assert!(
            ended
                .stderr
                .contains("lists of the portal do not show whether the customer consents: contoso")
        );
    }
}
