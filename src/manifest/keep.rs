//! What stays in force while files are broken: the last good version of the tenants that they could
//! concern.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::LoadedManifests;
use crate::model::{
    Approval, Dates, Desired, DesiredTenant, Doubt, NumberKey, TenantId, TenantInForce, TenantName,
    Upn,
};

/// What is in force now.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// The tenants, new or kept.
    pub desired: Desired,
    /// The approvals that are beside the manifests now: one that was removed is gone, even if its
    /// tenant keeps an older version.
    pub approvals: BTreeMap<TenantName, Vec<Approval>>,
    /// Tenants of which an older version was kept, and why.
    pub kept: BTreeMap<TenantName, String>,
    /// Tenants that cannot be planned at all: something is wrong with them and there is no older
    /// version.
    pub broken: BTreeMap<TenantName, String>,
}

impl InForce {
    /// What is in force for a tenant; nothing if none is.
    #[must_use]
    pub fn tenant(&self, name: &TenantName) -> Option<TenantInForce> {
        Some(TenantInForce {
            desired: Arc::clone(self.desired.tenants.get(name)?),
            kept: self.kept.get(name).map(|reason| reason.as_str().into()),
            approvals: self.approvals.get(name).cloned().unwrap_or_default(),
        })
    }

    /// The same for all tenants.
    pub fn tenants(&self) -> impl Iterator<Item = TenantInForce> {
        self.desired.tenants.keys().filter_map(|name| self.tenant(name))
    }

    /// The tenants that now ask for something else than before, or have other approvals.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> BTreeSet<TenantName> {
        let is_same = |name: &TenantName, now: &DesiredTenant| {
            let then = before.desired.tenants.get(name);
            then.is_some_and(|then| then.says_the_same(now))
                && before.approvals.get(name) == self.approvals.get(name)
        };
        let changed = self.desired.tenants.iter().filter(|(name, now)| !is_same(name, now));
        changed.map(|(name, _)| name.clone()).collect()
    }

    /// Whether both ask for the same, and have the same of all tenants.
    #[must_use]
    pub fn says_the_same(&self, now: &Self) -> bool {
        let tenants = |of: &Self| of.desired.tenants.len();
        now.changed_since(self).is_empty()
            && tenants(self) == tenants(now)
            && self.broken.keys().eq(now.broken.keys())
    }

    /// No line that is missing counts, for this reason, unless there is another one already.
    pub fn doubt(&mut self, doubt: &Doubt) {
        for tenant in
            self.desired.tenants.values_mut().filter(|tenant| tenant.missing.doubt.is_none())
        {
            Arc::make_mut(tenant).missing.doubt = Some(doubt.clone());
        }
    }
}

/// Remembers the last good version of each tenant.
#[derive(Debug, Clone, Default)]
pub struct Keeper {
    good: BTreeMap<TenantName, Arc<DesiredTenant>>,
    spoke_of: BTreeMap<Arc<str>, BTreeSet<TenantName>>,
    /// The same of files that are gone: one may come back empty before it is filled.
    gone: BTreeMap<Arc<str>, BTreeSet<TenantName>>,
    /// Files that were empty when they were first looked at, and still are: nobody knows whom they
    /// named.
    blank: BTreeSet<Arc<str>>,
    /// Whether this was ever asked.
    asked: bool,
}

