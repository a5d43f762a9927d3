//! Who acts at the service: several accounts, tenants with a token of their own, new credentials,
//! secrets that change.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use dialplane::{
    model::{Calling, GatewayId, TenantId, TenantName},
    sandbox::{FaultRule, InjectedFault, Route, World, msal_object},
};
use jiff::Timestamp;

use crate::stage::{Stage, fleet};

const CONTOSO: &str = "00000000-0000-4000-8000-000000000001";

/// A fleet in which somebody is to be disabled in each tenant, and contoso's customer has not
/// consented.
async fn without_consent() -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| {
        let tenant = world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap();
        (tenant.consent_flag, tenant.consent_listed) = (false, false);
    });
    fs::write(
        stage.manifest(),
        fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    stage
}

/// Lets contoso be written with a token of its own.
fn delegate(stage: &Stage, life: Duration) {
    let id = TenantId::parse(CONTOSO).unwrap();
    put(stage, "contoso.json", &stage.sandbox.enterprise_credentials(&id));
    put_token(stage, CONTOSO, life);
    let files = "{ credentials: { file: contoso.json }, msal: { file: msal.json } }";
    stage
        .configure("  endpoints:", &format!("  enterprises: {{ contoso: {files} }}\n  endpoints:"));
}

fn put_token(stage: &Stage, tenant: &str, life: Duration) {
    let set = msal_object(&TenantId::parse(tenant).unwrap(), Timestamp::now() + life);
    put(stage, "msal.json", &set);
}

