//! Observations that were kept: live state of some time ago, as text, and as something that can be
//! planned from.
//!
//! ```text
//! LiveTenant --json--> snapshot.json --read--> Snapshot --LiveReader--> LiveTenant, as it was
//!                      contoso.csv ---portal-----^
//! ```
//!
//! `dialplane observe` writes snapshots; `plan --live FILE` plans from them without credentials and
//! without network. A list of users that somebody exported in the vendor's portal can take the
//! place of one.
//!
//! **Invariant:** pure: files come in as text. Reading what was written gives the same observation,
//! so the same manifests give the same plan, byte for byte.
//!
//! **Invariant:** nothing is filled in. What a file does not say is not visible, consent that it
//! does not state is not granted, and a tenant that is not in it is a failure of that tenant, never
//! a tenant without users.
//!
//! Deliberately not here: secrets. A snapshot holds names and numbers of people; a portal's list
//! may hold passwords, which are never looked at.

mod account;
mod beside;
mod json;
mod portal;
mod sheet;
mod spell;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    model::{
        Confirmation, Fault, FaultKind, Inventory, LiveTenant, LiveUser, ObservedValue,
        PhoneNumber, TenantId, TenantName, TenantRef, Value,
    },
    ports::LiveReader,
    yaml::Diagnostic,
};

pub(crate) use portal::observed as observed_cell;
pub use sheet::{Sheet, SheetCalling};

/// The reader of lists that were exported from the portal.
pub const PORTAL: &str = "portal";

/// What was observed of one tenant, or why nothing was.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantSnapshot {
    /// The tenant.
    pub tenant: TenantRef,
    /// When.
    pub at: Timestamp,
    /// By which reader.
    pub reader: Arc<str>,
    /// What the account has that reads the tenant, if it says.
    pub inventory: Option<Arc<Inventory>>,
    /// What.
    pub live: Result<Arc<LiveTenant>, Fault>,
}

/// A list of users that was exported from the portal. It does not say of which tenant: the name of
/// its file does.
#[derive(Debug, Clone, PartialEq)]
struct PortalExport {
    file: Arc<str>,
    at: Timestamp,
    live: Arc<LiveTenant>,
    /// How calling was read, if the list alone says it.
    calling: Option<SheetCalling>,
}

/// Observations of any number of tenants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    shots: BTreeMap<TenantId, TenantSnapshot>,
    sheets: BTreeMap<TenantName, PortalExport>,
    /// Where they come from, for messages.
    from: String,
}

impl Snapshot {
    /// Nothing yet. `from` is the file or folder as people know it.
    #[must_use]
    pub fn new(from: impl Into<String>) -> Self {
        Self { from: from.into(), ..Self::default() }
    }

    /// The file or folder that it was read from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.from
    }

    /// Adds an observation. Of two of one tenant, the newer one counts.
    pub fn add(&mut self, shot: TenantSnapshot) {
        let older = self.shots.get(&shot.tenant.id).is_some_and(|known| known.at > shot.at);
        if !older {
            self.shots.insert(shot.tenant.id.clone(), shot);
        }
    }

    /// Adds what a file holds that `observe` wrote. Otherwise every problem, each at its place.
    pub fn add_json(&mut self, file: &str, text: &str) -> Result<(), Vec<Diagnostic>> {
        json::read(file, text).map(|shots| shots.into_iter().for_each(|shot| self.add(shot)))
    }

    /// Adds a list that was exported from the portal at about `at`, of the tenant with that name or
    /// id.
    pub fn add_sheet(
        &mut self,
        file: &str,
        text: &str,
        tenant: TenantName,
        at: Timestamp,
        settings: &Sheet,
    ) -> Result<(), Vec<Diagnostic>> {
        let portal::PortalList { live, calling } = portal::read(file, text, settings)?;
        let listed = PortalExport { file: file.into(), at, live: Arc::new(live), calling };
        self.sheets.insert(tenant, listed);
        Ok(())
    }

    /// The tenants whose name and id are known here, by name.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantRef> {
        let mut tenants: Vec<TenantRef> =
            self.shots.values().map(|shot| shot.tenant.clone()).collect();
        tenants.sort_by(|a, b| a.name.cmp(&b.name));
        tenants
    }

    /// When and by which reader a tenant was observed.
    #[must_use]
    pub fn taken(&self, tenant: &TenantRef) -> Option<(Timestamp, &str)> {
        match self.shots.get(&tenant.id) {
            Some(shot) => Some((shot.at, &shot.reader)),
            None => self.sheet(tenant).map(|sheet| (sheet.at, PORTAL)),
        }
    }

    /// How the calling of a tenant's users was read from a list, if no setting says it and the list
    /// does.
    #[must_use]
    pub fn obvious_calling(&self, tenant: &TenantRef) -> Option<&SheetCalling> {
        if self.shots.contains_key(&tenant.id) {
            return None;
        }
        self.sheet(tenant)?.calling.as_ref()
    }

    /// The whole as text, one user a line.
    #[must_use]
    pub fn json(&self) -> String {
        let mut shots: Vec<&TenantSnapshot> = self.shots.values().collect();
        shots.sort_by(|a, b| a.tenant.name.cmp(&b.tenant.name));
        json::write(&shots)
    }

    fn sheet(&self, tenant: &TenantRef) -> Option<&PortalExport> {
        let by_id = || self.sheets.get(&TenantName::parse(tenant.id.as_str()).ok()?);
        self.sheets.get(&tenant.name).or_else(by_id)
    }

    fn look(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let live = match (self.shots.get(&tenant.id), self.sheet(tenant)) {
            (Some(shot), _) => shot.live.as_ref().map_err(Clone::clone)?,
            (None, Some(sheet)) => &sheet.live,
            (None, None) => return Err(self.absent(tenant)),
        };
        let mut live = LiveTenant::clone(live);
        let beside = match &mut live.confirmation {
            Confirmation::Seen(users, _) => Some(users.values_mut()),
            Confirmation::NotAsked | Confirmation::Failed(_) => None,
        };
        live.users
            .values_mut()
            .chain(beside.into_iter().flatten())
            .for_each(|user| respell_user(user, tenant));
        live.beside
            .numbers
            .iter_mut()
            .filter_map(|held| held.number.as_mut().ok())
            .for_each(|number| respell(number, tenant));
        Ok(live)
    }

    fn absent(&self, tenant: &TenantRef) -> Fault {
        let message = format!("{} ({}) is not in {}", tenant.name, tenant.id, self.from);
        Fault::new(FaultKind::NotConfigured, message)
            .hint(format!("observe it: `dialplane observe --tenant {} --out FILE`", tenant.name))
    }
}

fn respell_user(user: &mut LiveUser, tenant: &TenantRef) {
    for (_, observed) in user.details.iter_mut() {
        if let ObservedValue::Set(Value::Phone(number)) = observed {
            respell(number, tenant);
        }
    }
}

/// Reads a number again in the tenant as the manifests describe it now: its extension prefix may
/// have changed since.
fn respell(number: &mut PhoneNumber, tenant: &TenantRef) {
    if let Some(read) =
        PhoneNumber::observed(spell::spelling(number), tenant.extension_prefix.as_ref())
    {
        *number = read;
    }
}

impl LiveReader for Snapshot {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        self.look(tenant)
    }

    async fn inventory(&self, tenant: &TenantRef) -> Option<Arc<Inventory>> {
        self.shots.get(&tenant.id)?.inventory.clone()
    }
}
