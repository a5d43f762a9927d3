//! What is told when, told in minutes.

mod applied;
mod in_force;
mod looks;

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    board::{Halt, LastPass, Manifests, TenantRow},
    model::IncidentKind,
    notices::ReceiverWishes,
};

const AFTER: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(minutes * 60).unwrap()
}

fn rules(wishes: ReceiverWishes) -> Rules {
    let receivers = BTreeMap::from([("on-call".to_owned(), wishes)]);
    Rules { after: AFTER, remind: DAY, receivers }
}

fn all() -> Rules {
    rules(ReceiverWishes::default())
}

/// A status with so many tenants, of which the first ones have drift.
fn status(tenants: usize, drifted: usize) -> Status {
    let row = |number: usize| TenantRow {
        tenant: format!("t{number:02}"),
        last: Some(LastPass::Done),
        drift: usize::from(number < drifted),
        ..TenantRow::default()
    };
    Status {
        manifests: Manifests { taken_at: Some(at(0)), ..Manifests::default() },
        tenants: (0..tenants).map(row).map(Arc::new).collect(),
        ..Status::default()
    }
}

fn stopped(status: Status) -> Status {
    Status { stop: Some(Halt::default()), ..status }
}

/// What is told at this moment, all of it, and taken.
fn hear(book: &mut IncidentBook, rules: &Rules, status: &Status, minutes: i64) -> Vec<String> {
    book.see(status, rules, at(minutes));
    let mut heard = Vec::new();
    while let Some(notice) = book.next("on-call", rules, at(minutes)) {
        book.delivered("on-call", &notice);
        heard.push(notice.headline());
    }
    heard
}

const NOTHING: [&str; 0] = [];

#[test]
fn what_lasts_is_told_once_then_daily_and_its_end_once() {
    let mut book = IncidentBook::default();
    let bad = stopped(status(1, 0));
    let good = status(1, 0);
    assert_eq!(hear(&mut book, &all(), &bad, 0), NOTHING, "it may be over at once");
    assert_eq!(hear(&mut book, &all(), &bad, 2), ["the service: everything is stopped"]);
    assert_eq!(hear(&mut book, &all(), &bad, 60), NOTHING);
    assert_eq!(
        hear(&mut book, &all(), &bad, 24 * 60 + 2),
        ["still: the service: everything is stopped"]
    );
    assert_eq!(hear(&mut book, &all(), &good, 24 * 60 + 10), NOTHING, "it may come back");
    assert_eq!(hear(&mut book, &all(), &bad, 24 * 60 + 11), NOTHING, "it was never told away");
    assert_eq!(hear(&mut book, &all(), &good, 24 * 60 + 20), NOTHING);
    assert_eq!(
        hear(&mut book, &all(), &good, 24 * 60 + 22),
        ["over: the service: everything is stopped"]
    );
    assert_eq!(hear(&mut book, &all(), &good, 72 * 60), NOTHING);
}

#[test]
fn one_cause_in_many_tenants_is_one_notice() {
    let mut book = IncidentBook::default();
    book.see(&status(300, 300), &all(), at(0));
    let notice = book.next("on-call", &all(), at(2)).unwrap();
    assert_eq!(notice.in_words().0.len(), Notice::IN_WORDS);
    assert_eq!(notice.in_words().1, 290);
    let again = book.next("on-call", &all(), at(3)).unwrap();
    assert_eq!(again.id, notice.id, "it was not taken, and is the same");
    book.delivered("on-call", &notice);
    assert_eq!(book.next("on-call", &all(), at(3)), None);
    assert_eq!(hear(&mut book, &all(), &status(300, 299), 5), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(300, 299), 8).len(), 1, "one is over");
}

