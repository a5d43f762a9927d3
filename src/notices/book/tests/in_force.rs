//! Which version of the manifests is in force, in notices of every kind.

use super::*;
use crate::board::{Commit, Group, Need, SourceTrouble};

fn commit(id: &str) -> Commit {
    Commit {
        commit: format!("{id}0d1e5b7777"),
        author: Some("Ada <ada@example.org>".to_owned()),
        at: Some(at(60)),
        ..Commit::default()
    }
}

fn group(code: &str) -> Group {
    Group {
        code: code.to_owned(),
        count: 1,
        reason: "over the limit".to_owned(),
        hint: "see `dialplane plan`".to_owned(),
        since: at(0),
        until: None,
        for_people: true,
    }
}

fn source(name: &str, id: &str) -> SourceRow {
    SourceRow {
        name: name.to_owned(),
        branch: "main".to_owned(),
        revision: Some(commit(id)),
        heard_at: None,
        trouble: None,
    }
}

/// A status in which everything is wrong.
fn everything() -> Status {
    let mut status = stopped(status(1, 1));
    let row = Arc::make_mut(&mut status.tenants[0]);
    row.needs = vec![Need::Failing];
    row.holds = vec![group("limit-disable")];
    row.problems = vec![group("not-visible")];
    row.did_not_land = 1;
    status.needs = vec![Need::Empty];
    status.journal_away = Some("the disk is full".to_owned());
    status.manifests.errors = 1;
    status.manifests.revision = Some(commit("3f2a9c"));
    let trouble = SourceTrouble {
        code: "away".to_owned(),
        reason: "no answer".to_owned(),
        hint: "see the log".to_owned(),
        since: at(0),
        matters_from: at(0),
    };
    status.manifests.sources =
        vec![SourceRow { trouble: Some(trouble), ..source("phones", "3f2a9c") }];
    status
}

/// What a receiver is told, with the version that each notice names.
fn versions(
    book: &IncidentBook,
    rules: &Rules,
    minutes: i64,
) -> Vec<(IncidentKind, Option<String>)> {
    let due = book.due("on-call", rules, at(minutes));
    due.into_iter().map(|told| (told.incident.kind, told.in_force)).collect()
}

#[test]
fn each_notice_names_the_commit_and_its_author_where_people_may_be_named() {
    for (names, by) in [(false, ""), (true, " by Ada <ada@example.org>")] {
        let rules = rules(ReceiverWishes { names, ..ReceiverWishes::default() });
        let expected = Some(format!("commit 3f2a9c0d1e5b{by} of 1970-01-01 01:00:00 UTC"));
        let mut book = IncidentBook::default();
        book.see(&everything(), &rules, at(0));
        let told = versions(&book, &rules, 2);
        let kinds: BTreeSet<IncidentKind> = told.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds.len(), 10, "all kinds but what was applied: {kinds:?}");
        assert!(told.iter().all(|(_, version)| *version == expected), "{told:?}");
    }
}

#[test]
fn that_something_is_over_names_the_commit_that_is_in_force_then() {
    let mut book = IncidentBook::default();
    let rules = all();
    let mut status = status(1, 0);
    status.manifests.errors = 1;
    status.manifests.revision = Some(commit("3f2a9c"));
    assert!(hear(&mut book, &rules, &status, 0).is_empty());
    assert_eq!(hear(&mut book, &rules, &status, 2).len(), 1);
    status.manifests.errors = 0;
    status.manifests.revision = Some(commit("77777a"));
    assert!(hear(&mut book, &rules, &status, 3).is_empty());
    book.see(&status, &rules, at(5));
    let told = versions(&book, &rules, 5);
    let of = "commit 77777a0d1e5b of 1970-01-01 01:00:00 UTC".to_owned();
    assert_eq!(told, [(IncidentKind::Manifests, Some(of))]);
}

#[test]
fn of_several_sources_each_is_named_and_without_git_none() {
    let mut status = stopped(status(1, 0));
    let rules = rules(ReceiverWishes { names: true, ..ReceiverWishes::default() });
    let told = |status: &Status| {
        let mut book = IncidentBook::default();
        book.see(status, &rules, at(0));
        versions(&book, &rules, 2).remove(0).1
    };
    assert_eq!(told(&status), None);
    status.manifests.revision = Some(commit("3f2a9c"));
    let unread = SourceRow { revision: None, ..source("unread", "0") };
    status.manifests.sources = vec![source("ours", "3f2a9c"), unread, source("theirs", "77777a")];
    let by = "by Ada <ada@example.org> of 1970-01-01 01:00:00 UTC";
    let of = format!("ours: commit 3f2a9c0d1e5b {by}; theirs: commit 77777a0d1e5b {by}");
    assert_eq!(told(&status), Some(of));
}
