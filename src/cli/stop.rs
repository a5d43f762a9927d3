//! `stop` and `resume`: the stop switch, for people who do not want to know where its file is.
//!
//! ```text
//! stop    the file is made (each call looks for it), then a service is asked to confirm
//! resume  a service lets go and says so; without one the file is removed
//! ```

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    args::Global,
    exit::{Exit, Failure},
    manifests, operator, out,
    session::switch,
};
use crate::{
    config::{Postgres, Settings},
    control::{Client, ClientError, Order, State},
    foreign::line,
    journal::{Place, Service},
    stop::{StopNote, StopSwitch, Stopped},
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
enum Answer {
    /// It is carried out.
    Confirmed(String),
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
    let reason =
        command.reason.as_deref().map(operator::one_line).filter(|reason| !reason.is_empty());
    let note =
        StopNote { by: Some(operator::name()), at: Some(Timestamp::now()), reason: reason.clone() };
    // First the file, which holds each call up, whatever the service is doing.
    let file = settings.stop_file();
    let put = note.write(&file);
    let was = if matches!(put, Ok(false)) { "it was stopped before; " } else { "" };
    let answer = ask(&settings, &Order::Stop { reason }).await;
    if let Answer::Confirmed(message) = &answer {
        let place = Place::of(&settings.state);
        let confirmed = format!("confirmed by the service that works with the state in {place}");
        out::data(&format!("{was}{}\n{}\n", line(message), line(confirmed)));
        return Ok(Exit::Done);
    }
    if let Err(error) = put {
        return Err(Failure::new(format!(
            "the stop file {} cannot be made: {error}",
            file.display()
        ))
        .hint("nothing is stopped: end the service, or set `stop: true`"));
    }
    let Some(Stopped { message, .. }) = switch(false, &settings).state() else {
        return Err(Failure::new(format!(
            "the stop file {} is not there any more: nothing is stopped",
            file.display()
        )));
    };
    if let Some(postgres) = &settings.state.postgres {
        let refused = leads_elsewhere(postgres).await;
        out::data(&format!("{was}{}\n", line(message)));
        return refused.map_or(Ok(Exit::Done), Err);
    }
    out::data(&format!("{was}{}\n{}\n", line(message), line(obeyed(&settings).await?)));
    tell_unconfirmed(&answer);
    Ok(Exit::Done)
}

/// No service of this machine has confirmed it, and its file stops no other machine: that is no
/// stop while one leads there.
async fn leads_elsewhere(postgres: &Postgres) -> Option<Failure> {
    let only = "the services of this machine are stopped, and no others";
    match Service::start(postgres).leader().await {
        Ok(None) => None,
        Ok(Some(leader)) => {
            let host = line(leader.host);
            let process = leader.process;
            let told = format!("{only}: process {process} on {host} leads and may go on");
            Some(Failure::new(told).hint(format!("give the order on {host}, then on each machine")))
        }
        Err(error) => Some(
            Failure::new(format!("{only}; it is not known who leads: {error}"))
                .hint("give the order on each machine"),
        ),
    }
}

/// Gives an order to the service, if there is one.
async fn ask(settings: &Settings, order: &Order) -> Answer {
    let client = Client::of(&settings.state.path);
    let by = operator::name();
    let asked = client.order(order, &by);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(request)) if request.state == State::Done => {
            Answer::Confirmed(request.message.unwrap_or_default())
        }
        Ok(Err(ClientError::Refused { message, hint })) => Answer::Refused(message, hint),
        Ok(Err(ClientError::NobodyThere(..) | ClientError::NoSocket(_))) => Answer::Nobody,
        Ok(Err(error)) => Answer::Silent(error.to_string()),
        Ok(Ok(_)) | Err(_) => Answer::Silent("the service has not answered yet".to_owned()),
    }
}

/// A service is there, and it is not known whether it has seen it.
fn tell_unconfirmed(answer: &Answer) {
    let why = match answer {
        Answer::Confirmed(_) | Answer::Nobody => return,
        Answer::Refused(message, hint) => format!("{message}; {hint}"),
        Answer::Silent(why) => why.clone(),
    };
    out::talk(&format!(
        "not confirmed: {}; a service looks for the file before each call\n",
        line(why)
    ));
}

/// Who hears of it.
async fn obeyed(settings: &Settings) -> Result<String, Failure> {
    let place = Place::of(&settings.state);
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
    let answer = ask(&settings, &Order::LetGo).await;
    if let Answer::Confirmed(message) = &answer {
        out::data(&format!("{}\n", line(message)));
    }
    let own: StopSwitch = switch(false, &settings);
    let removed = own.remove().map_err(|error| {
        let file = settings.stop_file();
        Failure::new(format!("the stop file {} cannot be removed: {error}", file.display()))
            .hint("everything stays stopped; remove it as a user who may")
    })?;
    if let Some(told) = &removed {
        out::data(&format!("{}\n", line(told)));
    }
    if let Some(Stopped { message, hint, .. }) = own.state() {
        return Err(Failure::new(message).hint(hint));
    }
    match (answer, removed) {
        (Answer::Confirmed(_), _) => {}
        (Answer::Refused(message, hint), _) => {
            return Err(Failure::new(message).hint(line(hint)));
        }
        (Answer::Silent(why), Some(_)) => {
            out::talk(&format!("not confirmed: {}\n", line(why)));
            out::data("a service that runs goes on within seconds\n");
        }
        (Answer::Nobody, Some(_)) => out::data("a service that runs goes on within seconds\n"),
        (Answer::Silent(_) | Answer::Nobody, None) => {
            let file = settings.stop_file();
            out::data(&format!("nothing was stopped: {} is not there\n", line(file.display())));
        }
    }
    Ok(Exit::Done)
}
