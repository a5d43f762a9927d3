//! `stop` and `resume`: the stop switch, for people who do not want to know where its file is.
//!
//! ```text
//! stop    the file is made (each call looks for it), then a service is asked to confirm; where
//!         machines share a journal, the switch beside it is on before the file goes
//! resume  a service lets go and says so; without one the file is removed, and that switch let go
//! ```
//!
//! Who did it and why is kept in the journal: by the service, which is the one that leads where
//! machines share it, or without one here. A process that
//! has the journal and takes no orders keeps it out; then the next service does it, by the file.

use std::{io, time::Duration};

use clap::Args;
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    args::Global,
    exit::{Exit, Failure},
    manifests, operator, out,
    right::CommandLead,
    session::switch,
};
use crate::{
    config::{Postgres, Settings},
    control::{ClientError, ControlClient, Order, RequestState},
    foreign::line,
    journal::{DatabaseStop, JournalLocation, Store},
    pass::{self, StopSwitchChange},
    ports::{CommonStop as _, Journal as _},
    stop::{self, StopMessage, StopNote, StopSwitch},
};

/// How long a service may take to confirm.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Why; plans, `status`, `doctor`, `why` and the log of the service tell it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What a service says to an order.
enum OrderAnswer {
    /// It is carried out, and on record under this run if that is new.
    Confirmed(String, Option<String>),
    /// It is not: why, and what to do.
    Refused(String, String),
    /// No service works with this state.
    Nobody,
    /// There is one, or may be, and it did not answer.
    Silent(String),
}

/// Switches it on. If it is on already, it stays as it is.
pub(super) async fn stop(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    if let Some(hint) = manifests::elsewhere(global, &settings) {
        // Somebody in a hurry is in the wrong folder: a file here would stop nothing.
        return Err(Failure::new("nothing is stopped: no service can be meant here").hint(hint));
    }
    let reason =
        command.reason.as_deref().map(operator::one_line).filter(|reason| !reason.is_empty());
    let note =
        StopNote { by: Some(operator::name()), at: Some(Timestamp::now()), reason: reason.clone() };
    // First the file, which holds each call up, whatever the service is doing.
    let file = settings.stop_file();
    let put = note.write(&file);
    if let Some(postgres) = &settings.state.postgres {
        return stop_all(&settings, postgres, (note, put)).await;
    }
    let was = if matches!(put, Ok(false)) { "it was stopped before; " } else { "" };
    let answer = ask(&settings, &Order::Stop { reason }).await;
    if let OrderAnswer::Confirmed(message, run) = &answer {
        let place = JournalLocation::of(&settings.state);
        let confirmed = format!("confirmed by the service that works with the state in {place}");
        out::data(&format!("{was}{}\n{}\n", line(message), line(confirmed)));
        tell_run(run.as_deref());
        return Ok(Exit::Done);
    }
    if let Err(error) = put {
        return Err(Failure::new(format!(
            "the stop file {} cannot be made: {error}",
            file.display()
        ))
        .hint("nothing is stopped: end the service, or set `stop: true`"));
    }
    let Some(stopped) = switch(false, &settings).await.state() else {
        return Err(Failure::new(format!(
            "the stop file {} is not there any more: nothing is stopped",
            file.display()
        )));
    };
    let message = line(&stopped.message);
    out::data(&format!("{was}{message}\n{}\n", line(obeyed(&settings).await?)));
    tell_unconfirmed(&answer);
    keep(&settings, &[StopSwitchChange::on(&stopped)]).await;
    Ok(Exit::Done)
}

/// The same for all machines that share a journal. The file of this one holds until the switch of
/// all is on.
async fn stop_all(
    settings: &Settings,
    postgres: &Postgres,
    (note, put): (StopNote, io::Result<bool>),
) -> Result<Exit, Failure> {
    let common = DatabaseStop::watch(postgres).await;
    let why = match common.put(&note).await {
        Ok((now, was_on)) => {
            if matches!(put, Ok(true)) {
                heard_here(settings, &note).await;
                // One that stays holds this machine, as before.
                let _ = std::fs::remove_file(settings.stop_file());
            }
            let was = if was_on { "it was stopped before; " } else { "" };
            let stopped = stop::common(now);
            out::data(&format!("{was}{}\n{OBEYED}\n", line(&stopped.message)));
            keep_for_all(settings, &[StopSwitchChange::on(&stopped)]).await;
            return Ok(Exit::Done);
        }
        Err(why) => why,
    };
    // Who may not read the secret of the database may have a service here that does.
    let answer = ask(settings, &Order::Stop { reason: note.reason.clone() }).await;
    if let OrderAnswer::Confirmed(message, _) = &answer {
        if matches!(put, Ok(true)) {
            let _ = std::fs::remove_file(settings.stop_file());
        }
        out::data(&format!("{}\n{OBEYED}\n", line(message)));
        return Ok(Exit::Done);
    }
    let only = match put {
        Ok(_) => "only this machine is stopped",
        Err(_) => "nothing is stopped",
    };
    Err(Failure::new(format!(
        "{only}: the switch of all machines cannot be reached: {}",
        line(why)
    ))
    .hint("give the order on each machine, and again once the database can be reached"))
}

