//! What each reader of text from others holds for any bytes: it ends, it refuses at a place, what it
//! tells acts nowhere, and what it takes says what other readers see in it.
//!
//! One function a reader. A fuzzer calls them (`bin/`), and the test room `fuzzed` over the public
//! suites and pieces of them. Shares no rules with the readers.

use std::{collections::BTreeSet, sync::Arc};

use dialplane::{
    config, foreign,
    import::{
        Choice, import,
        lists::{self, Format, ListInput},
    },
    manifest::{self, ManifestFile},
    model::{Calling, DesiredUser, PhoneNumber, TenantId, TenantName, TenantRef},
    snapshot::{Sheet, Snapshot, TenantSnapshot},
    yaml::{self, Diagnostic, TextPlace},
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_yaml::Value;

/// A target: its name, and what it does with bytes.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const ALL: [Target; 7] = [
    ("manifest", manifest),
    ("settings", settings),
    ("snapshot", snapshot),
    ("sheet", sheet),
    ("list", list),
    ("number", number),
    ("shown", shown),
];

/// What no output may hold: what moves a cursor, hides text or turns it round.
fn acts(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

fn harmless(what: &str, text: &str) {
    assert!(!text.contains(acts), "{what} acts: {text:?}");
}

/// A message with its colours taken off.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('m').expect("a colour ends");
        assert!(part[..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        plain += &part[end + 1..];
    }
    plain
}

/// Problems can be shown, and point into the text that they are of.
fn told(problems: &[Diagnostic]) {
    for problem in problems {
        harmless("a problem", &uncoloured(&yaml::render(problem)));
        assert!(!problem.message.is_empty(), "{problem:?}");
        let own = problem.place.iter().map(|place| (&*problem.text, place));
        let others = problem.labels.iter().map(|label| (&*label.text, &label.place));
        for (text, place) in own.chain(others) {
            is_there(text, place);
        }
    }
}

/// A place is one of the text, whose lines end as on any system.
fn is_there(text: &str, place: &TextPlace) {
    assert!(text.get(place.bytes.clone()).is_some(), "{place:?} of {text:?}");
    let before = text[..place.bytes.start].replace("\r\n", "\n").replace('\r', "\n");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    assert_eq!((place.line, place.column), (line, column), "{place:?} of {text:?}");
}

/// A file of manifests: what is taken names the users that a reader of plain YAML sees in it, with
/// the calling that it sees.
pub(crate) fn manifest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let loaded = manifest::load(&[ManifestFile::new("a.yaml", &text)]);
    told(&loaded.diagnostics);
    told(&loaded.warnings);
    if !loaded.diagnostics.is_empty() {
        return;
    }
    let ours: BTreeSet<(String, String, Calling)> = loaded
        .desired
        .tenants
        .values()
        .flat_map(|tenant| {
            let of = |user: &DesiredUser| {
                (tenant.name.to_string(), user.upn.key().to_owned(), user.calling)
            };
            tenant.users.values().map(of).collect::<Vec<_>>()
        })
        .collect();
    match plainly(&text) {
        Some(theirs) => assert_eq!(ours, theirs, "{text}"),
        // Directives alone are no document, and a mark may stand before each document of ours.
        None => assert!(ours.is_empty() || text.contains('\u{feff}'), "{text}"),
    }
}

/// Tenant, user and calling of each entry of each set, as a reader of YAML sees them; nothing if it
/// sees no YAML.
fn plainly(text: &str) -> Option<BTreeSet<(String, String, Calling)>> {
    let mut seen = BTreeSet::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let document = Value::deserialize(document).ok()?;
        let tenant = document["metadata"]["tenant"].as_str().unwrap_or_default();
        let users = document["spec"]["users"].as_sequence();
        for user in users.into_iter().flatten() {
            let name = user["userPrincipalName"].as_str().expect("it was taken");
            let calling = match user["calling"].as_str() {
                Some("enabled") => Calling::Enabled,
                Some("disabled") => Calling::Disabled,
                other => panic!("{other:?} was taken"),
            };
            seen.insert((tenant.to_owned(), name.to_lowercase(), calling));
        }
    }
    Some(seen)
}

/// The configuration.
pub(crate) fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = config::parse("dialplane.yaml", &text, std::iter::empty()) {
        told(&error.diagnostics);
        harmless("an error", &error.to_string());
    }
}

