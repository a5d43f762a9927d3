//! Printing. Colours are stripped where they do not belong: no terminal, or `NO_COLOR`.
//!
//! **Invariant:** whatever is printed goes past [`foreign::printable`] or [`foreign::json`], but
//! for [`raw`]. Each text from outside was made one line before it came here: only the one who puts
//! sentences together knows which breaks are its own.

use std::{
    io::{ErrorKind, Write as _},
    sync::OnceLock,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::exit::Failure;
use crate::{
    foreign,
    style::{ALARM, FAINT},
    yaml::{self, Diagnostic},
};

/// Why data could not be printed; told once, at the end.
static UNPRINTED: OnceLock<String> = OnceLock::new();

/// Data, for stdout. A reader that has gone away (`| head`) is not an error; a full disk is, see
/// [`unprinted`].
pub(super) fn data(text: &str) {
    raw(&foreign::printable(text));
}

/// Data in which nothing comes from outside, or that was made harmless for its place.
pub(super) fn raw(text: &str) {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            UNPRINTED.get_or_init(|| error.to_string());
        }
        _ => {}
    }
}

/// Commands to the runner of a workflow, each made by [`foreign::annotation`].
pub(super) fn data_with_commands(text: &str) {
    raw(text);
}

/// Why some data could not be printed, if so.
pub(super) fn unprinted() -> Option<Failure> {
    UNPRINTED.get().map(|error| Failure::new(format!("not everything could be printed: {error}")))
}

/// Data as JSON.
pub(super) fn json(value: &serde_json::Value) {
    raw(&foreign::json(&format!("{value:#}\n")));
}

/// Data as JSON on one line.
pub(super) fn json_line(value: &serde_json::Value) {
    raw(&foreign::json(&format!("{value}\n")));
}

/// Talk, for stderr.
pub(super) fn talk(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(foreign::printable(text).as_bytes()).and_then(|()| stderr.flush());
}

/// Problems that are shown with their source lines, at most: nobody reads more, and a broken
/// template can make 100,000.
const MAX_SHOWN: usize = 200;

/// Problems of an input, each with its source line.
pub(super) fn diagnostics(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        talk(&format!("{}\n", yaml::render(diagnostic)));
    }
    if diagnostics.len() > MAX_SHOWN {
        talk(&format!(
            "... and {} more; `dialplane validate --output json` lists all\n\n",
            diagnostics.len() - MAX_SHOWN
        ));
    }
}

/// What is odd in an input and no problem of it.
pub(super) fn warnings(warnings: &[Diagnostic]) {
    for warning in warnings.iter().take(MAX_SHOWN) {
        talk(&format!("{}\n", yaml::render_warning(warning)));
    }
    if warnings.len() > MAX_SHOWN {
        talk(&format!("... and {} warnings more\n\n", warnings.len() - MAX_SHOWN));
    }
}

pub(super) fn failure(failure: &Failure) {
    diagnostics(&failure.diagnostics);
    talk(&format!("{ALARM}error:{ALARM:#} {}\n", foreign::line(&failure.message)));
    if let Some(hint) = &failure.hint {
        talk(&format!("  {FAINT}hint: {}{FAINT:#}\n", foreign::line(hint)));
    }
}

/// A bar on stderr, if that is a terminal. It vanishes when it is finished.
pub(super) fn progress(what: &'static str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}
