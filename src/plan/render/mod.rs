//! One plan, shown in three ways: for a terminal, for machines, for a review page.
//!
//! **Invariant:** pure; the same plan gives the same bytes. Text carries colours as escape
//! sequences and never means anything by them; the printer strips them where they do not belong.

mod approval;
mod brief;
mod change;
mod cut;
mod github;
mod json;
mod lists;
mod losing;
mod markdown;
mod mistake;
mod note;
mod page;
mod review;
mod saved;
mod screen;
mod seal;
mod text;

use std::fmt;

use super::{Action, Confirmed, Plan, Step, SyncPlan, TenantPlan};
use crate::{
    model::TenantName,
    words::{first, list, many, time},
};

pub use approval::approvals;
pub use brief::brief;
pub use github::github;
pub use json::{json, json_schema};
pub use markdown::{PAGE, markdown, markdown_with_report, markdown_within};
pub use mistake::{Mistake, github_without, markdown_without, no_github, no_markdown};
pub use review::{
    Compared, lacks, review_github, review_json, review_json_schema, review_markdown, review_text,
};
pub use saved::{saved_github, saved_markdown};
pub use screen::{Detail, Screen, screen};
pub use seal::{SealError, seal, unbroken};
pub use text::text;

/// Counts over a plan, for its last line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Steps that may run, by verb.
    pub enable: usize,
    /// Updates that may run.
    pub update: usize,
    /// Disables that may run.
    pub disable: usize,
    /// Set-ups that may run; left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub configure: usize,
    /// Syncs that will be sent.
    pub sync: usize,
    /// Tenants that could be planned: those without errors in their manifests.
    #[serde(skip)]
    pub planned: usize,
    /// Tenants that something would be done for.
    pub tenants: usize,
    /// Tenants that could not be read.
    pub unread_tenants: usize,
    /// Tenants of which nothing may run for another reason than their mode.
    pub held_tenants: usize,
    /// Steps that are held, in tenants that are not held as a whole.
    pub held_steps: usize,
    /// What differs in tenants whose mode is `report`: only shown.
    pub drift: Drift,
    /// Users of whom it cannot be foreseen here whether a run would disable them.
    pub unforeseen: usize,
    /// Tenants that the journal has never looked at, where users may be written to.
    pub unremembered: usize,
    /// Users that nothing can be planned for.
    pub problems: usize,
    /// Steps that may run and were sent before: what they wrote did not become visible in time.
    pub did_not_land: usize,
    /// Users that Teams shows as the service does ...
    pub confirmed: usize,
    /// ... of those who were compared.
    pub compared: usize,
}

/// Steps that are only shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// Who would be enabled.
    pub enable: usize,
    /// Who would be updated.
    pub update: usize,
    /// Who would be disabled.
    pub disable: usize,
    /// Who would be set up; left out where nobody would.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub configure: usize,
}

impl Drift {
    /// All of it.
    #[must_use]
    pub fn steps(self) -> usize {
        self.enable + self.update + self.disable + self.configure
    }