/// Live state that was kept: written and read again it is the same.
pub(crate) fn snapshot(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut first = Snapshot::new("live.json");
    if let Err(problems) = first.add_json("live.json", &text) {
        return told(&problems);
    }
    let written = first.json();
    let mut second = Snapshot::new("live.json");
    second.add_json("live.json", &written).expect("what was written is read");
    assert_eq!(first, second, "{written}");
}

/// A list of the portal.
pub(crate) fn sheet(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = Snapshot::new("contoso.csv");
    let read = kept.add_sheet("contoso.csv", &text, tenant().name, moment(), &Sheet::default());
    if let Err(problems) = read {
        told(&problems);
    }
}

/// Lists that people have: what is taken becomes manifests that are right, and name the same users
/// with the same numbers.
pub(crate) fn list(bytes: &[u8]) {
    for format in Format::ALL {
        let calling = Some(Calling::Enabled);
        let file = "list.csv";
        let asked = ListInput { format, file, prefix: None, country: None, calling, named: None };
        let (live, report) = match lists::read(bytes, &asked) {
            Ok(read) => read,
            Err(refused) => {
                harmless("a refusal", &format!("{} {}", refused.why, refused.hint));
                continue;
            }
        };
        harmless("a report", &report.page());
        let live = Ok(Arc::new(live));
        let of = tenant();
        let reader = Arc::from(format.name());
        let shot = TenantSnapshot { tenant: of, at: moment(), reader, inventory: None, live };
        let choice = Choice { users_per_file: 100, split_by: None, everybody: true };
        let made = import(std::slice::from_ref(&shot), &choice);
        let file = |file: &dialplane::import::File| ManifestFile::new(&file.path, &file.text);
        let loaded = manifest::load(&made.files.iter().map(file).collect::<Vec<_>>());
        assert!(loaded.diagnostics.is_empty(), "{:?} {:#?}", loaded.diagnostics, made.files);
        let live = shot.live.expect("it was read");
        for user in loaded.desired.tenants.values().flat_map(|tenant| tenant.users.values()) {
            let seen = live.users.get(&user.upn).expect("nobody is made up");
            assert_eq!(Some(user.calling), seen.calling.known(), "{user:?}");
        }
    }
}

/// A number, as a person writes it and as a service shows it: understood, it stays the same.
pub(crate) fn number(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(written) = PhoneNumber::parse(&text, None) {
        let again = PhoneNumber::parse(written.as_str(), None).expect("it was understood");
        assert_eq!(again.normal(), written.normal(), "{text:?}");
    }
    if let Some(seen) = PhoneNumber::observed(&text, None) {
        let normal = seen.normal();
        let again = PhoneNumber::observed(normal, None).expect("it was understood");
        assert_eq!(again.normal(), normal, "{text:?}");
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        // Digits of other scripts are none of ours.
        assert!(digits(&text) == digits(normal) || !text.is_ascii(), "{text:?}: {normal}");
    }
}

/// Text from outside, at each place where it is shown.
pub(crate) fn shown(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = foreign::line(&text);
    harmless("a line", &line);
    assert!(!line.contains('\n'), "{line:?}");
    for inline in [foreign::markdown(&text), foreign::cell(&text), foreign::quoted(&text)] {
        harmless("words", &inline);
        assert!(!inline.contains('\n'), "{inline:?}");
    }
    let fenced = foreign::fenced("diff", &foreign::source(&text));
    harmless("a block", &fenced);
    let fence: String = fenced.chars().take_while(|c| *c == '`').collect();
    let ends = fenced.lines().skip(1).filter(|line| line.trim_end() == fence);
    assert_eq!(ends.count(), 1, "{fenced}");
    let command = foreign::annotation("error", &[("file", &text)], &text);
    assert_eq!(command.trim_end().lines().count(), 1, "{command:?}");
    assert!(command.starts_with("::error file="), "{command:?}");
    let json = foreign::json(&serde_json::to_string(&text).expect("a text"));
    harmless("JSON", &json);
    assert_eq!(serde_json::from_str::<String>(&json).expect("still JSON"), text);
}

fn tenant() -> TenantRef {
    let name = TenantName::parse("contoso").expect("a name");
    let id = TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").expect("an id");
    TenantRef::new(name, id)
}

fn moment() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a moment")
}
