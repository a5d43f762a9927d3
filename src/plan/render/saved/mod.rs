//! A saved plan or review, for a review page and for a workflow: from what was saved alone, and not
//! compared with anything.
//!
//! **Invariant:** nothing that was saved is believed. Every word of it is text, whatever it says of
//! itself, and counts are counted here.

mod github;
mod markdown;

use serde_json::Value;

use crate::words::{list, many};

pub use github::saved_github;
pub use markdown::saved_markdown;

/// A part of what was saved: a plan, or what a change causes or leaves.
struct SavedSection<'s> {
    tenants: Vec<SavedTenant<'s>>,
}

/// What was planned for one tenant.
struct SavedTenant<'s> {
    name: &'s str,
    saved: &'s Value,
    steps: Vec<SavedStep<'s>>,
}

/// A step that was planned.
struct SavedStep<'s> {
    action: &'s str,
    user: &'s str,
    runs: bool,
    changes: Vec<SavedChange<'s>>,
    saved: &'s Value,
}

/// A value that it changes.
struct SavedChange<'s> {
    field: &'s str,
    live: &'s str,
    desired: &'s str,
    is_drift: bool,
}

impl<'s> SavedSection<'s> {
    fn of(saved: &'s Value) -> Self {
        Self { tenants: array(saved, "tenants").iter().map(SavedTenant::of).collect() }
    }

    /// Who would lose calling.
    fn losing(&self) -> usize {
        let steps = self.tenants.iter().flat_map(|tenant| &tenant.steps);
        steps.filter(|step| step.runs && step.action == "disable").count()
    }

    /// `2 to update, 1 to disable, 1 step held; 1 user in need of attention`.
    fn words(&self) -> String {
        let steps = || self.tenants.iter().flat_map(|tenant| &tenant.steps);
        let runs = |action| steps().filter(|step| step.runs && step.action == action).count();
        let held = steps().filter(|step| !step.runs).count();
        let problems = self.tenants.iter().map(|tenant| array(tenant.saved, "problems").len());
        let problems: usize = problems.sum();
        let held_tenants = self.tenants.iter().filter(|tenant| tenant.is_held()).count();
        let unforeseen = self.tenants.iter().map(|tenant| array(tenant.saved, "unforeseen").len());
        let unforeseen: usize = unforeseen.sum();
        let counted = [
            (runs("configure"), format!("{} to set up", runs("configure"))),
            (runs("enable"), format!("{} to enable", runs("enable"))),
            (runs("update"), format!("{} to update", runs("update"))),
            (runs("disable"), format!("{} to disable", runs("disable"))),
            (held, format!("{} not to run", many(held, "step"))),
            (held_tenants, format!("{} held", many(held_tenants, "tenant"))),
            (problems, format!("{} in need of attention", many(problems, "user"))),
            (unforeseen, format!("{} may be disabled", many(unforeseen, "user"))),
        ];
        let told = list(counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text));
        if told.is_empty() { "no step".to_owned() } else { told }
    }
}

impl<'s> SavedTenant<'s> {
    fn of(saved: &'s Value) -> Self {
        let steps = array(saved, "steps").iter().map(SavedStep::of).collect();
        Self { name: word(saved, "tenant"), saved, steps }
    }

    /// Whether something holds all of it. A mode that writes nothing is as people want it.
    fn is_held(&self) -> bool {
        array(self.saved, "holds").iter().any(|hold| word(hold, "code") != "mode")
    }

    fn says_something(&self) -> bool {
        let lists = ["holds", "problems", "unforeseen", "syncHolds"];
        !self.steps.is_empty()
            || lists.iter().any(|key| !array(self.saved, key).is_empty())
            || word(self.saved, "sync") == "owed"
    }
}

impl<'s> SavedStep<'s> {
    fn of(saved: &'s Value) -> Self {
        let change = |change: &'s Value| SavedChange {
            field: word(change, "field"),
            live: word(change, "live"),
            desired: word(change, "desired"),
            is_drift: change["drift"] == true,
        };
        Self {
            action: word(saved, "action"),
            user: word(saved, "user"),
            runs: saved["runs"] == true,
            changes: array(saved, "changes").iter().map(change).collect(),
            saved,
        }
    }
}

/// Whether a review was saved, and not a plan.
fn is_review(saved: &Value) -> bool {
    saved["kind"] == "Review"
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