    fn add(&mut self, step: &Step) {
        match &step.action {
            Action::Enable => self.enable += 1,
            Action::Update(_) => self.update += 1,
            Action::Configure(_) => self.configure += 1,
            Action::Disable => self.disable += 1,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// `1 to enable, 2 to disable`; nothing if there is nothing.
fn wanted([configure, enable, update, disable]: [usize; 4]) -> String {
    let steps = [
        (configure, "to set up"),
        (enable, "to enable"),
        (update, "to update"),
        (disable, "to disable"),
    ];
    let some = steps.iter().filter(|(count, _)| *count > 0);
    list(some.map(|(count, what)| format!("{count} {what}")))
}

impl Tally {
    /// Steps that may run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.configure + self.enable + self.update + self.disable
    }

    /// Counts.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut tally = Self { unremembered: plan.unremembered.len(), ..Self::default() };
        for tenant in &plan.tenants {
            tally.add(tenant);
        }
        tally
    }

    /// Of one tenant.
    #[must_use]
    pub fn of_tenant(tenant: &TenantPlan) -> Self {
        let mut tally = Self::default();
        tally.add(tenant);
        tally
    }

    /// Whether something differs that will not be carried out: "nothing to do" would hide it.
    fn waits(&self) -> bool {
        self.drift.steps() + self.held_tenants + self.held_steps > 0
    }

    /// Whether nothing would be done as far as is seen, and only the journal knows.
    fn is_unknown(&self) -> bool {
        let sees_something = self.steps() + self.sync > 0;
        // What is not read, or may be, is told in its own words.
        let is_told = self.unread_tenants + self.unforeseen > 0 || self.planned == 0;
        self.unremembered > 0 && !sees_something && !is_told
    }

    /// Counts one more tenant.
    fn add(&mut self, tenant: &TenantPlan) {
        self.planned += usize::from(tenant.reference.is_some());
        self.problems += tenant.remarks.problems.len();
        self.unforeseen += tenant.unforeseen().len();
        tenant.drift().iter().for_each(|step| self.drift.add(step));
        self.confirmed += tenant.remarks.confirmed.map_or(0, |confirmed| confirmed.confirmed);
        self.compared += tenant.remarks.confirmed.map_or(0, Confirmed::of);
        if !tenant.holds.is_empty() {
            if tenant.is_unread() {
                self.unread_tenants += 1;
            } else {
                self.held_tenants += usize::from(tenant.hold().is_some());
            }
            return;
        }
        for step in &tenant.steps {
            match &step.action {
                _ if !step.holds.is_empty() => self.held_steps += 1,
                Action::Enable => self.enable += 1,
                Action::Update(_) => self.update += 1,
                Action::Configure(_) => self.configure += 1,
                Action::Disable => self.disable += 1,
            }
        }
        self.did_not_land += tenant.late_steps().count();
        self.sync += usize::from(tenant.sync != SyncPlan::NotNeeded);
        self.tenants += usize::from(tenant.writes());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = wanted([self.configure, self.enable, self.update, self.disable]);
        match (runs.is_empty(), self.sync) {
            (true, 0) if self.planned == 0 => f.write_str("nothing could be planned")?,
            (true, 0) if self.unread_tenants > 0 => {
                f.write_str("no difference in what could be read")?;
            }
            (true, 0) if self.unforeseen > 0 => {
                f.write_str("no difference is seen")?;
            }
            (true, 0) if self.waits() => f.write_str("nothing to carry out")?,
            (true, 0) if self.unremembered > 0 => {
                f.write_str("no difference is seen")?;
            }
            (true, 0) => f.write_str("nothing to do")?,
            (true, syncs) => write!(f, "{} owed", many(syncs, "sync"))?,
            (false, syncs) => write!(
                f,
                "{runs} in {}, then {}",
                many(self.tenants, "tenant"),
                many(syncs, "sync")
            )?,
        }
        if self.drift.steps() > 0 {
            let Drift { enable, update, disable, configure } = self.drift;
            write!(f, "; would: {} (report)", wanted([configure, enable, update, disable]))?;
        }
        if self.unforeseen > 0 {
            write!(
                f,
                "; {} may be disabled, which cannot be foreseen here",
                many(self.unforeseen, "user")
            )?;
        }
        if self.unread_tenants > 0 {
            write!(f, "; not read: {}", many(self.unread_tenants, "tenant"))?;
        }
        if self.did_not_land > 0 {
            write!(f, "; {} did not land before", many(self.did_not_land, "step"))?;
        }
        let held = [many(self.held_tenants, "tenant"), many(self.held_steps, "step")];
        let held: Vec<String> = held.into_iter().filter(|text| !text.starts_with("0 ")).collect();
        if !held.is_empty() {
            write!(f, "; held: {}", held.join(" and "))?;
        }
        if self.problems > 0 {
            write!(f, "; {} in need of attention", many(self.problems, "user"))?;
        }
        if self.is_unknown() {
            f.write_str("; what a run would do is not known without the journal")?;
        }
        if self.compared > 0 {
            write!(
                f,
                "; {} of {} confirmed in Teams",
                self.confirmed,
                many(self.compared, "user")
            )?;
        }
        Ok(())
    }
}

/// Tenants that are told by name, at most.
const NAMED: usize = 3;

/// Of which moment a plan is, if not of now.
fn ahead(plan: &Plan) -> Option<String> {
    let at = time(plan.at?);
    Some(format!("This would be done on {at} if nothing else changed until then."))
}

/// What a plan cannot know that a run with the right journal knows, if so.
fn unremembered(plan: &Plan) -> Option<String> {
    let tenants: Vec<&str> = plan.unremembered.iter().map(TenantName::as_str).collect();
    if tenants.is_empty() {
        return None;
    }
    Some(format!(
        "the journal here has never looked at {} ({}): what was sent lately is not known, and a run \
            with the right journal may take other steps (values that still settle, limits per \
            hour, lost answers, syncs that are owed)",
        many(tenants.len(), "tenant"),
        first(NAMED, &tenants)
    ))
}

/// Of a plan that is kept, so many characters at most.
const KEPT: usize = 50_000;

/// One tenant's plan as the journal keeps it for people who look back: without colours, and cut
/// short if it is very long.
#[must_use]
pub fn plain(plan: &TenantPlan) -> String {
    let text = anstream::adapter::strip_str(&text(&Plan::of(vec![plan.clone()]))).to_string();
    match text.char_indices().map(|(at, _)| at).nth(KEPT) {
        Some(cut) => format!("{}\n... and so on\n", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}
