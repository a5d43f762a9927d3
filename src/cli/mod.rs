//! The command line: words in, text and an exit code out.
//!
//! **Invariant:** the only place that prints, and the only one that knows exit codes. stdout is data, stderr is talk. Nothing is
//! decided here that the library could decide.

mod apply;
mod approve;
mod args;
mod asked;
mod backend;
mod check;
mod credentials;
mod doctor;
mod exit;
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
mod why;

use clap::{CommandFactory, Parser, error::ErrorKind};

pub use exit::Exit;

use args::{Cli, Command, Credentials};
use asked::Asked;
use exit::Failure;
use signals::Signals;

/// Does what the arguments say. The answer is the exit code; everything has been printed.
pub async fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let helped = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing can be told if even this cannot be printed.
            let _ = error.print();
            return if helped { Exit::Done } else { Exit::Error };
        }
    };
    logging::start(&cli);
    let signals = Signals::listen();
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

async fn dispatch(cli: &Cli, signals: &Signals) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Validate(command) => check::validate(cli, command),
        Command::Plan(command) => apply::plan(cli, &command.asked(), signals).await,
        Command::Apply(command) if command.dry_run => {
            apply::plan(cli, &Asked::dry(&command.once, command.live.as_deref()), signals).await
        }
        Command::Apply(command) => apply::apply(cli, &command.once, command.plan.as_deref(), signals).await,
        Command::Undo(command) => undo::undo(cli, command, signals).await,
        Command::History(command) => history::history(cli, command),
        Command::Why(command) => why::why(cli, command),
        Command::Journal(command) => journal::journal(cli, command),
        Command::Run(command) if command.dry_run => apply::plan(cli, &Asked::dry(&command.as_once(), None), signals).await,
        Command::Run(command) if command.once => apply::apply(cli, &command.as_once(), None, signals).await,
        Command::Run(command) => run::run(cli, &command.as_once(), signals).await,
        Command::Observe(command) => observe::observe(cli, command, signals).await,
        Command::Import(command) => import::import(cli, command, signals).await,
        Command::Sandbox(command) => sandbox::serve(cli, command, signals).await,
        Command::Stop(command) => stop::stop(cli, command),
        Command::Resume => stop::resume(cli),
        Command::Status(command) => status::status(cli, command),
        Command::Doctor(command) => doctor::doctor(cli, command, signals).await,
        Command::Credentials(Credentials::Regenerate(command)) => credentials::regenerate(cli, command).await,
        Command::Schema => {
            out::json(&crate::manifest::json_schema());
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "dialplane", &mut script);
            out::data(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}
