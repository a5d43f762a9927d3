//! Arguments that several commands share. Those of one command are in its own file.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use super::choose::{PlanDetail, Tenants};

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "The configuration [env: DIALPLANE_CONFIG] [default: dialplane.yaml, if there is \
            one]"
    )]
    pub(super) config: Option<PathBuf>,
    /// Say more: -v all of a plan, and what is done; -vv each call
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// How log lines are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    #[command(flatten)]
    pub(super) color: colorchoice_clap::Color,
    /// Show long text at once, without a pager [env: `DIALPLANE_PAGER`, `PAGER`]
    #[arg(long, global = true)]
    pub(super) no_pager: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What a pass over the tenants takes.
#[derive(Debug, Clone, Args)]
pub(super) struct PassArguments {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    pub(super) paths: Vec<PathBuf>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    pub(super) sandbox: bool,
    #[command(flatten)]
    pub(super) tenants: Tenants,
    #[command(flatten)]
    pub(super) shown: PlanDetail,
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
    /// JSON objects, one a line: the plan, each step as it is done, the report
    Ndjson,
    /// For a review page
    Markdown,
    /// Annotations of a GitHub workflow, and the page for the summary of its job
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// The shortest page that says anything of what it has to say.
const SHORTEST: usize = 2_000;

/// How many of something.
pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "a whole number from 1 on is expected".to_owned())
}

/// A number of any size.
pub(super) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number is expected".to_owned())
}

/// Where something listens.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an IP address and a port are expected, such as 127.0.0.1:8405".to_owned())
}

/// The length of a page.
pub(super) fn page(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|_| "a number of bytes is expected".to_owned())?;
    if bytes < SHORTEST {
        return Err(format!("a page needs at least {SHORTEST} bytes"));
    }
    Ok(bytes)
}
