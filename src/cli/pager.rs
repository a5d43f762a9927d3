//! Long text on a terminal, through a pager, as git does it.
//!
//! `DIALPLANE_PAGER` says which, or else `PAGER`, or else it is `less -FRX`, which ends at once if
//! everything fits on the screen. Empty or `cat` means none. Where stdout is not a terminal there
//! never is one.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};

use super::out;
use crate::foreign;

/// Whether a pager has the terminal: what is typed there is meant for it.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether a pager is open, to which Ctrl-C belongs.
pub(super) fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed)
}

/// Shows text, through a pager if one is wanted.
pub(super) fn show_unless(no_pager: bool, text: &str) {
    if no_pager { out::data(text) } else { show(text) }
}

/// Shows text. Whatever is wrong with the pager, it is shown.
pub(super) fn show(text: &str) {
    show_as_it_is(&out::fitted(&foreign::printable(text)));
}

/// Shows text in which nothing comes from outside, and whose lines are as long as they are to be.
pub(super) fn show_as_it_is(text: &str) {
    match pager().filter(|_| io::stdout().is_terminal()) {
        Some(pager) => {
            OPEN.store(true, Ordering::Relaxed);
            let shown = page(&pager, text);
            OPEN.store(false, Ordering::Relaxed);
            if !shown {
                out::raw(text);
            }
        }
        None => out::raw(text),
    }
}

/// Which pager; nothing if none is wanted.
fn pager() -> Option<String> {
    let variable = |name| env::var(name).ok();
    let pager = variable("DIALPLANE_PAGER").or_else(|| variable("PAGER"));
    let pager = pager.unwrap_or_else(|| "less -FRX".to_owned());
    (!pager.trim().is_empty() && pager.trim() != "cat").then_some(pager)
}

/// Whether the pager could be started, and has shown it.
fn page(pager: &str, text: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        let text = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => strip_str(text).to_string(),
            _ => text.to_owned(),
        };
        // Somebody who has seen enough closes it before the end.
        let _ = stdin.write_all(text.as_bytes());
    }
    // What a shell says that finds no such program.
    child.wait().is_ok_and(|ended| ended.code() != Some(127))
}
