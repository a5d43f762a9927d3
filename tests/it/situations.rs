//! Each situation under `examples/` is walked as its README says, with the real binary.

use std::{fs, path::Path};

use crate::{
    folder::folder,
    stage::{Ended, dialplane},
};

/// The folders of situations.
const SITUATIONS: [&str; 5] =
    ["one-customer", "reseller-with-sites", "migration-from-csv", "report-first", "change-windows"];

/// A command of a README, and what it prints as far as that is shown.
#[derive(Debug)]
struct Shown {
    arguments: Vec<String>,
    text: String,
}

/// The commands of the blocks of a README.
fn shown(readme: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ dialplane ") {
                let words = command.split(' ').map(|word| word.trim_matches('\'').to_owned());
                commands.push(Shown { arguments: words.collect(), text: String::new() });
            } else {
                commands.last_mut().unwrap().text += &format!("{line}\n");
            }
        }
    }
    commands
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).min_depth(1) {
        let entry = entry.unwrap();
        let path = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir(path).unwrap();
        } else {
            fs::copy(entry.path(), path).unwrap();
        }
    }
}

/// Runs every command of a situation, and gives back how the last of them ended.
fn walk(situation: &str) -> Ended {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(situation);
    let readme = fs::read_to_string(from.join("README.md")).unwrap();
    let folder = folder();
    copy(&from, folder.path());
    let mut last = None;
    for Shown { arguments, text } in shown(&readme) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = Ended::from(dialplane(folder.path(), &arguments).output().unwrap());
        assert!([0, 2, 3].contains(&ended.code), "{situation}: {arguments:?}: {}", ended.stderr);
        if !text.is_empty() {
            assert_eq!(ended.stdout, text, "examples/{situation}/README.md: {arguments:?}");
        }
        last = Some(ended);
    }
    last.unwrap()
}

#[test]
fn each_situation_is_planned_as_its_page_shows() {
    for situation in SITUATIONS {
        walk(situation);
    }
}

#[test]
fn every_situation_is_walked() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<String> = fs::read_dir(examples)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("README.md").exists())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let mut all = SITUATIONS.map(str::to_owned);
    all.sort();
    assert_eq!(found, all);
}

/// Whatever day it is: who gets calling needs no window, and who loses it or a number waits for one.
#[test]
fn outside_its_window_a_plan_says_when_it_opens() {
    let ended = walk("change-windows");
    assert!(ended.stdout.contains("\n  enable   jo.berry@woodgrovebank.com"), "{}", ended.stdout);
    let held = ended.stdout.matches("[window-closed]").count();
    let waits = ended.stdout.contains("it waits for the change window, which opens ");
    assert_eq!(waits, held > 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("1 to enable"), "{}", ended.stdout);
}
