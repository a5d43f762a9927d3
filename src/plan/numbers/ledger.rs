//! The ledger: who holds which number over the whole fleet, and where nobody could look.
//!
//! It is kept between plans: a tenant that was seen again replaces its own part, and only what has
//! changed in that is touched. Tenants are entered when somebody first asks for a number, since
//! most plans move none.
//!
//! **Invariant:** it holds no times. Whether a write may still become visible is asked when a
//! number is looked up, at the time of the plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{Coverage, Field, LiveTenant, Memory, NumberKey, TenantName, Upn, Value, Write},
    plan::{Observation, TenantInput},
};

/// What is known of every tenant.
pub(in crate::plan) type Tenants = BTreeMap<TenantName, TenantInput>;

/// Who holds which number: everybody who is visible, disabled and unmanaged users included, and
/// every number that is shown.
#[derive(Debug, Default)]
pub(in crate::plan) struct Ledger {
    holders: BTreeMap<NumberKey, BTreeSet<(TenantName, Who)>>,
    /// The same by tenant.
    held: BTreeMap<TenantName, BTreeSet<(NumberKey, Who)>>,
    /// Numbers that are not understood, by tenant: each may be any.
    pub(super) unread: BTreeMap<TenantName, Vec<Who>>,
    /// Tenants whose numbers are not all known, and why. While there are any, no number is
    /// known to be free.
    pub(super) unseen: BTreeMap<TenantName, Unseen>,
    /// Tenants that have changed since they were entered.
    behind: BTreeSet<TenantName>,
}

/// Why the numbers of a tenant are not all known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It could not be read.
    Failed,
    /// Nobody looks: its mode is `suspend`.
    Suspended,
    /// Its manifests are broken, so it is not known how to look.
    Broken,
    /// It was not looked at yet.
    NotYet,
    /// Its list may be incomplete.
    Suspect,
    /// Its list shows no numbers.
    Blind,
}

/// Somebody who holds a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// A user, to whom it was written and does not show yet, or who is shown with it.
    User(Upn, Holding),
    /// Somebody else in the tenant's list, by place.
    Beside(usize),
}

/// How a user holds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holding {
    /// The list shows it.
    Shown,
    /// It was written and does not show: it counts while it may still become visible.
    Written,
}

/// The tenants that may hold numbers unseen.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) enum Doubtful<'l> {
    /// None.
    Nobody,
    /// This one alone.
    One(&'l TenantName),
    /// More than one.
    Several,
}

impl Doubtful<'_> {
    /// Whether anybody but this tenant may hold a number unseen.
    pub(in crate::plan) fn besides(self, tenant: &TenantName) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(name) => name != tenant,
            Self::Several => true,
        }
    }
}

impl Ledger {
    /// Notes that a tenant was seen again, or has left.
    pub(in crate::plan) fn changed(&mut self, name: &TenantName, now: Option<&TenantInput>) {
        self.behind.insert(name.clone());
        match now.and_then(unseen) {
            Some(why) => self.unseen.insert(name.clone(), why),
            None => self.unseen.remove(name),
        };
    }

    /// Notes that the manifests of a tenant are broken: it cannot be looked at.
    pub(in crate::plan) fn broken(&mut self, name: &TenantName) {
        self.unseen.insert(name.clone(), Unseen::Broken);
    }

