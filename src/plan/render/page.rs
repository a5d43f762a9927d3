//! What fits on a page: who gets how much of it, and one tenant's plan, whole or in part.

use std::fmt::Write as _;

use anstream::adapter::strip_str;

use super::{text, text::AlreadyTold};
use crate::{
    model::{Field, Verb},
    plan::{Action, Step, TenantPlan},
    words::many,
};

/// Room for the line that counts what is left out.
const REST: usize = 160;

/// Shares a budget among parts of these lengths: short ones get all they need, long ones as much as
/// each other.
pub(super) fn shares(lengths: &[usize], budget: usize) -> Vec<usize> {
    let mut by_length: Vec<usize> = (0..lengths.len()).collect();
    by_length.sort_by_key(|part| lengths[*part]);
    let mut shares = vec![0; lengths.len()];
    let mut left = budget;
    for (done, part) in by_length.iter().enumerate() {
        let share = lengths[*part].min(left / (lengths.len() - done));
        shares[*part] = share;
        left -= share;
    }
    shares
}

/// How much harm a step could do; the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Somebody loses calling.
    Calling,
    /// Somebody may: that cannot be foreseen here.
    Unforeseen,
    /// Somebody's number changes.
    Number,
    /// Somebody is changed otherwise.
    Change,
    /// Nothing for now: it is held.
    Held,
    /// There is only something to say.
    Nothing,
}

impl Harm {
    pub(super) fn of(tenant: &TenantPlan, step: &Step) -> Self {
        match &step.action {
            _ if !tenant.may_run(step) => Self::Held,
            Action::Disable => Self::Calling,
            Action::Update(_)
                if step.changes.iter().any(|change| change.field == Field::PhoneNumber) =>
            {
                Self::Number
            }
            Action::Update(_) | Action::Configure(_) | Action::Enable => Self::Change,
        }
    }

    /// The worst that is planned for a tenant, and how many steps of that kind.
    pub(super) fn worst(tenant: &TenantPlan) -> (Self, usize) {
        let steps = || tenant.steps.iter().map(|step| Self::of(tenant, step));
        let unforeseen = tenant.unforeseen().len();
        match steps().min() {
            worst if unforeseen > 0 && worst != Some(Self::Calling) => {
                (Self::Unforeseen, unforeseen)
            }
            Some(worst) => (worst, steps().filter(|harm| *harm == worst).count()),
            None if tenant.holds.is_empty() => (Self::Nothing, 0),
            None => (Self::Held, 0),
        }
    }
}

/// One tenant's plan; if it is longer than `most` bytes the steps that do most harm, and how many
/// are left out.
pub(super) fn tenant(plan: &TenantPlan, most: usize) -> String {
    whole(plan, most).unwrap_or_else(|| part(plan, most))
}

/// The whole of it, if it is not longer.
pub(super) fn whole(plan: &TenantPlan, most: usize) -> Option<String> {
    let mut told = AlreadyTold::default();
    let mut out = head(plan, &mut told);
    for step in &plan.steps {
        out += &block_of(plan, step, &mut told);
        if out.len() > most {
            return None;
        }
    }
    for problem in &plan.remarks.problems {
        out += &plain(|out| text::write_problem(out, problem, text::verbs(plan), &mut told));
    }
    out += &tail(plan, &mut told);
    (out.len() <= most).then_some(out)
}

fn part(plan: &TenantPlan, most: usize) -> String {
    let mut told = AlreadyTold::default();
    let mut out = BoundedText { text: String::new(), most: most.saturating_sub(REST) };
    for line in head(plan, &mut told).lines() {
        out.add(&format!("{line}\n"));
    }
    let mut steps: Vec<&Step> = plan.steps.iter().collect();
    steps.sort_by_key(|step| Harm::of(plan, step));
    let left: Vec<&Step> = steps
        .into_iter()
        .filter(|step| !out.add_telling(&mut told, |told| block_of(plan, step, told)))
        .collect();
    let problems = plan.remarks.problems.iter().filter(|problem| {
        !out.add_telling(&mut told, |told| {
            plain(|out| text::write_problem(out, problem, text::verbs(plan), told))
        })
    });
    let problems = problems.count();
    let notes = !out.add_telling(&mut told, |told| tail(plan, told));
    let mut parts: Vec<String> = [Verb::Disable, Verb::Update, Verb::Configure, Verb::Enable]
        .into_iter()
        .map(|verb| (verb, left.iter().filter(|step| step.action.verb() == verb).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verb, count)| many(count, &verb.to_string()))
        .collect();
    parts.extend((problems > 0).then(|| many(problems, "problem")));
    parts.extend(
        (notes && !(plan.remarks.notes.is_empty() && plan.steps.is_empty()))
            .then(|| "the notes".to_owned()),
    );
    if !parts.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out.text, "  ... and {}; `dialplane plan` shows them", parts.join(", "));
    }
    out.text
}

/// Text that may not become longer.
struct BoundedText {
    text: String,
    most: usize,
}

impl BoundedText {
    /// Adds it if there is room.
    fn add(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= self.most;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// The same with text that gives advice; what is left out has told nothing.
    fn add_telling(
        &mut self,
        told: &mut AlreadyTold,
        text: impl FnOnce(&mut AlreadyTold) -> String,
    ) -> bool {
        let full = self.most.saturating_sub(self.text.len()) < 16;
        let mut then = told.clone();
        let added = !full && self.add(&text(&mut then));
        if added {
            *told = then;
        }
        added
    }
}

fn head(plan: &TenantPlan, told: &mut AlreadyTold) -> String {
    plain(|out| text::write_head(out, plan, told))
}

fn tail(plan: &TenantPlan, told: &mut AlreadyTold) -> String {
    plain(|out| text::write_tail(out, plan, told))
}

/// One step. Somebody who would lose calling is red, as all lines are that begin with `-`.
fn block_of(plan: &TenantPlan, step: &Step, told: &mut AlreadyTold) -> String {
    let text = plain(|out| text::write_step(out, plan, step, told));
    match text.strip_prefix("  ") {
        Some(rest) if Harm::of(plan, step) == Harm::Calling => format!("- {rest}"),
        _ => text,
    }
}

/// What is written, without colours and with the signs of changes first: review pages colour only
/// such lines.
fn plain(write: impl FnOnce(&mut String) -> std::fmt::Result) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out);
    let line = |line: &str| match line.strip_prefix("      ") {
        Some(change) if change.starts_with(['-', '+']) => {
            format!("{}     {}\n", &change[..1], &change[1..])
        }
        _ => format!("{line}\n"),
    };
    strip_str(&out).to_string().lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn short_parts_get_all_and_long_ones_share_the_rest() {
        assert_eq!(shares(&[10, 20, 30], 100), [10, 20, 30]);
        assert_eq!(shares(&[1000, 20, 500], 100), [40, 20, 40]);
        assert_eq!(shares(&[1000, 1000], 99), [49, 50]);
        assert!(shares(&[], 100).is_empty());
    }
}