/// Waits until a process that works with this state holds the switch of all machines to be on, or
/// does not hold it to be off any more.
async fn heard_here(settings: &Settings, note: &StopNote) {
    let answer = ask(settings, &Order::Stop { reason: note.reason.clone() }).await;
    let is_held = JournalLocation::of(&settings.state).is_held().await;
    if !matches!(answer, OrderAnswer::Confirmed(..)) && !matches!(is_held, Ok(false)) {
        tokio::time::sleep(DatabaseStop::COUNTS).await;
    }
}

/// How soon all hear of it.
const OBEYED: &str = "every service and command hears of it within seconds and begins no new call \
    until `dialplane resume`; one that does not hear of it writes nothing either";

/// Puts on record what the switch said, one after the other, where no process has the journal.
async fn keep(settings: &Settings, all: &[StopSwitchChange]) {
    match kept(settings, all).await {
        Ok(run) => tell_run(run.as_deref()),
        Err(Failure { message, .. }) => {
            out::talk(&format!("not in the journal yet: {}\n", line(message)));
        }
    }
}

/// The same where machines share the journal: a service that leads does it, and without one this
/// command.
async fn keep_for_all(settings: &Settings, all: &[StopSwitchChange]) {
    let place = JournalLocation::of(&settings.state);
    if place.is_held().await.unwrap_or_default() {
        return;
    }
    match kept(settings, all).await {
        Ok(run) => tell_run(run.as_deref()),
        // Who leads sees it, and so does the next one that does.
        Err(Failure { message, .. }) => tracing::debug!("not in the journal by this: {message}"),
    }
}

async fn kept(settings: &Settings, all: &[StopSwitchChange]) -> Result<Option<String>, Failure> {
    let place = JournalLocation::of(&settings.state);
    if place.is_held().await.unwrap_or_default() {
        return Err(Failure::new("another process has it; a service that starts puts it there"));
    }
    let journal = place.open().await?;
    let right = CommandLead::take(settings).await?;
    let last = record(&journal, all).await;
    right.give_up().await;
    last
}

async fn record(journal: &Store, all: &[StopSwitchChange]) -> Result<Option<String>, Failure> {
    let mut last = None;
    for (number, switched) in (0..).zip(all) {
        let run = pass::run_id(journal.now(), number);
        let is_new = pass::switch(journal, run.clone(), switched).await;
        if is_new.map_err(Failure::new)? {
            last = Some(run.to_string());
        }
    }
    Ok(last)
}

fn tell_run(run: Option<&str>) {
    if let Some(run) = run {
        out::data(&format!("  run {}\n", line(run)));
    }
}

/// Gives an order to the service, if there is one.
async fn ask(settings: &Settings, order: &Order) -> OrderAnswer {
    let client = ControlClient::of(&settings.state.path);
    let by = operator::name();
    let asked = client.order(order, &by);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(request)) if request.state == RequestState::Done => {
            OrderAnswer::Confirmed(request.message.unwrap_or_default(), request.run)
        }
        Ok(Err(ClientError::Refused { message, hint })) => OrderAnswer::Refused(message, hint),
        Ok(Err(ClientError::NobodyThere(..) | ClientError::NoSocket(_))) => OrderAnswer::Nobody,
        Ok(Err(error)) => OrderAnswer::Silent(error.to_string()),
        Ok(Ok(_)) | Err(_) => OrderAnswer::Silent("the service has not answered yet".to_owned()),
    }
}

