//! Notices: those of a service that runs, and one that somebody sends to try the way.

use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tracing::warn;

use super::{
    args::Global,
    complete,
    exit::{Exit, Failure},
    manifests, out,
};
use crate::{
    api::notices::Poster,
    config::{self, Receiver, Settings},
    foreign::line,
    journal::JournalLocation,
    model::{Fault, Notice},
    notices::{IncidentBook, ReceiverWishes, Rules, TellReceivers, Worker},
    ports::{DeliveryFailure, Messenger as _},
    words::{list, meant, system},
};

/// Examples for the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane notices test            try the way to each receiver of the configuration
  dialplane notices test on-call    to this one";

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Send a notice that says that it is a trial
    #[command(after_help = EXAMPLES)]
    Test(Test),
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// The receiver, as `notices.receivers` of the configuration calls it [default: each]
    #[arg(add = complete::receivers())]
    receiver: Option<String>,
}

/// Sends trials.
pub(super) async fn notices(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let Arguments::Test(Test { receiver }) = command;
    let settings = manifests::settings(global)?;
    let known: Vec<&str> = settings.notices.receivers.keys().map(String::as_str).collect();
    if known.is_empty() {
        return Err(Failure::new("the configuration names no receiver of notices")
            .hint("set `notices.receivers`: `dialplane guide notices` shows how"));
    }
    let asked = match receiver {
        None => known,
        Some(name) if known.contains(&name.as_str()) => vec![name.as_str()],
        Some(name) => return Err(unknown(name, &known)),
    };
    let poster = Poster::new(&settings.notices);
    let mut exit = Exit::Done;
    for name in asked {
        let now = Timestamp::now();
        let notice = Notice::trial(format!("msg_trial_{}", now.as_nanosecond()), now);
        match poster.deliver(name, &notice).await {
            Ok(()) => out::data(&format!("{}: the notice was taken\n", line(name))),
            Err(DeliveryFailure { fault: Fault { message, hint, .. }, .. }) => {
                out::failure(&Failure::new(message).hint(hint.unwrap_or_else(|| HINT.to_owned())));
                exit = Exit::Error;
            }
        }
    }
    if matches!(exit, Exit::Done) {
        out::talk("see that it has arrived: some services take what they do not show\n");
    }
    Ok(exit)
}

/// What to do where the receiver itself says no more.
const HINT: &str = "check the address and its secret with the people who run the receiver";

fn unknown(name: &str, known: &[&str]) -> Failure {
    let meant = meant(name, known.iter().copied(), 2);
    Failure::new(format!("there is no receiver `{}` of notices", line(name)))
        .hint(format!("{meant}there are {}", list(known.iter().copied().map(line))))
}

/// Who tells what the service needs, if anybody is to be told.
pub(super) fn worker(
    settings: &Settings,
    place: Option<&JournalLocation>,
    tell: TellReceivers,
) -> Option<Worker<Poster>> {
    if settings.notices.receivers.is_empty() {
        return None;
    }
    // Nobody is called because of a rehearsal.
    let place = place?.clone();
    let book = book(&place);
    let keep = move |text: &str| {
        if let Err(error) = place.write_notices(text) {
            warn!(error = %system(error), %place, "what people were told cannot be kept for the next start");
        }
    };
    Some(Worker {
        rules: rules(&settings.notices),
        messenger: Arc::new(Poster::new(&settings.notices)),
        book,
        keep: Box::new(keep),
        tell,
        clock: Timestamp::now,
    })
}

/// What an earlier start left. Without it people are told again what they were told.
fn book(place: &JournalLocation) -> IncidentBook {
    let text = place.read_notices().map_err(system);
    let book = text.and_then(|text| {
        text.map_or(Ok(IncidentBook::default()), |text| IncidentBook::of_text(&text))
    });
    book.unwrap_or_else(|error| {
        warn!(
            %place, hint = "what still lasts is told once more",
            "what people were told before cannot be read: {error}"
        );
        IncidentBook::default()
    })
}

fn rules(notices: &config::Notices) -> Rules {
    let wishes = |receiver: &Receiver| ReceiverWishes {
        kinds: receiver.kinds.clone(),
        tenants: receiver.patterns(),
        names: receiver.names,
    };
    let receivers = notices.receivers.iter();
    Rules {
        after: notices.after,
        remind: notices.remind,
        receivers: receivers.map(|(name, it)| (name.clone(), wishes(it))).collect(),
    }
}
