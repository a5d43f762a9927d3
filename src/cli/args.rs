//! The words of the command line.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::styling};
use clap_complete::Shell;

use crate::{
    import::SplitBy,
    model::{ExtensionPrefix, LiveSource, TenantId, TenantName, TenantRef},
};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Green.on_default().bold())
    .usage(styling::AnsiColor::Green.on_default().bold())
    .literal(styling::AnsiColor::Cyan.on_default().bold())
    .placeholder(styling::AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing to do, or everything is done
  1  error; also if no tenant could be read, and for a plan if any could not
  2  changes are pending (plan and dry runs); somebody is live and not in git (import --check)
  3  something is held or a user is in need of attention, everything else is done; for a plan,
     also if nobody can foresee without the journal what a run would do
  4  partly done: a tenant could not be read, a step failed, or a sync is still owed; run it again
  5  the answer to a step was lost, now or earlier, and a later look must decide what became of it";

const DOCTOR_EXIT_CODES: &str = "\
Exit codes:
  0  everything is as it should be
  1  something fails; each line says what to do
  3  nothing fails, and something deserves a look";

/// Decides who has dial tone, from git.
///
/// Manifests say which users of which Microsoft Teams tenants can call, and with which number.
/// Dialplane compares them with live state through the ConnecttoTeams API and carries out the
/// difference.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub(super) struct Cli {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "The configuration [env: DIALPLANE_CONFIG] [default: dialplane.yaml, if there is \
            one]"
    )]
    pub(super) config: Option<PathBuf>,
    /// Say more: -v what is done, -vv each call
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// How log lines are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check manifests: offline, without credentials
    Validate(Validate),
    /// Show what would change; never writes
    Plan(super::asked::Arguments),
    /// Make live state what the manifests say, once
    Apply(Apply),
    /// Show what would take an earlier run back; with --apply, do it
    Undo(super::undo::Arguments),
    /// Tell what was done: the last runs, or one of them step by step
    History(super::history::Arguments),
    /// Tell why a user is as it is: what wants it, what was sent and seen, what is waited for; asks
    /// nobody
    Why(super::why::Arguments),
    /// Explain a code that plans and reports show, such as `not-visible`; without one, list all
    Explain(super::explain::Arguments),
    /// Check the journal, or save what can be read of it; never writes to it
    #[command(subcommand)]
    Journal(super::journal::Arguments),
    /// Stop everything: nothing more is written to any service until `resume`
    Stop(super::stop::Arguments),
    /// Let the stop switch go
    Resume,
    /// Run as a service: act on every change of the manifests and on drift
    Run(Run),
    /// Keep live state in a snapshot, which `plan --live` plans from
    Observe(Observe),
    /// Write manifests that ask for what is live
    Import(Import),
    /// Serve a rehearsal of the ConnecttoTeams service on a loopback address
    Sandbox(Sandbox),
    /// Tell what the service is doing; fails if it is not alive
    Status(Status),
    /// Check the set-up: credentials, clock, tenants, readers, journal, watching; never writes to
    /// the service
    #[command(after_help = DOCTOR_EXIT_CODES)]
    Doctor(Doctor),
    /// Manage the credentials of tenants that are written with a token of their own
    #[command(subcommand)]
    Credentials(Credentials),
    /// Print the JSON Schema of manifests, for editors
    Schema,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    pub(super) paths: Vec<PathBuf>,
    /// How problems are shown
    #[arg(short, long, value_enum, default_value_t = CheckOutput::Text, value_name = "FORMAT")]
    pub(super) output: CheckOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckOutput {
    /// With the source lines, for people
    Text,
    /// One JSON object
    Json,
    /// Annotations of a GitHub workflow
    Github,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Once {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    pub(super) paths: Vec<PathBuf>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Only this tenant; may be given more than once
    #[arg(long = "tenant", value_name = "NAME", value_parser = |name: &str| TenantName::parse(name))]
    pub(super) tenants: Vec<TenantName>,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Text, value_name = "FORMAT")]
    pub(super) output: PlanOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanOutput {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// For a review page
    Markdown,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    #[command(flatten)]
    pub(super) once: Once,
    /// Only show what would change, as `plan` does; never writes
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do exactly what this plan says, saved with `plan --out`, or nothing
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) plan: Option<PathBuf>,
    /// Do not ask on a terminal whether the plan is meant
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Dry runs only: plan from kept live state, as `plan --live` does
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox", requires = "dry_run")]
    pub(super) live: Option<PathBuf>,
}

/// Which tenants are looked at.
#[derive(Debug, Clone, Args)]
pub(super) struct Whom {
    /// Files and folders with manifests that describe the tenants [default: `manifests` of the
    /// configuration]
    pub(super) paths: Vec<PathBuf>,
    /// A tenant that no manifest describes yet, perhaps with what the platform shows before its
    /// extensions, such as +1; may be given more than once
    #[arg(long = "tenant-id", value_name = "NAME=GUID[,PREFIX]", value_parser = tenant_ref, conflicts_with_all = ["paths", "sandbox"])]
    pub(super) ids: Vec<TenantRef>,
    /// Where the tenants of `--tenant-id` are read: connecttoteams, the default, or graph
    #[arg(long, value_name = "READER", value_parser = reader, requires = "ids")]
    pub(super) reader: Option<LiveSource>,
    /// Only this tenant; may be given more than once
    #[arg(long = "tenant", value_name = "NAME", value_parser = |name: &str| TenantName::parse(name))]
    pub(super) tenants: Vec<TenantName>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    pub(super) sandbox: bool,
}