impl Keeper {
    /// Takes what was loaded and says what is in force from now on.
    ///
    /// A tenant whose documents are all right is taken. One that something is wrong with keeps its
    /// last good version. A file that could not be understood concerns the tenants that it spoke of
    /// last time; if it is new, it may concern anybody, and [`DesiredTenant::incomplete`] then
    /// holds removals. A folder that cannot be looked into, or is empty where a volume is not
    /// mounted, concerns the tenants that files in it spoke of. An empty file counts as one that
    /// could not be understood, if it spoke of anybody before; if it was there and empty from the
    /// beginning, if a file looks like a manifest and is not read, or if a folder is empty,
    /// [`Missing::doubt`](crate::model::Missing::doubt) holds whatever only a missing line wants.
    pub fn take(&mut self, loaded: LoadedManifests) -> InForce {
        let LoadedManifests {
            desired,
            approvals,
            mut broken,
            unclear,
            blank,
            aside,
            hollow,
            mut speaks_of,
            scopes,
            ..
        } = loaded;
        self.emptied(&blank, &desired, &mut speaks_of, &mut broken);
        self.emptied_folders(&hollow, &unclear, &desired, &mut broken);
        self.note_blank(&blank);
        let mut unknown = false;
        for file in &unclear {
            match self.spoke_of.get(file) {
                Some(tenants) if !tenants.is_empty() => {
                    for tenant in tenants {
                        broken
                            .entry(tenant.clone())
                            .or_insert_with(|| format!("{file} could not be understood"));
                    }
                }
                _ => unknown = true,
            }
        }
        let mut in_force = InForce { approvals, ..InForce::default() };
        for (name, tenant) in desired.tenants {
            if broken.contains_key(&name) {
                continue;
            }
            // Users can have moved into a file that cannot be understood now, whatever that file
            // spoke of before.
            let moved = self
                .good
                .get(&name)
                .is_some_and(|last| last.incomplete.is_some() || !tenant.names_all_of(last));
            let tenant = if unknown || moved || tenant.incomplete.is_none() {
                tenant
            } else {
                Arc::new(DesiredTenant { incomplete: None, ..DesiredTenant::clone(&tenant) })
            };
            in_force.desired.tenants.insert(name, tenant);
        }
        for (name, reason) in broken {
            match self.good.get(&name) {
                Some(tenant) => {
                    in_force.kept.insert(name.clone(), reason);
                    in_force.desired.tenants.insert(name, Arc::clone(tenant));
                }
                None => {
                    in_force.broken.insert(name, reason);
                }
            }
        }
        drop_collisions(&mut in_force);
        for (name, tenant) in &mut in_force.desired.tenants {
            let admits =
                |file: &&Arc<str>| scopes.get(*file).is_none_or(|scope| scope.admits(name));
            let doubt = self.doubt(&aside, &hollow, admits);
            if tenant.missing.doubt != doubt {
                Arc::make_mut(tenant).missing.doubt = doubt;
            }
        }
        self.good.retain(|name, _| in_force.broken.contains_key(name));
        self.good.extend(in_force.desired.tenants.clone());
        // What a file that is gone once spoke of says nothing of a new file with its name.
        let (here, gone) = std::mem::take(&mut self.spoke_of)
            .into_iter()
            .partition(|(file, _)| speaks_of.contains_key(file));
        self.spoke_of = here;
        self.gone.extend(BTreeMap::into_iter(gone).filter(|(_, tenants)| !tenants.is_empty()));
        for (file, tenants) in speaks_of {
            if !unclear.contains(&file) {
                self.gone.remove(&file);
                self.spoke_of.insert(file, tenants);
            }
        }
        in_force
    }

    /// Folders that cannot be looked into, and had files that described tenants: those keep their last
    /// good version, unless nobody is missing in the new one. So do those that nothing describes any
    /// more, where a folder is empty; of others, the doubt that it leaves holds removals.
    fn emptied_folders(
        &self,
        hollow: &BTreeSet<Arc<str>>,
        unclear: &BTreeSet<Arc<str>>,
        desired: &Desired,
        broken: &mut BTreeMap<TenantName, String>,
    ) {
        for folder in hollow.iter().chain(unclear) {
            let is_hollow = hollow.contains(folder);
            let is_lost = |name: &TenantName| match desired.tenants.get(name) {
                Some(now) => {
                    !is_hollow && self.good.get(name).is_some_and(|last| !now.names_all_of(last))
                }
                None => self.good.contains_key(name),
            };
            let inside = format!("{}/", folder.trim_end_matches('/'));
            for (file, tenants) in self.were_in(&inside) {
                for tenant in tenants.iter().filter(|name| is_lost(name)) {
                    let what = if is_hollow { "is empty" } else { "cannot be read" };
                    let reason = || format!("the folder {folder} {what}, and {file} was in it");
                    broken.entry(tenant.clone()).or_insert_with(reason);
                }
            }
        }
    }

