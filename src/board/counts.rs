//! What has happened since the service began, in numbers that only rise.

use std::{collections::BTreeMap, time::Duration};

use super::LastPass;
use crate::{
    execute::{SyncOutcome, TenantReport},
    plan::TenantPlan,
};

/// What has happened since the service began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceCounts {
    /// Steps that were tried, by verb and outcome.
    pub steps: BTreeMap<(&'static str, &'static str), u64>,
    /// Syncs that were due, by outcome.
    pub syncs: BTreeMap<&'static str, u64>,
    /// Passes, by how they ended.
    pub passes: BTreeMap<&'static str, Durations>,
}

/// How long something took, each time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    /// All of it, in seconds.
    pub sum: f64,
    /// How often.
    pub count: u64,
    /// How often it took at most as long as the bound at the same place, and longer than the one
    /// before.
    pub within: [u64; Self::BOUNDS.len()],
}

impl Durations {
    /// The bounds, in seconds.
    pub const BOUNDS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];

    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.sum += seconds;
        self.count += 1;
        if let Some(place) = Self::BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.within[place] += 1;
        }
    }
}

impl ServiceCounts {
    /// A plan was carried out.
    pub(super) fn finished(&mut self, plan: &TenantPlan, report: &TenantReport) {
        for (step, outcome) in plan.steps.iter().zip(&report.steps) {
            if let Some(outcome) = outcome {
                let kind = (step.action.verb().name(), outcome.code());
                *self.steps.entry(kind).or_default() += 1;
            }
        }
        if report.sync != SyncOutcome::NotNeeded {
            *self.syncs.entry(report.sync.code()).or_default() += 1;
        }
    }

    /// A pass has ended.
    pub(super) fn ended(&mut self, ending: LastPass, took: Duration) {
        self.passes.entry(ending.name()).or_default().add(took);
    }
}
