//! Where log lines go: stderr, as the arguments or `DIALPLANE_LOG` say.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::args::{Cli, Command, LogFormat};

/// Begins to log. A service tells what it does; a command that ends only warns.
pub(super) fn start(cli: &Cli) {
    let serves = matches!(&cli.command, Command::Run(run) if !run.once && !run.dry_run);
    let level = match (cli.verbose, serves) {
        (0, false) => "warn",
        (0, true) | (1, _) => "dialplane=info,warn",
        _ => "dialplane=debug,info",
    };
    let filter = EnvFilter::try_from_env("DIALPLANE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // It fails only if somebody else logs already, and then that one stays.
    let _ = match cli.log_format {
        LogFormat::Text => lines.with_ansi(colours).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
