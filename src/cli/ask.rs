//! Questions to a person at a terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::oneshot;

use super::{exit::Failure, out, signals::Signals};

/// Whether somebody is there who sees a question and can answer it.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and gives the answer without blanks around it.
pub(super) async fn question(text: &str, signals: &Signals) -> Result<String, Failure> {
    out::talk(text);
    let answer = tokio::select! {
        answer = line() => answer?,
        () = signals.asked().cancelled_owned() => {
            return Err(Failure::new("stopped before anything was changed"));
        }
    };
    Ok(answer.trim().to_owned())
}

/// A line of the terminal. It is read by a thread of its own, which nobody has to wait for if a
/// signal comes first.
async fn line() -> Result<String, Failure> {
    let (heard, line) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map(|_| line);
        // Nobody listens any more if a signal came first.
        let _ = heard.send(read);
    });
    let read = line.await.map_err(Failure::new)?;
    read.map_err(|error| {
        Failure::new(format!("the answer cannot be read, so nothing is changed: {error}"))
    })
}
