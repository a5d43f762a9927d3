//! The commands: what each is called, and who carries it out. Each has its arguments in its own
//! file.

use std::{ffi::OsString, fmt::Write as _, sync::LazyLock};

use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    builder::styling,
    error::{ContextKind, ContextValue},
};
use clap_complete::Shell;

use super::{
    apply::{self, ExpectedPlan},
    args::Global,
    call_app, complete, control, credentials, doctor,
    exit::{Exit, Failure},
    explain, guide, history, import, init, journal, man, notices, observe,
    plan::{self, PlanRequest},
    run, sandbox, saved, schema,
    signals::Signals,
    status, stop, tenants, undo, validate, why,
};
use crate::{
    style::{CYAN, GREEN},
    words::nearest,
};

/// What is where in the help: what somebody wants to do, and the commands for it.
pub(super) const GROUPS: [(&str, &[&str]); 5] = [
    ("Look", &["plan", "show", "validate", "status", "doctor", "observe"]),
    ("Act", &["apply", "run", "reconcile", "undo", "suspend", "resume", "stop"]),
    ("Explain", &["why", "history", "explain", "journal", "guide"]),
    (
        "Set up",
        &[
            "init",
            "tenants",
            "import",
            "credentials",
            "call-app",
            "notices",
            "schema",
            "completions",
            "man",
        ],
    ),
    ("Rehearse", &["sandbox"]),
];

/// Words of other tools that are not commands here, and what they lead to. What writes is never
/// done under another name.
const OTHERS: &[(&str, &str)] = &[
    ("sync", "apply"),
    ("deploy", "apply"),
    ("up", "apply"),
    ("push", "apply"),
    ("preview", "plan"),
    ("dry-run", "plan"),
    ("rollback", "undo"),
    ("revert", "undo"),
    ("log", "history"),
    ("logs", "history"),
    ("start", "run"),
    ("serve", "run"),
    ("watch", "run"),
    ("pause", "stop"),
    ("suspend", "stop"),
    ("unpause", "resume"),
    ("lint", "validate"),
    ("verify", "validate"),
    ("test", "validate"),
    ("list", "tenants"),
    ("ls", "tenants"),
    ("customers", "tenants"),
    ("get", "status"),
    ("pull", "import"),
    ("export", "import"),
    ("dump", "observe"),
    ("setup", "init"),
    ("bootstrap", "init"),
    ("login", "init"),
    ("docs", "guide"),
    ("describe", "why"),
    ("version", "--version"),
];

/// How far a word may be from a command to be taken for it.
const SLIPS: usize = 2;

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
     also if no difference is seen and it is not known without the journal what a run would do
  4  partly done: a tenant could not be read, a step failed, or a sync is still owed; run it again
  5  the answer to a step was lost, now or earlier, and a later look must decide what became of it
  78 run: the configuration is wrong, so that starting it again is in vain";

