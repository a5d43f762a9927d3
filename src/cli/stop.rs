//! `stop` and `resume`: the stop switch, for people who do not want to know where its file is.

use std::{fs, path::Path, sync::Arc};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::Global,
    exit::{Exit, Failure},
    manifests, operator, out,
    session::switch,
};
use crate::{
    config::Settings,
    foreign::line,
    journal::Place,
    stop::{StopNote, StopSwitch, Stopped},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Why; plans, `status`, `doctor`, `why` and the log of the service tell it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Switches it on. If it is on already, it stays as it is.
pub(super) async fn stop(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let file = settings.stop_file();
    let reason =
        command.reason.as_deref().map(operator::one_line).filter(|reason| !reason.is_empty());
    let note = StopNote { by: Some(operator::name()), at: Some(Timestamp::now()), reason };
    let made = note.write(&file).map_err(|error| {
        Failure::new(format!("the stop file {} cannot be made: {error}", file.display()))
            .hint("nothing is stopped: end the service, or set `stop: true`")
    })?;
    let was = if made { "" } else { "it was stopped before; " };
    match switch(false, &settings).state() {
        Some(Stopped { message, .. }) => {
            out::data(&format!("{was}{}\n{}\n", line(message), line(obeyed(&settings).await?)));
        }
        None => {
            return Err(Failure::new(format!(
                "the stop file {} is not there any more: nothing is stopped",
                file.display()
            )));
        }
    }
    Ok(Exit::Done)
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
pub(super) fn resume(global: &Global) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let file = settings.stop_file();
    // What the file says, whatever the setting says.
    let file_alone = StopSwitch { setting: Arc::default(), ..switch(false, &settings) };
    let stopped = file_alone.state();
    let by_file = fs::symlink_metadata(&file).is_ok();
    if by_file {
        remove(&file)?;
        let note = stopped.map(|stopped| stopped.note.to_string()).unwrap_or_default();
        let note = if note.is_empty() { note } else { format!("; it was stopped {note}") };
        out::data(&format!("the stop file {} is removed{}\n", line(file.display()), line(note)));
    }
    match switch(false, &settings).state() {
        Some(Stopped { message, hint, .. }) => Err(Failure::new(message).hint(hint)),
        None if by_file => {
            out::data("a service that runs goes on within seconds\n");
            Ok(Exit::Done)
        }
        None => {
            out::data(&format!("nothing was stopped: {} is not there\n", line(file.display())));
            Ok(Exit::Done)
        }
    }
}

fn remove(file: &Path) -> Result<(), Failure> {
    let folder = fs::symlink_metadata(file).is_ok_and(|found| found.is_dir());
    let removed = if folder { fs::remove_dir(file) } else { fs::remove_file(file) };
    removed.map_err(|error| {
        Failure::new(format!("the stop file {} cannot be removed: {error}", file.display()))
            .hint("everything stays stopped; remove it as a user who may")
    })
}
