//! Text from others that is damaged on its way: snapshots, lists of the portal, settings. It is read
//! or refused with a place, and never more is read from it than it says. (Manifests: `manifest`.)
//!
//! These are the functions that a fuzzer would call. They stand here, on stable Rust and in every
//! run, instead of in a crate of their own that needs another compiler; `FOREIGN_TEXTS` sets how
//! many texts each gets.

use dialplane::{
    config,
    model::TenantName,
    snapshot::{Sheet, Snapshot},
    yaml::render,
};
use proptest::prelude::*;

use super::manifest::{diagnostic_is_sound, edit, edited};

fn cases() -> u32 {
    std::env::var("FOREIGN_TEXTS").ok().and_then(|count| count.parse().ok()).unwrap_or(96)
}

fn at() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn snapshot(users: usize) -> String {
    let user = |number: usize| {
        format!(
            "{{\"userPrincipalName\":\"user{number}@contoso.com\",\"calling\":\"enabled\",\
                \"details\":{{\"phoneNumber\":\"+1425555100{number}\",\"userTag\":null}}}}"
        )
    };
    let users: Vec<String> = (0..users).map(user).collect();
    format!(
        "{{\n\"version\": 2,\n\"kind\": \"Snapshot\",\n\"tenants\": [\n{{\"name\":\"contoso\",\
            \"id\":\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\",\"observedAt\":\"2026-11-27T01:28:15Z\",\
            \"reader\":\"connecttoteams\",\"live\":{{\"consent\":{{\"flag\":true,\"listed\":true}},\
            \"coverage\":\"complete\",\"sees\":[\"phoneNumber\",\"userTag\"],\"users\":[\n  {}\n]}}}}\n]\n}}\n",
        users.join(",\n  ")
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_snapshot_is_read_or_refused(
        users in 0..5_usize,
        edits in prop::collection::vec(edit(), 0..4),
    ) {
        let text = edited(&snapshot(users), &edits);
        let mut snapshot = Snapshot::new("a.json");
        match snapshot.add_json("a.json", &text) {
            // What was read says the same when it is written and read again.
            Ok(()) => {
                let written = snapshot.json();
                let mut again = Snapshot::new("a.json");
                prop_assert!(again.add_json("a.json", &written).is_ok(), "{}", written);
                prop_assert_eq!(again, snapshot);
            }
            Err(diagnostics) => {
                prop_assert!(!edits.is_empty(), "{}", diagnostics.iter().map(render).collect::<String>());
                prop_assert!(!diagnostics.is_empty());
                for diagnostic in &diagnostics {
                    diagnostic_is_sound(diagnostic)?;
                }
            }
        }
    }

    #[test]
    fn a_damaged_list_of_the_portal_is_read_or_refused(
        users in 0..5_usize,
        edits in prop::collection::vec(edit(), 0..4),
    ) {
        let rows = (0..users).map(|number| format!("user{number}@contoso.com,+1425555100{number},true\n"));
        let whole = format!("TeamsUserID,PhoneNumber,Use Teams Voicemail\n{}", rows.collect::<String>());
        let text = edited(&whole, &edits);
        let tenant = TenantName::parse("contoso").unwrap();
        let read = Snapshot::new("a.csv").add_sheet("a.csv", &text, tenant, at(), &Sheet::default());
        for diagnostic in read.err().iter().flatten() {
            diagnostic_is_sound(diagnostic)?;
        }
    }

    #[test]
    fn damaged_settings_are_read_or_refused(edits in prop::collection::vec(edit(), 1..4)) {
        let text = edited(include_str!("../../../examples/dialplane.yaml"), &edits);
        if let Err(error) = config::parse("dialplane.yaml", &text, std::iter::empty()) {
            prop_assert!(!error.diagnostics.is_empty());
            for diagnostic in &error.diagnostics {
                diagnostic_is_sound(diagnostic)?;
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\ \\n\\ra-c0-9#~<\u{feff}é;\t]{0,80}") {
        let tenant = TenantName::parse("contoso").unwrap();
        let mut snapshot = Snapshot::new("a");
        let refused = [
            snapshot.add_json("a.json", &text).err(),
            snapshot.add_sheet("a.csv", &text, tenant, at(), &Sheet::default()).err(),
            config::parse("a.yaml", &text, std::iter::empty()).err().map(|error| error.diagnostics),
        ];
        for diagnostic in refused.iter().flatten().flatten() {
            diagnostic_is_sound(diagnostic)?;
        }
    }
}
