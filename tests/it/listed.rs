//! Lists that people have, as manifests: what is read, repaired, refused, and never kept.

use std::fs;

use dialplane::{
    foreign,
    import::lists::{self, Format, ListInput, Repair},
    model::{Calling, ExtensionPrefix, LiveTenant},
};

use crate::stage::{Ended, dialplane};

const TENANT: &str = "contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd";
/// A password that is to be nowhere.
const SECRET: &str = "Hunter2-Hunter2";

/// As a module of today exports it, and as one of some years ago does.
const TEAMS_NOW: &str = "\
\"UserPrincipalName\",\"LineUri\",\"EnterpriseVoiceEnabled\",\"AccountEnabled\",\"UsageLocation\",\"Identity\"
\"adele@contoso.com\",\"tel:+4930123450\",\"True\",\"True\",\"DE\",\"5e93b6a1-0c48-4d27-b1fa-94d7e2c35080\"
\"bert@contoso.com\",\"+49 30 12345-1;ext=12\",\"True\",\"False\",\"DE\",\"5e93b6a1-0c48-4d27-b1fa-94d7e2c35081\"
\"carl@contoso.com\",\"\",\"False\",\"True\",\"DE\",\"5e93b6a1-0c48-4d27-b1fa-94d7e2c35082\"
";
const TEAMS_THEN: &str = "\
#TYPE Microsoft.Rtc.Management.ADConnect.Schema.OCSADUser
Identity;Enabled;UserPrincipalName;LineURI;EnterpriseVoiceEnabled;OnPremLineURI
CN=Adele;True;adele@contoso.com;tel:+4930123450;True;
CN=Bert;False;bert@contoso.com;tel:+49 30 12345-1;True;tel:+49301
CN=Carl;True;carl@contoso.com;;False;
";

fn asked(format: Format) -> ListInput<'static> {
    ListInput { format, file: "list.csv", prefix: None, country: None, calling: None, named: None }
}

fn read(bytes: impl AsRef<[u8]>, asked: &ListInput<'_>) -> Result<(String, lists::Report), String> {
    let read = lists::read(bytes.as_ref(), asked);
    let (live, report) = read.map_err(|refused| format!("{}: {}", refused.why, refused.hint))?;
    Ok((users(&live), report))
}

/// Each user with calling and number.
fn users(live: &LiveTenant) -> String {
    let user = |user: &dialplane::model::LiveUser| {
        let number = user.number().map_or("none", |number| number.normal());
        let calling = user.calling.known().map_or_else(|| "?".to_owned(), |it| it.to_string());
        format!("{} {calling} {number}\n", user.upn)
    };
    live.users.values().map(user).collect()
}

fn import(folder: &std::path::Path, from: [&str; 2], more: &[&str]) -> Ended {
    let all =
        [&["import", "--from", from[0], from[1], "--tenant-id", TENANT, "--out", "out"], more];
    Ended::from(dialplane(folder, &all.concat()).output().unwrap())
}

/// All that a folder holds, with the names of its files.
fn everything(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &everything(&path);
        } else {
            all += &format!("== {}\n{}", path.display(), fs::read_to_string(&path).unwrap());
        }
    }
    all
}

