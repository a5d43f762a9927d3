//! `history`: what was done. Read from the journal, which is not locked for it.

use std::{
    fmt::{self, Write as _},
    num::NonZeroUsize,
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    args::{self, Global, Output},
    choose::Tenants,
    decrees::{self, Decree},
    exit::{Exit, Failure},
    manifests, out, pager,
    passes::{self, Pass},
    past::{self, PassOrRun},
    sent,
};
use crate::{
    config::Settings,
    foreign,
    journal::{JournalLocation, Run, RunSync, SentStep},
    manifest::InForce,
    model::{Field, RunStart, StepOutcome},
    ports::History,
    source::{self, RevisionError},
    style::{BOLD, FAINT, RED, YELLOW},
    words::{between, duration, many, time},
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane history                      the last passes: applies, undos, rounds of the service
  dialplane history 1f0c                 what one of them did, tenant by tenant
  dialplane history --tenant contoso     only there
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One pass, tenant by tenant, or one run, step by step; the first characters of its id will do.
    /// Without it the last passes are listed
    #[arg(value_name = "PASS|RUN")]
    id: Option<String>,
    #[command(flatten)]
    tenants: Tenants,
    /// At most so many passes
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN.saturating_add(19), value_parser = args::count)]
    limit: NonZeroUsize,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Shows passes, newest first, or one of them, or one run step by step.
pub(super) async fn history(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let place = JournalLocation::of(&settings.state);
    let history = place.look().await?;
    let begun = history.begun(past::LOOKED_AT).await.map_err(Failure::from)?;
    let show = |text: &str| pager::show_unless(global.no_pager, text);
    if let Some(id) = &command.id {
        let shown = one(&history, command, id, &begun).await?;
        match shown {
            ShownPass::Text(text, is_versioned) => {
                show(&text);
                tell_unversioned(is_versioned, &settings);
            }
            ShownPass::Json(value) => out::json(&value),
        }
        return Ok(Exit::Done);
    }
    let asked = begun.iter().filter(|begun| command.tenants.has(&begun.tenant));
    let mut passes = Vec::new();
    for (id, runs) in passes::grouped(asked, command.limit.get()) {
        passes.push(passes::read(&history, id, &runs).await?);
    }
    let shown = command.limit.get();
    let decrees = history.suspensions(past::LOOKED_AT).await?;
    let decrees: Vec<Decree> = decrees
        .iter()
        .filter_map(Decree::of)
        .filter(|decree| decree.tenant().is_none_or(|tenant| command.tenants.has(tenant.as_str())))
        .take(shown)
        .collect();
    if passes.is_empty() && decrees.is_empty() {
        known(&command.tenants, &history, &settings).await?;
    }
    match command.output {
        Output::Text if passes.is_empty() && decrees.is_empty() => {
            let of = if command.tenants.is_all() { "" } else { " of such a tenant" };
            out::talk(&format!(
                "no run{of} has written anything yet, as far as the journal in {place} knows\n"
            ));
            if let Some(hint) = manifests::elsewhere(global, &settings) {
                out::talk(&format!("  hint: {hint}\n"));
            }
        }
        Output::Text => {
            show(&decrees::among(&passes, &decrees, shown));
            tell_unversioned(passes.iter().all(Pass::is_versioned), &settings);
        }
        Output::Json => {
            let runs = passes.iter().flat_map(|pass| &pass.runs);
            let runs: Vec<Value> = runs.map(|run| as_json(run, false)).collect();
            let pass = |pass: &Pass| pass.json(|run| json!(run.id.as_str()));
            let passes: Vec<Value> = passes.iter().map(pass).collect();
            out::json(&json!({
                "version": 1, "kind": "History", "passes": passes, "runs": runs,
                "suspensions": decrees.iter().map(Decree::json).collect::<Vec<_>>(),
            }));
        }
    }
    Ok(Exit::Done)
}

/// What is shown of a pass or a run.
enum ShownPass {
    /// And whether it is known which versions of the manifests it carried out.
    Text(String, bool),
    Json(Value),
}

