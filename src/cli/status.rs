//! `status`: what the service last said of itself. For people, and for health checks.

use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;

use super::{
    args::{Global, Output},
    exit::{Exit, Failure},
    manifests, out,
    session::switch,
};
use crate::{
    board::{LastPass, Left, Status},
    foreign::line,
    journal::{About, OpenError, Place},
    stop::Stopped,
    style::{ALARM, FAINT},
    words::{many, time},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Tells it; fails if the service is not alive.
pub(super) async fn status(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let stopped = switch(false, &settings).state();
    let place = Place::of(&settings.state);
    let status = place.read_status().map_err(Failure::new)?;
    let status = status.ok_or_else(|| {
        Failure::new(format!("no service has run with the state in {place}"))
            .hint("start it with `dialplane run`, or set `state.path`")
    })?;
    // The lock tells a process that has ended, the time one that hangs.
    let held = place.is_held().await.map_err(|error| Failure::new(format!("{place}: {error}")))?;
    let alive = held && Timestamp::now() <= status.until;
    let journal = place.about().await;
    match command.output {
        Output::Text => out::data(
            &(stop_line(stopped.as_ref()) + &text(&status, alive) + &journal_line(&journal)),
        ),
        Output::Json => {
            let problem = journal.as_ref().err().map(ToString::to_string);
            let journal = journal.as_ref().ok();
            out::json(&serde_json::json!({
                "alive": alive, "stopped": stopped.as_ref().map(stop_json), "status": status, "journal": journal,
                "journalProblem": problem,
            }));
        }
    }
    match journal {
        Ok(_) if alive => Ok(Exit::Done),
        Ok(_) => Ok(Exit::Error),
        Err(error) => Err(error.into()),
    }
}

fn journal_line(journal: &Result<About, OpenError>) -> String {
    match journal {
        Ok(about) => format!("journal: {about}\n"),
        Err(_) => "journal: it cannot be read\n".to_owned(),
    }
}

/// The first line, while everything is stopped.
fn stop_line(stopped: Option<&Stopped>) -> String {
    stopped
        .map(|Stopped { message, hint, .. }| {
            let (message, hint) = (line(message), line(hint));
            format!("{ALARM}{message}{ALARM:#}\n  {FAINT}hint: {hint}{FAINT:#}\n")
        })
        .unwrap_or_default()
}

fn stop_json(stopped: &Stopped) -> serde_json::Value {
    let Stopped { message, hint, note } = stopped;
    serde_json::json!({ "message": message, "hint": hint, "by": note.by, "at": note.at, "reason": note.reason })
}

fn text(status: &Status, alive: bool) -> String {
    let mut out = if alive {
        format!("process {} is alive, last heard {}\n", status.process, time(status.at))
    } else {
        format!(
            "process {} is not alive or hangs, last heard {}\n",
            status.process,
            time(status.at)
        )
    };
    if let Some(reason) = &status.journal_away {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "nothing new begins: {}", line(reason));
    }
    if status.manifest_errors > 0 {
        let errors = many(status.manifest_errors, "error");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{errors} in the manifests; `dialplane validate` shows them");
    }
    for tenant in &status.tenants {
        let last = match tenant.last {
            None => "-",
            Some(LastPass::Done) => "done",
            Some(LastPass::Held) => "held",
            Some(LastPass::Failed) => "failed",
            Some(LastPass::Waits) => "sync waits",
        };
        let next = match (tenant.next_at, &tenant.note) {
            (Some(at), _) => format!("next {}", time(at)),
            (None, Some(_)) if tenant.last.is_none() => String::new(),
            (None, _) => "running now".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "  {:30} {last:10} {:24} {next}",
            line(&tenant.tenant),
            tenant.last_at.map(|at| time(at).to_string()).unwrap_or_default()
        );
        if let Some((confirmed, of)) = tenant.confirmed {
            let _ = writeln!(out, "    {confirmed} of {} confirmed in Teams", many(of, "user"));
        }
        for left in tenant.left.iter().flat_map(left) {
            let _ = writeln!(out, "    {}", line(left));
        }
        if let Some(note) = &tenant.note {
            let _ = writeln!(out, "    {}", line(note));
        }
    }
    out
}

/// What the last plan of a tenant shows and does not do, in the words of a plan.
fn left(left: &Left) -> Vec<String> {
    let held = match (&left.hold, left.held_steps) {
        (Some(reason), _) => Some(format!("held: {reason}")),
        (None, 0) => None,
        (None, steps) => Some(format!("held: {}", many(steps, "step"))),
    };
    let problems = (left.problems > 0)
        .then(|| format!("{} in need of attention", many(left.problems, "user")));
    let drift = (left.drift > 0).then(|| format!("drift {} (report)", left.drift));
    [held, problems, drift].into_iter().flatten().collect()
}