    /// The files that were ever in a folder, with the tenants that they spoke of.
    fn were_in<'k>(
        &'k self,
        inside: &'k str,
    ) -> impl Iterator<Item = (&'k Arc<str>, &'k BTreeSet<TenantName>)> {
        let known = [&self.spoke_of, &self.gone].into_iter();
        let from = known.flat_map(move |files| files.iter());
        from.filter(move |(file, _)| file.starts_with(inside))
    }

    /// Empty files that described tenants before: those keep their last good version, unless nobody
    /// is missing in the new one.
    fn emptied(
        &self,
        blank: &BTreeSet<Arc<str>>,
        desired: &Desired,
        speaks_of: &mut BTreeMap<Arc<str>, BTreeSet<TenantName>>,
        broken: &mut BTreeMap<TenantName, String>,
    ) {
        let whole = |name: &TenantName| {
            let last = self.good.get(name);
            let now = desired.tenants.get(name);
            last.zip(now).is_some_and(|(last, now)| now.names_all_of(last))
        };
        for file in blank {
            let spoke_of =
                self.spoke_of.get(file).or_else(|| self.gone.get(file)).into_iter().flatten();
            let short: BTreeSet<TenantName> =
                spoke_of.filter(|name| !whole(name)).cloned().collect();
            for tenant in &short {
                let reason = || {
                    format!("{file} is empty, and it described this tenant or users of it before")
                };
                broken.entry(tenant.clone()).or_insert_with(reason);
            }
            speaks_of.insert(Arc::clone(file), short);
        }
    }

    /// Notes which files were always empty.
    fn note_blank(&mut self, blank: &BTreeSet<Arc<str>>) {
        if self.asked {
            self.blank.retain(|file| blank.contains(file));
        } else {
            self.blank.clone_from(blank);
        }
        self.asked = true;
    }

    /// Why no missing line of a tenant counts, if so. `admits` tells which files may speak of it.
    fn doubt(
        &self,
        aside: &BTreeSet<Arc<str>>,
        hollow: &BTreeSet<Arc<str>>,
        admits: impl Fn(&&Arc<str>) -> bool,
    ) -> Option<Doubt> {
        let blank = self.blank.iter().find(&admits).map(|file| {
            (
                format!("{file} is empty, so it is not known which users it named"),
                "fill that file, or delete it",
            )
        });
        let aside = || {
            let file = aside.iter().find(&admits)?;
            let reason =
                format!("{file} looks like a manifest and is not read: it may name this user");
            Some((reason, "rename that file to end in `.yaml`, or move it out of the folder"))
        };
        let hollow = || {
            let folder = hollow.iter().find(&admits)?;
            let reason = format!(
                "the folder {folder} is empty: a file that is missing there may name this user"
            );
            Some((reason, "bring its files back, or delete that folder"))
        };
        let (reason, remedy) = blank.or_else(aside).or_else(hollow)?;
        Some(Doubt { reason, remedy: remedy.to_owned() })
    }
}

/// An old version beside new ones can want what somebody new has, be it a number, a user or the
/// Microsoft tenant itself: then neither may be carried out.
fn drop_collisions(in_force: &mut InForce) {
    if in_force.kept.is_empty() {
        return;
    }
    let mut taken: BTreeMap<UniqueIdentity<'_>, Vec<(&TenantName, Dates)>> = BTreeMap::new();
    let mut colliding: BTreeMap<TenantName, String> = BTreeMap::new();
    // Looked at in copies: those in force are at rest.
    let copies = in_force.desired.tenants.values().map(|tenant| DesiredTenant::clone(tenant));
    let tenants: Vec<DesiredTenant> = copies.collect();
    for tenant in &tenants {
        let name = &tenant.name;
        let users = tenant.users.values();
        let always = Dates::default();
        let numbers = users.clone().filter_map(|user| Some((user.details.phone()?, user.dates())));
        let numbers = numbers.map(|(number, dates)| {
            (UniqueIdentity::Number(NumberKey::new(name, number)), format!("{number}"), dates)
        });
        let users = users
            .map(|user| (UniqueIdentity::User(&user.upn), format!("user {}", user.upn), always));
        let id = (UniqueIdentity::Tenant(&tenant.id), format!("tenant id {}", tenant.id), always);
        for (single, what, dates) in numbers.chain(users).chain([id]) {
            let takers = taken.entry(single).or_default();
            let collides =
                |taker: &&(&TenantName, Dates)| taker.0 != name && !taker.1.take_turns_with(dates);
            let other = takers.iter().find(collides).map(|(other, _)| *other);
            takers.push((name, dates));
            if let Some(other) = other {
                for (one, two) in [(name, other), (other, name)] {
                    let reason = format!(
                        "{what} is also in {two}, and an older version of one of them is in \
                            force"
                    );
                    colliding.entry(one.clone()).or_insert(reason);
                }
            }
        }
    }
    for (name, reason) in colliding {
        in_force.desired.tenants.remove(&name);
        in_force.kept.remove(&name);
        in_force.broken.insert(name, reason);
    }
}

/// What only one tenant can have.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum UniqueIdentity<'d> {
    Tenant(&'d TenantId),
    User(&'d Upn),
    Number(NumberKey),
}
