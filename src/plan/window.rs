//! Change windows: what interrupts somebody's calls waits until its tenant's window opens.
//!
//! **Invariant:** a moment is judged by what the clock on the tenant's wall shows then, so
//! daylight saving needs no rule of its own. That clock passes an edge of a window, or jumps, only
//! at the moments that [`next_open`] tries.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
};

use super::{Action, FieldChange, LiveValue, Step, validity::Validity};
use crate::model::{Field, LiveCalling, LiveTenant, Span, Value, Windows};

/// How many weeks ahead a window is looked for: long enough for one that opens once a year.
const WEEKS: i64 = 54;

/// Whether a step takes away, even for a moment, what somebody can be called by.
pub(super) fn interrupts(step: &Step, live: &LiveTenant) -> bool {
    let works = live.users.get(&step.user).is_none_or(|user| user.calling != LiveCalling::Disabled);
    works && (step.action == Action::Disable || step.changes.iter().any(takes_number))
}

/// Whether a change takes a number away.
fn takes_number(change: &FieldChange) -> bool {
    let has_none = matches!(
        change.live,
        LiveValue::Nothing | LiveValue::Value(Value::NoPhone) | LiveValue::Written(Value::NoPhone)
    );
    change.field == Field::PhoneNumber && !has_none
}

/// Whether disruptive changes may be made at a moment.
#[must_use]
pub fn is_open(windows: &Windows, at: Timestamp) -> bool {
    let local = windows.zone.to_datetime(at);
    let within = |spans: &[Span]| spans.iter().any(|span| contains(span, local));
    (windows.allow.is_empty() || within(&windows.allow)) && !within(&windows.deny)
}

/// The first moment from `now` on at which disruptive changes may be made. `None` if there is none
/// for a year.
#[must_use]
pub fn next_open(windows: &Windows, now: Timestamp) -> Option<Timestamp> {
    if is_open(windows, now) {
        return Some(now);
    }
    let first = windows.zone.to_datetime(now).date().yesterday().ok()?;
    let weeks = (0..WEEKS).map_while(|week| first.checked_add((week * 7).days()).ok());
    weeks
        .flat_map(|week| edges_of_week(windows, week))
        .find(|edge| *edge > now && is_open(windows, *edge))
}

/// Every moment at which a window can open in the week that begins with a day, in order. It has a
/// day more than a week: what a change of the clocks moves over midnight is still in its order.
fn edges_of_week(windows: &Windows, first: Date) -> Vec<Timestamp> {
    let days = first.series(1.day()).take(9);
    let mut edges: Vec<Timestamp> = days.flat_map(|day| edges(windows, day)).collect();
    edges.sort_unstable();
    edges
}

/// Narrows a span to that in which no window opens or closes.
pub(super) fn narrow(windows: &Windows, now: Timestamp, span: &mut Validity) {
    let today = windows.zone.to_datetime(now).date();
    let days = [today.yesterday(), Ok(today), today.tomorrow()];
    // A day has midnights at least, so the span never goes beyond what is tried here.
    for edge in days.into_iter().flatten().flat_map(|day| edges(windows, day)) {
        span.cut(Some(edge));
    }
}

/// Every moment of a day at which a window can open.
fn edges(windows: &Windows, day: Date) -> Vec<Timestamp> {
    let spans = windows.allow.iter().chain(&windows.deny);
    let times = spans.flat_map(|span| [Some(span.from), span.to]).flatten();
    let midnight = Time::midnight();
    let shown = times
        .chain([midnight])
        .map(|time| windows.zone.to_ambiguous_timestamp(day.to_datetime(time)));
    let mut edges: Vec<Timestamp> = shown
        .flat_map(|moment| [moment.earlier(), moment.later()])
        .filter_map(Result::ok)
        .collect();
    if let Ok(begin) = windows.zone.to_ambiguous_timestamp(day.to_datetime(midnight)).earlier() {
        let end = begin + jiff::SignedDuration::from_hours(26);
        edges.extend(
            windows
                .zone
                .following(begin)
                .map(|jump| jump.timestamp())
                .take_while(|jump| *jump < end),
        );
    }
    edges
}

fn contains(span: &Span, local: DateTime) -> bool {
    let begins = |date: Date| {
        (span.days.is_empty() || span.days.contains(&date.weekday()))
            && span.first.is_none_or(|first| first <= date)
            && span.last.is_none_or(|last| date <= last)
    };
    let date = local.date();
    let time = local.time();
    let over_midnight = span.to.is_some_and(|to| to <= span.from);
    let today =
        begins(date) && time >= span.from && (over_midnight || span.to.is_none_or(|to| time < to));
    let since_yesterday =
        over_midnight && span.to.is_some_and(|to| time < to) && date.yesterday().is_ok_and(begins);
    today || since_yesterday
}

/// A moment on the tenant's clock.
pub(super) fn shown(windows: &Windows, at: Timestamp) -> String {
    let local = at.to_zoned_datetime(windows.zone.clone());
    let name = windows.zone.iana_name().unwrap_or("UTC");
    format!("{} ({name})", local.strftime("%A, %Y-%m-%d at %H:%M"))
}
