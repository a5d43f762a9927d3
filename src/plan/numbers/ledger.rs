//! The ledger: who holds which number over the whole fleet, and where nobody could look.
//!
//! It is kept between plans: a tenant that was seen again replaces its own part, and only what has
//! changed in that is touched. Tenants are entered when somebody first asks for a number, since
//! most plans move none.
//!
//! **Invariant:** it holds no times. Whether a write may still become visible is asked when a
//! number is looked up, at the time of the plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{
        Calling, Coverage, DesiredTenant, DesiredUser, Field, LiveCalling, LivePhone, LiveTenant,
        LiveUser, Memory, NumberKey, NumberList, PhoneNumber, TenantName, UnreadableValue, Upn,
        Value, Write,
    },
    plan::{Observation, TenantInput},
};

/// What is known of every tenant.
pub(in crate::plan) type Tenants = BTreeMap<TenantName, TenantInput>;

/// Who holds which number: everybody who is visible, disabled and unmanaged users included, and
/// every number that is shown.
#[derive(Debug, Default)]
pub(in crate::plan) struct Ledger {
    holders: BTreeMap<NumberKey, BTreeSet<(TenantName, NumberHolder)>>,
    /// The same by tenant.
    held: BTreeMap<TenantName, BTreeSet<(NumberKey, NumberHolder)>>,
    /// Numbers that nobody knows, by tenant: each may be any.
    pub(super) unread: BTreeMap<TenantName, Vec<UnreadNumber>>,
    /// Tenants whose numbers are not all known, and why. While there are any, no number is
    /// known to be free.
    pub(super) unseen: BTreeMap<TenantName, TenantUnseen>,
    /// Tenants that have changed since they were entered.
    behind: BTreeSet<TenantName>,
}

/// Why the numbers of a tenant are not all known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TenantUnseen {
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
pub(super) enum NumberHolder {
    /// A user, to whom it was written and does not show yet, or who is shown with it.
    User(HoldingUser),
    /// Somebody else in the tenant's list, by place.
    Beside(usize),
}

/// A user who holds a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HoldingUser {
    pub(super) user: Upn,
    /// Its name once more: the list may spell it otherwise now.
    spelled: Arc<str>,
    pub(super) holding: Holding,
    pub(super) calling: HolderCalling,
    /// What the manifests want of it; nothing if none names it.
    pub(super) wish: Option<DesiredHolder>,
}

/// Whether the calling of a holder is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HolderCalling {
    Enabled,
    Disabled,
    Unclear,
}

/// What the manifests want of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DesiredHolder {
    pub(super) calling: Calling,
    /// They take the number away.
    pub(super) gives_up: bool,
    /// When this counts from, and when calling ends.
    dates: (Option<Timestamp>, Option<Timestamp>),
    /// When the number is the next one's.
    handed_on: Option<Timestamp>,
}

/// A number that nobody knows.
#[derive(Debug, Clone)]
pub(super) struct UnreadNumber {
    /// The user whose primary number it is; nobody, if it is held otherwise.
    pub(super) user: Option<Upn>,
    /// Who holds it, for people.
    pub(super) name: Arc<str>,
    pub(super) why: UnknownNumber,
}

/// Why a number is not known.
#[derive(Debug, Clone)]
pub(super) enum UnknownNumber {
    /// This was read in its place.
    Odd(UnreadableValue),
    /// The list says of others that they have no number, and does not say it of this one.
    Silent,
    /// The list of numbers that Teams keeps was not read, or not whole.
    NoList(Arc<str>),
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
        self.unseen.insert(name.clone(), TenantUnseen::Broken);
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
            let (held, unread) = tenants.get(&name).map(entries).unwrap_or_default();
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
        held: BTreeSet<(NumberKey, NumberHolder)>,
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

    pub(super) fn holders(
        &self,
        number: &NumberKey,
    ) -> impl Iterator<Item = &(TenantName, NumberHolder)> {
        self.holders.get(number).into_iter().flatten()
    }
}

/// Why the numbers of a tenant are not all known, if they are not.
fn unseen(tenant: &TenantInput) -> Option<TenantUnseen> {
    let why_not = match &tenant.live {
        Observation::Failed { before: None, .. } => Some(TenantUnseen::Failed),
        Observation::NotAsked => Some(TenantUnseen::Suspended),
        Observation::NotYet => Some(TenantUnseen::NotYet),
        Observation::Seen(_) | Observation::Failed { .. } => None,
    };
    let seen = tenant.live.last();
    why_not.or_else(|| seen.and_then(|live| in_doubt(live)))
}

fn in_doubt(live: &LiveTenant) -> Option<TenantUnseen> {
    match live.coverage {
        _ if !live.sees.contains(&Field::PhoneNumber) => Some(TenantUnseen::Blind),
        Coverage::Suspect(_) => Some(TenantUnseen::Suspect),
        Coverage::Complete => None,
    }
}