#[test]
fn what_was_not_looked_at_is_not_over() {
    let mut book = IncidentBook::default();
    assert_eq!(hear(&mut book, &all(), &status(2, 1), 0), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(2, 1), 2).len(), 1);
    let mut book = IncidentBook::of_text(&book.to_text()).unwrap();
    let mut begun = status(2, 0);
    Arc::make_mut(&mut begun.tenants[0]).last = None;
    for minutes in [10, 20, 30] {
        assert_eq!(hear(&mut book, &all(), &begun, minutes), NOTHING);
    }
    let nothing_read = Status::default();
    for minutes in [31, 41] {
        assert_eq!(hear(&mut book, &all(), &nothing_read, minutes), NOTHING);
    }
    assert_eq!(hear(&mut book, &all(), &status(2, 0), 50), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(2, 0), 52).len(), 1);
}

#[test]
fn what_came_and_went_while_nobody_could_be_told_is_not_told() {
    let mut book = IncidentBook::default();
    for (minutes, bad) in [(0, true), (2, true), (3, false), (5, false)] {
        let status = if bad { stopped(status(1, 0)) } else { status(1, 0) };
        book.see(&status, &all(), at(minutes));
    }
    assert_eq!(book.next("on-call", &all(), at(6)), None);
}

#[test]
fn each_receiver_hears_what_it_wants() {
    let only = |tenants: &[&str], kinds: &[IncidentKind]| {
        let tenants = tenants.iter().map(|like| glob::Pattern::new(like).unwrap()).collect();
        rules(ReceiverWishes { tenants, kinds: kinds.to_vec(), names: false })
    };
    let bad = stopped(status(3, 2));
    for (rules, count) in [
        (all(), 3),
        (only(&["t01"], &[]), 1),
        (only(&["t*"], &[]), 2),
        (only(&[], &[IncidentKind::Stopped]), 1),
        (only(&["t02"], &[IncidentKind::Drift]), 0),
    ] {
        let mut book = IncidentBook::default();
        book.see(&bad, &rules, at(0));
        assert_eq!(hear(&mut book, &rules, &bad, 2).len(), count, "{rules:?}");
    }
}

#[test]
fn a_receiver_that_is_taken_out_is_forgotten() {
    let mut book = IncidentBook::default();
    let bad = stopped(status(1, 0));
    book.see(&bad, &all(), at(0));
    assert_eq!(hear(&mut book, &all(), &bad, 2).len(), 1);
    let none = Rules { receivers: BTreeMap::new(), ..all() };
    book.see(&bad, &none, at(3));
    assert_eq!(hear(&mut book, &all(), &bad, 4).len(), 1, "it is new");
}

#[test]
fn names_are_told_to_those_alone_who_want_them() {
    let halt = Halt {
        reason: Some("Adele".to_owned()),
        message: "by Adele".to_owned(),
        ..Halt::default()
    };
    let bad = Status { stop: Some(halt), ..status(1, 0) };
    for (names, told) in [(true, true), (false, false)] {
        let rules = rules(ReceiverWishes { names, ..ReceiverWishes::default() });
        let mut book = IncidentBook::default();
        book.see(&bad, &rules, at(0));
        let notice = book.next("on-call", &rules, at(2)).unwrap();
        let details = notice.told[0].details.clone().unwrap();
        assert_eq!(format!("{details:?}").contains("Adele"), told);
    }
}

#[test]
fn a_receiver_that_no_longer_wants_to_hear_of_something_is_not_told_its_end() {
    let mut book = IncidentBook::default();
    let bad = stopped(status(1, 0));
    book.see(&bad, &all(), at(0));
    assert_eq!(hear(&mut book, &all(), &bad, 2).len(), 1);
    let other =
        rules(ReceiverWishes { kinds: vec![IncidentKind::Drift], ..ReceiverWishes::default() });
    for minutes in [3, 5, 8] {
        assert_eq!(hear(&mut book, &other, &status(1, 0), minutes), NOTHING);
    }
}

