//! Saved plans: `apply FILE` does exactly the plan that was saved with `plan --out` or `plan
//! --output json`, or nothing; `show FILE` says what is in it. Saved reviews, of what a change
//! does, are only shown: what is planned after a merge is another plan.

mod text;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;

use serde_json::{Value, json};

use super::{
    args::{self, Global, PlanOutput},
    exit::{Exit, Failure},
    out, pager, private, summary,
};
use crate::{
    file,
    foreign::line,
    model::Fingerprint,
    plan::{Plan, fingerprint_of, render, review::Review},
    words::{clauses, list},
};

/// The largest saved plan that is read: that of a fleet of a million users is smaller.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The file with the plan.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A plan or what a change does, saved with `plan --out` or `plan --output json`
    file: PathBuf,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Text, value_name = "FORMAT")]
    output: PlanOutput,
    /// How long a page of `--output markdown` may be
    #[arg(long, value_name = "BYTES", default_value_t = render::PAGE, value_parser = args::page, hide_default_value = true)]
    max_bytes: usize,
}

/// Shows a saved plan, from the file alone.
pub(super) fn show(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let (kind, saved) = read(&command.file)?;
    match command.output {
        PlanOutput::Text => {
            let text = match kind {
                SavedKind::Plan => text::plan(&saved),
                SavedKind::Review => text::review(&saved),
            };
            pager::show_unless(global.no_pager, &text);
        }
        PlanOutput::Json => out::json(&saved),
        PlanOutput::Ndjson => out::json_line(&saved),
        PlanOutput::Markdown => out::data(&render::saved_markdown(&saved, command.max_bytes)),
        PlanOutput::Github => {
            out::data_with_commands(&render::saved_github(&saved));
            summary::add(&render::saved_markdown(&saved, summary::PAGE));
        }
    }
    Ok(Exit::Done)
}

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SavedKind {
    Plan,
    /// What a change does.
    Review,
}

impl SavedKind {
    /// Of a file that was saved.
    fn of(saved: &Value) -> Option<Self> {
        match saved["kind"].as_str()? {
            "Plan" => Some(Self::Plan),
            "Review" => Some(Self::Review),
            _ => None,
        }
    }

    /// What somebody is told who takes such a file for manifests.
    pub(super) fn is_no_manifest(self, file: &Path) -> Failure {
        let shown = file.display();
        let show = format!("`dialplane show {shown}` shows it");
        match self {
            Self::Plan => {
                Failure::new(format!("{shown} is a saved plan, and no manifest")).hint(format!(
                    "{show}, and `dialplane apply {shown}` does exactly what it says, or nothing"
                ))
            }
            Self::Review => {
                Failure::new(format!("{shown} is a saved review of a change, and no manifest"))
                    .hint(show)
            }
        }
    }
}

/// Fails unless a file holds a plan that can be carried out.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    read_plan(path).map(drop)
}

/// A saved plan.
fn read_plan(path: &Path) -> Result<Value, Failure> {
    let (kind, saved) = read(path)?;
    if kind == SavedKind::Plan {
        return Ok(saved);
    }
    let message = format!(
        "{} says what a change does, from {} to {}, and is not a plan that can be carried out",
        path.display(),
        saved["compared"]["base"].as_str().unwrap_or("?"),
        saved["compared"]["head"].as_str().unwrap_or("?"),
    );
    Err(Failure::new(message).hint(
        "merge it, and plan what is merged: `dialplane plan --out plan.json`; `apply --expect` takes \
            the fingerprint of a review",
    ))
}

/// Fails unless a plan has this fingerprint. One that was made where no account was known fits any.
pub(super) fn expect(plan: &Plan, expected: &Fingerprint) -> Result<(), Failure> {
    let now = fingerprint_of(plan);
    let of_any = || fingerprint_of(&Plan { accounts: BTreeMap::new(), ..plan.clone() });
    if now == *expected || of_any() == *expected {
        return Ok(());
    }
    let message = format!(
        "the plan is {} now, and {} was expected: nothing is done",
        now.short(),
        expected.short()
    );
    Err(Failure::new(message).hint(
        "manifests, live state or what is held have changed, or it was made for another account or \
            host: look at the plan again; with a saved plan, `dialplane apply FILE` says what has \
            moved",
    ))
}