/// A service is there, and it is not known whether it has seen it.
fn tell_unconfirmed(answer: &OrderAnswer) {
    let why = match answer {
        OrderAnswer::Confirmed(..) | OrderAnswer::Nobody => return,
        OrderAnswer::Refused(message, hint) => format!("{message}; {hint}"),
        OrderAnswer::Silent(why) => why.clone(),
    };
    out::talk(&format!(
        "not confirmed: {}; a service looks for the file before each call\n",
        line(why)
    ));
}

/// Who hears of it.
async fn obeyed(settings: &Settings) -> Result<String, Failure> {
    let place = JournalLocation::of(&settings.state);
    let held = place.is_held().await.map_err(|error| Failure::new(format!("{place}: {error}")))?;
    Ok(if held {
        format!(
            "the process that works with the state in {place} begins no new call until `dialplane resume`"
        )
    } else {
        format!(
            "no process works with the state in {place} now; one that starts will write nothing until \
                `dialplane resume`. A rehearsal (`--sandbox`) reaches no phone and goes on"
        )
    })
}

/// Lets go.
pub(super) async fn resume(global: &Global) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let elsewhere = manifests::elsewhere(global, &settings);
    let answer = ask(&settings, &Order::LetGo).await;
    if let OrderAnswer::Confirmed(message, run) = &answer {
        out::data(&format!("{}\n", line(message)));
        tell_run(run.as_deref());
    }
    let all = let_all_go(&settings, &answer).await?;
    let own: StopSwitch = switch(false, &settings).await;
    let before = own.state();
    let removed = own.remove().map_err(|error| {
        let file = settings.stop_file();
        Failure::new(format!("the stop file {} cannot be removed: {error}", file.display()))
            .hint("everything stays stopped; remove it as a user who may")
    })?;
    if let Some(told) = &removed {
        out::data(&format!("{}\n", line(told)));
    }
    if let Some(note) = &all {
        let told = format!("the stop switch of all machines is off; it was stopped {note}");
        out::data(&format!("{}\n", line(told)));
    }
    let removed = removed.or(all.as_ref().map(ToString::to_string));
    if let Some(StopMessage { message, hint, .. }) = own.state() {
        return Err(Failure::new(message).hint(hint));
    }
    if !matches!(answer, OrderAnswer::Confirmed(..)) {
        let off = StopSwitchChange { by: Some(operator::name()), on: None };
        let was = all.map(stop::common);
        let is_own = settings.state.postgres.is_none();
        if is_own && removed.is_some() {
            let all: Vec<StopSwitchChange> =
                before.iter().map(StopSwitchChange::on).chain([off]).collect();
            keep(&settings, &all).await;
        } else if let Some(was) = was {
            keep_for_all(&settings, &[StopSwitchChange::on(&was), off]).await;
        }
    }
    match (answer, removed) {
        (OrderAnswer::Confirmed(..), _) => {}
        (OrderAnswer::Refused(message, hint), _) => {
            return Err(Failure::new(message).hint(line(hint)));
        }
        (OrderAnswer::Silent(why), Some(_)) => {
            out::talk(&format!("not confirmed: {}\n", line(why)));
            out::data("a service that runs goes on within seconds\n");
        }
        (OrderAnswer::Nobody, Some(_)) => out::data("a service that runs goes on within seconds\n"),
        (OrderAnswer::Silent(_) | OrderAnswer::Nobody, None) => {
            let file = settings.stop_file();
            let all = if settings.state.postgres.is_some() {
                ", and the switch of all machines is off"
            } else {
                ""
            };
            let file = line(file.display());
            out::data(&format!("nothing was stopped: {file} is not there{all}\n"));
            if let Some(hint) = elsewhere {
                out::talk(&format!("  hint: {hint}\n"));
            }
        }
    }
    Ok(Exit::Done)
}

/// Lets the switch of all machines go, unless a service has done it. The answer is what was on.
async fn let_all_go(
    settings: &Settings,
    answer: &OrderAnswer,
) -> Result<Option<StopNote>, Failure> {
    let Some(postgres) = &settings.state.postgres else { return Ok(None) };
    if matches!(answer, OrderAnswer::Confirmed(..)) {
        return Ok(None);
    }
    let common = DatabaseStop::watch(postgres).await;
    let removed = common.remove(&operator::name()).await;
    removed.map_err(|why| {
        Failure::new(format!("the stop switch of all machines cannot be let go: {}", line(why)))
            .hint("everything stays stopped; try again once the database can be reached")
    })
}
