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
    model::StepOutcome,
    plan::{Plan, Step, TenantPlan, render, review::Review},
};

/// A plan; `most` is the longest page, in bytes.
pub(super) fn plan(plan: &Plan, output: PlanOutput, most: usize) {
    match output {
        PlanOutput::Text => out::data(&render::text(plan)),
        PlanOutput::Json => out::json(&render::json(plan)),
        PlanOutput::Ndjson => out::json_line(&render::json(plan)),
        PlanOutput::Markdown => out::data(&render::markdown_within(plan, most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            summary::add(&render::markdown_within(plan, summary::PAGE));
        }
    }
}

/// A plan without what is wrong in the manifests, which a page and annotations tell first.
pub(super) fn plan_without(
    mistakes: &[render::Mistake],
    plan: &Plan,
    output: PlanOutput,
    most: usize,
) {
    let page = |most| render::markdown_without(mistakes, plan, most);
    match output {
        PlanOutput::Markdown => out::data(&page(most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github_without(mistakes, plan));
            summary::add(&page(summary::PAGE));
        }
        PlanOutput::Text | PlanOutput::Json | PlanOutput::Ndjson => self::plan(plan, output, most),
    }
}

/// What a change does.
pub(super) fn review(review: &Review, from: &render::Compared, output: PlanOutput, most: usize) {
    match output {
        PlanOutput::Text => out::data(&render::review_text(review, from)),
        PlanOutput::Json => out::json(&render::review_json(review, from)),
        PlanOutput::Ndjson => out::json_line(&render::review_json(review, from)),
        PlanOutput::Markdown => out::data(&render::review_markdown(review, from, most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::review_github(review, from));
            summary::add(&render::review_markdown(review, from, summary::PAGE));
        }
    }
}

/// That there is no plan, and why, where a page or annotations are shown.
pub(super) fn no_plan(
    why: &str,
    hint: Option<&str>,
    mistakes: &[render::Mistake],
    output: PlanOutput,
    most: usize,
) {
    match output {
        PlanOutput::Text | PlanOutput::Json | PlanOutput::Ndjson => {}
        PlanOutput::Markdown => out::data(&render::no_markdown(why, hint, mistakes, most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::no_github(why, hint, mistakes));
            summary::add(&render::no_markdown(why, hint, mistakes, summary::PAGE));
        }
    }
}

/// That a step is done, where each is told at once.
pub(super) fn step(tenant: &TenantPlan, step: &Step, outcome: &StepOutcome, output: PlanOutput) {
    if output == PlanOutput::Ndjson {
        out::json_line(&serde_json::json!({
            "version": 1, "kind": "Step", "tenant": tenant.tenant.as_str(),
            "user": step.user.as_str(), "action": step.action.verb(),
            "outcome": outcome.to_string(),
        }));
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
        PlanOutput::Ndjson => out::json_line(&report::json(plan, reports, recovered)),
        PlanOutput::Markdown => out::data(&page(render::PAGE)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            out::data(&text());
            summary::add(&page(summary::PAGE));
        }
    }
}
