//! The tenants and users of all files, and what only shows when they are compared.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use super::{
    choices::ConfirmEntry,
    draft::{FileRead, Problem, SetDraft, TenantDraft, What},
    entry::{UserEntry, Written},
    together,
    windows::WindowsEntry,
};
use crate::{
    model::{
        Calling, DesiredTenant, DesiredUser, Details, ExtensionPrefix, Field, Missing, Mode,
        Origin, PhoneNumber, Prune, Site, TenantId, TenantName, Upn, Value,
    },
    yaml::{At, Path, Wrong},
};

/// Problems of all files together that are told, at most, beside those of single files.
const MAX_PROBLEMS: usize = 5000;

/// Where something stands in the set of files.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) file: usize,
    pub(super) path: Path,
}

/// What the files say together.
pub(super) struct Fleet<'f> {
    pub(super) files: &'f [FileRead],
    pub(super) problems: Vec<(usize, Problem)>,
    /// The tenants of these problems.
    concerned: BTreeSet<TenantName>,
    pub(super) tenants: BTreeMap<TenantName, (Spot, DesiredTenant)>,
}

impl<'f> Fleet<'f> {
    /// The tenants and users of these files.
    pub(super) fn of(files: &'f [FileRead]) -> Self {
        let mut fleet = Self {
            files,
            problems: Vec::new(),
            concerned: BTreeSet::new(),
            tenants: BTreeMap::new(),
        };
        fleet.tenants();
        fleet.sets();
        fleet
    }

    pub(super) fn problem(&mut self, file: usize, what: What, concerns: &[&TenantName]) {
        // Of many problems the first are told; the tenants of all are known.
        let told = self.problems.len() >= MAX_PROBLEMS;
        if told
            && !concerns.is_empty()
            && concerns.iter().all(|tenant| self.concerned.contains(*tenant))
        {
            return;
        }
        self.concerned.extend(concerns.iter().copied().cloned());
        self.problems.push((file, Problem::of(what, concerns.iter().copied().cloned().collect())));
    }

