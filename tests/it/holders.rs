//! Lists of numbers, of the portal and of `Microsoft365DSC`, as manifests: in the headings of both
//! generations, damaged, cut short, and against each other.

use std::{collections::BTreeMap, fs, path::Path};

use dialplane::{
    import::lists::{self, Format, ListInput, Repair, Report, UpnById},
    model::{Calling, Coverage, ExtensionPrefix, LiveTenant, Upn},
};

use crate::stage::{Ended, dialplane};

const TENANT: &str = "contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const ADELE: &str = "5e93b6a1-0c48-4d27-b1fa-94d7e2c35080";
const BERT: &str = "5e93b6a1-0c48-4d27-b1fa-94d7e2c35081";
const QUEUE: &str = "5e93b6a1-0c48-4d27-b1fa-94d7e2c35099";
/// A password that is to be nowhere.
const SECRET: &str = "Hunter2-Hunter2";

fn asked(format: Format) -> ListInput<'static> {
    let calling = Some(Calling::Enabled);
    ListInput { format, file: "list.csv", prefix: None, country: None, calling, named: None }
}

fn read(text: &str, asked: &ListInput<'_>) -> Result<(LiveTenant, Report), String> {
    let read = lists::read(text.as_bytes(), asked);
    read.map_err(|refused| format!("{}: {}", refused.why, refused.hint))
}

/// Each user with the number.
fn users(live: &LiveTenant) -> Vec<String> {
    let user = |user: &dialplane::model::LiveUser| {
        let number = user.number().map_or("none", |number| number.normal());
        format!("{} {number}", user.upn)
    };
    live.users.values().map(user).collect()
}

fn others(live: &LiveTenant) -> Vec<String> {
    let other = |held: &dialplane::model::HeldNumber| {
        let number = held.number.as_ref().unwrap();
        format!("{} as {}: {}", held.holder, held.held_as, number.normal())
    };
    live.beside.numbers.iter().map(other).collect()
}

fn named() -> UpnById {
    [(ADELE, "adele@contoso.com"), (BERT, "bert@contoso.com")]
        .into_iter()
        .map(|(id, upn)| (id.to_owned(), Upn::parse(upn).unwrap()))
        .collect::<BTreeMap<_, _>>()
}

/// As the present cmdlet, its predecessor and Microsoft Graph tell the same numbers.
fn numbers() -> [String; 3] {
    let now = format!(
        "TelephoneNumber,NumberType,ActivationState,AssignedPstnTargetId,AssignmentCategory,PstnAssignmentStatus,IsoCountryCode\n\
            +4930123450,DirectRouting,Activated,{ADELE},Primary,UserAssigned,DE\n\
            +4930123451,DirectRouting,Activated,{BERT},Primary,UserAssigned,DE\n\
            +4930123459,DirectRouting,Activated,{QUEUE},,VoiceApplicationAssigned,DE\n\
            +4930123458,DirectRouting,Activated,,,Unassigned,DE\n"
    );
    let then = format!(
        "#TYPE Microsoft.Skype.EnterpriseVoice.BVDClient.AcquiredTelephoneNumber\n\
            Id;ActivationState;TargetType;UserId\n\
            4930123450;Activated;User;{ADELE}\n4930123451;Activated;User;{BERT}\n\
            4930123459;Activated;VoiceApplicationAssigned;{QUEUE}\n4930123458;Activated;;\n"
    );
    let row = |number: &str, target: &str, status: &str| {
        format!(
            r#"{{"telephoneNumber":"{number}","activationState":"activated","assignmentTargetId":{target},"assignmentStatus":"{status}","isoCountryCode":"DE"}}"#
        )
    };
    let target = |id: &str| format!("\"{id}\"");
    let graph = [
        row("+4930123450", &target(ADELE), "userAssigned"),
        row("+4930123451", &target(BERT), "userAssigned"),
        row("+4930123459", &target(QUEUE), "VoiceApplicationAssigned"),
        row("+4930123458", "null", "unassigned"),
    ];
    [now, then, format!("{{\"value\":[{}]}}", graph.join(","))]
}

