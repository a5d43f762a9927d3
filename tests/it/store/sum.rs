//! What entries add up to, rule by rule: a rule that is lost here loses a sync, sends something
//! twice, or opens a guard.

use std::{collections::BTreeSet, sync::Arc};

use dialplane::{
    journal::VolatileJournal,
    model::{
        Before, Calling, Details, Entry, Event, Fault, FaultKind, Field, Fingerprint, Landing,
        LastWrites, LiveSource, Managed, Memory, RememberedUser, RunId, StepOutcome, UserId, Verb,
    },
};

use super::{at, began, entry, intent, lost, outcome};
use crate::support::{id, name, number, upn};

const ADELE: &str = "adele@contoso.com";
const BERT: &str = "bert@contoso.com";

fn folded(entries: &[Entry]) -> Arc<Memory> {
    VolatileJournal::of(entries.to_vec()).remembered(&id("contoso"))
}

fn of(memory: &Memory, user: &str) -> LastWrites {
    memory.written.get(&upn(user)).cloned().unwrap_or_default()
}

fn is_vanished(memory: &Memory) -> bool {
    memory.managed.get(&upn(ADELE)).unwrap().vanished
}

fn phone(value: &str) -> Details {
    [(Field::PhoneNumber, number(value))].into_iter().collect()
}

/// An update of the number to `value` that was to change it from `before`.
fn update(value: &str, before: Option<&str>) -> Event {
    Event::Intent {
        user: upn(ADELE),
        verb: Verb::Update,
        details: phone(value),
        before: [(Field::PhoneNumber, before.map(number))].into(),
        origin: None,
    }
}

fn switch(verb: Verb) -> Event {
    intent(ADELE, verb, Details::default())
}

fn ended(verb: Verb, kind: Option<FaultKind>) -> Event {
    let failed = |kind| StepOutcome::Failed(Fault::new(kind, "no"));
    outcome(ADELE, verb, kind.map_or(StepOutcome::Accepted, failed))
}

fn landed(calling: bool, fields: &[Field]) -> Event {
    Event::Landed(vec![Landing { user: upn(ADELE), calling, fields: fields.to_vec() }])
}

fn not_synced(unclear: Option<u32>) -> Event {
    Event::NotSynced { lost: unclear.is_some(), unclear, reason: "a page".to_owned() }
}

/// One second after the other, in one run.
fn run(events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
    (0..).zip(events).map(|(second, event)| entry(second, "r1", event)).collect()
}

#[test]
fn a_refusal_owes_a_sync_and_refused_again_after_it_none() {
    let refused = [update("+14255550100", None), ended(Verb::Update, Some(FaultKind::Rejected))];
    let mut events = vec![began(1)];
    events.extend(refused.clone());
    let once = of(&folded(&run(events.clone())), ADELE).refused[&Verb::Update].clone();
    assert_eq!(once.details, phone("+14255550100"));
    assert_eq!(once.changed, BTreeSet::from([Field::PhoneNumber]));
    assert_eq!((once.at, once.settled, once.owed), (at(2), false, true));
    events.push(Event::Synced);
    let paid = of(&folded(&run(events.clone())), ADELE).refused[&Verb::Update].clone();
    assert_eq!((paid.settled, paid.owed), (false, false));
    events.extend(refused);
    let again = of(&folded(&run(events.clone())), ADELE).refused[&Verb::Update].clone();
    assert_eq!((again.at, again.settled, again.owed), (at(5), true, true));
    // Nobody sends it any more: the sync is owed, and it is forgotten.
    let mut decided = events.clone();
    decided.push(Event::Decided(vec![upn(ADELE)]));
    let memory = folded(&run(decided));
    assert!(memory.sync_owed.is_some() && of(&memory, ADELE).refused.is_empty());
    // What is accepted owes a sync that serves for both.
    events.extend([switch(Verb::Enable), ended(Verb::Enable, None)]);
    assert!(of(&folded(&run(events)), ADELE).refused.is_empty());
}

#[test]
fn what_was_never_sent_is_no_refusal() {
    for (kind, counts) in [
        (FaultKind::Rejected, true),
        (FaultKind::Auth, true),
        (FaultKind::Throttled, true),
        (FaultKind::Unreachable, false),
        (FaultKind::Stopped, false),
    ] {
        let memory =
            folded(&run([began(1), switch(Verb::Enable), ended(Verb::Enable, Some(kind))]));
        assert_eq!(!of(&memory, ADELE).refused.is_empty(), counts, "{kind:?}");
        assert_eq!(of(&memory, ADELE).calling, None, "{kind:?}");
    }
}

#[test]
fn a_sync_that_comes_before_a_lost_answer_is_decided_is_owed_again() {
    let lose = [began(1), switch(Verb::Disable), outcome(ADELE, Verb::Disable, lost())];
    let decide = Event::Decided(vec![upn(ADELE)]);
    let early = run(lose.into_iter().chain([Event::Synced, decide]));
    let memory = folded(&early);
    assert_eq!(memory.sync_owed.clone().map(|debt| debt.since), Some(at(4)));
    assert_eq!(of(&memory, ADELE).unknown, None);
    assert!(of(&memory, ADELE).calling.is_some_and(|write| write.lost));
}

