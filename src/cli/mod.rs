//! The command line: words in, text and an exit code out.
//!
//! **Invariant:** the only place that prints, and the only one that knows exit codes. stdout is
//! data, stderr is talk. Nothing is decided here that the library could decide.

mod annotations;
mod apply;
mod approve;
mod args;
mod asked;
mod backend;
mod check;
mod confirm;
mod credentials;
mod doctor;
mod exit;
mod explain;
mod history;
mod import;
mod journal;
mod logging;
mod manifests;
mod observe;
mod out;
mod report;
mod run;
mod sandbox;
mod saved;
mod signals;
mod status;
mod stop;
mod undo;
mod who;
mod whom;
mod whose;
mod why;

use std::{backtrace, env, panic};

use clap::{CommandFactory, Parser, error::ErrorKind};

pub use exit::Exit;

use args::{Cli, Command, Credentials};
use asked::Asked;
use exit::Failure;
use signals::Signals;

use crate::foreign;

/// Does what the arguments say. The answer is the exit code; everything has been printed. `end` is
/// called when somebody insists that the program ends, and it does not.
pub async fn run(end: impl FnOnce(Exit) + Send + 'static) -> Exit {
    panic::set_hook(Box::new(tell_panic));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return tell_usage(error),
    };
    logging::start(&cli);
    let signals = Signals::listen(changes_nothing(&cli.command), end);
    let end = tokio::select! {
        end = dispatch(&cli, &signals) => end,
        () = signals.insisted() => Err(Failure::new("stopped at once")),
    };
    match end.and_then(|exit| out::unprinted().map_or(Ok(exit), Err)) {
        Ok(exit) => exit,
        Err(failure) => {
            out::failure(&failure);
            Exit::Error
        }
    }
}

/// Help, or what is wrong with the arguments. They are repeated, and somebody else may have chosen
/// them: the names of files that a shell found, or of a branch.
fn tell_usage(error: clap::Error) -> Exit {
    let harmless = env::args_os().map(|argument| foreign::line(argument.to_string_lossy()));
    let error = Cli::try_parse_from(harmless).err().unwrap_or(error);
    let text = error.render().ansi().to_string();
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

/// Commands that neither ask a service nor change anything: they can end anywhere.
fn changes_nothing(command: &Command) -> bool {
    use Command as C;
    matches!(
        command,
        C::Validate(_)
            | C::History(_)
            | C::Why(_)
            | C::Explain(_)
            | C::Status(_)
            | C::Schema
            | C::Completions { .. }
    )
}

async fn dispatch(cli: &Cli, signals: &Signals) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Validate(command) => check::validate(cli, command),
        Command::Plan(command) => apply::plan(cli, &command.asked(), signals).await,
        Command::Apply(command) if command.dry_run => {
            apply::plan(cli, &Asked::dry(&command.once, command.live.as_deref()), signals).await
        }
        Command::Apply(command) => {
            apply::apply(cli, &command.once, command.plan.as_deref(), command.yes, signals).await
        }
        Command::Undo(command) => undo::undo(cli, command, signals).await,
        Command::History(command) => history::history(cli, command).await,
        Command::Why(command) => why::why(cli, command).await,
        Command::Explain(command) => explain::explain(command),
        Command::Journal(command) => journal::journal(cli, command).await,
        Command::Run(command) if command.dry_run => {
            apply::plan(cli, &Asked::dry(&command.as_once(), None), signals).await
        }
        Command::Run(command) if command.once => {
            apply::apply(cli, &command.as_once(), None, command.yes, signals).await
        }
        Command::Run(command) => run::run(cli, &command.as_once(), signals).await,
        Command::Observe(command) => observe::observe(cli, command, signals).await,
        Command::Import(command) => import::import(cli, command, signals).await,
        Command::Sandbox(command) => sandbox::serve(cli, command, signals).await,
        Command::Stop(command) => stop::stop(cli, command).await,
        Command::Resume => stop::resume(cli),
        Command::Status(command) => status::status(cli, command).await,
        Command::Doctor(command) => doctor::doctor(cli, command, signals).await,
        Command::Credentials(Credentials::Regenerate(command)) => {
            credentials::regenerate(cli, command).await
        }
        Command::Schema => {
            out::json(&crate::manifest::json_schema());
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "dialplane", &mut script);
            out::raw(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}
