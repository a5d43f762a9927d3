//! Instructions that reading, checking and planning take for a user: figures that say the same on a
//! busy machine, so that a later change can be held against them. Needs valgrind.
//!
//! `cargo bench --bench instructions` prints them beside those that the guide has.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

mod made;

use std::{
    env,
    hint::black_box,
    io,
    process::{Command, ExitCode},
    sync::Arc,
};

use dialplane::{
    config::Execution,
    manifest::{self, Keeper, LoadedManifests, ManifestFile, Readings},
    model::{Memory, PerHour},
    pass::{self, ObservedTenants},
};
use jiff::Timestamp;
use made::{loose, manifests, observed, shuffle};

const USERS: usize = 10_000;
const TENANTS: usize = 10;
/// The page that has the figures of this commit.
const GUIDE: &str = include_str!("../src/guide/figures.md");

/// What is told, and the two stages between which it lies.
const ROWS: [(&str, [&str; 2]); 6] = [
    ("read and check, plain manifests", ["plain", "plain read"]),
    ("read and check, by the reader of all YAML", ["full", "full read"]),
    ("read and check, a mistake for every other user", ["twice", "twice read"]),
    ("check again, one file of ten saved with a comment", ["plain kept", "plain saved"]),
    ("plan, nothing about numbers", ["plain seen", "plain planned"]),
    ("plan, each number is somebody else's", ["shuffled seen", "shuffled planned"]),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["stage", kind] => stage(kind, ""),
        ["stage", kind, depth] => stage(kind, depth),
        // As `cargo test` starts it: that it builds is all that is asked.
        ["--test", ..] => Ok(()),
        _ => table(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn table() -> io::Result<()> {
    println!("| instructions a user | now | in the guide |\n| --- | --- | --- |");
    for (what, [before, after]) in ROWS {
        let each = counted(after)?.saturating_sub(counted(before)?) / USERS as u64;
        println!("| {what} | {each} | {} |", in_guide(what).unwrap_or("none"));
    }
    Ok(())
}

/// What the guide says of a row.
fn in_guide(what: &str) -> Option<&str> {
    GUIDE.lines().find_map(|line| {
        line.strip_prefix("| ")?.strip_prefix(what)?.strip_prefix(" | ")?.split(" |").next()
    })
}

/// The instructions of a process that goes as far as this stage.
fn counted(stage: &str) -> io::Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    let output = command.arg("stage").args(stage.split(' ')).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let count = told.split("Collected : ").nth(1).and_then(|rest| rest.lines().next());
    count
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("stage `{stage}` was not counted: {told}")))
}

/// Manifests of this kind, and as much done with them as `depth` says.
fn stage(kind: &str, depth: &str) -> io::Result<()> {
    let (before, after) = texts(kind);
    let before = files(&before);
    let after = files(&after);
    match depth {
        "" => drop(black_box((before, after))),
        "read" => drop(black_box(manifest::load(&after))),
        "kept" | "saved" => {
            let mut readings = Readings::default();
            drop(black_box(readings.load(&after)));
            if depth == "saved" {
                drop(black_box(readings.load(&commented(after))));
            }
        }
        "seen" | "planned" => plan(manifest::load(&before), manifest::load(&after), depth),
        _ => return Err(io::Error::other(format!("there is no stage `{depth}`"))),
    }
    Ok(())
}

type Texts = Vec<(String, String)>;

/// What live state is made of, and what is wanted.
fn texts(kind: &str) -> (Texts, Texts) {
    let plain = manifests(USERS, TENANTS);
    let each = |change: fn(&str) -> String| {
        plain.iter().map(|(path, text)| (path.clone(), change(text))).collect::<Texts>()
    };
    match kind {
        "full" => {
            let full = each(folded);
            (plain, full)
        }
        "twice" => {
            let twice = each(twice);
            (plain, twice)
        }
        "shuffled" => {
            let before = loose(USERS);
            let after = shuffle(&before);
            (vec![("all.yaml".to_owned(), before)], vec![("all.yaml".to_owned(), after)])
        }
        _ => (plain.clone(), plain),
    }
}

/// Each user has a text over two lines, which the plain reader leaves to the other one.
fn folded(text: &str) -> String {
    text.replace("      calling:", "      userTag: >-\n        Anna Mueller\n      calling:")
}

/// Every other user has the number of the one before.
fn twice(text: &str) -> String {
    let mut doubled = String::with_capacity(text.len());
    let mut kept = "";
    let mut count = 0;
    for line in text.lines() {
        let is_number = line.contains("phoneNumber:");
        if is_number {
            kept = if count % 2 == 0 { line } else { kept };
            count += 1;
        }
        doubled += if is_number { kept } else { line };
        doubled.push('\n');
    }
    doubled
}

fn files(texts: &Texts) -> Vec<ManifestFile> {
    texts.iter().map(|(path, text)| ManifestFile::new(path, text)).collect()
}

fn commented(mut files: Vec<ManifestFile>) -> Vec<ManifestFile> {
    if let Some(first) = files.first_mut() {
        let text = first.at_hand().map_or("", |text| text);
        *first = ManifestFile::new(&first.path, &format!("{text}# a comment\n"));
    }
    files
}

/// Live state is as `before` says.
fn plan(before: LoadedManifests, after: LoadedManifests, depth: &str) {
    let observed: ObservedTenants = observed(&Keeper::default().take(before));
    let in_force = Keeper::default().take(after);
    if depth == "planned" {
        let per_hour = PerHour { disable: u32::MAX, numbers: u32::MAX, changes: u32::MAX };
        let execution = Execution { per_hour, ..Execution::default() };
        let memory = |_: &_| Arc::<Memory>::default();
        let now = Timestamp::UNIX_EPOCH;
        drop(black_box(pass::decide(&in_force, &observed, memory, now, &execution)));
    }
    black_box((&observed, &in_force));
}
