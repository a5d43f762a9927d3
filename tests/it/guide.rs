//! The guide is true to the code: each citation of the contract names a heading of it, and each file
//! that contributors are sent to is there.

use std::{collections::BTreeSet, fs, path::Path};

use dialplane::{
    api::{connecttoteams::Client, graph},
    config::Endpoints,
};

use crate::stage::{Ended, PROGRAM, child, dialplane};

const CONTRACT: &str = include_str!("../../src/guide/contract.md");

/// `4.3` of `### 4.3 ...`, `4` of `## 4. ...`, and `10 #14` of the fourteenth row of section 10.
fn headings() -> Vec<String> {
    let sections = CONTRACT.lines().filter_map(|line| line.strip_prefix("##")).filter_map(|line| {
        let number = line.trim_start_matches('#').split_whitespace().next()?;
        Some(number.trim_end_matches('.').to_owned())
    });
    let unknown = CONTRACT.split("## 10. Unknown").nth(1).unwrap().split("## 11.").next().unwrap();
    let rows = unknown
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u32>().ok());
    sections.chain(rows.map(|row| format!("10 #{row}"))).collect()
}

/// What follows each `contract ` in a text, as far as it is a number.
fn citations(text: &str) -> Vec<String> {
    let numbered = |rest: &str| {
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let row: String = rest
            .strip_prefix(&format!("{number} #"))?
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Some(format!("{} #{row}", number.trim_end_matches('.')))
    };
    let plain = |rest: &str| {
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        number.trim_end_matches('.').to_owned()
    };
    let cited =
        text.split("contract ").skip(1).map(|rest| numbered(rest).unwrap_or_else(|| plain(rest)));
    cited.filter(|number| !number.is_empty()).collect()
}

