//! `status`: what the service says of itself where one answers, and what it last said otherwise. For
//! people, and for health checks.

mod lead;
mod text;
mod versions;

use std::{io, time::Duration};

use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::timeout;

use super::{
    args::{Global, Output},
    choose::Tenants,
    exit::{Exit, Failure},
    manifests, out,
    session::switch,
};
use crate::{
    board::Status,
    config::Settings,
    control::{ClientError, ControlClient},
    foreign::line,
    journal::{Finding, JournalLocation, JournalSize, OpenError},
    stop::StopMessage,
    style::{ALARM, FAINT, YELLOW},
    words::many,
};
use text::{Life, StatusDisplay};

/// For its help.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  the service is alive
  1  it is not, or its journal cannot be read
  3  with --check: it is alive, and somebody is needed";

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a status comes from.
enum StatusOrigin {
    /// The service has answered.
    Service,
    /// From its file: no service answers.
    File,
    /// From its file: one may be there, and this is what came instead of an answer.
    FileInstead(String),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Fail also if somebody is needed: something is held until people lift it, fails again and
    /// again, or is stopped
    #[arg(long)]
    check: bool,
    /// Show each tenant, however many are as the manifests want them
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    tenants: Tenants,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Tells it; fails if the service is not alive.
pub(super) async fn status(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let stopped = switch(false, &settings).await.state();
    let place = JournalLocation::of(&settings.state);
    let (status, heard) = match ask(&settings).await {
        (Some(status), heard) => (Some(status), heard),
        (None, heard) => (place.read_status().map_err(|error| unreadable(&error))?, heard),
    };
    let Some(mut status) = status else {
        let elsewhere = manifests::elsewhere(global, &settings);
        return Err(no_service(&place, stopped.as_ref(), command.output, elsewhere));
    };
    let names = status.tenants.iter().map(|row| row.tenant.as_str());
    command.tenants.know(names, "the service has no")?;
    let all = status.tenants.len();
    status.tenants.retain(|row| command.tenants.has(&row.tenant));
    let left_out = all - status.tenants.len();
    // The lock tells a process that has ended, the time one that hangs.
    let answers = matches!(heard, StatusOrigin::Service);
    let held = place.is_held().await.map_err(|error| Failure::new(format!("{place}: {error}")))?;
    let held = held || answers;
    let now = Timestamp::now();
    let life = match (held && now <= status.until, status.ended) {
        (_, true) => Life::Ended,
        (true, false) => Life::Alive,
        (false, false) => Life::Lost,
    };
    let journal = place.about().await;
    // The switch may have been set after the service was last heard.
    let doubt = journal.as_ref().ok().and_then(JournalSize::doubt);
    let needed = stopped.is_some() || doubt.is_some() || status.needs_somebody();
    match command.output {
        Output::Text => {
            let zone = TimeZone::system();
            let all = command.all;
            let view = StatusDisplay { status: &status, life, answers, now, zone: &zone, all };
            let stop = stop_line(stopped.as_ref());
            let left_out = left_out_line(left_out);
            let silent = silent_line(&heard, life);
            out::data(&format!("{stop}{view}{left_out}{silent}{}", journal_line(&journal)));
        }
        Output::Json => {
            let problem = journal.as_ref().err().map(ToString::to_string);
            let journal = journal.as_ref().ok();
            out::json(&serde_json::json!({
                "alive": life == Life::Alive, "answers": answers, "needsSomebody": needed,
                "stopped": stopped.as_ref().map(stop_json), "status": status,
                "leftOut": left_out, "journal": journal, "journalProblem": problem,
            }));
        }
    }
    match journal {
        Ok(_) if life != Life::Alive => Ok(Exit::Error),
        Ok(_) if command.check && needed => Ok(Exit::Held),
        Ok(_) => Ok(Exit::Done),
        Err(error) => Err(error.into()),
    }
}

/// Nothing is known then: neither that the service is alive, nor that it is not.
fn unreadable(error: &io::Error) -> Failure {
    let failure = Failure::new(error);
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            failure.hint("ask as the user of the service, or as root")
        }
        _ => failure,
    }
}

/// Where no service has run: the stop switch is told all the same, because it stops commands too.
fn no_service(
    place: &JournalLocation,
    stopped: Option<&StopMessage>,
    output: Output,
    elsewhere: Option<String>,
) -> Failure {
    match output {
        Output::Text => out::data(&stop_line(stopped)),
        Output::Json => out::json(&serde_json::json!({
            "alive": false, "answers": false, "needsSomebody": stopped.is_some(), "stopped": stopped.map(stop_json),
            "status": null,
        })),
    }
    let hint = "start it with `dialplane run`, or set `state.path`";
    Failure::new(format!("no service has run with the state in {place}"))
        .hint(elsewhere.unwrap_or_else(|| hint.to_owned()))
}

/// Asks the service that works with this state.
async fn ask(settings: &Settings) -> (Option<Status>, StatusOrigin) {
    let client = ControlClient::of(&settings.state.path);
    match timeout(PATIENCE, client.get::<Status>("/status")).await {
        Ok(Ok(status)) => (Some(status), StatusOrigin::Service),
        Ok(Err(ClientError::NobodyThere(..) | ClientError::NoSocket(_))) => {
            (None, StatusOrigin::File)
        }
        Ok(Err(error)) => (None, StatusOrigin::FileInstead(error.to_string())),
        Err(_) => {
            let why = format!("it did not answer within {} s", PATIENCE.as_secs());
            (None, StatusOrigin::FileInstead(why))
        }
    }
}

/// Why a service that is alive was not asked itself.
fn silent_line(heard: &StatusOrigin, life: Life) -> String {
    match heard {
        StatusOrigin::FileInstead(why) if life == Life::Alive => {
            format!("{FAINT}as it last wrote it: {}{FAINT:#}\n", line(why))
        }
        _ => String::new(),
    }
}

/// What `--tenant` leaves out.
fn left_out_line(tenants: usize) -> String {
    match tenants {
        0 => String::new(),
        some => format!("{FAINT}left out by --tenant: {}{FAINT:#}\n", many(some, "tenant")),
    }
}

fn journal_line(journal: &Result<JournalSize, OpenError>) -> String {
    match journal {
        Ok(about) => {
            let doubt = about.doubt().map(|Finding { text, hint, .. }| {
                let text = line(&text);
                let hint = line(&hint);
                format!("{YELLOW}{text}{YELLOW:#}\n  {FAINT}hint: {hint}{FAINT:#}\n")
            });
            format!("journal: {about}\n{}", doubt.unwrap_or_default())
        }
        Err(_) => "journal: it cannot be read\n".to_owned(),
    }
}

/// The first line, while everything is stopped.
fn stop_line(stopped: Option<&StopMessage>) -> String {
    stopped
        .map(|StopMessage { message, hint, .. }| {
            let message = line(message);
            let hint = line(hint);
            format!("{ALARM}{message}{ALARM:#}\n  {FAINT}hint: {hint}{FAINT:#}\n")
        })
        .unwrap_or_default()
}

fn stop_json(stopped: &StopMessage) -> serde_json::Value {
    let StopMessage { message, hint, note, known: _ } = stopped;
    serde_json::json!({ "message": message, "hint": hint, "by": note.by, "at": note.at, "reason": note.reason })
}
