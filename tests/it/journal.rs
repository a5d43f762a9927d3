//! The journal on disk: what survives a crash at any byte, and who may write.

use std::{fmt::Write as _, fs, path::Path};

use dialplane::{
    model::{Before, Calling, Details, Field, Landing, Memory, RunId, Verb},
    ports::{Entry, Event, Fault, FaultKind, Journal, StepOutcome},
    state::{FileJournal, VolatileJournal, read_memory},
};
use jiff::Timestamp;

use crate::support::{gateway, id, name, number, upn};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn entry(second: i64, run: &str, event: Event) -> Entry {
    Entry { at: at(second), run: RunId::new(run), tenant: name("contoso"), tenant_id: id("contoso"), event }
}

fn intent(user: &str, verb: Verb, details: Details) -> Event {
    Event::Intent { user: upn(user), verb, details, before: Before::new() }
}

fn outcome(user: &str, verb: Verb, outcome: StepOutcome) -> Event {
    Event::Outcome { user: upn(user), verb, outcome }
}

fn lost() -> StepOutcome {
    StepOutcome::Unknown(Fault::new(FaultKind::NoAnswer, "no answer"))
}

fn details() -> Details {
    [(Field::PhoneNumber, number("+14255550100")), (Field::SbcGatewayId, gateway(805))].into_iter().collect()
}

/// A run of everything.
fn history() -> Vec<Entry> {
    let (adele, bert, carl) = ("adele@contoso.com", "bert@contoso.com", "carl@contoso.com");
    vec![
        entry(0, "r1", Event::Began { steps: 4 }),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, StepOutcome::Accepted)),
        entry(3, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(4, "r1", outcome(adele, Verb::Enable, StepOutcome::Accepted)),
        entry(5, "r1", intent(bert, Verb::Disable, Details::default())),
        entry(6, "r1", outcome(bert, Verb::Disable, lost())),
        entry(7, "r1", intent(carl, Verb::Disable, Details::default())),
        entry(8, "r1", outcome(carl, Verb::Disable, StepOutcome::Failed(Fault::new(FaultKind::Rejected, "no")))),
        entry(9, "r1", Event::Synced),
        entry(10, "r2", Event::Landed(vec![Landing { user: upn(adele), calling: true, fields: vec![Field::PhoneNumber] }])),
        entry(11, "r2", Event::Began { steps: 1 }),
    ]
}

async fn write(folder: &Path, entries: &[Entry]) -> Memory {
    let journal = FileJournal::open(folder).unwrap();
    for entry in entries {
        journal.record(entry.clone()).await.unwrap();
    }
    journal.memory(&id("contoso"))
}

/// What is remembered after the process has ended and begun anew.
fn reopened(folder: &Path) -> Memory {
    let read_only = read_memory(folder).unwrap()(&id("contoso"));
    let memory = FileJournal::open(folder).unwrap().memory(&id("contoso"));
    assert_eq!(read_only, memory, "with and without the right to write");
    memory
}

async fn volatile(entries: &[Entry]) -> Memory {
    let journal = VolatileJournal::default();
    for entry in entries {
        journal.record(entry.clone()).await.unwrap();
    }
    journal.memory(&id("contoso"))
}

#[tokio::test]
async fn the_same_is_remembered_at_every_point_of_a_run() {
    let history = history();
    for length in 0..=history.len() {
        let folder = tempfile::tempdir().unwrap();
        let before = write(folder.path(), &history[..length]).await;
        assert_eq!(reopened(folder.path()), before, "{length}");
        assert_eq!(volatile(&history[..length]).await, before, "{length}");
    }
}

