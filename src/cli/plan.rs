//! `plan`: what would change, and nothing more. It makes a reader only; nothing that it holds could
//! write.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::{Timestamp, ZonedDateTime};

use super::{
    approve,
    args::{self, Global, PassArguments, PlanOutput},
    backend,
    choose::{LeftOut, UserFilter},
    confirm,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    mask, out,
    review::{self, ComparedVersions},
    saved, session,
    show::{self, PlanDisplay},
    signals::Signals,
    targets,
};
use crate::{
    config::Settings,
    pass::Memories,
    plan::{Mask, Plan, render},
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane plan                             what would change now
  dialplane plan -q                          who would lose calling, and the counts
  dialplane plan --tenant 'kunde-1*'         only there; so is the exit code
  dialplane plan --user 'adele*'             only what concerns her; the exit code is that of all
  dialplane plan --live contoso.csv          against a list of the portal, without network
  dialplane plan --base origin/main          what this branch changes, offline
  dialplane plan --base main --live live.json
                                             the same against live state, drift beside it
  dialplane plan --base main --user 'adele*' what it does to her; so is the exit code
  dialplane plan --mask env:MASK_KEY         names as pseudonyms, for a comment
  dialplane plan --at 2026-12-01T08:00:00+01:00
                                             what would be done then: joiners, leavers
  dialplane plan --approve --reason 'leavers of June' > manifests/june.yaml
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    once: PassArguments,
    #[command(flatten)]
    users: UserFilter,
    /// Plan from kept live state, without credentials and network: a snapshot of `observe`, a CSV
    /// list of the portal, or a folder of them
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox")]
    live: Option<PathBuf>,
    /// Show what a change of the manifests does: from this version of them, a commit of git or a
    /// folder, to those here or of `--head`. Drift stands beside it. Without `--live` the two
    /// versions are compared with each other, and not with the service
    #[arg(long, value_name = "REF|DIR", conflicts_with_all = ["sandbox", "approve", "fail_on", "summary", "quiet"])]
    base: Option<String>,
    /// The version with the change: a commit of git, which is read and not checked out [default: the
    /// manifests here]
    #[arg(long, value_name = "REF", requires = "base")]
    head: Option<String>,
    /// Show what would be done then, if nothing else changed: for dates of users (`from`, `until`).
    /// Such a plan is only shown: it can be neither saved nor approved
    #[arg(long, value_name = "TIME", value_parser = later, conflicts_with_all = ["base", "out", "approve"])]
    at: Option<Timestamp>,
    /// Show the drift of all tenants, and not only of those that the change concerns
    #[arg(long, requires = "base")]
    all: bool,
    /// Show pseudonyms and shortened numbers, and none of the words of people and services, for a
    /// comment that more people read: the same key makes the same pseudonyms. The key has at least 16
    /// characters and is kept in an environment variable or a file
    #[arg(long, value_name = "env:NAME|file:PATH", conflicts_with_all = ["out", "approve"])]
    mask: Option<String>,
    /// How long a page of `--output markdown` may be: 60000 fits a comment of GitHub, 32768 one of
    /// Bitbucket, 150000 one of Azure DevOps, 1000000 one of GitLab
    #[arg(long, value_name = "BYTES", default_value_t = render::PAGE, value_parser = args::page, hide_default_value = true)]
    max_bytes: usize,
    /// End with exit code 2 as well if there is drift beside the change
    #[arg(long, requires = "base")]
    strict: bool,
    /// Save the plan as well, for `show FILE` and `apply FILE`; with `--base` what the change does,
    /// for `show FILE`. It holds names and numbers of people: only its owner may read the file
    #[arg(long, value_name = "FILE", conflicts_with = "approve")]
    out: Option<PathBuf>,
    /// End with exit code 2 as well if tenants in `mode: report` differ from their manifests
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Write the approval that would let through what is held and may be judged, to commit beside
    /// the manifests
    #[arg(long, conflicts_with = "output")]
    approve: bool,
    /// Why, for the approval; without it somebody has to fill it in
    #[arg(long, value_name = "TEXT", requires = "approve")]
    reason: Option<String>,
}

/// A moment that is ahead.
fn later(text: &str) -> Result<Timestamp, String> {
    let at = text.parse().or_else(|_| text.parse().map(|at: ZonedDateTime| at.timestamp()));
    let at: Timestamp = at.map_err(|_| {
        "a time with its offset is expected, such as 2026-12-01T08:00:00+01:00".to_owned()
    })?;
    if at < Timestamp::now() {
        return Err("this time has passed; without `--at` the plan is that of now".to_owned());
    }
    Ok(at)
}