/// What is saved in a file.
fn read(path: &Path) -> Result<(SavedKind, Value), Failure> {
    let shown = path.display();
    let save = "save one with `dialplane plan --out plan.json`";
    let text = file::read_text(path, MAX_BYTES)
        .map_err(|reason| Failure::new(format!("{shown} cannot be read: {reason}")).hint(save))?;
    let wrong =
        |what: &str| Failure::new(format!("{shown} is not a saved plan: {what}")).hint(save);
    let saved: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let kind = SavedKind::of(&saved).filter(|_| saved["version"] == json!(1));
    let kind =
        kind.ok_or_else(|| wrong("`kind: Plan` or `kind: Review` and `version: 1` are expected"))?;
    let plans = match kind {
        SavedKind::Plan => vec![&saved],
        SavedKind::Review => vec![&saved["caused"], &saved["drift"]],
    };
    if !plans.iter().all(|plan| plan["tenants"].is_array()) {
        return Err(wrong("it has no list of tenants"));
    }
    match render::unbroken(&saved) {
        Ok(()) => Ok((kind, saved)),
        Err(broken) => Err(damaged(path, broken)),
    }
}

/// What somebody is told whose file says something else than was saved.
fn damaged(path: &Path, broken: render::SealError) -> Failure {
    let shown = path.display();
    let message = match broken {
        render::SealError::Bare => format!(
            "{shown} has no `sum`: a part of it is missing, or another version of Dialplane saved it"
        ),
        render::SealError::Other => format!(
            "{shown} does not say what was saved: it was damaged or edited, and its `sum` is that of \
                something else"
        ),
    };
    Failure::new(message)
        .hint("do not rely on it: plan again, `dialplane plan --out plan.json`, and look at that")
}

/// Leaves the tenants of the saved plan, if what would be done for them now is what it says.
pub(super) fn only(plan: &mut Plan, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let saved = read_plan(path)?;
    let tenants = saved["tenants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |tenant: &Value| tenant["tenant"].as_str().unwrap_or_default().to_owned();
    plan.retain(|now| tenants.iter().any(|saved| name(saved) == now.tenant.as_str()));
    refuse_other_accounts(plan, tenants, path)?;
    let now = render::json(plan);
    let now: Vec<&Value> = now["tenants"].as_array().into_iter().flatten().collect();
    let of = |tenant: &str| now.iter().copied().find(|now| now["tenant"] == tenant);
    let moved = tenants.iter().filter_map(|saved| {
        let tenant = name(saved);
        match of(&tenant) {
            Some(now) if essence(now) == essence(saved) => None,
            Some(now) => Some(format!("{tenant} ({})", differs(saved, now))),
            None => Some(format!("{tenant} (no longer there)")),
        }
    });
    let moved: Vec<String> = moved.collect();
    if moved.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{shown} is not what would be done now, so nothing is done; it has moved in {}",
        list(moved)
    );
    Err(Failure::new(message).hint(
        "manifests, live state or what is held have changed since it was saved: look at the plan \
            again",
    ))
}

/// Fails if an account would write that is not the one which the saved plan was made for: another
/// host, another login, or a rehearsal.
fn refuse_other_accounts(plan: &Plan, saved: &[Value], path: &Path) -> Result<(), Failure> {
    let other = saved.iter().filter_map(|saved| {
        let tenant = saved["tenant"].as_str()?;
        let then = saved["account"].as_str()?;
        let now = plan.accounts.iter().find(|(name, _)| name.as_str() == tenant);
        let now = now.map_or("no account", |(_, account)| account.as_str());
        (now != then).then(|| format!("{tenant} (for {} then, {} now)", line(then), line(now)))
    });
    let other: Vec<String> = other.collect();
    if other.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} was made for another account than the one that would write now, so nothing is done: {}",
        path.display(),
        clauses(TOLD, other, "tenant")
    );
    Err(Failure::new(message).hint(
        "apply it with the configuration that it was made with, or plan again with this one and \
            look at that plan",
    ))
}

/// Steps of a tenant that are told.
const TOLD: usize = 5;

/// What differs between a tenant's saved plan and what would be done now.
fn differs(saved: &Value, now: &Value) -> String {
    let before = steps(saved);
    let after = steps(now);
    let gone = before
        .iter()
        .filter(|(step, _)| !after.contains_key(*step))
        .map(|(step, _)| format!("no longer {step}"));
    let new = after.iter().filter_map(|(step, what)| match before.get(step) {
        None if what.runs => Some(format!("now also {step}")),
        None => Some(format!("now also {step}, which is held")),
        Some(before) if before.runs && !what.runs => Some(format!("{step} is held now")),
        Some(before) if before.runs != what.runs => Some(format!("{step} may run now")),
        Some(before) if before.changes == what.changes => None,
        Some(before) => Some(format!("{step}: {}", list(moved(before.changes, what.changes)))),
    });
    let mut told: Vec<String> = Vec::new();
    let moved: Vec<String> = gone.chain(new).collect();
    if !moved.is_empty() {
        told.push(clauses(TOLD, moved, "step"));
    }
    if saved["sync"] != now["sync"] {
        told.push(format!("sync {}, and not {}", text::sync(now), text::sync(saved)));
    }
    if told.is_empty() {
        "the same steps, from other manifests or live values".to_owned()
    } else {
        told.join("; ")
    }
}

