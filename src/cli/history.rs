//! `history`: what was done. Read from the journal, which is not locked for it.

use std::{
    fmt::{self, Write as _},
    num::NonZeroUsize,
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    args::{Global, Output},
    exit::{Exit, Failure},
    manifests, out, sent,
};
use crate::{
    config::Settings,
    foreign,
    journal::{Place, Run, RunSync, SentStep},
    manifest::InForce,
    model::{Field, RunId, StepOutcome, TenantName},
    ports::History,
    style::{BOLD, FAINT, RED, YELLOW},
    words::{between, duration, list, many, time},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One run, step by step; without it the last runs are listed
    run: Option<String>,
    /// Only runs of this tenant
    #[arg(long, value_name = "NAME", value_parser = |name: &str| TenantName::parse(name), conflicts_with = "run")]
    tenant: Option<TenantName>,
    /// At most so many runs
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN.saturating_add(19))]
    limit: NonZeroUsize,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Shows runs, newest first, or one run step by step.
pub(super) async fn history(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let place = Place::of(&settings.state);
    let history = place.look().await?;
    show(&history, command, &settings, &place).await
}

async fn show(
    history: &impl History,
    command: &Arguments,
    settings: &Settings,
    place: &Place,
) -> Result<Exit, Failure> {
    if let Some(id) = &command.run {
        let run = Run::of(&history.entries(&RunId::new(id)).await?).ok_or_else(|| {
            Failure::new(format!("the journal knows no run `{id}`"))
                .hint("`dialplane history` lists runs; old ones are let go of (`state.retention`)")
        })?;
        match command.output {
            Output::Text => out::data(&one(&run)),
            Output::Json => {
                out::json(&json!({ "version": 1, "kind": "Run", "run": as_json(&run, true) }));
            }
        }
        return Ok(Exit::Done);
    }
    let ids = history.runs(command.tenant.as_ref(), command.limit.get()).await?;
    let mut runs = Vec::new();
    for id in &ids {
        runs.extend(Run::of(&history.entries(id).await?));
    }
    if let (true, Some(tenant)) = (runs.is_empty(), &command.tenant) {
        known(tenant, history, settings).await?;
    }
    match command.output {
        Output::Text if runs.is_empty() => {
            let of =
                command.tenant.as_ref().map(|tenant| format!(" of {tenant}")).unwrap_or_default();
            out::talk(&format!(
                "no run{of} has written anything yet, as far as the journal in {place} knows\n"
            ));
        }
        Output::Text => out::data(&runs.iter().map(line).collect::<String>()),
        Output::Json => {
            let runs: Vec<Value> = runs.iter().map(|run| as_json(run, false)).collect();
            out::json(&json!({ "version": 1, "kind": "History", "runs": runs }));
        }
    }
    Ok(Exit::Done)
}

/// Whether there is a tenant of this name: in the journal or in the manifests, if those can be
/// read.
async fn known(
    tenant: &TenantName,
    history: &impl History,
    settings: &Settings,
) -> Result<(), Failure> {
    let mut names = history.tenants().await?;
    if let Ok(looked) = manifests::look(&settings.manifests) {
        let InForce { desired, broken, .. } = &looked.in_force;
        names.extend(desired.tenants.keys().chain(broken.keys()).map(ToString::to_string));
    }
    if names.is_empty() || names.contains(tenant.as_str()) {
        return Ok(());
    }
    let names: Vec<String> = names.into_iter().collect();
    Err(Failure::new(format!("neither the journal nor the manifests know a tenant `{tenant}`"))
        .hint(format!("there are {}", list(names))))
}

fn revision(run: &Run) -> String {
    run.revision.as_ref().map_or_else(|| "unknown".to_owned(), foreign::line)
}

/// What became of its steps and its sync, in a few words.
fn became(run: &Run) -> String {
    let of = |kind: fn(&StepOutcome) -> bool| {
        run.steps
            .iter()
            .filter(|step| step.outcome.as_ref().is_some_and(|(_, outcome)| kind(outcome)))
            .count()
    };
    let failed = of(|outcome| matches!(outcome, StepOutcome::Failed(_)));
    let open = run.steps.iter().filter(|step| step.outcome.is_none()).count();
    let lost = of(|outcome| matches!(outcome, StepOutcome::Unknown(_))) + open;
    let mut parts = vec![format!("{} of {} accepted", run.accepted(), many(run.meant, "step"))];
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((lost > 0).then(|| many(lost, "lost answer")));
    parts.extend(match run.sync {
        RunSync::Accepted(_) => Some("sync accepted".to_owned()),
        RunSync::NotNeeded => None,
        RunSync::Open => Some("sync not accepted in this run".to_owned()),
    });
    list(parts)
}

