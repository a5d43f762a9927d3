//! Manifests: how people split and order them does not matter, and no text does harm.

use std::{collections::BTreeSet, sync::Arc};

use dialplane::{
    manifest::{LoadedManifests, ManifestFile, load},
    model::{Desired, DesiredTenant, DesiredUser, Origin},
    yaml::{self, Diagnostic, Path, TextPlace, render},
};
use proptest::prelude::*;

/// A fleet before it is written down: for each tenant its own lines, and users by set.
#[derive(Debug, Clone)]
struct Fleet {
    tenants: Vec<(String, Vec<Vec<String>>)>,
}

/// One user's lines. Names and numbers are made from the place in the fleet, so that nothing stands
/// twice.
fn user(tenant: usize, number: usize, choice: u8) -> String {
    let mut text = format!("    - userPrincipalName: U{number}.É@t{tenant}.example.com\n");
    text.push_str(if choice & 1 == 0 {
        "      calling: enabled\n"
    } else {
        "      calling: disabled\n"
    });
    match choice >> 1 & 3 {
        0 => text.push_str(&format!("      phoneNumber: \"+1425{tenant:03}{number:04}\"\n")),
        1 => text.push_str("      phoneNumber: none\n"),
        2 => text.push_str(&format!("      phoneNumber: '{}'\n", 1000 + number)),
        _ => {}
    }
    if choice & 8 != 0 {
        text.push_str("      useTeamsVoicemail: false # not here\n");
    }
    if choice & 16 != 0 {
        text.push_str("      callPolicy: { name: \"Ünion: 1\", callerId: x }\n");
    }
    if choice & 32 != 0 {
        text.push_str("      userTag: >-\n        some\n        words\n");
    }
    text
}

