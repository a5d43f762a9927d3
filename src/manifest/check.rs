//! All files together: what only shows when they are compared, and the desired state that is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    LoadedManifests, approval,
    claims::Claims,
    confine,
    diagnose::diagnostics,
    draft::{FileContent, FileRead},
    fleet::ManifestFleet,
    former::{self, OfTenant},
    glances::ByTenant,
    numbers,
};
use crate::{
    model::{Desired, TenantName},
    yaml::Diagnostic,
};

/// What a check gives.
pub(super) struct CheckedManifests {
    pub(super) loaded: LoadedManifests,
    /// The files whose texts were let go and are wanted, to say where something is wrong.
    pub(super) wanted_texts: BTreeSet<usize>,
    /// What was noted of users, if a glance at them was enough.
    pub(super) glances: ByTenant,
}

/// Checks all files together. The users of `unchanged` tenants were made of the same files before.
pub(super) fn check(
    files: &[Arc<FileRead>],
    unchanged: &BTreeMap<TenantName, OfTenant>,
) -> CheckedManifests {
    let mut fleet = fleet(files, unchanged);
    let mut problems = fleet.take_problems();
    let ManifestFleet { mut tenants, glances, .. } = fleet;
    let mut loaded = LoadedManifests::default();
    let (approvals, wrong_approvals) =
        approval::check(files, |tenant| tenants.contains_key(tenant));
    loaded.approvals = approvals;
    problems.extend(wrong_approvals);
    confine::spare_hosts(files, &mut problems);
    let own = files
        .iter()
        .enumerate()
        .flat_map(|(number, file)| file.problems.iter().map(move |problem| (number, problem)));
    for (number, problem) in own.chain(problems.iter().map(|(number, problem)| (*number, problem)))
    {
        for tenant in &problem.concerns {
            let path = files.get(number).map_or("", |file| &file.path);
            loaded
                .broken
                .entry(tenant.clone())
                .or_insert_with(|| format!("its manifests have errors, see {path}"));
        }
    }
    loaded.diagnostics = diagnostics(files, &problems);
    loaded.unclear =
        files.iter().filter(|file| file.is_unclear()).map(|file| Arc::clone(&file.path)).collect();
    let nobody_knows =
        problems.iter().filter(|(_, problem)| problem.concerns.is_empty() && !problem.of_approval);
    loaded.unclear.extend(
        nobody_knows
            .filter_map(|(number, _)| files.get(*number))
            .map(|file| Arc::clone(&file.path)),
    );
    let is_gone = |file: usize| files.get(file).is_some_and(|file| file.is_let_go);
    let places = problems
        .iter()
        .flat_map(|(file, problem)| [*file].into_iter().chain(problem.what.other_files()));
    let wanted_texts = places.filter(|file| is_gone(*file)).collect();
    odd_files(files, &mut loaded);
    loaded.scopes = confine::scopes(files);
    let is_read =
        |file: &FileRead| matches!(file.standing, FileContent::Speaks | FileContent::Blank);
    let read = files.iter().filter(|file| is_read(file));
    loaded.speaks_of = read.map(|file| (Arc::clone(&file.path), file.speaks_of())).collect();
    tenants.retain(|name, _| !loaded.broken.contains_key(name));
    loaded.desired = Desired {
        tenants: tenants.into_iter().map(|(name, (_, tenant))| (name, Arc::new(tenant))).collect(),
    };
    if let Some(file) = loaded.unclear.first() {
        let reason = format!(
            "{file} could not be understood, so it is not known which tenants it describes"
        );
        for tenant in loaded.desired.tenants.values_mut() {
            Arc::make_mut(tenant).incomplete = Some(reason.clone());
        }
    }
    CheckedManifests { loaded, wanted_texts, glances }
}

fn warning(file: &FileRead, message: String, hint: &str) -> Diagnostic {
    Diagnostic {
        message,
        hint: Some(hint.to_owned()),
        file: Arc::clone(&file.path),
        place: None,
        labels: Vec::new(),
        text: Arc::clone(&file.text),
    }
}

/// The tenants and users of all files. Nearly always everybody is named once and every number is
/// wanted once, which hashes show. Only otherwise is it found out who is meant.
fn fleet<'f>(
    files: &'f [Arc<FileRead>],
    unchanged: &'f BTreeMap<TenantName, OfTenant>,
) -> ManifestFleet<'f> {
    let mut fleet = ManifestFleet::of(files, unchanged, None);
    let is_odd = fleet.glances.values().any(|noted| noted.is_odd);
    let are_once = |fleet: &mut ManifestFleet<'_>| {
        former::together(&fleet.glances, unchanged, |noted| &noted.names).are_once()
            && numbers::are_once(fleet)
    };
    if is_odd || !are_once(&mut fleet) {
        let users = files.iter().flat_map(|file| &file.sets).map(|set| set.users.len());
        fleet = ManifestFleet::of(files, unchanged, Some(Claims::of(users.sum())));
        numbers::check(&mut fleet);
    }
    fleet
}

/// Files that say nothing, files that are not read, and folders with nothing in them.
fn odd_files(files: &[Arc<FileRead>], loaded: &mut LoadedManifests) {
    for file in files {
        match &file.standing {
            FileContent::Speaks => {}
            FileContent::Blank => {
                loaded.blank.insert(Arc::clone(&file.path));
                let hint = "an empty file does not mean that there are no users: write `users: []` in a \
                    `UserSet`, or delete the file";
                loaded.warnings.push(warning(file, "this file is empty".to_owned(), hint));
            }
            FileContent::Hollow => {
                loaded.hollow.insert(Arc::clone(&file.path));
                let hint = "an empty folder does not mean that there are no users: bring its files \
                    back (a volume to mount, a submodule to check out?), or delete the folder";
                loaded.warnings.push(warning(file, "this folder is empty".to_owned(), hint));
            }
            FileContent::Aside { reason, is_copy } => {
                if !is_copy {
                    loaded.aside.insert(Arc::clone(&file.path));
                }
                let hint = "rename it, or move it out of the folder";
                loaded.warnings.push(warning(
                    file,
                    format!("this file is not read: {reason}"),
                    hint,
                ));
            }
        }
    }
}
