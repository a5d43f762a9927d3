//! A table by tenant.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{Screen, holds};
use crate::{
    model::Mode,
    plan::{
        Action, HoldKind, Step, TenantPlan,
        render::{
            page::Harm,
            text::{self, AlreadyTold},
        },
    },
    style::{ALARM, BOLD, FAINT, PLAIN, RED, YELLOW},
    words::{list, many},
};

/// Rows that are shown where nobody asks for all, at most. Tenants in which somebody loses calling
/// come first.
pub(super) const ROWS: usize = 40;
/// People who lose calling, by name, at most.
const PEOPLE: usize = 50;
/// The width of the column of tenants: with all others it is below 60.
const NAME: usize = 20;

/// The steps of a tenant, by what they do.
#[derive(Default)]
struct TableRow {
    lose: usize,
    number: usize,
    change: usize,
    enable: usize,
    held: usize,
}

impl TableRow {
    fn of(tenant: &TenantPlan, screen: &Screen<'_>) -> Self {
        let mut row = Self::default();
        for step in tenant.steps.iter().filter(|step| screen.shows(&step.user)) {
            let count = match Harm::of(tenant, step) {
                Harm::Held => &mut row.held,
                Harm::Calling => &mut row.lose,
                Harm::Number => &mut row.number,
                _ if step.action == Action::Enable => &mut row.enable,
                _ => &mut row.change,
            };
            *count += 1;
        }
        row
    }
}

/// Who loses calling, the tenants, at most so many, and what holds them.
pub(super) fn write(
    out: &mut String,
    tenants: &[&TenantPlan],
    screen: &Screen<'_>,
    most: usize,
) -> fmt::Result {
    if tenants.is_empty() {
        return Ok(());
    }
    write_people(out, tenants, screen)?;
    writeln!(
        out,
        "{BOLD}{:NAME$} {:>5} {:>7} {:>7} {:>7} {:>5}{BOLD:#}",
        "tenant", "lose", "number", "change", "enable", "held"
    )?;
    for tenant in tenants.iter().take(most) {
        write_row(out, tenant, screen)?;
    }
    if tenants.len() > most {
        writeln!(
            out,
            "{FAINT}... and {}; --summary lists them, -v shows each step{FAINT:#}",
            many(tenants.len() - most, "more tenant")
        )?;
    }
    out.push('\n');
    holds::write(out, tenants)?;
    write_problems(out, tenants, screen)
}

fn write_row(out: &mut String, tenant: &TenantPlan, screen: &Screen<'_>) -> fmt::Result {
    let row = TableRow::of(tenant, screen);
    let cell = |count: usize, style: anstyle::Style| match count {
        0 => (String::new(), PLAIN),
        count => (count.to_string(), style),
    };
    let mut line = format!("{:NAME$}", tenant.tenant.as_str());
    for ((text, style), width) in [
        (cell(row.lose, ALARM), 5),
        (cell(row.number, PLAIN), 7),
        (cell(row.change, PLAIN), 7),
        (cell(row.enable, PLAIN), 7),
        (cell(row.held, YELLOW), 5),
    ] {
        write!(line, " {style}{text:>width$}{style:#}")?;
    }
    let words = list(beside(tenant));
    if !words.is_empty() {
        write!(line, "  {FAINT}{words}{FAINT:#}")?;
    }
    writeln!(out, "{}", line.trim_end())
}

/// What is to be said of a tenant beside its steps.
fn beside(tenant: &TenantPlan) -> Vec<String> {
    let mut said: Vec<String> = tenant
        .holds
        .iter()
        .filter(|hold| hold.kind != HoldKind::Mode)
        .map(|hold| hold.kind.code().to_owned())
        .collect();
    said.extend((tenant.mode == Mode::Report).then(|| "report".to_owned()));
    let unforeseen = tenant.unforeseen().len();
    said.extend((unforeseen > 0).then(|| format!("{unforeseen} may lose calling")));
    let held = held_disables(tenant).saturating_sub(unforeseen);
    said.extend((held > 0 && tenant.mode != Mode::Report).then(|| match held {
        1 => "1 disable held".to_owned(),
        held => format!("{held} disables held"),
    }));
    said.extend(
        (!tenant.remarks.problems.is_empty())
            .then(|| many(tenant.remarks.problems.len(), "problem")),
    );
    said
}

/// The people who would lose calling if nothing held it.
pub(super) fn held_disables(tenant: &TenantPlan) -> usize {
    let is_held = |step: &&Step| step.action == Action::Disable && !tenant.may_run(step);
    tenant.steps.iter().filter(is_held).count()
}

/// Who loses calling, by name: the one list that nobody should have to look for.
fn write_people(out: &mut String, tenants: &[&TenantPlan], screen: &Screen<'_>) -> fmt::Result {
    let loses = |tenant: &TenantPlan, step: &Step| {
        Harm::of(tenant, step) == Harm::Calling && screen.shows(&step.user)
    };
    let people: Vec<(&TenantPlan, &Step)> = tenants
        .iter()
        .flat_map(|tenant| tenant.steps.iter().map(|step| (*tenant, step)))
        .filter(|(tenant, step)| loses(tenant, step))
        .collect();
    for (tenant, step) in people.iter().take(PEOPLE) {
        text::write_step(out, tenant, step, &mut AlreadyTold::default())?;
    }
    if people.len() > PEOPLE {
        writeln!(
            out,
            "  {RED}... and {} who would lose calling; -v names all{RED:#}",
            many(people.len() - PEOPLE, "more person")
        )?;
    }
    if !people.is_empty() {
        out.push('\n');
    }
    Ok(())
}

/// Users that nothing can be planned for, by what is wrong with them.
fn write_problems(out: &mut String, tenants: &[&TenantPlan], screen: &Screen<'_>) -> fmt::Result {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let problems = tenants.iter().flat_map(|tenant| &tenant.remarks.problems);
    for problem in problems.filter(|problem| screen.shows(&problem.user)) {
        *codes.entry(problem.kind.code().code()).or_default() += 1;
    }
    if codes.is_empty() {
        return Ok(());
    }
    let users: usize = codes.values().sum();
    let codes = list(codes.iter().map(|(code, count)| format!("{code} {count}")));
    writeln!(
        out,
        "{YELLOW}problem:{YELLOW:#} {} in need of attention: {codes}; -v shows each\n",
        many(users, "user")
    )
}
