//! `undo`: takes earlier passes back, through the same guards, against today's live state.
//!
//! ```text
//! a pass, the last one, all since a moment --their runs, by tenant--> entries --pass::decide_undo--> Plan
//! ```
//!
//! Without `--apply` there is a reader only; nothing that [`show`] holds could write. Beside a running
//! service, which has the right to write, the undo is handed over to it (`service`).

mod asked;
mod recorded;
mod service;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::Timestamp;

use asked::asked;
pub(super) use recorded::past;

use super::{
    args::{Global, PassArguments, PlanOutput},
    backend::Backend,
    choose::{PlanDetail, Tenants},
    confirm,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    past, patch,
    report::DebtsByTenant,
    right::CommandLead,
    session::{self, Brakes},
    show::{self, PlanDisplay},
    signals::Signals,
};
use crate::{
    config::{Execution, Settings},
    control::ControlClient,
    journal::{JournalLocation, OpenError, Store},
    model::{Entry, PartOf, TenantName},
    pass::{self, Leases, Memories},
    plan::{Plan, Undo},
    ports::{History as _, LiveReader},
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane history                      which passes there were
  dialplane undo 1f0c                    what would take one back, in all its tenants
  dialplane undo 1f0c --apply            do it
  dialplane undo --last --tenant contoso only there
  dialplane undo --since 02:00           all that was done since (UTC)
  dialplane undo 1f0c --patch            the edit of the manifests that makes it last
  dialplane undo 1f0c --patch --out DIR  the same, a file for each repository
";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Arguments {
    /// The pass, or one run of it, as `history` names them; the first characters of its id will do
    #[arg(value_name = "PASS|RUN", required_unless_present_any = ["last", "since"])]
    id: Option<String>,
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// Take the last pass back
    #[arg(long, conflicts_with = "since")]
    last: bool,
    /// Take back all that was done since then: `02:00` or `2026-07-04 02:00`, both in UTC, or how
    /// long ago it was, as `90min`
    #[arg(long, value_name = "TIME", value_parser = |text: &str| past::moment(text, Timestamp::now()))]
    since: Option<Timestamp>,
    #[command(flatten)]
    tenants: Tenants,
    /// Carry it out, or have the running service do it. Without this it is only shown, and nothing can
    /// be written
    #[arg(long)]
    apply: bool,
    /// Do not ask on a terminal whether the plan is meant
    #[arg(long, requires = "apply")]
    yes: bool,
    /// Print the edit of the manifests that makes it last, for `git apply`; nothing is written
    #[arg(long, conflicts_with_all = ["apply", "output"])]
    patch: bool,
    /// Write it into this folder instead, a file for each repository; needed where the manifests
    /// are in several
    #[arg(long, value_name = "DIR", requires = "patch")]
    out: Option<PathBuf>,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Text, value_name = "FORMAT")]
    output: PlanOutput,
}

impl Arguments {
    /// Whether the first word is a path, and no id.
    fn has_no_id(&self) -> bool {
        self.last || self.since.is_some()
    }

    /// What a single pass takes.
    pub(super) fn as_once(&self) -> PassArguments {
        let first = self.id.as_ref().filter(|_| self.has_no_id()).map(PathBuf::from);
        PassArguments {
            paths: first.into_iter().chain(self.paths.iter().cloned()).collect(),
            sandbox: false,
            tenants: Tenants::default(),
            shown: PlanDetail::default(),
            output: self.output,
        }
    }
}