#[test]
fn both_versions_of_a_list_of_teams_say_the_same() {
    let asked = asked(Format::TeamsUsers);
    let (users, report) = read(TEAMS_NOW, &asked).unwrap();
    assert_eq!(
        users,
        "adele@contoso.com enabled +4930123450\n\
            bert@contoso.com enabled +4930123451;ext=12\n\
            carl@contoso.com disabled none\n"
    );
    assert_eq!(report.repairs[&Repair::Scheme], [2]);
    assert_eq!(report.repairs[&Repair::Spelling], [3]);
    assert!(report.unused.is_empty(), "{:?}", report.unused);
    assert_eq!(report.findings, [(3, "bert@contoso.com may not sign in".to_owned())]);
    let (then, report) = read(TEAMS_THEN, &asked).unwrap();
    assert_eq!(then, users.replace(";ext=12", ""));
    assert_eq!(report.repairs[&Repair::Scheme], [3, 4]);
    let json = r#"[{"UserPrincipalName":"adele@contoso.com","LineUri":"tel:+4930123450","EnterpriseVoiceEnabled":true},
        {"UserPrincipalName":"carl@contoso.com","LineUri":null,"EnterpriseVoiceEnabled":false}]"#;
    let (of_json, _) = read(json, &asked).unwrap();
    assert_eq!(
        of_json,
        users
            .lines()
            .filter(|line| !line.contains("bert"))
            .fold(String::new(), |all, line| all + line + "\n")
    );
    // As Excel saves it.
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(TEAMS_THEN.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let (same, report) = read(utf16, &asked).unwrap();
    assert!(same == then && report.utf16);
}

#[test]
fn a_list_that_a_spreadsheet_has_damaged_is_refused_with_each_cell() {
    let text = "\u{feff}UserPrincipalName;LineUri;EnterpriseVoiceEnabled\n\
        adele@contoso.com;4,93012E+11;True\nbert@contoso.com;493012345678;True\n\
        carl@contoso.com;14255550100.0;True\n";
    let asked = asked(Format::TeamsUsers);
    let refused = read(text, &asked).unwrap_err();
    for part in ["row 2, column `LineUri`: 4,93012E+11", "row 4, column `LineUri`: 14255550100.0"] {
        assert!(refused.contains(part), "{refused}");
    }
    // A plus that is lost is put back only for the country that somebody named.
    let text = text.replace("4,93012E+11", "+493012345670").replace("14255550100.0", "030123456");
    let (users, report) = read(&text, &asked).unwrap();
    assert!(users.contains("bert@contoso.com enabled none"), "{users}");
    assert_eq!(report.findings.len(), 2, "{:?}", report.findings);
    let germany = ExtensionPrefix::parse("+49").unwrap();
    let (users, report) = read(&text, &ListInput { country: Some(&germany), ..asked }).unwrap();
    assert!(users.contains("bert@contoso.com enabled +493012345678"), "{users}");
    assert_eq!(report.repairs[&Repair::Plus], [3]);
    assert_eq!(report.findings.len(), 1, "a national number is not guessed");
}

#[test]
fn no_heading_of_a_list_acts_where_it_is_told() {
    let headings = ["UserPrincipalName", "LineUri", "AccountEnabled", "Password", "Unused"];
    // No letter among them: a heading is known by its letters.
    let acting = "\u{1b}[\0\u{202e}\u{2028}\u{200b}";
    for heading in headings {
        let planted = format!("\"{acting}{heading}\"");
        let (first, rest) = TEAMS_NOW.split_once('\n').unwrap();
        let behind = rest.replace('\n', &format!(",\"x{acting}\"\n"));
        let added = format!("{first},{planted}\n{behind}");
        // The first of two headings is the one that is read.
        let rows = rest.trim_end().replace('\n', &format!("\n\"x{acting}\","));
        let first_of_two = format!("{planted},{first}\n\"x{acting}\",{rows}\n");
        let replaced = TEAMS_NOW.replace(&format!("\"{heading}\""), &planted);
        for list in [added, first_of_two, replaced] {
            let told = match read(list, &asked(Format::TeamsUsers)) {
                Ok((_, report)) => report.page(),
                Err(refused) => refused,
            };
            assert!(!told.replace('\n', "").contains(foreign::acts), "{told:?}");
        }
    }
}

