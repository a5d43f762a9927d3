//! The stop switch over time: when it was switched on, and when somebody let go.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    board::Halt,
    reconcile::At,
    stop::{StopMessage, StopSwitch},
};

/// How often it is looked for: letting go acts within seconds.
const PAUSE: Duration = Duration::from_secs(1);

/// What was last seen of the switch.
#[derive(Debug, Default)]
pub(super) struct Brake {
    /// Since when it was seen on, and what it said.
    on: Option<(Timestamp, StopMessage)>,
    due: At,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edge {
    /// It is on now, or on for another reason.
    On(StopMessage),
    /// It was on since then, saying this, and is not any more.
    Off(Timestamp, StopMessage),
}

impl Brake {
    /// When it is looked for next.
    pub(super) fn due(&self) -> At {
        self.due
    }

    /// What the switch said when it was seen on last; nothing if it is off.
    pub(super) fn on(&self) -> Option<&StopMessage> {
        self.on.as_ref().map(|(_, stopped)| stopped)
    }

    /// The next look is now: somebody has just moved it.
    pub(super) fn moved(&mut self) {
        self.due = At::default();
    }

    /// Looks, if it is time.
    pub(super) fn look(&mut self, switch: &StopSwitch, now: At, clock: Timestamp) -> Option<Edge> {
        if now < self.due {
            return None;
        }
        self.due = now + PAUSE;
        match (switch.state(), &self.on) {
            (Some(stopped), Some((_, before))) if stopped == *before => None,
            (Some(stopped), before) => {
                let since = before.as_ref().map_or(clock, |(since, _)| *since);
                self.on = Some((since, stopped.clone()));
                Some(Edge::On(stopped))
            }
            (None, _) => self.on.take().map(|(since, was)| Edge::Off(since, was)),
        }
    }
}

/// The stop switch as views show it.
pub(super) fn halt(stopped: &StopMessage) -> Halt {
    let StopMessage { message, hint, note, known: _ } = stopped.clone();
    Halt { message, hint, by: note.by, at: note.at, reason: note.reason }
}
