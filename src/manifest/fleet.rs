//! The tenants and users of all files, and what only shows when they are compared.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    mem::take,
    sync::Arc,
};

use super::{
    choices::ConfirmEntry,
    claims::Claims,
    draft::{FileProblem, FileRead, ProblemDetail, SetDraft, TenantDraft},
    former::OfTenant,
    glances::ByTenant,
    sets::Sets,
    together,
    windows::WindowsEntry,
};
use crate::{
    model::{DesiredTenant, Missing, Mode, Origin, Prune, Roster, TenantId, TenantName, Upn},
    words::{many, nearest},
    yaml::{At, Mismatch, Path},
};

/// Problems of all files together that are told, at most, beside those of single files.
const MAX_PROBLEMS: usize = 5000;
/// How unlike a name of a tenant may be that is suggested.
const NEAR: usize = 3;

/// Where something is in the set of files.
#[derive(Debug, Clone)]
pub(super) struct FileSpot {
    pub(super) file: usize,
    pub(super) path: Path,
}

/// Where a user is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct UserSpot {
    pub(super) file: usize,
    /// The set, among those of the file.
    pub(super) set: usize,
    /// The user, among those of the set.
    pub(super) index: usize,
}

/// What the files say together.
pub(super) struct ManifestFleet<'f> {
    pub(super) files: &'f [Arc<FileRead>],
    pub(super) problems: Vec<(usize, FileProblem)>,
    /// The tenants of these problems.
    concerned: BTreeSet<TenantName>,
    /// The files of those whose tenants are not known.
    unclear: BTreeSet<usize>,
    /// Problems that are not told, and the file of the first of them.
    untold: Option<(usize, usize)>,
    pub(super) tenants: BTreeMap<TenantName, (FileSpot, DesiredTenant)>,
    /// The document of each of them.
    pub(super) drafts: BTreeMap<&'f TenantName, &'f TenantDraft>,
    /// The users of each of them, in the order in which they are written.
    pub(super) users: BTreeMap<TenantName, Sets>,
    /// Tenants whose users are known already.
    pub(super) unchanged: &'f BTreeMap<TenantName, OfTenant>,
    /// Where each user is written first; nothing if users are only glanced at.
    pub(super) seen: Option<Claims<Upn, UserSpot>>,
    /// What was noted then.
    pub(super) glances: ByTenant,
}

impl<'f> ManifestFleet<'f> {
    /// The tenants and users of these files; those of some tenants are known already. Without `seen`
    /// users are only glanced at.
    pub(super) fn of(
        files: &'f [Arc<FileRead>],
        unchanged: &'f BTreeMap<TenantName, OfTenant>,
        seen: Option<Claims<Upn, UserSpot>>,
    ) -> Self {
        let mut fleet = Self {
            files,
            problems: Vec::new(),
            concerned: BTreeSet::new(),
            unclear: BTreeSet::new(),
            untold: None,
            tenants: BTreeMap::new(),
            drafts: BTreeMap::new(),
            users: BTreeMap::new(),
            unchanged,
            seen,
            glances: ByTenant::new(),
        };
        fleet.tenants();
        fleet.sets();
        for (name, users) in take(&mut fleet.users) {
            if let Some((_, tenant)) = fleet.tenants.get_mut(&name) {
                tenant.users = Roster::at_rest(users);
            }
        }
        for (name, known) in unchanged {
            if let Some((_, tenant)) = fleet.tenants.get_mut(name) {
                tenant.users = known.users.clone();
            }
            let noted = known.glances.clone().filter(|_| fleet.seen.is_none());
            fleet.glances.extend(noted.map(|noted| (name.clone(), noted)));
        }
        fleet
    }

    pub(super) fn problem(&mut self, file: usize, what: ProblemDetail, concerns: &[&TenantName]) {
        self.one_of_many(file, concerns, |_| Some(what));
    }

    /// Adds a problem of a kind of which there may be one for each user. Of many problems the
    /// first are told and the others are counted; the tenants of all are known.
    pub(super) fn one_of_many(
        &mut self,
        file: usize,
        concerns: &[&TenantName],
        what: impl FnOnce(&Self) -> Option<ProblemDetail>,
    ) {
        let is_known = match concerns {
            [] => self.unclear.contains(&file),
            concerns => concerns.iter().all(|tenant| self.concerned.contains(*tenant)),
        };
        if is_known && self.problems.len() >= MAX_PROBLEMS {
            self.untold.get_or_insert((file, 0)).1 += 1;
            return;
        }
        let Some(what) = what(self) else { return };
        if concerns.is_empty() {
            self.unclear.insert(file);
        }
        self.concerned.extend(concerns.iter().copied().cloned());
        self.problems
            .push((file, FileProblem::of(what, concerns.iter().copied().cloned().collect())));
    }

    /// All problems; if there are more than are told, one says how many.
    pub(super) fn take_problems(&mut self) -> Vec<(usize, FileProblem)> {
        let mut problems = take(&mut self.problems);
        if let Some((number, count)) = self.untold
            && let Some(file) = self.files.get(number)
        {
            let errors = many(count, "more error");
            let message = format!(
                "not shown: {errors} of users and their numbers, in this file or in others"
            );
            problems.push((number, file.not_told(message, Vec::new())));
        }
        problems
    }

