//! `import`: live state into manifests; with `--check`, users with calling that no manifest names.

mod beside;
mod check;
mod listed;
mod report;
mod update;
mod write;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::{self, Global, Output},
    backend::Backend,
    customers::{self, CustomerSelection, PickedTenants},
    exit::{Exit, Failure},
    manifests, out,
    signals::Signals,
    targets::{self, LiveTargets, Targets},
};
use crate::{
    config::Execution,
    import::{self, Choice, File, Import, SplitBy},
    manifest::{self, Keeper, ManifestFile},
    model::{Desired, ExtensionPrefix, RecalledMemory},
    pass,
    plan::{self, render},
    snapshot::TenantSnapshot,
};

use beside::ExistingFiles;
pub(super) use beside::check_empty;
pub(super) use report::tell_left_out;
pub(super) use write::write;

pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane import --tenant-id contoso=GUID --out manifests
  dialplane import --all --out manifests             every customer without a manifest
  dialplane import --tenants wave-1.txt --out manifests
  dialplane import --live contoso.csv --out manifests
  dialplane import --from teams-users users.csv --tenant-id contoso=GUID --out manifests
  dialplane import --from teams-users users.csv --from teams-numbers numbers.csv --tenant-id \
                   contoso=GUID --out manifests
  dialplane import --update --out manifests          what is live, into manifests that are there
  dialplane import --check                           who is live and not in git";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// Every registered customer that the accounts list and no manifest in the folder describes
    #[arg(long, group = "given", conflicts_with_all = ["paths", "sandbox", "tenant"])]
    all: bool,
    /// The same for those that a file names: names, ids or NAME=GUID, one a line
    #[arg(long = "tenants", group = "given", value_name = "FILE", conflicts_with_all = ["paths", "sandbox", "tenant"])]
    list: Option<PathBuf>,
    /// Take kept live state: a snapshot of `observe`, a CSV list of the portal, or a folder of
    /// them. Without PATHS, its tenants
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sandbox", "all", "list"])]
    live: Option<PathBuf>,
    /// Take a list that you have in the place of live state: `teams-users` (Get-CsOnlineUser, as CSV
    /// or JSON), `teams-numbers` (Get-CsPhoneNumberAssignment; also beside `teams-users`, as a second
    /// proof), `portal` (an export of the vendor's portal), `connect-users` or `connect-trunks` (files
    /// for its bulk upload), `m365dsc` (an export of `Microsoft365DSC`). Passwords in it are not read
    #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"], requires = "ids", conflicts_with_all = ["all", "list", "live", "check", "reader"])]
    from: Vec<PathBuf>,
    /// The country whose numbers may lack their `+` in the list, such as +49: those that begin with 49
    #[arg(long, value_name = "PREFIX", value_parser = ExtensionPrefix::parse, requires = "from")]
    country: Option<ExtensionPrefix>,
    /// Whether calling of everybody is on, for a list that does not say it
    #[arg(long, value_enum, value_name = "WORD", requires = "from")]
    calling: Option<listed::ListedCalling>,
    /// The folder that the manifests go to. It must be absent or empty, but with --all, --tenants and
    /// --from, which leave alone what is there
    #[arg(long, value_name = "FOLDER", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Bring manifests that are in the folder up to what is live: numbers and other values that they
    /// do not say yet, and users whom they do not name. What is written stays, and differences are
    /// told. Shows what would change; exit code 2 if anything would
    #[arg(long, conflicts_with_all = ["all", "list", "check", "paths", "split_by", "users_per_file"])]
    update: bool,
    /// With --update, let what is written follow what is live, too
    #[arg(long, requires = "update")]
    overwrite: bool,
    /// With --update, write what is shown
    #[arg(short, long, requires = "update")]
    yes: bool,
    /// Users of one file, at most
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN.saturating_add(499), value_parser = args::count)]
    users_per_file: NonZeroUsize,
    /// What else puts users into different files: `domain`, or a field such as userTag or
    /// sbcGatewayId
    #[arg(long, value_name = "FIELD", value_parser = SplitBy::parse)]
    split_by: Option<SplitBy>,
    /// Also name users whose calling is off and who hold no number
    #[arg(long)]
    everybody: bool,
    /// Write nothing; say who has calling and is named by no manifest. Exit code 2 if there is
    /// anybody
    #[arg(long, conflicts_with_all = ["out", "users_per_file", "split_by", "everybody", "all", "list"])]
    check: bool,
    /// How the outcome of `--check` is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

impl Arguments {
    fn choice(&self) -> Choice {
        Choice {
            users_per_file: self.users_per_file.get(),
            split_by: self.split_by,
            everybody: self.everybody,
        }
    }

    /// Which customers are asked for that no manifest describes, if it is not said tenant by tenant.
    fn asked(&self) -> Option<CustomerSelection<'_>> {
        match &self.list {
            Some(path) => Some(CustomerSelection::In(path)),
            None => self.all.then_some(CustomerSelection::All),
        }
    }
}

