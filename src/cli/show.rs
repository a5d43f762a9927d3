//! Plans and reports on stdout, in the form that was asked for.

use std::time::Duration;

use super::{
    args::PlanOutput,
    out,
    report::{self, Recovered},
};
use crate::{
    execute::TenantReport,
    plan::{Plan, render},
};

/// A plan.
pub(super) fn plan(plan: &Plan, output: PlanOutput) {
    match output {
        PlanOutput::Text => out::data(&render::text(plan)),
        PlanOutput::Json => out::json(&render::json(plan)),
        PlanOutput::Markdown => out::data(&render::markdown(plan)),
    }
}

/// What became of a plan.
pub(super) fn reports(
    plan: &Plan,
    reports: &[TenantReport],
    recovered: &Recovered,
    output: PlanOutput,
    took: Duration,
) {
    match output {
        PlanOutput::Text => out::data(&report::text(plan, reports, took)),
        PlanOutput::Json => out::json(&report::json(plan, reports, recovered)),
        PlanOutput::Markdown => {
            let text = anstream::adapter::strip_str(&report::text(plan, reports, took)).to_string();
            out::data(&render::markdown_with_report(plan, &text));
        }
    }
}
