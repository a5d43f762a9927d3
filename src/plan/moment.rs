//! A moment of one tenant: what is remembered of it, at which time, and with how much patience. How
//! long the service is given to show what was written, how long it is left alone between two syncs,
//! and how often somebody else may change a value back.

use std::time::Duration;

use jiff::Timestamp;

use super::{Hold, HoldKind, validity::Validity};
use crate::{
    model::{
        Calling, Field, LastWrites, LiveCalling, LiveUser, Memory, ObservedValue, UnclearSyncs,
        Upn, Value, Write,
    },
    words::time,
};

/// After so many unclear answers in a row no sync is sent before people have looked ...
const UNCLEAR_SYNCS: u32 = 3;
/// ... or so much time has passed.
const UNCLEAR_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How long things may take, and how often they may be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a write may stay invisible after its sync before it counts as not landed (contract
    /// 4.4).
    pub settle: Duration,
    /// The same after a tenant's first sync.
    pub first_settle: Duration,
    /// The least time between two syncs of a tenant.
    pub sync_spacing: Duration,
    /// How often one value may be changed back by somebody else within `flap_window` before it is
    /// left alone.
    pub flap_limit: usize,
    /// See `flap_limit`.
    pub flap_window: Duration,
    /// How the settings have syncs sent, as a number.
    pub sync_settings: u32,
}

/// What is remembered of a tenant, and when that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'m> {
    /// What the journal remembers.
    pub memory: &'m Memory,
    /// The time at which it is asked.
    pub now: Timestamp,
    /// How long things may take.
    pub patience: Patience,
    /// When the manifests were last looked at; absent: now.
    pub looked: Option<Timestamp>,
}