/// What a step changes otherwise than it did, value by value.
fn moved(before: &Value, after: &Value) -> Vec<String> {
    let before = values(before);
    let after = values(after);
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    let gone = gone.map(|field| format!("no longer {field}"));
    let new = after.iter().filter_map(|(field, value)| match before.get(field) {
        None => Some(format!("now also {field} {value}")),
        Some(before) if before != value => Some(format!("{field} {value}, and not {before}")),
        Some(_) => None,
    });
    gone.chain(new).collect()
}

/// `LIVE -> DESIRED` of each field that a step changes.
fn values(changes: &Value) -> BTreeMap<&str, String> {
    let changes = changes.as_array().into_iter().flatten();
    let word = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let value = |change: &Value| format!("{} -> {}", word(change, "live"), word(change, "desired"));
    changes.filter_map(|change| Some((change["field"].as_str()?, value(change)))).collect()
}

/// A step as far as it is compared.
struct ComparedStep<'p> {
    runs: bool,
    changes: &'p Value,
}

/// The steps of a tenant's plan, by action and user.
fn steps(tenant: &Value) -> BTreeMap<String, ComparedStep<'_>> {
    let steps = tenant["steps"].as_array().into_iter().flatten();
    let word = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
    let named = steps.map(|step| {
        let done = ComparedStep { runs: step["runs"] == true, changes: &step["changes"] };
        (format!("{} {}", word(step, "action"), word(step, "user")), done)
    });
    named.collect()
}

/// Saves what a change does.
pub(super) fn write_review(
    review: &Review,
    from: &render::Compared,
    file: &Path,
) -> Result<(), Failure> {
    save(&render::review_json(review, from), file)?;
    out::talk(&format!("saved: `dialplane show {}` shows it\n", file.display()));
    Ok(())
}

fn save(value: &Value, file: &Path) -> Result<(), Failure> {
    private::write(file, &format!("{value:#}\n")).map_err(|error| {
        Failure::new(format!("the plan cannot be saved to {}: {error}", file.display()))
    })
}

/// What was saved may be overwritten, and an empty file; anything else may not.
pub(super) fn check_writable(path: &Path) -> Result<(), Failure> {
    let is_saved = |text: &str| {
        serde_json::from_str(text).is_ok_and(|value: Value| SavedKind::of(&value).is_some())
    };
    let is_ours =
        || file::read_text(path, MAX_BYTES).is_ok_and(|text| text.is_empty() || is_saved(&text));
    if path.is_file() && !is_ours() {
        let message = format!("{} exists and is not a saved plan", line(path.display()));
        return Err(Failure::new(message).hint("name another file"));
    }
    Ok(())
}

/// Saves a plan.
pub(super) fn write(plan: &Plan, file: &Path) -> Result<(), Failure> {
    save(&render::json(plan), file)?;
    out::talk(&format!(
        "saved: `dialplane apply {}` does exactly this, or nothing; its fingerprint is {}\n",
        file.display(),
        fingerprint_of(plan)
    ));
    Ok(())
}

/// What is saved in a file, if anything is.
pub(super) fn kind_of(path: &Path) -> Option<SavedKind> {
    let json = path.extension().is_some_and(|extension| extension == "json") && path.is_file();
    let text = json.then(|| file::read_text(path, MAX_BYTES).ok()).flatten()?;
    SavedKind::of(&serde_json::from_str(&text).ok()?)
}

/// What of a tenant's plan decides what is sent.
fn essence(tenant: &Value) -> Value {
    let steps = tenant["steps"].as_array().into_iter().flatten();
    // Its values as well: a fingerprint says nothing of what somebody reads in a file.
    let values = |step: &Value| json!(values(&step["changes"]));
    let runs: Vec<Value> = steps
        .map(|step| json!([step["user"], step["action"], step["runs"], values(step)]))
        .collect();
    json!([tenant["tenant"], tenant["fingerprint"], tenant["sync"], runs])
}