#[tokio::test]
async fn the_memory_of_a_run() {
    let memory = volatile(&history()).await;
    let owed = memory.sync_owed.as_ref().expect("r2 began");
    assert_eq!((owed.run.as_str(), owed.since), ("r2", at(11)));
    assert_eq!((memory.first_sync, memory.last_sync), (Some(at(9)), Some(at(9))));
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert!(adele.calling.as_ref().is_some_and(|write| write.landed && write.value == Calling::Enabled));
    assert!(adele.details[&Field::PhoneNumber].landed && !adele.details[&Field::SbcGatewayId].landed);
    assert_eq!(memory.written[&upn("bert@contoso.com")].unknown, Some((Verb::Disable, at(6))));
    assert_eq!(memory.written[&upn("carl@contoso.com")], dialplane::model::Written::default());
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
    let folder = tempfile::tempdir().unwrap();
    let history = history();
    let one_less = {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &history[..history.len() - 1]).await
    };
    write(folder.path(), &history).await;
    let file = folder.path().join("journal.jsonl");
    let whole = fs::read(&file).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in last..whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(reopened(folder.path()), one_less, "cut at {cut} of {}", whole.len());
        assert_eq!(fs::read(&file).unwrap().len(), last, "the rest is cut off");
    }
    // And it can be written on.
    let journal = FileJournal::open(folder.path()).unwrap();
    journal.record(history.last().unwrap().clone()).await.unwrap();
    drop(journal);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

/// The error of a journal whose second line is `line`, with the folder's name replaced.
async fn error_of(line: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &history()).await;
    let file = folder.path().join("journal.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = line;
    let damaged = lines.join("\n") + "\n";
    fs::write(&file, &damaged).unwrap();
    let error = FileJournal::open(folder.path()).expect_err("it is damaged");
    assert!(read_memory(folder.path()).is_err(), "a dry run must not plan without its memory");
    assert_eq!(fs::read_to_string(&file).unwrap(), damaged, "nothing is repaired in silence");
    format!("{error}\nhint: {}", error.hint()).replace(&folder.path().display().to_string(), "[state]")
}

#[tokio::test]
async fn a_damaged_or_newer_line_is_refused_with_its_place() {
    let lines = [
        ("cut off in the middle", r#"{"v":1,"at":"20"#),
        ("empty", ""),
        (
            "a wrong name",
            r#"{"v":1,"at":"2027-01-15T08:00:01Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"intent","user":"adele","verb":"update","details":[]}"#,
        ),
        (
            "an unknown event",
            r#"{"v":1,"at":"2027-01-15T08:00:01Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"danced"}"#,
        ),
        ("of a newer format", r#"{"v":2,"what":"nobody knows"}"#),
    ];
    let mut said = String::new();
    for (what, line) in lines {
        let _ = write!(said, "# {what}\n{}\n\n", error_of(line).await);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("journal_errors", said));
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = FileJournal::open(folder.path()).unwrap();
    let error = FileJournal::open(folder.path()).expect_err("it is in use");
    let text = error.to_string();
    assert!(text.contains("is in use by process") && text.contains(&std::process::id().to_string()), "{text}");
    assert!(error.hint().contains("stop the other one"));
    // A dry run may look all the same.
    assert_eq!(read_memory(folder.path()).unwrap()(&id("contoso")), Memory::default());
    drop(first);
    FileJournal::open(folder.path()).unwrap();
}

#[test]
fn a_dry_run_makes_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    assert_eq!(read_memory(&absent).unwrap()(&id("contoso")), Memory::default());
    assert!(!absent.exists());
}

#[tokio::test]
async fn an_intent_without_an_outcome_is_unknown_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[entry(0, "r1", Event::Began { steps: 1 }), entry(1, "r1", intent("adele@contoso.com", Verb::Update, details()))],
    )
    .await;
    let memory = reopened(folder.path());
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert_eq!(adele.unknown, Some((Verb::Update, at(1))));
    assert_eq!(adele.details[&Field::PhoneNumber].value, number("+14255550100"));
    assert!(memory.sync_owed.is_some());
}