impl<'m> Moment<'m> {
    /// What was last sent for a user.
    pub(super) fn written(&self, user: &Upn) -> Option<&'m LastWrites> {
        self.memory.written.get(user)
    }

    /// Whether the user has calling, a write that may still become visible counting as if it were.
    pub(super) fn calling(&self, user: &LiveUser) -> LiveCalling {
        let write = self.written(&user.upn).and_then(|written| written.calling.as_ref());
        match self.under_way(write) {
            Some(Calling::Enabled) => LiveCalling::Enabled,
            Some(Calling::Disabled) => LiveCalling::Disabled,
            None => user.calling.clone(),
        }
    }

    /// The value of a field in the same sense; nothing if it is not known. No number is a value,
    /// and what is not understood is none.
    pub(super) fn value<'v>(&self, user: &'v LiveUser, field: Field) -> Option<&'v Value>
    where
        'm: 'v,
    {
        let write = self.written(&user.upn).and_then(|written| written.details.get(&field));
        match (self.under_way(write), user.details.get(field)) {
            (Some(value), _) | (None, Some(ObservedValue::Set(value))) => Some(value),
            (None, Some(ObservedValue::Unset)) if field == Field::PhoneNumber => {
                Some(&Value::NoPhone)
            }
            (None, Some(ObservedValue::Unset | ObservedValue::Unreadable(_))) => None,
            (None, None) => write.filter(|write| !write.lost).map(|write| &write.value),
        }
    }

    /// The value of a write that may still become visible.
    pub(super) fn under_way<'w, T>(&self, write: Option<&'w Write<T>>) -> Option<&'w T> {
        write.filter(|write| !write.landed && self.is_open(write)).map(|write| &write.value)
    }

    /// When a write must have become visible. Its time begins with the sync that came after it;
    /// while that is owed, it has as long as before a first one. A lost one is not waited for
    /// longer than if it had been synced at once.
    pub(super) fn deadline<T>(&self, write: &Write<T>) -> Timestamp {
        match write.synced.filter(|sync| *sync <= self.now && !write.lost) {
            Some(sync) => self.after(sync, sync),
            None if self.memory.sync_owed.is_some() && !write.lost => {
                write.at.checked_add(self.patience.first_settle).unwrap_or(Timestamp::MAX)
            }
            None => self.lost_deadline(write.at),
        }
    }

    /// When it must have become visible what a call asked for whose answer was lost then.
    pub(super) fn lost_deadline(&self, at: Timestamp) -> Timestamp {
        self.after(at, at)
    }

    /// The end of what begins at `begin` and belongs to the sync at or after `mark`.
    fn after(&self, begin: Timestamp, mark: Timestamp) -> Timestamp {
        let Patience { settle, first_settle, .. } = self.patience;
        let first = self.memory.first_sync.is_none_or(|sync| mark <= sync && sync <= self.now);
        begin.checked_add(if first { first_settle } else { settle }).unwrap_or(Timestamp::MAX)
    }

    /// Whether a write may still become visible.
    pub(super) fn is_open<T>(&self, write: &Write<T>) -> bool {
        !self.is_future(write.at) && self.now < self.deadline(write)
    }

    /// Whether what was sent then may still show, if its sync followed at once.
    pub(super) fn is_open_since(&self, at: Timestamp) -> bool {
        !self.is_future(at) && self.now < self.lost_deadline(at)
    }

    /// Whether something was dated by a clock that has been set right since: it does not count, or
    /// it would be waited for until then.
    fn is_future(&self, at: Timestamp) -> bool {
        self.now.checked_add(self.patience.first_settle).is_ok_and(|latest| at > latest)
    }

    /// Narrows a span to that in which no write and no lost answer of the tenant changes by time
    /// alone, nor how often a value was changed back.
    pub(super) fn narrow(&self, span: &mut Validity) {
        let first_sync = self.memory.first_sync;
        self.narrow_by_suspension(span);
        for written in self.memory.written.values() {
            let calling = written.calling.iter().filter(|write| !write.landed);
            let details = written.details.values().filter(|write| !write.landed);
            let calling = calling.map(|write| (write.at, write.synced));
            for (at, synced) in calling.chain(details.map(|write| (write.at, write.synced))) {
                self.narrow_by_write(at, synced, span);
            }
            if let Some((_, at)) = written.unknown {
                self.narrow_by_write(at, first_sync, span);
            }
            for at in written.reverted.values().flatten() {
                span.cut(Some(*at));
                span.cut(at.checked_add(self.patience.flap_window).ok());
            }
        }
    }

    /// Narrows a span to that in which a suspension neither counts nor ends.
    pub(super) fn narrow_by_suspension(&self, span: &mut Validity) {
        span.cut(self.memory.suspended.as_ref().and_then(|suspension| suspension.until));
    }

    /// The same for one write.
    pub(super) fn narrow_by_write(
        &self,
        at: Timestamp,
        synced: Option<Timestamp>,
        span: &mut Validity,
    ) {
        let Patience { settle, first_settle, .. } = self.patience;
        span.cut(at.checked_sub(first_settle).ok());
        span.cut(self.memory.first_sync);
        span.cut(synced);
        for begin in [Some(at), synced].into_iter().flatten() {
            span.cut(begin.checked_add(settle).ok());
            span.cut(begin.checked_add(first_settle).ok());
        }
    }

    /// Until when no sync may be sent: one was accepted, or may be running, so shortly before.
    pub(super) fn sync_from(&self) -> Option<Timestamp> {
        let last = [self.memory.last_sync, self.memory.sync_sent]
            .into_iter()
            .flatten()
            .filter(|sync| *sync <= self.now)
            .max()?;
        last.checked_add(self.patience.sync_spacing).ok().filter(|from| *from > self.now)
    }

    /// Why no sync may be sent until then, if nobody understands the answers of the last ones. It
    /// is tried again one day: whatever answered may be gone by then.
    pub(super) fn unclear_syncs(&self) -> Option<(Timestamp, Hold)> {
        let UnclearSyncs { times, last, settings, reason } = self.memory.unclear_syncs.as_ref()?;
        let until = last
            .checked_add(UNCLEAR_WAIT)
            .ok()
            .filter(|until| *last <= self.now && self.now < *until)?;
        if *times < UNCLEAR_SYNCS || *settings != self.patience.sync_settings {
            return None;
        }
        let hold = Hold::new(
            HoldKind::SyncUnclear,
            format!("the answers to the last {times} syncs said neither yes nor no: {reason}"),
            format!(
                "find out in the portal, or from the vendor, whether they were carried out; if \
                    such an answer means yes, say so with `accept: status` in \
                    `connectToTeams.endpoints.sync`. A change of that row sends one at once, else \
                    the next is sent after {}",
                time(until)
            ),
        );
        Some((until, hold))
    }

    /// Those of `reverts` that count now.
    pub(super) fn counted(&self, reverts: &[Timestamp]) -> Vec<Timestamp> {
        let counts = |at: &&Timestamp| {
            **at <= self.now
                && at.checked_add(self.patience.flap_window).is_ok_and(|end| end > self.now)
        };
        reverts.iter().filter(counts).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::SyncDebt;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000 + hours)
    }

    const fn spans(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    const PATIENCE: Patience = Patience {
        settle: spans(4),
        first_settle: spans(24),
        sync_spacing: spans(1),
        flap_limit: 3,
        flap_window: spans(24),
        sync_settings: 0,
    };

    fn moment(memory: &Memory) -> Moment<'_> {
        Moment { memory, now: hours(0), patience: PATIENCE, looked: None }
    }

    fn open(memory: &Memory, at: i64, synced: Option<i64>, lost: bool) -> bool {
        let write = Write {
            value: (),
            at: hours(at),
            lost,
            landed: false,
            tells: true,
            synced: synced.map(hours),
            in_vain: 0,
        };
        moment(memory).is_open(&write)
    }

    #[test]
    fn the_time_of_a_write_begins_with_its_sync() {
        let memory = |first_sync: Option<i64>| Memory {
            first_sync: first_sync.map(hours),
            ..Memory::default()
        };
        for lost in [false, true] {
            assert!(
                open(&memory(None), -23, None, lost) && !open(&memory(None), -25, None, lost),
                "a day before the first sync"
            );
            assert!(
                open(&memory(Some(-100)), -3, None, lost)
                    && !open(&memory(Some(-100)), -5, None, lost),
                "then four hours"
            );
        }
        let first = memory(Some(-23));
        assert!(
            open(&first, -30, Some(-23), false) && !open(&first, -30, Some(-23), true),
            "the first sync came late"
        );
        assert!(
            open(&memory(Some(-100)), -9, Some(-3), false)
                && !open(&memory(Some(-100)), -9, Some(-5), false)
        );
        let owing = Memory {
            sync_owed: Some(SyncDebt { since: hours(-50), run: crate::model::RunId::new("r") }),
            ..memory(Some(-100))
        };
        assert!(
            open(&owing, -23, None, false) && !open(&owing, -25, None, false),
            "while its sync is owed"
        );
        assert!(!open(&owing, -23, None, true), "a lost one");
    }

    #[test]
    fn what_is_dated_by_a_clock_that_ran_ahead_is_not_waited_for() {
        let memory = |first_sync: Option<i64>| Memory {
            first_sync: first_sync.map(hours),
            ..Memory::default()
        };
        assert!(!open(&memory(None), 1_000, None, false), "a write of the future");
        assert!(
            !open(&memory(Some(1_000)), -5, None, false),
            "a first sync of the future lengthens nothing"
        );
        assert!(
            !open(&memory(Some(-100)), -5, Some(1_000), false),
            "nor does the sync after a write"
        );
        let lost = |at: i64| moment(&memory(None)).is_open_since(hours(at));
        assert!(lost(-23) && !lost(-25) && !lost(1_000), "an answer that was lost in the future");
        let synced = |last: i64, sent: Option<i64>| {
            let memory = Memory {
                last_sync: Some(hours(last)),
                sync_sent: sent.map(hours),
                ..Memory::default()
            };
            moment(&memory).sync_from()
        };
        assert_eq!(
            (synced(0, None), synced(-1, None), synced(5, None)),
            (Some(hours(1)), None, None)
        );
        assert_eq!(
            (synced(-9, Some(0)), synced(5, Some(-9))),
            (Some(hours(1)), None),
            "one that may be running counts as well"
        );
        let reverts = [hours(-25), hours(-24), hours(-3), hours(0), hours(3)];
        assert_eq!(moment(&Memory::default()).counted(&reverts), [hours(-3), hours(0)]);
        let unclear = |last: i64| {
            let syncs =
                UnclearSyncs { times: 3, last: hours(last), settings: 0, reason: String::new() };
            let memory = Memory { unclear_syncs: Some(syncs), ..Memory::default() };
            moment(&memory).unclear_syncs().map(|(until, _)| until)
        };
        assert_eq!(
            (unclear(-24), unclear(-23), unclear(0), unclear(1)),
            (None, Some(hours(1)), Some(hours(24)), None),
            "answers of the future hold no sync"
        );
    }

    /// What is known of a field that no list shows, after a call with this value.
    fn value(sent: &Value, at: i64, lost: bool) -> Option<Value> {
        let upn = Upn::parse("adele@contoso.com").unwrap();
        let write = Write {
            value: sent.clone(),
            at: hours(at),
            lost,
            landed: false,
            tells: true,
            synced: None,
            in_vain: 0,
        };
        let details = [(Field::UserTag, write)].into();
        let written = LastWrites { details, ..LastWrites::default() };
        let memory = Memory { written: [(upn.clone(), written)].into(), ..Memory::default() };
        let details = [].into_iter().collect();
        let user = LiveUser { upn, id: None, calling: LiveCalling::Enabled, details };
        moment(&memory).value(&user, Field::UserTag).cloned()
    }

    #[test]
    fn what_a_call_without_an_answer_asked_for_is_no_value_after_its_time() {
        let tag = Value::Text("reception".into());
        // Within its time a call may have arrived; later it has, if it was accepted.
        for lost in [false, true] {
            assert_eq!(value(&tag, -1, lost).as_ref(), Some(&tag), "{lost}");
        }
        assert_eq!(value(&tag, -99, false).as_ref(), Some(&tag));
        assert_eq!(value(&tag, -99, true), None);
    }
}
