//! What reads text of others, over the public suites, our own files and damaged pieces of them: the
//! same targets that a fuzzer calls (`tests/fuzz`).

use std::{fs, path::Path, sync::LazyLock};

use proptest::{collection::vec, prelude::*, sample::Index};

#[path = "../fuzz/targets.rs"]
mod targets;

use targets::ALL;

/// Texts of kinds that no file here has.
const WRITTEN: [&str; 5] = [
    "\"UserPrincipalName\",\"LineUri\",\"EnterpriseVoiceEnabled\"\n\"a@b.example\",\
        \"tel:+4930123450;ext=12\",\"True\"\n",
    "TeamsUserID;PhoneNumber;SIPAuthenticationID;Password\r\na@b.example;+49 30 1;x;y\r\n",
    "tel:+4930123450",
    "TeamsUserID,PhoneNumber,Use Teams Voicemail\nuser1@contoso.com,+14255551001,true\n",
    "{\n\"version\": 2,\n\"kind\": \"Snapshot\",\n\"tenants\": [\n{\"name\":\"contoso\",\
        \"id\":\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\",\"observedAt\":\"2024-11-27T01:28:15Z\",\
        \"reader\":\"connecttoteams\",\"live\":{\"consent\":{\"flag\":true,\"listed\":true},\
        \"coverage\":\"complete\",\"sees\":[\"phoneNumber\",\"userTag\"],\"users\":[\n  \
        {\"userPrincipalName\":\"user1@contoso.com\",\"calling\":\"enabled\",\
        \"details\":{\"phoneNumber\":\"+14255551001\",\"userTag\":null}}]}}\n]\n}\n",
];

/// Folders with files to begin from.
const FOLDERS: [&str; 4] = ["manifests", "examples", "tests/it/suites/yaml", "tests/it/snapshots"];

/// Texts to begin from.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut seeds: Vec<Vec<u8>> = WRITTEN.iter().map(|text| text.as_bytes().to_vec()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in FOLDERS {
        add(&root.join(folder), &mut seeds);
    }
    assert!(seeds.len() > 400, "{}", seeds.len());
    seeds
});

/// The files below a folder that are small enough to be tried often.
fn add(folder: &Path, seeds: &mut Vec<Vec<u8>>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            add(&path, seeds);
        } else if path.metadata().unwrap().len() < 4_000 {
            seeds.push(fs::read(path).unwrap());
        }
    }
}

/// What readers understand differently, or not at all.
const PIECES: [&str; 24] = [
    "\u{feff}",
    "\u{2028}",
    "\u{202e}",
    "\u{a0}",
    "\u{85}",
    "\r",
    "\t",
    "\0",
    "\u{1b}[2K",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "? ",
    "- ",
    "\"",
    "'",
    "#",
    "|\n",
    "{",
    "::error::",
    "```",
];

#[derive(Debug, Clone)]
enum Edit {
    Insert(Index, &'static str),
    Replace(Index, u8),
    Cut(Index, usize),
    /// A part stands again somewhere else.
    Copy(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let piece = prop::sample::select(&PIECES[..]);
    prop_oneof![
        3 => (any::<Index>(), piece).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        1 => (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Edit::Cut(at, count)),
        1 => (any::<Index>(), any::<Index>(), 1..200_usize)
            .prop_map(|(from, to, count)| Edit::Copy(from, to, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let length = bytes.len();
    match edit {
        Edit::Insert(at, piece) => {
            let at = at.index(length + 1);
            bytes.splice(at..at, piece.bytes());
        }
        Edit::Replace(..) | Edit::Cut(..) | Edit::Copy(..) if length == 0 => {}
        Edit::Replace(at, byte) => bytes[at.index(length)] = *byte,
        Edit::Cut(at, count) => {
            let at = at.index(length);
            bytes.drain(at..length.min(at + count));
        }
        Edit::Copy(from, to, count) => {
            let from = from.index(length);
            let part = bytes[from..length.min(from + count)].to_vec();
            let to = to.index(length);
            bytes.splice(to..to, part);
        }
    }
}

/// How many damaged texts are tried. Half of them begin as a text of no file.
fn cases() -> u32 {
    std::env::var("FOREIGN_TEXTS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

#[test]
fn every_reader_ends_well_on_the_files_that_there_are() {
    for seed in SEEDS.iter() {
        for (_, target) in ALL {
            target(seed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_reader_ends_well_on_damaged_files(
        seed in any::<Index>(),
        is_written in any::<bool>(),
        edits in vec(edit(), 1..6),
    ) {
        let seeds = if is_written { &SEEDS[..WRITTEN.len()] } else { &SEEDS };
        let mut bytes = seed.get(seeds).clone();
        for edit in &edits {
            apply(&mut bytes, edit);
        }
        for (_, target) in ALL {
            target(&bytes);
        }
    }
}

#[test]
fn each_target_can_be_fuzzed() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program = fs::read_to_string(fuzz.join(format!("bin/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("targets::{name}(bytes)")), "{program}");
    }
    assert_eq!(fs::read_dir(fuzz.join("bin")).unwrap().count(), ALL.len());
}
