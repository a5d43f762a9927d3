//! What a status tells of incidents: which ones are there, and which ones a look could not show.

use super::*;
use crate::board::{Group, Need, SourceRow, SourceTrouble};

/// A hold or a problem of so many steps or users; of none, of the tenant as a whole.
fn group(code: &str, count: usize) -> Group {
    Group {
        code: code.to_owned(),
        count,
        reason: format!("why {code}"),
        hint: format!("what to do about {code}"),
        since: at(0),
        until: None,
        for_people: true,
    }
}

/// A status of one tenant with this row, and with this trouble of a branch.
fn alone(row: TenantRow, trouble: Option<SourceTrouble>) -> Status {
    let row = TenantRow { tenant: "t00".to_owned(), ..row };
    let branch = SourceRow {
        name: "all".to_owned(),
        branch: "main".to_owned(),
        revision: None,
        heard_at: None,
        trouble,
    };
    let manifests = Manifests { sources: vec![branch], ..status(0, 0).manifests };
    Status { manifests, tenants: vec![Arc::new(row)], at: at(1), ..Status::default() }
}

/// A row that was looked at.
fn seen() -> TenantRow {
    TenantRow { last: Some(LastPass::Held), ..TenantRow::default() }
}

fn away(from: i64) -> SourceTrouble {
    SourceTrouble {
        code: "away".to_owned(),
        reason: "it does not answer".to_owned(),
        hint: "wait".to_owned(),
        since: at(0),
        matters_from: at(from),
    }
}

#[test]
fn everything_that_needs_somebody_is_told_with_its_reason() {
    let waits = Group { for_people: false, ..group("window", 3) };
    let row = TenantRow {
        needs: vec![Need::Failing],
        last: Some(LastPass::Failed),
        failures: 4,
        failure: Some("no answer".to_owned()),
        note: Some("an older version is in force".to_owned()),
        holds: vec![group("limit-disable", 11), waits],
        problems: vec![group("not-visible", 2)],
        drift: 5,
        did_not_land: 6,
        ..TenantRow::default()
    };
    let all_wrong = Status {
        stop: Some(Halt { message: "stopped by Ann".to_owned(), ..Halt::default() }),
        journal_away: Some("no route".to_owned()),
        manifests: Manifests { errors: 7, ..alone(seen(), Some(away(0))).manifests },
        ..alone(row, None)
    };
    insta::assert_snapshot!(told_with_names(&all_wrong));
    let mut suspended = all_wrong;
    Arc::make_mut(&mut suspended.tenants[0]).mode = "suspend".to_owned();
    suspended.manifests.sources[0].trouble = Some(away(3));
    let told = told_with_names(&suspended);
    for quiet in ["limit-disable", "not-visible", "away"] {
        assert!(!told.contains(quiet), "{told}");
    }
}

/// What is told at a first look, a line each.
fn told_with_names(status: &Status) -> String {
    let rules = rules(ReceiverWishes { names: true, ..ReceiverWishes::default() });
    let mut book = IncidentBook::default();
    book.see(status, &rules, at(0));
    let due = book.due("on-call", &rules, at(2));
    let line = |told: &NoticeEntry| {
        let details = told.details.clone().unwrap_or_default();
        format!("{}: {}", told.headline(), details.reason)
    };
    due.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A service that looks and sees nothing has not seen that something is over, and what is not over
/// is not told to be there still.
#[test]
fn what_a_look_could_not_show_is_neither_over_nor_still_there() {
    let held = TenantRow { holds: vec![group("limit-disable", 3)], ..seen() };
    let problem = TenantRow { problems: vec![group("not-visible", 3)], ..seen() };
    let drift = TenantRow { drift: 3, ..seen() };
    let late = TenantRow { did_not_land: 3, ..seen() };
    let failing = TenantRow { needs: vec![Need::Failing], failures: 2, ..seen() };
    let whole = |code: &str| {
        let hold = Group { for_people: false, ..group(code, 0) };
        TenantRow { holds: vec![hold], ..seen() }
    };
    let [unread, empty, stopped, unclear] =
        ["not-read", "list-incomplete", "stopped", "sync-unclear"].map(whole);
    let failed = TenantRow { last: Some(LastPass::Failed), ..seen() };
    for (name, before, after, is_over) in [
        ("held, then not read", &held, &unread, false),
        ("held, then an empty list", &held, &empty, false),
        ("held, then stopped", &held, &stopped, false),
        ("held, then only the sync is", &held, &unclear, true),
        ("held, then a step fails", &held, &failed, true),
        ("a problem, then not read", &problem, &unread, false),
        ("a problem, then stopped", &problem, &stopped, true),
        ("drift, then an empty list", &drift, &empty, false),
        ("drift, then stopped", &drift, &stopped, true),
        ("late, then stopped", &late, &stopped, false),
        ("failing, then one more failure after a restart", &failing, &failed, false),
        ("failing, then a pass", &failing, &held, true),
    ] {
        let [before, after, well] =
            [before.clone(), after.clone(), seen()].map(|row| alone(row, None));
        let mut book = IncidentBook::default();
        assert_eq!(hear(&mut book, &all(), &before, 0), NOTHING, "{name}");
        assert_eq!(hear(&mut book, &all(), &before, 2).len(), 1, "{name}");
        book.see(&after, &all(), at(10));
        book.see(&after, &all(), at(30 * 60));
        let due = book.due("on-call", &all(), at(30 * 60));
        let over = due.iter().filter(|told| told.telling == NoticeOccasion::Closed).count();
        let still = due.iter().filter(|told| told.telling == NoticeOccasion::Reminded).count();
        assert_eq!((over, still), (usize::from(is_over), 0), "{name}: {due:?}");
        book.see(&well, &all(), at(31 * 60));
        book.see(&well, &all(), at(32 * 60));
        let due = book.due("on-call", &all(), at(32 * 60));
        assert!(due.iter().any(|told| told.telling == NoticeOccasion::Closed), "{name}: {due:?}");
    }
}

#[test]
fn a_server_that_is_still_away_after_a_restart_is_not_back() {
    let mut book = IncidentBook::default();
    let status = |trouble| alone(seen(), trouble);
    assert_eq!(hear(&mut book, &all(), &status(Some(away(0))), 0), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(Some(away(0))), 2).len(), 1);
    let mut book = IncidentBook::of_text(&book.to_text()).unwrap();
    // It may be back soon, so this matters only later.
    for minutes in [10, 12, 14] {
        assert_eq!(hear(&mut book, &all(), &status(Some(away(15))), minutes), NOTHING);
    }
    let other = SourceTrouble { code: "unsigned".to_owned(), ..away(30) };
    assert_eq!(hear(&mut book, &all(), &status(Some(other)), 20), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(None), 22).len(), 1, "it has answered since");
}

#[test]
fn what_an_end_of_the_service_hides_is_not_over_and_a_tenant_that_is_gone_is() {
    let mut book = IncidentBook::default();
    assert_eq!(hear(&mut book, &all(), &status(2, 1), 0), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(2, 1), 2).len(), 1);
    for minutes in [3, 5] {
        let ended = Status { ended: true, ..status(2, 0) };
        assert_eq!(hear(&mut book, &all(), &ended, minutes), NOTHING);
    }
    assert_eq!(hear(&mut book, &all(), &status(0, 0), 10), NOTHING);
    assert_eq!(hear(&mut book, &all(), &status(0, 0), 12).len(), 1);
}
