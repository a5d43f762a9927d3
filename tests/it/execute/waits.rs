//! What waits, for its turn or for the journal, while the run is ended or the lease is lost.

use dialplane::{execute::Stop, ports::JournalError};

use super::{doubles::Both, kinds, updates};
use crate::support::{NOTHING, id};

#[tokio::test]
async fn a_step_that_waits_for_its_turn_is_not_sent_once_the_run_has_been_ended() {
    for stop in [Stop::Asked, Stop::Newer] {
        let house = updates(3).await;
        let plan = house.plan().await;
        let token = if stop == Stop::Asked { &house.stop } else { &house.newer };
        let both = Both { cancel_in_line: Some(token.clone()), ..Both::default() };
        let report = house.apply_with(&plan, &both, &both).await.remove(0);
        assert_eq!(kinds(&report), ["not tried"; 3], "{stop:?}");
        assert_eq!((both.calls(), report.stopped.as_ref()), (vec![], Some(&stop)));
        let memory = both.journal.remembered(&id("contoso"));
        assert_eq!(memory.sync_owed, None, "{stop:?}: nothing was sent");
        assert!(memory.cut_off.is_empty(), "{stop:?}: it is on record that nothing was");
    }
}

#[tokio::test]
async fn what_waits_for_its_turn_is_not_sent_without_the_lease() {
    let house = updates(2).await;
    let plan = house.plan().await;
    let both = Both { lapses_in_line: true, ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(both.calls(), NOTHING);
    assert_eq!(report.stopped, Some(Stop::Journal(JournalError::Lost)));
}

#[tokio::test]
async fn a_stop_while_the_journal_is_away_sends_no_step_that_was_chosen_before() {
    let house = updates(2).await;
    let plan = house.plan().await;
    // The outcome of the first step is waited for; the second was chosen before.
    let both =
        Both { away: Some((3, 2)), cancel_when_away: Some(house.stop.clone()), ..Both::default() };
    let report = house.apply_with(&plan, &both, &both).await.remove(0);
    assert_eq!(kinds(&report), ["accepted", "not tried"], "{report:?}");
    assert_eq!(both.calls(), ["call update u00@contoso.com", "call sync contoso"]);
}
