//! What is written of an entry is read as the same entry.

use super::*;
use crate::model::{Before, ExtensionPrefix, Field, GatewayId, LiveSource, PhoneNumber, Value};

#[test]
fn every_entry_survives_the_file() {
    let us = ExtensionPrefix::parse("+1").unwrap();
    let user = Upn::parse("Adele@Contoso.com").unwrap();
    let details: Details = [
        (Field::PhoneNumber, Value::Phone(PhoneNumber::parse("1000", Some(&us)).unwrap())),
        (Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap())),
        (Field::UseTeamsVoicemail, Value::Flag(true)),
        (Field::UserTag, Value::Text("née".into())),
    ]
    .into_iter()
    .collect();
    let before = [(Field::PhoneNumber, None), (Field::UseTeamsVoicemail, Some(Value::Flag(false)))];
    let origin = Origin { file: "sales.yaml".into(), line: Some(12) };
    let phone = |number| [(Field::PhoneNumber, Value::Phone(number))].into_iter().collect();
    let shown = |text: &str| Event::Intent {
        user: user.clone(),
        verb: Verb::Update,
        details: phone(PhoneNumber::observed(text, Some(&us)).unwrap()),
        before: before.clone().into(),
        origin: Some(origin.clone()),
    };
    let shown =
        ["+11000", "+1 1000", "1000", "14255550100", "tel:+1 425 555 0100;ext=7"].map(shown);
    let lost = StepOutcome::Unknown(Fault::new(FaultKind::NoAnswer, "no answer"));
    let revision = revision();
    let events = [
        Event::Began { steps: 3, revision: None, by: None, part_of: None, plan: String::new() },
        Event::Began {
            steps: 3,
            revision: Some(revision),
            by: Some("ada@desk".to_owned()),
            part_of: Some(PartOf {
                pass: PassId::new("1f0c5e7a93"),
                undoes: Some("pass 03aa11bb22".to_owned()),
            }),
            plan: "enable adele".to_owned(),
        },
        Event::Approved {
            approval: TenantName::parse("autumn").unwrap(),
            plan: Fingerprint::new([7; 32]),
        },
        Event::Intent {
            user: user.clone(),
            verb: Verb::Update,
            details,
            before: Before::new(),
            origin: None,
        },
        Event::Outcome { user: user.clone(), verb: Verb::Disable, outcome: lost },
        Event::Outcome { user: user.clone(), verb: Verb::Enable, outcome: StepOutcome::Accepted },
        Event::Syncing,
        Event::Synced,
        Event::NotSynced { lost: true, unclear: None, reason: "no answer".to_owned() },
        Event::NotSynced { lost: true, unclear: Some(7), reason: "a page".to_owned() },
        Event::NothingSent,
        Event::Accepted,
        Event::Managed(vec![
            Managed {
                user: user.clone(),
                id: UserId::observed("3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
            },
            Managed { user: user.clone(), id: None },
        ]),
        Event::Vanished(vec![user.clone()]),
        Event::Counted { users: 120, by: LiveSource::Graph },
        Event::Suspended {
            by: "ada@desk".to_owned(),
            reason: "the vendor is moving".to_owned(),
            until: Some(Timestamp::UNIX_EPOCH),
        },
        Event::Suspended { by: "ada@desk".to_owned(), reason: "asked".to_owned(), until: None },
        Event::Resumed { by: "ada@desk".to_owned() },
        Event::Decided(vec![user.clone()]),
        Event::Landed(vec![Landing { user, calling: true, fields: vec![Field::CallPolicyName] }]),
    ];
    for event in shown.into_iter().chain(events) {
        let tenant = TenantName::parse("contoso").unwrap();
        let entry = Entry {
            at: Timestamp::UNIX_EPOCH,
            run: RunId::new("r1"),
            tenant,
            tenant_id: TenantId::nil(),
            event,
        };
        let text = serde_json::to_string(&JournalLine::from(&entry)).unwrap();
        let again = serde_json::from_str::<JournalLine>(&text).unwrap().entry().unwrap();
        assert_eq!(again, entry, "{text}");
        let refused_by_older = matches!(
            entry.event,
            Event::Accepted | Event::Suspended { .. } | Event::Resumed { .. }
        );
        let format = if refused_by_older { 2 } else { 1 };
        assert_eq!(version(&text).unwrap(), format, "an older program reads all that it can");
    }
}

#[test]
fn a_line_of_a_newer_format_is_no_damaged_one() {
    let line = |v: u32| format!("{{\"v\":{v},\"event\":\"danced\"}}");
    assert!(
        matches!(read(&line(VERSION + 1)), Err(LineError::Newer(newer)) if newer == VERSION + 1)
    );
    assert!(matches!(read(&line(VERSION)), Err(LineError::Damaged(_))));
}

/// What was written before there were passes: a run is its own pass, and nothing else changes.
#[test]
fn a_run_of_an_older_journal_is_its_own_pass() {
    let line = "{\"v\":1,\"at\":\"2026-07-03T10:00:00Z\",\"run\":\"20260703T100000Z-1-0\",\
        \"tenant\":\"contoso\",\"tenantId\":\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\",\
        \"event\":\"began\",\"steps\":2,\"by\":\"ada@desk\"}";
    let Ok(entry) = read(line) else { panic!("it is not read") };
    assert!(matches!(&entry.event, Event::Began { steps: 2, part_of: None, .. }), "{entry:?}");
    assert_eq!(serde_json::to_string(&JournalLine::from(&entry)).unwrap(), line);
    let run = crate::journal::Run::of(&[entry]).unwrap();
    assert_eq!(run.part_of.pass.as_str(), "20260703T100000Z-1-0");
    assert_eq!((run.part_of.undoes, run.by.as_deref()), (None, Some("ada@desk")));
}

fn revision() -> Revision {
    Revision {
        commit: "c0ffee".to_owned(),
        author: "Ada <ada@example.com>".to_owned(),
        edited: true,
        at: Some(Timestamp::UNIX_EPOCH),
        subject: Some("The fleet".to_owned()),
        signer: Some("ada@example.com (SHA256:abc)".to_owned()),
    }
}
