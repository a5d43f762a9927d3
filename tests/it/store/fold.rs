//! What entries add up to.

use std::sync::Arc;

use dialplane::{
    journal::VolatileJournal,
    model::{Calling, Details, Entry, Event, Field, Landing, Memory, RunId, StepOutcome, Verb},
};

use super::{at, began, details, entry, history, intent, lost, outcome};
use crate::support::{id, number, upn};

fn folded(entries: &[Entry]) -> Arc<Memory> {
    VolatileJournal::of(entries.to_vec()).remembered(&id("contoso"))
}

#[test]
fn the_memory_of_a_run() {
    let memory = folded(&history());
    let owed = memory.sync_owed.as_ref().expect("r2 began");
    assert_eq!((owed.run.as_str(), owed.since), ("r2", at(11)));
    assert_eq!((memory.first_sync, memory.last_sync), (Some(at(9)), Some(at(9))));
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert!(adele.calling.as_ref().is_some_and(|write| !write.landed
        && write.value == Calling::Enabled
        && write.at == at(11)));
    assert_eq!(adele.reverted[&None], [at(11)]);
    assert_eq!(memory.sync_sent, Some(at(11)));
    assert!(
        adele.details[&Field::PhoneNumber].landed && !adele.details[&Field::SbcGatewayId].landed
    );
    assert_eq!(memory.written[&upn("bert@contoso.com")].unknown, Some((Verb::Disable, at(6))));
    assert_eq!(
        memory.written[&upn("carl@contoso.com")].unknown,
        Some((Verb::Update, at(12))),
        "r2 was cut off"
    );
}

#[test]
fn an_intent_without_an_outcome_is_unknown_after_a_crash() {
    let memory = folded(&[
        entry(0, "r1", began(1)),
        entry(1, "r1", intent("adele@contoso.com", Verb::Update, details())),
    ]);
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert_eq!(adele.unknown, Some((Verb::Update, at(1))));
    assert_eq!(adele.details[&Field::PhoneNumber].value, number("+14255550100"));
    assert!(memory.sync_owed.is_some());
}

#[test]
fn an_outcome_of_an_earlier_call_ends_no_later_one() {
    let adele = "adele@contoso.com";
    let memory = folded(&[
        entry(0, "r1", began(2)),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(3, "r1", outcome(adele, Verb::Update, StepOutcome::Accepted)),
    ]);
    assert!(memory.cut_off.contains(&upn(adele)), "the enable has no outcome");
    let written = &memory.written[&upn(adele)];
    assert!(written.calling.is_some() && written.unknown.is_some(), "{written:?}");
}

#[test]
fn what_a_crash_left_unknown_can_land() {
    let adele = "adele@contoso.com";
    let landing = Landing { user: upn(adele), calling: true, fields: Vec::new() };
    let history = [
        entry(0, "r1", began(1)),
        entry(1, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(2, "r2", Event::Landed(vec![landing])),
    ];
    let memory = folded(&history);
    let written = &memory.written[&upn(adele)];
    assert_eq!(written.unknown, None);
    assert!(written.calling.as_ref().is_some_and(|write| write.landed));
}

#[test]
fn only_what_was_lost_and_landed_is_known_again() {
    let adele = "adele@contoso.com";
    let landing = |calling, fields: &[Field]| {
        Event::Landed(vec![Landing { user: upn(adele), calling, fields: fields.to_vec() }])
    };
    let mut history = vec![
        entry(0, "r1", began(2)),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, StepOutcome::Accepted)),
        entry(3, "r1", intent(adele, Verb::Enable, Details::default())),
        entry(4, "r1", outcome(adele, Verb::Enable, lost())),
        // The update is shown; of the enable that says nothing.
        entry(5, "r2", landing(false, &[Field::PhoneNumber, Field::SbcGatewayId])),
    ];
    assert_eq!(folded(&history).written[&upn(adele)].unknown, Some((Verb::Enable, at(4))));
    history.push(entry(6, "r2", landing(true, &[])));
    assert_eq!(folded(&history).written[&upn(adele)].unknown, None);
    // Of a lost update, every field must be shown.
    let mut history = vec![
        entry(0, "r1", began(1)),
        entry(1, "r1", intent(adele, Verb::Update, details())),
        entry(2, "r1", outcome(adele, Verb::Update, lost())),
        entry(3, "r2", landing(false, &[Field::SbcGatewayId])),
    ];
    assert_eq!(folded(&history).written[&upn(adele)].unknown, Some((Verb::Update, at(2))));
    history.push(entry(4, "r2", landing(false, &[Field::PhoneNumber])));
    assert_eq!(folded(&history).written[&upn(adele)].unknown, None);
}

#[test]
fn a_run_that_began_owes_its_sync_after_a_crash() {
    let mut history = vec![entry(0, "r1", began(1))];
    let debt = folded(&history).sync_owed.clone().expect("a debt");
    assert_eq!((debt.run.as_str(), debt.since), ("r1", at(0)));
    // It is paid by a sync and by nothing else.
    history.extend([entry(1, "r2", began(1)), entry(2, "r2", Event::NothingSent)]);
    assert_eq!(folded(&history).sync_owed.clone().map(|debt| debt.run), Some(RunId::new("r1")));
    history.extend([entry(3, "r3", began(1)), entry(4, "r3", Event::Synced)]);
    assert_eq!(folded(&history).sync_owed, None);
}

#[test]
fn a_run_that_sent_nothing_owes_nothing() {
    let history = [entry(0, "r1", began(1)), entry(1, "r1", Event::NothingSent)];
    assert_eq!(folded(&history).sync_owed, None);
}

#[test]
fn an_answer_to_a_switch_says_nothing_of_a_lost_update_and_the_other_way_round() {
    let adele = "adele@contoso.com";
    // What was lost, what is accepted after it, and whether the lost one is still open.
    for (first, then, open) in [
        (Verb::Update, Verb::Enable, true),
        (Verb::Disable, Verb::Update, true),
        (Verb::Disable, Verb::Enable, false),
        (Verb::Update, Verb::Update, false),
    ] {
        let memory = folded(&[
            entry(0, "r1", began(2)),
            entry(1, "r1", intent(adele, first, details())),
            entry(2, "r1", outcome(adele, first, lost())),
            entry(3, "r1", intent(adele, then, details())),
            entry(4, "r1", outcome(adele, then, StepOutcome::Accepted)),
        ]);
        let unknown = memory.written[&upn(adele)].unknown;
        assert_eq!(unknown, open.then_some((first, at(2))), "{first} {then}");
    }
}
