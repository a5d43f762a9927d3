//! What passes have sent, as receivers are told that ask for it.

use glob::Pattern;

use super::*;
use crate::{
    board::{Applied, Commit, SentSteps},
    model::Verb,
};

fn asks() -> ReceiverWishes {
    ReceiverWishes { kinds: vec![IncidentKind::Applied], ..ReceiverWishes::default() }
}

/// A pass that has disabled one in each of so many tenants, and enabled two in the first.
fn pass(name: &str, tenants: usize) -> Arc<Applied> {
    let mut applied = Applied { pass: name.to_owned(), ..Applied::default() };
    for number in 0..tenants {
        let mut sent =
            SentSteps { people: vec![format!("disable a@t{number:02}")], ..SentSteps::default() };
        sent.accepted.insert(Verb::Disable, 1);
        if number == 0 {
            sent.accepted.insert(Verb::Enable, 2);
            sent.failed = 1;
        }
        applied.tenants.insert(format!("t{number:02}"), sent);
    }
    Arc::new(applied)
}

fn after(passes: &[Arc<Applied>]) -> Status {
    Status { applied: passes.to_vec(), ..status(1, 0) }
}

/// The headline and the reason of everything that is told at this moment.
fn told(book: &mut IncidentBook, rules: &Rules, status: &Status, minutes: i64) -> Vec<String> {
    book.see(status, rules, at(minutes));
    let mut heard = Vec::new();
    while let Some(notice) = book.next("on-call", rules, at(minutes)) {
        let reason = |told: &NoticeEntry| told.details.clone().unwrap_or_default().reason;
        heard.extend(
            notice.told.iter().map(|told| format!("{} | {}", told.headline(), reason(told))),
        );
        book.delivered("on-call", &notice);
    }
    heard
}

#[test]
fn a_pass_is_told_once_and_when_nothing_more_of_it_comes() {
    let mut book = IncidentBook::default();
    let rules = rules(asks());
    assert_eq!(told(&mut book, &rules, &after(&[pass("p1", 1)]), 0), NOTHING);
    let more = after(&[pass("p1", 2)]);
    assert_eq!(told(&mut book, &rules, &more, 1), NOTHING);
    assert_eq!(told(&mut book, &rules, &more, 2), NOTHING, "it goes on");
    assert_eq!(book.wakes_at(&rules, at(2)), Some(at(3)));
    assert_eq!(
        told(&mut book, &rules, &more, 3),
        ["a pass has changed users (p1), 4 changes | 2 disabled, 2 enabled, 1 step not accepted; \
            t00: 1 disabled, 2 enabled, 1 step not accepted; t01: 1 disabled"]
    );
    // What comes after all the same is told, with the whole.
    let whole = after(&[pass("p1", 3)]);
    assert_eq!(told(&mut book, &rules, &whole, 5), NOTHING);
    let again = told(&mut book, &rules, &whole, 7);
    assert!(again[0].contains("5 changes | all so far: 3 disabled, 2 enabled"), "{again:?}");
    // Nothing that lasts: it is neither reminded of nor over.
    assert_eq!(told(&mut book, &rules, &whole, 8 + 24 * 60), NOTHING);
    assert_eq!(told(&mut book, &rules, &after(&[]), 9 + 24 * 60), NOTHING);
    assert_eq!(told(&mut book, &rules, &after(&[]), 20 + 24 * 60), NOTHING);
}