/// Decides who has dial tone, from git.
///
/// Manifests say which users of which Microsoft Teams tenants can call, and with which number.
/// Dialplane compares them with live state through the ConnecttoTeams API and carries out the
/// difference.
#[derive(Debug, Parser)]
#[command(version = VERSION.as_str(), styles = STYLES, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Set up a folder: a demonstration, or your own tenants
    #[command(after_help = init::EXAMPLES)]
    Init(init::Arguments),
    /// Check manifests: offline, without credentials
    #[command(visible_alias = "check")]
    Validate(validate::Arguments),
    /// Show what would change; never writes
    #[command(visible_alias = "diff", after_help = plan::EXAMPLES)]
    Plan(plan::Arguments),
    /// Show a plan that was saved
    Show(saved::Arguments),
    /// Make live state what the manifests say, once
    #[command(after_help = apply::EXAMPLES)]
    Apply(apply::Arguments),
    /// Show what would take an earlier run back; with --apply, do it
    #[command(after_help = undo::EXAMPLES)]
    Undo(undo::Arguments),
    /// Show what was done: the last passes, one of them by tenant, or a run step by step
    #[command(after_help = history::EXAMPLES)]
    History(history::Arguments),
    /// Explain one user: what wants it, what was sent and seen, what it waits for
    ///
    /// Reads the manifests, the journal and what the last plan said; asks no service.
    #[command(after_help = why::EXAMPLES)]
    Why(why::Arguments),
    /// Explain a code that plans show, such as `not-visible`; without one, list all
    Explain(explain::Arguments),
    /// Show a page of the guide; without one, list all
    #[command(after_help = guide::EXAMPLES)]
    Guide(guide::Arguments),
    /// Check the journal, save what can be read of it, or accept another copy
    #[command(subcommand)]
    Journal(journal::Arguments),
    /// Stop everything: nothing more is written to any service until `resume`
    Stop(stop::Arguments),
    /// Have a running service look at manifests and live state now
    #[command(after_help = control::RECONCILE_EXAMPLES)]
    Reconcile(control::Reconcile),
    /// Suspend a tenant: it is planned and shown, and nothing of it is written until `resume`
    #[command(after_help = control::SUSPEND_EXAMPLES)]
    Suspend(control::Suspend),
    /// Let the stop switch go; with a tenant, end its suspension
    Resume(control::Resume),
    /// Run as a service: act on every change of the manifests and on drift
    Run(run::Arguments),
    /// Keep live state in a snapshot, which `plan --live` plans from
    Observe(observe::Arguments),
    /// List the customers of the account: consent, users, which have a manifest
    #[command(after_help = tenants::EXAMPLES)]
    Tenants(tenants::Arguments),
    /// Write manifests that ask for what is live
    #[command(after_help = import::EXAMPLES)]
    Import(import::Arguments),
    /// Serve a rehearsal of the ConnecttoTeams service on loopback
    Sandbox(sandbox::Arguments),
    /// Show what the service does and whom it needs; fails if it is not alive
    #[command(after_help = status::EXIT_CODES)]
    Status(status::Arguments),
    /// Check the set-up, line by line; never writes to the service
    ///
    /// Credentials, clock, tenants, readers, journal, watching: what works, and what to do about
    /// the rest.
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor(doctor::Arguments),
    /// Manage credentials of tenants that are written with a token of their own
    #[command(subcommand)]
    Credentials(credentials::Arguments),
    /// Have the service make what the Call App needs once in a tenant
    #[command(subcommand)]
    CallApp(call_app::Arguments),
    /// Try the way to those who are told what needs people
    #[command(subcommand)]
    Notices(notices::Arguments),
    /// Print the JSON Schema of manifests, for editors, or of what is printed for machines
    Schema(schema::Arguments),
    /// Print completions for a shell; they know tenants and users
    #[command(after_help = complete::EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write pages for `man` into a folder
    #[command(after_help = man::EXAMPLES)]
    Man(man::Arguments),
}

/// The version; of which commit, where the build was told.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    match option_env!("DIALPLANE_COMMIT") {
        None | Some("") => version.to_owned(),
        Some(commit) => format!("{version} ({commit})"),
    }
});

