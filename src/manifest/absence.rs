//! Absent for a moment is not gone: since when lines are missing that stood there, or may have
//! stood there, before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{InForce, unsaid::MissingKeys};
use crate::{
    model::{
        DesiredTenant, DesiredUser, Limits, Missing, Protect, Roster, ShrinkLimit, TenantId,
        TenantName, Upn, Windows,
    },
    words::list,
};

/// Who was named, as long as the service runs.
#[derive(Debug, Clone, Default)]
pub struct Absences {
    tenants: BTreeMap<TenantId, NamedUsers>,
    /// When somebody last looked.
    looked: Option<Timestamp>,
}

/// Who was named of one tenant.
#[derive(Debug, Clone, Default)]
struct NamedUsers {
    /// Users that the tenant named at the last look.
    last: Option<Roster<DesiredUser>>,
    /// Users who count as named then, though they were missing: the tenant itself was away.
    returned: BTreeSet<Upn>,
    /// Users who are missing, and from when on that counts.
    missing: BTreeMap<Upn, Timestamp>,
    /// The same for users who were never seen named.
    others: Option<Timestamp>,
    /// The tenant itself was missing at the last look.
    was_away: bool,
    /// What guards its people, as far as it counts as said.
    guards: Option<Guards>,
    /// From when on it counts that some of that is missing.
    unguarded: Option<Timestamp>,
    /// By whose clocks dates are meant, as far as that counts as said.
    clocks: Option<TimeZone>,
    /// From when on it counts that this is missing.
    unclocked: Option<Timestamp>,
    /// What was said of users, and is missing.
    unsaid: MissingKeys,
}

/// What the manifests say to guard the people of a tenant.
#[derive(Debug, Clone, PartialEq)]
struct Guards {
    windows: Option<Windows>,
    protect: Protect,
    limits: Limits,
    shrink: ShrinkLimit,
}

impl Guards {
    fn of(tenant: &DesiredTenant) -> Self {
        let DesiredTenant { windows, protect, limits, shrink_limit, .. } = tenant;
        let windows = windows.clone();
        let protect = protect.clone();
        Self { windows, protect, limits: *limits, shrink: *shrink_limit }
    }

    /// What of it is missing in a later version: not what that says otherwise.
    fn missing_in(&self, now: &Self) -> Vec<&'static str> {
        let Protect { users, numbers, sites } = &self.protect;
        let protects = users.is_subset(&now.protect.users)
            && numbers.is_subset(&now.protect.numbers)
            && sites.is_subset(&now.protect.sites);
        let limits = |limits: &Limits| [limits.disable, limits.numbers, limits.changes];
        let usual = limits(&Limits::DEFAULT);
        let mut each = limits(&self.limits).into_iter().zip(limits(&now.limits)).zip(usual);
        let usual = ShrinkLimit::DEFAULT;
        let limits = each.any(|((before, now), usual)| before != usual && now == usual)
            || self.shrink != usual && now.shrink == usual;
        [
            ("`windows`", self.windows.is_some() && now.windows.is_none()),
            ("`protect`", !protects),
            ("`limits`", limits),
        ]
        .into_iter()
        .filter_map(|(what, is_missing)| is_missing.then_some(what))
        .collect()
    }
}

impl Absences {
    /// Somebody looked at the manifests. What was missing at the look before, too, was missing in
    /// between for `most` at most: a machine that slept, or whose clock was set, has seen nothing.
    pub fn look(&mut self, at: Timestamp, most: Duration) {
        let Some(before) = self.looked.replace(at) else { return };
        let passed = at.duration_since(before);
        let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
        let unseen = passed - passed.clamp(SignedDuration::ZERO, most);
        if unseen.is_zero() {
            return;
        }
        let named = self.tenants.values_mut();
        for counts in named.flat_map(NamedUsers::moments).filter(|counts| **counts > before) {
            *counts = counts.checked_add(unseen).unwrap_or(Timestamp::MAX);
        }
    }

    /// A look at `now` has seen what is in force already: what has been missing for long enough
    /// counts. The tenants for which that is news.
    pub fn still(&mut self, in_force: &mut InForce, now: Timestamp) -> Vec<TenantName> {
        let mut news = Vec::new();
        for (name, tenant) in &mut in_force.desired.tenants {
            let Some(named) = self.tenants.get_mut(&tenant.id) else { continue };
            if in_force.kept.contains_key(name) || tenant.missing.moments().next().is_none() {
                continue;
            }
            named.missing.retain(|_, counts| *counts > now);
            named.unsaid.count(now);
            let missing = named.noted(tenant, now, now);
            if note(tenant, missing) {
                news.push(name.clone());
            }
        }
        news
    }