    /// Names and ids are unique.
    fn tenants(&mut self) {
        let mut ids: BTreeMap<TenantId, (FileSpot, TenantName)> = BTreeMap::new();
        for (number, file) in self.files.iter().enumerate() {
            for draft in &file.tenants {
                let spot = FileSpot { file: number, path: draft.at.clone() };
                if let Some(id) = &draft.spec.tenant_id {
                    if let Some((other, name)) = ids.get(id).filter(|(_, name)| *name != draft.name)
                    {
                        let wrong = Mismatch::value(
                            draft.at.key("spec").key("tenantId"),
                            format!("tenant id {id} belongs to two tenants"),
                        );
                        let what = ProblemDetail::at(
                            wrong.hint("each Microsoft tenant is described once"),
                        );
                        let what = what.and(
                            other.file,
                            other.path.key("spec").key("tenantId"),
                            At::Value,
                            format!("also of `{name}`"),
                        );
                        let name = name.clone();
                        self.problem(number, what, &[&draft.name, &name]);
                    }
                    ids.entry(id.clone()).or_insert_with(|| (spot.clone(), draft.name.clone()));
                }
                for wrong in together::contradictions(draft) {
                    self.problem(number, ProblemDetail::at(wrong), &[&draft.name]);
                }
                if let Some((first, _)) = self.tenants.get(&draft.name) {
                    let wrong = Mismatch::value(
                        draft.at.key("metadata").key("name"),
                        format!("tenant `{}` is described twice", draft.name),
                    );
                    let what = ProblemDetail::at(
                        wrong.hint("keep one of them; users can be split over many `UserSet`s"),
                    );
                    let what = what.and(
                        first.file,
                        first.path.key("metadata").key("name"),
                        At::Value,
                        "first here",
                    );
                    self.problem(number, what, &[&draft.name]);
                } else {
                    let tenant = desired_tenant(file, draft);
                    self.tenants.insert(draft.name.clone(), (spot, tenant));
                    self.drafts.insert(&draft.name, draft);
                }
            }
        }
    }

    /// Sets have a tenant, and a user appears once in the fleet.
    fn sets(&mut self) {
        let mut names: BTreeMap<(TenantName, TenantName), FileSpot> = BTreeMap::new();
        for (number, file) in self.files.iter().enumerate() {
            for (nth, set) in file.sets.iter().enumerate() {
                let spot = FileSpot { file: number, path: set.at.clone() };
                match names.entry((set.tenant.clone(), set.name.clone())) {
                    Entry::Vacant(entry) => {
                        entry.insert(spot);
                    }
                    Entry::Occupied(first) => {
                        let message =
                            format!("tenant `{}` has two sets called `{}`", set.tenant, set.name);
                        let what = ProblemDetail::at(
                            Mismatch::value(set.at.key("metadata").key("name"), message)
                                .hint("give one of them another name"),
                        );
                        let file = first.get().file;
                        let path = first.get().path.key("metadata").key("name");
                        self.problem(
                            number,
                            what.and(file, path, At::Value, "first here"),
                            &[&set.tenant],
                        );
                    }
                }
                if !self.tenants.contains_key(&set.tenant) {
                    self.unknown_tenant(number, set);
                    continue;
                }
                self.users(number, nth, set);
            }
        }
    }

    fn unknown_tenant(&mut self, number: usize, set: &SetDraft) {
        let broken = self
            .files
            .iter()
            .flat_map(|file| &file.problems)
            .any(|problem| problem.concerns.contains(&set.tenant));
        let names = self.tenants.keys().map(TenantName::as_str);
        let hint = match nearest(set.tenant.as_str(), names, NEAR) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("add a document `kind: Tenant` with the name `{}`", set.tenant),
        };
        let wrong = Mismatch::value(
            set.at.key("metadata").key("tenant"),
            format!("there is no tenant `{}`", set.tenant),
        );
        // A misspelt name means some tenant that now misses users; it is not known which one.
        let concerns: &[&TenantName] = if broken { &[&set.tenant] } else { &[] };
        self.problem(number, ProblemDetail::at(wrong.hint(hint)), concerns);
    }
}

fn desired_tenant(file: &FileRead, draft: &TenantDraft) -> DesiredTenant {
    // What is absent here has been reported as a problem, and a tenant with problems is not used.
    let spec = &draft.spec;
    DesiredTenant {
        name: draft.name.clone(),
        id: spec.tenant_id.clone().unwrap_or_else(TenantId::nil),
        account: spec.account.clone(),
        mode: spec.mode.map_or(Mode::Suspend, Mode::from),
        prune: spec.prune.map_or(Prune::Never, Prune::from),
        adopt: spec.adopt.into(),
        limits: spec.limits.limits(),
        protect: draft.protect.clone(),
        live: spec.live.into(),
        confirm: spec.confirm == ConfirmEntry::Graph,
        shrink_limit: spec.limits.shrink.limit(),
        writes: spec.writes.into(),
        extension_prefix: spec.numbers.extension_prefix.clone(),
        windows: spec.windows.as_ref().and_then(WindowsEntry::windows),
        clocks: spec.time_zone.clone(),
        release: spec.numbers.release.into(),
        parking: draft.parking.iter().map(|(_, number)| number.clone()).collect(),
        users: Roster::new(),
        hands_on: BTreeMap::new(),
        origin: Origin { file: Arc::clone(&file.path), line: None },
        incomplete: None,
        missing: Missing::default(),
    }
}
