//! Which tenants are due, in what order, and how long they wait.

use super::*;

fn names(names: &[&str]) -> BTreeSet<TenantName> {
    names.iter().map(|name| TenantName::parse(name).unwrap()).collect()
}

fn schedule() -> Schedule {
    let second = Duration::from_secs;
    Schedule::new(Timing { resync: second(900), backoff: second(10), backoff_ceiling: second(60) })
}

const fn at(seconds: u64) -> At {
    Duration::from_secs(seconds)
}

#[test]
fn one_pass_a_tenant_and_no_more_than_slots() {
    let mut schedule = schedule();
    let all = names(&["a", "b", "c"]);
    schedule.desired(&all, &all, at(0));
    assert_eq!(schedule.ready(at(0), 2), ["a", "b"].map(|name| TenantName::parse(name).unwrap()));
    assert_eq!(schedule.ready(at(0), 2), []);
    assert_eq!(schedule.next(2), None);
    schedule.finished(&TenantName::parse("a").unwrap(), Ending::Done, at(1));
    assert_eq!(schedule.ready(at(1), 2), [TenantName::parse("c").unwrap()]);
}

#[test]
fn a_change_during_a_pass_makes_one_more() {
    let mut schedule = schedule();
    let all = names(&["a"]);
    let a = TenantName::parse("a").unwrap();
    schedule.desired(&all, &all, at(0));
    assert_eq!(schedule.ready(at(0), 4).len(), 1);
    for now in 1..5 {
        schedule.desired(&all, &all, at(now));
    }
    schedule.finished(&a, Ending::Done, at(5));
    assert_eq!(schedule.ready(at(5), 4), std::slice::from_ref(&a));
    schedule.finished(&a, Ending::Done, at(6));
    assert_eq!(schedule.ready(at(800), 4), []);
    assert!(schedule.next(4).is_some_and(|due| due >= at(906) && due <= at(996)));
}

#[test]
fn failures_wait_longer_and_a_new_revision_forgets_them() {
    let mut schedule = schedule();
    let all = names(&["a"]);
    let a = TenantName::parse("a").unwrap();
    schedule.desired(&all, &all, at(0));
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..5 {
        schedule.ready(now, 1);
        schedule.finished(&a, Ending::Failed, now);
        let due = schedule.next(1).unwrap();
        waits.push(due.saturating_sub(now).as_secs());
        now = due;
    }
    assert_eq!(waits, [10, 20, 40, 60, 60]);
    schedule.desired(&all, &all, now);
    schedule.ready(now, 1);
    schedule.finished(&a, Ending::Failed, now);
    assert_eq!(schedule.next(1), Some(now + at(10)));
}

#[test]
fn what_waits_for_its_time_is_looked_at_then() {
    let mut schedule = schedule();
    let all = names(&["a"]);
    let a = TenantName::parse("a").unwrap();
    schedule.desired(&all, &all, at(0));
    schedule.ready(at(0), 1);
    schedule.finished(&a, Ending::Held, at(1));
    schedule.bring_forward(&a, at(5000));
    assert!(
        schedule.next(1).is_some_and(|due| due < at(5000)),
        "it is looked at as often as others"
    );
    schedule.bring_forward(&a, at(60));
    assert_eq!(schedule.next(1), Some(at(60)));
}

#[test]
fn a_debt_goes_first_and_a_sync_that_waits_brings_its_tenant_back() {
    let mut schedule = schedule();
    let all = names(&["a", "b", "c"]);
    let [a, b, c] = ["a", "b", "c"].map(|name| TenantName::parse(name).unwrap());
    schedule.desired(&all, &all, at(0));
    schedule.put_first(&b);
    assert_eq!(schedule.ready(at(0), 2), [b.clone(), a.clone()]);
    schedule.finished(&b, Ending::Waits(at(120)), at(1));
    schedule.finished(&a, Ending::Done, at(1));
    assert_eq!(schedule.ready(at(1), 1), std::slice::from_ref(&c));
    schedule.finished(&c, Ending::Done, at(1));
    assert_eq!(schedule.next(1), Some(at(121)));
    // An edit meanwhile is acted on at once; the rest of the wait is asked for again.
    schedule.desired(&all, &[b.clone()].into(), at(60));
    assert_eq!(schedule.ready(at(60), 1), std::slice::from_ref(&b));
    schedule.finished(&b, Ending::Waits(at(61)), at(60));
    assert_eq!(schedule.next(1), Some(at(121)));
}

#[test]
fn a_tenant_that_left_is_forgotten_when_its_pass_ends() {
    let mut schedule = schedule();
    schedule.desired(&names(&["a", "b"]), &names(&["a", "b"]), at(0));
    schedule.ready(at(0), 1);
    let [a, b] = ["a", "b"].map(|name| TenantName::parse(name).unwrap());
    schedule.desired(&names(&[]), &names(&[]), at(1));
    assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Running)), (b, None)]);
    schedule.finished(&a, Ending::Failed, at(2));
    assert_eq!(schedule.changes(), [(a, None)]);
}

#[test]
fn only_tenants_whose_phase_may_have_changed_are_told() {
    let mut schedule = schedule();
    let all = names(&["a", "b", "c"]);
    let [a, b, c] = ["a", "b", "c"].map(|name| TenantName::parse(name).unwrap());
    schedule.desired(&all, &all, at(0));
    assert_eq!(schedule.changes().len(), 3, "all of them are new");
    assert_eq!(schedule.changes(), []);
    schedule.ready(at(0), 1);
    assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Running))]);
    schedule.finished(&a, Ending::Failed, at(1));
    schedule.bring_forward(&a, at(5));
    assert_eq!(schedule.changes(), [(a.clone(), Some(Phase::Waiting(at(5))))]);
    schedule.ready(at(1), 1);
    schedule.postpone(&b, at(7));
    schedule.news(&c, at(2));
    let changes = [(b, Some(Phase::Waiting(at(7)))), (c, Some(Phase::Waiting(at(0))))];
    assert_eq!(schedule.changes(), changes);
    schedule.desired(&all, &names(&["a"]), at(8));
    assert_eq!(schedule.changes(), [(a, Some(Phase::Waiting(at(8))))]);
}
