//! The world behind the sandbox: tenants, their users, and what of them has reached Microsoft.
//! Plain data: its owner reads and changes it at will.
//!
//! ```text
//! stored   what the platform keeps            updateUserDetails changes it
//! pushed   what Microsoft was last told       enable, sync, and an update that changes the number
//! copy it over shown    what a list of users tells         stored, but for writes that are not
//! visible yet
//! ```
//!
//! **Invariant:** nothing here decides whether a change is allowed; the rules are with the calls
//! that make it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::model::{
    Calling, Details, ExtensionPrefix, GatewayId, PhoneNumber, TenantId, TenantName, Upn, UserId,
};

/// Everything that the sandbox knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// The tenants.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// The gateways that the reseller may assign, with their regions (contract 6.7).
    pub gateways: BTreeMap<GatewayId, String>,
    /// How lists of users are wrapped.
    pub envelope: Envelope,
    /// Customers that are not registered yet: they have a name, and no tenant.
    pub unregistered: Vec<String>,
}

/// How a list of users is wrapped; the vendor's way is not public (contract 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Envelope {
    /// `draw`, `start` and `length` in the query; the list deep inside, beside its counts.
    #[default]
    Datatables,
    /// `page` and `size` in the query; the list beside its total.
    Page,
    /// One bare array with everybody.
    Bare,
}

/// One customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its name: `enterpriseName` on the wire.
    pub name: TenantName,
    /// The vendor's number for it.
    pub enterprise_id: i32,
    /// The reseller that it belongs to.
    pub reseller_id: i64,
    /// The first indicator of consent, `canResellerManageEnterpriseProvisioning` (contract 2.5).
    pub consent_flag: bool,
    /// The second: `consentsByEnterprise` lists `EnterpriseManagement`.
    pub consent_listed: bool,
    /// What is shown before a short extension.
    pub extension_prefix: Option<ExtensionPrefix>,
    /// Whether full numbers are shown without their `+`, as some of the vendor's own files do
    /// (contract 7).
    pub plain_numbers: bool,
    /// What is known of its syncs.
    pub sync: SyncState,
    /// Its users.
    pub users: BTreeMap<Upn, User>,
}

impl Tenant {
    /// Whether the service lets the reseller write: both indicators (contract 2.5).
    #[must_use]
    pub fn consents(&self) -> bool {
        self.consent_flag && self.consent_listed
    }

    /// The number as this tenant's users are shown it.
    #[must_use]
    pub fn shown_number(&self, number: &PhoneNumber) -> String {
        // Below this many digits a number without `+` would read as an extension.
        const FULL: usize = 7;
        match number.normal().strip_prefix('+') {
            Some(digits) if self.plain_numbers && digits.len() >= FULL => digits.to_owned(),
            _ => number.normal().to_owned(),
        }
    }
}

/// What is known of a tenant's syncs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncState {
    /// How many were accepted.
    pub accepted: u32,
    /// When the last one was accepted.
    pub last: Option<Timestamp>,
    /// Until when it runs; another one is refused meanwhile.
    pub running_until: Option<Timestamp>,
}

/// One user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Whether calling is on.
    pub calling: Calling,
    /// Outside the groups that the customer chose: for the platform there is no such user (contract
    /// 3).
    pub hidden: bool,
    /// Set up at the platform; otherwise the user is licensed and listed, and nothing more.
    pub set_up: bool,
    /// Has the Call App, and no calling in Teams (contract 5.5).
    pub call_app: bool,
    /// What the platform keeps; an absent field was never set.
    pub stored: Details,
    /// What Microsoft was last told; nothing while calling is off.
    pub pushed: Option<Details>,
    /// The identity in the customer's directory, which outlives a change of name; made from the
    /// name if absent.
    pub id: Option<UserId>,
    /// Earlier faces that a list still shows, each until its instant, oldest first.
    lag: Vec<(Timestamp, ListedUser)>,
    /// The same of what Teams shows.
    teams_lag: Vec<(Timestamp, Option<Details>)>,
}

/// What a list shows of a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListedUser {
    pub(super) set_up: bool,
    pub(super) call_app: bool,
    pub(super) calling: Calling,
    pub(super) details: Details,
}

impl User {
    /// A visible user whose stored details have reached Microsoft, if calling is on.
    #[must_use]
    pub fn new(calling: Calling, stored: Details) -> Self {
        let mut user = Self {
            calling,
            hidden: false,
            set_up: true,
            call_app: false,
            stored,
            pushed: None,
            id: None,
            lag: Vec::new(),
            teams_lag: Vec::new(),
        };
        user.push();
        user
    }

    /// A user that the directory knows and the platform has not set up.
    #[must_use]
    pub fn not_set_up() -> Self {
        Self { set_up: false, ..Self::new(Calling::Disabled, Details::default()) }
    }

