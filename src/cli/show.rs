//! Plans and reports on stdout, in the form that was asked for.

use std::time::Duration;

use super::{
    args::PlanOutput,
    out,
    report::{self, Recovered},
    summary,
};
use crate::{
    execute::TenantReport,
    plan::{Plan, render, review::Review},
};

/// A plan; `most` is the longest page, in bytes.
pub(super) fn plan(plan: &Plan, output: PlanOutput, most: usize) {
    match output {
        PlanOutput::Text => out::data(&render::text(plan)),
        PlanOutput::Json => out::json(&render::json(plan)),
        PlanOutput::Markdown => out::data(&render::markdown_within(plan, most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            summary::add(&render::markdown_within(plan, summary::PAGE));
        }
    }
}

/// What a change does.
pub(super) fn review(review: &Review, from: &render::Compared, output: PlanOutput, most: usize) {
    match output {
        PlanOutput::Text => out::data(&render::review_text(review, from)),
        PlanOutput::Json => out::json(&render::review_json(review, from)),
        PlanOutput::Markdown => out::data(&render::review_markdown(review, from, most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::review_github(review));
            summary::add(&render::review_markdown(review, from, summary::PAGE));
        }
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
    let text = || report::text(plan, reports, took);
    let page = |most| {
        let text = anstream::adapter::strip_str(&text()).to_string();
        render::markdown_with_report(plan, &text, most)
    };
    match output {
        PlanOutput::Text => out::data(&text()),
        PlanOutput::Json => out::json(&report::json(plan, reports, recovered)),
        PlanOutput::Markdown => out::data(&page(render::PAGE)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            out::data(&text());
            summary::add(&page(summary::PAGE));
        }
    }
}
