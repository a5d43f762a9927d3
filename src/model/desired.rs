//! Desired state: what the manifests say, after all checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::{
    AccountName, Calling, Details, ExtensionPrefix, Field, LiveSource, Missing, Named, Onboard,
    PhoneNumber, Roster, Site, TenantId, TenantName, TenantRef, Upn, Windows, WritePath,
};

/// What all manifests together ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// The tenants by name.
    pub tenants: BTreeMap<TenantName, Arc<DesiredTenant>>,
}

/// What is asked for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredTenant {
    /// The name in manifests and reports.
    pub name: TenantName,
    /// The Microsoft tenant.
    pub id: TenantId,
    /// The account at the service that manages it; the only one if absent.
    pub account: Option<AccountName>,
    /// Whether differences are corrected, shown, or not even looked at.
    pub mode: Mode,
    /// What becomes of enabled users that no manifest names.
    pub prune: Prune,
    /// Which of them may be pruned.
    pub adopt: Adopt,
    /// How much may change in one run.
    pub limits: Limits,
    /// Who is never disabled.
    pub protect: Protect,
    /// Where its live state is read.
    pub live: LiveSource,
    /// Whether Graph is asked as well, to confirm that Teams shows it.
    pub confirm: bool,
    /// How many users may vanish from its list between two looks.
    pub shrink_limit: ShrinkLimit,
    /// Which call of the service stores its details.
    pub writes: WritePath,
    /// What the platform shows before a short extension.
    pub extension_prefix: Option<ExtensionPrefix>,
    /// How a number is given up.
    pub release: Release,
    /// Numbers that no user is to have: parking for users of a cycle of numbers, and for those that
    /// are given up.
    pub parking: Vec<PhoneNumber>,
    /// When disruptive changes may be made; absent: at any time.
    pub windows: Option<Windows>,
    /// The managed users; shared by all versions of the tenant that name the same.
    pub users: Roster<DesiredUser>,
    /// Where the tenant is.
    pub origin: Origin,
    /// Why nobody may be removed for now: part of what the manifests say could not be read.
    pub incomplete: Option<String>,
    /// Lines that are missing, and from when on that counts.
    pub missing: Missing,
}

impl DesiredTenant {
    /// What a reader or writer needs to know of the tenant.
    #[must_use]
    pub fn reference(&self) -> TenantRef {
        TenantRef {
            name: self.name.clone(),
            id: self.id.clone(),
            extension_prefix: self.extension_prefix.clone(),
            account: self.account.clone(),
            live: self.live,
            confirm: self.confirm,
        }
    }
}

impl DesiredTenant {
    /// Whether both ask for the same, wherever it is: a comment that moves lines changes
    /// nothing.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.missing == other.missing
            && self.incomplete == other.incomplete
            && self.has_settings_of(other)
            && same_users(&self.users, &other.users)
    }

    /// Whether it takes nothing away from anybody that `before` names: all are still named, with
    /// calling and every field that was wanted, and no setting is another.
    #[must_use]
    pub fn takes_nothing_from(&self, before: &Self) -> bool {
        let keeps = |(now, before): (Option<&DesiredUser>, Option<&DesiredUser>)| {
            before.is_none_or(|before| now.is_some_and(|now| now.takes_nothing_from(before)))
        };
        self.incomplete.is_none()
            && self.has_settings_of(before)
            && (self.users.is_plainly(&before.users)
                || self.users.clone().beside(&before.users.clone()).all(keeps))
    }

    /// Whether everything that is said of the tenant itself is the same.
    fn has_settings_of(&self, other: &Self) -> bool {
        let settings = |tenant: &Self| Self {
            users: Roster::new(),
            origin: self.origin.clone(),
            incomplete: None,
            missing: Missing::default(),
            ..tenant.clone()
        };
        settings(self) == settings(other)
    }

    /// Whether everybody that `before` names is still named.
    #[must_use]
    pub fn names_all_of(&self, before: &Self) -> bool {
        self.users.is_plainly(&before.users)
            || self.users.clone().beside(&before.users.clone()).all(|(now, _)| now.is_some())
    }
}

fn same_users(these: &Roster<DesiredUser>, those: &Roster<DesiredUser>) -> bool {
    if these.is_plainly(those) {
        return true;
    }
    // Looked at in copies: the tenants may be at rest.
    let these = these.clone();
    let those = those.clone();
    these.len() == those.len()
        && these.values().zip(those.values()).all(|(one, other)| one.says_the_same(other))
}

/// What is asked for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredUser {
    /// Who.
    pub upn: Upn,
    /// Whether calling is to be on.
    pub calling: Calling,
    /// The managed fields, defaults included.
    pub details: Details,
    /// Where the user's phone is; only told and guarded, never sent.
    pub site: Option<Site>,
    /// Why a protected user is to be disabled, in a person's words.
    pub reason: Option<Arc<str>>,
    /// Whether the user may be set up, and with what; absent: a user who is not set up is a
    /// problem.
    pub onboard: Option<Arc<Onboard>>,
    /// Where the user is written.
    pub origin: Origin,
}

impl Named for DesiredUser {
    fn upn(&self) -> &Upn {
        &self.upn
    }
}

