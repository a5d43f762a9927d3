//! The commands: what each is called, and who carries it out. Each has its arguments in its own file.

use clap::{CommandFactory as _, Parser, Subcommand, builder::styling};
use clap_complete::Shell;

use super::{
    apply,
    args::Global,
    credentials, doctor,
    exit::{Exit, Failure},
    explain, history, import, init, journal, observe, out,
    plan::{self, Asked},
    run, sandbox,
    signals::Signals,
    status, stop, undo, validate, why,
};
use crate::style::{CYAN, GREEN};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(GREEN.bold())
    .usage(GREEN.bold())
    .literal(CYAN.bold())
    .placeholder(CYAN);

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing to do, or everything is done
  1  error; also if no tenant could be read, and for a plan if any could not
  2  changes are pending (plan and dry runs); somebody is live and not in git (import --check)
  3  something is held or a user is in need of attention, everything else is done; for a plan,
     also if nobody can foresee without the journal what a run would do
  4  partly done: a tenant could not be read, a step failed, or a sync is still owed; run it again
  5  the answer to a step was lost, now or earlier, and a later look must decide what became of it";

/// Decides who has dial tone, from git.
///
/// Manifests say which users of which Microsoft Teams tenants can call, and with which number.
/// Dialplane compares them with live state through the ConnecttoTeams API and carries out the
/// difference.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Set up a folder: a demonstration, or your own tenants from a list, Graph or an account
    Init(init::Arguments),
    /// Check manifests: offline, without credentials
    Validate(validate::Arguments),
    /// Show what would change; never writes
    Plan(plan::Arguments),
    /// Make live state what the manifests say, once
    Apply(apply::Arguments),
    /// Show what would take an earlier run back; with --apply, do it
    Undo(undo::Arguments),
    /// Tell what was done: the last runs, or one of them step by step
    History(history::Arguments),
    /// Tell why a user is as it is: what wants it, what was sent and seen, what is waited for; asks
    /// nobody
    Why(why::Arguments),
    /// Explain a code that plans and reports show, such as `not-visible`; without one, list all
    Explain(explain::Arguments),
    /// Check the journal, or save what can be read of it; never writes to it
    #[command(subcommand)]
    Journal(journal::Arguments),
    /// Stop everything: nothing more is written to any service until `resume`
    Stop(stop::Arguments),
    /// Let the stop switch go
    Resume,
    /// Run as a service: act on every change of the manifests and on drift
    Run(run::Arguments),
    /// Keep live state in a snapshot, which `plan --live` plans from
    Observe(observe::Arguments),
    /// Write manifests that ask for what is live
    Import(import::Arguments),
    /// Serve a rehearsal of the ConnecttoTeams service on a loopback address
    Sandbox(sandbox::Arguments),
    /// Tell what the service is doing; fails if it is not alive
    Status(status::Arguments),
    /// Check the set-up: credentials, clock, tenants, readers, journal, watching; never writes to
    /// the service
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor(doctor::Arguments),
    /// Manage the credentials of tenants that are written with a token of their own
    #[command(subcommand)]
    Credentials(credentials::Arguments),
    /// Print the JSON Schema of manifests, for editors
    Schema,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Cli {
    /// Commands that neither ask a service nor change anything: they can end anywhere.
    pub(super) fn changes_nothing(&self) -> bool {
        use Command as C;
        matches!(
            &self.command,
            C::Validate(_)
                | C::History(_)
                | C::Why(_)
                | C::Explain(_)
                | C::Status(_)
                | C::Schema
                | C::Completions { .. }
        )
    }

    /// Whether it is the service, which goes on until it is stopped.
    pub(super) fn serves(&self) -> bool {
        matches!(&self.command, Command::Run(run) if !run.once && !run.dry_run)
    }
}

/// Does what the command says.
pub(super) async fn dispatch(cli: &Cli, signals: &Signals) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Init(command) => init::init(command, signals).await,
        Command::Validate(command) => validate::validate(global, command),
        Command::Plan(command) => plan::plan(global, &command.asked(), signals).await,
        Command::Apply(command) if command.dry_run => {
            plan::plan(global, &Asked::dry(&command.once, command.live.as_deref()), signals).await
        }
        Command::Apply(command) => {
            apply::apply(global, &command.once, command.plan.as_deref(), command.yes, signals).await
        }
        Command::Undo(command) => undo::undo(global, command, signals).await,
        Command::History(command) => history::history(global, command).await,
        Command::Why(command) => why::why(global, command).await,
        Command::Explain(command) => explain::explain(command),
        Command::Journal(command) => journal::journal(global, command).await,
        Command::Run(command) if command.dry_run => {
            plan::plan(global, &Asked::dry(&command.as_once(), None), signals).await
        }
        Command::Run(command) if command.once => {
            apply::apply(global, &command.as_once(), None, command.yes, signals).await
        }
        Command::Run(command) => run::run(global, &command.as_once(), signals).await,
        Command::Observe(command) => observe::observe(global, command, signals).await,
        Command::Import(command) => import::import(global, command, signals).await,
        Command::Sandbox(command) => sandbox::serve(global, command, signals).await,
        Command::Stop(command) => stop::stop(global, command).await,
        Command::Resume => stop::resume(global),
        Command::Status(command) => status::status(global, command).await,
        Command::Doctor(command) => doctor::doctor(global, command, signals).await,
        Command::Credentials(credentials::Arguments::Regenerate(command)) => {
            credentials::regenerate(global, command).await
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