    /// A user of the Call App.
    #[must_use]
    pub fn with_call_app(calling: Calling, stored: Details) -> Self {
        Self { call_app: true, pushed: None, ..Self::new(calling, stored) }
    }

    /// Tells Microsoft what is stored. The Call App is not calling in Teams.
    pub fn push(&mut self) {
        let is_in_teams = self.calling == Calling::Enabled && !self.call_app;
        self.pushed = is_in_teams.then(|| self.stored.clone());
    }

    /// The same; Teams goes on showing what was before for `delay`.
    pub(super) fn push_slowly(&mut self, now: Timestamp, delay: Duration) {
        self.teams_lag.retain(|(until, _)| *until > now);
        let until = now.checked_add(delay).unwrap_or(Timestamp::MAX);
        if until > now {
            self.teams_lag.push((until, self.pushed.clone()));
        }
        self.push();
    }

    /// What Teams shows at `now`: nothing while calling is off.
    pub(super) fn in_teams(&self, now: Timestamp) -> Option<&Details> {
        let old = self.teams_lag.iter().find(|(until, _)| *until > now);
        old.map_or(self.pushed.as_ref(), |(_, pushed)| pushed.as_ref())
    }

    /// The identity in the customer's directory.
    pub(super) fn directory_id(&self, upn: &Upn) -> String {
        self.id.as_ref().map_or_else(|| made_up_id(upn), ToString::to_string)
    }

    /// Keeps showing the present face for `delay`; called before a write.
    pub(super) fn lag(&mut self, now: Timestamp, delay: Duration) {
        self.lag.retain(|(until, _)| *until > now);
        // A delay beyond the end of the calendar is as good as for ever.
        let until = now.checked_add(delay).unwrap_or(Timestamp::MAX);
        if until > now {
            self.lag.push((until, self.true_face()));
        }
    }

    /// What a list shows at `now`.
    pub(super) fn face(&self, now: Timestamp) -> ListedUser {
        let old = self.lag.iter().find(|(until, _)| *until > now).map(|(_, face)| face.clone());
        old.unwrap_or_else(|| self.true_face())
    }

    fn true_face(&self) -> ListedUser {
        let Self { set_up, call_app, calling, stored, .. } = self;
        ListedUser {
            set_up: *set_up,
            call_app: *call_app,
            calling: *calling,
            details: stored.clone(),
        }
    }
}

impl World {
    /// The tenant of that name.
    #[must_use]
    pub fn tenant(&self, name: &TenantName) -> Option<(&TenantId, &Tenant)> {
        self.tenants.iter().find(|(_, tenant)| tenant.name == *name)
    }

    /// The tenant of that name, to change it.
    pub fn tenant_mut(&mut self, name: &TenantName) -> Option<&mut Tenant> {
        self.tenants.values_mut().find(|tenant| tenant.name == *name)
    }

    /// Who holds a number that somebody wants in `place`. Hidden users and users whose calling is
    /// off hold theirs too (contract 9); a short extension is looked for in its own tenant only.
    #[must_use]
    pub fn holder(&self, place: &TenantId, number: &PhoneNumber) -> Option<(&TenantId, &Upn)> {
        let candidates =
            self.tenants.iter().filter(|(id, _)| *id == place || !number.is_extension());
        candidates.into_iter().find_map(|(id, tenant)| {
            let holder = tenant.users.iter().find(|(_, user)| user.stored.phone() == Some(number));
            holder.map(|(upn, _)| (id, upn))
        })
    }

    /// Everyone in the world.
    pub fn users(&self) -> impl Iterator<Item = (&TenantId, &Upn, &User)> {
        self.tenants
            .iter()
            .flat_map(|(id, tenant)| tenant.users.iter().map(move |(upn, user)| (id, upn, user)))
    }
}

/// The identity of a user that has none: always the same for the same name.
fn made_up_id(upn: &Upn) -> String {
    let high = hash(upn, 0xcbf2_9ce4_8422_2325);
    let low = hash(upn, 0x9ae1_6a3b_2f90_404f);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// FNV-1a, with a seed.
fn hash(upn: &Upn, seed: u64) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    upn.key().bytes().fold(seed, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_shown_only_after_its_delay() {
        let mut user = User::new(Calling::Enabled, Details::default());
        let start = Timestamp::UNIX_EPOCH;
        let second = |n| start + Duration::from_secs(n);
        user.lag(start, Duration::from_secs(5));
        user.calling = Calling::Disabled;
        user.lag(second(2), Duration::from_secs(5));
        user.calling = Calling::Enabled;
        assert_eq!(user.face(second(4)).calling, Calling::Enabled);
        assert_eq!(user.face(second(5)).calling, Calling::Disabled);
        assert_eq!(user.face(second(7)).calling, Calling::Enabled);
    }
}
