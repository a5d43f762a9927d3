//! Printing. Colours are stripped where they do not belong: no terminal, or `NO_COLOR`.
//!
//! **Invariant:** whatever is printed goes past [`foreign::printable`] or [`foreign::json`], but
//! for [`raw`]. Each text from outside was made one line before it came here: only the one who puts
//! sentences together knows which breaks are its own.

use std::{
    fmt,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    sync::{LazyLock, OnceLock},
    time::Duration,
};

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{exit::Failure, fit};
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
    raw(&fitted(&foreign::printable(text)));
}

/// The same text in lines that are not longer than the terminal is wide, if stdout is one.
pub(super) fn fitted(text: &str) -> String {
    match width() {
        Some(width) => fit::fit(text, width),
        None => text.to_owned(),
    }
}

/// How wide the terminal is, if stdout is one.
pub(super) fn width() -> Option<usize> {
    let size = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    size.map(|(width, _)| usize::from(width.0))
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

/// Talk, for stderr. Bars step aside for it.
pub(super) fn talk(text: &str) {
    beside_bars(|| {
        let text = fitted_talk(&foreign::printable(text));
        let mut stderr = anstream::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    });
}

/// Talk in lines that are not longer than the terminal is wide, if stderr is one.
fn fitted_talk(text: &str) -> String {
    let width = io::stderr().is_terminal().then(|| terminal_size::terminal_size_of(io::stderr()));
    match width.flatten() {
        Some((width, _)) => fit::fit_but_sources(text, usize::from(width.0)),
        None => text.to_owned(),
    }
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

/// All bars on stderr. Others who write there go past them, which keeps them whole.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Writes to stderr while no bar is drawn there.
pub(super) fn beside_bars<T>(write: impl FnOnce() -> T) -> T {
    BARS.suspend(write)
}

/// A bar on stderr, if that is a terminal: what, how many of how many, the time that is left, and
/// the name of the last one, which is the bar's message. It vanishes when it is finished.
pub(super) fn progress(what: &'static str, steps: usize) -> ProgressBar {
    let bar = BARS.add(ProgressBar::new(steps as u64).with_prefix(what));
    let left = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Before the first is done that is not known.
        if state.pos() > 0 {
            let _ = write!(out, ", about {:#} left", HumanDuration(state.eta()));
        }
    };
    if let Ok(style) =
        ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len}{left}  {wide_msg}")
    {
        bar.set_style(style.with_key("left", left));
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}
