//! What was saved, as annotations of a GitHub workflow.

use serde_json::Value;

use super::{SavedChange, SavedSection, SavedTenant, array, is_review, word};
use crate::{
    foreign::annotation,
    model::Origin,
    plan::render::{
        github::{Annotation, Level, shown},
        lists::drift,
    },
};

/// The annotations of what was saved, and one with the whole in a sentence.
#[must_use]
pub fn saved_github(saved: &Value) -> String {
    let (part, what) = if is_review(saved) {
        (SavedSection::of(&saved["caused"]), "saved review: the change causes")
    } else {
        (SavedSection::of(saved), "saved plan:")
    };
    let said = part.tenants.iter().flat_map(of_tenant).collect();
    shown(said)
        + &annotation("notice", &[("title", "dialplane")], &format!("{what} {}", part.words()))
}

fn of_tenant(tenant: &SavedTenant<'_>) -> Vec<Annotation> {
    let name = tenant.name;
    let mut said = Vec::new();
    for step in &tenant.steps {
        let is_new_number =
            |change: &SavedChange<'_>| change.field == "phoneNumber" && !change.is_drift;
        let is_number = step.changes.iter().any(is_new_number);
        let origin = origin(word(step.saved, "origin"));
        let what = format!("{} {}", step.action, step.user);
        let held = array(step.saved, "holds").first();
        if let Some(hold) = held.filter(|_| !tenant.is_held()) {
            let title = format!("{name}: {what} is held");
            let text = reason(hold);
            said.push(Annotation { level: Level::Warning, is_number: false, origin, title, text });
        } else if step.runs {
            let level = match step.action {
                "disable" => Level::Error,
                _ => Level::Notice,
            };
            let title = match step.action {
                "disable" => format!("{name}: somebody loses calling"),
                _ if is_number => format!("{name}: a number changes"),
                action => format!("{name}: {action}"),
            };
            let shown = |SavedChange { field, live, desired, is_drift }: &SavedChange<'_>| {
                format!("{field}: {live} -> {desired}{}", drift(*is_drift))
            };
            let values: Vec<String> = step.changes.iter().map(shown).collect();
            let text = match values.len() {
                0 => what,
                _ => format!("{what}: {}", values.join(", ")),
            };
            said.push(Annotation { level, is_number, origin, title, text });
        }
    }
    let unforeseen = array(tenant.saved, "unforeseen").iter().filter_map(Value::as_str);
    said.extend(unforeseen.map(|user| Annotation {
        level: Level::Error,
        is_number: false,
        origin: None,
        title: format!("{name}: somebody may lose calling"),
        text: format!("{user} may be disabled: that could not be foreseen"),
    }));
    let holds = array(tenant.saved, "holds").iter().filter(|hold| word(hold, "code") != "mode");
    said.extend(holds.take(1).map(|hold| Annotation {
        level: Level::Warning,
        is_number: false,
        origin: None,
        title: format!("{name} is held"),
        text: reason(hold),
    }));
    said.extend(array(tenant.saved, "problems").iter().map(|problem| Annotation {
        level: Level::Warning,
        is_number: false,
        origin: origin(word(problem, "origin")),
        title: format!("{name}: {} is in need of attention", word(problem, "user")),
        text: reason(problem),
    }));
    said
}

fn reason(saved: &Value) -> String {
    format!("{} (hint: {})", word(saved, "reason"), word(saved, "remedy"))
}

/// `manifests/a.yaml:12`.
fn origin(text: &str) -> Option<Origin> {
    if text.is_empty() {
        return None;
    }
    let placed = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    Some(match placed {
        Some((file, line)) => Origin { file: file.into(), line: Some(line) },
        None => Origin { file: text.into(), line: None },
    })
}
