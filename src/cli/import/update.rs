//! `import --update`: manifests that are there, brought up to what is live. Comments and what is written
//! stay, nobody is taken out, and what would change is shown before it is written.
//!
//! **Invariant:** the edited manifests are read again before anything is written. They say what the
//! edits want and nothing else, or nothing is written.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use super::{Arguments, ExistingFiles, listed};
use crate::{
    cli::{
        args::Global,
        exit::{Exit, Failure},
        out,
        patch::{self, UserPatch},
        signals::Signals,
        targets,
    },
    config::Execution,
    foreign::{self, line},
    import::{self, Differing, Update, Updater},
    manifest::{self, Edit, Keeper, LoadedManifests, ManifestFile},
    model::{DesiredTenant, RecalledMemory, Upn},
    pass,
    snapshot::TenantSnapshot,
    words::{clauses, many},
    yaml,
};

/// Users that a line names, at most.
const NAMED: usize = 20;

/// A tenant of the folder, and what is to become of its manifests.
struct TenantUpdate<'t> {
    desired: &'t DesiredTenant,
    update: Update,
    shot: &'t TenantSnapshot,
}

/// A file with new users.
struct NewFile {
    path: PathBuf,
    text: String,
}

/// Shows what would change, and writes it if that is asked for.
pub(super) async fn update(
    global: &Global,
    command: &Arguments,
    folder: &Path,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let there = ExistingFiles::look(folder)?;
    if there.desired().tenants.is_empty() {
        let message = format!("no manifest in {} describes a tenant", line(folder.display()));
        return Err(Failure::new(message).hint("import without --update makes them"));
    }
    let shots = see(global, command, (&there, folder), signals).await?;
    let unread = targets::tell_unread(&shots);
    let differing = if command.overwrite { Differing::Follow } else { Differing::Keep };
    let tenants = tenants(&there, &shots, &Updater::new(there.desired(), differing));
    let mut texts = texts(&there);
    let edits: Vec<UserPatch<'_>> = tenants.iter().flat_map(changes).collect();
    for change in &edits {
        patch::edit(&mut texts, change, there.desired());
    }
    let patched = check(&there, &texts, &edits, &[])?;
    let by_hand: Vec<&UserPatch<'_>> =
        edits.iter().filter(|change| !patch::is_wanted(change, &patched.desired)).collect();
    let choice = command.choice();
    let mut left: Vec<(Upn, String)> = Vec::new();
    let mut new: Vec<NewFile> = Vec::new();
    for TenantUpdate { desired, shot, .. } in &tenants {
        let is_addition = |file: &&ManifestFile| import::is_addition(&desired.name, &file.path);
        let rounds = there.files().iter().filter(is_addition).count();
        let additions = import::additions(desired, shot, &patched.desired, &choice, rounds);
        left.extend(additions.left);
        let beside = Path::new(&*desired.origin.file).parent().unwrap_or(Path::new(""));
        new.extend(
            additions.file.map(|file| NewFile { path: beside.join(file.path), text: file.text }),
        );
    }
    let loaded = check(&there, &texts, &edits, &new)?;
    let changes = show(&there, &texts, &new);
    tell(&tenants, &left, &by_hand);
    let exit = if unread > 0 { Exit::Partly } else { Exit::Done };
    if changes == 0 {
        out::talk("there is nothing to update\n");
        return Ok(exit);
    }
    if !command.yes {
        out::talk(&format!("nothing was written: --yes writes {}\n", many(changes, "file")));
        return Ok(Exit::Changes);
    }
    write(&there, &texts, &new)?;
    tell_plan(loaded, shots);
    Ok(exit)
}