/// The last number that was written for a user, if no list has shown it.
pub(super) fn write<'m>(memory: &'m Memory, user: &Upn) -> Option<&'m Write<Value>> {
    let write = memory.written.get(user)?.details.get(&Field::PhoneNumber)?;
    (!write.landed && matches!(write.value, Value::Phone(_))).then_some(write)
}

/// The number that was last written for a user whose row says nothing of numbers: there it stays
/// what the user has, as it does when the user is compared.
fn unshown<'m>(memory: &'m Memory, user: &LiveUser) -> Option<&'m PhoneNumber> {
    let write = memory.written.get(&user.upn)?.details.get(&Field::PhoneNumber)?;
    match (user.phone(), &write.value) {
        (LivePhone::NotShown, Value::Phone(number)) if !write.lost => Some(number),
        _ => None,
    }
}

/// What a tenant shows, and what was written there and is not shown: the numbers that somebody
/// holds, and those that are not understood.
fn entries(tenant: &TenantInput) -> (BTreeSet<(NumberKey, NumberHolder)>, Vec<UnreadNumber>) {
    let mut held = Vec::new();
    let mut unread = Vec::new();
    let mut not_shown = Vec::new();
    let mut says_none = false;
    let tenant = tenant.apart();
    let Some(live) = tenant.live.last() else { return Default::default() };
    let name = tenant.name();
    for (wanted, user) in tenant.tenant.desired.users.beside(&live.users) {
        let Some(user) = user else { continue };
        let shown = user.number().or_else(|| unshown(&tenant.memory, user));
        let written = match write(&tenant.memory, &user.upn).map(|write| &write.value) {
            Some(Value::Phone(number)) if shown != Some(number) => Some(number),
            _ => None,
        };
        let shown = shown.map(|number| (number, Holding::Shown));
        for (number, holding) in shown.into_iter().chain(written.map(|it| (it, Holding::Written))) {
            let who = HoldingUser {
                user: user.upn.clone(),
                spelled: user.upn.as_str().into(),
                holding,
                calling: HolderCalling::of(&user.calling),
                wish: wanted
                    .map(|wanted| DesiredHolder::of(wanted, number, &tenant.tenant.desired)),
            };
            held.push((NumberKey::new(name, number), NumberHolder::User(who)));
        }
        let unknown = |why: UnknownNumber| UnreadNumber {
            name: user.upn.as_str().into(),
            user: Some(user.upn.clone()),
            why,
        };
        match user.phone() {
            LivePhone::Unread(read) => unread.push(unknown(UnknownNumber::Odd(read.clone()))),
            LivePhone::NotShown => not_shown.push(unknown(UnknownNumber::Silent)),
            LivePhone::Nothing => says_none = true,
            LivePhone::Number(_) => {}
        }
    }
    if says_none {
        unread.append(&mut not_shown);
    }
    for (place, other) in live.beside.numbers.iter().enumerate() {
        match &other.number {
            Ok(number) => held.push((NumberKey::new(name, number), NumberHolder::Beside(place))),
            Err(read) => {
                let name = Arc::clone(&other.holder);
                unread.push(UnreadNumber {
                    user: None,
                    name,
                    why: UnknownNumber::Odd(read.clone()),
                });
            }
        }
    }
    if let NumberList::InDoubt(why) = &live.beside.number_list {
        let why = UnknownNumber::NoList(why.as_str().into());
        unread.push(UnreadNumber { user: None, name: name.as_str().into(), why });
    }
    (held.into_iter().collect(), unread)
}

impl HolderCalling {
    fn of(calling: &LiveCalling) -> Self {
        match calling {
            LiveCalling::Enabled => Self::Enabled,
            LiveCalling::Disabled => Self::Disabled,
            LiveCalling::Unclear(_) => Self::Unclear,
        }
    }

    /// What is said of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Unclear => "in an unclear state",
        }
    }
}

impl DesiredHolder {
    /// What is wanted of somebody who holds this number.
    fn of(wanted: &DesiredUser, number: &PhoneNumber, desired: &DesiredTenant) -> Self {
        let gives_up = match wanted.details.get(Field::PhoneNumber) {
            Some(Value::NoPhone) => true,
            Some(Value::Phone(other)) => wanted.calling == Calling::Enabled && other != number,
            Some(_) | None => false,
        };
        let dates = wanted.dates();
        let handed_on = desired.hands_on.get(&wanted.upn).copied();
        Self { calling: wanted.calling, gives_up, dates: (dates.from, dates.until), handed_on }
    }

    /// What they want at a moment.
    pub(super) fn at(self, now: Timestamp) -> Self {
        let has_come = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let (from, until) = self.dates;
        let waits = from.is_some_and(|from| from > now);
        if has_come(until) {
            Self { calling: Calling::Disabled, gives_up: has_come(self.handed_on), ..self }
        } else {
            Self { gives_up: self.gives_up && !waits, ..self }
        }
    }
}

#[cfg(test)]
mod tests;