#[test]
fn what_a_list_does_not_say_is_asked_for() {
    let trunks = "teams_user_id,default_did_index_number,did_list\n\
        adele@contoso.com,1,\"14255550100,14255550101\"\nbert@contoso.com,,14255550102\n\
        carl@contoso.com,7,\"14255550103,14255550104\"\n";
    let america = ExtensionPrefix::parse("+1").unwrap();
    let asked = ListInput { country: Some(&america), ..asked(Format::ConnectTrunks) };
    assert!(read(trunks, &asked).unwrap_err().contains("--calling enabled"));
    let asked = ListInput { calling: Some(Calling::Enabled), ..asked };
    let (users, report) = read(trunks, &asked).unwrap();
    assert_eq!(
        users,
        "adele@contoso.com enabled +14255550101\nbert@contoso.com enabled +14255550102\n\
            carl@contoso.com enabled none\n"
    );
    let told: Vec<_> = report.findings.iter().map(|(row, what)| format!("{row}: {what}")).collect();
    assert_eq!(
        told,
        [
            "2: adele@contoso.com has 2 numbers, of which +14255550101 is taken",
            "4: which of 2 numbers carl@contoso.com has is not told"
        ]
    );
    for (text, part) in [
        ("", "there is no column `teams_user_id`, `did_list`"),
        ("teams_user_id,did_list\n", "the list names no users"),
        ("teams_user_id,did_list,did_list\nadele@contoso.com,1,2\n", "twice"),
        ("[1", "not JSON"),
    ] {
        let refused = read(text, &asked).unwrap_err();
        assert!(refused.contains(part), "{text}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_becomes_manifests_that_ask_for_nothing_and_its_passwords_are_nowhere() {
    let folder = crate::folder::folder();
    let users = format!(
        "TeamsUserID,SIP UserID,PhoneNumber,Use Teams Voicemail,SIPAuthenticationID,Password,PortalLoginName,PortalLoginPassword\n\
            adele@contoso.com,a1,+14255550100,Yes,auth-a,{SECRET},adele,{SECRET}\n\
            bert@contoso.com,b1,+1 425 555-0101,No,auth-b,{SECRET},bert,{SECRET}\n\
            carl@contoso.com,c1,{SECRET},No,auth-c,{SECRET}\n\
            dora@contoso.com,d1,{SECRET},No,auth-d,{SECRET},dora,{SECRET}\n"
    );
    fs::write(folder.path().join("users.csv"), users).unwrap();
    let ended = import(folder.path(), ["connect-users", "users.csv"], &[]);
    assert!(ended.code == 1 && ended.stderr.contains("--calling"), "{}", ended.stderr);
    let ended =
        import(folder.path(), ["connect-users", "users.csv"], &["--calling", "enabled", "-v"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = "not read, because they hold secrets: `Password`, `PortalLoginPassword`";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let written = everything(&folder.path().join("out"));
    for text in [&ended.stdout, &ended.stderr, &written] {
        assert!(!text.contains(SECRET), "{text}");
    }
    insta::assert_snapshot!(
        fs::read_to_string(folder.path().join("out/contoso/import-report.md")).unwrap()
    );
    assert!(written.contains("useTeamsVoicemail"), "{written}");
    // What is there is left alone.
    let again = import(folder.path(), ["connect-users", "users.csv"], &["--calling", "enabled"]);
    assert!(again.code == 1 && again.stderr.contains("is left alone"), "{}", again.stderr);
    let validate = Ended::from(dialplane(folder.path(), &["validate", "out"]).output().unwrap());
    assert_eq!(validate.code, 0, "{}{}", validate.stdout, validate.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_users_are_imported_in_one_go() {
    let folder = crate::folder::folder();
    let mut users = "UserPrincipalName,LineUri,EnterpriseVoiceEnabled\n".to_owned();
    for n in 0..500 {
        users += &format!("user{n}@contoso.com,tel:+1425555{n:04},True\n");
    }
    fs::write(folder.path().join("users.csv"), users).unwrap();
    let ended = import(folder.path(), ["teams-users", "users.csv"], &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("1 tenant with 500 users"), "{}", ended.stderr);
    assert!(ended.stderr.contains("500 cells repaired"), "{}", ended.stderr);
}
