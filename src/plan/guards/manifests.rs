//! Manifests that may not say all: part of them cannot be read, a line has only just gone, or
//! hardly anybody is named any more.
//!
//! **Invariant:** absent for a moment is not gone. [`emptied`] holds only steps with
//! [`Cause::NotNamed`], and [`absent`] only what a missing line or key alone lets happen; what a
//! manifest says is not absence.

use jiff::Timestamp;

use super::context::Context;
use crate::{
    model::{Dates, Upn},
    plan::{Action, Cause, Grounds, Moment, Step, StepId, Steps},
    words::time,
};

/// Below this many managed users, losing half is not suspicious.
const EMPTIED_FROM: usize = 5;

/// Part of the manifests cannot be read, and may name the user.
pub(super) fn incomplete(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let desired = context.desired();
    let mut grounds = Vec::new();
    if let (Some(reason), true) = (&desired.incomplete, step.action == Action::Disable) {
        let remedy = match step.cause {
            Cause::Declared | Cause::Parking | Cause::Dated(_) => {
                "correct that file; until then no user loses calling"
            }
            Cause::NotNamed => "correct that file: it may name this user",
        };
        grounds.push(Grounds::new(reason.clone(), remedy));
    }
    let may_say = match step.cause {
        Cause::NotNamed => "their newest version may name this user",
        Cause::Dated(_) => "their newest version may have another date",
        Cause::Declared | Cause::Parking => return grounds,
    };
    if let Some(reason) = context.tenant.kept.as_deref() {
        let remedy = format!("correct the manifests: {may_say}");
        grounds.push(Grounds::new(older_version(reason), remedy));
    }
    if step.cause != Cause::NotNamed {
        return grounds;
    }
    if let Some(doubt) = &desired.missing.doubt {
        grounds.push(Grounds::new(doubt.reason.clone(), doubt.remedy.clone()));
    }
    grounds
}

/// That an older version is in force, and why.
pub(in crate::plan) fn older_version(reason: &str) -> String {
    format!("an older version of the manifests is in force: {reason}")
}

/// A line has not been missing for long enough: that of the user or a key of it, or one that guards
/// the tenant's people; with the time from which on that counts.
pub(super) fn absent(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let missing = &context.desired().missing;
    let Moment { now, looked, .. } = context.moment;
    // What was not looked at since may be back.
    let seen = looked.map_or(now, |looked| looked.min(now));
    let absence = |until: Timestamp| Absence { until, now };
    let line = missing.counts_from(&step.user).filter(|_| step.cause == Cause::NotNamed);
    let line = line.filter(|until| *until > seen).map(|until| absence(until).of_line());
    // Calling that is switched on takes nothing from anybody.
    let guards = missing.guards.as_ref().filter(|_| step.action != Action::Enable);
    let guards = guards.filter(|(until, _)| *until > seen);
    let guards = guards.map(|(until, what)| absence(*until).of_guards(what));
    let keys = missing.keys.get(&step.user).into_iter().flatten();
    // A site keeps its people from being disabled, a date from everything.
    let keys = keys.filter(|(key, _)| **key != "`site`" || step.action == Action::Disable);
    let keys = keys.filter(|(_, until)| **until > seen);
    let keys = keys.map(|(key, until)| absence(*until).of_key(key));
    let user = context.desired().users.get(&step.user);
    let has_dates = user.is_some_and(|user| user.dates() != Dates::default());
    let clocks = missing.clocks.filter(|until| has_dates && *until > seen);
    let clocks = clocks.map(|until| absence(until).of_clocks());
    line.into_iter().chain(guards).chain(keys).chain(clocks).collect()
}

/// What is missing counts from a moment on, once it was looked at again.
struct Absence {
    until: Timestamp,
    now: Timestamp,
}

impl Absence {
    /// From when on it counts.
    fn counts(&self) -> String {
        match self.until {
            until if until > self.now => format!("counts from {} on", time(until)),
            _ => "counts once the manifests are looked at again".to_owned(),
        }
    }

    fn grounds(&self, reason: String, remedy: &'static str) -> Grounds {
        let until = Some(self.until).filter(|until| *until > self.now);
        Grounds { until, ..Grounds::new(reason, remedy) }
    }

    fn of_key(&self, key: &str) -> Grounds {
        let counts = self.counts();
        let reason = format!(
            "{key} of the user, which kept this from being done, is missing in the manifests, and \
                that {counts}"
        );
        self.grounds(reason, COMMIT)
    }

    fn of_guards(&self, what: &str) -> Grounds {
        let counts = self.counts();
        let reason = format!(
            "{what} of the tenant, which guarded its people, is missing in the manifests, and \
                that {counts}"
        );
        self.grounds(reason, COMMIT)
    }

    fn of_clocks(&self) -> Grounds {
        let counts = self.counts();
        let reason = format!(
            "`timeZone` of the tenant, by which dates of the user were meant, is missing in the \
                manifests, and that {counts}"
        );
        self.grounds(reason, COMMIT)
    }

    fn of_line(&self) -> Grounds {
        let counts = self.counts();
        let reason = format!("a line that is missing {counts}: until then its file may come back");
        self.grounds(
            reason,
            "no action needed: it runs then; to let it run at once, name the user with `calling: \
                disabled`, or commit the removal",
        )
    }
}

/// What to do about a key that is missing.
const COMMIT: &str = "no action needed: it runs then; to let it run at once, commit the change";

/// Holds all users that no manifest names, if the manifests name hardly anybody of those who were
/// managed: then it is the manifests that are gone, not the people.
pub(super) fn emptied(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    let memory = context.moment.memory;
    let known = memory.managed.iter().filter(|(_, known)| !known.vanished).count();
    let is_news =
        |user: &&Upn| !memory.managed.contains(user) && context.live.users.contains_key(user);
    let before = known + memory.named.iter().filter(is_news).count();
    let now = context.desired().users.len();
    let emptied = now == 0 || before >= EMPTIED_FROM && now.saturating_mul(2) < before;
    if !emptied {
        return Vec::new();
    }
    let reason = if before > 0 {
        format!(
            "the manifests name {now} users of this tenant, and {before} were managed: perhaps a \
                file is missing"
        )
    } else {
        "the manifests name no user of this tenant: perhaps a file is missing".to_owned()
    };
    let remedy =
        "bring the users back, or write `calling: disabled` for each who is to lose calling";
    let grounds = Grounds::new(reason, remedy);
    steps
        .numbered()
        .filter(|(_, step)| step.cause == Cause::NotNamed)
        .map(|(id, _)| (id, grounds.clone()))
        .collect()
}