fn fleet() -> impl Strategy<Value = Fleet> {
    let users = prop::collection::vec(any::<u8>(), 0..6);
    let sets = prop::collection::vec(users, 0..4);
    let tenant = (any::<u8>(), sets);
    prop::collection::vec(tenant, 1..4).prop_map(|tenants| {
        let written = tenants.into_iter().enumerate().map(|(index, (choice, sets))| {
            let mode = ["enforce", "report", "suspend"][usize::from(choice) % 3];
            let prune = if choice & 4 == 0 { "never" } else { "disable" };
            let live =
                if choice & (8 | 4) == 8 { "graph" } else { "connecttoteams\n  confirm: graph" };
            let mut text = format!(
                "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
                    {{ name: t{index} }}\nspec:\n  tenantId: \
                    87D349ED-44d7-43e1-9a83-5f2406dee5{index:02x}\n  mode: {mode}\n  prune: \
                    {prune}\n  live: {live}\n  numbers: {{ extensionPrefix: \"+1\" }}\n"
            );
            if choice & 8 != 0 {
                text.push_str("  defaults:\n    sbcGatewayId: 805\n    useTeamsVoicemail: true\n");
            }
            if choice & 16 != 0 {
                text.push_str(
                    "  limits: { disable: { percent: 5 } }\n  protect: [reception@example.com]\n",
                );
            }
            let mut number = 0;
            let sets = sets.into_iter().map(|users| {
                users
                    .into_iter()
                    .map(|choice| {
                        number += 1;
                        user(index, number, choice)
                    })
                    .collect()
            });
            (text, sets.collect())
        });
        Fleet { tenants: written.collect() }
    })
}

/// The documents, users dealt to sets and in the order that `dice` says.
fn documents(fleet: &Fleet, dice: &[u16]) -> Vec<String> {
    let mut dice = dice.iter().copied().map(usize::from).cycle();
    let mut roll = move |sides: usize| dice.next().unwrap_or(0) % sides.max(1);
    let mut documents = Vec::new();
    for (index, (tenant, sets)) in fleet.tenants.iter().enumerate() {
        documents.push(tenant.clone());
        // Set defaults stay with the users of that set, so only whole sets may be cut, never mixed.
        for (set, users) in sets.iter().enumerate() {
            let defaults = if set == 0 { "  defaults: { deviceType: phone }\n" } else { "" };
            let mut parts = vec![Vec::new(); 1 + roll(3)];
            for user in users {
                let part = roll(parts.len());
                let at = roll(parts[part].len() + 1);
                parts[part].insert(at, user.as_str());
            }
            for (part, users) in parts.into_iter().enumerate() {
                let users = if users.is_empty() {
                    "  users: []\n".to_owned()
                } else {
                    format!("  users:\n{}", users.concat())
                };
                documents.push(format!(
                    "kind: UserSet\napiVersion: dialplane/v1\nmetadata: \
                        {{ tenant: t{index}, name: s{set}-{part} }}\nspec:\n{defaults}{users}"
                ));
            }
        }
    }
    for index in (1..documents.len()).rev() {
        documents.swap(index, roll(index + 1));
    }
    documents
}

/// The documents in `count` files.
fn files(documents: &[String], count: usize, dice: &[u16]) -> Vec<ManifestFile> {
    let mut texts = vec![String::new(); count];
    for (document, die) in documents.iter().zip(dice.iter().cycle()) {
        let text = &mut texts[usize::from(*die) % count];
        text.push_str(if die & 256 == 0 { "---\n" } else { "# a line\n---\n" });
        text.push_str(document);
    }
    let mut files: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| ManifestFile::new(&format!("{index}.yaml"), text))
        .collect();
    let turn = dice.first().map_or(0, |die| usize::from(*die) % count);
    files.rotate_left(turn);
    files
}

/// The same without saying where it stands.
fn nowhere(desired: &Desired) -> Desired {
    let origin = Origin { file: "".into(), line: None };
    let user = |user: &DesiredUser| DesiredUser { origin: origin.clone(), ..user.clone() };
    let tenant = |tenant: &DesiredTenant| DesiredTenant {
        users: tenant.users.values().map(user).collect(),
        origin: origin.clone(),
        ..tenant.clone()
    };
    Desired {
        tenants: desired
            .tenants
            .iter()
            .map(|(name, it)| (name.clone(), Arc::new(tenant(it))))
            .collect(),
    }
}

/// Every user's line holds the user.
fn lines_are_right(loaded: &LoadedManifests, files: &[ManifestFile]) -> Result<(), TestCaseError> {
    for user in loaded.desired.tenants.values().flat_map(|tenant| tenant.users.values()) {
        let file = files.iter().find(|file| file.path == user.origin.file).unwrap();
        let line = user
            .origin
            .line
            .and_then(|line| file.at_hand().unwrap().lines().nth(line as usize - 1));
        prop_assert!(
            line.is_some_and(|line| line.contains(user.upn.as_str())),
            "{} is not in {line:?}",
            user.origin
        );
    }
    Ok(())
}

fn place_is_sound(text: &str, place: &TextPlace, what: &str) -> Result<(), TestCaseError> {
    let TextPlace { line, column, bytes } = place;
    prop_assert!(text.get(bytes.clone()).is_some(), "{what}: {bytes:?} of {}", text.len());
    let before = &text[..bytes.start];
    let unix = before.replace("\r\n", "\n").replace('\r', "\n");
    // A break that is cut in two counts as one.
    prop_assert!(
        !(before.ends_with('\r') && text[bytes.start..].starts_with('\n')),
        "{what}: inside a line break"
    );
    let here = unix.rsplit('\n').next().unwrap_or("");
    prop_assert_eq!(
        (*line, *column),
        (unix.matches('\n').count() + 1, here.chars().count() + 1),
        "{}",
        what
    );
    Ok(())
}

fn diagnostic_is_sound(diagnostic: &Diagnostic) -> Result<(), TestCaseError> {
    let Diagnostic { message, place, labels, text, .. } = diagnostic;
    if let Some(place) = place {
        place_is_sound(text, place, message)?;
    }
    for label in labels {
        place_is_sound(&label.text, &label.place, &label.message)?;
    }
    prop_assert!(!message.is_empty() && !render(diagnostic).is_empty());
    Ok(())
}

/// A change of a text, by places between 0 and 65535 of its length.
#[derive(Debug, Clone)]
enum Edit {
    Delete(u16, u8),
    Insert(u16, String),
    Double(u16, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let tokens = prop_oneof![
        4 => prop::sample::select(vec![
            " ", "\n", "\t", ":", ": ", "- ", "-", "'", "\"", "[", "]", "{", "}", "#", "&a ", "*a", "!x ", "!!str ", "|\n", ">", "%", "@", "`",
            "? ", "<<: ", ",", "---\n", "...\n", "~", "null", "0", "\u{feff}", "\r", "\r\n", "é", "\u{85}", "\u{2028}", "𝄞", "\0", "\u{7f}", "\\",
            "users:\n", "spec: ", "name: t0", "kind: Tenant\n", "+", "none",
        ])
        .prop_map(str::to_owned),
        1 => "\\PC{1,4}",
    ];
    prop_oneof![
        (any::<u16>(), 1..12_u8).prop_map(|(at, count)| Edit::Delete(at, count)),
        (any::<u16>(), tokens).prop_map(|(at, text)| Edit::Insert(at, text)),
        (any::<u16>(), 1..80_u8).prop_map(|(at, count)| Edit::Double(at, count)),
    ]
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for edit in edits {
        let (Edit::Delete(at, _) | Edit::Insert(at, _) | Edit::Double(at, _)) = edit;
        let at = usize::from(*at) * characters.len() / 65536;
        let until = |count: u8| (at + usize::from(count)).min(characters.len());
        match edit {
            Edit::Delete(_, count) => drop(characters.drain(at..until(*count))),
            Edit::Insert(_, text) => drop(characters.splice(at..at, text.chars())),
            Edit::Double(_, count) => {
                let again = characters[at..until(*count)].to_vec();
                drop(characters.splice(at..at, again));
            }
        }
    }
    characters.into_iter().collect()
}

fn text_is_harmless(text: &str) -> Result<(), TestCaseError> {
    let loaded = load(&[ManifestFile::new("a.yaml", text)]);
    for diagnostic in &loaded.diagnostics {
        diagnostic_is_sound(diagnostic)?;
    }
    for name in loaded.broken.keys() {
        prop_assert!(!loaded.desired.tenants.contains_key(name), "{name} is broken and used");
    }
    prop_assert_eq!(
        loaded.diagnostics.is_empty(),
        loaded.broken.is_empty() && loaded.unclear.is_empty()
    );
    for tenant in loaded.desired.tenants.values() {
        prop_assert_eq!(tenant.incomplete.is_some(), !loaded.unclear.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_a_fleet_is_split_does_not_matter(
        fleet in fleet(),
        one in prop::collection::vec(any::<u16>(), 1..40),
        two in prop::collection::vec(any::<u16>(), 1..40),
        count in 1..5_usize,
    ) {
        let all = files(&documents(&fleet, &[0]), 1, &[0]);
        let plain = load(&all);
        prop_assert!(plain.diagnostics.is_empty(), "{}", plain.diagnostics.iter().map(render).collect::<String>());
        prop_assert_eq!(plain.desired.tenants.len(), fleet.tenants.len());
        // The second look finds every document that the first one read.
        let text = all[0].at_hand().unwrap();
        let roots: BTreeSet<Path> = (0..yaml::documents(text).unwrap().len()).map(Path::root).collect();
        let places = yaml::locate(text, &roots);
        prop_assert!(roots.iter().all(|root| places.get(root, yaml::At::Value).is_some()));
        lines_are_right(&plain, &all)?;
        let split = files(&documents(&fleet, &one), count, &two);
        let loaded = load(&split);
        prop_assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.iter().map(render).collect::<String>());
        prop_assert_eq!(nowhere(&plain.desired), nowhere(&loaded.desired));
        lines_are_right(&loaded, &split)?;
    }

    #[test]
    fn a_damaged_manifest_does_no_harm(
        fleet in fleet(),
        dice in prop::collection::vec(any::<u16>(), 1..20),
        edits in prop::collection::vec(edit(), 1..4),
        windows in any::<bool>(),
    ) {
        let files = files(&documents(&fleet, &dice), 1, &[0]);
        let text = files[0].at_hand().unwrap();
        let text = if windows { text.replace('\n', "\r\n") } else { text.to_string() };
        text_is_harmless(&edited(&text, &edits))?;
    }

    #[test]
    fn any_text_is_harmless(text in prop_oneof!["\\PC{0,60}", "[\\[\\]{}:,\\-?&*!|>'\"%@` \
        \\n\\r\\ta-c0#~<\u{feff}é]{0,60}"]) {
        text_is_harmless(&text)?;
    }

    #[test]
    fn a_mistake_in_one_tenant_leaves_the_others(fleet in fleet(), dice in prop::collection::vec(any::<u16>(), 1..20), which in any::<prop::sample::Index>()) {
        let mut documents = documents(&fleet, &dice);
        let whole = load(&files(&documents, 1, &[0]));
        let at = which.index(documents.len());
        documents[at].push_str("  surprise: 1\n");
        let damaged = load(&files(&documents, 1, &[0]));
        prop_assert_eq!(damaged.diagnostics.len(), 1);
        prop_assert_eq!(damaged.broken.len(), 1);
        let mut expected = nowhere(&whole.desired);
        expected.tenants.retain(|name, _| !damaged.broken.contains_key(name));
        prop_assert_eq!(nowhere(&damaged.desired), expected);
    }
}
