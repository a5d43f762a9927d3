//! `undo`: takes an earlier run back, through the same guards, against today's live state.
//!
//! Without `--apply` there is a reader only; nothing that [`show`] holds could write.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    args::{Global, Once, PlanOutput},
    backend::Backend,
    choose::{Shown, Tenants},
    confirm,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    report::Recovered,
    session,
    show::{self, View},
    signals::Signals,
};
use crate::{
    config::{Execution, Settings},
    journal::Place,
    model::{Entry, RunId, TenantId, TenantName},
    pass::{self, Leases, Memories},
    plan::{Plan, Undo},
    ports::{History, LiveReader},
    words::list,
};

/// Runs that are named to somebody who names none that there is.
const TOLD: usize = 5;

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane history                          which runs there were
  dialplane undo 20260703T100000Z-5f0c7a1e-1             what would take one back
  dialplane undo 20260703T100000Z-5f0c7a1e-1 --apply     do it
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The run, as reports and the journal call it
    run: String,
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// Carry it out. Without this it is only shown, and nothing can be written
    #[arg(long)]
    apply: bool,
    /// Do not ask on a terminal whether the plan is meant
    #[arg(long, requires = "apply")]
    yes: bool,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Text, value_name = "FORMAT")]
    output: PlanOutput,
}

impl Arguments {
    /// What a single pass takes.
    pub(super) fn as_once(&self) -> Once {
        Once {
            paths: self.paths.clone(),
            sandbox: false,
            tenants: Tenants::default(),
            shown: Shown::default(),
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
    let run = RunId::new(&arguments.run);
    let history = Place::of(&settings.state).look().await?;
    let entries = entries(&run, &history).await?;
    let once = arguments.as_once();
    let looked = session::look(&once, &settings, signals).await?;
    let tenant = tenant(&run, &entries, &looked)?;
    let back =
        Back { undo: Undo { run: &run, entries: &entries }, tenant, looked: &looked, signals };
    let exit = if arguments.apply {
        carry_out(global, &back, &once, arguments.yes, &settings).await
    } else {
        show(global, &back, &once, &settings).await
    }?;
    Ok(if looked.diagnostics.is_empty() { exit } else { Exit::Error })
}

async fn show(
    global: &Global,
    back: &Back<'_>,
    once: &Once,
    settings: &Settings,
) -> Result<Exit, Failure> {
    let (reader, execution) = {
        let backend = Backend::real(settings)?;
        confirm::tell_place(&backend);
        (backend.reader(), backend.execution)
    };
    let remembered = Place::of(&settings.state).look().await?;
    let tenants = back.looked.in_force.desired.tenants.values();
    let memories = Memories::recall(&remembered, tenants).await.map_err(session::unusable)?;
    let mut plan = back.plan(&reader, &execution, &memories).await?;
    session::stop(&mut plan, &session::switch(false, settings));
    show::plan(&plan, &View::of(once, global));
    Ok(Exit::of_plan(&plan, false))
}

async fn carry_out(
    global: &Global,
    back: &Back<'_>,
    once: &Once,
    yes: bool,
    settings: &Settings,
) -> Result<Exit, Failure> {
    let backend = Backend::real(settings)?;
    confirm::tell_place(&backend);
    let journal = session::store(false, settings).await?;
    let tenants = &back.looked.in_force.desired.tenants;
    let own = tenants.get(back.tenant).map(|tenant| (&tenant.name, &tenant.id));
    let leases = Leases::take(&journal, own.into_iter()).await.map_err(session::unusable)?;
    let memories = leases.memories(&journal, tenants.values()).await.map_err(session::unusable)?;
    let mut plan = back.plan(&backend.reader(), &backend.execution, &memories).await?;
    drop(memories);
    let switch = session::switch(false, settings);
    session::stop(&mut plan, &switch);
    let view = View::of(once, global);
    confirm::agree(&plan, &backend, (&view, yes), back.signals).await?;
    // No version of the manifests wants this.
    Ok(session::carry_out(
        &plan,
        (&backend, &journal, leases, switch),
        None,
        (&Recovered::new(), &Place::of(&settings.state)),
        &view,
        back.signals,
    )
    .await)
}

/// The way back.
struct Back<'a> {
    undo: Undo<'a>,
    tenant: &'a TenantName,
    looked: &'a FoundManifests,
    signals: &'a Signals,
}

impl Back<'_> {
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
        let plan = pass::decide_undo(
            (self.undo, self.tenant),
            in_force,
            &observed,
            |tenant| memories.recalled(tenant),
            Timestamp::now(),
            execution,
        );
        Ok(Plan::of(plan.into_iter().collect()))
    }
}

/// What is on record of the run.
async fn entries(run: &RunId, history: &impl History) -> Result<Vec<Entry>, Failure> {
    let entries = history.entries(run).await?;
    if !entries.is_empty() {
        return Ok(entries);
    }
    let last: Vec<String> =
        history.runs(None, TOLD).await?.iter().map(ToString::to_string).collect();
    let hint = if last.is_empty() {
        "the journal has no runs that wrote; is `state.path` the right one?".to_owned()
    } else {
        format!("the last runs that wrote are {}", list(last))
    };
    Err(Failure::new(format!("the journal knows no run `{run}`")).hint(hint))
}

/// The run's tenant, by the name that it has now.
fn tenant<'l>(
    run: &RunId,
    entries: &[Entry],
    looked: &'l FoundManifests,
) -> Result<&'l TenantName, Failure> {
    let of =
        |id: &TenantId| looked.in_force.desired.tenants.values().find(|tenant| tenant.id == *id);
    let Some(first) = entries.first() else {
        return Err(Failure::new(format!("nothing is on record of run {run}")));
    };
    of(&first.tenant_id).map(|tenant| &tenant.name).ok_or_else(|| {
        Failure::new(format!(
            "run {run} was of tenant {}, which the manifests do not describe",
            first.tenant
        ))
        .hint("its rules are needed for an undo: bring the tenant's document back, or correct it")
    })
}
