//! The stop switch on its way into the journal: who moved it, and why.
//!
//! **Invariant:** nothing waits for the journal before it stops. What cannot be put on record is
//! tried again, and who waits for that hears after a moment that it is not there.

use std::{collections::VecDeque, time::Duration};

use tokio::task::Id;

use crate::{pass::StopSwitchChange, ports::JournalError, reconcile::At};

/// How long somebody waits to hear that it is on record.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is not tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// What may wait for a journal that is away.
const MOST: usize = 16;

/// What the journal does not know yet, and who waits for that.
#[derive(Debug, Default)]
pub(super) struct Halts {
    /// The oldest first.
    due: VecDeque<StopSwitchChange>,
    waiting: Vec<WaitingHalt>,
    task: Option<Id>,
    /// When it is tried again.
    again: At,
    /// Whether it is known what the journal says.
    compared: bool,
    /// Under which run the last one was kept.
    run: Option<String>,
    /// Why the last one was not.
    failed: Option<String>,
}

/// Somebody has moved the switch.
#[derive(Debug)]
struct WaitingHalt {
    id: String,
    message: String,
    until: At,
}

/// What somebody hears who has moved the switch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HaltAnswer {
    /// The request.
    pub(super) id: String,
    /// What to say.
    pub(super) message: String,
    /// The run under which the journal has it, if it is new there.
    pub(super) run: Option<String>,
}

impl Halts {
    /// The switch was moved.
    pub(super) fn moved(&mut self, switched: StopSwitchChange) {
        if self.due.len() >= MOST {
            self.due.pop_front();
        }
        self.due.push_back(switched);
    }

    /// Another process may have written since: what the journal says is not known any more.
    pub(super) fn forget(&mut self) {
        self.due.clear();
        self.compared = false;
    }

    /// Somebody wants to hear that it is on record.
    pub(super) fn wait(&mut self, id: &str, message: String, now: At) {
        self.run = None;
        self.waiting.push(WaitingHalt { id: id.to_owned(), message, until: now + PATIENCE });
    }

    /// What is to be put on record now; `switched` is how the switch is.
    pub(super) fn next(
        &mut self,
        switched: impl FnOnce() -> StopSwitchChange,
        now: At,
    ) -> Option<StopSwitchChange> {
        if self.task.is_some() || now < self.again {
            return None;
        }
        if !self.compared && self.due.is_empty() {
            self.due.push_back(switched());
        }
        self.due.front().cloned()
    }

    /// It is, in this task.
    pub(super) fn asks(&mut self, task: Id) {
        self.task = Some(task);
    }

    /// The task has ended. True if it was the one.
    pub(super) fn ended(
        &mut self,
        task: Id,
        kept: Result<Option<String>, JournalError>,
        now: At,
    ) -> bool {
        if self.task != Some(task) {
            return false;
        }
        self.task = None;
        match kept {
            Ok(run) => {
                self.compared = true;
                self.failed = None;
                self.due.pop_front();
                self.run = run;
            }
            Err(error) => {
                self.again = now + PAUSE;
                self.failed = Some(error.to_string());
            }
        }
        true
    }

    /// Whether it failed otherwise than the last time: it is tried each second.
    pub(super) fn is_news(&self, error: &JournalError) -> bool {
        self.failed.as_ref() != Some(&error.to_string())
    }

    /// Those who need not wait any longer; all of them if nothing will come.
    pub(super) fn heard(&mut self, now: At, is_over: bool) -> Vec<HaltAnswer> {
        let is_kept = self.due.is_empty() && self.task.is_none();
        let ready = |waiting: &mut WaitingHalt| is_kept || is_over || waiting.until <= now;
        let failed = self.failed.as_deref().unwrap_or("it has not answered yet");
        let not_kept = format!("; it is not in the journal yet: {failed}");
        let run = self.run.clone().filter(|_| is_kept);
        let hear = |WaitingHalt { id, message, .. }| HaltAnswer {
            id,
            message: if is_kept { message } else { message + &not_kept },
            run: run.clone(),
        };
        self.waiting.extract_if(.., ready).map(hear).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: At = At::ZERO;

    fn on() -> StopSwitchChange {
        StopSwitchChange { by: Some("ada@desk".to_owned()), on: Some("wrong file".to_owned()) }
    }

    fn off() -> StopSwitchChange {
        StopSwitchChange { by: None, on: None }
    }

    fn task() -> Id {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.spawn(async {}).id()
    }

    fn away() -> JournalError {
        JournalError::Broken("the disk is full".to_owned())
    }

    #[test]
    fn a_service_that_starts_compares_once() {
        let mut halts = Halts::default();
        assert_eq!(halts.next(off, START), Some(off()));
        let task = task();
        halts.asks(task);
        assert_eq!(halts.next(off, START), None, "it is under way");
        assert!(halts.ended(task, Ok(None), START));
        assert_eq!(halts.next(off, START), None, "it is known");
        halts.forget();
        assert_eq!(halts.next(on, START), Some(on()), "another service has written since");
    }

    #[test]
    fn who_moves_it_hears_of_the_run_and_after_a_while_that_there_is_none() {
        let mut halts = Halts::default();
        halts.moved(on());
        halts.wait("1", "stopped".to_owned(), START);
        assert_eq!(halts.heard(START, false), []);
        let first = task();
        halts.asks(first);
        assert!(!halts.ended(task(), Ok(None), START), "of another task");
        assert!(halts.is_news(&away()));
        assert!(halts.ended(first, Err(away()), START));
        assert!(!halts.is_news(&away()), "it is told once");
        assert_eq!(halts.next(off, START), None, "not at once again");
        assert_eq!(halts.heard(START, false), []);
        let told = halts.heard(START + PATIENCE, false);
        let words = "stopped; it is not in the journal yet: the journal cannot be written: the \
            disk is full";
        assert_eq!(
            told.iter().map(|heard| heard.message.as_str()).collect::<Vec<_>>(),
            [words],
            "it is not kept waiting"
        );
        assert_eq!(halts.next(off, START + PAUSE), Some(on()), "it is tried again");
        halts.wait("2", "stopped".to_owned(), START);
        let second = task();
        halts.asks(second);
        assert!(halts.ended(second, Ok(Some("run".to_owned())), START));
        let heard = HaltAnswer {
            id: "2".to_owned(),
            message: "stopped".to_owned(),
            run: Some("run".to_owned()),
        };
        assert_eq!(halts.heard(START, false), [heard]);
    }

    #[test]
    fn what_waits_for_a_journal_that_is_away_is_bounded() {
        let mut halts = Halts::default();
        for _ in 0..100 {
            halts.moved(on());
            halts.moved(off());
        }
        assert_eq!(halts.due.len(), MOST);
        assert_eq!(halts.due.back(), Some(&off()));
    }
}