#[test]
fn what_is_due_later_wakes_the_one_who_tells_it() {
    let mut book = IncidentBook::default();
    let bad = stopped(status(1, 0));
    let good = status(1, 0);
    let wakes = |book: &IncidentBook, minutes| book.wakes_at(&all(), at(minutes));
    book.see(&bad, &all(), at(0));
    assert_eq!(wakes(&book, 0), Some(at(2)), "it is told");
    assert_eq!(hear(&mut book, &all(), &bad, 3).len(), 1);
    assert_eq!(wakes(&book, 3), Some(at(24 * 60 + 3)), "it is told again, from the last time on");
    book.see(&good, &all(), at(10));
    assert_eq!(wakes(&book, 10), Some(at(12)), "its end is told");
}

#[test]
fn each_notice_has_its_own_id() {
    let receivers = ["a", "b"].map(|name| (name.to_owned(), ReceiverWishes::default()));
    let rules = Rules { receivers: receivers.into(), ..all() };
    let mut book = IncidentBook::default();
    let mut ids = BTreeSet::new();
    for begin in [0, 100] {
        book.see(&stopped(status(1, 0)), &rules, at(begin));
        for (minutes, status) in
            [(2, stopped(status(1, 0))), (10, status(1, 0)), (12, status(1, 0))]
        {
            book.see(&status, &rules, at(begin + minutes));
            for receiver in ["a", "b"] {
                let Some(notice) = book.next(receiver, &rules, at(begin + minutes)) else {
                    continue;
                };
                book.delivered(receiver, &notice);
                ids.insert(notice.id);
            }
        }
    }
    assert_eq!(ids.len(), 8, "begin and end, twice, to two receivers");
}

#[test]
fn ten_things_are_told_one_by_one_and_the_new_ones_first() {
    let told = |drifted: usize| {
        let mut book = IncidentBook::default();
        book.see(&status(20, drifted), &all(), at(0));
        hear(&mut book, &all(), &status(20, drifted), 2).len()
    };
    assert_eq!([told(10), told(11)], [10, 1]);
    let mut book = IncidentBook::default();
    let bad = stopped(status(1, 0));
    book.see(&bad, &all(), at(0));
    assert_eq!(hear(&mut book, &all(), &bad, 2).len(), 1);
    let worse = stopped(status(1, 1));
    book.see(&worse, &all(), at(24 * 60));
    let heard = hear(&mut book, &all(), &worse, 24 * 60 + 2);
    assert!(heard[0].starts_with("t00:") && heard[1].starts_with("still:"), "{heard:?}");
}

#[test]
fn a_service_that_stands_by_tells_that_the_journal_is_away_and_back_and_nothing_else() {
    let stands_by = |away: bool| Status {
        lead: Some(crate::board::LeadRow::default()),
        journal_away: away.then(|| "the database does not answer".to_owned()),
        ..stopped(status(3, 2))
    };
    let mut book = IncidentBook::default();
    let rules = all();
    // It led once, and told this.
    assert_eq!(hear(&mut book, &rules, &status(3, 1), 0), [""; 0]);
    assert_eq!(hear(&mut book, &rules, &status(3, 1), 3).len(), 1);
    for minutes in 4..8 {
        assert_eq!(hear(&mut book, &rules, &stands_by(false), minutes), [""; 0], "{minutes}");
    }
    let mut heard = Vec::new();
    for minutes in 8..20 {
        heard.extend(hear(&mut book, &rules, &stands_by(minutes < 12), minutes));
    }
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].contains("over") || heard[1] != heard[0], "{heard:?}");
    // It leads again, and the drift is over.
    let again: Vec<String> =
        (20..26).flat_map(|minutes| hear(&mut book, &rules, &status(3, 0), minutes)).collect();
    assert_eq!(again.len(), 1, "{again:?}");
}

#[test]
fn a_book_of_another_version_is_not_read() {
    let text = IncidentBook::default().to_text().replace("\"version\": 1", "\"version\": 2");
    assert!(IncidentBook::of_text(&text).unwrap_err().contains("version is 2"));
}
