//! Imports of what is odd: values that a manifest cannot say, and names that a file cannot have.

use crate::kept::plans;
use std::{collections::BTreeSet, fs, sync::Arc};

use dialplane::{
    import::{Choice, SplitBy, import},
    model::{
        Coverage, Field, LiveCalling, ObservedValue, PhoneNumber, TenantName, TenantRef,
        UnreadableValue, Value,
    },
    snapshot::TenantSnapshot,
};

use crate::snapshot::snapshot;
use crate::{
    stage::Stage,
    support::{gateway, id, live_tenant, live_user, name, upn},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_or_held_by_others_is_kept_as_well() {
    let stage = Stage::drifted().await;
    let odd = [
        ("\"+14255551003\"", "\"(425) 555-1003\""),
        ("\"useTeamsVoicemail\":true", "\"useTeamsVoicemail\":\"on\""),
        ("\"teamsUserId\":\"user5@contoso.example\"", "\"teamsUserId\":\"user5\""),
    ];
    stage.sandbox.faults(|faults| {
        faults.respell = odd.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into();
    });
    stage.configure("portalLoginName: /portalLoginName", "portalLoginName: /loginName");
    let observed = stage.run(&["observe", "--out", "kept.json"]).await;
    assert_eq!(observed.code, 0, "{}", observed.stderr);
    let text = fs::read_to_string(stage.path().join("kept.json")).unwrap();
    for kept in
        ["\"unreadable\":\"(425) 555-1003\"", "\"place\":\"/loginName\"", "\"holder\":\"user5\""]
    {
        assert!(text.contains(kept), "no {kept} in {text}");
    }
    let asked = plans(&stage, &[]).await;
    assert!(asked.iter().all(|(_, plan)| plan.contains("(425) 555-1003")), "{asked:?}");
    assert_eq!(asked, plans(&stage, &["--live", "kept.json"]).await);
    // A snapshot of an earlier version has nothing beside users, and may have numbers that are no
    // certain ones.
    let former = text.replacen("\"version\": 2", "\"version\": 1", 1).replace(
        "{\"unreadable\":\"(425) 555-1003\",\"place\":\"at `/phoneNumber`\"}",
        "\"(425) 555-1003\"",
    );
    fs::write(stage.path().join("kept.json"), former).unwrap();
    let again = plans(&stage, &["--live", "kept.json"]).await;
    assert!(again.iter().all(|(_, plan)| plan.contains("(425) 555-1003")), "{again:?}");
}

/// A tenant as observed, with what manifests cannot say.
fn odd() -> TenantSnapshot {
    let tenant = TenantRef::new(name("contoso"), id("contoso"));
    let text = |text: &str| ObservedValue::Set(Value::Text(text.into()));
    let phone =
        |text: &str| ObservedValue::Set(Value::Phone(PhoneNumber::observed(text, None).unwrap()));
    let user = |who: &str, calling: LiveCalling, details: &[(Field, ObservedValue)]| {
        let always = [
            (Field::SbcGatewayId, ObservedValue::Set(gateway(805))),
            (Field::CallPolicyName, text("Global")),
        ];
        let details = always.into_iter().chain(details.iter().cloned());
        live_user(upn(who), calling, details)
    };
    let (on, off) = (LiveCalling::Enabled, LiveCalling::Disabled);
    let users = [
        user(
            "adele@contoso.com",
            on.clone(),
            &[(Field::PhoneNumber, phone("14255550100")), (Field::UserTag, text("no"))],
        ),
        user("alex@contoso.com", on.clone(), &[(Field::PhoneNumber, phone("1000"))]),
        user(
            "o'neil@contoso.com",
            on.clone(),
            &[
                (Field::PhoneNumber, phone("+14255550101")),
                (Field::CallPolicyCnam, text("O'Neil: \"x\"")),
            ],
        ),
        user(
            "twice@contoso.com",
            on.clone(),
            &[
                (Field::PhoneNumber, phone("+14255550101")),
                (Field::SbcGatewayId, ObservedValue::Set(gateway(807))),
            ],
        ),
        user(
            "broken@contoso.com",
            on.clone(),
            &[
                (
                    Field::UseTeamsVoicemail,
                    ObservedValue::Unreadable(UnreadableValue::new("perhaps", "at `/voicemail`")),
                ),
                (Field::UserTag, text("two\nlines")),
            ],
        ),
        user("leaver@contoso.com", off.clone(), &[(Field::PhoneNumber, phone("+14255550102"))]),
        user("nobody@contoso.com", off, &[]),
        user("pending@contoso.com", LiveCalling::Unclear("PENDING".to_owned()), &[]),
        user("guest_fabrikam.com#EXT#@contoso.com", on.clone(), &[]),
        user("hid\u{200b}den@contoso.com", on.clone(), &[]),
        user("callappservice@contoso.com", on, &[]),
    ];
    let mut live = live_tenant(users);
    live.sees.retain(|field| !field.name().starts_with("device"));
    live.coverage = Coverage::Suspect("the service counts 12 users and sent 11".to_owned());
    TenantSnapshot {
        tenant,
        at: "2026-07-04T08:15:30Z".parse().unwrap(),
        reader: "connecttoteams".into(),
        inventory: None,
        live: Ok(Arc::new(live)),
    }
}

#[test]
fn what_a_manifest_cannot_say_stands_as_a_comment() {
    let imported =
        import(&[odd()], &Choice { users_per_file: 500, split_by: None, everybody: false });
    assert_eq!((imported.users, imported.left_out, imported.passed_over), (6, 3, 1));
    let text = imported
        .files
        .iter()
        .map(|file| format!("==> {}\n{}\n", file.path, file.text))
        .collect::<Vec<_>>();
    let text = text.concat();
    assert!(text.contains("\n# Imported from live state of 2026-07-04 08:15:30 UTC, "), "{text}");
    snapshot!(text);
}

#[test]
fn imported_files_can_be_checked_out_everywhere() {
    let mut shot = odd();
    shot.tenant.name = TenantName::parse("aux").unwrap();
    let live = Arc::get_mut(shot.live.as_mut().unwrap()).unwrap();
    for (user, tag) in
        live.users.values_mut().zip(["LPT1", "Con", "con.de", "nul", "com\u{b9}", "aux-2", "Aux 2"])
    {
        user.details.insert(Field::UserTag, ObservedValue::Set(Value::Text(tag.into())));
    }
    let choice = Choice {
        users_per_file: 500,
        split_by: Some(SplitBy::Field(Field::UserTag)),
        everybody: true,
    };
    let imported = import(&[shot], &choice);
    let paths: Vec<&str> = imported.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.iter().all(|path| path.starts_with("aux-1/")), "{paths:?}");
    for path in &paths {
        let stem = path.trim_start_matches("aux-1/").split('.').next().unwrap();
        assert!(!["con", "aux", "nul", "lpt1", "com1"].contains(&stem), "{paths:?}");
    }
    let lower: BTreeSet<String> = paths.iter().map(|path| path.to_lowercase()).collect();
    assert_eq!(lower.len(), paths.len(), "{paths:?}");
    assert!(
        imported
            .files
            .iter()
            .all(|file| file.text.contains("name: aux") || file.text.contains("tenant: aux"))
    );
}
