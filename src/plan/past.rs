//! What was written before, against what a list shows now: settling, landed, late, lost, changed
//! back by somebody else.

use jiff::Timestamp;

use super::{Hold, HoldKind, LiveValue, Moment, Patience};
use crate::{
    model::{
        Field, Landing, LastWrites, LiveTenant, LiveUser, ObservedValue, Upn, Value, Verb, Write,
    },
    words::time,
};

/// What the planner knows of earlier writes to one tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct EarlierWrites<'a> {
    pub(super) live: &'a LiveTenant,
    pub(super) moment: Moment<'a>,
}

/// What a write that is not visible says.
pub(super) enum UnseenWrite {
    /// It may still become visible, until then.
    Settling(Timestamp),
    /// It should have become visible.
    Late(Timestamp),
}

/// What became of a call whose answer was lost.
pub(super) enum LostCall {
    /// Nobody knows; it is waited for until then.
    Undecided {
        /// The call.
        verb: Verb,
        /// When its answer was lost.
        at: Timestamp,
        /// Until when it is waited for.
        until: Timestamp,
    },
    /// A list shows what it asked for, or the time for that is over. The answer was lost then.
    Decided(Timestamp),
}

impl<'a> EarlierWrites<'a> {
    pub(super) fn written(&self, user: &Upn) -> Option<&'a LastWrites> {
        self.moment.written(user)
    }

    /// The value of a write that may still become visible.
    pub(super) fn under_way<'w, T>(&self, write: Option<&'w Write<T>>) -> Option<&'w T> {
        self.moment.under_way(write)
    }

    /// For a value that is wanted and not seen: whether we have sent it already.
    pub(super) fn unseen<T: PartialEq>(
        &self,
        write: Option<&Write<T>>,
        wanted: &T,
    ) -> Option<UnseenWrite> {
        let write = write.filter(|write| write.value == *wanted && !write.landed)?;
        Some(if self.moment.is_open(write) {
            UnseenWrite::Settling(self.moment.deadline(write))
        } else {
            UnseenWrite::Late(write.at)
        })
    }

    /// What became of the user's lost answer, if there is one.
    pub(super) fn lost(&self, user: &LiveUser) -> Option<LostCall> {
        let written = self.written(&user.upn)?;
        let (verb, at) = written.unknown?;
        if self.arrived(user, written, verb, at) || !self.moment.is_open_since(at) {
            return Some(LostCall::Decided(at));
        }
        Some(LostCall::Undecided { verb, at, until: self.moment.lost_deadline(at) })
    }

    /// When the answer for a user who is not in the list was lost, if that is no longer waited for.
    pub(super) fn given_up(&self, user: &Upn) -> Option<Timestamp> {
        let (_, at) = self.written(user)?.unknown?;
        (!self.moment.is_open_since(at)).then_some(at)
    }

    /// Whether the list shows everything that the call asked for and the reader can see, and
    /// something of it is news.
    fn arrived(&self, user: &LiveUser, written: &LastWrites, verb: Verb, at: Timestamp) -> bool {
        match verb {
            Verb::Enable | Verb::Disable => {
                let write = written.calling.as_ref().filter(|write| write.at == at);
                write.is_some_and(|write| write.tells && user.calling.known() == Some(write.value))
            }
            Verb::Update | Verb::Configure => {
                let carried = written
                    .details
                    .iter()
                    .filter(|(field, write)| write.at == at && self.live.sees.contains(field));
                let shows = |(field, write): (&Field, &Write<Value>)| {
                    equal(&seen(user, *field, None), &write.value)
                };
                carried.clone().any(|(_, write)| write.tells) && carried.clone().all(shows)
            }
        }
    }

    /// Which writes this list shows for the first time. What an undecided call carried is not among
    /// them: lists may show it for another reason.
    pub(super) fn landing(&self, user: &LiveUser, undecided: Option<Timestamp>) -> Option<Landing> {
        let written = self.written(&user.upn)?;
        let counts = |landed: bool, at: Timestamp| !landed && Some(at) != undecided;
        let switch = written.calling.as_ref().filter(|write| counts(write.landed, write.at));
        let switched = switch.is_some_and(|write| user.calling.known() == Some(write.value));
        let shows = |(field, write): &(&Field, &Write<Value>)| {
            let answered = counts(write.landed, write.at) && user.details.has(**field);
            answered && equal(&seen(user, **field, None), &write.value)
        };
        let fields: Vec<Field> =
            written.details.iter().filter(shows).map(|(field, _)| *field).collect();
        (switched || !fields.is_empty()).then(|| Landing {
            user: user.upn.clone(),
            calling: switched,
            fields,
        })
    }

    /// The hold of a value that somebody else changes back again and again. `write` is what we last
    /// sent; `what` is the field, or nothing for calling.
    pub(super) fn fought<T: PartialEq>(
        &self,
        written: Option<&LastWrites>,
        what: Option<Field>,
        write: Option<&Write<T>>,
        wanted: &T,
    ) -> Option<Hold> {
        let Patience { flap_limit, flap_window, .. } = self.moment.patience;
        write.filter(|write| write.landed && write.value == *wanted)?;
        let reverts = written?.reverted.get(&what).map(Vec::as_slice).unwrap_or_default();
        let counted = self.moment.counted(reverts);
        // This one is not sent again yet.
        let times = counted.len() + 1;
        if times < flap_limit {
            return None;
        }
        let what = what.map_or("calling", Field::name);
        let again =
            counted.get(times - flap_limit).and_then(|oldest| oldest.checked_add(flap_window).ok());
        let again = again.map(|at| format!(", or from {} on", time(at))).unwrap_or_default();
        Some(Hold::new(
            HoldKind::Flap,
            format!("somebody else has changed {what} back {times} times"),
            format!(
                "find out who: another admin, a change made in the portal or the Teams admin \
                    center, another tool; it is sent again when the manifests want another \
                    value{again} (`execution.flapLimit`)"
            ),
        ))
    }
}