/// `NAME=GUID` or `NAME=GUID,PREFIX`.
fn tenant_ref(text: &str) -> Result<TenantRef, String> {
    let (name, rest) = text
        .split_once('=')
        .ok_or("NAME=GUID is expected, such as contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd")?;
    let (id, prefix) = rest.split_once(',').map_or((rest, None), |(id, prefix)| (id, Some(prefix)));
    let extension_prefix = prefix.map(ExtensionPrefix::parse).transpose()?;
    let (name, id) = (TenantName::parse(name)?, TenantId::parse(id)?);
    Ok(TenantRef {
        name,
        id,
        extension_prefix,
        live: LiveSource::default(),
        confirm: false,
        account: None,
    })
}

fn reader(name: &str) -> Result<LiveSource, String> {
    let asked = [LiveSource::ConnecttoTeams, LiveSource::Graph];
    let all = || asked.map(LiveSource::name).join(", ");
    LiveSource::named(name)
        .filter(|source| asked.contains(source))
        .ok_or_else(|| format!("possible are {}", all()))
}

#[derive(Debug, Args)]
pub(super) struct Observe {
    #[command(flatten)]
    pub(super) whom: Whom,
    /// Where the snapshot goes [default: stdout]. It holds names and numbers of people: only its
    /// owner may read the file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    pub(super) whom: Whom,
    /// Take kept live state: a snapshot of `observe`, a CSV list of the portal, or a folder of
    /// them. Without PATHS, its tenants
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox")]
    pub(super) live: Option<PathBuf>,
    /// The folder that the manifests go to; it must be absent or empty
    #[arg(long, value_name = "FOLDER", required_unless_present = "check")]
    pub(super) out: Option<PathBuf>,
    /// Users of one file, at most
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN.saturating_add(499))]
    pub(super) users_per_file: NonZeroUsize,
    /// What else puts users into different files: `domain`, or a field such as userTag or
    /// sbcGatewayId
    #[arg(long, value_name = "FIELD", value_parser = SplitBy::parse)]
    pub(super) split_by: Option<SplitBy>,
    /// Also name users whose calling is off and who hold no number
    #[arg(long)]
    pub(super) everybody: bool,
    /// Write nothing; say who has calling and is named by no manifest. Exit code 2 if there is
    /// anybody
    #[arg(long, conflicts_with_all = ["out", "users_per_file", "split_by", "everybody"])]
    pub(super) check: bool,
    /// How the outcome of `--check` is shown
    #[arg(short, long, value_enum, default_value_t = StatusOutput::Text, value_name = "FORMAT")]
    pub(super) output: StatusOutput,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the flag is `--dry-run` everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Run {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    sandbox: bool,
    /// Only show what would change, as `plan` does, and end; never writes
    #[arg(long)]
    pub(super) dry_run: bool,
    /// One pass, as `apply` does, and end
    #[arg(long)]
    pub(super) once: bool,
    /// With `--once`: do not ask on a terminal whether the plan is meant
    #[arg(long, requires = "once")]
    pub(super) yes: bool,
    /// How plans and reports are shown
    #[arg(short, long, value_enum, default_value_t = RunOutput::Text, value_name = "FORMAT")]
    output: RunOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RunOutput {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Run {
    /// What a single pass takes.
    pub(super) fn as_once(&self) -> Once {
        let output = match self.output {
            RunOutput::Text => PlanOutput::Text,
            RunOutput::Json => PlanOutput::Json,
        };
        Once { paths: self.paths.clone(), sandbox: self.sandbox, tenants: Vec::new(), output }
    }
}

#[derive(Debug, Args)]
pub(super) struct Sandbox {
    /// Files and folders with manifests that the sandbox is seeded from [default: `manifests` of
    /// the configuration]
    pub(super) paths: Vec<PathBuf>,
    /// Where to listen; loopback only, port 0 chooses one
    #[arg(long, default_value = "127.0.0.1:8405", value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// Which drift: the same number gives the same world
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(super) seed: u64,
    /// Begin without drift
    #[arg(long)]
    pub(super) as_desired: bool,
    /// How lists of users are wrapped; the vendor's way is not public
    #[arg(long, value_enum, default_value_t = Envelope::Datatables, value_name = "FORM")]
    pub(super) envelope: Envelope,
    /// Write the configuration that points dialplane at this sandbox
    #[arg(long, value_name = "FILE")]
    pub(super) write_config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Envelope {
    /// Pages by draw, start and length, the list deep inside
    Datatables,
    /// Pages by number and size, the list beside its total
    Page,
    /// One bare array
    Bare,
}

#[derive(Debug, Args)]
pub(super) struct Status {
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = StatusOutput::Text, value_name = "FORMAT")]
    pub(super) output: StatusOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StatusOutput {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    pub(super) paths: Vec<PathBuf>,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = StatusOutput::Text, value_name = "FORMAT")]
    pub(super) output: StatusOutput,
}

#[derive(Debug, Subcommand)]
pub(super) enum Credentials {
    /// Make new API credentials of a tenant's enterprise; the former ones end at once, whoever uses
    /// them
    Regenerate(Regenerate),
}

#[derive(Debug, Args)]
pub(super) struct Regenerate {
    /// The tenant, by its name in the manifests
    #[arg(value_parser = |name: &str| TenantName::parse(name))]
    pub(super) tenant: TenantName,
    /// The file that is created for them, readable by nobody else; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(super) into: PathBuf,
    /// Say that it is meant without being asked: the tenant's name once more
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
}