fn line(run: &Run) -> String {
    let by =
        run.by.as_ref().map(|by| format!(", by hand: {}", foreign::line(by))).unwrap_or_default();
    format!(
        "{}  {BOLD}{}{BOLD:#}  {}\n    {FAINT}run {}, revision {}{by}{FAINT:#}\n",
        time(run.began),
        run.tenant,
        became(run),
        foreign::line(&run.id),
        revision(run)
    )
}

fn one(run: &Run) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_one(&mut out, run);
    out
}

fn write_one(out: &mut String, run: &Run) -> fmt::Result {
    writeln!(out, "{BOLD}run {} of {}{BOLD:#}", foreign::line(&run.id), run.tenant)?;
    writeln!(
        out,
        "  began     {}, last entry after {}",
        time(run.began),
        duration(between(run.began, run.last))
    )?;
    writeln!(out, "  revision  {}", revision(run))?;
    if let Some(by) = &run.by {
        writeln!(out, "  by hand   {}", foreign::line(by))?;
    }
    writeln!(out, "  outcome   {}", became(run))?;
    if let RunSync::Accepted(at) = run.sync {
        writeln!(out, "  synced    {}", time(at))?;
    }
    if !run.steps.is_empty() {
        writeln!(out, "  sent")?;
    }
    for step in &run.steps {
        write_step(out, step)?;
    }
    if !run.plan.is_empty() {
        writeln!(out, "  plan")?;
        for line in run.plan.lines() {
            writeln!(out, "    {FAINT}{}{FAINT:#}", foreign::line(line))?;
        }
    }
    Ok(())
}

fn write_step(out: &mut String, step: &SentStep) -> fmt::Result {
    let origin = step.origin.as_ref().map(foreign::line).unwrap_or_default();
    writeln!(out, "    {:7}  {:40} {origin}", step.verb, foreign::line(&step.user))?;
    for (field, value) in step.details.iter() {
        let before = match step.before.get(&field) {
            Some(Some(before)) => before.to_string(),
            Some(None) => "nothing".to_owned(),
            None => continue,
        };
        writeln!(
            out,
            "      {}",
            foreign::line(format_args!("{}: {before} -> {value}", field.name()))
        )?;
    }
    match &step.outcome {
        None => writeln!(
            out,
            "      {YELLOW}sent {}, and no answer is on record{YELLOW:#}",
            time(step.sent)
        ),
        Some((at, outcome)) => {
            let label = outcome.label();
            let took = duration(between(step.sent, *at));
            let reason = outcome.reason().map(foreign::line).unwrap_or_default();
            match outcome {
                StepOutcome::Accepted => writeln!(out, "      {label} after {took}"),
                StepOutcome::Failed(_) | StepOutcome::Unknown(_) => {
                    writeln!(out, "      {RED}{label}{RED:#} after {took}: {reason}")
                }
                StepOutcome::NotTried(_) => {
                    writeln!(out, "      {YELLOW}{label}{YELLOW:#}: {reason}")
                }
            }
        }
    }
}

fn as_json(run: &Run, whole: bool) -> Value {
    let (sync, synced) = match run.sync {
        RunSync::Accepted(at) => ("accepted", Some(at)),
        RunSync::NotNeeded => ("notNeeded", None),
        RunSync::Open => ("open", None),
    };
    let mut value = json!({
        "run": run.id.as_str(),
        "tenant": run.tenant.as_str(),
        "tenantId": run.tenant_id.as_str(),
        "began": run.began,
        "last": run.last,
        "revision": run.revision,
        "by": run.by,
        "meant": run.meant,
        "accepted": run.accepted(),
        "sync": { "outcome": sync, "at": synced },
        "steps": run.steps.iter().map(step_json).collect::<Vec<_>>(),
    });
    if whole && let Some(object) = value.as_object_mut() {
        object.insert("plan".to_owned(), json!(run.plan));
    }
    value
}

fn step_json(step: &SentStep) -> Value {
    let (outcome, reason) = sent::outcome(step.outcome.as_ref().map(|(_, outcome)| outcome));
    let details = |field: &Field| field.name().to_owned();
    json!({
        "action": step.verb,
        "user": step.user.as_str(),
        "origin": step.origin.as_ref().map(ToString::to_string),
        "sent": step.sent,
        "answered": step.outcome.as_ref().map(|(at, _)| at),
        "outcome": outcome,
        "reason": reason,
        "details": step.details.iter().map(|(field, value)| (details(&field), sent::value(value))).collect::<serde_json::Map<_, _>>(),
        "before": step.before.iter().map(|(field, value)| (details(field), json!(value.as_ref().map(sent::value)))).collect::<serde_json::Map<_, _>>(),
    })
}
