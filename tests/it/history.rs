//! Looking back with the real binary: `history`, `why`, `journal`.

use std::fs;

use dialplane::sandbox::{FaultRule, InjectedFault, Route};
use serde_json::Value;

use crate::snapshot::snapshot;
use crate::stage::{Stage, git};

/// A stage with a commit, on which an apply was carried out, step by step, that lost one answer.
async fn after_an_apply() -> (Stage, String) {
    let stage = Stage::drifted().await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    git(stage.path(), ("Ada", "ada@example.com"), &["init", "-q"]);
    git(stage.path(), ("Ada", "ada@example.com"), &["add", "manifests"]);
    git(stage.path(), ("Ada", "ada@example.com"), &["commit", "-qm", "the fleet"]);
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Lost).on(Route::Disable).times(1));
    });
    let ended = stage.run(&["apply"]).await;
    let lost = ended
        .stdout
        .split("answer lost ")
        .nth(1)
        .unwrap_or_else(|| panic!("an answer was lost: {}{}", ended.stdout, ended.stderr));
    let user = lost
        .split_whitespace()
        .find(|word| word.contains('@'))
        .unwrap()
        .trim_end_matches(':')
        .to_owned();
    (stage, user)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_can_be_read_afterwards() {
    let (stage, user) = after_an_apply().await;
    let list: Value =
        serde_json::from_str(&stage.run(&["history", "--output", "json"]).await.stdout).unwrap();
    let runs = list["runs"].as_array().unwrap();
    assert!(runs.len() >= 2 && runs[0]["began"].as_str() >= runs[1]["began"].as_str(), "{list}");
    let commit = runs[0]["revision"]["commit"].as_str().unwrap();
    assert_eq!((commit.len(), &runs[0]["revision"]["edited"]), (40, &Value::Bool(false)));
    let of_user = |run: &&Value| {
        run["steps"].as_array().unwrap().iter().any(|step| step["user"] == user.as_str())
    };
    let run = runs.iter().find(of_user).unwrap();
    assert_eq!(list["runs"][0]["plan"], Value::Null, "a list has no plans");
    let tenant = run["tenant"].as_str().unwrap();
    let only: Value = serde_json::from_str(
        &stage
            .run(&["history", "--tenant", tenant, "--limit", "1", "--output", "json"])
            .await
            .stdout,
    )
    .unwrap();
    assert_eq!(only["runs"].as_array().unwrap().len(), 1);
    assert_eq!(only["runs"][0]["tenant"], tenant);

    let mut told = String::new();
    for arguments in [
        &["history"][..],
        &["history", run["run"].as_str().unwrap()],
        &["why", &user],
        &["journal", "check"],
    ] {
        let ended = stage.run(arguments).await;
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
        told += &format!("$ dialplane {}\n{}{}\n", arguments.join(" "), ended.stdout, ended.stderr);
    }
    snapshot!(told);
    let whole: Value = serde_json::from_str(
        &stage.run(&["history", run["run"].as_str().unwrap(), "--output", "json"]).await.stdout,
    )
    .unwrap();
    assert!(whole["run"]["plan"].as_str().unwrap().contains(&user), "{whole}");
    let why: Value =
        serde_json::from_str(&stage.run(&["why", &user, "--output", "json"]).await.stdout).unwrap();
    assert_eq!(why["users"][0]["sent"][0]["outcome"], "unknown", "{why}");
    assert!(
        why["users"][0]["wanted"]["origin"].as_str().unwrap().starts_with("manifests/fleet.yaml:"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_back_hears_what_is_not_there() {
    let stage = Stage::drifted().await;
    let mut told = String::new();
    for arguments in [
        &["history"][..],
        &["history", "r1"],
        &["why", "nobody@contoso.example"],
        &["why", "user7@contoso.example"],
        &["journal", "check"],
    ] {
        let ended = stage.run(arguments).await;
        told += &format!(
            "$ dialplane {} (exit code {})\n{}{}\n",
            arguments.join(" "),
            ended.code,
            ended.stdout,
            ended.stderr
        );
    }
    assert!(!stage.path().join(".dialplane").exists(), "a look makes nothing");
    snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_told_and_saved_as_far_as_it_goes() {
    let (stage, user) = after_an_apply().await;
    let state = stage.path().join(".dialplane/sandbox");
    let whole = stage.run(&["journal", "export"]).await;
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    // What the last plan said is kept beside the journal, not in it.
    let kept_in_it = |told: &str| {
        told.lines().filter(|line| !line.starts_with("  planned")).collect::<Vec<_>>().join("\n")
    };
    let before = kept_in_it(&stage.run(&["why", &user]).await.stdout);
    // Somebody changes what was done.
    let change = "UPDATE entries SET line = replace(line, '\"outcome\":\"accepted\"', \
        '\"outcome\":\"failed\"') WHERE sequence = (SELECT max(sequence) FROM entries WHERE line \
        LIKE '%\"outcome\":\"accepted\"%')";
    rusqlite::Connection::open(state.join("journal.db")).unwrap().execute_batch(change).unwrap();
    for arguments in [&["journal", "check"][..], &["plan"], &["apply"], &["why", &user]] {
        let ended = stage.run(arguments).await;
        assert_eq!(ended.code, 1, "{arguments:?}");
        assert!(
            ended.stderr.contains("damaged: entry ") && ended.stderr.contains("journal export"),
            "{}",
            ended.stderr
        );
    }
    // What was saved makes the same journal again.
    fs::remove_dir_all(&state).unwrap();
    fs::create_dir(&state).unwrap();
    fs::write(state.join("journal.jsonl"), &whole.stdout).unwrap();
    assert_eq!(kept_in_it(&stage.run(&["why", &user]).await.stdout), before);
    let apply = stage.run(&["apply"]).await;
    assert!(matches!(apply.code, 0 | 3 | 4), "{}", apply.stderr);
    assert!(
        state.join("journal.jsonl.taken-over").exists()
            && stage.run(&["journal", "check"]).await.code == 0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_knows_an_unknown_tenant_from_one_that_nothing_was_written_of() {
    let stage = Stage::drifted().await;
    for journal in [false, true] {
        if journal {
            assert_eq!(stage.run(&["apply"]).await.code, 3);
        }
        let wrong = stage.run(&["history", "--tenant", "contosso"]).await;
        assert_eq!(wrong.code, 1, "{}", wrong.stdout);
        assert!(
            wrong
                .stderr
                .contains("hint: did you mean `contoso`? there are adatum, contoso, fabrikam"),
            "{}",
            wrong.stderr
        );
        let nothing = stage.run(&["history", "--tenant", "fabrikam"]).await;
        assert!(
            nothing.code == 0
                && nothing.stderr.contains("no run of such a tenant has written anything yet"),
            "{}",
            nothing.stderr
        );
        assert_eq!(stage.run(&["history", "--limit", "0"]).await.code, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_in_json_have_their_own_types() {
    let stage = Stage::set(|desired| dialplane::sandbox::World::from_desired(desired, 1)).await;
    let text = crate::stage::fleet().replacen(
        "phoneNumber: \"+14255551001\"",
        "phoneNumber: \"+14255551001\"\n      sbcGatewayId: 806\n      useTeamsVoicemail: \
            false\n      callPolicy: { name: '\"quoted\"' }",
        1,
    );
    fs::write(stage.manifest(), text).unwrap();
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let list: Value =
        serde_json::from_str(&stage.run(&["history", "--output", "json"]).await.stdout).unwrap();
    let details = &list["runs"][0]["steps"][0]["details"];
    let expected = [
        ("sbcGatewayId", serde_json::json!(806)),
        ("useTeamsVoicemail", serde_json::json!(false)),
        ("callPolicy.name", serde_json::json!("\"quoted\"")),
        ("phoneNumber", serde_json::json!("+14255551001")),
    ];
    for (field, value) in expected {
        assert_eq!(details[field], value, "{field} of {details}");
    }
}
