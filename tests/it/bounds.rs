//! What is read is bounded: errors, values, bytes and time; and whoever is asked to stop stops,
//! whatever it does.

use std::{
    fmt::Write as _, fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration,
};

use dialplane::{
    manifest::{ManifestFile, load},
    yaml::render,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    snapshot::snapshot,
    stage::{Stage, dialplane},
};

const HEAD: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: contoso }\nspec: \
    { tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd, mode: enforce, prune: never }\n---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: NAME, tenant: contoso }\nspec:\n  users:\n";

fn users(set: &str, count: usize, line: &str) -> String {
    let mut text = HEAD.replace("NAME", set);
    for number in 0..count {
        let _ = writeln!(text, "    - {}", line.replace('@', &format!("u{number}@contoso.com")));
    }
    text
}

#[test]
fn a_template_that_forgets_a_key_makes_a_thousand_errors_and_not_more() {
    for line in [
        "{ userPrincipalName: @ }",
        "{ u: 1 }",
        "[]",
        "@",
        "{ userPrincipalName: @, calling: enabled, phoneNumber: 1234567 }",
    ] {
        let loaded = load(&[ManifestFile::new("all.yaml", &users("all", 4_000, line))]);
        assert!(
            (1000..1100).contains(&loaded.diagnostics.len()),
            "{line}: {}",
            loaded.diagnostics.len()
        );
        assert!(
            loaded.diagnostics[0].message.contains("only the first are shown"),
            "{}",
            loaded.diagnostics[0].message
        );
        assert_eq!(loaded.broken.len(), 1, "{line}");
        assert!(loaded.desired.tenants.is_empty() && loaded.unclear.is_empty(), "{line}");
    }
}

#[test]
fn mistakes_in_bulk_are_counted_and_few_of_them_are_told() {
    let count = 12_000;
    let mut text = HEAD.replace("NAME", "all");
    for user in 0..count {
        let number = user / 2;
        let _ = writeln!(
            text,
            "    - {{ userPrincipalName: u{user}@contoso.com, calling: enabled, \
                phoneNumber: \"+4930{number:07}\" }}"
        );
    }
    let loaded = load(&[ManifestFile::new("all.yaml", &text)]);
    assert_eq!(loaded.diagnostics.len(), 5001);
    assert_eq!(
        loaded.diagnostics[0].message,
        "not shown: 1000 more errors of users and their numbers, in this file or in others"
    );
    assert_eq!((loaded.broken.len(), loaded.unclear.len()), (1, 0));
}

#[test]
fn keys_that_stand_twice_in_bulk_are_told_within_bounds() {
    let text = users("all", 4_000, "{ userPrincipalName: @, userPrincipalName: @ }");
    let loaded = load(&[ManifestFile::new("all.yaml", &text)]);
    assert_eq!(loaded.diagnostics.len(), 1001);
    assert!(loaded.diagnostics[0].message.contains("only the first are shown"));
    assert_eq!(loaded.unclear.len(), 1);
}

#[test]
fn what_is_shown_of_a_mistake_is_bounded_however_far_its_lines_are_apart() {
    let mut text = users("all", 100_000, "{ userPrincipalName: @, calling: enabled }");
    text += "    - { userPrincipalName: u7@contoso.com, calling: enabled }\n";
    let loaded = load(&[ManifestFile::new("all.yaml", &text)]);
    assert_eq!(loaded.diagnostics.len(), 1);
    snapshot!(render(&loaded.diagnostics[0]));
}

#[test]
fn a_mistake_far_behind_on_a_long_line_is_told_by_its_column() {
    let user = |number: usize| {
        format!("{{\"userPrincipalName\": \"u{number}@contoso.com\", \"calling\": \"enabled\"}}")
    };
    let list: Vec<String> = (0..5_000).map(user).chain([user(7), user(4_000)]).collect();
    let head = HEAD.replace("NAME", "all").replace("\nspec:\n  users:\n", "");
    let text = format!("{head}\nspec: {{ users: [{}] }}\n", list.join(", "));
    let loaded = load(&[ManifestFile::new("all.yaml", &text)]);
    let shown: String = loaded.diagnostics.iter().map(render).collect();
    snapshot!(shown);
}

