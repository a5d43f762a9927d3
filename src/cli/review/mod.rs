//! `plan --base`: what a change of the manifests does, for those who decide about it.
//!
//! The two versions are folders or commits; a commit is read and never checked out. The settings
//! are those of this command and come from no version.

mod version;

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use super::{
    args::{Global, PassArguments, PlanOutput},
    backend,
    choose::{Tenants, UserFilter},
    exit::{Exit, Failure},
    manifests, out, saved, session, show,
    signals::Signals,
    targets,
};
use crate::{
    config::Settings,
    journal::JournalLocation,
    manifest::InForce,
    model::{DesiredTenant, Upn},
    pass::{self, Memories, Versions},
    plan::{
        Mask,
        render::{self, Compared, Mistake},
        review::{LeftOut, Review, ReviewScope},
    },
    source::{Repository, Sources},
    words::list,
    yaml::Diagnostic,
};
use version::ManifestVersion;

/// Which versions are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparedVersions<'a> {
    /// Without the change: a folder, or the name of a commit.
    pub(super) base: &'a str,
    /// With it: the name of a commit; nothing for the manifests that lie here.
    pub(super) head: Option<&'a str>,
    /// Drift decides about the exit code as well.
    pub(super) strict: bool,
    /// Drift of all tenants is shown.
    pub(super) all: bool,
}

/// Where live state is from, and the time of the oldest of it.
type LiveOrigin = (String, Option<Timestamp>);

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReviewDisplay<'a> {
    pub(super) output: PlanOutput,
    /// The longest page.
    pub(super) most: usize,
    /// What hides names and numbers.
    pub(super) mask: Option<&'a Mask>,
    /// Where it is saved as well.
    pub(super) out: Option<&'a Path>,
}

