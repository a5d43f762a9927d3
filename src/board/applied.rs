//! What passes have sent lately, for those who want to be told of it. In memory alone: the journal
//! has the whole of it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::Commit;
use crate::{
    execute::TenantReport,
    model::{StepOutcome, Verb},
    plan::TenantPlan,
};

/// Passes that are kept.
const KEPT: usize = 50;
/// Changes that are told with the name of the person, of one tenant and at most.
const NAMED: usize = 10;

/// What one pass has sent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The pass, or a run that is part of none.
    pub pass: String,
    /// Which version of the manifests was in force, where git knows it and there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// By tenant.
    pub tenants: BTreeMap<String, SentSteps>,
}

/// What was sent of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentSteps {
    /// Steps that the service accepted.
    pub accepted: BTreeMap<Verb, usize>,
    /// Steps that it did not, or whose answer was lost.
    pub failed: usize,
    /// Some of the changes with the names of people: `disable adele@contoso.com`.
    pub people: Vec<String>,
}

/// Takes in what became of a plan. Whether anything was sent.
pub(super) fn take(
    passes: &mut Vec<Arc<Applied>>,
    (plan, report): (&TenantPlan, &TenantReport),
    commit: Option<&Commit>,
) -> bool {
    let mut sent = SentSteps::default();
    for (step, outcome) in plan.steps.iter().zip(&report.steps) {
        let Some(outcome) = outcome else { continue };
        let verb = step.action.verb();
        if matches!(outcome, StepOutcome::Accepted) {
            *sent.accepted.entry(verb).or_default() += 1;
            sent.people.push(format!("{verb} {}", step.user));
        } else {
            sent.failed += 1;
        }
    }
    if sent.accepted.is_empty() {
        return false;
    }
    let pass = report.pass.as_ref().map_or_else(|| report.run.to_string(), ToString::to_string);
    let known = passes.iter_mut().find(|applied| applied.pass == pass);
    let of_tenant = |applied: &mut Applied| {
        let now = applied.tenants.entry(report.tenant.to_string()).or_default();
        for (verb, count) in sent.accepted {
            *now.accepted.entry(verb).or_default() += count;
        }
        now.failed += sent.failed;
        now.people.extend(sent.people);
        now.people.truncate(NAMED);
    };
    if let Some(applied) = known {
        of_tenant(Arc::make_mut(applied));
    } else {
        let commit = commit.cloned();
        let mut applied = Applied { pass, commit, ..Applied::default() };
        of_tenant(&mut applied);
        passes.push(Arc::new(applied));
        passes.drain(..passes.len().saturating_sub(KEPT));
    }
    true
}