#[test]
fn a_call_without_an_outcome_is_cut_off_until_the_next_run_and_lost_ever_after() {
    let mut history = run([began(1), switch(Verb::Enable)]);
    assert_eq!(folded(&history).cut_off, BTreeSet::from([upn(ADELE)]));
    for event in [began(1), Event::Decided(vec![upn(BERT)]), landed(false, &[])] {
        history.truncate(2);
        history.push(entry(9, "r2", event.clone()));
        let memory = folded(&history);
        assert_eq!(memory.cut_off, BTreeSet::new(), "{event:?}");
        assert_eq!(of(&memory, ADELE).unknown, Some((Verb::Enable, at(1))), "{event:?}");
        // An outcome that comes now is that of nothing.
        history.push(entry(10, "r2", ended(Verb::Enable, None)));
        assert!(of(&folded(&history), ADELE).unknown.is_some(), "{event:?}");
    }
    // A second call of the same user, without a run between them.
    let mut both = run([began(2), update("+14255550100", None), switch(Verb::Enable)]);
    both.push(entry(3, "r1", ended(Verb::Enable, None)));
    let adele = of(&folded(&both), ADELE);
    assert_eq!(adele.unknown, Some((Verb::Update, at(1))), "an enable says nothing of an update");
    assert!(adele.details[&Field::PhoneNumber].lost);
    assert!(adele.calling.is_some_and(|write| !write.lost));
}

#[test]
fn a_switch_that_is_answered_settles_a_switch_that_was_lost() {
    let mut events = vec![began(2), switch(Verb::Disable), outcome(ADELE, Verb::Disable, lost())];
    events.extend([switch(Verb::Enable), ended(Verb::Enable, None)]);
    assert_eq!(of(&folded(&run(events)), ADELE).unknown, None);
}

#[test]
fn what_other_writes_show_says_nothing_of_one_that_was_lost() {
    let mut events = vec![began(2), switch(Verb::Enable), ended(Verb::Enable, None)];
    events.extend([update("+14255550100", None), outcome(ADELE, Verb::Update, lost())]);
    events.push(landed(true, &[]));
    assert_eq!(of(&folded(&run(events.clone())), ADELE).unknown, Some((Verb::Update, at(4))));
    events.push(landed(false, &[Field::PhoneNumber]));
    assert_eq!(of(&folded(&run(events)), ADELE).unknown, None);
}

#[test]
fn syncs_are_remembered_each_for_its_own_sake() {
    let memory = |events: &[Event]| folded(&run(events.to_vec()));
    let mut events = vec![began(1), switch(Verb::Enable), ended(Verb::Enable, None)];
    events.push(Event::Syncing);
    assert_eq!(memory(&events).sync_sent, Some(at(3)), "it may be running");
    events.push(Event::NotSynced { lost: false, unclear: None, reason: "no".to_owned() });
    assert_eq!(memory(&events).sync_sent, None, "what was refused does not run");
    assert!(memory(&events).sync_owed.is_some());
    events.extend([Event::Syncing, Event::Synced]);
    let first = memory(&events);
    assert_eq!((first.sync_owed.clone(), first.sync_sent), (None, None));
    assert_eq!((first.first_sync, first.last_sync), (Some(at(6)), Some(at(6))));
    events.extend([began(0), Event::Synced]);
    let later = memory(&events);
    assert_eq!((later.first_sync, later.last_sync), (Some(at(6)), Some(at(8))));
    let calling = of(&later, ADELE).calling.unwrap();
    assert_eq!(calling.synced, Some(at(6)), "its time begins with the first one after it");
}

#[test]
fn answers_that_nobody_understands_are_counted_for_the_settings_of_the_time() {
    let times = |events: &[Event]| {
        let memory = folded(&run([vec![began(1)], events.to_vec()].concat()));
        memory.unclear_syncs.as_ref().map(|unclear| (unclear.times, unclear.settings))
    };
    let seven = not_synced(Some(7));
    let eight = not_synced(Some(8));
    assert_eq!(times(&[seven.clone(), seven.clone()]), Some((2, 7)));
    assert_eq!(times(&[seven.clone(), seven.clone(), eight.clone()]), Some((1, 8)));
    assert_eq!(times(&[seven.clone(), not_synced(None)]), None, "a refusal is understood");
    assert_eq!(times(&[seven, Event::Synced]), None);
}