/// What else makes a plan end as if changes were pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// What tenants in `mode: report` only show
    Drift,
}

impl Arguments {
    /// How it is planned and shown.
    fn asked<'a>(&'a self, mask: Option<&'a Mask>) -> PlanRequest<'a> {
        PlanRequest {
            once: &self.once,
            live: self.live.as_deref(),
            out: self.out.as_deref(),
            fail_on: self.fail_on,
            users: &self.users,
            approve: self.approval(),
            change: self.change(),
            max_bytes: self.max_bytes,
            mask,
            at: self.at,
        }
    }

    /// The change that is to be shown, if one is.
    fn change(&self) -> Option<ComparedVersions<'_>> {
        let head = self.head.as_deref();
        let strict = self.strict;
        let change = |base| ComparedVersions { base, head, strict, all: self.all };
        self.base.as_deref().map(change)
    }

    /// The approval that is to be written, if one is.
    fn approval(&self) -> Option<Approve<'_>> {
        self.approve.then_some(Approve { reason: self.reason.as_deref() })
    }
}

/// A plan that is only shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanRequest<'a> {
    pub(super) once: &'a PassArguments,
    /// Kept live state that stands in the place of the service.
    pub(super) live: Option<&'a Path>,
    /// Where it is saved as well.
    pub(super) out: Option<&'a Path>,
    fail_on: Option<FailOn>,
    /// Of whom it is shown.
    users: &'a UserFilter,
    /// Only what would approve it is written.
    pub(super) approve: Option<Approve<'a>>,
    /// Only what a change of the manifests does is shown.
    change: Option<ComparedVersions<'a>>,
    /// The longest page.
    pub(super) max_bytes: usize,
    /// What hides names and numbers.
    pub(super) mask: Option<&'a Mask>,
    /// For which moment; absent: for now.
    at: Option<Timestamp>,
}

impl<'a> PlanRequest<'a> {
    /// A dry run of another command.
    pub(super) fn dry(once: &'a PassArguments, live: Option<&'a Path>) -> Self {
        const EVERYBODY: &UserFilter = &UserFilter::ALL;
        Self {
            once,
            live,
            out: None,
            fail_on: None,
            users: EVERYBODY,
            approve: None,
            change: None,
            max_bytes: render::PAGE,
            mask: None,
            at: None,
        }
    }
}

/// An approval is to be written instead of the plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Approve<'a> {
    pub(super) reason: Option<&'a str>,
}

/// The command `plan`.
pub(super) async fn command(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    match mask::of(command.mask.as_deref()).await {
        Ok(mask) => plan(global, &command.asked(mask.as_ref()), signals).await,
        Err(failure) => {
            let output = command.once.output;
            let most = command.max_bytes;
            show::no_plan(IN_LOG, None, &[], output, most);
            Err(failure)
        }
    }
}

/// What a page says in the place of words that not everybody may read.
const IN_LOG: &str = "the log has it";

/// Shows what would change. Where there is no plan, a page or annotations say so: they must not go on
/// telling something else.
pub(super) async fn plan(
    global: &Global,
    asked: &PlanRequest<'_>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let shown = decide_and_show(global, asked, signals).await;
    if let Err(failure) = &shown {
        let mistakes = review::mistakes(&failure.diagnostics, asked.mask);
        let why = if asked.mask.is_some() { IN_LOG } else { &failure.message };
        let hint = failure.hint.as_deref().filter(|_| asked.mask.is_none());
        show::no_plan(why, hint, &mistakes, asked.once.output, asked.max_bytes);
    }
    shown
}

