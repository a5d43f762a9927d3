//! What was sent again and again without effect: the service accepts it, its sync is accepted, and
//! live state goes on showing something readable that is not it. It is told, and it is not a reason
//! to write any more.
//!
//! | sent so often in vain | what becomes of it |
//! |---|---|
//! | a field | a problem of the user; an update with no other reason is held, one with another carries it along |
//! | the number | the same, and calling is not switched on before it is right |
//! | enable, disable | a problem of the user; the step is held |
//!
//! It ends when the manifests want another value, when live state shows the wanted one, or, once,
//! by an approval.

use jiff::Timestamp;

use super::{FieldChange, Hold, HoldKind, LiveValue, Moment, NoEffect, ProblemKind, Step};
use crate::{
    model::{Calling, Field, Write},
    words::list,
};

/// So often something is sent before it counts as sent in vain.
const TRIES: u32 = 3;

/// How often something was sent, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SendCount {
    pub(super) times: u32,
    pub(super) last: Timestamp,
}

/// How often the wanted value was sent without effect, if that is enough. Nothing while it may
/// still become visible.
pub(super) fn tries<T: PartialEq>(
    moment: Moment<'_>,
    write: Option<&Write<T>>,
    wanted: &T,
) -> Option<SendCount> {
    let write = write.filter(|write| write.value == *wanted && !write.landed)?;
    let times = write.tries_in_vain();
    let over = times >= TRIES && !moment.is_open(write);
    over.then_some(SendCount { times, last: write.at })
}

/// Fields of one user that were sent in vain.
#[derive(Debug, Default)]
pub(super) struct FutileWrites {
    fields: Vec<NoEffect>,
}

impl FutileWrites {
    /// Notes a difference if it was tried in vain. What is not understood is told as that.
    pub(super) fn note(&mut self, change: &FieldChange, tries: Option<SendCount>) {
        let understood = !matches!(change.live, LiveValue::Unreadable(_));
        let Some(SendCount { times, last }) = tries.filter(|_| understood) else { return };
        let seen = change.live.to_string();
        let sent = change.desired.to_string();
        self.fields.push(NoEffect { field: Some(change.field), sent, seen, times, last });
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.fields.iter().any(|vain| vain.field == Some(field))
    }

    /// Whether calling is switched on only after this update. One that is held because it was sent
    /// in vain keeps nobody from calling, unless it is about the number.
    pub(super) fn is_waited_for(&self, update: &Step) -> bool {
        let in_vain = update.holds.iter().any(|hold| hold.kind == HoldKind::NoEffect);
        !in_vain || self.has(Field::PhoneNumber)
    }

    /// The hold of an update that changes nothing else.
    pub(super) fn hold(&self) -> Hold {
        let names = list(self.fields.iter().map(NoEffect::name));
        hold(&names, self.fields.iter().map(|vain| vain.times).max().unwrap_or(TRIES))
    }

    /// What is told of the user. `counts` says which fields matter.
    pub(super) fn problem(
        self,
        calling: Option<NoEffect>,
        counts: impl Fn(Field) -> bool,
    ) -> Option<ProblemKind> {
        let fields = self.fields.into_iter().filter(|vain| vain.field.is_some_and(&counts));
        let all: Vec<NoEffect> = calling.into_iter().chain(fields).collect();
        (!all.is_empty()).then_some(ProblemKind::NoEffect(all))
    }
}

/// That switching calling has no effect.
pub(super) fn calling(wanted: Calling, SendCount { times, last }: SendCount) -> NoEffect {
    let (sent, seen) = match wanted {
        Calling::Enabled => (Calling::Enabled, Calling::Disabled),
        Calling::Disabled => (Calling::Disabled, Calling::Enabled),
    };
    NoEffect { field: None, sent: sent.to_string(), seen: seen.to_string(), times, last }
}

/// The hold of what was sent so often in vain.
pub(super) fn hold(what: &str, times: u32) -> Hold {
    Hold::new(
        HoldKind::NoEffect,
        format!("{what} was sent {times} times and accepted, and nothing came of it"),
        "the problem of the user says what to look at; once the cause is removed, approve this \
            plan (`dialplane plan --approve`) to send it once more",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::{model::Memory, plan::Patience};

    #[test]
    fn what_may_still_become_visible_was_not_sent_in_vain() {
        let memory = Memory::default();
        let hour = Duration::from_secs(3600);
        let patience = Patience {
            settle: hour,
            first_settle: hour,
            sync_spacing: Duration::ZERO,
            flap_limit: 3,
            flap_window: hour,
            sync_settings: 0,
        };
        let at = Timestamp::UNIX_EPOCH;
        let write = Write {
            value: (),
            at,
            lost: false,
            landed: false,
            tells: true,
            synced: Some(at),
            in_vain: TRIES - 1,
        };
        for (minutes, in_vain) in [(0, false), (59, false), (60, true)] {
            let now = at + SignedDuration::from_mins(minutes);
            let moment = Moment { memory: &memory, now, patience, looked: None };
            let found = tries(moment, Some(&write), &());
            assert_eq!(found.is_some(), in_vain, "after {minutes} minutes");
        }
    }
}