#[test]
fn lists_of_numbers_say_the_same_in_each_of_their_forms() {
    let named = named();
    let germany = ExtensionPrefix::parse("+49").unwrap();
    let asked = ListInput {
        country: Some(&germany),
        calling: None,
        named: Some(&named),
        ..asked(Format::TeamsNumbers)
    };
    for (form, text) in numbers().iter().enumerate() {
        let (live, report) = read(text, &asked).unwrap();
        assert_eq!(
            users(&live),
            ["adele@contoso.com +4930123450", "bert@contoso.com +4930123451"],
            "{text}"
        );
        let held = format!("{QUEUE} as VoiceApplicationAssigned: +4930123459");
        assert_eq!(others(&live), [held]);
        assert_eq!(live.coverage, Coverage::Complete);
        let told: Vec<&str> = report.findings.iter().map(|(_, what)| what.as_str()).collect();
        assert_eq!(told, ["1 number without a holder"]);
        // What lacks its plus had it put in front, each counted.
        let repaired = report.repairs.get(&Repair::Plus).map_or(0, Vec::len);
        assert_eq!(repaired, if form == 1 { 3 } else { 0 });
    }
}

#[test]
fn whose_an_id_is_is_never_guessed_and_what_is_cut_short_is_doubted() {
    let [now, then, graph] = numbers();
    let alone = read(&now, &asked(Format::TeamsNumbers)).unwrap_err();
    assert!(alone.contains("holders have ids") && alone.contains("--from teams-users"), "{alone}");
    // Without a country a number that lacks its plus may be any.
    let named = named();
    let with = ListInput { named: Some(&named), calling: None, ..asked(Format::TeamsNumbers) };
    let (live, report) = read(&then, &with).unwrap();
    assert!(users(&live).is_empty() && matches!(live.coverage, Coverage::Suspect(_)));
    assert_eq!(report.findings.len(), 4, "{:?}", report.findings);
    // The row says which country it is of.
    let (live, report) = read(&now.replace("+49", "49"), &with).unwrap();
    assert_eq!(users(&live).len(), 2);
    assert_eq!(report.repairs[&Repair::PlusOfCountry].len(), 3);
    let damaged = read(&now.replace("+4930123451", "4.93012E+11"), &with).unwrap_err();
    assert!(damaged.contains("row 3, column `TelephoneNumber`: 4.93012E+11"), "{damaged}");
    let page = graph.replace("{\"value\"", "{\"@odata.nextLink\":\"https://x\",\"value\"");
    assert!(read(&page, &with).unwrap_err().contains("one page of several"));
    // Two numbers of one person: which counts is not told, unless the list says so.
    let twice = now.replace(BERT, ADELE);
    let (live, report) = read(&twice, &with).unwrap();
    assert_eq!(users(&live), ["adele@contoso.com none"]);
    assert!(report.findings.iter().any(|(row, what)| *row == 3 && what.contains("as well")));
    let at = twice.rfind("Primary").unwrap();
    let private = twice[..at].to_owned() + &twice[at..].replacen("Primary", "Private", 1);
    let private = private.replacen("451,DirectRouting,Activated", "451,DirectRouting,Pending", 1);
    let (live, report) = read(&private, &with).unwrap();
    assert_eq!(users(&live), ["adele@contoso.com +4930123450"]);
    assert!(others(&live).contains(&format!("{ADELE} as Private: +4930123451")));
    assert!(report.findings.iter().any(|(_, what)| what.contains("may not work yet")));
    // As many rows as the cmdlet gives by itself.
    let mut many = "TelephoneNumber,AssignedPstnTargetId,PstnAssignmentStatus\n".to_owned();
    for n in 0..500 {
        many += &format!("+493012{n:04},user{n}@contoso.com,UserAssigned\n");
    }
    let (live, report) = read(&many, &asked(Format::TeamsNumbers)).unwrap();
    assert_eq!(live.users.len(), 500);
    assert!(matches!(&live.coverage, Coverage::Suspect(why) if why.contains("exactly 500 rows")));
    assert!(report.findings.iter().any(|(_, what)| what.contains("-Top 100000")));
    let more = many + "+4930999,user999@contoso.com,UserAssigned\n";
    let (live, _) = read(&more, &asked(Format::TeamsNumbers)).unwrap();
    assert_eq!(live.coverage, Coverage::Complete);
}

const SCRIPT: &str = "\
# Generated with Microsoft365DSC\r
param ( [PSCredential] $Credential )\r
Configuration M365TenantConfig\r
{\r
    $OrganizationName = \"contoso.com\"\r
    Node localhost\r
    {\r
        TeamsOnlineVoiceUser 0a4e1f0c-7c38-4f0a-9d8a-1f0f6f1d5a11\r
        {\r
            Credential           = $Credential;\r
            Identity             = \"adele@$OrganizationName\";\r
            Password             = \"Hunter2-Hunter2\";\r
            TelephoneNumber      = \"+4930123450\";\r
        }\r
        TeamsOnlineVoiceUser \"TeamsOnlineVoiceUser-bert@contoso.com\"\r
        {\r
            Ensure               = \"Present\";\r
            Identity             = 'bert@contoso.com';\r
            TelephoneNumber      = \"\";\r
        }\r
        TeamsMeetingPolicy \"TeamsMeetingPolicy-Global\"\r
        {\r
            Identity             = \"Global\";\r
        }\r
    }\r
}\r
";