    /// The tenants that may hold numbers unseen.
    pub(in crate::plan) fn doubtful(&self) -> Doubtful<'_> {
        let mut names = self.unseen.keys().take(2).chain(self.unread.keys().take(2));
        match names.next() {
            None => Doubtful::Nobody,
            Some(first) if names.all(|name| name == first) => Doubtful::One(first),
            Some(_) => Doubtful::Several,
        }
    }

    /// Enters the tenants that have changed. Returns the numbers whose holders are others now.
    pub(in crate::plan) fn catch_up(&mut self, tenants: &Tenants) -> BTreeSet<NumberKey> {
        let mut moved = BTreeSet::new();
        for name in std::mem::take(&mut self.behind) {
            let seen = tenants.get(&name).and_then(|tenant| Some((tenant, tenant.live.last()?)));
            let (held, unread) =
                seen.map(|(tenant, live)| entries(tenant, live)).unwrap_or_default();
            self.enter(&name, held, &mut moved);
            if unread.is_empty() {
                self.unread.remove(&name);
            } else {
                self.unread.insert(name, unread);
            }
        }
        moved
    }

    fn enter(
        &mut self,
        name: &TenantName,
        held: BTreeSet<(NumberKey, Who)>,
        moved: &mut BTreeSet<NumberKey>,
    ) {
        let before = self.held.remove(name).unwrap_or_default();
        for (number, who) in before.difference(&held) {
            moved.insert(number.clone());
            let Some(holders) = self.holders.get_mut(number) else { continue };
            holders.remove(&(name.clone(), who.clone()));
            if holders.is_empty() {
                self.holders.remove(number);
            }
        }
        for (number, who) in held.difference(&before) {
            moved.insert(number.clone());
            self.holders.entry(number.clone()).or_default().insert((name.clone(), who.clone()));
        }
        if !held.is_empty() {
            self.held.insert(name.clone(), held);
        }
    }

    pub(super) fn holders(&self, number: &NumberKey) -> impl Iterator<Item = &(TenantName, Who)> {
        self.holders.get(number).into_iter().flatten()
    }
}

/// Why the numbers of a tenant are not all known, if they are not.
fn unseen(tenant: &TenantInput) -> Option<Unseen> {
    let why_not = match &tenant.live {
        Observation::Failed { before: None, .. } => Some(Unseen::Failed),
        Observation::NotAsked => Some(Unseen::Suspended),
        Observation::NotYet => Some(Unseen::NotYet),
        Observation::Seen(_) | Observation::Failed { .. } => None,
    };
    let seen = tenant.live.last();
    why_not.or_else(|| seen.and_then(|live| in_doubt(live)))
}

fn in_doubt(live: &LiveTenant) -> Option<Unseen> {
    match live.coverage {
        _ if !live.sees.contains(&Field::PhoneNumber) => Some(Unseen::Blind),
        Coverage::Suspect(_) => Some(Unseen::Suspect),
        Coverage::Complete => None,
    }
}

/// The last number that was written for a user, if no list has shown it.
pub(super) fn write<'m>(memory: &'m Memory, user: &Upn) -> Option<&'m Write<Value>> {
    let write = memory.written.get(user)?.details.get(&Field::PhoneNumber)?;
    (!write.landed && matches!(write.value, Value::Phone(_))).then_some(write)
}

/// What a tenant shows, and what was written there and is not shown: the numbers that somebody
/// holds, and those that are not understood.
fn entries(tenant: &TenantInput, live: &LiveTenant) -> (BTreeSet<(NumberKey, Who)>, Vec<Who>) {
    let name = tenant.name();
    let mut held = Vec::new();
    let mut unread = Vec::new();
    for user in live.users.values() {
        let who = |holding| Who::User(user.upn.clone(), holding);
        let shown = user.number();
        if let Some(number) = shown {
            held.push((NumberKey::new(name, number), who(Holding::Shown)));
        }
        let written = write(&tenant.memory, &user.upn).map(|write| &write.value);
        if let Some(Value::Phone(number)) = written
            && shown != Some(number)
        {
            held.push((NumberKey::new(name, number), who(Holding::Written)));
        }
        if user.unread_number().is_some() {
            unread.push(who(Holding::Shown));
        }
    }
    for (place, other) in live.beside.numbers.iter().enumerate() {
        match &other.number {
            Ok(number) => held.push((NumberKey::new(name, number), Who::Beside(place))),
            Err(_) => unread.push(Who::Beside(place)),
        }
    }
    (held.into_iter().collect(), unread)
}