    /// Takes what is in force since `now`, and notes in each tenant from when on its missing lines
    /// count: when they have been missing for as long as `patience`. `said` tells of which tenants
    /// commits say all this, so that they count at once.
    pub fn take(
        &mut self,
        in_force: &mut InForce,
        now: Timestamp,
        patience: Duration,
        said: impl Fn(&TenantName) -> bool,
    ) {
        let counts = now.checked_add(patience).unwrap_or(Timestamp::MAX);
        self.note_away(in_force);
        for (name, tenant) in &mut in_force.desired.tenants {
            // Of an older version nobody is removed who is not named.
            if in_force.kept.contains_key(name) {
                continue;
            }
            let named = self
                .tenants
                .entry(tenant.id.clone())
                .or_insert_with(|| NamedUsers { was_away: true, ..NamedUsers::default() });
            if std::mem::take(&mut named.was_away) {
                named.others = Some(counts);
            }
            if said(name) {
                *named = NamedUsers::default();
            }
            named.take(tenant, now, counts);
            let missing = named.noted(tenant, now, counts);
            note(tenant, missing);
        }
    }

    /// Commits say what is in force already, of the tenants of which `said` tells so. Those for which
    /// that is news.
    pub fn said(
        &mut self,
        in_force: &mut InForce,
        said: impl Fn(&TenantName) -> bool,
    ) -> Vec<TenantName> {
        let mut news = Vec::new();
        for (name, tenant) in &mut in_force.desired.tenants {
            if !said(name) || in_force.kept.contains_key(name) {
                continue;
            }
            let Some(named) = self.tenants.get_mut(&tenant.id) else { continue };
            named.others = None;
            named.missing.clear();
            (named.guards, named.unguarded) = (Some(Guards::of(tenant)), None);
            (named.clocks, named.unclocked) = (tenant.clocks.clone(), None);
            named.unsaid = MissingKeys::default();
            if note(tenant, Missing::default()) {
                news.push(name.clone());
            }
        }
        news
    }

    /// While a tenant is not described, nothing can be missing in it; when it comes back, it may do
    /// so file by file.
    fn note_away(&mut self, in_force: &InForce) {
        let here = |id: &TenantId| in_force.desired.tenants.values().any(|tenant| tenant.id == *id);
        for (_, named) in self.tenants.iter_mut().filter(|(id, _)| !here(id)) {
            named.was_away = true;
            named.returned.extend(std::mem::take(&mut named.missing).into_keys());
        }
    }
}

impl NamedUsers {
    fn take(&mut self, tenant: &DesiredTenant, now: Timestamp, counts: Timestamp) {
        // Looked at only where somebody may be missing.
        let named = tenant.users.clone();
        let last = self.last.replace(named.clone()).filter(|last| !last.is_plainly(&named));
        self.unsaid.take(last.as_ref(), &named, now, counts);
        let returned = std::mem::take(&mut self.returned);
        for user in last.iter().flat_map(|last| last.keys()).chain(&returned) {
            if !named.contains_key(user) {
                self.missing.entry(user.clone()).or_insert(counts);
            }
        }
        self.missing.retain(|user, counts| *counts > now && !named.contains_key(user));
    }

    /// What is missing now and does not count yet.
    fn noted(&mut self, tenant: &DesiredTenant, now: Timestamp, counts: Timestamp) -> Missing {
        let others = self.others.filter(|counts| *counts > now);
        let keys = self.unsaid.keys();
        let guards = self.guards(tenant, now, counts);
        let clocks = self.clocks(tenant, now, counts);
        Missing { users: self.missing.clone(), others, guards, keys, clocks, doubt: None }
    }

    /// Each moment from which on something counts.
    fn moments(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        let Self { missing, others, unguarded, unclocked, unsaid, .. } = self;
        let tenant = [others, unguarded, unclocked].into_iter().flatten();
        missing.values_mut().chain(tenant).chain(unsaid.moments())
    }

    /// From when on it counts that the tenant's clocks are missing, if it does not yet.
    fn clocks(
        &mut self,
        tenant: &DesiredTenant,
        now: Timestamp,
        counts: Timestamp,
    ) -> Option<Timestamp> {
        if self.clocks.is_some() && tenant.clocks.is_none() {
            let counts = *self.unclocked.get_or_insert(counts);
            if counts > now {
                return Some(counts);
            }
        }
        (self.clocks, self.unclocked) = (tenant.clocks.clone(), None);
        None
    }

    /// What is missing of the guards, if that does not count yet, and from when on it does.
    fn guards(
        &mut self,
        tenant: &DesiredTenant,
        now: Timestamp,
        counts: Timestamp,
    ) -> Option<(Timestamp, String)> {
        let guards = Guards::of(tenant);
        let missing = self.guards.as_ref().map(|said| said.missing_in(&guards));
        if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
            let counts = *self.unguarded.get_or_insert(counts);
            if counts > now {
                return Some((counts, list(missing)));
            }
        }
        (self.guards, self.unguarded) = (Some(guards), None);
        None
    }
}

/// Notes what is missing in a tenant; a doubt stays. True if that is news.
fn note(tenant: &mut Arc<DesiredTenant>, missing: Missing) -> bool {
    let missing = Missing { doubt: tenant.missing.doubt.clone(), ..missing };
    let is_news = tenant.missing != missing;
    if is_news {
        Arc::make_mut(tenant).missing = missing;
    }
    is_news
}