#[test]
fn an_export_of_a_configuration_is_read_and_never_run() {
    let asked = asked(Format::M365Dsc);
    let (live, report) = read(SCRIPT, &asked).unwrap();
    assert_eq!(users(&live), ["adele@contoso.com +4930123450", "bert@contoso.com none"]);
    assert_eq!(report.repairs[&Repair::Variable], [8]);
    assert_eq!(report.secrets, ["Password"]);
    assert!(!report.page().contains(SECRET));
    // A variable that the file does not say is not guessed.
    let other =
        SCRIPT.replace("\"contoso.com\"", "$ConfigurationData.NonNodeData.OrganizationName");
    let (live, report) = read(&other, &asked).unwrap();
    assert_eq!(users(&live), ["bert@contoso.com none"]);
    assert!(report.findings[0].1.contains("`$OrganizationName` is not set"), "{report:?}");
    let json = r#"[{"ResourceName":"TeamsOnlineVoiceUser","Identity":"adele@contoso.com","TelephoneNumber":"+4930123450"},
        {"ResourceName":"TeamsMeetingPolicy","Identity":"Global"}]"#;
    let (live, report) = read(json, &asked).unwrap();
    assert_eq!(users(&live), ["adele@contoso.com +4930123450"]);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn an_export_of_the_portal_is_read_in_both_of_its_headings() {
    let with = |calling| ListInput { calling, ..asked(Format::Portal) };
    let now = format!(
        "TeamsUserID,PhoneNumber,Calling,Use Teams Voicemail,SIPAuthenticationID,Password\n\
            adele@contoso.com,+4930123450,Active,Yes,auth-a,{SECRET}\n\
            bert@contoso.com,,Inactive,No,auth-b,{SECRET}\n"
    );
    let then = "Teams User;Phone Number\nadele@contoso.com;+4930123450\nbert@contoso.com;\n";
    let expected = ["adele@contoso.com +4930123450", "bert@contoso.com none"];
    let (live, report) = read(&now, &with(None)).unwrap();
    assert_eq!(users(&live), expected);
    assert_eq!(report.secrets, ["Password"]);
    assert!(!report.page().contains(SECRET));
    let (live, _) = read(then, &with(Some(Calling::Enabled))).unwrap();
    assert_eq!(users(&live), expected);
    assert!(read(then, &with(None)).unwrap_err().contains("does not say whose calling"));
}

fn import(folder: &Path, more: &[&str]) -> Ended {
    let all = [&["import", "--tenant-id", TENANT, "--out", "out"], more].concat();
    Ended::from(dialplane(folder, &all).output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_their_numbers_prove_each_other_and_the_plan_is_empty() {
    let folder = crate::folder::folder();
    let users = format!(
        "UserPrincipalName,LineUri,EnterpriseVoiceEnabled,Identity,UsageLocation\n\
            adele@contoso.com,tel:4930123450,True,{ADELE},DE\n\
            bert@contoso.com,tel:+4930123452,True,{BERT},DE\n"
    );
    fs::write(folder.path().join("users.csv"), users).unwrap();
    fs::write(folder.path().join("numbers.csv"), &numbers()[0]).unwrap();
    let (users, numbers) =
        (["--from", "teams-users", "users.csv"], ["--from", "teams-numbers", "numbers.csv"]);
    let wrong = import(folder.path(), &[numbers, users].concat());
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("--from teams-users FILE"), "{}", wrong.stderr);
    let ended = import(folder.path(), &[users, numbers].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = fs::read_to_string(folder.path().join("out/contoso/import-report.md")).unwrap();
    insta::assert_snapshot!(report);
    let written = fs::read_to_string(folder.path().join("out/contoso/users.yaml")).unwrap();
    assert!(written.contains("+4930123450") && !written.contains("phoneNumber: \"+4930123452"));
    let validate = Ended::from(dialplane(folder.path(), &["validate", "out"]).output().unwrap());
    assert_eq!(validate.code, 0, "{}{}", validate.stdout, validate.stderr);
}
