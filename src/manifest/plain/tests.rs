//! Files read plainly and fully: the same drafts, the same problems, the same lines.

use proptest::prelude::*;

use super::read;
use crate::{
    manifest::{ManifestFile, draft::FileRead, read as file},
    yaml::plain::tests::{edited, texts},
};

/// All that was read, whichever way; the lines of those documents whose users count.
fn told(mut read: FileRead) -> String {
    let lines = std::mem::take(&mut read.lines);
    let of_sets = read.sets.iter().map(|set| lines.get(set.at.document).cloned());
    let of_sets: Vec<_> = of_sets.map(Option::unwrap_or_default).collect();
    format!("{read:#?}\n{of_sets:#?}\n")
}

/// How many users the plain reader reads of a text, after it was held against the full one.
fn compare(text: &str) -> usize {
    let manifest = ManifestFile::new("a.yaml", text);
    let plain = told(file::read(&manifest));
    let full = told(file::read_by(&manifest, FileRead::all_documents_fully));
    assert!(
        plain == full,
        "{text}\n{}",
        similar::TextDiff::from_lines(&full, &plain).unified_diff()
    );
    users_of(text)
}

/// How many users the plain reader reads of a text.
fn users_of(text: &str) -> usize {
    let users = read(text).map(|plain| plain.users).unwrap_or_default();
    users.values().map(|users| users.entries.len()).sum()
}

#[test]
fn both_readers_read_the_same_of_our_manifests() {
    let read = texts("manifests").iter().map(|text| compare(text)).sum::<usize>();
    assert!(read > 50, "{read} users are plain");
}

#[test]
fn both_readers_tell_the_same_mistakes() {
    let read = texts("tests/it/mistakes").iter().map(|text| compare(text)).sum::<usize>();
    assert!(read > 20, "{read} users are plain");
}

#[test]
fn names_of_the_world_are_plain() {
    let users =
        ["阿黛尔@contoso.com", "ÄDELE@contoso.com", "мария@contoso.com", "o'neil@contoso.com"];
    let lines = users.map(|user| format!("  - userPrincipalName: {user}\n    calling: enabled\n"));
    let text = format!(
        "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: a, tenant: t }}\nspec:\n  \
            users:\n{}    site: Zürich\n    userTag: \"東京 3\"\n",
        lines.concat()
    );
    assert_eq!(compare(&text), users.len());
}

/// Documents with everything that users have, in the ways that people write it.
const TEXT: &str = "# people
apiVersion: dialplane/v1
kind: Tenant
metadata: { name: t }
spec:
  tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd
  mode: enforce
  prune: never
  protect:
    - a@b.example
  windows: { zone: Europe/Berlin, weekly: [{ days: [mon], from: \"22:00\", to: \"23:00\" }] }
---
apiVersion: dialplane/v1
kind: UserSet
metadata:
  name: all
  tenant: t
spec:
  defaults: { site: London, useTeamsVoicemail: true }
  users:
    - userPrincipalName: a@b.example
      calling: enabled
      phoneNumber: \"+14255550100\"
      callPolicy: { name: International, callerId: 'x y' }
      userTag: Anna O'Neil 3
    - userPrincipalName: \"É.B@b.example\" # so
      calling: disabled
      reason: gone since May
      sbcGatewayId: 805
      phoneNumber: none

    - userPrincipalName: c@b.example
      callPolicy:
        name: National
      calling: enabled
      site: Zürich
---
apiVersion: dialplane/v1
kind: Approval
metadata: { name: a, tenant: t }
spec:
  plan: 9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f
  gates: [limits]
  max: 3
  reason: a b
  expires: 2026-12-01
";

#[test]
fn what_people_write_is_plain() {
    assert_eq!(compare(TEXT), 3);
    assert_eq!(compare(&TEXT.replace('\n', "\r\n")), 3);
    assert!(read(TEXT).is_some_and(|plain| plain.rest.is_none()));
}

#[test]
fn users_with_mistakes_are_kept_as_values_and_the_others_are_read() {
    let mistakes = [
        "{ userPrincipalName: d@b.example }",
        "{ calling: enabled }",
        "{ userPrincipalName: d@b.example, calling: on }",
        "{ userPrincipalName: d, calling: off, phoneNumber: 14255550100, sites: x }",
        "{}",
        "[]",
        "d@b.example",
        "805",
        "{ userPrincipalName: d@b.example, calling: enabled, callPolicy: { name: 1, nam: 2 } }",
    ];
    for wrong in mistakes {
        let next = "    - userPrincipalName: \"É";
        let text = TEXT.replace(next, &format!("    - {wrong}\n{next}"));
        assert_eq!(compare(&text), 4, "{wrong}");
        assert!(read(&text).is_some_and(|plain| plain.rest.is_none()), "{wrong}");
    }
    let list = mistakes.join(", ").replace("d@b.example", "'d@b.example'");
    let flow = format!("spec: {{ users: [{list}] }}\n");
    let head = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: all, tenant: t }\n";
    assert_eq!(compare(&format!("{head}{flow}")), mistakes.len());
    let missing = "  - userPrincipalName: d@b.example\n    phoneNumber: +14255550100\n";
    assert_eq!(compare(&format!("{head}spec:\n  users:\n{}", missing.repeat(3))), 3);
}

#[test]
fn of_many_mistakes_both_readers_tell_the_same() {
    let head = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: all, tenant: t }\n";
    for (line, read) in [("{ userPrincipalName: a@b.example }", 1001), ("{ u: 1 }", 1001)] {
        let text = format!("{head}spec:\n  users:\n{}", format!("    - {line}\n").repeat(1_500));
        assert_eq!(users_of(&text), read);
        let manifest = ManifestFile::new("a.yaml", &text);
        let plain = file::read(&manifest);
        let full = file::read_by(&manifest, FileRead::all_documents_fully);
        assert_eq!(format!("{:#?}", plain.problems), format!("{:#?}", full.problems));
        assert_eq!(plain.sets[0].users.len(), full.sets[0].users.len());
    }
}

#[test]
fn letters_before_a_mistake_do_not_move_it() {
    let text = TEXT.replace("Zürich", "東京東京東京");
    for wrong in ["b: [\n", "b: \"x\n", "a: 1\na: 2\n", "b: c: d\n", "kind: Approval\nspec: é\n"] {
        assert_eq!(compare(&format!("{text}---\n{wrong}")), 3, "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_read_the_same_of_an_edited_manifest(seed in any::<u64>()) {
        compare(&edited(TEXT, seed));
    }
}