#[tokio::test]
async fn what_a_crash_left_unknown_can_land() {
    let folder = tempfile::tempdir().unwrap();
    let adele = "adele@contoso.com";
    let landing = Landing { user: upn(adele), calling: true, fields: Vec::new() };
    let history = [
        entry(0, "r1", Event::Began { steps: 1 }),
        entry(1, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(2, "r2", Event::Landed(vec![landing])),
    ];
    let memory = write(folder.path(), &history).await;
    let written = &memory.written[&upn(adele)];
    assert_eq!(written.unknown, None);
    assert!(written.calling.as_ref().is_some_and(|write| write.landed));
    assert_eq!(reopened(folder.path()), memory);
}

#[tokio::test]
async fn only_what_was_lost_and_landed_is_known_again() {
    let adele = "adele@contoso.com";
    let landing = |calling, fields: &[Field]| Event::Landed(vec![Landing { user: upn(adele), calling, fields: fields.to_vec() }]);
    let mut history = vec![
        entry(0, "r1", Event::Began { steps: 2 }),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, StepOutcome::Accepted)),
        entry(3, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(4, "r1", outcome(adele, Verb::Enable, lost())),
        // The update is shown; of the enable that says nothing.
        entry(5, "r2", landing(false, &[Field::PhoneNumber, Field::SbcGatewayId])),
    ];
    assert_eq!(volatile(&history).await.written[&upn(adele)].unknown, Some((Verb::Enable, at(4))));
    history.push(entry(6, "r2", landing(true, &[])));
    assert_eq!(volatile(&history).await.written[&upn(adele)].unknown, None);
    // Of a lost update, every field must be shown.
    let mut history = vec![
        entry(0, "r1", Event::Began { steps: 1 }),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, lost())),
        entry(3, "r2", landing(false, &[Field::SbcGatewayId])),
    ];
    assert_eq!(volatile(&history).await.written[&upn(adele)].unknown, Some((Verb::Update, at(2))));
    history.push(entry(4, "r2", landing(false, &[Field::PhoneNumber])));
    assert_eq!(volatile(&history).await.written[&upn(adele)].unknown, None);
}

#[tokio::test]
async fn a_run_that_began_owes_its_sync_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[entry(0, "r1", Event::Began { steps: 1 })]).await;
    let debt = reopened(folder.path()).sync_owed.expect("a debt");
    assert_eq!((debt.run.as_str(), debt.since), ("r1", at(0)));
    // It is paid by a sync and by nothing else.
    write(folder.path(), &[entry(1, "r2", Event::Began { steps: 1 }), entry(2, "r2", Event::NothingSent)]).await;
    assert_eq!(reopened(folder.path()).sync_owed.map(|debt| debt.run), Some(RunId::new("r1")));
    write(folder.path(), &[entry(3, "r3", Event::Began { steps: 1 }), entry(4, "r3", Event::Synced)]).await;
    assert_eq!(reopened(folder.path()).sync_owed, None);
}

#[tokio::test]
async fn a_run_that_sent_nothing_owes_nothing() {
    let history = [entry(0, "r1", Event::Began { steps: 1 }), entry(1, "r1", Event::NothingSent)];
    assert_eq!(volatile(&history).await.sync_owed, None);
}

#[tokio::test]
async fn tenants_do_not_share_memory() {
    let journal = VolatileJournal::default();
    journal.record(entry(0, "r1", Event::Began { steps: 1 })).await.unwrap();
    assert_eq!(journal.memory(&id("fabrikam")), Memory::default());
}

#[tokio::test]
async fn many_at_once_are_all_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let journal = FileJournal::open(folder.path()).unwrap();
    let all = (0..500).map(|n| {
        let user = format!("u{n}@contoso.com");
        let journal = &journal;
        async move {
            journal.record(entry(n, "r1", intent(&user, Verb::Enable, Details::default()))).await.unwrap();
            journal.record(entry(n, "r1", outcome(&user, Verb::Enable, StepOutcome::Accepted))).await.unwrap();
        }
    });
    futures_util::future::join_all(all).await;
    drop(journal);
    let memory = reopened(folder.path());
    assert_eq!(memory.written.len(), 500);
    assert!(memory.written.values().all(|written| written.unknown.is_none() && written.calling.is_some()));
}

#[tokio::test]
async fn only_its_owner_reads_the_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    write(&state, &history()).await;
    for path in [state.clone(), state.join("journal.jsonl")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}