/// One pass, or one run.
async fn one(
    history: &impl History,
    command: &Arguments,
    id: &str,
    begun: &[RunStart],
) -> Result<ShownPass, Failure> {
    let run = match past::meant(id, begun) {
        Ok(PassOrRun::Run(run)) => run.run.clone(),
        // One run is told whole.
        Ok(PassOrRun::Pass(_, runs)) if runs.len() == 1 => match runs.first() {
            Some(run) => run.run.clone(),
            None => return Err(past::unknown(id, begun)),
        },
        Ok(PassOrRun::Pass(pass, runs)) => {
            let asked: Vec<&RunStart> =
                runs.iter().copied().filter(|run| command.tenants.has(&run.tenant)).collect();
            let left = runs.len() - asked.len();
            let pass = passes::read(history, pass, &asked).await?;
            if command.output == Output::Json {
                let pass = pass.json(|run| as_json(run, false));
                return Ok(ShownPass::Json(json!({ "version": 1, "kind": "Pass", "pass": pass })));
            }
            let mut text = pass.whole();
            if left > 0 {
                let _ = writeln!(text, "left out by --tenant: {}", many(left, "run"));
            }
            return Ok(ShownPass::Text(text, pass.is_versioned()));
        }
        // It may be too long ago to be among those that were looked at.
        Err(unknown) if history.entries(&past::run(id)).await?.is_empty() => return Err(unknown),
        Err(_) => past::run(id),
    };
    let entries = history.entries(&run).await?;
    if let Some(decree) = entries.iter().find_map(Decree::of) {
        return Ok(match command.output {
            Output::Text => ShownPass::Text(decree.text(), true),
            Output::Json => ShownPass::Json(decree.json()),
        });
    }
    let run = Run::of(&entries).ok_or_else(|| past::unknown(id, begun))?;
    Ok(match command.output {
        Output::Text => ShownPass::Text(text(&run), run.revision.is_some()),
        Output::Json => {
            ShownPass::Json(json!({ "version": 1, "kind": "Run", "run": as_json(&run, true) }))
        }
    })
}

/// Says why revisions are unknown, if some are and something can be done about it: what is wrong now
/// is most likely what was wrong then.
fn tell_unversioned(is_versioned: bool, settings: &Settings) {
    let paths = manifests::sources(&[], settings).paths();
    if paths.is_empty() || is_versioned {
        return;
    }
    if let Err(RevisionError { reason, hint: Some(hint) }) = source::look_up(&paths) {
        let reason = foreign::line(reason);
        out::talk(&format!("revisions are unknown: {reason}\n  {FAINT}hint: {hint}{FAINT:#}\n"));
    }
}

/// Fails if there is no such tenant: in the journal or in the manifests, if those can be read.
async fn known(
    tenants: &Tenants,
    history: &impl History,
    settings: &Settings,
) -> Result<(), Failure> {
    let mut names = history.tenants().await?;
    if let Ok(looked) = manifests::look_at_kept(&manifests::sources(&[], settings)) {
        let InForce { desired, broken, .. } = &looked.in_force;
        names.extend(desired.tenants.keys().chain(broken.keys()).map(ToString::to_string));
    }
    if names.is_empty() {
        return Ok(());
    }
    tenants.know(names.iter().map(String::as_str), "neither the journal nor the manifests know a")
}

fn text(run: &Run) -> String {
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
    writeln!(out, "  revision  {}", passes::revision(run.revision.as_ref()))?;
    if run.part_of.pass.as_str() != run.id.as_str() {
        writeln!(out, "  pass      {}", foreign::line(&run.part_of.pass))?;
    }
    if let Some(undoes) = &run.part_of.undoes {
        writeln!(out, "  undo of   {}", foreign::line(undoes))?;
    }
    if let Some(by) = &run.by {
        writeln!(out, "  by hand   {}", foreign::line(by))?;
    }
    writeln!(out, "  outcome   {}", passes::became(run))?;
    if let RunSync::Accepted(at) = run.sync {
        writeln!(out, "  synced    {}", time(at))?;
    }
    if !run.steps.is_empty() {
        writeln!(out, "  sent")?;
    }
    let verbs = run.steps.iter().map(|step| step.verb.to_string().len()).max();
    let verbs = verbs.unwrap_or(0).max(8);
    for step in &run.steps {
        write_step(out, step, verbs)?;
    }
    if !run.plan.is_empty() {
        writeln!(out, "  plan")?;
        for line in run.plan.lines() {
            writeln!(out, "    {FAINT}{}{FAINT:#}", foreign::line(line))?;
        }
    }
    Ok(())
}

fn write_step(out: &mut String, step: &SentStep, verbs: usize) -> fmt::Result {
    let origin = step.origin.as_ref().map(foreign::line).unwrap_or_default();
    writeln!(out, "    {:verbs$} {:40} {origin}", step.verb, foreign::line(&step.user))?;
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
        "pass": run.part_of.pass.as_str(),
        "undoes": run.part_of.undoes,
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
