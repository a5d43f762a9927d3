//! Questions to a person at a terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::oneshot;

use super::{exit::Failure, out, signals::Signals};
use crate::foreign;

/// Whether somebody is there who sees a question and can answer it.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// How often a question is asked.
const TRIES: usize = 3;

/// Asks until the answer can be used, a few times at most. A slip is told, and costs nothing that was
/// answered before.
pub(super) async fn until_right<T>(
    text: &str,
    signals: &Signals,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    for _ in 0..TRIES {
        match read(&question(text, signals).await?) {
            Ok(found) => return Ok(found),
            Err(why) => out::talk(&format!("  {}\n", foreign::line(why))),
        }
    }
    Err(Failure::new("nothing was changed: none of the answers could be used"))
}

/// Asks, and gives the answer without blanks around it.
pub(super) async fn question(text: &str, signals: &Signals) -> Result<String, Failure> {
    out::talk(text);
    let answer = tokio::select! {
        answer = line() => answer?,
        () = signals.asked().cancelled_owned() => {
            out::talk("\n");
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
        let read = io::stdin().lock().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line));
        // Nobody listens any more if a signal came first.
        let _ = heard.send(read);
    });
    let read = line.await.map_err(Failure::new)?;
    let read = read.map_err(|error| {
        Failure::new(format!("the answer cannot be read, so nothing is changed: {error}"))
    })?;
    // Ctrl-D, or a terminal that is gone: the cursor is still behind the question.
    read.ok_or_else(|| {
        out::talk("\n");
        Failure::new("nothing was changed: there was no answer")
    })
}
