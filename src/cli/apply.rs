//! `apply`: makes live state what the manifests say, once.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    args::{Global, PassArguments},
    backend::Backend,
    choose::LeftOut,
    confirm,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    right::CommandLead,
    saved, session,
    show::PlanDisplay,
    signals::Signals,
};
use crate::{
    config::Settings,
    journal::{JournalLocation, Store},
    model::{Fingerprint, PartOf},
    pass::{self, Leases},
    plan::TenantPlan,
    ports::Permit,
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane apply                            show the plan, ask, carry it out
  dialplane apply --sandbox                  rehearse: no real phone is touched
  dialplane plan --out plan.json && dialplane apply plan.json
                                             what was reviewed, or nothing
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) once: PassArguments,
    /// Only show what would change, as `plan` does; never writes
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do exactly what this plan says, saved with `plan --out`, or nothing
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) plan: Option<PathBuf>,
    /// Do exactly the plan with this fingerprint, or nothing: pages and JSON of a plan show it
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["dry_run", "plan"], value_parser = Fingerprint::parse)]
    pub(super) expect: Option<Fingerprint>,
    /// Do not ask on a terminal whether the plan is meant
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Dry runs only: plan from kept live state, as `plan --live` does
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox", requires = "dry_run")]
    pub(super) live: Option<PathBuf>,
}

/// What exactly is to be carried out, if somebody has seen it before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExpectedPlan<'a> {
    /// The plan in this file.
    pub(super) saved: Option<&'a Path>,
    /// The plan with this fingerprint.
    pub(super) expected: Option<&'a Fingerprint>,
}

impl Arguments {
    /// A saved plan may stand in the place of the manifests, which are then those of the
    /// configuration.
    pub(super) fn with_saved_plan(&self) -> (PassArguments, ExpectedPlan<'_>) {
        let expected = self.expect.as_ref();
        let given = match self.once.paths.as_slice() {
            [path] if self.plan.is_none() && saved::kind_of(path).is_some() => Some(path.as_path()),
            _ => None,
        };
        let paths = if given.is_some() { Vec::new() } else { self.once.paths.clone() };
        let once = PassArguments { paths, ..self.once.clone() };
        (once, ExpectedPlan { saved: given.or(self.plan.as_deref()), expected })
    }
}

/// Carries out the plan.
pub(super) async fn apply(
    global: &Global,
    once: &PassArguments,
    wanted: ExpectedPlan<'_>,
    yes: bool,
    signals: &Signals,
) -> Result<Exit, Failure> {
    if let Some(file) = wanted.saved {
        saved::check(file)?;
    }
    let settings = manifests::settings(global)?;
    let looked = session::look(once, &settings, signals).await?;
    let backend = session::backend(once, &settings, &looked).await?;
    confirm::tell_place(&backend);
    let journal = session::store(once.sandbox, &settings).await?;
    let right = if once.sandbox {
        CommandLead::nothing_shared()
    } else {
        CommandLead::take(&settings).await?
    };
    let given = ApplyRequest { global, once, wanted, yes, signals };
    let exit = given.carry_out(&looked, (&backend, &journal), &settings, right.permit()).await;
    right.give_up().await;
    exit
}

/// How it was asked for.
struct ApplyRequest<'a> {
    global: &'a Global,
    once: &'a PassArguments,
    wanted: ExpectedPlan<'a>,
    yes: bool,
    signals: &'a Signals,
}

impl ApplyRequest<'_> {
    async fn carry_out(
        self,
        looked: &FoundManifests,
        (backend, journal): (&Backend, &Store),
        settings: &Settings,
        right: Permit,
    ) -> Result<Exit, Failure> {
        let Self { global, once, wanted, yes, signals } = self;
        let configuration = manifests::configuration(global);
        let reader = backend.reader();
        let tenants = &looked.in_force.desired.tenants;
        let asked = tenants.values().filter(|tenant| session::is_asked(once, &tenant.name));
        let asked = asked.map(|tenant| (&tenant.name, &tenant.id));
        // First of all: nobody else can change what the plan is made from until it is carried out.
        let leases = Leases::take(journal, asked).await.map_err(session::unusable)?;
        let memories =
            leases.memories(journal, tenants.values()).await.map_err(session::unusable)?;
        let recovered = session::recovered(looked, once, &memories);
        let mut plan =
            session::decide(looked, &reader, &backend.execution, &memories, signals).await?;
        plan.accounts = backend.accounts(&looked.in_force.desired);
        // A run changes what is remembered; who still holds it makes it be cloned.
        drop(memories);
        let left_out = LeftOut::of(&mut plan, &once.tenants);
        if let Some(file) = wanted.saved {
            saved::only(&mut plan, file)?;
        }
        if let Some(expected) = wanted.expected {
            saved::expect(&plan, expected)?;
        }
        let switch = session::switch(once.sandbox, settings).await;
        session::stop(&mut plan, &switch);
        let view = PlanDisplay { left_out: &left_out, ..PlanDisplay::of(once, global) };
        confirm::agree(&plan, backend, (&view, yes), signals).await?;
        if plan.tenants.iter().any(TenantPlan::removes) {
            looked.rest(settings.run.debounce).await?;
        }
        let exit = session::carry_out(
            &plan,
            (backend, journal, leases),
            session::Brakes { switch, configuration, right },
            (looked.revision.clone(), PartOf { pass: pass::pass_id(), undoes: None }),
            (&recovered, &JournalLocation::of(&settings.state)),
            &view,
            signals,
        )
        .await;
        Ok(if looked.diagnostics.is_empty() { exit } else { Exit::Error })
    }
}