/// Writes the manifests, once they have been read again and planned to nothing.
pub(super) async fn import(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let Some(folder) = &command.out else { return check::check(global, command, signals).await };
    if command.update {
        return update::update(global, command, folder, signals).await;
    }
    if !command.from.is_empty() {
        return listed::import(command, folder);
    }
    let Some(asked) = command.asked() else {
        check_empty(folder)?;
        return carry_out(global, command, (&ExistingFiles::default(), &command.targets), signals)
            .await;
    };
    let there = ExistingFiles::look(folder)?;
    let picked = pick(global, command, asked, there.desired(), signals).await?;
    report::tell_passed_over(&picked);
    if picked.tenants.is_empty() {
        out::talk("there is nothing to import\n");
        return Ok(Exit::Done);
    }
    let targets = command.targets.given(picked.tenants);
    carry_out(global, command, (&there, &targets), signals).await
}

async fn pick(
    global: &Global,
    command: &Arguments,
    asked: CustomerSelection<'_>,
    described: &Desired,
    signals: &Signals,
) -> Result<PickedTenants, Failure> {
    let settings = manifests::settings(global)?;
    let client = Backend::real(&settings)?.client;
    let live = command.targets.reader.unwrap_or_default();
    tokio::select! {
        picked = customers::pick(asked, (&settings, &client), described, live) => picked,
        () = signals.asked().cancelled_owned() => Err(Failure::new("stopped before anything was \
            written")),
    }
}

/// Looks at the tenants and writes their manifests beside what is there.
async fn carry_out(
    global: &Global,
    command: &Arguments,
    (there, targets): (&ExistingFiles, &Targets),
    signals: &Signals,
) -> Result<Exit, Failure> {
    let Some(folder) = &command.out else { return Err(Failure::new("no folder is named")) };
    let LiveTargets { shots, looked } =
        targets::look(global, targets, command.live.as_deref(), false, signals).await?;
    let unread = targets::tell_unread(&shots);
    if unread == shots.len() {
        return Err(Failure::new("no tenant could be read")
            .hint("nothing was written; correct what is told above, and run it again"));
    }
    let choice = command.choice();
    let (imported, unknown) = proven_beside(shots, &choice, there)?;
    write::all(folder, &imported.files)?;
    report::tell(&imported, &unknown, &report::next(folder, command), unread);
    let right = looked.is_none_or(|looked| looked.diagnostics.is_empty());
    Ok(match (right, unread) {
        (false, _) => Exit::Error,
        (true, 0) => Exit::Done,
        (true, _) => Exit::Partly,
    })
}

/// Manifests that ask for what was seen, once they have been read again and planned to nothing.
pub(super) fn proven(shots: Vec<TenantSnapshot>, choice: &Choice) -> Result<Import, Failure> {
    proven_beside(shots, choice, &ExistingFiles::default()).map(|(imported, _)| imported)
}

/// The same beside manifests that are there; and what of them the accounts do not have.
fn proven_beside(
    shots: Vec<TenantSnapshot>,
    choice: &Choice,
    there: &ExistingFiles,
) -> Result<(Import, Vec<String>), Failure> {
    let imported = import::import_beside(&shots, choice, there.beside());
    let unknown = prove(&imported.files, shots, there)?;
    Ok((imported, unknown))
}

/// Reads the manifests again, with those that are there, and plans them against what they were made
/// of. Tells what the accounts do not have.
fn prove(
    files: &[File],
    shots: Vec<TenantSnapshot>,
    there: &ExistingFiles,
) -> Result<Vec<String>, Failure> {
    let made = files.iter().map(|file| ManifestFile::new(&file.path, &file.text));
    let files: Vec<ManifestFile> = there.files().iter().cloned().chain(made).collect();
    let loaded = manifest::load(&files);
    let failure =
        Failure::new("the imported manifests do not say what is live; nothing was written")
            .hint("this is a fault of dialplane: please report it with the lines above");
    if !loaded.diagnostics.is_empty() {
        return Err(Failure { diagnostics: loaded.diagnostics, ..failure });
    }
    let in_force = Keeper::default().take(loaded);
    let mut unknown = Vec::new();
    for shot in &shots {
        if let (Some(inventory), Some(desired)) =
            (&shot.inventory, in_force.desired.tenants.get(&shot.tenant.name))
        {
            let notes = plan::inventory::notes(desired, inventory);
            unknown.extend(notes.into_iter().map(|note| format!("{}: {note}", desired.name)));
        }
    }
    let observed = shots.into_iter().map(|shot| (shot.tenant.name, shot.live)).collect();
    let mut plan = pass::decide(
        &in_force,
        &observed,
        |_| RecalledMemory::default(),
        Timestamp::now(),
        &Execution::default(),
    );
    plan.tenants.retain(|tenant| observed.contains_key(&tenant.tenant));
    if plan
        .tenants
        .iter()
        .all(|tenant| tenant.steps.is_empty() && tenant.remarks.problems.is_empty())
    {
        return Ok(unknown);
    }
    out::talk(&render::text(&plan));
    Err(failure)
}
