//! Desired state: what the manifests say, after all checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    AccountName, Calling, Dates, Details, ExtensionPrefix, Field, HasUpn, Limits, LiveSource,
    Missing, Onboard, PhoneNumber, Roster, Service, ShrinkLimit, Site, TenantId, TenantName,
    TenantRef, Upn, Value, Windows, WritePath,
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
    /// By whose clocks dates of users are meant, if the tenant itself says so.
    pub clocks: Option<TimeZone>,
    /// The managed users; shared by all versions of the tenant that name the same.
    pub users: Roster<DesiredUser>,
    /// Whose numbers are the next one's, and from when on.
    pub hands_on: BTreeMap<Upn, Timestamp>,
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
            && (self.users.says_plainly_the_same(&before.users)
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
        self.users.says_plainly_the_same(&before.users)
            || self.users.clone().beside(&before.users.clone()).all(|(now, _)| now.is_some())
    }
}

impl DesiredTenant {
    /// Makes it what is wanted at a moment: calling of those whose `until` has come is off, and
    /// they give up the numbers that others have by then. Dates stay as they are written.
    pub fn come_to(&mut self, now: Timestamp) {
        let is_over = |user: &&DesiredUser| user.ended(now).is_some();
        let over: Vec<_> = self.users.values().filter(is_over).map(|it| it.upn.clone()).collect();
        for user in over {
            let gives_up = self.handed_on(&user, now).is_some();
            let Some(user) = self.users.get_mut(&user) else { continue };
            user.calling = Calling::Disabled;
            user.onboard = None;
            if gives_up {
                user.details.set(Field::PhoneNumber, Value::NoPhone);
            }
        }
    }

    /// Which call stores the details of one of its users.
    #[must_use]
    pub fn writes_of(&self, user: &DesiredUser) -> WritePath {
        self.writes.of(user.service)
    }

    /// Since when a user's number is the next one's, if it is.
    #[must_use]
    pub fn handed_on(&self, user: &Upn, now: Timestamp) -> Option<Timestamp> {
        self.hands_on.get(user).copied().filter(|at| *at <= now)
    }

    /// All dates of its users.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let of_users = self.users.values().filter_map(|user| user.dates.as_ref());
        of_users.flat_map(|dates| dates.moments()).chain(self.hands_on.values().copied())
    }
}

fn same_users(these: &Roster<DesiredUser>, those: &Roster<DesiredUser>) -> bool {
    if these.says_plainly_the_same(those) {
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
    /// From and until when all of this counts; absent: now and always.
    pub dates: Option<Arc<Dates>>,
    /// Whether the user may be set up, and with what; absent: a user who is not set up is a
    /// problem.
    pub onboard: Option<Arc<Onboard>>,
    /// Which service it is about.
    pub service: Service,
    /// Where the user is written.
    pub origin: Origin,
}

impl HasUpn for DesiredUser {
    fn upn(&self) -> &Upn {
        &self.upn
    }
}

impl DesiredUser {
    /// The moment before which nothing is done for the user, if that is ahead.
    #[must_use]
    pub fn begins(&self, now: Timestamp) -> Option<Timestamp> {
        self.dates().from.filter(|from| *from > now)
    }

    /// Since when calling is off because `until` has come, if it has.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        self.dates().until.filter(|until| *until <= now)
    }

    /// Its dates; none where everything counts now and always.
    #[must_use]
    pub fn dates(&self) -> Dates {
        self.dates.as_deref().copied().unwrap_or_default()
    }

    /// Whether nothing is taken away that was wanted `before`.
    fn takes_nothing_from(&self, before: &Self) -> bool {
        let keeps = |field: Field| self.details.get(field).is_some();
        (self.calling == before.calling || self.calling == Calling::Enabled)
            && self.site == before.site
            && self.reason == before.reason
            && self.dates == before.dates
            && self.service == before.service
            && before.details.iter().all(|(field, _)| keeps(field))
    }

    /// Whether both ask for the same, wherever it is.
    fn says_the_same(&self, other: &Self) -> bool {
        // Taken apart, so a field that is new is not forgotten here.
        let Self { upn, calling, details, site, reason, dates, onboard, service, origin: _ } = self;
        *upn == other.upn
            && *calling == other.calling
            && *details == other.details
            && *site == other.site
            && *reason == other.reason
            && *dates == other.dates
            && *onboard == other.onboard
            && *service == other.service
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
    /// Users who hold one of these numbers, which are not taken away from them either.
    pub numbers: BTreeSet<PhoneNumber>,
    /// Everybody at these sites.
    pub sites: BTreeSet<Site>,
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
