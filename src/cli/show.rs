//! Plans and reports on stdout, in the form that was asked for.

use std::time::Duration;

use super::{
    args::{Global, PassArguments, PlanOutput},
    choose::{LeftOut, UserFilter},
    out, pager,
    report::{self, DebtsByTenant},
    summary,
};
use crate::{
    execute::TenantReport,
    model::{StepOutcome, Upn},
    plan::{
        Plan, Step, TenantPlan,
        render::{self, Detail, Screen},
        review::Review,
    },
    style::FAINT,
};

/// How a plan and what became of it are shown.
pub(super) struct PlanDisplay<'a> {
    pub(super) output: PlanOutput,
    pub(super) left_out: &'a LeftOut,
    /// Whether a long one goes through a pager; not if a question follows.
    pub(super) pages: bool,
    pub(super) users: &'a UserFilter,
    pub(super) detail: Detail,
    pub(super) no_pager: bool,
    /// The longest page of Markdown, in bytes.
    pub(super) most: usize,
}

impl<'a> PlanDisplay<'a> {
    /// What the arguments ask for; nothing is left out.
    pub(super) fn of(once: &'a PassArguments, global: &Global) -> Self {
        const NOTHING: &LeftOut = &LeftOut::NOTHING;
        const EVERYBODY: &UserFilter = &UserFilter::ALL;
        Self {
            output: once.output,
            left_out: NOTHING,
            pages: false,
            users: EVERYBODY,
            detail: once.shown.detail(global.verbose > 0),
            no_pager: global.no_pager,
            most: render::PAGE,
        }
    }

    /// The plan as text.
    pub(super) fn text(&self, plan: &Plan) -> String {
        let left_out = self.left_out.line();
        let left_out = match left_out.as_str() {
            "" => left_out,
            line => format!("{FAINT}{line}{FAINT:#}"),
        };
        let shows = |user: &Upn| self.users.has(user);
        let user = (!self.users.is_all()).then_some(&shows as &dyn Fn(&Upn) -> bool);
        render::screen(plan, &Screen { detail: self.detail, user }) + &left_out
    }
}

/// A plan.
pub(super) fn plan(plan: &Plan, view: &PlanDisplay<'_>) {
    match view.output {
        PlanOutput::Text if view.pages && !view.no_pager => pager::show(&view.text(plan)),
        PlanOutput::Text => out::data(&view.text(plan)),
        PlanOutput::Json => out::json(&render::json(plan)),
        PlanOutput::Ndjson => out::json_line(&render::json(plan)),
        PlanOutput::Markdown => out::data(&render::markdown_within(plan, view.most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            summary::add(&render::markdown_within(plan, summary::PAGE));
        }
    }
}

/// A plan without what is wrong in the manifests, which a page and annotations tell first.
pub(super) fn plan_without(mistakes: &[render::Mistake], plan: &Plan, view: &PlanDisplay<'_>) {
    let page = |most| render::markdown_without(mistakes, plan, most);
    match view.output {
        PlanOutput::Markdown => out::data(&page(view.most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github_without(mistakes, plan));
            summary::add(&page(summary::PAGE));
        }
        PlanOutput::Text | PlanOutput::Json | PlanOutput::Ndjson => self::plan(plan, view),
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

/// A tenant is over: what the report at the end says of it, at once.
pub(super) fn ended(
    tenant: &TenantPlan,
    report: &TenantReport,
    recovered: &DebtsByTenant,
    output: PlanOutput,
) {
    if output == PlanOutput::Ndjson && tenant.writes() {
        let mut line = report::tenant_json(tenant, report, recovered.get(&tenant.tenant));
        if let Some(line) = line.as_object_mut() {
            line.insert("version".to_owned(), 1.into());
            line.insert("kind".to_owned(), "Tenant".into());
        }
        out::json_line(&line);
    }
}

/// What became of a plan.
pub(super) fn reports(
    plan: &Plan,
    reports: &[TenantReport],
    recovered: &DebtsByTenant,
    view: &PlanDisplay<'_>,
    took: Duration,
) {
    let text = || report::text(plan, reports, took, view.detail == Detail::Everything);
    let page = |most| {
        let text = anstream::adapter::strip_str(&text()).to_string();
        render::markdown_with_report(plan, &text, most)
    };
    match view.output {
        PlanOutput::Text => out::data(&text()),
        PlanOutput::Json => out::json(&report::json(plan, reports, recovered)),
        PlanOutput::Ndjson => out::json_line(&report::json(plan, reports, recovered)),
        PlanOutput::Markdown => out::data(&page(view.most)),
        PlanOutput::Github => {
            out::data_with_commands(&render::github(plan));
            out::data(&text());
            summary::add(&page(summary::PAGE));
        }
    }
}