/// What is live of the tenants that the folder describes.
async fn see(
    global: &Global,
    command: &Arguments,
    (there, folder): (&ExistingFiles, &Path),
    signals: &Signals,
) -> Result<Vec<TenantSnapshot>, Failure> {
    if command.from.is_empty() {
        let targets = command.targets.at(folder.to_owned());
        let live = command.live.as_deref();
        return Ok(targets::look(global, &targets, live, false, signals).await?.shots);
    }
    let tenant = listed::tenant(command)?;
    let known = there.desired().tenants.values().find(|known| known.id == tenant.id);
    let Some(known) = known else {
        return Err(Failure::new(format!("no manifest there describes tenant {}", tenant.name))
            .hint("import the list without --update first"));
    };
    let (shot, reports) = listed::read(command, &known.reference())?;
    reports.iter().for_each(listed::tell);
    for (row, what) in reports.iter().flat_map(|report| &report.findings) {
        let place = if *row == 0 { String::new() } else { format!("row {row}: ") };
        out::talk(&format!("  {place}{}\n", line(what)));
    }
    Ok(vec![shot])
}

/// The tenants that could be read, and what is to become of their users.
fn tenants<'t>(
    there: &'t ExistingFiles,
    shots: &'t [TenantSnapshot],
    updater: &Updater,
) -> Vec<TenantUpdate<'t>> {
    let found = shots.iter().filter_map(|shot| {
        let live = shot.live.as_deref().ok()?;
        let known = there.desired().tenants.values();
        let desired = known.into_iter().find(|known| known.id == shot.tenant.id)?;
        Some(TenantUpdate { desired, update: updater.update(desired, live), shot })
    });
    found.collect()
}

fn changes<'t>(tenant: &'t TenantUpdate<'_>) -> Vec<UserPatch<'t>> {
    let change = |(user, edits): &'t (Upn, Vec<Edit>)| UserPatch {
        tenant: &tenant.desired.name,
        user,
        edits: edits.clone(),
    };
    tenant.update.edits.iter().map(change).collect()
}

fn texts(there: &ExistingFiles) -> BTreeMap<&str, String> {
    let text = |file: &'_ ManifestFile| file.at_hand().map(ToString::to_string);
    there.files().iter().filter_map(|file| Some((&*file.path, text(file)?))).collect()
}

