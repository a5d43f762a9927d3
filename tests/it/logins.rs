//! Credentials that are refused are tried once, and what secrets are read from is bounded and told.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use dialplane::sandbox::{FaultRule, InjectedFault, Route, World};

use crate::stage::{Stage, dialplane, fleet};

const SECRET: &str = "{ command: [printf, sandbox-secret] }";

/// A stage whose client secret and password come from elsewhere.
async fn with_secret(source: &str) -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure(
        &format!("clientSecret: {SECRET}\n  username"),
        &format!("clientSecret: {source}\n  username"),
    );
    stage.configure(&format!("  password: {SECRET}"), &format!("  password: {source}"));
    stage
}

fn asked(stage: &Stage, path: &str) -> usize {
    stage.sandbox.calls().iter().filter(|call| call.path.ends_with(path)).count()
}

fn graph_for_all(stage: &Stage) {
    let text = (0..3).fold(fleet(), |text, id| {
        let line = format!("  tenantId: 00000000-0000-4000-8000-00000000000{id}\n");
        text.replace(&line, &format!("{line}  live: graph\n"))
    });
    fs::write(stage.manifest(), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_the_only_one_of_its_pass() {
    let stage = with_secret("{ command: [printf, wrong] }").await;
    for command in [&["plan"][..], &["apply"], &["doctor"], &["observe"]] {
        let before = asked(&stage, "/oauth/token");
        let ended = stage.run(command).await;
        assert_eq!(asked(&stage, "/oauth/token") - before, 1, "{command:?}: {}", ended.stdout);
    }
    let plan = stage.run(&["plan"]).await;
    assert_eq!(
        plan.stdout.matches("the client id or the client secret is wrong").count(),
        1,
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.contains("[not-read], 3 times"), "{}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_before_it_tries_refused_credentials_again() {
    let stage = with_secret("{ file: secret }").await;
    stage.configure("backoff: 100ms", "backoff: 20s");
    fs::write(stage.path().join("secret"), "wrong").unwrap();
    let mut service = stage.start(&["run"]);
    // Each tenant has been looked at in vain.
    service
        .until("all are told", || {
            ["adatum", "contoso", "fabrikam"].iter().all(|name| stage.text("stdout").contains(name))
        })
        .await;
    assert_eq!(asked(&stage, "/oauth/token"), 1);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_secret_is_found_at_once() {
    let stage = with_secret("{ file: secret }").await;
    fs::write(stage.path().join("secret"), "wrong").unwrap();
    let mut service = stage.start(&["run"]);
    service.until("the refusal", || asked(&stage, "/oauth/token") > 0).await;
    fs::write(stage.path().join("secret"), "sandbox-secret\n").unwrap();
    service.until("all are read", || asked(&stage, "/sandbox/listUsers") >= 3).await;
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_had_is_asked_for_once() {
    let stage = with_secret("{ command: [sh, -c, \"echo >> asked; exit 3\"] }").await;
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.stdout.matches("it ended with exit status: 3").count(), 1, "{}", plan.stdout);
    assert!(plan.stdout.contains("[not-read], 3 times"), "{}", plan.stdout);
    assert_eq!(fs::read_to_string(stage.path().join("asked")).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_application_is_refused_for_all_tenants() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    graph_for_all(&stage);
    stage.configure(
        &format!("clientSecret: {SECRET}\n  baseUrl"),
        "clientSecret: { command: [printf, wrong] }\n  baseUrl",
    );
    let plan = stage.run(&["plan"]).await;
    assert_eq!(asked(&stage, "/oauth2/v2.0/token"), 1, "{}", plan.stdout);
    assert_eq!(plan.stdout.matches("held: log in to").count(), 1, "{}", plan.stdout);
    assert!(plan.stdout.contains("[not-read], 3 times"), "{}", plan.stdout);
    // What is a matter of each customer is asked of each.
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    graph_for_all(&stage);
    stage.sandbox.faults(|faults| faults.graph_not_let_in = true);
    stage.run(&["plan"]).await;
    assert_eq!(asked(&stage, "/oauth2/v2.0/token"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_every_token_is_not_asked_for_more() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    for route in
        [Route::Enterprise, Route::ListUsers, Route::WhoAmI, Route::Gateways, Route::Enterprises]
    {
        stage.sandbox.faults(|faults| {
            faults.rules.push(FaultRule::new(InjectedFault::Unauthorized).on(route));
        });
    }
    let plan = stage.run(&["plan"]).await;
    assert!(plan.stdout.contains("refused a fresh token"), "{}", plan.stdout);
    assert!(asked(&stage, "/oauth/token") <= 2, "{}", asked(&stage, "/oauth/token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_windows_adds_to_a_secret_is_no_part_of_it_and_what_nobody_sees_is_told() {
    let stage = with_secret("{ file: secret }").await;
    let secret = stage.path().join("secret");
    let put = |bytes: &[u8]| {
        fs::write(&secret, bytes).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    };
    put(b"\xef\xbb\xbfsandbox-secret\r\n");
    let plan = stage.run(&["plan"]).await;
    let said: Vec<&str> =
        plan.stderr.lines().filter(|line| !line.starts_with("account ")).collect();
    assert_eq!((plan.code, said), (3, Vec::new()), "{}", plan.stdout);

    put(b"sandbox-secret \n");
    let (plan, doctor) = (stage.run(&["plan"]).await, stage.run(&["doctor"]).await);
    let told = "ends in a blank, which counts as part of it";
    assert!(
        plan.stdout.contains(told) && doctor.stdout.contains(told),
        "{}{}",
        plan.stdout,
        doctor.stdout
    );
    assert!(
        doctor
            .stdout
            .contains("warn  connectToTeams  secret         `connectToTeams.password`: file "),
        "{}",
        doctor.stdout
    );

    for (bytes, words) in [
        (&b"sandbox-secret\n\n"[..], "it ends in more than one line break"),
        (b"sandbox\nsecret\n", "it has more than one line"),
        (b"\xff\xfes\0a\0", "it is UTF-16"),
        (b"\n", "it is empty"),
    ] {
        put(bytes);
        let (plan, doctor) = (stage.run(&["plan"]).await, stage.run(&["doctor"]).await);
        assert!(
            plan.stdout.contains(words) && doctor.stdout.contains(words),
            "{words}: {}{}",
            plan.stdout,
            doctor.stdout
        );
    }

    put(b"sandbox-secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let told = "lets every user of this machine read it";
    // In a folder of the owner alone nobody else comes to it.
    fs::set_permissions(stage.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let ended = stage.run(&["doctor"]).await;
    assert!(!ended.stdout.contains(told) && !ended.stderr.contains(told), "{}", ended.stdout);
    fs::set_permissions(stage.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for command in ["plan", "apply", "doctor"] {
        let ended = stage.run(&[command]).await;
        assert!(ended.stderr.contains(told), "{command}: {}", ended.stderr);
    }
    assert!(stage.run(&["doctor"]).await.stdout.contains(told));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_never_ends_holds_nothing_up() {
    let stage = with_secret("{ file: secret }").await;
    let secret = stage.path().join("secret");
    assert!(Command::new("mkfifo").arg(&secret).status().unwrap().success());
    let pipe = stage.run(&["plan"]).await;
    assert!(
        pipe.stdout.contains("it is a pipe, and only a regular file is read"),
        "{}",
        pipe.stdout
    );
    fs::remove_file(&secret).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &secret).unwrap();
    let device = stage.run(&["plan"]).await;
    assert!(device.stdout.contains("it is a device"), "{}", device.stdout);
    // A command without end is ended with the program.
    stage.configure("{ file: secret }", "{ command: [sh, -c, \"echo $$ > pid; sleep 600\"] }");
    let mut plan = stage.start(&["plan"]);
    let pid = || fs::read_to_string(stage.path().join("pid")).unwrap_or_default();
    plan.until("the command runs", || pid().ends_with('\n')).await;
    assert_eq!(plan.stop().await, Some(1));
    let gone = || {
        fs::read_to_string(format!("/proc/{}/stat", pid().trim()))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    for _ in 0..1000 {
        if !gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the command lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_set_and_empty_is_as_good_as_none() {
    let stage = with_secret("{ env: CS }").await;
    let run = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = dialplane(stage.path(), arguments);
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let all = [
        ("CS", "sandbox-secret"),
        ("DIALPLANE_CONFIG", " "),
        ("DIALPLANE_MANIFESTS", ""),
        ("DIALPLANE_STOP", ""),
        ("DIALPLANE_STOP_FILE", ""),
        ("DIALPLANE_EXECUTION__TENANTS", " "),
        ("DIALPLANE_CONNECT_TO_TEAMS__BASE_URL", ""),
        ("DIALPLANE_LOG", ""),
        ("HTTPS_PROXY", ""),
        ("NO_COLOR", ""),
        ("SSL_CERT_FILE", ""),
    ];
    let (code, text) = run(&["plan"], &all).await;
    assert!(code == 3 && text.contains("no difference is seen"), "{text}");
    let (code, text) = run(&["plan", "--config", "dialplane.yaml"], &all).await;
    assert!(code == 3 && text.contains("no difference is seen"), "{text}");
    let (code, text) = run(&["plan"], &[("CS", "")]).await;
    assert!(code == 1 && text.contains("the variable is empty, which counts as not set"), "{text}");
    fs::rename(stage.path().join("dialplane.yaml"), stage.path().join("other.yaml")).unwrap();
    let (code, text) =
        run(&["plan"], &[("CS", "sandbox-secret"), ("DIALPLANE_CONFIG", "other.yaml")]).await;
    assert!(code == 3 && text.contains("no difference is seen"), "{text}");
}
