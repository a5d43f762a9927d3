//! Manifests that may not say all: part of them cannot be read, a line has only just gone, or
//! hardly anybody is named any more.
//!
//! **Invariant:** absent for a moment is not gone. [`emptied`] holds only steps with
//! [`Cause::NotNamed`], and [`absent`] only what a missing line or key alone lets happen; what a
//! manifest says is not absence.

use jiff::Timestamp;

use super::context::Context;
use crate::{
    model::Upn,
    plan::{Action, Cause, Grounds, Step, StepId, Steps},
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
    let now = context.moment.now;
    let line = missing.counts_from(&step.user).filter(|_| step.cause == Cause::NotNamed);
    let line = line.filter(|until| *until > now).map(missing_until);
    // Calling that is switched on takes nothing from anybody.
    let guards = missing.guards.as_ref().filter(|_| step.action != Action::Enable);
    let guards = guards.filter(|(until, _)| *until > now);
    let guards = guards.map(|(until, what)| unguarded_until(*until, what));
    let keys = missing.keys.get(&step.user).into_iter().flatten();
    // A site keeps its people from being disabled, a date from everything.
    let keys = keys.filter(|(key, _)| **key != "`site`" || step.action == Action::Disable);
    let keys = keys.filter(|(_, until)| **until > now);
    let keys = keys.map(|(key, until)| unsaid_until(*until, key));
    line.into_iter().chain(guards).chain(keys).collect()
}

fn unsaid_until(until: Timestamp, key: &str) -> Grounds {
    let grounds = Grounds::new(
        format!(
            "{key} of the user, which kept this from being done, is missing in the manifests, and \
                that counts from {} on",
            time(until)
        ),
        "no action needed: it runs then; to let it run at once, commit the change",
    );
    Grounds { until: Some(until), ..grounds }
}

fn unguarded_until(until: Timestamp, what: &str) -> Grounds {
    let grounds = Grounds::new(
        format!(
            "{what} of the tenant, which guarded its people, is missing in the manifests, and \
                that counts from {} on",
            time(until)
        ),
        "no action needed: it runs then; to let it run at once, commit the change",
    );
    Grounds { until: Some(until), ..grounds }
}

fn missing_until(until: Timestamp) -> Grounds {
    let grounds = Grounds::new(
        format!(
            "a line that is missing counts from {} on: until then its file may come back",
            time(until)
        ),
        "no action needed: it runs then; to let it run at once, name the user with `calling: \
            disabled`, or commit the removal",
    );
    Grounds { until: Some(until), ..grounds }
}

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
