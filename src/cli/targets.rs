//! Which tenants `observe` and `import` look at, and what they see there.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::Global,
    backend::Backend,
    choose::Tenants,
    exit::Failure,
    manifests::{self, FoundManifests},
    out,
    session::tick,
    signals::Signals,
};
use crate::{
    config::Settings,
    foreign::line,
    model::{ExtensionPrefix, LiveSource, Mode, TenantId, TenantName, TenantRef},
    pass::{self, ObservedTenants},
    ports::LiveReader,
    snapshot::{PORTAL, Snapshot, TenantSnapshot},
    source::read_kept,
    words::{away, list, many, time},
};

/// Which tenants are looked at.
#[derive(Debug, Clone, Args)]
pub(super) struct Targets {
    /// Files and folders with manifests that describe the tenants [default: `manifests` of the
    /// configuration]
    paths: Vec<PathBuf>,
    /// A tenant that no manifest describes yet, perhaps with what the platform shows before its
    /// extensions, such as +1; may be given more than once
    #[arg(long = "tenant-id", value_name = "NAME=GUID[,PREFIX]", value_parser = tenant_ref, group = "given", conflicts_with_all = ["paths", "sandbox"])]
    ids: Vec<TenantRef>,
    /// Where tenants that no manifest describes are read: connecttoteams, the default, or graph
    #[arg(long, value_name = "READER", value_parser = reader, requires = "given")]
    pub(super) reader: Option<LiveSource>,
    #[command(flatten)]
    tenants: Tenants,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    pub(super) sandbox: bool,
}

impl Targets {
    /// The tenants that were named, of which no manifest speaks.
    pub(super) fn ids(&self) -> &[TenantRef] {
        &self.ids
    }

    /// The tenants that the manifests in a folder describe.
    pub(super) fn at(&self, folder: PathBuf) -> Self {
        Self { paths: vec![folder], ids: Vec::new(), ..self.clone() }
    }

    /// These tenants, which no manifest describes.
    pub(super) fn given(&self, ids: Vec<TenantRef>) -> Self {
        Self { ids, ..self.clone() }
    }
}

/// `NAME=GUID` or `NAME=GUID,PREFIX`.
pub(super) fn tenant_ref(text: &str) -> Result<TenantRef, String> {
    let (name, rest) = text
        .split_once('=')
        .ok_or("NAME=GUID is expected, such as contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd")?;
    let (id, prefix) = rest.split_once(',').map_or((rest, None), |(id, prefix)| (id, Some(prefix)));
    let extension_prefix = prefix.map(ExtensionPrefix::parse).transpose()?;
    let tenant = TenantRef::new(TenantName::parse(name)?, TenantId::parse(id)?);
    Ok(TenantRef { extension_prefix, ..tenant })
}

fn reader(name: &str) -> Result<LiveSource, String> {
    let asked = [LiveSource::ConnecttoTeams, LiveSource::Graph];
    let all = || list(asked.map(LiveSource::name));
    LiveSource::named(name)
        .filter(|source| asked.contains(source))
        .ok_or_else(|| format!("possible are {}", all()))
}

/// What was seen.
pub(super) struct LiveTargets {
    /// By tenant, also those that could not be read.
    pub(super) shots: Vec<TenantSnapshot>,
    /// The manifests, if they were read.
    pub(super) looked: Option<FoundManifests>,
}

/// Looks at the tenants that are named. `with_manifests`: the manifests are needed for more than
/// the names of tenants.
pub(super) async fn look(
    global: &Global,
    targets: &Targets,
    live: Option<&Path>,
    with_manifests: bool,
    signals: &Signals,
) -> Result<LiveTargets, Failure> {
    let settings = manifests::settings(global)?;
    let kept = live.map(|path| kept(path, &settings)).transpose()?;
    let from_kept = kept.is_some() && targets.paths.is_empty();
    let looked = if (targets.ids.is_empty() && !from_kept) || with_manifests {
        let looked =
            manifests::look_unless_stopped(&manifests::sources(&targets.paths, &settings), signals)
                .await?;
        looked.tell();
        Some(looked)
    } else {
        None
    };
    let tenants = only(
        tenants(targets, kept.as_ref().filter(|_| from_kept), looked.as_ref()),
        &targets.tenants,
    )?;
    let shots = match (&kept, &looked) {
        (Some(kept), _) => {
            tell_age(kept, tenants.iter().cloned());
            let observed = observe(kept, &tenants, 1, signals).await?;
            let taken = |tenant: &TenantRef| {
                kept.taken(tenant).map_or_else(
                    || (Timestamp::now(), PORTAL.into()),
                    |(at, reader)| (at, reader.into()),
                )
            };
            shots(kept, tenants, observed, taken).await
        }
        (None, looked) => {
            let backend = match looked {
                Some(looked) if targets.sandbox => {
                    Backend::rehearsal(&looked.in_force.desired).await?
                }
                _ => Backend::real(&settings)?,
            };
            let reader = backend.reader();
            let observed = observe(&reader, &tenants, backend.execution.readers, signals).await?;
            let now = Timestamp::now();
            shots(&reader, tenants, observed, |tenant| (now, tenant.live.name().into())).await
        }
    };
    Ok(LiveTargets { shots, looked })
}