impl Cli {
    /// What it reads, with the commands in groups.
    pub(super) fn grouped() -> clap::Command {
        let command = Self::command();
        let title = STYLES.get_header();
        let literal = STYLES.get_literal();
        let mut groups = String::new();
        for (want, names) in GROUPS {
            // Writing to a string cannot fail.
            let _ = writeln!(groups, "{title}{want}:{title:#}");
            for found in names.iter().filter_map(|name| command.find_subcommand(name)) {
                let about = found.get_about().map(ToString::to_string).unwrap_or_default();
                let name = found.get_name();
                let _ = writeln!(groups, "  {literal}{name:13}{literal:#}{about}");
            }
            groups.push('\n');
        }
        command.help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}\
                {title}Options:{title:#}\n{{options}}{{after-help}}"
        ))
    }

    /// What the arguments say.
    pub(super) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::grouped().try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }

    /// Which command somebody meant who used a word of another tool.
    pub(super) fn meant(error: &clap::Error) -> Option<&'static str> {
        let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
            return None;
        };
        OTHERS.iter().find(|(other, _)| other == word).map(|(_, ours)| *ours)
    }

    /// The command that is nearest to a word after `help`, which names none.
    pub(super) fn nearest(arguments: impl Iterator<Item = OsString>) -> Option<String> {
        let words = arguments.skip_while(|word| word != "help").skip(1);
        let mut level = Self::command();
        for word in words {
            let word = word.to_string_lossy().into_owned();
            let Some(below) = level.find_subcommand(&word).cloned() else {
                let names = level.get_subcommands().flat_map(|command| {
                    command.get_visible_aliases().chain([command.get_name()]).collect::<Vec<_>>()
                });
                return nearest(&word, names, SLIPS).map(str::to_owned);
            };
            level = below;
        }
        None
    }

    /// Commands that neither ask a service nor change anything: they can end anywhere.
    pub(super) fn changes_nothing(&self) -> bool {
        use Command as C;
        matches!(
            &self.command,
            C::Validate(_)
                | C::Show(_)
                | C::History(_)
                | C::Why(_)
                | C::Explain(_)
                | C::Guide(_)
                | C::Status(_)
                | C::Schema(_)
                | C::Completions { .. }
                | C::Man(_)
        )
    }

    /// Whether it mostly waits for a service that answers from elsewhere. A sandbox has its work to
    /// do in this process.
    pub(super) fn mostly_waits(&self) -> bool {
        match &self.command {
            Command::Apply(command) => !command.once.sandbox,
            Command::Undo(command) => !command.as_once().sandbox,
            Command::Run(command) if command.once => !command.as_once().sandbox,
            _ => false,
        }
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
        Command::Plan(command) => plan::command(global, command, signals).await,
        Command::Show(command) => saved::show(global, command),
        Command::Apply(command) if command.dry_run => {
            plan::plan(global, &PlanRequest::dry(&command.once, command.live.as_deref()), signals)
                .await
        }
        Command::Apply(command) => {
            let (once, wanted) = command.with_saved_plan();
            apply::apply(global, &once, wanted, command.yes, signals).await
        }
        Command::Undo(command) => undo::undo(global, command, signals).await,
        Command::History(command) => history::history(global, command).await,
        Command::Why(command) => why::why(global, command).await,
        Command::Explain(command) => explain::explain(global, command),
        Command::Guide(command) => guide::guide(global, command),
        Command::Journal(command) => journal::journal(global, command).await,
        Command::Run(command) if command.dry_run => {
            plan::plan(global, &PlanRequest::dry(&command.as_once(), None), signals).await
        }
        Command::Run(command) if command.once => {
            apply::apply(global, &command.as_once(), ExpectedPlan::default(), command.yes, signals)
                .await
        }
        Command::Run(command) => Box::pin(run::run(global, &command.as_once(), signals)).await,
        Command::Observe(command) => observe::observe(global, command, signals).await,
        Command::Import(command) => import::import(global, command, signals).await,
        Command::Tenants(command) => tenants::tenants(global, command, signals).await,
        Command::Sandbox(command) => sandbox::serve(global, command, signals).await,
        Command::Stop(command) => stop::stop(global, command).await,
        Command::Reconcile(command) => control::reconcile(global, command).await,
        Command::Suspend(command) => control::suspend(global, command).await,
        Command::Resume(command) => match &command.tenant {
            Some(tenant) => control::resume(global, tenant, command).await,
            None => stop::resume(global).await,
        },
        Command::Status(command) => status::status(global, command).await,
        Command::Doctor(command) => doctor::doctor(global, command, signals).await,
        Command::Credentials(credentials::Arguments::Regenerate(command)) => {
            credentials::regenerate(global, command).await
        }
        Command::CallApp(call_app::Arguments::ServiceAccount(command)) => {
            call_app::service_account(global, command).await
        }
        Command::Notices(command) => notices::notices(global, command).await,
        Command::Schema(command) => {
            schema::schema(command);
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            complete::print(*shell);
            Ok(Exit::Done)
        }
        Command::Man(command) => man::man(Cli::command(), command),
    }
}
