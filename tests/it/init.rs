//! From an empty folder to a first plan, with the real binary and without any network.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    folder::folder,
    snapshot::snapshot,
    stage::{Ended, dialplane},
    terminal::at_a_terminal,
};

const CONTOSO: &str = "contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const LIST: &str = "TeamsUserID;PhoneNumber;Calling\n\
    adele@contoso.com;+14255550100;Active\n\
    bruno@contoso.com;+14255550101;Inactive\n";

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    dialplane(folder, arguments).output().unwrap().into()
}

/// Every file below a folder, with what it holds.
fn files(folder: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert((name, fs::read(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn an_empty_folder_says_how_to_begin() {
    let folder = folder();
    for command in ["plan", "validate", "apply"] {
        let ended = run(folder.path(), &[command]);
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains("there are no manifests: `manifests` cannot be found"));
        assert!(ended.stderr.contains("`dialplane init --demo`"), "{}", ended.stderr);
    }
    let ended = run(folder.path(), &["init"]);
    assert_eq!(ended.code, 1, "nobody is at a terminal");
    assert!(ended.stderr.contains("--csv FILE, --graph and --account"), "{}", ended.stderr);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_demonstration_is_the_example_fleet_and_can_be_planned_at_once() {
    let folder = folder();
    let ended = run(folder.path(), &["init", "--demo"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let names: Vec<String> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
    let listed: BTreeSet<&str> = ended.stdout.lines().collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect(), "all that is there is told");
    // The whole example, and only a line for editors more.
    for (name, text) in files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests"))) {
        let copy = fs::read_to_string(folder.path().join("manifests").join(&name)).unwrap();
        let (schema, rest) = copy.split_once('\n').unwrap();
        let schema = schema.strip_prefix("# yaml-language-server: $schema=").unwrap();
        let beside = folder.path().join("manifests").join(&name).with_file_name(schema);
        assert!(beside.is_file(), "{name}: {schema}");
        assert_eq!(rest.as_bytes(), text, "{name}");
    }
    let ended = run(folder.path(), &["plan", "--sandbox"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stdout.contains("2 people would lose calling"), "{}", ended.stdout);
}

#[test]
fn a_list_of_the_portal_becomes_manifests_that_ask_for_nothing() {
    let folder = folder();
    fs::write(folder.path().join("contoso.csv"), LIST).unwrap();
    fs::write(folder.path().join(".gitignore"), "target").unwrap();
    let ended = run(folder.path(), &["init", "--csv", "contoso.csv"]);
    assert!(
        ended.code == 1 && ended.stderr.contains("--tenant-id contoso=GUID"),
        "{}",
        ended.stderr
    );
    let ended = run(folder.path(), &["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    snapshot!(format!("{}{}", ended.stdout, ended.stderr));
    let ignored = fs::read_to_string(folder.path().join(".gitignore")).unwrap();
    assert_eq!(ignored, "target\n/.dialplane/\n*.csv\n", "lists name people");
    // The command that was named. A list does not show consent, which is no refusal of it.
    let ended = run(folder.path(), &["plan", "--live", "contoso.csv"]);
    snapshot!("plan", ended.stdout);
    let manifest = fs::read_to_string(folder.path().join("manifests/contoso/users.yaml")).unwrap();
    assert!(manifest.contains("calling: disabled") && manifest.contains("adele@contoso.com"));
}

#[test]
fn which_column_tells_calling_is_never_guessed() {
    let other_heading = LIST.replace("Calling", "State");
    let other_word = LIST.replace("Inactive", "Pending");
    let two = LIST.replace("PhoneNumber", "Calling Status");
    for text in [other_heading.as_str(), &other_word, &two] {
        let folder = folder();
        fs::write(folder.path().join("contoso.csv"), text).unwrap();
        let before = files(folder.path());
        let arguments = ["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO];
        let ended = run(folder.path(), &arguments);
        assert_eq!(ended.code, 1, "{text}");
        assert!(ended.stderr.contains("says calling and nothing else"), "{}", ended.stderr);
        assert!(ended.stderr.contains("--calling State=Active/Inactive"), "{}", ended.stderr);
        assert_eq!(files(folder.path()), before);
    }
    let folder = folder();
    fs::write(folder.path().join("contoso.csv"), &other_heading).unwrap();
    let arguments = ["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO, "--calling"];
    for wrong in ["State", "State=Active", "=Active/Inactive", "State=Active/Active", "State=/Off"]
    {
        assert_eq!(run(folder.path(), &[&arguments[..], &[wrong]].concat()).code, 1, "{wrong}");
    }
    let ended = run(folder.path(), &[&arguments[..], &["State=Active/Inactive"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let settings = fs::read_to_string(folder.path().join("dialplane.yaml")).unwrap();
    assert!(settings.contains(
        "calling: { column: \"State\", enabled: [\"Active\"], disabled: [\"Inactive\"] }"
    ));
    let ended = run(folder.path(), &["plan", "--live", "contoso.csv"]);
    assert!(!ended.stdout.contains("adele"), "{}{}", ended.stdout, ended.stderr);
}

/// A list with other headings says what names them, before there is a configuration.
#[test]
fn a_list_with_other_headings_says_what_to_type_and_does_that() {
    let folder = folder();
    let text = LIST
        .replace("PhoneNumber", "Number")
        .replace("TeamsUserID", "Sign-in \"name\"")
        .replace(';', ",");
    fs::write(folder.path().join("contoso.csv"), text).unwrap();
    let arguments = ["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO];
    let ended = run(folder.path(), &arguments);
    assert_eq!(ended.code, 1);
    for told in ["there is no column `TeamsUserID`", "`--user HEADING` with `dialplane init --csv`"]
    {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    let ended = run(folder.path(), &[&arguments[..], &["--user", "Sign-in \"name\""]].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("there is no column `PhoneNumber`, so no phone"),
        "{}",
        ended.stderr
    );
    let ended = run(folder.path(), &["plan", "--live", "contoso.csv"]);
    assert!(ended.stdout.starts_with("contoso  report"), "{}{}", ended.stdout, ended.stderr);
}

/// Whatever a column is called, the settings that are written name it.
#[test]
fn a_column_with_an_odd_name_is_named_as_it_is() {
    let odd = "Ca\u{301}ll \\ \u{1f4de} 'on'";
    let folder = folder();
    fs::write(folder.path().join("contoso.csv"), LIST.replace("Calling", odd)).unwrap();
    let calling = format!("{odd}=Active/Inactive");
    let arguments = ["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO, "--calling", &calling];
    let ended = run(folder.path(), &arguments);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = run(folder.path(), &["plan", "--live", "contoso.csv"]);
    assert!(ended.stdout.starts_with("contoso  report"), "{}{}", ended.stdout, ended.stderr);
}

/// A list is known by the name of its file.
#[test]
fn a_list_of_somebody_else_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("fabrikam.csv"), LIST).unwrap();
    let ended = run(folder.path(), &["init", "--csv", "fabrikam.csv", "--tenant-id", CONTOSO]);
    assert!(ended.code == 1 && ended.stderr.contains("call it contoso.csv"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("or name the customer as the file is called"),
        "{}",
        ended.stderr
    );
    let ended = run(folder.path(), &["init", "--csv", "absent.csv", "--tenant-id", CONTOSO]);
    assert!(ended.code == 1 && ended.stderr.contains("nothing was written"), "{}", ended.stderr);
}

/// A slip in a name does not look like a user who is as wanted.
#[test]
fn a_plan_of_a_user_whom_nobody_names_says_who_may_have_been_meant() {
    let folder = folder();
    assert_eq!(run(folder.path(), &["init", "--demo"]).code, 0);
    let plan = |user: &str| run(folder.path(), &["plan", "--sandbox", "--user", user]);
    let slip = plan("adele.vanc@contoso.com");
    assert_eq!(slip.code, 2, "the code is that of all: {}", slip.stderr);
    for told in ["names a user `adele.vanc@contoso.com`", "did you mean `adele.vance@contoso.com`?"]
    {
        assert!(slip.stderr.contains(told), "{told}: {}", slip.stderr);
    }
    // She is as wanted; visitor1 is in no manifest and in a step.
    for known in ["adele.vance@contoso.com", "visitor1@fabrikam.com"] {
        let ended = plan(known);
        assert!(!ended.stderr.contains("names a user"), "{known}: {}", ended.stderr);
    }
}

/// The command that an import names at its end is one that works with what is there.
#[test]
fn the_command_at_the_end_of_an_import_of_a_list_can_be_typed() {
    let folder = folder();
    fs::write(folder.path().join("contoso.csv"), LIST).unwrap();
    for (how, next, code) in [
        (&["--live", "contoso.csv"][..], "dialplane plan a --live contoso.csv", 3),
        (&["--from", "portal", "contoso.csv"], "dialplane validate b", 0),
    ] {
        let out = if code == 3 { "a" } else { "b" };
        let import = ["import", "--tenant-id", CONTOSO, "--out", out];
        let ended = run(folder.path(), &[&import[..], how].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let told = format!("nothing to do for them: {next}\n");
        assert!(ended.stderr.contains(&told), "{told}: {}", ended.stderr);
        let typed: Vec<&str> = next.split(' ').skip(1).collect();
        let ended = run(folder.path(), &typed);
        assert_eq!(ended.code, code, "{next}: {}{}", ended.stdout, ended.stderr);
    }
}

/// Spreadsheets save another alphabet unless they are asked.
#[test]
fn a_list_of_a_spreadsheet_that_is_not_utf_8_says_how_to_save_it() {
    let folder = folder();
    let list = LIST.as_bytes().iter().copied().chain(*b"J\xfcrgen;1;2\n");
    fs::write(folder.path().join("contoso.csv"), list.collect::<Vec<u8>>()).unwrap();
    let ended = run(folder.path(), &["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO]);
    assert!(ended.code == 1 && ended.stderr.contains("\"CSV UTF-8\""), "{}", ended.stderr);
}

/// A list whose numbers have a heading of their own: they are imported, and the settings name it.
#[test]
fn numbers_below_another_heading_are_read() {
    let folder = folder();
    let text = format!("\u{feff}{}", LIST.replace("PhoneNumber", "Rufnummer \"Büro\""));
    fs::write(folder.path().join("contoso.csv"), text).unwrap();
    let init = ["init", "--csv", "contoso.csv", "--tenant-id", CONTOSO, "--number"];
    let wrong = run(folder.path(), &[&init[..], &["Rufnumer"]].concat());
    assert!(wrong.code == 1 && wrong.stderr.contains("no column `Rufnumer`"), "{}", wrong.stderr);
    assert!(!folder.path().join("dialplane.yaml").exists());
    let ended = run(folder.path(), &[&init[..], &["Rufnummer \"Büro\""]].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("no phone numbers are read"), "{}", ended.stderr);
    let users = fs::read_to_string(folder.path().join("manifests/contoso/users.yaml")).unwrap();
    assert!(users.contains("phoneNumber: \"+"), "{users}");
    let ended = run(folder.path(), &["plan", "--live", "contoso.csv"]);
    assert!(
        ended.stdout.contains("plan: nothing to carry out"),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    assert!(!ended.stdout.contains("phoneNumber"), "{}", ended.stdout);
}

#[test]
fn settings_for_graph_and_for_an_account_are_valid_as_they_are() {
    for way in ["--graph", "--account"] {
        let folder = folder();
        let ended = run(folder.path(), &["init", way, "--github", "fleet"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("cd fleet") && ended.stderr.contains("dialplane doctor"));
        let fleet = folder.path().join("fleet");
        let workflow = fs::read_to_string(fleet.join(".github/workflows/plan.yml")).unwrap();
        let own = workflow.lines().filter_map(|line| line.trim().strip_prefix("- uses: ./"));
        let own: Vec<&str> = own.filter_map(|uses| uses.split_whitespace().next()).collect();
        assert_eq!(own, [".github/actions/dialplane"]);
        assert!(fleet.join(own[0]).join("action.yml").is_file());
        assert!(fs::read_to_string(fleet.join(".gitignore")).unwrap().contains("/secrets/"));
        let mode = fs::metadata(fleet.join("secrets")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        // The settings are read, and what is missing is the manifests.
        let ended = run(&fleet, &["plan"]);
        assert!(ended.stderr.contains("there are no manifests"), "{}", ended.stderr);
    }
}

#[test]
fn before_the_first_import_doctor_says_what_graph_still_needs() {
    let folder = folder();
    assert_eq!(run(folder.path(), &["init", "--graph"]).code, 0);
    let told = run(folder.path(), &["doctor"]).stdout;
    for missing in [
        "`manifests` is not there",
        "`graph.clientId` is not filled in",
        "the client secret cannot be read: file secrets/graph-secret",
    ] {
        assert!(told.contains(missing), "{missing}: {told}");
    }
    let path = folder.path().join("dialplane.yaml");
    let settings = fs::read_to_string(&path).unwrap();
    let id = "5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b";
    fs::write(&path, settings.replace("00000000-0000-0000-0000-000000000000", id)).unwrap();
    fs::write(folder.path().join("secrets/graph-secret"), "a-secret\n").unwrap();
    let told = run(folder.path(), &["doctor", "-v"]).stdout;
    assert!(told.contains("the client secret can be read"), "{told}");
    assert!(!told.contains("a-secret"), "{told}");
    // Graph is asked tenant by tenant: that it lists no customers is not "no customers".
    for command in [&["tenants"][..], &["import", "--all", "--out", "manifests"]] {
        let ended = run(folder.path(), command);
        let told = "no account at the ConnecttoTeams service is configured, and nothing else lists";
        assert!(ended.code == 1 && ended.stderr.contains(told), "{command:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !folder.path().join("manifests").exists());
    }
}

#[test]
fn what_is_there_is_never_changed() {
    for there in ["dialplane.yaml", "manifests/a.yaml", "dialplane.schema.json", ".gitignore/a"] {
        let folder = folder();
        let path = folder.path().join(there);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        let before = files(folder.path());
        let ended = run(folder.path(), &["init", "--demo"]);
        assert_eq!(ended.code, 1, "{there}");
        assert_eq!(files(folder.path()), before, "{there}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_it_asks() {
    let folder = folder();
    fs::write(folder.path().join("contoso.csv"), LIST).unwrap();
    let before = files(folder.path());
    for (typed, told) in [
        ("5\n\nlist\n", "none of the answers could be used"),
        ("2\nnowhere.csv\n.\n\u{4}", "nowhere.csv: no such file or folder"),
        ("2\ncontoso.csv\n\u{4}", "nothing was changed: there was no answer"),
        ("2\ncontoso.csv\n1\n2\n3\n", "is not a tenant id"),
    ] {
        let (code, shown, _) = at_a_terminal(folder.path(), &["init"], typed).await;
        let asked = shown.contains("How do you want to begin?");
        assert!(code == 1 && asked && shown.contains(told), "{typed:?}: {shown}");
        assert_eq!(files(folder.path()), before, "{typed:?}");
    }
    // A slip costs one line, and what was answered before stays.
    let typed = "two\n2\ncontoso.cvs\ncontoso.csv\n87d349ed\n\
        87d349ed-44d7-43e1-9a83-5f2406dee5bd\n";
    let (code, shown, stdout) = at_a_terminal(folder.path(), &["init"], typed).await;
    assert!(code == 0 && shown.contains("dialplane plan --live contoso.csv"), "{shown}");
    assert!(stdout.contains("manifests/contoso/users.yaml"), "{stdout}");
    assert!(shown.contains("GUID of the Microsoft tenant of contoso: "), "{shown}");
    // Where it is in vain, nobody is asked.
    let (code, shown, _) = at_a_terminal(folder.path(), &["init"], "1\n").await;
    let asked = shown.contains("How do you want to begin?");
    assert!(code == 1 && !asked && shown.contains("is there already"), "{shown}");
}