/// Shows what a change does.
pub(super) async fn review(
    global: &Global,
    (once, live, change): (&PassArguments, Option<&Path>, ComparedVersions<'_>),
    users: &UserFilter,
    view: ReviewDisplay<'_>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let paths = session::paths(once, &settings)?;
    let base = ManifestVersion::without(change.base, &paths)?;
    let head = match change.head {
        Some(name) => ManifestVersion::committed(&Repository::of(&paths)?, name, &paths)?,
        None => ManifestVersion::here(
            manifests::look_unless_stopped(&Sources::folders(&paths), signals).await?,
        ),
    };
    if head.files == 0 {
        let named = list(paths.iter().map(|path| path.display().to_string()));
        return Err(Failure::new(format!("there is no manifest in {named} of {}", head.name))
            .hint("name the folder that holds the .yaml files"));
    }
    version::tell(&base, &head);
    let configuration_changes = version::configuration_changes(global, &base, &head);
    let accounts = backend::known_accounts(&settings, &head.in_force.desired);
    let versions = Versions { base: &base.in_force, head: &head.in_force, accounts: &accounts };
    manifests::know(&head.in_force, &once.tenants)?;
    let (mut review, against) = if let Some(path) = live {
        compare(versions, path, &settings, signals).await?
    } else {
        let now = Timestamp::now();
        let seen = pass::see_nothing(versions, now);
        let memories = Memories::default();
        (pass::review(versions, &seen, &memories, now, &settings.execution), None)
    };
    if against.is_none() {
        // It is one of what was made up.
        review.fingerprint = None;
    }
    let left_out = only(&mut review, versions, &once.tenants, users)?;
    let (live, observed) = against.unzip();
    let from = Compared {
        lacks: version::lacks(&base, &head, &paths)?,
        base: base.name,
        head: head.name,
        live,
        observed: observed.flatten(),
        configuration_changes,
        changed_only: !change.all && !configuration_changes,
        mistakes: mistakes(&head.diagnostics, view.mask),
        left_out,
    };
    if let Some(file) = view.out {
        saved::write_review(&review, &from, file)?;
    }
    let shown = view.mask.map(|mask| mask.review(&review));
    show::review(shown.as_ref().unwrap_or(&review), &from, view.output, view.most);
    if let Some(lacks) = render::lacks(&from).filter(|_| view.output != PlanOutput::Text) {
        out::talk(&format!("warning: {lacks}\n"));
    }
    if from.live.is_none() {
        out::talk(
            "not compared with the service: give live state with `--live FILE`, which `dialplane \
                observe --out FILE` writes\n",
        );
    }
    Ok(if head.diagnostics.is_empty() { exit(&review, change.strict) } else { Exit::Error })
}

/// Mistakes as they may be shown.
pub(super) fn mistakes(diagnostics: &[Diagnostic], mask: Option<&Mask>) -> Vec<Mistake> {
    let mistakes: Vec<Mistake> = diagnostics.iter().map(mistake).collect();
    if mask.is_some() { Mask::mistakes(&mistakes) } else { mistakes }
}

fn mistake(diagnostic: &Diagnostic) -> Mistake {
    let (line, column) = diagnostic.position().unzip();
    Mistake {
        file: Some(diagnostic.file.to_string()),
        line,
        column,
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
    }
}

/// What the change causes decides; drift does if it is asked for.
fn exit(review: &Review, strict: bool) -> Exit {
    let drift = || review.drift.tenants.iter().any(|tenant| !tenant.steps.is_empty());
    match Exit::of_plan(&review.caused, strict) {
        Exit::Done if strict && !drift() && review.unforeseen_beside() > 0 => Exit::Held,
        Exit::Done | Exit::Held if strict && drift() => Exit::Changes,
        Exit::Done if review.unforeseen() > 0 => Exit::Held,
        exit => exit,
    }
}

/// Compares with kept live state, and with what the journal remembers.
async fn compare(
    versions: Versions<'_>,
    path: &Path,
    settings: &Settings,
    signals: &Signals,
) -> Result<(Review, Option<LiveOrigin>), Failure> {
    let kept = targets::kept(path, settings)?;
    targets::tell_age(&kept, versions.looked_at().into_iter());
    let taken = versions.looked_at().into_iter().filter_map(|tenant| kept.taken(&tenant));
    let observed = taken.map(|(at, _)| at).min();
    let remembered = JournalLocation::of(&settings.state).look().await?;
    let described = |in_force: &'_ InForce| -> Vec<Arc<DesiredTenant>> {
        in_force.desired.tenants.values().cloned().collect()
    };
    let tenants = [described(versions.head), described(versions.base)].concat();
    let memories =
        Memories::recall(&remembered, tenants.iter()).await.map_err(session::unusable)?;
    let readers = settings.execution.readers;
    let seen = tokio::select! {
        seen = pass::see(&kept, versions, readers, || {}) => seen,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            anything was changed")),
    };
    let now = Timestamp::now();
    let mut review = pass::review(versions, &seen, &memories, now, &settings.execution);
    let unknown = memories.never_looked(versions.head.desired.tenants.values());
    let concerned = unknown.into_iter().filter(|tenant| review.concerns(tenant)).collect();
    review.caused.unremembered = concerned;
    Ok((review, Some((kept.name().to_owned(), observed))))
}

/// Leaves the tenants and the users that were asked for, if any were. Numbers were compared over all.
fn only(
    review: &mut Review,
    versions: Versions<'_>,
    tenants: &Tenants,
    users: &UserFilter,
) -> Result<Option<LeftOut>, Failure> {
    if tenants.is_all() && users.is_all() {
        return Ok(None);
    }
    let Versions { base, head, accounts: _ } = versions;
    let described = base.desired.tenants.values().chain(head.desired.tenants.values());
    let named = described.flat_map(|tenant| tenant.users.keys());
    let plans = review.caused.tenants.iter().chain(&review.drift.tenants);
    let steps = plans.flat_map(|tenant| &tenant.steps).map(|step| &step.user);
    users.know(named.chain(steps), "neither version of the manifests names")?;
    let user = |user: &Upn| users.has(user);
    let scope = ReviewScope {
        tenant: &|tenant| tenants.has(tenant.as_str()),
        user: (!users.is_all()).then_some(&user as &dyn Fn(&Upn) -> bool),
    };
    Ok(Some(review.only(&scope)))
}
