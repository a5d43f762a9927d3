//! Where log lines go: stderr, as the arguments or `DIALPLANE_LOG` say.

use std::io::{self, IsTerminal as _};

use tracing::{Level, error, warn};
use tracing_subscriber::{
    filter::Targets, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{
    args::{Global, LogFormat},
    out,
};
use crate::{foreign, yaml::Diagnostic};

/// Begins to log. A service tells what it does; a command that ends only warns.
pub(super) fn start(global: &Global, serves: bool) {
    let (ours, others) = match (global.verbose, serves) {
        (0, false) => (Level::WARN, Level::WARN),
        (0, true) | (1, _) => (Level::INFO, Level::WARN),
        _ => (Level::DEBUG, Level::INFO),
    };
    // Set and empty is as good as not set.
    let wanted = std::env::var("DIALPLANE_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let filter = wanted
        .and_then(|wanted| wanted.parse().ok())
        .unwrap_or_else(|| Targets::new().with_target("dialplane", ours).with_default(others));
    let lines = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(Entries(global.log_format))
        .with_target(false);
    let colours = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // It fails only if somebody else logs already, and then that one stays.
    let _ = match global.log_format {
        LogFormat::Text => lines.with_ansi(colours).finish().with(filter).try_init(),
        LogFormat::Json => lines.json().finish().with(filter).try_init(),
    };
}

/// What log entries go through: each is one line, whatever its fields hold.
struct Entries(LogFormat);

impl MakeWriter<'_> for Entries {
    type Writer = LogEntry;

    fn make_writer(&self) -> LogEntry {
        LogEntry(self.0)
    }
}

/// Is handed one entry, as a whole.
struct LogEntry(LogFormat);

impl io::Write for LogEntry {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let entry = text.strip_suffix('\n').unwrap_or(&text);
        let shown = match self.0 {
            LogFormat::Json => foreign::json(entry),
            LogFormat::Text => foreign::printable(&entry.replace('\n', "\\n")),
        };
        let line = format!("{shown}\n");
        out::beside_bars(|| io::stderr().lock().write_all(line.as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A mistake in a file as a line of the log.
pub(super) fn mistake(diagnostic: &Diagnostic) {
    let (line, column) = diagnostic.position().unzip();
    error!(file = %diagnostic.file, line, column, hint = diagnostic.hint, "{}", diagnostic.message);
}

/// The same for what is odd and no mistake.
pub(super) fn oddity(diagnostic: &Diagnostic) {
    warn!(file = %diagnostic.file, hint = diagnostic.hint, "{}", diagnostic.message);
}