/// The manifests with the edits and the new files, if they say what is wanted and nothing else.
fn check(
    there: &ExistingFiles,
    texts: &BTreeMap<&str, String>,
    edits: &[UserPatch<'_>],
    new: &[NewFile],
) -> Result<LoadedManifests, Failure> {
    let edited = there.files().iter().map(|file| match texts.get(&*file.path) {
        Some(text) => ManifestFile { text: Ok(text.as_str().into()), ..file.clone() },
        None => file.clone(),
    });
    let made = new.iter().map(|new| ManifestFile::new(&new.path.display().to_string(), &new.text));
    let files: Vec<ManifestFile> = edited.chain(made).collect();
    let loaded = manifest::load(&files);
    if !loaded.diagnostics.is_empty() {
        let failure = Failure::new("the manifests would no longer be valid; nothing was written");
        return Err(Failure { diagnostics: loaded.diagnostics, ..failure }
            .hint("edit them by hand: one of the changes does not go together with the rest"));
    }
    if new.is_empty()
        && let Some(tenant) = patch::beyond(edits, there.desired(), &loaded.desired)
    {
        return Err(Failure::new(format!(
            "an edit would change something else of tenant {} as well; nothing was written",
            line(tenant)
        ))
        .hint("edit the manifests by hand"));
    }
    Ok(loaded)
}

/// Shows the changes as a patch. Gives back how many files they are in.
fn show(there: &ExistingFiles, texts: &BTreeMap<&str, String>, new: &[NewFile]) -> usize {
    let mut shown = 0;
    let mut one = |path: &str, before: &str, after: &str| {
        let diff = TextDiff::from_lines(before, after);
        let from = if before.is_empty() { "/dev/null".to_owned() } else { format!("a/{path}") };
        let to = format!("b/{path}");
        out::raw(&foreign::printable(&diff.unified_diff().header(&from, &to).to_string()));
        shown += 1;
    };
    for file in there.files() {
        let (path, Some(before)) = (&*file.path, file.at_hand()) else { continue };
        if let Some(after) = texts.get(path).filter(|after| ***after != **before) {
            one(path, before, after);
        }
    }
    for NewFile { path, text } in new {
        one(&path.display().to_string(), "", text);
    }
    shown
}

/// What is left as it is, and why.
fn tell(tenants: &[TenantUpdate<'_>], new: &[(Upn, String)], by_hand: &[&UserPatch<'_>]) {
    for TenantUpdate { desired, update, .. } in tenants {
        let name = line(&desired.name);
        if !update.not_live.is_empty() {
            let users = clauses(NAMED, update.not_live.iter().map(line), "user");
            out::talk(&format!("{name}: named and not live, which stay: {users}\n"));
        }
    }
    let left: Vec<&(Upn, String)> =
        tenants.iter().flat_map(|tenant| &tenant.update.left).chain(new).collect();
    for (user, why) in left.iter().take(NAMED) {
        out::talk(&format!("left as it is: {}: {}\n", line(user), line(why)));
    }
    if left.len() > NAMED {
        out::talk(&format!("left as it is: {}\n", many(left.len() - NAMED, "more user")));
    }
    for change in by_hand {
        let edits: Vec<String> = change.edits.iter().map(Edit::words).collect();
        let edits = line(edits.join(", "));
        out::talk(&format!("{}: by hand: {}: {edits}\n", line(change.tenant), line(change.user)));
    }
}

/// Writes the files, each whole or not at all. What has changed since it was read is left alone.
fn write(
    there: &ExistingFiles,
    texts: &BTreeMap<&str, String>,
    new: &[NewFile],
) -> Result<(), Failure> {
    for NewFile { path, text } in new {
        super::write::write(path, text).map_err(|error| unwritten(path, &error))?;
        out::talk(&format!("written: {}\n", line(path.display())));
    }
    for file in there.files() {
        let (name, Some(before)) = (&*file.path, file.at_hand()) else { continue };
        let Some(after) = texts.get(name).filter(|after| ***after != **before) else { continue };
        let path = Path::new(name);
        let now = crate::file::read_text(path, yaml::MAX_BYTES);
        if now.is_ok_and(|now| *now != **before) {
            return Err(Failure::new(format!("{} has changed meanwhile", line(name)))
                .hint("look at what was written, and run it again"));
        }
        replace(path, after).map_err(|error| unwritten(path, &error))?;
        out::talk(&format!("written: {}\n", line(name)));
    }
    Ok(())
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", line(path.display())))
        .hint("files that were named above are written; run it again for the rest")
}

/// The file is the old one or the new one, whenever somebody looks.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let begun = path.with_file_name(format!(".{name}.import"));
    fs::write(&begun, text)?;
    fs::set_permissions(&begun, fs::metadata(path)?.permissions())?;
    fs::rename(begun, path)
}

/// What a plan says of the manifests now.
fn tell_plan(loaded: LoadedManifests, shots: Vec<TenantSnapshot>) {
    let in_force = Keeper::default().take(loaded);
    let known: BTreeMap<_, _> = in_force
        .desired
        .tenants
        .values()
        .map(|tenant| (tenant.id.clone(), tenant.name.clone()))
        .collect();
    let observed = shots
        .into_iter()
        .filter_map(|shot| Some((known.get(&shot.tenant.id)?.clone(), shot.live)))
        .collect();
    let now = jiff::Timestamp::now();
    let plan = pass::decide(
        &in_force,
        &observed,
        |_| RecalledMemory::default(),
        now,
        &Execution::default(),
    );
    let steps: usize = plan
        .tenants
        .iter()
        .filter(|tenant| observed.contains_key(&tenant.tenant))
        .map(|tenant| tenant.steps.len())
        .sum();
    out::talk(&if steps == 0 {
        "nothing to do for them: dialplane plan\n".to_owned()
    } else {
        format!(
            "{} is left between manifests and live state: dialplane plan\n",
            many(steps, "step")
        )
    });
}
