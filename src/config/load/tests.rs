//! Settings from text and variables, and the words for what is wrong with them.

use super::*;
use crate::config::SecretSource;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    parse("dialplane.yaml", text, variables).map_err(|error| {
        error
            .diagnostics
            .iter()
            .map(|d| format!("{} {:?} {}", d.file, d.position(), d.message))
            .collect()
    })
}

#[test]
fn the_environment_goes_over_the_file() {
    let settings = read(
        "execution: {usersPerTenant: 2}\n",
        &[("DIALPLANE_EXECUTION__USERS_PER_TENANT", "8"), ("DIALPLANE_PASSWORD", "x")],
    );
    assert_eq!(settings.unwrap().execution.users_per_tenant, 8);
    let settings =
        read("", &[("DIALPLANE_MANIFESTS", "[a, b]"), ("DIALPLANE_RUN__RESYNC", "5m")]).unwrap();
    assert_eq!((settings.manifests.len(), settings.run.resync.as_secs()), (2, 300));
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let text = "execution:\n  usersPerTenants: 2\nrun:\n  resync: \
        soon\nconnectToTeams:\n  clientId: a\n  clientSecret: {env: A}\n  username: \
        u\n  password: {env: B}\n  endpoints:\n    disable: \
        {method: POST, path: /provisioning/disableUsers}\n";
    let problems = read(text, &[("DIALPLANE_EXECUTION__TENANTS", "many")]).unwrap_err();
    insta::assert_snapshot!(problems.join("\n"), @r#"
    dialplane.yaml Some((2, 3)) unknown key `usersPerTenants`
    dialplane.yaml Some((4, 11)) `soon` is not a duration such as 30s, 10m or 4h: expected number at 0
    dialplane.yaml Some((11, 35)) path `/provisioning/disableUsers` does not say where {userPrincipalName} goes
    dialplane.yaml Some((11, 35)) path `/provisioning/disableUsers` names `disableUsers`, a call that dialplane never makes
    environment variable DIALPLANE_EXECUTION__TENANTS None `tenants` is the text "many": a whole number, 0 or more, is expected
    "#);
}

#[test]
fn a_text_that_can_be_read_in_two_ways_is_refused_in_a_file_and_in_a_variable() {
    let problems = read("stop: !!binary dHJ1ZQ==\n", &[]).unwrap_err();
    assert_eq!(
        problems,
        ["dialplane.yaml Some((1, 7)) two readers of YAML do not understand this in the same way"]
    );
    let problems = read("", &[("DIALPLANE_STOP_FILE", "/run/st\u{200b}op")]).unwrap_err();
    assert_eq!(
        problems,
        ["environment variable DIALPLANE_STOP_FILE None U+200B ZERO WIDTH SPACE cannot be seen"]
    );
}

/// The settings of a whole account, with `line` for the password.
fn account(line: &str) -> String {
    format!("connectToTeams:\n  clientId: a\n  clientSecret: {{env: A}}\n  username: u\n  {line}\n")
}

#[test]
fn a_secret_has_one_source() {
    let password = |line: &str| {
        read(&account(line), &[]).map(|settings| settings.connect_to_teams.unwrap().password)
    };
    assert_eq!(password("password: {env: B}"), Ok(SecretSource::Env("B".into())));
    assert_eq!(
        password("password: {file: /run/secrets/b}"),
        Ok(SecretSource::File("/run/secrets/b".into()))
    );
    assert_eq!(
        password("password: {command: [pass, b]}"),
        Ok(SecretSource::Command { words: vec!["pass".into(), "b".into()], variables: Vec::new() })
    );
    let lines = [
        "password: {env: B, file: b}",
        "password: {}",
        "password: {command: []}",
        "password: {command: pass}",
        "password: {env: }",
        "password: [b]",
        "password:",
        "passwort: {env: B}",
    ];
    let problems = lines.map(|line| password(line).unwrap_err().join("\n"));
    insta::assert_snapshot!(problems.join("\n"), @r#"
    dialplane.yaml Some((5, 13)) two sources for one secret
    dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
    dialplane.yaml Some((5, 13)) the command has no words
    dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
    dialplane.yaml Some((5, 23)) `command` is the text "pass": a list is expected
    dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
    dialplane.yaml Some((5, 17)) `env` has no value; `null` is not accepted
    dialplane.yaml Some((5, 3)) a secret is never written here itself
    dialplane.yaml Some((5, 11)) `password` has no value; `null` is not accepted
    dialplane.yaml Some((1, 1)) `password` is missing
    dialplane.yaml Some((5, 3)) unknown key `passwort`
    "#);
}

#[test]
fn a_secret_that_stands_inline_is_refused_and_never_repeated() {
    for line in [
        "password: hunter2",
        "password: \"hunter2\"",
        "password: {value: hunter2}",
        "password:\n    inline: hunter2",
        "password: |\n    hunter2",
        "password: 20252026",
        "password: [hunter2]",
        "password: !vault hunter2",
    ] {
        let error = parse("dialplane.yaml", &account(line), std::iter::empty()).unwrap_err();
        let [problem] = error.diagnostics.as_slice() else { panic!("{line}: {error:?}") };
        let told = anstream::adapter::strip_str(&yaml::render(problem)).to_string();
        assert!(!told.contains("hunter2") && !told.contains("20252026"), "{told}");
        assert_eq!(problem.position(), Some((5, 3)), "{told}");
        assert!(told.contains("secret") && told.contains("{env: NAME}"), "{told}");
    }
    let variable = ("DIALPLANE_CONNECT_TO_TEAMS__PASSWORD".to_owned(), "hunter2".to_owned());
    let error = parse("dialplane.yaml", &account("password: {env: B}"), std::iter::once(variable))
        .unwrap_err();
    let told = error.diagnostics.iter().map(yaml::render).collect::<String>();
    assert!(
        !told.contains("hunter2") && told.contains("DIALPLANE_CONNECT_TO_TEAMS__PASSWORD"),
        "{told}"
    );
}

#[test]
fn poor_settings_are_told_in_plain_words() {
    let cases = [
        "run: {resync: 30}",
        "run: {resync: \"30\"}",
        "run: {resync: 10 parsecs}",
        "run: {resync: }",
        "run: {poll: -5s}",
        "run: fast",
        "runs: {}",
        "favourite: 1",
        "run: {resync: 1ms, backoff: 1h}",
        "manifests: 1",
        "manifests: [1]",
        "execution: {usersPerTenant: 0, tenants: 65, readers: 0}",
        "execution: {usersPerTenant: -1}",
        "execution: {usersPerTenant: \"4\"}",
        "connectToTeams: {}",
        "connectToTeams: {clientId: 12, endpoints: {sync: {method: DELETE, path: /x}}}",
        "live: {portal: {fields: {phone: Number}, calling: {column: a, enabled: [b], disabled: [b]}}}",
        "- a",
        "a: [",
        "a: 1\n---\nb: 2",
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|text| {
            let error = parse("dialplane.yaml", text, std::iter::empty()).unwrap_err();
            let words = error.diagnostics.iter().map(|d| {
                let hint = d.hint.as_deref().map(|hint| format!(" | {hint}")).unwrap_or_default();
                format!("  {:?} {}{hint}\n", d.position(), d.message)
            });
            format!("{text}\n{}", words.collect::<String>())
        })
        .collect();
    insta::assert_snapshot!(told.join(""), @r#"
    run: {resync: 30}
      Some((1, 15)) a duration with its unit is expected, such as 30s, 10m or 4h
    run: {resync: "30"}
      Some((1, 15)) `30` is not a duration such as 30s, 10m or 4h: time unit needed, for example 30sec or 30ms
    run: {resync: 10 parsecs}
      Some((1, 15)) `10 parsecs` is not a duration such as 30s, 10m or 4h: unknown time unit "parsecs", supported units: ns, us/µs, ms, sec, min, hours, days, weeks, months, years (and few variations)
    run: {resync: }
      Some((1, 13)) a duration with its unit is expected, such as 30s, 10m or 4h
    run: {poll: -5s}
      Some((1, 13)) `-5s` is not a duration such as 30s, 10m or 4h: expected number at 0
    run: fast
      Some((1, 6)) `run` is the text "fast": a mapping of keys and values is expected
    runs: {}
      Some((1, 1)) unknown key `runs` | did you mean `run`?
    favourite: 1
      Some((1, 1)) unknown key `favourite` | known keys: `manifests`, `git`, `sources`, `connectToTeams`, `accounts`, `graph`, `state`, `execution`, `run`, `live`, `server`, `notices`, `stop`, `stopFile`
    run: {resync: 1ms, backoff: 1h}
      Some((1, 6)) `backoffCeiling` is 30m; 1h is the least
      Some((1, 15)) `resync` is 1ms; 10ms is the least
    manifests: 1
      Some((1, 12)) a path or a list of paths is expected
    manifests: [1]
      Some((1, 12)) a path or a list of paths is expected
    execution: {usersPerTenant: 0, tenants: 65, readers: 0}
      Some((1, 29)) `usersPerTenant` is 0; 1 to 64 are possible
      Some((1, 41)) `tenants` is 65; 1 to 64 are possible
      Some((1, 54)) `readers` is 0; 1 to 64 are possible
    execution: {usersPerTenant: -1}
      Some((1, 29)) `usersPerTenant` is the number -1: a whole number, 0 or more, is expected
    execution: {usersPerTenant: "4"}
      Some((1, 29)) `usersPerTenant` is the text "4": a whole number, 0 or more, is expected | write it without quotes: 4
    connectToTeams: {}
      Some((1, 1)) `clientId` is missing | add it
      Some((1, 1)) `clientSecret` is missing | add it
      Some((1, 1)) `password` is missing | add it
      Some((1, 1)) `username` is missing | add it
    connectToTeams: {clientId: 12, endpoints: {sync: {method: DELETE, path: /x}}}
      Some((1, 1)) `clientSecret` is missing | add it
      Some((1, 1)) `password` is missing | add it
      Some((1, 1)) `username` is missing | add it
      Some((1, 28)) `clientId` is the number 12: text is expected | put it in quotes: "12"
      Some((1, 59)) `method` cannot be `DELETE` | possible values: `GET`, `POST`, `PUT`
    live: {portal: {fields: {phone: Number}, calling: {column: a, enabled: [b], disabled: [b]}}}
      Some((1, 33)) `phone` is not a field; there are phoneNumber, sbcGatewayId, pbxLocation, pbxUserId, useTeamsVoicemail, useEnterpriseDialPlan, useAudioConferenceVRP, callPolicy.name, callPolicy.cnam, callPolicy.customCnam, callPolicy.callerId, callPolicy.forwardedCallsCallerId, userTag, pbxAuthUserId, linePort, codecs, deviceName, deviceType, macAddress, portalLoginName, provisioningUsername, sipAutoProvisioningEnabled, email, firstName, lastName, userType
      Some((1, 51)) a value means both enabled and disabled
    - a
      Some((1, 1)) this is a list: a mapping of keys and values is expected
    a: [
      Some((1, 5)) not valid YAML: did not find expected node content
    a: 1
    ---
    b: 2
      None one document is expected
    "#);
}

#[test]
fn an_empty_file_means_what_nothing_means() {
    let nothing = read("", &[]).unwrap();
    for text in ["# nothing\n", "---\n", "{}", "\u{feff}"] {
        assert_eq!(read(text, &[]).as_ref(), Ok(&nothing), "{text:?}");
    }
}