/// Writes a secret for its owner alone.
fn put(stage: &Stage, name: &str, text: &str) {
    let file = stage.path().join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn writes_to_contoso(stage: &Stage) -> usize {
    stage
        .sandbox
        .writes()
        .iter()
        .filter(|call| call.tenant.as_deref() == Some(CONTOSO) && call.status == Some(200))
        .count()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_a_token_of_its_own_needs_no_consent() {
    let stage = without_consent().await;
    let held = stage.run(&["plan"]).await;
    assert!(held.stdout.contains("has not allowed the provider"), "{}", held.stdout);
    delegate(&stage, 50 * MINUTE);
    let done = stage.run(&["apply"]).await;
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert_eq!(writes_to_contoso(&stage), 12, "11 updates and a sync: {:?}", stage.writes());
    let again = stage.run(&["plan"]).await;
    assert_eq!(again.code, 0, "{}", again.stdout);
    let doctor = stage.run(&["doctor"]).await;
    let contoso: Vec<&str> =
        doctor.stdout.lines().filter(|line| line.contains("contoso  ")).collect();
    assert_eq!(doctor.code, 0, "{}", doctor.stdout);
    insta::assert_snapshot!(contoso.join("\n"), @r"
    pass  contoso         own token      the enterprise's credentials are accepted
    pass  contoso         consent        not needed: the Microsoft token can be used
    pass  contoso         users          14 users, 13 with calling
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microsoft_token_that_cannot_serve_holds_its_tenant_and_no_other() {
    let stage = without_consent().await;
    delegate(&stage, MINUTE);
    let soon = stage.run(&["apply"]).await;
    assert_eq!(soon.code, 3, "{}{}", soon.stdout, soon.stderr);
    assert!(soon.stdout.contains("the Microsoft token of contoso ends at"), "{}", soon.stdout);
    assert_eq!(writes_to_contoso(&stage), 0);
    put_token(&stage, "00000000-0000-4000-8000-000000000002", 50 * MINUTE);
    let foreign = stage.run(&["plan"]).await;
    assert!(
        foreign
            .stdout
            .contains("cannot be read: it is of tenant 00000000-0000-4000-8000-000000000002"),
        "{}",
        foreign.stdout
    );
    // The service renews what still lives, if the table says how.
    put_token(&stage, CONTOSO, MINUTE);
    stage.configure(
        "    listUsers:",
        "    refreshMsal: { method: POST, path: /sandbox/refreshMsal, body: flat }\n    listUsers:",
    );
    let renewed = stage.run(&["apply"]).await;
    assert_eq!(
        (renewed.code, writes_to_contoso(&stage)),
        (0, 12),
        "{}{}",
        renewed.stdout,
        renewed.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_are_made_only_when_it_is_meant() {
    let stage = without_consent().await;
    delegate(&stage, 50 * MINUTE);
    let asked =
        |stage: &Stage| stage.writes().iter().filter(|path| path.contains("regenerate")).count();
    let run = async |arguments: &[&str]| {
        let all: Vec<&str> =
            ["credentials", "regenerate", "contoso"].iter().chain(arguments).copied().collect();
        stage.run(&all).await
    };
    let silent = run(&["--into", "new.json"]).await;
    insta::assert_snapshot!(silent.stderr, @r"
    error: cannot ask for confirmation: stdin is not a terminal
      hint: if it is meant, say so with `--confirm contoso`
    ");
    let other = run(&["--into", "new.json", "--confirm", "fabrikam"]).await;
    assert_eq!(
        (other.code, other.stderr.as_str()),
        (1, "error: `fabrikam` is not `contoso`: nothing was done\n")
    );
    let over = run(&["--into", "contoso.json", "--confirm", "contoso"]).await;
    assert!(
        over.code == 1 && over.stderr.contains("contoso.json cannot be created"),
        "{}",
        over.stderr
    );
    assert_eq!((asked(&stage), stage.path().join("new.json").exists()), (0, false));

    let made = run(&["--into", "new.json", "--confirm", "contoso"]).await;
    assert_eq!((made.code, asked(&stage)), (0, 1), "{}", made.stderr);
    assert!(
        !made.stdout.contains("enterprise-") && !made.stderr.contains("enterprise-"),
        "{}{}",
        made.stdout,
        made.stderr
    );
    let file = stage.path().join("new.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let former = stage.run(&["apply"]).await;
    assert!(
        former.code == 4 && former.stdout.contains("put the newest there"),
        "{}{}",
        former.stdout,
        former.stderr
    );
    fs::rename(file, stage.path().join("contoso.json")).unwrap();
    assert_eq!(stage.run(&["apply"]).await.code, 0);

    stage.sandbox.world(|world| world.tenants.remove(&TenantId::parse(CONTOSO).unwrap()));
    let refused = run(&["--into", "new.json", "--confirm", "contoso"]).await;
    assert!(
        refused.code == 1 && refused.stderr.contains("must be registered"),
        "{}",
        refused.stderr
    );
    assert!(!stage.path().join("new.json").exists(), "an empty file is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_credentials_is_not_said_to_be() {
    let stage = without_consent().await;
    let asked = || {
        stage
            .sandbox
            .calls()
            .iter()
            .filter(|call| call.path.ends_with("regenerateAPICredentials"))
            .count()
    };
    let arguments =
        ["credentials", "regenerate", "contoso", "--into", "new.json", "--confirm", "contoso"];
    let (new, answer) = (stage.path().join("new.json"), stage.path().join("new.json.answer"));
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Garbage).on(Route::Regenerate));
    });
    let page = stage.run(&arguments).await;
    assert_eq!((page.code, page.stdout.as_str(), asked()), (4, "", 1), "{}", page.stderr);
    insta::assert_snapshot!(page.stderr, @r"
    error: what the service answered is not the credentials of contoso: it is a web page instead of JSON
      hint: the answer is in new.json.answer, for its owner only; whether the former credentials have ended is not known: try them, and if they are refused, run this again with another file
    ");
    assert!(!new.exists() && fs::read_to_string(&answer).unwrap().contains("sign in"));
    assert_eq!(fs::metadata(&answer).unwrap().permissions().mode() & 0o777, 0o600);

    // The stop switch is for what ends the credentials of others as well.
    stage.sandbox.faults(|faults| faults.rules.clear());
    fs::create_dir_all(stage.path().join(".dialplane/sandbox")).unwrap();
    fs::write(stage.path().join(".dialplane/sandbox/stop"), "").unwrap();
    let stopped = stage.run(&arguments).await;
    assert!(
        stopped.code == 1 && stopped.stderr.contains("everything is stopped: the stop file"),
        "{}",
        stopped.stderr
    );
    fs::remove_file(stage.path().join(".dialplane/sandbox/stop")).unwrap();
    stage.configure("execution:", "stop: true\nexecution:");
    let stopped = stage.run(&arguments).await;
    assert!(stopped.code == 1 && stopped.stderr.contains("`stop` is true"), "{}", stopped.stderr);
    assert_eq!((asked(), new.exists()), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_set_is_renewed_to_write_and_not_to_look() {
    let stage = without_consent().await;
    delegate(&stage, MINUTE);
    stage.configure(
        "    listUsers:",
        "    refreshMsal: { method: POST, path: /sandbox/refreshMsal, body: flat }\n    listUsers:",
    );
    let renewals =
        || stage.sandbox.calls().iter().filter(|call| call.path == "/sandbox/refreshMsal").count();
    // One that has ended as well: its refresh token lives longer.
    let ended = (Timestamp::now() - MINUTE, "ended at");
    for (end, words) in [(Timestamp::now() + MINUTE, "ends at"), ended] {
        fs::write(
            stage.path().join("msal.json"),
            msal_object(&TenantId::parse(CONTOSO).unwrap(), end),
        )
        .unwrap();
        let plan = stage.run(&["plan"]).await;
        assert!(!plan.stdout.contains("held"), "{}", plan.stdout);
        let doctor = stage.run(&["doctor"]).await;
        assert!(
            doctor.stdout.contains(&format!("there is a Microsoft token; it {words}")),
            "{}",
            doctor.stdout
        );
        assert_eq!(renewals(), 0);
    }
    let done = stage.run(&["apply"]).await;
    assert_eq!(
        (done.code, renewals(), writes_to_contoso(&stage)),
        (0, 1, 12),
        "{}{}",
        done.stdout,
        done.stderr
    );

    // Where it cannot be renewed after all, nothing is written and it is said why.
    let stage = without_consent().await;
    delegate(&stage, MINUTE);
    stage.configure(
        "    listUsers:",
        "    refreshMsal: { path: /sandbox/refreshMsal }\n    listUsers:",
    );
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Forbidden).on(Route::RefreshMsal));
    });
    let failed = stage.run(&["apply"]).await;
    assert_eq!((failed.code, writes_to_contoso(&stage)), (4, 0), "{}", failed.stdout);
    assert!(failed.stdout.contains("the Microsoft token of contoso ends at"), "{}", failed.stdout);
    assert!(failed.stdout.contains("renew the Microsoft token of contoso"), "{}", failed.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_set_that_does_not_say_when_it_ends_is_not_used() {
    let stage = without_consent().await;
    delegate(&stage, 50 * MINUTE);
    let whole = fs::read_to_string(stage.path().join("msal.json")).unwrap();
    let changed = |change: &str, after: &str| {
        whole.replace(&format!("\"{change}\":"), &format!("\"{after}\":"))
    };
    fs::write(
        stage.path().join("msal.json"),
        changed("expiresOn", "x").replace("expiresOnDate", "y"),
    )
    .unwrap();
    let plan = stage.run(&["plan"]).await;
    assert!(plan.stdout.contains("it does not say when it ends"), "{}", plan.stdout);
    fs::write(stage.path().join("msal.json"), changed("expiresOn", "x")).unwrap();
    let plan = stage.run(&["plan"]).await;
    assert!(!plan.stdout.contains("held"), "its date says it: {}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_is_read_through_its_account() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let config = fs::read_to_string(stage.path().join("dialplane.yaml")).unwrap();
    let (before, rest) = config.split_once("connectToTeams:\n").unwrap();
    let account: String = rest
        .lines()
        .take_while(|line| line.starts_with(' '))
        .fold(String::new(), |all, line| all + "  " + line + "\n");
    let after: String = rest
        .lines()
        .skip_while(|line| line.starts_with(' '))
        .fold(String::new(), |all, line| all + line + "\n");
    let away = account.replace(&stage.sandbox.base_url(), "http://127.0.0.1:1");
    fs::write(
        stage.path().join("dialplane.yaml"),
        format!("{before}accounts:\n  east:\n{account}  west:\n{away}{after}"),
    )
    .unwrap();
    let mut text = fleet();
    for (id, name) in [(0, "east"), (1, "west")] {
        let line = format!("  tenantId: 00000000-0000-4000-8000-00000000000{id}\n");
        text = text.replace(&line, &format!("{line}  account: {name}\n"));
    }
    fs::write(stage.manifest(), text).unwrap();
    let doctor = stage.run(&["doctor"]).await;
    let failed: Vec<&str> = doctor.stdout.lines().filter(|line| line.starts_with("fail")).collect();
    assert!(
        failed[0].contains("accounts.west")
            && failed[1].contains("names no account")
            && failed.len() == 2,
        "{failed:?}"
    );
    assert!(
        doctor.stdout.contains("pass  adatum"),
        "the tenants of a sound account are looked at: {}",
        doctor.stdout
    );
    let ended = stage.run(&["plan"]).await;
    assert_eq!(ended.code, 1);
    insta::assert_snapshot!(ended.stdout, @r"
    contoso  enforce  00000000-0000-4000-8000-000000000001
      held: log in to 127.0.0.1:1 as sandbox-admin: no connection to 127.0.0.1:1: connection refused [not-read]
      hint: check `accounts.west.baseUrl`, name resolution, the firewall and root certificates; behind a proxy set HTTPS_PROXY

    fabrikam  enforce  00000000-0000-4000-8000-000000000002
      held: tenant fabrikam names no account, and there are several [not-read]
      hint: say which one under `spec.account`; there are: east, west

    1 tenant as the manifests want it
    note: the journal here has never looked at 1 tenant (adatum): what was sent lately is not known, and a run with the right journal may take other steps (values that still settle, limits per hour, lost answers, syncs that are owed)
      hint: plan where the service runs; if nothing was ever sent, the first `dialplane apply` begins the journal
    plan: no difference in what could be read; not read: 2 tenants
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_the_account_does_not_have_is_told() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| world.gateways.remove(&GatewayId::new(805).unwrap()));
    let ended = stage.run(&["plan", "--tenant", "contoso"]).await;
    assert_eq!(ended.code, 3, "the journal knows nothing yet");
    insta::assert_snapshot!(ended.stdout, @r"
    note: contoso: gateway 805 is not available to this reseller, and 11 users are to use it; available: 806, 807 [gateway-not-available]
    1 tenant as the manifests want it
    note: the journal here has never looked at 1 tenant (contoso): what was sent lately is not known, and a run with the right journal may take other steps (values that still settle, limits per hour, lost answers, syncs that are owed)
      hint: plan where the service runs; if nothing was ever sent, the first `dialplane apply` begins the journal
    plan: no difference is seen; what a run would do is not known without the journal
    left out by --tenant: 2 tenants (nothing to do there)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_changes_is_found_without_a_restart() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    fs::write(stage.path().join("secret"), "sandbox-secret\n").unwrap();
    stage.configure("{ command: [printf, sandbox-secret] }", "{ file: secret }");
    let mut service = stage.start(&["run"]);
    let reads =
        || stage.sandbox.calls().iter().filter(|call| call.path == "/sandbox/listUsers").count();
    service.until("the first look", || reads() >= 3).await;
    fs::write(stage.path().join("secret"), "another-secret\n").unwrap();
    stage.sandbox.change_secret("another-secret");
    fs::write(stage.manifest(), fleet().replacen("calling: enabled", "calling: disabled", 1))
        .unwrap();
    service
        .until("the edit", || stage.calling("adatum", "user0@adatum.example") == Calling::Disabled)
        .await;
    assert!(
        stage.sandbox.calls().iter().any(|call| call.status == Some(401)),
        "the former token was refused"
    );
    assert_eq!(service.stop().await, Some(0));
}