    /// Names and ids are unique.
    fn tenants(&mut self) {
        let mut ids: BTreeMap<TenantId, (Spot, TenantName)> = BTreeMap::new();
        for (number, file) in self.files.iter().enumerate() {
            for draft in &file.tenants {
                let spot = Spot { file: number, path: draft.at.clone() };
                if let Some(id) = &draft.spec.tenant_id {
                    if let Some((other, name)) = ids.get(id).filter(|(_, name)| *name != draft.name)
                    {
                        let wrong = Wrong::value(
                            draft.at.key("spec").key("tenantId"),
                            format!("tenant id {id} belongs to two tenants"),
                        );
                        let what = What::at(wrong.hint("each Microsoft tenant is described once"));
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
                    self.problem(number, What::at(wrong), &[&draft.name]);
                }
                if let Some((first, _)) = self.tenants.get(&draft.name) {
                    let wrong = Wrong::value(
                        draft.at.key("metadata").key("name"),
                        format!("tenant `{}` is described twice", draft.name),
                    );
                    let what = What::at(
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
                }
            }
        }
    }

    /// Sets have a tenant, and a user stands once in the fleet.
    fn sets(&mut self) {
        let mut seen: BTreeMap<Upn, (Spot, TenantName)> = BTreeMap::new();
        let mut names: BTreeMap<(TenantName, TenantName), Spot> = BTreeMap::new();
        for (number, file) in self.files.iter().enumerate() {
            for set in &file.sets {
                let spot = Spot { file: number, path: set.at.clone() };
                match names.entry((set.tenant.clone(), set.name.clone())) {
                    Entry::Vacant(entry) => {
                        entry.insert(spot);
                    }
                    Entry::Occupied(first) => {
                        let message =
                            format!("tenant `{}` has two sets called `{}`", set.tenant, set.name);
                        let what = What::at(
                            Wrong::value(set.at.key("metadata").key("name"), message)
                                .hint("give one of them another name"),
                        );
                        let (file, path) =
                            (first.get().file, first.get().path.key("metadata").key("name"));
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
                self.users(number, file, set, &mut seen);
            }
        }
    }

    fn unknown_tenant(&mut self, number: usize, set: &SetDraft) {
        let broken = self
            .files
            .iter()
            .flat_map(|file| &file.problems)
            .any(|problem| problem.concerns.contains(&set.tenant));
        let names: Vec<&str> = self.tenants.keys().map(TenantName::as_str).collect();
        let near =
            names.iter().min_by_key(|name| strsim::damerau_levenshtein(name, set.tenant.as_str()));
        let hint =
            match near.filter(|name| strsim::damerau_levenshtein(name, set.tenant.as_str()) <= 3) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("add a document `kind: Tenant` with the name `{}`", set.tenant),
            };
        let wrong = Wrong::value(
            set.at.key("metadata").key("tenant"),
            format!("there is no tenant `{}`", set.tenant),
        );
        // Behind a misspelt name stands a tenant that now misses users; which one, nobody knows.
        let concerns: &[&TenantName] = if broken { &[&set.tenant] } else { &[] };
        self.problem(number, What::at(wrong.hint(hint)), concerns);
    }

    fn users(
        &mut self,
        number: usize,
        file: &'f FileRead,
        set: &SetDraft,
        seen: &mut BTreeMap<Upn, (Spot, TenantName)>,
    ) {
        let Some((_, tenant)) = self.tenants.get(&set.tenant) else { return };
        let prefix = tenant.extension_prefix.clone();
        let tenant_defaults = self.tenant_defaults(&set.tenant);
        let (tenant_site, tenant_defaults) = tenant_defaults;
        let set_defaults = fields(&set.defaults.fields, prefix.as_ref()).0;
        let defaults = set_defaults.over(&tenant_defaults);
        let default_site = set.defaults.site.clone().or(tenant_site);
        let lines = file.lines.get(set.at.document);
        for (index, entry) in set.users.iter().enumerate() {
            let path = set.at.key("spec").key("users").index(index);
            let UserEntry { upn: Some(upn), calling, site, reason, fields: written } = entry else {
                continue;
            };
            if upn.is_platform_account() {
                let wrong = Wrong::value(
                    path.key("userPrincipalName"),
                    format!("`{upn}` is an account that the platform made for itself"),
                );
                self.problem(
                    number,
                    What::at(wrong.hint("remove the user: changing it would break the platform")),
                    &[&set.tenant],
                );
            }
            if let Some((other, tenant)) = seen.get(upn) {
                let (what, other_tenant) =
                    (user_twice(upn, &path, other, tenant, &set.tenant), tenant.clone());
                self.problem(number, what, &[&set.tenant, &other_tenant]);
                continue;
            }
            seen.insert(
                upn.clone(),
                (Spot { file: number, path: path.clone() }, set.tenant.clone()),
            );
            let (own, wrongs) = fields(written, prefix.as_ref());
            for (field, error) in wrongs {
                let mut wrong = Wrong::value(path.key(field.name()), error);
                let short = written
                    .get(&field)
                    .is_some_and(|written| is_short(written) && prefix.is_none());
                if short {
                    wrong.hint = Some(format!(
                        "set `numbers.extensionPrefix` of tenant `{}`, such as \"+1\"",
                        set.tenant
                    ));
                }
                if let Some(bare) = written.get(&field).and_then(bare_number) {
                    wrong.hint = Some(format!("write \"{bare}\""));
                }
                self.problem(number, What::at(wrong), &[&set.tenant]);
            }
            let line = lines.and_then(|lines| lines.get(index)).copied();
            let origin = Origin { file: Arc::clone(&file.path), line };
            let calling = calling.unwrap_or(Calling::Enabled); // absent only where a problem has been reported
            let (site, reason) = (site.clone().or_else(|| default_site.clone()), reason.clone());
            let user = DesiredUser {
                upn: upn.clone(),
                calling,
                details: own.over(&defaults),
                site,
                reason,
                origin,
            };
            if let Some((_, tenant)) = self.tenants.get_mut(&set.tenant) {
                tenant.users.insert(upn.clone(), user);
            }
        }
    }

    fn tenant_defaults(&self, name: &TenantName) -> (Option<Site>, Details) {
        let draft =
            self.files.iter().flat_map(|file| &file.tenants).find(|draft| draft.name == *name);
        draft
            .map(|draft| {
                (draft.spec.defaults.site.clone(), fields(&draft.spec.defaults.fields, None).0)
            })
            .unwrap_or_default()
    }

    /// Only for problems: looks through all sets.
    pub(super) fn spot_of(&self, user: &Upn, tenant: &TenantName) -> Option<Spot> {
        self.files.iter().enumerate().find_map(|(file, read)| {
            let mut sets = read.sets.iter().filter(|set| set.tenant == *tenant);
            sets.find_map(|set| {
                let index = set.users.iter().position(|entry| entry.upn.as_ref() == Some(user))?;
                Some(Spot { file, path: set.at.key("spec").key("users").index(index) })
            })
        })
    }
}

fn is_short(written: &Written) -> bool {
    matches!(written, Written::Number(text) if PhoneNumber::is_short(text))
}

/// A number without what people put between its digits, if that is all that is wrong with it.
fn bare_number(written: &Written) -> Option<String> {
    let Written::Number(text) = written else { return None };
    let text = text.trim().strip_prefix("tel:").unwrap_or(text);
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/'))
        .collect();
    // As it is dialled from most countries.
    let bare = bare.strip_prefix("00").map_or_else(|| bare.clone(), |rest| format!("+{rest}"));
    (bare.starts_with('+') && PhoneNumber::parse(&bare, None).is_ok()).then_some(bare)
}

fn user_twice(
    upn: &Upn,
    path: &Path,
    other: &Spot,
    other_tenant: &TenantName,
    tenant: &TenantName,
) -> What {
    let whose = if other_tenant == tenant {
        String::new()
    } else {
        format!(", in tenants `{other_tenant}` and `{tenant}`")
    };
    let wrong =
        Wrong::value(path.key("userPrincipalName"), format!("user `{upn}` is listed twice{whose}"));
    let what = What::at(wrong.hint("keep one of the two entries"));
    what.and(other.file, other.path.key("userPrincipalName"), At::Value, "first here")
}

/// The values of written fields in a tenant with this prefix, and what is wrong with some.
fn fields(
    written: &BTreeMap<Field, Written>,
    prefix: Option<&ExtensionPrefix>,
) -> (Details, Vec<(Field, String)>) {
    let mut wrongs = Vec::new();
    let details = written
        .iter()
        .filter_map(|(field, written)| match written.value(prefix) {
            Ok(value) => Some((*field, value)),
            Err(error) => {
                wrongs.push((*field, error));
                None::<(Field, Value)>
            }
        })
        .collect();
    (details, wrongs)
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
        extension_prefix: spec.numbers.extension_prefix.clone(),
        windows: spec.windows.as_ref().and_then(WindowsEntry::windows),
        release: spec.numbers.release.into(),
        parking: draft.parking.iter().map(|(_, number)| number.clone()).collect(),
        users: BTreeMap::new(),
        origin: Origin { file: Arc::clone(&file.path), line: None },
        incomplete: None,
        missing: Missing::default(),
    }
}
