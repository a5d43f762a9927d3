//! The command line: words in, text and an exit code out.
//!
//! **Invariant:** the only place that prints, and the only one that knows exit codes. stdout is
//! data, stderr is talk. Nothing is decided here that the library could decide.

mod annotations;
mod apply;
mod approve;
mod args;
mod ask;
mod backend;
mod call_app;
mod choose;
mod command;
mod complete;
mod configuration;
mod confirm;
mod control;
mod credentials;
mod customers;
mod decrees;
mod doctor;
mod drifts;
mod exit;
mod explain;
mod find;
mod fit;
mod guide;
mod history;
mod import;
mod init;
mod journal;
mod lately;
mod logging;
mod man;
mod manifests;
mod mask;
mod named_secrets;
mod notices;
mod observe;
mod operator;
mod out;
mod pager;
mod passes;
mod past;
mod patch;
mod patches;
mod plan;
mod private;
mod reload;
mod report;
mod review;
mod right;
mod run;
mod sandbox;
mod saved;
mod schema;
mod sent;
mod service_manager;
mod session;
mod show;
mod signals;
mod status;
mod stop;
mod stop_setting;
mod summary;
mod targets;
mod tenants;
mod undo;
mod validate;
mod why;

use std::{backtrace, env, fmt::Write as _, panic};

use clap::error::{ContextKind, ContextValue, ErrorKind};

pub use exit::Exit;

use command::{Cli, dispatch};
use exit::Failure;
use signals::{SignalMode, Signals};

use crate::{foreign, style::FAINT};

/// Answers a shell that asks how a line goes on, if one does. To be called before anything is printed
/// and any thread is begun.
#[must_use]
pub fn complete() -> bool {
    complete::answer(Cli::grouped)
}

/// What the arguments ask for.
#[derive(Debug)]
pub struct CommandLine(Cli);

/// Reads the arguments. Where they ask for nothing that could be done, that has been printed, and
/// the program ends with this.
pub fn read() -> Result<CommandLine, Exit> {
    panic::set_hook(Box::new(tell_panic));
    Cli::read(env::args_os()).map(CommandLine).map_err(tell_usage)
}

impl CommandLine {
    /// Whether it mostly waits: for a service that answers from elsewhere.
    #[must_use]
    pub fn mostly_waits(&self) -> bool {
        self.0.mostly_waits()
    }

    /// Does it. The answer is the exit code; everything has been printed. `end` is called when
    /// somebody insists that the program ends, and it does not.
    pub async fn run(self, end: impl FnOnce(Exit) + Send + 'static) -> Exit {
        let Self(cli) = self;
        cli.global.color.write_global();
        logging::start(&cli.global, cli.serves());
        let manner = if cli.serves() {
            SignalMode::Serves
        } else if cli.changes_nothing() {
            SignalMode::AtOnce
        } else {
            SignalMode::Once
        };
        let signals = Signals::listen(manner, end);
        let end = tokio::select! {
            end = dispatch(&cli, &signals) => end,
            () = signals.insisted() => Err(Failure::new("stopped at once")),
        };
        match end.and_then(|exit| out::unprinted().map_or(Ok(exit), Err)) {
            Ok(exit) => exit,
            Err(failure) => {
                out::failure(&failure);
                failure.exit
            }
        }
    }
}

/// Help, or what is wrong with the arguments. They are repeated, and somebody else may have chosen
/// them: the names of files that a shell found, or of a branch.
fn tell_usage(error: clap::Error) -> Exit {
    let harmless = env::args_os().map(|argument| foreign::line(argument.to_string_lossy()));
    let mut error = Cli::read(harmless.map(Into::into)).err().unwrap_or(error);
    let meant = Cli::meant(&error);
    if error.get(ContextKind::InvalidSubcommand).is_some()
        && error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(near) = Cli::nearest(env::args_os())
    {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
    }
    if meant.is_some() {
        // What is spelled alike is not what was meant.
        error.remove(ContextKind::SuggestedSubcommand);
    }
    let mut text = error.render().ansi().to_string();
    if let Some(ours) = meant {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {FAINT}hint: did you mean `dialplane {ours}`?{FAINT:#}");
    }
    if error.use_stderr() {
        out::talk(&text);
    } else {
        out::data(&text);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        Exit::Done
    } else {
        Exit::Error
    }
}

/// A fault of our own, whose words may repeat those of others.
fn tell_panic(panic: &panic::PanicHookInfo<'_>) {
    out::talk(&format!(
        "internal error: {}\n  hint: this is a fault of dialplane: please report it\n",
        foreign::line(panic)
    ));
    let trace = backtrace::Backtrace::capture();
    if trace.status() == backtrace::BacktraceStatus::Captured {
        out::talk(&format!("{trace}\n"));
    }
}