/// What is known of a field: what was observed, else what we last wrote.
pub(super) fn seen(live: &LiveUser, field: Field, write: Option<&Write<Value>>) -> LiveValue {
    match (live.details.get(field), write) {
        (Some(ObservedValue::Set(value)), _) => LiveValue::Value(value.clone()),
        (Some(ObservedValue::Unset), _) => LiveValue::Nothing,
        (Some(ObservedValue::Unreadable(read)), _) => LiveValue::Unreadable(read.clone()),
        (None, Some(write)) => LiveValue::Written(write.value.clone()),
        (None, None) => LiveValue::NotVisible,
    }
}

/// Whether a list shows the wanted value: [`equal`] of what is [`seen`], without a copy of it.
pub(super) fn shows(live: &LiveUser, field: Field, wanted: &Value) -> bool {
    match live.details.get(field) {
        Some(ObservedValue::Set(value)) => value == wanted,
        Some(ObservedValue::Unset) => *wanted == Value::NoPhone,
        Some(ObservedValue::Unreadable(_)) | None => false,
    }
}

/// Whether that is the wanted value.
pub(super) fn equal(seen: &LiveValue, wanted: &Value) -> bool {
    match seen {
        LiveValue::Value(value) | LiveValue::Written(value) => value == wanted,
        LiveValue::Nothing => *wanted == Value::NoPhone,
        LiveValue::NotVisible | LiveValue::Unreadable(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::model::{
        Calling, Confirmation, Consent, Coverage, ListExtras, LiveCalling, Memory, Roster,
    };

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn adele() -> Upn {
        Upn::parse("adele@contoso.com").unwrap()
    }

    /// A write whose answer was lost, unless it was sent before [`AT`].
    fn write<T>(value: T, at: Timestamp, tells: bool) -> Write<T> {
        Write { value, at, lost: at == AT, landed: false, tells, synced: None, in_vain: 0 }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Asks about her, of whom a list shows this tag and this line.
    fn ask<A>(
        written: LastWrites,
        shown: [&str; 2],
        answer: impl FnOnce(EarlierWrites<'_>, &LiveUser) -> A,
    ) -> A {
        let memory = Memory { written: [(adele(), written)].into(), ..Memory::default() };
        let live = LiveTenant {
            consent: Consent::Granted,
            coverage: Coverage::Complete,
            sees: [Field::UserTag, Field::LinePort].into(),
            users: Roster::new(),
            beside: ListExtras::default(),
            confirmation: Confirmation::NotAsked,
        };
        let [tag, line] = shown.map(|shown| ObservedValue::Set(text(shown)));
        let user = LiveUser {
            upn: adele(),
            id: None,
            calling: LiveCalling::Enabled,
            details: [(Field::UserTag, tag), (Field::LinePort, line)].into_iter().collect(),
        };
        let patience = Patience {
            settle: Duration::from_secs(60),
            first_settle: Duration::from_secs(60),
            sync_spacing: Duration::ZERO,
            flap_limit: 3,
            flap_window: Duration::from_secs(60),
            sync_settings: 0,
        };
        let moment = Moment { memory: &memory, now: AT, patience, looked: None };
        answer(EarlierWrites { live: &live, moment }, &user)
    }

    #[test]
    fn what_an_undecided_call_carried_has_not_landed_whatever_a_list_shows() {
        let calling = Some(write(Calling::Enabled, AT, false));
        let unknown = Some((Verb::Enable, AT));
        let written = LastWrites { calling, unknown, ..LastWrites::default() };
        ask(written, ["", ""], |past, adele| {
            assert!(matches!(past.lost(adele), Some(LostCall::Undecided { .. })));
            assert_eq!(past.landing(adele, Some(AT)), None);
            assert!(past.landing(adele, None).is_some_and(|landing| landing.calling));
        });
    }

    #[test]
    fn what_an_earlier_call_carried_does_not_decide_one_whose_answer_was_lost() {
        let before = AT - SignedDuration::from_secs(30);
        // Whether the list tells something new of the earlier tag and of the line that was sent last,
        // what it shows of both, and whether the call is decided.
        for (tag_tells, line_tells, shown, decided) in [
            (false, true, ["another", "sent"], true),
            (true, false, ["tag", "sent"], false),
            (true, true, ["tag", "another"], false),
        ] {
            let tag = write(text("tag"), before, tag_tells);
            let line = write(text("sent"), AT, line_tells);
            let written = LastWrites {
                details: [(Field::UserTag, tag), (Field::LinePort, line)].into(),
                unknown: Some((Verb::Update, AT)),
                ..LastWrites::default()
            };
            let lost = ask(written, shown, |past, adele| past.lost(adele));
            assert_eq!(matches!(lost, Some(LostCall::Decided(_))), decided, "{shown:?}");
        }
    }
}
