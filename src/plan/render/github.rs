//! A plan as annotations of a GitHub workflow: at the lines that want it, the worst first.
//!
//! GitHub shows ten annotations of a level of a step and drops the rest without a word. So there are
//! at most nine of a level, and one that says how many more; the last has the whole in a sentence.

use crate::{
    foreign::annotation,
    model::{Field, Origin, Verb},
    plan::{
        FieldChange, Plan, Step, TenantPlan,
        render::{Tally, lists::drift},
    },
};

/// How loud an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Somebody loses calling, or may.
    Error,
    /// Something is held, wrong or not known.
    Warning,
    /// Anything else that is done.
    Notice,
}

impl Level {
    /// Annotations of it that are written, at most, beside the one that counts the rest. Among the
    /// notices is the sentence at the end.
    fn shown(self) -> usize {
        match self {
            Self::Error | Self::Warning => 9,
            Self::Notice => 8,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One annotation.
pub(super) struct Annotation {
    pub(super) level: Level,
    /// Whether it is about a number.
    pub(super) is_number: bool,
    pub(super) origin: Option<Origin>,
    pub(super) title: String,
    pub(super) text: String,
}

/// The annotations of a plan, a line each, and one that counts.
#[must_use]
pub fn github(plan: &Plan) -> String {
    let sum = format!("plan: {}", Tally::of(plan));
    annotations(plan) + &annotation("notice", &[("title", "dialplane")], &sum)
}

/// The annotations of a plan, a line each.
pub(super) fn annotations(plan: &Plan) -> String {
    shown(plan.tenants.iter().flat_map(of_tenant).collect())
}

/// Of all that is said, what GitHub shows, a line each.
pub(super) fn shown(mut said: Vec<Annotation>) -> String {
    // Of one level numbers come first; beside that the order stays.
    said.sort_by_key(|said| !said.is_number);
    let mut out = String::new();
    for level in [Level::Error, Level::Warning, Level::Notice] {
        let of_level: Vec<&Annotation> = said.iter().filter(|said| said.level == level).collect();
        for said in of_level.iter().take(level.shown()) {
            out += &one(said);
        }
        if of_level.len() > level.shown() {
            let more = of_level.len() - level.shown();
            let text = format!("and {more} more: the summary of this job has all that fits");
            out += &annotation(level.name(), &[("title", "dialplane")], &text);
        }
    }
    out
}

fn one(said: &Annotation) -> String {
    let origin = said.origin.as_ref();
    let line = origin.and_then(|origin| origin.line).map(|line| line.to_string());
    let mut properties = Vec::new();
    if let Some(origin) = origin {
        properties.push(("file", origin.file.as_ref()));
    }
    properties.extend(line.as_deref().map(|line| ("line", line)));
    properties.push(("title", said.title.as_str()));
    annotation(said.level.name(), &properties, &said.text)
}

/// What is said of a tenant.
fn of_tenant(tenant: &TenantPlan) -> Vec<Annotation> {
    let name = &tenant.tenant;
    let mut said = Vec::new();
    for step in &tenant.steps {
        if tenant.may_run(step) {
            said.push(of_step(tenant, step));
        }
    }
    said.extend(tenant.unforeseen().iter().map(|user| Annotation {
        level: Level::Error,
        is_number: false,
        origin: None,
        title: format!("{name}: somebody may lose calling"),
        text: format!("{user} may be disabled: that cannot be foreseen without the journal"),
    }));
    said.extend(tenant.hold().map(|hold| Annotation {
        level: Level::Warning,
        is_number: false,
        origin: None,
        title: format!("{name} is held"),
        text: format!("{} (hint: {})", hold.reason, hold.remedy),
    }));
    if tenant.holds.is_empty() {
        let held = tenant.steps.iter().filter_map(|step| Some((step, step.holds.first()?)));
        said.extend(held.map(|(step, hold)| Annotation {
            level: Level::Warning,
            is_number: false,
            origin: step.origin.clone(),
            title: format!("{name}: the {} of {} is held", step.action.verb(), step.user),
            text: format!("{} (hint: {})", hold.reason, hold.remedy),
        }));
    }
    said.extend(tenant.remarks.problems.iter().map(|problem| Annotation {
        level: Level::Warning,
        is_number: false,
        origin: problem.origin.clone(),
        title: format!("{name}: {} is in need of attention", problem.user),
        text: format!("{} (hint: {})", problem.kind, problem.kind.remedy()),
    }));
    said
}

fn of_step(tenant: &TenantPlan, step: &Step) -> Annotation {
    let name = &tenant.tenant;
    let verb = step.action.verb();
    let is_new_number =
        |change: &FieldChange| change.field == Field::PhoneNumber && !change.is_drift;
    let is_number = step.changes.iter().any(is_new_number);
    let (level, title) = match verb {
        Verb::Disable => (Level::Error, format!("{name}: somebody loses calling")),
        Verb::Update if is_number => (Level::Notice, format!("{name}: a number changes")),
        Verb::Update | Verb::Configure | Verb::Enable => (Level::Notice, format!("{name}: {verb}")),
    };
    let shown = |FieldChange { field, live, desired, is_drift, .. }: &FieldChange| {
        format!("{field}: {live} -> {desired}{}", drift(*is_drift))
    };
    let changes: Vec<String> = step.changes.iter().map(shown).collect();
    let text = match changes.len() {
        0 => format!("{verb} {}", step.user),
        _ => format!("{verb} {}: {}", step.user, changes.join(", ")),
    };
    Annotation { level, is_number, origin: step.origin.clone(), title, text }
}