/// Shows the plan back, or carries it out.
pub(super) async fn undo(
    global: &Global,
    arguments: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let history = JournalLocation::of(&settings.state).look().await?;
    let begun = history.begun(past::LOOKED_AT).await.map_err(Failure::from)?;
    let asked = asked(arguments, &history, &begun).await?;
    let once = arguments.as_once();
    let looked = session::look(&once, &settings, signals).await?;
    let tenants = pass::by_tenant(asked.entries, &looked.in_force).map_err(undescribed)?;
    let back = UndoPass { what: &asked.what, tenants, looked: &looked, signals };
    let exit = if arguments.apply {
        let view = PlanDisplay::of(&once, global);
        match JournalLocation::of(&settings.state).open().await {
            Ok(journal) => match CommandLead::take(&settings).await {
                Ok(right) => {
                    let brakes = Brakes {
                        switch: session::switch(false, &settings).await,
                        configuration: manifests::configuration(global),
                        right: right.permit(),
                    };
                    let asked = (&view, arguments.yes);
                    let exit = carry_out(&back, &journal, asked, (&settings, brakes)).await;
                    right.give_up().await;
                    exit
                }
                Err(refused) => {
                    let asked_for = (&view, arguments.yes);
                    let client = heard(&settings, refused).await?;
                    service::hand_over(&back, &asked.runs, asked_for, (&settings, &client)).await
                }
            },
            Err(error @ OpenError::InUse { .. }) => {
                let asked_for = (&view, arguments.yes);
                let client = heard(&settings, in_use(error)).await?;
                service::hand_over(&back, &asked.runs, asked_for, (&settings, &client)).await
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        show(global, &back, &once, arguments, &settings).await
    }?;
    Ok(if looked.diagnostics.is_empty() { exit } else { Exit::Error })
}

async fn show(
    global: &Global,
    back: &UndoPass<'_>,
    once: &PassArguments,
    arguments: &Arguments,
    settings: &Settings,
) -> Result<Exit, Failure> {
    let (reader, execution) = {
        let backend = Backend::real(settings)?;
        confirm::tell_place(&backend);
        (backend.reader(), backend.execution)
    };
    let remembered = JournalLocation::of(&settings.state).look().await?;
    let tenants = back.looked.in_force.desired.tenants.values();
    let memories = Memories::recall(&remembered, tenants).await.map_err(session::unusable)?;
    let mut plan = back.plan(&reader, &execution, &memories).await?;
    if arguments.patch {
        let into = arguments.out.as_deref();
        return patch::print(&plan, back.looked, Timestamp::now(), into);
    }
    session::stop(&mut plan, &session::switch(false, settings).await);
    show::plan(&plan, &PlanDisplay { pages: true, ..PlanDisplay::of(once, global) });
    Ok(Exit::of_plan(&plan, false))
}

async fn carry_out(
    back: &UndoPass<'_>,
    journal: &Store,
    (view, yes): (&PlanDisplay<'_>, bool),
    (settings, brakes): (&Settings, Brakes),
) -> Result<Exit, Failure> {
    let backend = Backend::real(settings)?;
    confirm::tell_place(&backend);
    let tenants = &back.looked.in_force.desired.tenants;
    let own = back.tenants.keys().filter_map(|name| tenants.get(name));
    let own = own.map(|tenant| (&tenant.name, &tenant.id));
    let leases = Leases::take(journal, own).await.map_err(session::unusable)?;
    let memories = leases.memories(journal, tenants.values()).await.map_err(session::unusable)?;
    let mut plan = back.plan(&backend.reader(), &backend.execution, &memories).await?;
    drop(memories);
    session::stop(&mut plan, &brakes.switch);
    confirm::agree(&plan, &backend, (view, yes), back.signals).await?;
    let part_of = PartOf { pass: pass::pass_id(), undoes: Some(back.what.to_owned()) };
    // No version of the manifests wants this.
    Ok(session::carry_out(
        &plan,
        (&backend, journal, leases),
        brakes,
        (None, part_of),
        (&DebtsByTenant::new(), &JournalLocation::of(&settings.state)),
        view,
        back.signals,
    )
    .await)
}

/// The service of this machine, which is handed the undo; `refused` if there is none.
async fn heard(settings: &Settings, refused: Failure) -> Result<ControlClient, Failure> {
    let client = ControlClient::of(&settings.state.path);
    if client.is_heard().await { Ok(client) } else { Err(refused) }
}

/// Another process writes, and it takes no orders: an `apply`, or a service without a socket.
fn in_use(error: OpenError) -> Failure {
    Failure::from(error).hint(
        "a running service is handed the undo on its control socket, and nobody listens there: \
            wait until that process is done, or end it (`systemctl stop dialplane`), and undo again",
    )
}

fn undescribed(error: pass::UndescribedRun) -> Failure {
    let hint = error.hint();
    Failure::new(error).hint(hint)
}

/// The way back.
struct UndoPass<'a> {
    what: &'a str,
    tenants: BTreeMap<TenantName, Vec<Entry>>,
    looked: &'a FoundManifests,
    signals: &'a Signals,
}

impl UndoPass<'_> {
    /// All tenants are looked at, because a number may have moved to any of them.
    async fn plan<R: LiveReader>(
        &self,
        reader: &R,
        execution: &Execution,
        memories: &Memories,
    ) -> Result<Plan, Failure> {
        let in_force = &self.looked.in_force;
        let observed =
            session::observe(self.looked, reader, execution, memories, self.signals).await?;
        let undos: Vec<(Undo<'_>, &TenantName)> = self
            .tenants
            .iter()
            .map(|(tenant, entries)| (Undo { what: self.what, entries }, tenant))
            .collect();
        Ok(pass::decide_undo(
            &undos,
            in_force,
            &observed,
            |tenant| memories.recalled(tenant),
            Timestamp::now(),
            execution,
        ))
    }
}
