//! `doctor` against sandboxes with one thing wrong each: it names exactly that, says what to do,
//! and writes nothing.

use std::fs;

use dialplane::{
    model::{GatewayId, TenantName, Upn},
    sandbox::{FaultRule, InjectedFault, Route, World},
};

use crate::snapshot::snapshot;
use crate::stage::{Ended, PROGRAM, Stage, child, fleet};

/// One thing wrong.
type Wrong = (&'static str, fn(&Stage));

fn contoso(stage: &Stage, change: impl FnOnce(&mut dialplane::sandbox::Tenant)) {
    stage
        .sandbox
        .world(|world| change(world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap()));
}

fn rule(stage: &Stage, failure: InjectedFault, route: Route) {
    stage.sandbox.faults(|faults| faults.rules.push(FaultRule::new(failure).on(route)));
}

/// Takes a key and all that is in it out of the configuration.
fn cut(stage: &Stage, head: &str, inside: &str) {
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let (before, rest) = config.split_once(head).unwrap();
    let rest: Vec<&str> =
        rest.split_inclusive('\n').skip_while(|line| line.starts_with(inside)).collect();
    fs::write(path, before.to_owned() + &rest.concat()).unwrap();
}

fn without_list(stage: &Stage) {
    fs::remove_file(stage.manifest()).unwrap();
    cut(stage, "  endpoints:\n", "    ");
}

const WRONGS: [Wrong; 29] = [
    ("client secret", |stage| stage.sandbox.faults(|faults| faults.wrong_credentials = true)),
    ("first login", |stage| stage.sandbox.faults(|faults| faults.password_never_changed = true)),
    ("clock", |stage| stage.sandbox.faults(|faults| faults.clock_ahead_seconds = -600)),
    ("nobody listens", |stage| stage.configure(&stage.sandbox.base_url(), "http://127.0.0.1:1")),
    ("no secret", |stage| {
        stage.configure(
            "password: { command: [printf, sandbox-secret] }",
            "password: { env: NOT_SET }",
        );
    }),
    ("no secret and nobody listens", |stage| {
        stage.configure(
            "password: { command: [printf, sandbox-secret] }",
            "password: { file: not/there }",
        );
        stage.configure(&stage.sandbox.base_url(), "http://127.0.0.1:1");
    }),
    ("a file with a secret that is missing", |stage| {
        stage.configure(
            "password: { command: [printf, sandbox-secret] }",
            "password: { file: not/there }",
        );
    }),
    ("no folder of manifests", |stage| fs::remove_dir_all(stage.path().join("manifests")).unwrap()),
    ("nobody can be read and no tenant is there", |stage| {
        without_list(stage);
        cut(stage, "graph:\n", "  ");
    }),
    ("a list from Graph alone", without_list),
    ("everything is stopped", |stage| stage.configure("run: {", "stop: true\nrun: {")),
    ("a web page for who am I", |stage| rule(stage, InjectedFault::Garbage, Route::WhoAmI)),
    ("another reseller", |stage| {
        stage.configure("  endpoints:", "  resellerId: 999\n  endpoints:");
    }),
    ("a web page for the enterprises", |stage| {
        rule(stage, InjectedFault::Garbage, Route::Enterprises);
    }),
    ("a web page for the gateways", |stage| rule(stage, InjectedFault::Garbage, Route::Gateways)),
    ("no such tenant", |stage| {
        stage.sandbox.world(|world| {
            let id = world.tenant(&TenantName::parse("contoso").unwrap()).unwrap().0.clone();
            world.tenants.remove(&id);
        });
    }),
    ("no consent", |stage| {
        contoso(stage, |tenant| (tenant.consent_flag, tenant.consent_listed) = (false, false));
    }),
    ("half a consent", |stage| contoso(stage, |tenant| tenant.consent_listed = false)),
    ("a web page for the users", |stage| {
        let only = FaultRule {
            tenant: Some("00000000-0000-4000-8000-000000000001".to_owned()),
            ..FaultRule::new(InjectedFault::Garbage)
        };
        stage.sandbox.faults(|faults| faults.rules.push(only.on(Route::ListUsers)));
    }),
    ("a short list", |stage| rule(stage, InjectedFault::ShortList, Route::ListUsers)),
    ("a hidden user", |stage| {
        contoso(stage, |tenant| {
            tenant.users.get_mut(&Upn::parse("user3@contoso.example").unwrap()).unwrap().hidden =
                true;
        });
    }),
    ("a misspelt pointer", |stage| {
        stage.configure("sbcGatewayId: /sbcGatewayId", "sbcGatewayId: /sbcGatewayID");
    }),
    ("a number that is not understood", |stage| {
        let odd = ("\"+14255551003\"".to_owned(), "\"(425) 555-1003\"".to_owned());
        stage.sandbox.faults(|faults| faults.respell.push(odd));
    }),
    ("values that are not understood", |stage| {
        let odd =
            ("\"useTeamsVoicemail\":true".to_owned(), "\"useTeamsVoicemail\":\"on\"".to_owned());
        stage.sandbox.faults(|faults| faults.respell.push(odd));
    }),
    ("a gateway of somebody else", |stage| {
        stage.sandbox.world(|world| world.gateways.remove(&GatewayId::new(805).unwrap()));
    }),
    ("a broken manifest", |stage| {
        fs::write(stage.manifest(), fleet().replacen("mode: enforce", "mode: on", 1)).unwrap();
    }),
    ("no manifest", |stage| fs::remove_file(stage.manifest()).unwrap()),
    ("a journal that is none", |stage| {
        fs::create_dir(stage.path().join(".dialplane")).unwrap();
        fs::write(stage.path().join(".dialplane/sandbox"), "not a folder").unwrap();
    }),
    ("a misspelt setting", |stage| stage.configure("  username:", "  userName:")),
];

async fn told(stage: &Stage) -> String {
    let ended = stage.run(&["doctor"]).await;
    let stdout = ended.stdout.replace(&stage.path().display().to_string(), "FOLDER");
    let lines: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("pass")).collect();
    assert_eq!(stage.writes(), [""; 0], "doctor has written");
    format!("exit code {}\n{}", ended.code, lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_set_up_passes_line_by_line() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let ended = stage.run(&["doctor"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    snapshot!(ended.stdout);
    assert!(!stage.path().join(".dialplane").exists(), "it leaves nothing behind");
    stage.sandbox.faults(|faults| faults.master_reseller = true);
    let ended = stage.run(&["doctor", "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = json["checks"].as_array().unwrap();
    let found = |check: &str| {
        checks.iter().find(|found| found["check"] == check).unwrap()["finding"].clone()
    };
    assert_eq!(
        (ended.code, found("reseller"), found("tenants")),
        (0, "123 (MASTER_RESELLER)".into(), "the service lists 3 tenants".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_named_and_nothing_else() {
    let mut all = String::new();
    for (name, make) in WRONGS {
        let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
        make(&stage);
        all += &format!("## {name}\n{}\n\n", told(&stage).await);
    }
    snapshot!(all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_consent_is_printed_and_leads_nowhere_else() {
    let stage = Stage::drifted().await;
    let id = "00000000-0000-4000-8000-000000000001";
    let link = format!(
        "https://login.sandbox.invalid/{id}/adminconsent?action=SANDBOX_PROVIDER_MANAGEMENT\n"
    );
    for tenant in ["contoso", id] {
        let asked = stage.run(&["doctor", "--consent-link", tenant]).await;
        assert_eq!((asked.code, &asked.stdout), (0, &link), "{}", asked.stderr);
        assert!(asked.stderr.contains("send this to a Global Admin"), "{}", asked.stderr);
    }
    // A link is kept nowhere: one that the service has replaced is not handed out again.
    stage.sandbox.faults(|faults| {
        faults.respell = vec![("adminconsent".to_owned(), "another".to_owned())];
    });
    let again = stage.run(&["doctor", "--consent-link", "contoso"]).await;
    assert_eq!(again.stdout, link.replace("adminconsent", "another"), "{}", again.stderr);
    stage.sandbox.faults(|faults| faults.respell.clear());
    let plan = stage.run(&["plan"]).await;
    assert!(
        plan.stdout.contains("`dialplane doctor --consent-link fabrikam` prints a link to send"),
        "{}",
        plan.stdout
    );
    for (theirs, why) in [
        ("http://login", "a link that does not begin with https://"),
        ("https://admin:x@login", "a link that names a user"),
        ("https://sandbox-secret.login", "a link that repeats our own credentials"),
        ("mailto:login", "a link that does not begin with https://"),
    ] {
        stage.sandbox.faults(|faults| {
            faults.respell = vec![("https://login".to_owned(), theirs.to_owned())];
        });
        let refused = stage.run(&["doctor", "--consent-link", "contoso"]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{theirs}");
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    stage.sandbox.faults(|faults| faults.respell.clear());
    let unknown = stage.run(&["doctor", "--consent-link", "northwind"]).await;
    assert!(unknown.code == 1 && unknown.stderr.contains("hint: "), "{}", unknown.stderr);
    // Without the row, its whole text becomes a comment.
    stage.configure("    consentLink:\n", "    #\n");
    stage.configure("      body: ", "    # ");
    stage.configure("      url: /url\n", "");
    let unset = stage.run(&["doctor", "--consent-link", "contoso"]).await;
    assert!(
        unset.code == 1 && unset.stderr.contains("connectToTeams.endpoints.consentLink"),
        "{}",
        unset.stderr
    );
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_manifests_name_and_settings_do_not_have_are_told_at_their_place() {
    let text = fleet().replacen("  mode: enforce\n", "  mode: enforce\n  writes: configureUser\n", 1).replacen(
        "      calling: enabled\n",
        "      calling: enabled\n      pbxLocation: \"7\"\n      pbxUserId: a\n      onboard: true\n      secretsFrom: pbx\n",
        1,
    );
    let text = text.replacen("defaults: {", "defaults: { pbxLocation: \"7\", pbxUserId: a,", 1);
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    let validate = stage.run(&["validate"]).await;
    assert_eq!(validate.code, 0, "{}{}", validate.stdout, validate.stderr);
    let told = "the settings have no secrets called `pbx`, with which 1 user would be set up";
    assert!(validate.stderr.contains(told), "{}{}", validate.stdout, validate.stderr);
    let line = stage.path().join("manifests/fleet.yaml");
    let line = fs::read_to_string(line).unwrap();
    let line = line.lines().position(|line| line.contains("secretsFrom")).unwrap() + 1;
    assert!(validate.stderr.contains(&format!("fleet.yaml:{line}:7")), "{}", validate.stderr);
    let doctor = stage.run(&["doctor"]).await;
    assert!(doctor.stdout.contains(told), "{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_names_and_nothing_else_is_no_place_for_a_journal() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    // As on a full disk: files can be made, and not a byte can be written.
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$0\" doctor";
    let mut command = child("sh", stage.path());
    command.args(["-c", full, PROGRAM]);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let ended = Ended::from(ended);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stdout.lines().find(|line| line.contains("  journal  ")).unwrap_or_default();
    assert!(line.starts_with("fail") && line.contains("cannot be written"), "{}", ended.stdout);
    let left = fs::read_dir(stage.path()).unwrap().filter_map(Result::ok);
    let is_left = |name: &std::ffi::OsStr| name.to_string_lossy().contains("doctor");
    assert_eq!(left.filter(|entry| is_left(&entry.file_name())).count(), 0);
}