#[test]
fn users_who_stand_in_two_files_are_told_within_bounds() {
    let text = |set| users(set, 20_000, "{ userPrincipalName: @, calling: enabled }");
    let second = text("two").split_once("---\n").unwrap().1.to_owned();
    let loaded = load(&[
        ManifestFile::new("one.yaml", &text("one")),
        ManifestFile::new("two.yaml", &second),
    ]);
    assert!((1000..6000).contains(&loaded.diagnostics.len()), "{}", loaded.diagnostics.len());
    assert_eq!(loaded.broken.len(), 1);
}

#[test]
fn a_text_of_too_many_values_is_refused_before_it_is_held() {
    let text = format!("kind: [{}]\n", "1,".repeat(2_100_000));
    let loaded = load(&[ManifestFile::new("all.yaml", &text)]);
    let told: Vec<&str> = loaded.diagnostics.iter().map(|told| told.message.as_str()).collect();
    assert_eq!(told, ["there are more than 2000000 values in this text"]);
    assert_eq!(loaded.unclear.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_bounded_size_is_refused_at_once() {
    let stage = Stage::drifted().await;
    let pipe = stage.path().join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/zero", stage.path().join("endless.json")).unwrap();
    fs::create_dir(stage.path().join("kept")).unwrap();
    symlink("/dev/zero", stage.path().join("kept/x.json")).unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["--config", "pipe.json", "plan"], "it is a pipe, and no regular file"),
        (&["--config", "/dev/zero", "plan"], "it is a device, and no regular file"),
        (&["--config", "kept", "plan"], "it is a folder, and no regular file"),
        (&["plan", "--live", "pipe.json"], "it is a pipe, and no regular file"),
        (&["plan", "--live", "kept"], "it is a device, and no regular file"),
        (&["plan", "--live", "endless.json"], "it is a device, and no regular file"),
        (&["apply", "--plan", "pipe.json"], "it is a pipe, and no regular file"),
        (&["apply", "--plan", "endless.json"], "it is a device, and no regular file"),
    ];
    for (arguments, told) in cases {
        let ended = stage.run(arguments).await;
        assert!(
            ended.code == 1 && ended.stderr.contains(told),
            "{arguments:?}: {}{}",
            ended.stdout,
            ended.stderr
        );
    }
    assert_eq!(stage.writes(), [""; 0]);
}

#[test]
fn a_check_that_is_asked_to_stop_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    // A quick machine may be through before it is asked: then there is more to read.
    let ended = (0..8).find_map(|set| {
        let line = format!("{{ userPrincipalName: s{set}@, calling: enabled }}");
        let text = users(&format!("s{set}"), 150_000, &line);
        fs::write(folder.path().join(format!("manifests/s{set}.yaml")), text).unwrap();
        asked_to_stop(folder.path())
    });
    assert_eq!(ended, Some((Some(1), String::new())), "the code, and what it printed");
}

/// Asks a check to stop while it reads. Its code and output; nothing if it was through before.
fn asked_to_stop(folder: &Path) -> Option<(Option<i32>, String)> {
    let log = fs::File::create(folder.join("stdout")).unwrap();
    let mut child = dialplane(folder, &["validate", "manifests"]).stdout(log).spawn().unwrap();
    while !listens(child.id()) {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let code = child.wait().unwrap().code();
    let told = fs::read_to_string(folder.join("stdout")).unwrap();
    // It may have been asked between its last line and its end.
    told.is_empty().then_some((code, told))
}

/// Whether a process has a handler for SIGTERM.
fn listens(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << 14) != 0)
}