#[test]
fn a_value_that_was_changed_back_is_counted_once_it_had_landed() {
    let send = |value: &str| [update(value, None), ended(Verb::Update, None)];
    let one = "+14255550100";
    let two = "+14255550101";
    let show = || [landed(false, &[Field::PhoneNumber])];
    let reverted = |events: Vec<Event>| {
        let mut reverted = of(&folded(&run(events)), ADELE).reverted;
        reverted.remove(&Some(Field::PhoneNumber)).unwrap_or_default()
    };
    let begin = || [vec![began(1)], send(one).to_vec()].concat();
    assert!(reverted([begin(), send(one).to_vec()].concat()).is_empty(), "it had not landed");
    let back = [begin(), show().to_vec(), send(one).to_vec()].concat();
    assert_eq!(reverted(back.clone()), [at(5)]);
    assert!(reverted([back, send(two).to_vec()].concat()).is_empty(), "a new value begins anew");
    let many: Vec<Event> =
        std::iter::repeat_n([show().to_vec(), send(one).to_vec()].concat(), 40).flatten().collect();
    assert_eq!(reverted([begin(), many].concat()).len(), LastWrites::REVERTS);
}

#[test]
fn what_an_update_only_repeats_tells_nothing_and_is_no_fight() {
    let repeat = Event::Intent {
        user: upn(ADELE),
        verb: Verb::Update,
        details: phone("+14255550100"),
        before: Before::new(),
        origin: None,
    };
    let mut events = vec![began(1), update("+14255550100", None), ended(Verb::Update, None)];
    assert!(of(&folded(&run(events.clone())), ADELE).details[&Field::PhoneNumber].tells);
    events.push(landed(false, &[Field::PhoneNumber]));
    events.extend([repeat, ended(Verb::Update, None)]);
    let adele = of(&folded(&run(events)), ADELE);
    assert!(!adele.details[&Field::PhoneNumber].tells && adele.reverted.is_empty());
    // Nor does a list tell that may still show what was before an earlier write.
    let mut events = vec![began(1), update("+14255550100", None), ended(Verb::Update, None)];
    events.extend([update("+14255550101", None), ended(Verb::Update, None)]);
    let adele = of(&folded(&run(events)), ADELE);
    assert!(!adele.details[&Field::PhoneNumber].tells);
    assert_eq!(adele.details[&Field::PhoneNumber].value, number("+14255550101"));
}

#[test]
fn each_intent_counts_for_the_hour_as_what_it_takes_away() {
    let memory = folded(&run([
        began(3),
        update("+14255550100", Some("+14255550199")),
        update("+14255550100", None),
        switch(Verb::Disable),
    ]));
    let sent = memory.sent.within_the_hour(at(10));
    assert_eq!((sent.disable, sent.numbers, sent.changes), (1, 1, 3));
}

#[test]
fn people_are_known_by_their_id_and_missing_is_remembered() {
    let id = UserId::observed("3f2504e0-4f89-11d3-9a0c-0305e82c3301");
    let managed = |user: &str| Event::Managed(vec![Managed { user: upn(user), id: id.clone() }]);
    let memory = folded(&run([managed(ADELE), managed(BERT)]));
    let known: Vec<_> = memory.managed.iter().collect();
    assert_eq!(
        known,
        [(upn(BERT), RememberedUser { id: id.clone(), vanished: false })],
        "one person, renamed"
    );
    let memory = folded(&run([managed(ADELE), Event::Vanished(vec![upn(ADELE), upn(BERT)])]));
    assert!(memory.managed.iter().map(|(user, _)| user).eq([upn(ADELE)]) && is_vanished(&memory));
    let memory = folded(&run([managed(ADELE), Event::Vanished(vec![upn(ADELE)]), managed(ADELE)]));
    assert!(!is_vanished(&memory), "seen again");
    let memory = folded(&run([Event::Counted { users: 7, by: LiveSource::Graph }]));
    let counted = memory.counted.unwrap();
    assert_eq!((counted.users, counted.by, counted.at), (7, LiveSource::Graph, at(0)));
}

#[test]
fn an_approval_is_used_up_by_the_first_run_that_uses_it() {
    let plan = Fingerprint::new([7; 32]);
    let approved = || Event::Approved { approval: name("autumn"), plan: plan.clone() };
    let memory = folded(&[entry(1, "r1", approved()), entry(2, "r2", approved())]);
    let used = &memory.approvals[&(name("autumn"), plan.clone())];
    assert_eq!((used.at, used.run.clone()), (at(1), RunId::new("r1")));
}

#[test]
fn what_landed_is_a_fact_and_what_is_sent_after_it_is_none_yet() {
    let mut events = vec![began(1), switch(Verb::Enable), ended(Verb::Enable, None)];
    events.extend([update("+14255550100", None), ended(Verb::Update, None)]);
    let shown = |events: &[Event]| {
        let adele = of(&folded(&run(events.to_vec())), ADELE);
        let calling = adele.calling.unwrap();
        assert_eq!(calling.value, Calling::Enabled);
        (calling.landed, adele.details[&Field::PhoneNumber].landed)
    };
    assert_eq!(shown(&events), (false, false));
    let of_calling = [events.clone(), vec![landed(true, &[])]].concat();
    assert_eq!(shown(&of_calling), (true, false));
    let of_number = [events.clone(), vec![landed(false, &[Field::PhoneNumber])]].concat();
    assert_eq!(shown(&of_number), (false, true));
    let again = [of_calling, vec![switch(Verb::Enable), ended(Verb::Enable, None)]].concat();
    assert_eq!(shown(&again), (false, false));
}