fn tenants(
    targets: &Targets,
    kept: Option<&Snapshot>,
    looked: Option<&FoundManifests>,
) -> Vec<TenantRef> {
    if !targets.ids.is_empty() {
        let live = targets.reader.unwrap_or_default();
        return targets.ids.iter().map(|tenant| TenantRef { live, ..tenant.clone() }).collect();
    }
    if let Some(kept) = kept {
        return kept.tenants();
    }
    let described = looked.iter().flat_map(|looked| looked.in_force.desired.tenants.values());
    let (suspended, asked): (Vec<_>, Vec<_>) =
        described.partition(|tenant| tenant.mode == Mode::Suspend);
    if !suspended.is_empty() {
        let names: Vec<&str> = suspended.iter().map(|tenant| tenant.name.as_str()).collect();
        out::talk(&format!("left alone, because their mode is `suspend`: {}\n", list(names)));
    }
    // A file is what is to be made here: it is not made from itself.
    let from_service = |tenant: TenantRef| match tenant.live {
        LiveSource::File => TenantRef { live: LiveSource::default(), ..tenant },
        LiveSource::ConnecttoTeams | LiveSource::Graph => tenant,
    };
    asked.into_iter().map(|tenant| from_service(tenant.reference())).collect()
}

fn only(tenants: Vec<TenantRef>, wanted: &Tenants) -> Result<Vec<TenantRef>, Failure> {
    let known = tenants.iter().map(|tenant| tenant.name.as_str());
    wanted.know(known, "among those to look at there is no")?;
    Ok(tenants.into_iter().filter(|tenant| wanted.has(tenant.name.as_str())).collect())
}

async fn observe<R: LiveReader>(
    reader: &R,
    tenants: &[TenantRef],
    side_by_side: usize,
    signals: &Signals,
) -> Result<ObservedTenants, Failure> {
    let bar = out::progress("reading live state", tenants.len());
    let observed = tokio::select! {
        observed = pass::look(reader, tenants.iter().cloned(), side_by_side, |tenant| tick(&bar, tenant)) => observed,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            anything was written")),
    };
    bar.finish_and_clear();
    Ok(observed)
}

async fn shots<R: LiveReader>(
    reader: &R,
    tenants: Vec<TenantRef>,
    mut observed: ObservedTenants,
    taken: impl Fn(&TenantRef) -> (Timestamp, Arc<str>),
) -> Vec<TenantSnapshot> {
    let mut shots = Vec::new();
    for tenant in tenants {
        let Some(live) = observed.remove(&tenant.name) else { continue };
        let (at, by) = taken(&tenant);
        let inventory = reader.inventory(&tenant).await;
        shots.push(TenantSnapshot { tenant, at, reader: by, inventory, live });
    }
    shots
}

/// Says which tenants could not be read, and why; how many.
pub(super) fn tell_unread(shots: &[TenantSnapshot]) -> usize {
    let unread =
        shots.iter().filter_map(|shot| Some((&shot.tenant.name, shot.live.as_ref().err()?)));
    let told = unread.map(|(name, fault)| {
        let hint =
            fault.hint.as_ref().map(|hint| format!("  hint: {}\n", line(hint))).unwrap_or_default();
        out::talk(&format!("{name} could not be read: {}\n{hint}", line(fault)));
    });
    told.count()
}

/// Kept live state.
pub(super) fn kept(path: &Path, settings: &Settings) -> Result<Snapshot, Failure> {
    read_kept(path, &settings.live.portal).map_err(|diagnostics| {
        let errors = many(diagnostics.len(), "error");
        Failure {
            diagnostics,
            ..Failure::new(format!("{} cannot be used: {errors}", path.display()))
        }
    })
}

/// Reports the age of the snapshot used instead of live state, and what it lacks.
pub(super) fn tell_age(kept: &Snapshot, tenants: impl Iterator<Item = TenantRef>) {
    let taken: Vec<(TenantRef, Timestamp, bool)> = tenants
        .filter_map(|tenant| {
            kept.taken(&tenant)
                .map(|(at, reader)| (at, reader == PORTAL))
                .map(|(at, portal)| (tenant, at, portal))
        })
        .collect();
    let Some(oldest) = taken.iter().map(|(_, at, _)| *at).min() else { return };
    let age = away(oldest, Timestamp::now());
    let at = time(oldest);
    out::talk(&format!(
        "live state is taken from {}, observed at {at}, {age}\n",
        line(kept.name())
    ));
    let listed: Vec<&str> = taken
        .iter()
        .filter(|(.., portal)| *portal)
        .map(|(tenant, ..)| tenant.name.as_str())
        .collect();
    for (tenant, ..) in &taken {
        if let Some(calling) = kept.obvious_calling(tenant) {
            out::talk(&format!("calling of {} is read from {}\n", tenant.name, line(calling)));
        }
    }
    if !listed.is_empty() {
        out::talk(&format!(
            "lists of the portal do not show whether the customer consents: {}\n",
            list(listed)
        ));
    }
}
