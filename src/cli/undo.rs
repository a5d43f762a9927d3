//! `undo`: takes earlier passes back, through the same guards, against today's live state.
//!
//! ```text
//! a pass, the last one, all since a moment --their runs, by tenant--> entries --pass::decide_undo--> Plan
//! ```
//!
//! Without `--apply` there is a reader only; nothing that [`show`] holds could write.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::{Global, Once, PlanOutput},
    backend::Backend,
    choose::{Shown, Tenants},
    confirm,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    out,
    past::{self, Meant},
    patch,
    report::Recovered,
    session,
    show::{self, View},
    signals::Signals,
};
use crate::{
    config::{Execution, Settings},
    foreign::line,
    journal::{OpenError, Place},
    model::{Begun, Entry, PartOf, TenantName},
    pass::{self, Leases, Memories},
    plan::{Plan, Undo},
    ports::{History, LiveReader},
    words::{many, time},
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
    /// Carry it out. Without this it is only shown, and nothing can be written
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
    pub(super) fn as_once(&self) -> Once {
        let first = self.id.as_ref().filter(|_| self.has_no_id()).map(PathBuf::from);
        Once {
            paths: first.into_iter().chain(self.paths.iter().cloned()).collect(),
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
    let history = Place::of(&settings.state).look().await?;
    let begun = history.begun(past::LOOKED_AT).map_err(Failure::from)?;
    let asked = asked(arguments, &history, &begun).await?;
    let once = arguments.as_once();
    let looked = session::look(&once, &settings, signals).await?;
    let tenants = by_tenant(asked.entries, &looked)?;
    let back = Back { what: &asked.what, tenants, looked: &looked, signals };
    let exit = if arguments.apply {
        carry_out(global, &back, &once, arguments.yes, &settings).await
    } else {
        show(global, &back, &once, arguments, &settings).await
    }?;
    Ok(if looked.diagnostics.is_empty() { exit } else { Exit::Error })
}

/// What is to be taken back.
struct Asked {
    /// In words: `pass 1f0c5e7a93`.
    what: String,
    /// All that is on record of it, in its order.
    entries: Vec<Entry>,
}

/// The runs that the arguments mean.
async fn asked(
    arguments: &Arguments,
    history: &impl History,
    begun: &[Begun],
) -> Result<Asked, Failure> {
    let (what, runs) = match (&arguments.id, arguments.since) {
        (_, Some(since)) => (format!("all since {}", time(since)), past::since(since, begun)?),
        (_, None) if arguments.last => of(past::last(begun)?),
        (Some(id), None) => match past::meant(id, begun) {
            Ok(meant) => of(meant),
            Err(unknown) => return old(id, history).await?.ok_or(unknown),
        },
        (None, None) => return Err(past::unknown("", begun)),
    };
    let all = runs.len();
    let runs: Vec<&Begun> =
        runs.into_iter().filter(|run| arguments.tenants.has(&run.tenant)).collect();
    if runs.is_empty() {
        return Err(Failure::new(format!("{what} wrote nothing of such a tenant"))
            .hint("`dialplane history PASS` lists its tenants"));
    }
    if runs.len() < all {
        out::talk(&format!("left out by --tenant: {} of {what}\n", many(all - runs.len(), "run")));
    }
    let mut entries = Vec::new();
    // The oldest first: what was there before the first of them is what comes back.
    for run in runs.iter().rev() {
        entries.extend(history.entries(&run.run).await?);
    }
    Ok(Asked { what, entries })
}

fn of(meant: Meant<'_>) -> (String, Vec<&Begun>) {
    match meant {
        Meant::Pass(pass, runs) if runs.iter().all(|run| run.run.as_str() == pass.as_str()) => {
            (format!("run {pass}"), runs)
        }
        Meant::Pass(pass, runs) => (format!("pass {pass}"), runs),
        Meant::Run(run) => (format!("run {}", run.run), vec![run]),
    }
}

/// A run that is too long ago to be among those that are looked at, by its whole id.
async fn old(id: &str, history: &impl History) -> Result<Option<Asked>, Failure> {
    let run = past::run(id);
    let entries = history.entries(&run).await?;
    Ok((!entries.is_empty()).then(|| Asked { what: format!("run {run}"), entries }))
}

/// What is on record, by the tenants that it is of, by the names that those have now.
fn by_tenant(
    entries: Vec<Entry>,
    looked: &FoundManifests,
) -> Result<BTreeMap<TenantName, Vec<Entry>>, Failure> {
    let tenants = &looked.in_force.desired.tenants;
    let mut by_tenant: BTreeMap<TenantName, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let Some(tenant) = tenants.values().find(|tenant| tenant.id == entry.tenant_id) else {
            return Err(Failure::new(format!(
                "run {} was of tenant {}, which the manifests do not describe",
                line(&entry.run),
                entry.tenant
            ))
            .hint(
                "its rules are needed for an undo: bring the tenant's document back, or correct \
                    it, or leave the tenant out (`--tenant`)",
            ));
        };
        by_tenant.entry(tenant.name.clone()).or_default().push(entry);
    }
    Ok(by_tenant)
}

async fn show(
    global: &Global,
    back: &Back<'_>,
    once: &Once,
    arguments: &Arguments,
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
    if arguments.patch {
        let into = arguments.out.as_deref();
        return patch::print(&plan, back.looked, Timestamp::now(), into);
    }
    session::stop(&mut plan, &session::switch(false, settings));
    show::plan(&plan, &View { pages: true, ..View::of(once, global) });
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
    let journal = Place::of(&settings.state).open().await.map_err(in_use)?;
    let tenants = &back.looked.in_force.desired.tenants;
    let own = back.tenants.keys().filter_map(|name| tenants.get(name));
    let own = own.map(|tenant| (&tenant.name, &tenant.id));
    let leases = Leases::take(&journal, own).await.map_err(session::unusable)?;
    let memories = leases.memories(&journal, tenants.values()).await.map_err(session::unusable)?;
    let mut plan = back.plan(&backend.reader(), &backend.execution, &memories).await?;
    drop(memories);
    let switch = session::switch(false, settings);
    session::stop(&mut plan, &switch);
    let view = View::of(once, global);
    confirm::agree(&plan, &backend, (&view, yes), back.signals).await?;
    let part_of = PartOf { pass: pass::pass_id(), undoes: Some(back.what.to_owned()) };
    // No version of the manifests wants this.
    Ok(session::carry_out(
        &plan,
        (&backend, &journal, leases),
        (switch, manifests::configuration(global)),
        (None, part_of),
        (&Recovered::new(), &Place::of(&settings.state)),
        &view,
        back.signals,
    )
    .await)
}

/// Why the journal cannot be written: mostly because the service works with it.
fn in_use(error: OpenError) -> Failure {
    let in_use = matches!(error, OpenError::InUse { .. });
    let failure = Failure::from(error);
    if in_use {
        failure.hint(
            "an undo and the service cannot write at once. End the service, and see that nothing \
                starts it again (`systemctl stop dialplane`); undo; commit what `undo --patch` \
                prints, or the service does it again; start it. The stop switch would hold the \
                undo as well",
        )
    } else {
        failure
    }
}

/// The way back.
struct Back<'a> {
    what: &'a str,
    tenants: BTreeMap<TenantName, Vec<Entry>>,
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