impl DesiredUser {
    /// Whether nothing is taken away that was wanted `before`.
    fn takes_nothing_from(&self, before: &Self) -> bool {
        let keeps = |field: Field| self.details.get(field).is_some();
        (self.calling == before.calling || self.calling == Calling::Enabled)
            && self.site == before.site
            && self.reason == before.reason
            && before.details.iter().all(|(field, _)| keeps(field))
    }

    /// Whether both ask for the same, wherever it is.
    fn says_the_same(&self, other: &Self) -> bool {
        // Taken apart, so a field that is new is not forgotten here.
        let Self { upn, calling, details, site, reason, onboard, origin: _ } = self;
        *upn == other.upn
            && *calling == other.calling
            && *details == other.details
            && *site == other.site
            && *reason == other.reason
            && *onboard == other.onboard
    }
}

/// What may be done about differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Correct them.
    Enforce,
    /// Show them, write nothing.
    Report,
    /// Leave the tenant alone.
    Suspend,
}

impl Mode {
    /// As manifests have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Report => "report",
            Self::Suspend => "suspend",
        }
    }
}

/// What becomes of enabled users that no manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prune {
    /// They are counted and left alone.
    Never,
    /// They are disabled, under every guard.
    Disable,
}

impl Prune {
    /// As manifests have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Disable => "disable",
        }
    }
}

/// How many users may vanish from a tenant's list between two looks before the list is doubted; the
/// larger of the two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShrinkLimit {
    /// Of the users in the last whole list, rounded up.
    pub percent: u8,
    /// As many as these, whatever the share: in a small tenant three people are a third.
    pub floor: u32,
}

impl ShrinkLimit {
    /// The limit of a tenant that names none.
    pub const DEFAULT: Self = Self { percent: 20, floor: 5 };

    /// How many of `before` users may vanish.
    #[must_use]
    pub fn allows(self, before: usize) -> usize {
        let share = before.saturating_mul(usize::from(self.percent)).div_ceil(100);
        share.max(usize::try_from(self.floor).unwrap_or(usize::MAX))
    }
}

/// Which enabled users that no manifest names may be pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Adopt {
    /// Those that a manifest has named before.
    #[default]
    Named,
    /// Everybody.
    All,
}

/// How a number is given up that no other number replaces (contract 10 #14, #15: the vendor does
/// not say how).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Release {
    /// By a person in the portal: the step is held and says so.
    #[default]
    Manual,
    /// With an update that sends an empty number.
    Clear,
    /// With an update that sends one of the tenant's parking numbers.
    Park,
}

/// Who is never disabled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Protect {
    /// These users.
    pub users: BTreeSet<Upn>,
    /// Whoever holds one of these numbers, which are not taken away from them either.
    pub numbers: BTreeSet<PhoneNumber>,
    /// Everybody at these sites.
    pub sites: BTreeSet<Site>,
}

/// How much may change in one run of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// People who lose calling.
    pub disable: Limit,
    /// People whose present number is replaced or given up.
    pub numbers: Limit,
    /// People with calling, if anything of them is changed.
    pub changes: Limit,
}

impl Limits {
    /// The limits of a tenant that names none.
    pub const DEFAULT: Self = Self {
        disable: Limit { percent: 10, count: 25, floor: 0 },
        numbers: Limit { percent: 20, count: 100, floor: 10 },
        changes: Limit { percent: 50, count: 1000, floor: 25 },
    };
}

/// A number of people: a share of those whose calling is enabled now, bounded above and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The share, rounded up, so a small tenant can still let one person go. With 0 it is
    /// nobody, whatever the floor.
    pub percent: u8,
    /// In any case no more than these.
    pub count: u32,
    /// This many are allowed whatever the share: in a small tenant three people are half of it.
    pub floor: u32,
}

impl Limit {
    /// How many of `enabled` people it allows.
    #[must_use]
    pub fn allows(self, enabled: usize) -> usize {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let share = enabled.saturating_mul(usize::from(self.percent)).div_ceil(100);
        if self.percent == 0 { 0 } else { share.max(whole(self.floor)).min(whole(self.count)) }
    }
}

/// How much may be sent for the whole fleet within any hour, whatever each tenant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PerHour {
    /// Disables.
    pub disable: u32,
    /// Updates that replace a number or give it up.
    pub numbers: u32,
    /// Updates and disables.
    pub changes: u32,
}

impl Default for PerHour {
    fn default() -> Self {
        Self { disable: 100, numbers: 500, changes: 5000 }
    }
}

/// A place in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file, as it was given on the command line or found below a folder.
    pub file: Arc<str>,
    /// The line, from 1; unknown if the file could not be read a second time.
    pub line: Option<u32>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_share_between_two_bounds() {
        let limit = Limit { percent: 10, count: 25, floor: 0 };
        assert_eq!(
            [0, 1, 5, 10, 11, 250, 10_000].map(|enabled| limit.allows(enabled)),
            [0, 1, 1, 1, 2, 25, 25]
        );
        let limit = Limit { percent: 10, count: 25, floor: 3 };
        assert_eq!([0, 5, 30, 31, 10_000].map(|enabled| limit.allows(enabled)), [3, 3, 3, 4, 25]);
        assert_eq!(Limit { percent: 0, count: 25, floor: 3 }.allows(1000), 0);
        assert_eq!(Limit { percent: 100, count: 0, floor: 3 }.allows(1000), 0);
    }
}