#[test]
fn only_who_asks_is_told_of_whom_and_what_it_asks_for() {
    let status = after(&[pass("p1", 300)]);
    let hears = |wishes: ReceiverWishes| {
        let mut book = IncidentBook::default();
        let rules = rules(wishes);
        assert_eq!(told(&mut book, &rules, &status, 0), NOTHING);
        told(&mut book, &rules, &status, 2)
    };
    assert_eq!(hears(ReceiverWishes::default()), NOTHING, "off where no kind is named");
    let all = hears(asks());
    assert!(all.len() == 1 && !all[0].contains("a@"), "{all:?}");
    assert!(all[0].contains("(p1), 302 changes | 300 disabled, 2 enabled"), "{all:?}");
    assert!(all[0].ends_with("; and 290 more tenants"), "{all:?}");
    let tenants = |like| vec![Pattern::new(like).unwrap()];
    assert_eq!(
        hears(ReceiverWishes { tenants: tenants("t07"), names: true, ..asks() }),
        ["t07: a pass has changed users (p1), 1 change | t07: 1 disabled (disable a@t07)"]
    );
    assert_eq!(hears(ReceiverWishes { tenants: tenants("nobody"), ..asks() }), NOTHING);
}

/// The book after a start of the service, which knows of no pass before it.
fn restarted(book: &IncidentBook) -> IncidentBook {
    IncidentBook::of_text(&book.to_text()).unwrap()
}

#[test]
fn a_pass_is_told_though_the_service_was_started_again_and_told_once() {
    let rules = rules(asks());
    let mut book = IncidentBook::default();
    assert_eq!(told(&mut book, &rules, &after(&[pass("p1", 1)]), 0), NOTHING);
    let mut book = restarted(&book);
    assert_eq!(told(&mut book, &rules, &after(&[]), 1), NOTHING, "as before");
    let heard = told(&mut book, &rules, &after(&[pass("p2", 1)]), 2);
    assert!(heard.len() == 1 && heard[0].contains("(p1)"), "{heard:?}");
    let mut book = restarted(&book);
    let heard = told(&mut book, &rules, &after(&[]), 4);
    assert!(heard.len() == 1 && heard[0].contains("(p2)"), "{heard:?}");
    let mut book = restarted(&book);
    assert_eq!(told(&mut book, &rules, &after(&[]), 6), NOTHING, "both were told");
    assert!(!book.to_text().contains("p1"), "what all have heard is let go: {}", book.to_text());
}

#[test]
fn what_is_kept_for_a_receiver_that_takes_nothing_is_bounded() {
    let mut book = IncidentBook::default();
    let names: Vec<String> = (0..200).map(|number| format!("p{number:03}")).collect();
    for (minute, name) in (0..).zip(&names) {
        book.see(&after(&[pass(name, 1)]), &rules(asks()), at(minute));
    }
    let text = book.to_text();
    let kept: Vec<&String> = names.iter().filter(|name| text.contains(*name)).collect();
    assert_eq!(kept, names[150..].iter().collect::<Vec<_>>());
    book.see(&after(&[]), &rules(ReceiverWishes::default()), at(300));
    assert!(!book.to_text().contains("p1"), "nobody wants to hear of it any more");
}

#[test]
fn it_is_told_by_which_commit_and_who_made_it_only_where_people_may_be_named() {
    let commit = Commit {
        commit: "3f2a9c0d1e5b7777".to_owned(),
        author: Some("Ada <ada@example.org>".to_owned()),
        at: Some(at(60)),
        signer: Some("SHA256:abc".to_owned()),
        ..Commit::default()
    };
    let mut applied = Applied::clone(&pass("p1", 1));
    applied.commit = Some(commit);
    let status = after(&[Arc::new(applied)]);
    let hears = |wishes: ReceiverWishes| {
        let mut book = IncidentBook::default();
        let rules = rules(wishes);
        assert_eq!(told(&mut book, &rules, &status, 0), NOTHING);
        told(&mut restarted(&book), &rules, &status, 2).remove(0)
    };
    let nameless = hears(asks());
    assert!(nameless.ends_with("; commit 3f2a9c0d1e5b of 1970-01-01 01:00:00 UTC"), "{nameless}");
    let named = hears(ReceiverWishes { names: true, ..asks() });
    let who = " by Ada <ada@example.org> of 1970-01-01 01:00:00 UTC, signed by SHA256:abc";
    assert!(named.ends_with(&format!("; commit 3f2a9c0d1e5b{who}")), "{named}");
}