#[test]
fn each_citation_of_the_contract_names_a_heading() {
    let headings = headings();
    assert!(headings.len() > 50, "{headings:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cited = 0;
    let mut dangling = Vec::new();
    for folder in ["src", "tests/it", "benches", "examples"] {
        for entry in walkdir::WalkDir::new(root.join(folder)) {
            let entry = entry.unwrap();
            if !entry.path().extension().is_some_and(|extension| {
                ["rs", "md", "yaml"].iter().any(|known| extension == *known)
            }) {
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap();
            for citation in citations(&text) {
                cited += 1;
                if !headings.contains(&citation) {
                    dangling.push(format!("{}: contract {citation}", entry.path().display()));
                }
            }
        }
    }
    assert!(cited > 100, "only {cited} citations found");
    assert!(dangling.is_empty(), "no such heading in src/guide/contract.md: {dangling:#?}");
}

/// The phrases that the page of wording bans: the list behind its sentence about snapshots.
fn banned() -> Vec<&'static str> {
    const WORDING: &str = include_str!("../../src/guide/wording.md");
    let (_, list) = WORDING.split_once("looks through the snapshots for them:\n\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let items = list.lines().filter_map(|line| line.strip_prefix("- "));
    items.flat_map(|item| item.split(", ")).collect()
}

#[test]
fn no_snapshot_has_a_phrase_that_the_page_of_wording_bans() {
    let banned = banned();
    assert!(banned.len() > 10, "{banned:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|of| of != "snap") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let phrases = banned.iter().filter(|phrase| text.contains(**phrase));
        found.extend(phrases.map(|phrase| format!("{}: {phrase}", path.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_citation_of_nothing_is_found() {
    assert_eq!(
        citations("(contract 4.3, contract 10 #14; contract 2.5). A contract with nobody."),
        ["4.3", "10 #14", "2.5"]
    );
    assert!(!headings().contains(&"4.9".to_owned()) && !headings().contains(&"10 #21".to_owned()));
}

/// The files and folders that a text names in backticks: what begins with a folder of the project.
fn named_files(text: &str) -> Vec<&str> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.filter(|span| span.starts_with("src/") || span.starts_with("tests/")).collect()
}

#[test]
fn each_file_that_contributors_are_sent_to_is_there() {
    let text = include_str!("../../.github/CONTRIBUTING.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = named_files(text);
    assert!(named.len() > 50, "{named:?}");
    let gone: Vec<&&str> = named.iter().filter(|file| !root.join(file).exists()).collect();
    assert!(gone.is_empty(), "named in .github/CONTRIBUTING.md and not there: {gone:#?}");
}

#[test]
fn the_program_shows_every_page_and_finds_words_in_them() {
    let folder = crate::folder::folder();
    let run =
        |arguments: &[&str]| Ended::from(dialplane(folder.path(), arguments).output().unwrap());
    let list = run(&["guide"]).stdout;
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let mut pages = 0;
    for entry in fs::read_dir(&guide).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(list.contains(&format!("  {name} ")), "{name} is not in\n{list}");
        assert_eq!(run(&["guide", name]).stdout, fs::read_to_string(&path).unwrap(), "{name}");
        pages += 1;
    }
    assert_eq!(list.lines().filter(|line| line.starts_with("  ")).count(), pages);
    assert!(run(&["guide", "--search", "DIAL TONE"]).stdout.contains("night: "));
    let ended = run(&["guide", "nigth"]);
    assert!(ended.code == 1 && ended.stderr.contains("did you mean `night`?"), "{}", ended.stderr);
    assert_eq!(run(&["guide", "--search", "no page says this"]).code, 1);
    assert!(run(&["guide", "dial tone"]).stderr.contains("dialplane guide --search TEXT"));
}

/// A row of the table of calls in the page about the vendor: the path, and the test that calls it.
fn calls_with_tests() -> Vec<(&'static str, &'static str)> {
    const VENDOR: &str = include_str!("../../src/guide/vendor.md");
    let (_, table) = VENDOR.split_once("## Call by call, with the test that makes it").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let cells = rows.map(|row| row.split('`').collect::<Vec<_>>());
    cells.map(|cells| (cells[1].split_once(' ').unwrap().1, cells[3])).collect()
}

#[test]
fn each_call_that_can_be_made_has_a_test_that_makes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = calls_with_tests();
    let calls = Client::emits(&Endpoints::default()).into_iter().chain(graph::GraphReader::emits());
    let hard_wired =
        ["/enterprise/regenerateAPICredentials", "/valet/configureValetServiceAccount"];
    let paths = calls.map(|(_, path)| path).chain(hard_wired.map(str::to_owned));
    for path in paths {
        let path = path.split('?').next().unwrap();
        assert!(table.iter().any(|(called, _)| *called == path), "no test is named for {path}");
    }
    for (path, test) in table {
        let (room, name) = test.rsplit_once("::").unwrap();
        let file = root.join("tests/it").join(room.replace("::", "/")).with_extension("rs");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("async fn {name}()")), "{test}, for {path}, is not there");
    }
}

/// The commands of a text: of its blocks for a terminal, and those that are code in a sentence.
fn commands(text: &str) -> BTreeSet<String> {
    let terminal = text.lines().filter_map(|line| line.strip_prefix("$ "));
    let terminal = terminal.filter(|line| line.contains("dialplane ")).map(str::to_owned);
    let pieces = text.split('`').skip(1).step_by(2);
    let code = pieces.filter(|piece| piece.starts_with("dialplane "));
    let one_line = |piece: &str| piece.split_whitespace().collect::<Vec<_>>().join(" ");
    code.map(one_line).chain(terminal).collect()
}

/// The words that stand for others in the guide, and what they may stand for.
const STANDS_FOR: [(&str, &str); 11] = [
    ("NAME", "contoso"),
    ("TENANT", "contoso"),
    ("GUID", "87d349ed-44d7-43e1-9a83-5f2406dee5bd"),
    ("SHELL", "bash"),
    ("--since TIME", "--since 02:00"),
    ("FORMAT", "portal"),
    ("--at TIME", "--at 2099-01-01T00:00:00Z"),
    ("--at 2026", "--at 2099"),
    ("FINGERPRINT", "0000000000000000000000000000000000000000000000000000000000000000"),
    ("[", ""),
    ("]", ""),
];

/// Each command of the README and the guide is one that the program takes, with its options.
#[test]
fn every_command_in_the_guide_is_one_that_the_program_takes() {
    let folder = crate::folder::folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.path().join("manifests/contoso")).unwrap();
    let mut all = commands(&fs::read_to_string(root.join("README.md")).unwrap());
    all.extend(dialplane::guide::PAGES.iter().flat_map(|page| commands(page.text)));
    assert!(all.len() > 60, "{all:#?}");
    let mut refused = Vec::new();
    for command in all.iter().filter(|command| !command.contains("dialplane help")) {
        let own = command.split(" | ").next().unwrap().to_owned();
        let meant = STANDS_FOR.iter().fold(own, |it, (word, for_it)| it.replace(word, for_it));
        // A shell reads it as it does for a person; asked for help, the program looks at all that
        // comes before, and does nothing.
        let shell = format!("dialplane() {{ {PROGRAM} \"$@\" --help >&2; }}; {meant}");
        let ended = Ended::from(child("sh", folder.path()).args(["-c", &shell]).output().unwrap());
        if ended.code != 0 {
            refused.push(format!("{command}: {}", ended.stderr));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
