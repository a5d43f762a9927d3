//! Lists of users that the portal exported: read as they come, and nothing is made up.

use dialplane::{
    model::{ExtensionPrefix, TenantName, TenantRef},
    ports::LiveReader as _,
    snapshot::{Sheet, SheetCalling, Snapshot},
};

use crate::snapshot::snapshot;
use crate::support::id;

/// What a list of the portal says, as people would read it.
async fn sheet(text: &str, settings: &Sheet) -> String {
    let mut snapshot = Snapshot::new("contoso.csv");
    let name = TenantName::parse("contoso").unwrap();
    if let Err(problems) =
        snapshot.add_sheet("contoso.csv", text, name.clone(), jiff::Timestamp::UNIX_EPOCH, settings)
    {
        return problems
            .iter()
            .map(|problem| format!("{}\n", problem.message))
            .collect::<Vec<_>>()
            .concat();
    }
    let extension_prefix = ExtensionPrefix::parse("+1").ok();
    let tenant = TenantRef { extension_prefix, ..TenantRef::new(name, id("contoso")) };
    let live = snapshot.observe(&tenant).await.unwrap();
    let mut out = format!("{:?} {:?} sees {:?}\n", live.consent, live.coverage, live.sees);
    for user in live.users.values() {
        out += &format!("{} {:?} {:?}\n", user.upn, user.calling, user.details);
    }
    for held in &live.beside.numbers {
        out += &format!("{:?} is held by {} ({})\n", held.number, held.holder, held.held_as);
    }
    for absent in live.beside.unmatched.iter().filter(|absent| absent.named) {
        out += &format!("no column {} for {}\n", absent.place, absent.key);
    }
    out
}

#[tokio::test]
async fn lists_of_the_portal_are_read_as_they_come() {
    let calling = SheetCalling {
        column: "Calling".into(),
        enabled: vec!["Yes".into()],
        disabled: vec!["No".into()],
    };
    let with_calling = Sheet { calling: Some(calling), ..Sheet::default() };
    let vendor = "\u{feff}TeamsUserID,SIP UserID,PhoneNumber,Use Teams \
        Voicemail,SIPAuthenticationID,Password,PortalLoginName,PortalLoginPassword\r\nadele@contoso.com,sip1,+14255550100,Yes,auth1,hunter2,adele,hunter2\r\nalex@contoso.com,,1000,no,,,,\r\n";
    let cases: [(&str, &Sheet); 9] = [
        (vendor, &Sheet::default()),
        (
            "sep=;\nPhone Number;Calling;teams user \
                id\n14255550100;yes;adele@contoso.com\n1,42556E+10;No;alex@contoso.com\n;maybe;lee@contoso.com\n",
            &with_calling,
        ),
        ("TeamsUserID\tUse Teams Voicemail\n\"adele@contoso.com\"\tperhaps\n", &Sheet::default()),
        (
            "TeamsUserID,PhoneNumber\nadele@contoso.com\nnobody,+1\nalex@contoso.com,\nALEX@contoso.com,\n\n",
            &Sheet::default(),
        ),
        (
            "TeamsUserID,PhoneNumber,Calling\nadele@contoso.com,(425) \
                555-0100,Yes\nADELE@contoso.com,+14255550101,Yes\n,+14255550102,No\n,,No\n,,Yes\n",
            &with_calling,
        ),
        ("TeamsUserID,PhoneNumber\n", &Sheet::default()),
        ("TeamsUserID,PhoneNumber,phone number\na@b.c,1,2\n", &Sheet::default()),
        ("TeamsUserID,PhoneNumber\n", &with_calling),
        ("<html><body>Please log in</body></html>\n", &Sheet::default()),
    ];
    let mut told = String::new();
    for (text, settings) in cases {
        told += &format!("{}\n", sheet(text, settings).await);
    }
    assert!(!told.contains("hunter2"));
    snapshot!(told);
}

#[tokio::test]
async fn a_column_that_is_not_there_writes_to_nobody() {
    let fields = [("phoneNumber", "PhoneNumber"), ("sbcGatewayId", "Gatway"), ("userTag", "Tag")];
    let fields = fields.map(|(field, heading)| (field.to_owned(), heading.to_owned())).into();
    let settings = Sheet { fields, ..Sheet::default() };
    let told =
        sheet("TeamsUserID,PhoneNumber,Gateway\nann@contoso.com,+442079460110,805\n", &settings)
            .await;
    assert!(told.contains("live.portal.fields.sbcGatewayId") && told.contains("Gatway"), "{told}");
    assert!(told.contains("live.portal.fields.userTag"), "{told}");
}

#[tokio::test]
async fn who_is_listed_with_calling_and_without_has_none_that_is_known() {
    let calling = SheetCalling {
        column: "Calling".into(),
        enabled: vec!["Yes".into()],
        disabled: vec!["No".into()],
    };
    let settings = Sheet { calling: Some(calling), ..Sheet::default() };
    let told = sheet(
        "TeamsUserID,Calling\nadele@contoso.com,No\nalex@contoso.com,Yes\nADELE@contoso.com,Yes\n\
            alex@contoso.com,Yes\n",
        &settings,
    )
    .await;
    assert!(told.contains("adele@contoso.com Unclear(\"disabled and enabled\")"), "{told}");
    assert!(told.contains("alex@contoso.com Enabled"), "{told}");
}