async fn decide_and_show(
    global: &Global,
    asked: &PlanRequest<'_>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    asked.out.map_or(Ok(()), saved::check_writable)?;
    if let Some(change) = asked.change {
        let view = review::ReviewDisplay {
            output: asked.once.output,
            most: asked.max_bytes,
            mask: asked.mask,
            out: asked.out,
        };
        let what = (asked.once, asked.live, change);
        return review::review(global, what, asked.users, view, signals).await;
    }
    let once = asked.once;
    if once.output != PlanOutput::Text && !asked.users.is_all() {
        return Err(Failure::new("--user shows a part of a plan, and only as text")
            .hint("JSON and Markdown hold the whole plan: choose from it there"));
    }
    let settings = manifests::settings(global)?;
    let sources = session::sources(once, &settings)?;
    let looked = match asked.approve {
        Some(_) => manifests::look_for_approval(&sources, signals).await?,
        None => manifests::look_unless_stopped(&sources, signals).await?,
    };
    session::tell(&looked, once)?;
    if let Some(path) = asked.live {
        let kept = targets::kept(path, &settings)?;
        targets::tell_age(
            &kept,
            looked.in_force.desired.tenants.values().map(|tenant| tenant.reference()),
        );
        let memories = session::recalled(&looked, once, &settings).await?;
        let (mut plan, _) = session::decide_shown(
            &looked,
            &kept,
            &settings.execution,
            &memories,
            signals,
            asked.at,
        )
        .await?;
        plan.accounts = backend::known_accounts(&settings, &looked.in_force.desired);
        return finish(global, plan, asked, (&looked, &memories), &settings).await;
    }
    let (reader, execution, accounts, _sandbox) = {
        let backend = session::backend(once, &settings, &looked).await?;
        confirm::tell_place(&backend);
        let accounts = backend.accounts(&looked.in_force.desired);
        (backend.reader(), backend.execution, accounts, backend.sandbox)
    };
    let memories = session::recalled(&looked, once, &settings).await?;
    let (mut plan, observed) =
        session::decide_shown(&looked, &reader, &execution, &memories, signals, asked.at).await?;
    plan.accounts = accounts;
    let exit = finish(global, plan, asked, (&looked, &memories), &settings).await;
    // The process ends now: what a large fleet takes is given back at once, and not user by user.
    std::mem::forget((looked, observed));
    exit
}

/// Shows a plan that is not carried out.
async fn finish(
    global: &Global,
    mut plan: Plan,
    asked: &PlanRequest<'_>,
    (looked, memories): (&FoundManifests, &Memories),
    settings: &Settings,
) -> Result<Exit, Failure> {
    let once = asked.once;
    // A sandbox in this process has nothing that could be remembered.
    if !once.sandbox {
        plan.unremembered = memories.never_looked(looked.in_force.desired.tenants.values());
        // Of what could not be read nothing is known anyhow.
        for tenant in plan.tenants.iter().filter(|tenant| tenant.is_unread()) {
            plan.unremembered.remove(&tenant.tenant);
        }
    }
    plan.at = asked.at;
    if plan.at.is_some() {
        // What is approved, or carried out, is the plan of the moment at which that is done.
        plan.tenants.iter_mut().for_each(|tenant| tenant.fingerprint = None);
    }
    let left_out = LeftOut::of(&mut plan, &once.tenants);
    if let Some(Approve { reason }) = asked.approve {
        return approve::write(&plan, reason);
    }
    session::stop(&mut plan, &session::switch(once.sandbox, settings).await);
    if let Some(file) = asked.out {
        saved::write(&plan, file)?;
    }
    let shown = asked.mask.map(|mask| mask.plan(&plan));
    let mistakes = review::mistakes(&looked.diagnostics, asked.mask);
    let shown = shown.as_ref().unwrap_or(&plan);
    let view = PlanDisplay {
        left_out: &left_out,
        pages: true,
        users: asked.users,
        most: asked.max_bytes,
        ..PlanDisplay::of(once, global)
    };
    show::plan_without(&mistakes, shown, &view);
    // A name that may have been meant is a name that a mask hides.
    if asked.mask.is_none() {
        tell_unknown(asked.users, looked, &plan);
    }
    Ok(if looked.diagnostics.is_empty() {
        match Exit::of_plan(&plan, asked.fail_on == Some(FailOn::Drift)) {
            // That nothing differs is not "nothing to do" where it is not known what was sent lately.
            Exit::Done if !plan.unremembered.is_empty() => Exit::Held,
            exit => exit,
        }
    } else {
        Exit::Error
    })
}

/// Says that nobody is as `--user` asks. The plan is that of all, so it is shown all the same, and
/// where manifests are broken nobody can be missed.
fn tell_unknown(users: &UserFilter, looked: &FoundManifests, plan: &Plan) {
    if !looked.diagnostics.is_empty() {
        return;
    }
    let named = looked.in_force.desired.tenants.values().flat_map(|tenant| tenant.users.keys());
    let steps = plan.tenants.iter().flat_map(|tenant| &tenant.steps).map(|step| &step.user);
    let problems = plan.tenants.iter().flat_map(|tenant| &tenant.remarks.problems);
    let known = named.chain(steps).chain(problems.map(|problem| &problem.user));
    if let Err(unknown) = users.know(known, "no manifest and no step of this plan names") {
        let hint = unknown.hint.unwrap_or_default();
        out::talk(&format!("{}\n  hint: {hint}\n", unknown.message));
    }
}
